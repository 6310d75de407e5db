"""The worst lines: what one line, or one step, can take in any state that the default limits allow.

    world.py      a core that is filled and measured
    rows.py       the table: a line, a state, how both are repeated
    members.py    rows about rooms with many members
    registered.py rows about registered rooms, and ChanServ
    lists.py      rows about masks, searches, names and bans
    metadata.py   rows about metadata
    measure.py    all rows, in a process of their own
    floods.py     over sockets: what a bystander waits while twenty repeat a line
    command.py    the command line, and the table that it prints

Imports point up this list only. What is imported of the server is imported in functions, and runs
in the process of `measure.py`.
"""

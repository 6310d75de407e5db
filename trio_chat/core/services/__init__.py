"""The services: NickServ and ChanServ, for clients that know no newer way to do what they do.

A service has a nickname, which nobody else can have, and a table of commands of its own; it is no
user, and is in no room. `table.py` has the rows and the checks, `nickserv.py` and its like fill it.
"""

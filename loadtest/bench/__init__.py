"""The bench: what a message costs a server, measured beside the obvious way to write one.

    yardstick.py    the obvious way: a plain asyncio server that writes each message to each member
    messages.py     the text of a message and what a receiver can tell from it; counting the rest
    process.py      CPU time and memory of a server, as the operating system has them
    crowd.py        many clients on one epoll: connect, join, barrier, count
    tls.py          such clients over TLS; handshakes
    frames.py       the client's side of WebSocket
    webcrowd.py     such clients over WebSocket
    load.py         when the crowd speaks: at a given rate, or as fast as a window lets it
    storm.py        when all of it does the same thing at once
    certificate.py  a throwaway certificate
    servers.py      the servers under test: how each is started and stopped
    bystander.py    a client in a process of its own, that a storm should not concern
    figures.py      what figures, requirements, runs and scenarios are
    scenarios.py    what is measured, each as one run against a fresh server
    summary.py      the arithmetic over rounds: medians, ratios, doubts
    report.py       thresholds, the table
    commandline.py  options, the order of the runs, progress, exit codes
    core.py         another bench: the state machine alone, no server and no socket
    guessing.py     another: a crowd that says wrong passwords
    history.py      another: a crowd that pages through history
    stock.py        many accounts and registered rooms, put into a journal
    start.py        another bench: what it takes to start with them
    openings.py     connections that begin with what is wrong, endless or slow
    hostile.py      another: thousands of them
    websocket.py    another: clients that come by WebSocket, beside those that do not
    worst/          another bench: the dearest lines in the states that the default limits allow
    __main__.py     the command line

Imports point up this list only. Nothing here imports trio, Locust or the server that it measures,
but for `core.py`, `stock.py` and `worst/`, whose processes import what they are about: the core,
the codec, the journal.
`loadtest.peers` builds upon it.
"""

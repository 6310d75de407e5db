"""The bench: what a message costs a server, measured beside the obvious way to write one.

    yardstick.py   the obvious way: a plain asyncio server that writes each message to each member
    messages.py    the text of a message and what a receiver can tell from it
    crowd.py       many clients on one epoll: connect, join, barrier, count
    load.py        when the crowd speaks: at a given rate, or as fast as a window lets it
    process.py     CPU time and memory of a server, as the operating system has them
    servers.py     the servers under test: how each is started and stopped
    scenarios.py   what is measured, each as one run against a fresh server
    report.py      medians, ratios, thresholds, the table
    __main__.py    the command line

Imports point up this list only. Nothing here imports trio, Locust or the server that it measures.
"""

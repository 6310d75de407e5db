"""The swarm: a load test for IRC servers that proves delivery instead of assuming it.

It loads this project's server or any other one over raw TCP, and knows nothing of ours but
`trio_chat.wire`. Nothing here may import trio: it does not survive gevent's monkey patching.

    python -m loadtest                                start our server, load it, stop it
    python -m loadtest --host irc://127.0.0.1:6667    load a server that is already running
    locust -f loadtest/locustfile.py --host irc://…   the same swarm with Locust's web interface

The floors, each of which may import only what stands below it:

    run.py          starts the server and Locust, relays the exit code        (subprocesses)
    locustfile.py   what Locust sees: options, users, shape, exit code        (Locust)
    swarm.py        the course of a run: probe, ramp, hold, drain, verdict    (gevent)
    table.py        histograms into rows of Locust's table                    (Locust)
    client.py       one IRC client: register, join, say                       (gevent)
    connection.py   one socket: read and write without blocking               (gevent)
    verdict.py      what a run has shown, and its exit code                   (pure)
    verifier.py     what every member of a room must see, and in which order  (pure)
    membership.py   its members, what they say, and the lines of its log      (pure)
    diagnosis.py    who lost, doubled or reordered what, once a room differs  (pure)
    plan.py         options and named profiles                                (pure)
    payload.py · histogram.py                                                 (pure)
"""

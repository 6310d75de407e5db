"""The drill: a server that is killed in the middle of talk, again and again, and loses nothing.

    python -m loadtest.drill                  100 kills in at most 10 minutes
    python -m loadtest.drill --kills 5        a short one

Every line that any client was shown has to be in the server's history: once, as it was, and in the
order in which it was shown. The history is what `trio-chat journal export` prints in the end.
Clients come back after each kill; from a server that offers it (IRCv3 draft/chathistory) they fetch
what they have missed, and then the whole of what each of them has must be without a gap.

Some clients keep accounts and rooms, and change them. What was answered with success is so when
they come back; what was not answered is so or is as it was before.

    ledger.py    what clients were shown, and in which order                 (pure)
    history.py   what the server has kept                                    (pure)
    verdict.py   what is missing, doubled or in another order                (pure)
    changes.py   what accounts and rooms have to be like                     (pure)
    plans.py     which change is next, and what is said of it                (pure)
    session.py   what every client begins with                               (bytes in, bytes out)
    client.py    one client: comes back, catches up, speaks                  (bytes in, bytes out)
    keeper.py    one that keeps accounts and rooms                           (bytes in, bytes out)
    party.py     all of them on one selector
    server.py    the server's process, and what it says of its journal
    __main__.py  the course of a drill, the command line, the exit code

Imports point up this list only. Nothing here imports trio or the server that it kills.
"""

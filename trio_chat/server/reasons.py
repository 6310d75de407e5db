"""Why connections are refused and cut off, in few names: for counting.

The text that somebody is told may have a name, a number or an operator's words in it, and what is
counted by such texts grows without end. Here each has the name of its kind; what is in no table is
`OTHER`, which a test looks for among all texts that there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OTHER = "other"

CUT_OFF = {
    "SendQ exceeded": "too much unread",
    "Write timeout": "write timeout",
    "Ping timeout": "ping timeout",
    "Not registered within": "not registered in time",
    "Too many lines before registration": "not registered in time",
    "Too many wrong passwords": "wrong passwords",
    "Too many attempts": "wrong passwords",
    "This server is for people with an account": "account required",
    "You are logged out": "logged out",
    "Your account": "logged out",
    "The password of your account": "logged out",
    "You are banned": "banned",
    "Killed by": "killed",
    "GHOST by": "ghost",
    "Malformed WebSocket frame": "malformed frame",
    "WEBIRC": "gateway",
    "Invalid WebIRC password": "gateway",
    "Could not be checked": "gateway",
    "Internal error": "internal error",
}
"""How the reason begins with which we end a connection, and its kind."""
REFUSED = {
    "You are banned": "banned",
    "Too many connections": "too many connections",
    "Too many connections from your address": "too many of an address",
    "Too many new connections from your address": "too many new of an address",
    "silence": "silence",
    "no TLS": "no TLS",
    "TLS": "TLS not spoken here",
    "TLS handshake": "TLS handshake",
    "TLS handshake deadline": "TLS handshake",
    "HTTP": "HTTP",
    "PROXY header": "PROXY header",
    "Malformed PROXY header": "PROXY header",
    "unknown protocol": "unknown protocol",
}
"""The same for those who are not let in."""
TROUBLES = (
    "could not store messages",
    "gave up what could not be stored",
    "could not read the journal",
    "could not send mail",
    "could not check a password",
    "can not accept connections",
)
"""What whoever runs the server has to see to."""
_TABLES: Mapping[str, Mapping[str, str]] = {"closed": CUT_OFF, "refused": REFUSED}


def beginning(event: str, reason: str) -> str:
    """Return how the reason begins for which an event has happened, as it is in the tables; empty
    where it is in none."""
    table = _TABLES.get(event, {})
    if reason in table:
        return reason
    # What begins like several is the most exact of them.
    return max(filter(reason.startswith, table), key=len, default="")


def kind(event: str, reason: str) -> str:
    """Return which kind of reason it is for which an event has happened; empty where there is no
    table of them."""
    table = _TABLES.get(event)
    return "" if table is None else table.get(beginning(event, reason), OTHER)


def of(event: str) -> Iterable[str]:
    """Return the kinds of reasons that an event can have, where there is a table of them."""
    table = _TABLES.get(event)
    return () if table is None else (*dict.fromkeys(table.values()), OTHER)

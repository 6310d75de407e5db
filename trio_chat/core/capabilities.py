"""The capabilities that clients can negotiate, as a table (IRCv3 capability-negotiation).

A user's capabilities are one integer. The bits that change how an event is written are at the same
time that user's encoding, so that users with equal bits are sent equal bytes.
"""

from __future__ import annotations

import msgspec


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the name that is negotiated, its bit, and the value that CAP LS 302 shows."""

    name: str
    bit: int
    value: str = ""
    help: str


SERVER_TIME = 1 << 0
MESSAGE_TAGS = 1 << 1
EXTENDED_JOIN = 1 << 2
ECHO_MESSAGE = 1 << 3
MULTI_PREFIX = 1 << 4
USERHOST_IN_NAMES = 1 << 5
AWAY_NOTIFY = 1 << 6
CAP_NOTIFY = 1 << 7
BATCH = 1 << 8
LABELED_RESPONSE = 1 << 9

ENCODING = SERVER_TIME | MESSAGE_TAGS | EXTENDED_JOIN
"""The capabilities that change how an event is written."""

CAPABILITIES = {
    row.name: row
    for row in (
        Capability(
            name="away-notify",
            bit=AWAY_NOTIFY,
            help="be told when members of your channels go away and come back",
        ),
        Capability(name="batch", bit=BATCH, help="get related lines as a batch"),
        Capability(name="cap-notify", bit=CAP_NOTIFY, help="be told of new capabilities"),
        Capability(
            name="echo-message", bit=ECHO_MESSAGE, help="get your own messages back, once stored"
        ),
        Capability(
            name="extended-join", bit=EXTENDED_JOIN, help="see account and real name in JOIN"
        ),
        Capability(
            name="labeled-response", bit=LABELED_RESPONSE, help="find the answer to each command"
        ),
        Capability(name="message-tags", bit=MESSAGE_TAGS, help="get message ids and client tags"),
        Capability(
            name="multi-prefix", bit=MULTI_PREFIX, help="see all prefixes of a member in lists"
        ),
        Capability(name="server-time", bit=SERVER_TIME, help="get the time of each event"),
        Capability(
            name="userhost-in-names", bit=USERHOST_IN_NAMES, help="see user and host in NAMES"
        ),
    )
}

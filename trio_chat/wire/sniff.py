"""Tells from the first bytes of a connection which protocol it speaks.

Knows the openings of each protocol, not the protocols. `sniff` only looks: the bytes stay whole for
whoever is chosen to read them.
"""

from __future__ import annotations

import enum
import re

from trio_chat.wire import proxy

FIRST_LINE_LIMIT = 512
"""Bytes within which the first line has to end, or the peer is nobody that we know.

Tags do not count: a line that opens with `@` has `irc.INPUT_LIMIT`."""


class Protocol(enum.Enum):
    """What a connection speaks, as far as its first bytes tell."""

    PROXY = "PROXY"
    """A header that says for whom somebody else connects: what follows it is to be told again."""
    TLS = "TLS"
    HTTP = "HTTP"
    IRC = "IRC"
    PLAIN = "plain"
    UNKNOWN = "unknown"


IRC_OPENINGS = frozenset(
    (b"CAP", b"NICK", b"USER", b"PASS", b"AUTHENTICATE", b"WEBIRC", b"PING", b"QUIT")
)
"""The commands with which an IRC connection can begin."""
HTTP_OPENINGS = (
    *(
        method + b" "
        for method in (
            b"GET",
            b"POST",
            b"HEAD",
            b"PUT",
            b"DELETE",
            b"OPTIONS",
            b"PATCH",
            b"CONNECT",
            b"TRACE",
        )
    ),
    b"PRI * HTTP/2.0",
)
"""The methods, and the preface of HTTP/2 (RFC 9113, section 3.4), whose third line could be a
person's nickname."""
_LONGEST_TAGS = 4096
_LINE_END = re.compile(rb"[\r\n]")
_TELNET = re.compile(rb"\xff[\xf0-\xfe]")
"""A command of telnet (RFC 854): it begins with what is in no UTF-8, so nobody else opens so."""
_HANDSHAKE = 0x16
"""How a TLS record of the type "handshake" begins (RFC 8446, section 5.1)."""


def may_be_proxy(data: bytes) -> bool:
    """Whether this is some of the binary PROXY header's opening, or a person's empty line.

    Only what comes next tells, and a person is waiting then.
    """
    return 0 < len(data) < len(proxy.V2_SIGNATURE) and proxy.V2_SIGNATURE.startswith(data)


def sniff_tls(data: bytes) -> Protocol | None:
    """Say whether this is TLS where there is to be nothing else: TLS, PROXY, or else UNKNOWN, which
    one byte can show. None while more bytes are needed.
    """
    if data.startswith((proxy.V1_OPENING, proxy.V2_SIGNATURE)):
        return Protocol.PROXY
    if any(opening.startswith(data) for opening in (proxy.V1_OPENING, proxy.V2_SIGNATURE)):
        return None
    return Protocol.TLS if data[0] == _HANDSHAKE else Protocol.UNKNOWN


def sniff(data: bytes) -> Protocol | None:
    """Say what the bytes so far are, or None while more of them are needed."""
    if not data:
        return None
    if data.startswith((proxy.V1_OPENING, proxy.V2_SIGNATURE)):
        return Protocol.PROXY
    if may_be_proxy(data):
        return None
    if data[0] == _HANDSHAKE:
        return Protocol.TLS
    if data.startswith(HTTP_OPENINGS):
        return Protocol.HTTP
    found = _LINE_END.search(data)
    line = data[: found.start()] if found else data
    if line[:1] == b"@":
        tags, space, rest = line.partition(b" ")
        if len(tags) > _LONGEST_TAGS:
            # An over-long run of tags is IRC's to refuse: only IRC has tags.
            return Protocol.IRC
        if not space:
            return Protocol.PLAIN if found else None
        line = rest.lstrip(b" ")
    word = line.split(b" ", 1)[0]
    ended = found or len(word) < len(line)
    if ended and word.upper() in IRC_OPENINGS:
        return Protocol.IRC
    if _TELNET.search(line[:FIRST_LINE_LIMIT]):
        return Protocol.PLAIN
    if found:
        return Protocol.PLAIN if len(line) <= FIRST_LINE_LIMIT else Protocol.UNKNOWN
    return None if len(line) <= FIRST_LINE_LIMIT else Protocol.UNKNOWN

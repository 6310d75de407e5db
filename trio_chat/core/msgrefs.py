"""How clients name a place in history: `msgid=…`, `timestamp=…` (chathistory; MSGREFTYPES).

Pure; must not know what is asked about the place.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from trio_chat.core import ids
from trio_chat.core.questions import Bound

TYPES = ("msgid", "timestamp")
"""The one that we prefer first."""

_TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


class BadReferenceError(Exception):
    """What can not be read as a reference."""


class UnknownTypeError(BadReferenceError):
    """A reference of a type that is not one of `TYPES`."""


def milliseconds_at(text: str) -> int | None:
    """Return the time that a timestamp says, in milliseconds since the epoch; None: it is none.

    `YYYY-MM-DDThh:mm:ss.sssZ` (IRCv3 server-time), and without the fraction or with a finer one.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, seconds = map(int, found.groups()[:6])
    try:
        whole = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    if seconds > 60:
        # 60 is a leap second.
        return None
    fraction = (found[7] or "")[:3].ljust(3, "0")
    return (int(whole.timestamp()) + seconds) * 1000 + int(fraction)


def parse(text: str) -> Bound | None:
    """Return what a reference names; None: nothing can have such an id.

    Raises `BadReferenceError`.
    """
    kind, equals, value = text.partition("=")
    if not equals:
        raise BadReferenceError(text)
    if kind == "msgid":
        return ids.decode(value)
    if kind != "timestamp":
        raise UnknownTypeError(text)
    time = milliseconds_at(value)
    if time is None:
        raise BadReferenceError(text)
    return time

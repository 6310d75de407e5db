"""The server's answers to what a person asked, as lines to read: rooms, and who somebody is.

Pure. Takes the replies that `Chat.request` returns. What comes out holds other people's text as it
is: whoever shows it makes it safe (`wire.plain.displayable`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trio_chat.client.support import Support
from trio_chat.wire.irc import Message

ROOMS_SHOWN = 100
"""Rooms of a list, the fullest first; networks have tens of thousands of them."""

_ROOM = "322"
_END_OF_WHOIS = "318"
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def rooms_in(replies: Sequence[Message]) -> list[str]:
    """Return the lines for the replies to LIST."""
    rooms = [
        (reply.params[1], _number(reply.params[2]), " ".join(reply.params[3:]))
        for reply in replies
        if reply.command == _ROOM and len(reply.params) > 2
    ]
    rooms.sort(key=lambda room: (-room[1], room[0].casefold()))
    shown, hidden = rooms[:ROOMS_SHOWN], len(rooms[ROOMS_SHOWN:])
    indent = max((len(name) for name, _, _ in shown), default=0)
    digits = max((len(str(people)) for _, people, _ in shown), default=0)
    lines = [
        f"{name:{indent}}  {people:{digits}}  {topic}".rstrip() for name, people, topic in shown
    ]
    if hidden:
        lines.append(f"and {hidden} more")
    return lines or ["there are no rooms"]


def person_in(replies: Sequence[Message], nick: str, support: Support) -> list[str]:
    """Return the lines for the replies to WHOIS that are about `nick`."""
    lines = []
    for reply in replies:
        # Our own nickname stands in front.
        params = reply.params[1:]
        if len(params) < 2 or support.fold(params[0]) != support.fold(nick):
            continue
        count, sentence = _SENTENCES.get(reply.command, (0, _any_other))
        if reply.command.isdigit() and reply.command != _END_OF_WHOIS and len(params) >= count:
            lines.append(sentence(params))
    return lines or [f"nothing is known of {nick}"]


def _user(params: Sequence[str]) -> str:
    nick, user, host, *_, realname = params
    return f"{nick} is {user}@{host} ({realname})"


def _server(params: Sequence[str]) -> str:
    return f"{params[0]} is on the server {params[1]} ({params[2]})"


def _idle(params: Sequence[str]) -> str:
    return f"{params[0]} has been quiet for {_duration(_number(params[1]))}"


def _rooms(params: Sequence[str]) -> str:
    return f"{params[0]} is in {params[1].strip()}"


def _away(params: Sequence[str]) -> str:
    return f"{params[0]} is away: {params[1]}"


def _account(params: Sequence[str]) -> str:
    return f"{params[0]} is logged in as {params[1]}"


def _any_other(params: Sequence[str]) -> str:
    # Such as `alice :is using a secure connection`.
    return " ".join((params[0], params[-1], *params[1:-1]))


_SENTENCES: dict[str, tuple[int, Callable[[Sequence[str]], str]]] = {
    "301": (2, _away),
    "311": (4, _user),
    "312": (3, _server),
    "317": (2, _idle),
    "319": (2, _rooms),
    "330": (3, _account),
}
"""Numeric → the parameters it has at least, and the sentence that they make."""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _duration(seconds: int) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "0 seconds"

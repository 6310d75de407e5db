"""IRC messages: one line of bytes to a `Message` and back.

Knows the grammar (Modern IRC, "Message Format"; IRCv3 message-tags) and no command. `parse` raises
`ProtocolError` and nothing else, whatever the bytes. Every line that leaves goes through `frame`,
which refuses CR, LF and NUL: nobody's text can become somebody else's second line.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from trio_chat.wire.errors import Problem, ProtocolError

LINE_LIMIT = 512
"""Bytes of a line without its tags, CR LF counted (Modern IRC, "Message Format")."""
TAGS_LIMIT = 4096
"""Bytes of a client's tags, `@` and the space counted (message-tags, "Size limit")."""
INPUT_LIMIT = TAGS_LIMIT + LINE_LIMIT - 2
"""Bytes of the longest line that a client can send, without CR LF."""

NO_TAGS: Mapping[str, str] = MappingProxyType({})

_UNESCAPE = {":": ";", "s": " ", "r": "\r", "n": "\n", "\\": "\\"}
_ESCAPE = str.maketrans({";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n", "\\": "\\\\"})


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One IRC message. `command` is in capitals; the last parameter is without its colon."""

    command: str
    params: tuple[str, ...] = ()
    source: str = ""
    tags: Mapping[str, str] = NO_TAGS


def parse(line: bytes) -> Message:
    """Read one line, without its CR LF. Raises `ProtocolError`."""
    if len(line) > LINE_LIMIT - 2 and line[:1] != b"@":
        raise _unreadable(Problem.TOO_LONG, line)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise _unreadable(Problem.NOT_UTF8, line) from None
    if "\0" in text or "\r" in text or "\n" in text:
        raise _unreadable(Problem.FORBIDDEN_BYTE, line)
    tags = NO_TAGS
    source = ""
    if text[:1] in "@:":
        if text[:1] == "@":
            head, _, text = text.partition(" ")
            tags_size = len(head.encode()) + 1
            if tags_size > TAGS_LIMIT or len(line) - tags_size > LINE_LIMIT - 2:
                raise _unreadable(Problem.TOO_LONG, line)
            tags = parse_tags(head[1:])
            text = text.lstrip(" ")
        if text[:1] == ":":
            head, _, text = text.partition(" ")
            source = head[1:]
    middle, colon, trailing = text.partition(" :")
    command, params = _read_words(middle)
    if not command:
        raise (
            ProtocolError(Problem.NO_COMMAND)
            if not params
            else _unreadable(Problem.BAD_COMMAND, line)
        )
    if colon:
        params = (*params, trailing)
    return Message(command=command, params=params, source=source, tags=tags)


@lru_cache(maxsize=1024)
def _read_words(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the command in capitals, and the parameters; no command if it can not be one.

    What stands before a trailing parameter is mostly the same as it was a moment ago.
    """
    words = [word for word in text.split(" ") if word]
    if not words:
        return "", ()
    command = words[0]
    if not (command.isascii() and (command.isalpha() or (command.isdigit() and len(command) == 3))):
        return "", tuple(words)
    return command.upper(), tuple(words[1:])


def _unreadable(problem: Problem, line: bytes) -> ProtocolError:
    """Tell what can be told of a line that can not be read, for the reply that says so.

    It may stand in that reply: whatever has in it what no line can have is left out.
    """
    words = [word for word in line[: INPUT_LIMIT + 1].split(b" ") if word]
    tags: Mapping[str, str] = NO_TAGS
    if words and words[0][:1] == b"@" and len(words[0]) < TAGS_LIMIT:
        tags = parse_tags(";".join(filter(None, map(_readable, words[0][1:].split(b";")))))
    while words and words[0][:1] in (b"@", b":"):
        del words[0]
    command = ""
    if words and words[0].isalnum() and len(words[0]) <= 32:
        command = words[0].decode("ascii").upper()
    return ProtocolError(problem, command, tags)


def _readable(data: bytes) -> str:
    """Return the text of what a line may have in it; nothing for anything else."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text or "\r" in text or "\n" in text else text


def parse_tags(text: str) -> dict[str, str]:
    """Read what stands between `@` and the space. A tag without a value has an empty one."""
    tags = {}
    for item in text.split(";"):
        key, _, value = item.partition("=")
        if key:
            tags[key] = unescape_tag(value) if "\\" in value else value
    return tags


def unescape_tag(value: str) -> str:
    """Undo the escapes of a tag's value; a lone `\\` goes (message-tags, "Escaping values")."""
    parts = []
    characters = iter(value)
    for character in characters:
        if character == "\\":
            character = next(characters, "")
            character = _UNESCAPE.get(character, character)
        parts.append(character)
    return "".join(parts)


def escape_tag(value: str) -> str:
    """Escape a tag's value (message-tags, "Escaping values")."""
    return value.translate(_ESCAPE)


def format_tags(tags: Mapping[str, str]) -> str:
    """Write tags as they stand in front of a message: `@a=1;b `, or nothing when there are none."""
    if not tags:
        return ""
    items = [f"{key}={escape_tag(value)}" if value else key for key, value in tags.items()]
    return f"@{';'.join(items)} "


def format_params(params: tuple[str, ...]) -> str:
    """Write parameters, each with a space in front; the last with a colon where it needs one.

    Raises `ValueError` when another than the last needs one: that is the caller's mistake.
    """
    if not params:
        return ""
    *middle, last = params
    for param in middle:
        if not param or param[0] == ":" or " " in param:
            raise ValueError(f"only the last parameter can be {param!r}")
    if not last or last[0] == ":" or " " in last:
        last = f":{last}"
    return " " + " ".join((*middle, last))


def frame(text: str) -> bytes:
    """Turn the text of one line into its bytes, CR LF added.

    Raises `ValueError` when the text holds CR, LF or NUL, which would make it another line.
    """
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"a line can not hold CR, LF or NUL: {text!r}")
    return f"{text}\r\n".encode()


def serialize(message: Message) -> bytes:
    """Write a message as one line. Raises `ValueError` for what no line can say."""
    command = message.command
    if not command or " " in command or command[0] in "@:":
        raise ValueError(f"not a command: {command!r}")
    source = f":{message.source} " if message.source else ""
    if " " in message.source:
        raise ValueError(f"not a source: {message.source!r}")
    return frame(f"{format_tags(message.tags)}{source}{command}{format_params(message.params)}")


def nickname_of(source: str) -> str:
    """Return the nickname of `nickname!user@host`, or all of it for a server's name."""
    return source.partition("!")[0]

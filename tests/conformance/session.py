"""An IRC client for the conformance tests: it sends lines, and reads what they are answered.

It knows the grammar of a message (Modern IRC, "Message Format"; IRCv3 message-tags) and nothing of
the server under test: none of the project's own code is behind it.
"""

from __future__ import annotations

import itertools
import re
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field

TIMEOUT = 20.0
"""Seconds after which an answer that has not come is missing."""

_UNESCAPE = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_tokens = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """One line that the server sent."""

    raw: str
    command: str
    params: list[str] = field(default_factory=list)
    source: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def nick(self) -> str:
        """The nickname of who did it, or the name of the server."""
        return self.source.partition("!")[0]

    @property
    def text(self) -> str:
        """The last parameter."""
        return self.params[-1] if self.params else ""

    def __str__(self) -> str:
        return self.raw


def parse(raw: str) -> Line:
    """Read one line, without its CR LF."""
    rest, tags, source = raw, {}, ""
    if rest.startswith("@"):
        head, _, rest = rest[1:].partition(" ")
        for item in head.split(";"):
            key, _, value = item.partition("=")
            tags[key] = re.sub(
                r"\\(.?)", lambda found: _UNESCAPE.get(found[1], found[1]), value, flags=re.DOTALL
            )
        rest = rest.lstrip(" ")
    if rest.startswith(":"):
        source, _, rest = rest[1:].partition(" ")
    rest, colon, trailing = rest.partition(" :")
    command, *params = rest.split()
    return Line(raw, command.upper(), [*params, trailing] if colon else params, source, tags)


class Session:
    """One connection to the server under test. Every wait ends: with the answer, or an error."""

    def __init__(self, sock: socket.socket, patience: float = TIMEOUT) -> None:
        sock.settimeout(patience)
        # Two small writes in a row, as in `ask`, would wait for an acknowledgement between them.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._buffer = b""
        self.closed = False
        self.nick = "*"
        self.welcome: list[Line] = []
        """What `register` was answered."""

    # --- Sending and reading

    def send(self, *lines: str | bytes) -> None:
        """Send lines; bytes go as they are, CR LF added."""
        encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
        self._socket.sendall(b"".join(line + b"\r\n" for line in encoded))

    def send_raw(self, data: bytes) -> None:
        """Send bytes with nothing added."""
        self._socket.sendall(data)

    def read_line(self) -> Line | None:
        """Return the next line, or None when the server has hung up."""
        while b"\n" not in self._buffer:
            try:
                data = self._socket.recv(65_536)
            except (ConnectionResetError, ssl.SSLError):
                data = b""
            if not data:
                self.closed = True
                return None
            self._buffer += data
        raw, _, self._buffer = self._buffer.partition(b"\n")
        assert raw.endswith(b"\r"), f"a line has to end with CR LF: {raw!r}"
        return parse(raw[:-1].decode())

    def until(self, *commands: str) -> list[Line]:
        """Read up to the first line with one of these commands or numerics; return all of them."""
        found: list[Line] = []
        while True:
            try:
                line = self.read_line()
            except TimeoutError:
                line = None
            assert line is not None, f"no {' or '.join(commands)} in {shown(found)}"
            if line.command == "PING":
                self.send(f"PONG :{line.text}")
                continue
            found.append(line)
            if line.command in commands:
                return found

    def read(self) -> list[Line]:
        """Return everything that the server has sent so far, by asking for a PONG behind it."""
        token = f"sync-{next(_tokens)}"
        self.send(f"PING {token}")
        found: list[Line] = []
        while True:
            line = self.read_line()
            assert line is not None, f"the server hung up after {shown(found)}"
            if line.command == "PONG" and line.text == token:
                return found
            if line.command == "PING":
                self.send(f"PONG :{line.text}")
            else:
                found.append(line)

    def ask(self, *lines: str | bytes) -> list[Line]:
        """Send lines, and return everything that the server has sent up to the last answer."""
        self.send(*lines)
        return self.read()

    def until_closed(self) -> list[Line]:
        """Read to the end of the connection, which has to come."""
        found: list[Line] = []
        while (line := self.read_line()) is not None:
            found.append(line)
        return found

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self.closed = True

    # --- Getting in

    def negotiate(self, *capabilities: str) -> None:
        """Open the negotiation, and have all of these, which the server has to grant."""
        self.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}")
        replies = [line for line in self.until("CAP") if line.command == "CAP"]
        while replies[-1].params[1] not in ("ACK", "NAK"):
            replies += [line for line in self.until("CAP") if line.command == "CAP"]
        assert replies[-1].params[1] == "ACK", f"not granted: {replies[-1]}"

    def register(self, nick: str, *, capabilities: Iterable[str] = ()) -> None:
        """Become a user, with these capabilities; forget what the server says in welcome."""
        wanted = list(capabilities)
        if wanted:
            self.negotiate(*wanted)
        self.send(f"NICK {nick}", f"USER {nick} 0 * :Real {nick}")
        if wanted:
            self.send("CAP END")
        self.nick = nick
        self.welcome = self.until("376", "422") + self.read()


def shown(lines: Iterable[Line]) -> str:
    """Return lines as an assertion shows them."""
    return "\n".join(["", *(f"  {line.raw}" for line in lines)]) or " nothing"


def only(lines: Iterable[Line], *commands: str) -> list[Line]:
    """Return the lines with one of these commands or numerics."""
    return [line for line in lines if line.command in commands]


def one(lines: Iterable[Line], command: str) -> Line:
    """Return the one line with this command or numeric; fail when there is none, or another."""
    lines = list(lines)
    found = only(lines, command)
    assert len(found) == 1, f"{len(found)} of {command} in {shown(lines)}"
    return found[0]


def commands(lines: Iterable[Line]) -> list[str]:
    """Return the command or numeric of each line."""
    return [line.command for line in lines]

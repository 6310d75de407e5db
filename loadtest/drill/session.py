"""What everybody in a drill does on a connection: says who they are, and what they need there.

Bytes in, bytes out: knows no socket and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from trio_chat.wire import irc


class UnexpectedError(Exception):
    """The server has said what it must not say in a drill."""


class Session:
    """Somebody who outlives their connections.

    `outbox` is what they have to send. `begin` is called for each new connection, `feed` with what
    comes through it. `needed` are the capabilities without which there is nothing to do, `wanted`
    those that are taken where they are offered.
    """

    def __init__(self, name: str, *, needed: Sequence[str], wanted: Sequence[str] = ()) -> None:
        self.name = name
        self.outbox = b""
        self.under_way = 0
        """How much was asked for that is not answered yet."""
        self.capabilities: frozenset[str] = frozenset()
        """What this connection has."""
        self._needed, self._wanted = needed, wanted
        self.begin()

    @property
    def is_ready(self) -> bool:
        """Whether they are where they belong."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin anew, with a connection to a server that knows nobody yet."""
        self.outbox = b""
        self.under_way = 0
        self.capabilities = frozenset()
        self._rest = b""
        self._offered: set[str] = set()
        self._send("CAP LS 302", f"NICK {self.name}", f"USER {self.name} 0 * :drill")

    def feed(self, data: bytes) -> None:
        """Take what has come. Raises `UnexpectedError`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        message = irc.parse(line.rstrip(b"\r"))
        command, params = message.command, message.params
        if command == "PING":
            self._send(f"PONG :{params[-1]}")
        elif command == "CAP":
            self._negotiate(params)
        elif command in ("FAIL", "ERROR") or (command[:1] in "45" and command != "422"):
            raise UnexpectedError(f"{self.name} was told: {line.decode(errors='replace').strip()}")
        else:
            self._heard(message)

    def _heard(self, message: irc.Message) -> None:
        """Take what is not about the connection itself."""
        raise NotImplementedError

    def _send(self, *lines: str) -> None:
        self.outbox += "".join(f"{line}\r\n" for line in lines).encode()

    def _negotiate(self, params: Sequence[str]) -> None:
        verb, last = params[1], params[-1]
        if verb == "LS":
            self._offered |= {word.partition("=")[0] for word in last.split()}
            if params[2] == "*":
                return
            missing = set(self._needed) - self._offered
            if missing:
                raise UnexpectedError(f"the server does not offer {' '.join(sorted(missing))}")
            wanted = [*self._needed, *(word for word in self._wanted if word in self._offered)]
            self._send(f"CAP REQ :{' '.join(wanted)}")
        elif verb == "ACK":
            self.capabilities = frozenset(last.split())
            self._send("CAP END")
        elif verb == "NAK":
            raise UnexpectedError(f"the server does not let {last} be had")

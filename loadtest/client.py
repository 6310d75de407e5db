"""One IRC client of the swarm: gets in, says what it is told to, answers PING.

Owns the conversation of one connection, its timings and its errors. What belongs to its room goes
to the verifier, and it never looks at it. A method that waits has a deadline, and raises
`ClientError` with what the server said, or did not.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
from gevent.event import Event as Signal

from loadtest.connection import Address, Connection, reason
from loadtest.histogram import Histogram
from loadtest.membership import Member, Stay
from loadtest.payload import end_text, message_text
from loadtest.verifier import Room
from trio_chat.wire import irc

WAIT = 30.0
"""Seconds to wait for any answer."""
_HARMLESS = {"421", "422", "451"}
"""Numerics of the error range that are none here: unknown command (CAP), no MOTD."""


class ClientError(Exception):
    """A client could not do what it had to. The text ends a sentence, without a full stop."""


@dataclass(kw_only=True)
class Timings:
    """What clients measure themselves, whole process together."""

    connect: Histogram = field(default_factory=Histogram)
    handshake: Histogram = field(default_factory=Histogram)
    register: Histogram = field(default_factory=Histogram)
    join: Histogram = field(default_factory=Histogram)
    ping: Histogram = field(default_factory=Histogram)


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to get into the server."""

    address: Address
    host: str
    tls: ssl.SSLContext | None
    capabilities: tuple[str, ...] = ()


class Client:
    """A client and its connection. `complain` is told of errors that come later, unasked."""

    def __init__(
        self,
        room: Room,
        member: Member,
        access: Access,
        timings: Timings,
        complain: Callable[[str], None],
    ) -> None:
        self.room = room
        self.member = member
        self.closed: str | None = None
        """Why the connection has ended; None while it has not."""
        self._access = access
        self._timings = timings
        self._complain = complain
        self._connection = Connection(self._on_data, self._on_close)
        self._signal = Signal()
        self._offered: set[str] = set()
        self._is_in = False
        self._has_registered = False
        self._has_joined = False
        self._has_capabilities = False
        self._has_acknowledged = False
        self._is_closing = False
        self._refusal: str | None = None
        self._last_error: str | None = None
        self._pings: dict[str, float] = {}

    @property
    def is_blocked(self) -> bool:
        """Whether the server does not read what this client says."""
        return self._connection.is_blocked

    # Getting in.

    def connect(self) -> None:
        """Open the connection, with TLS where the access has it."""
        try:
            began = time.perf_counter()
            self._connection.connect(self._access.address, WAIT)
            connected = time.perf_counter()
            self._timings.connect.add(connected - began)
            if self._access.tls is not None:
                self._connection.handshake(self._access.tls, self._access.host, WAIT)
                self._timings.handshake.add(time.perf_counter() - connected)
            self._connection.start_reading()
        except OSError as error:
            self._connection.close()
            self.closed = reason(error)
            raise ClientError(f"could not connect: {self.closed}") from None

    def explore(self) -> set[str]:
        """Register without asking for anything; return the capabilities that there are."""
        name = self.member.nickname
        self._send("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :{name}")
        self._wait(lambda: self._has_capabilities or self._has_registered, "CAP LS and NICK")
        if self._has_capabilities:
            self._send("CAP END")
            self._wait(lambda: self._has_registered, "CAP END")
        return self._offered

    def register(self) -> None:
        """Register, and wait for the welcome."""
        name = self.member.nickname
        wanted = self._access.capabilities
        began = time.perf_counter()
        self._send(
            *([f"CAP REQ :{' '.join(wanted)}"] if wanted else []),
            f"NICK {name}",
            f"USER {name} 0 * :{name}",
            *(["CAP END"] if wanted else []),
        )
        self._wait(lambda: self._has_registered, "NICK and USER")
        if wanted:
            self._wait(lambda: self._has_acknowledged, "CAP REQ")
        self._timings.register.add(time.perf_counter() - began)

    def join(self) -> None:
        """Join the room; wait for the end of its list of names, and until others know of it."""
        self._has_joined = False
        self.room.joining(self.member)
        began = time.perf_counter()
        self._send(f"JOIN {self.room.name}")
        self._wait(lambda: self._has_joined, "JOIN")
        self._timings.join.add(time.perf_counter() - began)
        # Others tell the verifier where in the room's order this JOIN stands.
        deadline = began + WAIT
        while self.member.stay is Stay.JOINING and self.closed is None:
            if time.perf_counter() > deadline:
                raise ClientError("joined its room, but those who were in it were not told")
            gevent.sleep(0.005)
        if self.closed is not None:
            raise ClientError(f"was disconnected after JOIN: {self.closed}")

    def settle_in(self) -> None:
        """Call once the client is where it should be: errors are complaints from now on."""
        self._is_in = True

    def part(self) -> None:
        """Leave the room, and wait to be told so."""
        self._send(f"PART {self.room.name}")
        self._wait(lambda: self.member.stay is Stay.OUT, "PART")

    # In the room.

    def say(self, run: str, *, origin: float, intended: float, size: int) -> float:
        """Say the next message, which is due at `intended`; return when it was sent."""
        member = self.member
        text = message_text(run, member.nickname, member.said_count, intended - origin, size)
        sent = time.perf_counter()
        self.room.say(member, text, intended=intended, sent=sent)
        self._connection.send(f"PRIVMSG {self.room.name} :{text}\r\n".encode())
        return sent

    def say_end(self, run: str) -> None:
        """Say the last message."""
        member = self.member
        text = end_text(run, member.nickname, member.said_count)
        now = time.perf_counter()
        self.room.say(member, text, intended=now, sent=now, is_end=True)
        self._send(f"PRIVMSG {self.room.name} :{text}")

    def ping(self) -> None:
        """Send a PING; its answer is timed when it comes."""
        token = f"t{time.perf_counter_ns()}"
        self._pings[token] = time.perf_counter()
        self._send(f"PING {token}")

    def wait_pong(self, seconds: float) -> bool:
        """Wait until every PING is answered; False when it takes longer."""
        try:
            self._wait(lambda: not self._pings, "PING", seconds)
        except ClientError:
            if self.closed is not None:
                raise
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self._is_closing = True
        self._connection.close()

    def _send(self, *lines: str) -> None:
        self._connection.send(b"".join(irc.frame(line) for line in lines))

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = WAIT) -> None:
        deadline = time.perf_counter() + seconds
        while not condition():
            if self.closed is not None:
                raise ClientError(f"was disconnected after {what}: {self.closed}")
            if self._refusal is not None:
                raise ClientError(f"was refused after {what}: {self._refusal}")
            left = deadline - time.perf_counter()
            if left <= 0:
                raise ClientError(f"had no answer to {what} within {seconds:g} s")
            self._signal.clear()
            self._signal.wait(left)

    # What the event loop brings.

    def _on_data(self, data: bytes, now: float) -> None:
        stay = self.member.stay
        for message in self.room.feed(self.member, data, now):
            self._on_message(message, now)
        if stay is not self.member.stay:
            self._signal.set()

    def _on_message(self, message: irc.Message, now: float) -> None:
        command = message.command
        params = message.params
        if command == "PING":
            token = params[-1] if params else ""
            self._connection.send(irc.serialize(irc.Message(command="PONG", params=(token,))))
        elif command == "PONG":
            sent = self._pings.pop(params[-1] if params else "", None)
            if sent is not None:
                self._timings.ping.add(now - sent)
                self._signal.set()
        elif command == "ERROR":
            self._last_error = params[-1] if params else "ERROR"
        elif command == "001":
            self._has_registered = True
            if params and params[0] != self.member.nickname:
                self._refuse(f"its nickname became {params[0]} instead of {self.member.nickname}")
            self._signal.set()
        elif command == "366" and len(params) > 1 and params[1] == self.room.name:
            self._has_joined = True
            self._signal.set()
        elif command == "CAP":
            self._on_capabilities(params)
        elif command == "421" and "CAP" in params:
            self._signal.set()
        elif command == "FAIL" or (command[:1] in "45" and command not in _HARMLESS):
            self._refuse(f"{command} {' '.join(params[1:])}")

    def _on_capabilities(self, params: tuple[str, ...]) -> None:
        kind = params[1].upper() if len(params) > 1 else ""
        if kind == "LS":
            self._offered.update(word.partition("=")[0] for word in params[-1].split())
            self._has_capabilities = len(params) < 4
        elif kind == "ACK":
            self._has_acknowledged = True
        elif kind == "NAK":
            self._refuse(f"the capability {params[-1]}")
        self._signal.set()

    def _refuse(self, what: str) -> None:
        if self._is_in:
            self._complain(f"refused: {what}")
        elif self._refusal is None:
            self._refusal = what
            self._signal.set()

    def _on_close(self, why: str) -> None:
        self.closed = why
        if self._last_error is not None:
            self.closed = f"{why}, saying: {self._last_error}"
        self.room.gone(self.member)
        self._signal.set()
        if self._is_in and not self._is_closing:
            self._complain(f"disconnected: {self.closed}")

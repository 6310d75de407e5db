"""All clients of a drill on one selector, those that talk and those that keep accounts and rooms:
they come back whenever the server is there.

A connection that ends is read to its end first: what the server has sent before it was killed is
what was shown.
"""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from loadtest.drill.changes import Changes
from loadtest.drill.client import Client
from loadtest.drill.keeper import Keeper
from loadtest.drill.ledger import Ledger
from loadtest.drill.session import Session

UNDER_WAY = 200
"""Lines that a client has sent and was not shown, at most."""
BURST = 5
"""Lines that are said at once, at most: several of them are stored together."""
DIRECT = 0.05
"""Share of what is said to one other client."""
TURN = 0.01
"""Seconds."""
_READ = 1 << 18


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are, and how much they say."""

    clients: int = 24
    rooms: int = 6
    rooms_each: int = 2
    rate: float = 500.0
    """Lines a second, of all of them."""
    keepers: int = 3
    turns: float = 30.0
    """Times a second that one of these changes something, if none waits for an answer."""


_Member = TypeVar("_Member", bound=Session)


class _Link(msgspec.Struct, Generic[_Member], kw_only=True):
    """Somebody and their connection, if they have one."""

    client: _Member
    sock: socket.socket | None = None


class Party:
    """The clients. `address` returns where the server listens, None while it does not."""

    def __init__(
        self,
        scale: Scale,
        ledger: Ledger,
        changes: Changes,
        address: Callable[[], tuple[str, int] | None],
        chance: random.Random,
    ) -> None:
        self.scale = scale
        self._address = address
        self._chance = chance
        self._selector = selectors.DefaultSelector()
        self._due = 0.0
        self._turns_due = 0.0
        rooms = [f"#drill{number}" for number in range(scale.rooms)]
        self._talkers = [
            _Link(
                client=Client(
                    f"d{number}",
                    [rooms[(number + step) % len(rooms)] for step in range(scale.rooms_each)],
                    ledger,
                )
            )
            for number in range(scale.clients)
        ]
        self._keepers = [
            _Link(client=Keeper(f"k{number}", changes, chance)) for number in range(scale.keepers)
        ]
        self._links: list[_Link[Client] | _Link[Keeper]] = [*self._talkers, *self._keepers]

    @property
    def clients(self) -> Sequence[Client]:
        """Those who talk."""
        return [link.client for link in self._talkers]

    @property
    def keepers(self) -> Sequence[Keeper]:
        """Those who keep accounts and rooms."""
        return [link.client for link in self._keepers]

    @property
    def members(self) -> int:
        """How many there are."""
        return len(self._links)

    @property
    def ready(self) -> int:
        """How many are where they belong."""
        return sum(link.sock is not None and link.client.is_ready for link in self._links)

    @property
    def under_way(self) -> int:
        """Lines that were sent and not shown yet, and keepers who wait for an answer."""
        return sum(link.client.under_way for link in self._links if link.sock is not None)

    def run(
        self,
        seconds: float,
        *,
        silent: bool = False,
        keeping: bool = True,
        until: Callable[[], bool],
    ) -> bool:
        """Talk and, where `keeping`, change accounts and rooms for so long, or until something is
        so; return whether it is."""
        now = time.monotonic()
        end = now + seconds
        while now < end:
            if until():
                return True
            self._connect()
            for key, events in self._selector.select(TURN):
                link: _Link[Client] | _Link[Keeper] = key.data
                if events & selectors.EVENT_READ:
                    self._read(link)
                if link.sock is not None:
                    self._write(link)
            before, now = now, time.monotonic()
            if not silent:
                self._due = min(self._due + self.scale.rate * (now - before), self.scale.rate)
                self._talk()
            if keeping and not silent:
                self._turns_due = min(self._turns_due + self.scale.turns * (now - before), 1.0)
                self._keep()
        return until()

    def hang_up(self) -> None:
        """Hear to the end what was shown, and be gone."""
        for link in self._links:
            while link.sock is not None:
                link.sock.setblocking(True)
                self._read(link)

    def close(self) -> None:
        """Be gone, whatever is still to be heard."""
        for link in self._links:
            self._lose(link)
        self._selector.close()

    def _talk(self) -> None:
        able = [
            link
            for link in self._talkers
            if link.sock is not None and link.client.is_ready and link.client.under_way < UNDER_WAY
        ]
        if not able:
            self._due = 0.0
        chance = self._chance
        while self._due >= 1 and able:
            link = chance.choice(able)
            lines = chance.randint(1, min(BURST, int(self._due)))
            target = chance.choice(link.client.rooms)
            if chance.random() < DIRECT:
                # Whoever writes to themself is shown it twice: as the sender, and as the target.
                other = chance.choice(able).client
                target = target if other is link.client else other.name
            link.client.say(target, lines)
            self._due -= lines
            self._write(link)

    def _keep(self) -> None:
        able = [
            link
            for link in self._keepers
            if link.sock is not None and link.client.is_ready and not link.client.under_way
        ]
        if able and self._turns_due >= 1:
            self._turns_due -= 1
            link = self._chance.choice(able)
            link.client.act()
            self._write(link)

    # --- Connections

    def _connect(self) -> None:
        address = self._address()
        if address is None:
            return
        for link in self._links:
            if link.sock is not None:
                continue
            try:
                sock = socket.create_connection(address, 5.0)
            except OSError:
                # It may have been killed since it said that it listens.
                return
            sock.setblocking(False)
            link.sock = sock
            link.client.begin()
            self._selector.register(sock, selectors.EVENT_READ, link)
            self._write(link)

    def _read(self, link: _Link[Client] | _Link[Keeper]) -> None:
        assert link.sock is not None
        try:
            data = link.sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            link.client.feed(data)
        else:
            self._lose(link)

    def _write(self, link: _Link[Client] | _Link[Keeper]) -> None:
        sock, client = link.sock, link.client
        if sock is None:
            return
        if client.outbox:
            try:
                sent = sock.send(client.outbox)
            except BlockingIOError:
                sent = 0
            except OSError:
                # What it has sent us may still be there to be read.
                sent = len(client.outbox)
            client.outbox = client.outbox[sent:]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outbox else 0)
        if self._selector.get_key(sock).events != wanted:
            self._selector.modify(sock, wanted, link)

    def _lose(self, link: _Link[Client] | _Link[Keeper]) -> None:
        if link.sock is not None:
            self._selector.unregister(link.sock)
            link.sock.close()
            link.sock = None

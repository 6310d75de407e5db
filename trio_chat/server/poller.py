"""The poller: one task that reads for everybody who has nothing to wait for but their peer.

Owns one set of descriptors that the kernel watches, and who reads from each. Must not know what is
read. Waiting for each socket by itself costs a system call, a task switch and a channel for every
packet; a descriptor that stays registered costs its `recv`.

Invariants: who is ready gets one call a round, and a round serves a bounded number, so nobody can
keep the others waiting; the kernel hands out first whom it has not handed out longest. Nobody is
read from while the inbox is full. Whoever closes a descriptor has taken it out of here before. A
reader that fails ends its own connection, never this task.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog
import trio

from trio_chat.server.inbox import Inbox

log = structlog.get_logger()

AT_ONCE = 256
"""Clients that are read from before anybody else gets a turn."""


class Reader(Protocol):
    """Whoever is read for."""

    def read_ready(self) -> None:
        """Read once, without waiting: there is something, or the end, or an error."""

    def read_failed(self) -> None:
        """Take note that reading has failed by a mistake of ours. Must not raise."""


class Watch(Protocol):
    """Descriptors that the kernel watches, itself one that can be waited for."""

    def fileno(self) -> int: ...

    def add(self, descriptor: int) -> None: ...

    def remove(self, descriptor: int) -> None: ...

    def ready(self, count: int) -> list[int]:
        """Return those that can be read from, at most so many, and not always the same."""

    def close(self) -> None: ...


class Epoll:
    """Linux' epoll, without the tuples that `selectors` keeps for each descriptor."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.fileno = self._epoll.fileno
        self.close = self._epoll.close

    def add(self, descriptor: int) -> None:
        # Level-triggered: what one call does not read is announced again. A hang-up and an error
        # are always announced, and reading tells which it is.
        self._epoll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int) -> None:
        self._epoll.unregister(descriptor)

    def ready(self, count: int) -> list[int]:
        return [descriptor for descriptor, _ in self._epoll.poll(0, count)]


class Selector:
    """The best that the system has, for systems without epoll."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.close = self._selector.close
        self._turn = 0

    def fileno(self) -> int:
        # The best has one wherever trio runs and there is no epoll: kqueue.
        return self._selector.fileno()

    def add(self, descriptor: int) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ)

    def remove(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def ready(self, count: int) -> list[int]:
        ready = [key.fd for key, _ in self._selector.select(0)]
        if len(ready) > count:
            # Nothing is said of the order that these come in.
            self._turn = (self._turn + count) % len(ready)
            ready = (ready[self._turn :] + ready[: self._turn])[:count]
        return ready


def best() -> Watch:
    """Return the best that this system has."""
    return Epoll() if hasattr(select, "epoll") else Selector()


class Poller:
    """Reads for all who are added, as long as `run` does."""

    def __init__(self, inbox: Inbox, watch: Watch | None = None) -> None:
        self._inbox = inbox
        self._watch = watch if watch is not None else best()
        self._readers: dict[int, Reader] = {}
        self._left: list[int] = []
        """Those for whom there was no room in the inbox."""
        self._held: trio.Event | None = None
        """What ends that nobody is read from, if nobody is."""
        self._closed = False

    def __len__(self) -> int:
        return len(self._readers)

    def add(self, descriptor: int, reader: Reader) -> None:
        """Read for somebody from now on. Whoever it is must not be read for already."""
        if descriptor in self._readers:
            raise ValueError(f"somebody is read for from the descriptor {descriptor} already")
        if not self._closed:
            self._watch.add(descriptor)
        self._readers[descriptor] = reader

    def remove(self, descriptor: int) -> None:
        """Read for somebody no longer: before the descriptor is closed."""
        del self._readers[descriptor]
        if not self._closed:
            self._watch.remove(descriptor)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Read from nobody in here: nothing could be done with it, and to read what several have
        said together, later, costs less than to come for each."""
        self._held = trio.Event()
        try:
            yield
        finally:
            self._held.set()
            self._held = None

    async def run(self) -> None:
        """Read, until cancelled."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._watch.fileno())
                if self._inbox.full:
                    await self._inbox.wait_room()
                if self._held is not None:
                    await self._held.wait()
                self._turn()
        finally:
            self._closed = True
            trio.lowlevel.notify_closing(self._watch.fileno())
            self._watch.close()

    def _turn(self) -> None:
        readers = self._readers
        # Who was not come to in the last round is first. They may be gone, or somebody else by now:
        # to read for nothing does no harm.
        ready = self._left or self._watch.ready(AT_ONCE)
        self._left = []
        for place, descriptor in enumerate(ready):
            if self._inbox.full:
                self._left = ready[place:]
                break
            reader = readers.get(descriptor)
            if reader is None:
                # Somebody before them in this round has had them taken out.
                continue
            try:
                reader.read_ready()
            except Exception:
                log.exception("reading from a client failed")
                reader.read_failed()

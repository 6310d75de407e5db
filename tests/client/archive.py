"""A server with a history for the tests of the client, over as many connections as it takes.

It has one user on one connection at a time; what others say is said by the test. Its history is
what chathistory says it is, with pages so small that there are several.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, Unpack

import trio
from trio.testing import memory_stream_pair

from tests.client.peer import LABELS, Peer
from trio_chat.client import Chat, ConnectionLost, Event, connect_over
from trio_chat.client.connection import Options
from trio_chat.wire import irc

HISTORY = f"{LABELS} draft/chathistory"
UNLABELLED = "batch echo-message message-tags server-time draft/chathistory"
PAGE = 3


class Line(NamedTuple):
    id: str
    time: dt.datetime
    nick: str
    command: str
    target: str
    text: str

    @property
    def raw(self) -> str:
        return f":{self.nick}!user@host {self.command} {self.target} :{self.text}"

    @property
    def tags(self) -> str:
        return f"time={stamp(self.time)};msgid={self.id}"


def stamp(time: dt.datetime) -> str:
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


async def _nothing() -> None:
    pass


class Archive:
    """The server. `peer` is its end of the connection that was made last."""

    def __init__(self, capabilities: str) -> None:
        self.capabilities = capabilities
        # Whatever is said comes later than what our own clock shows meanwhile.
        self.start = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(minutes=5)
        self.log: list[Line] = []
        self.peer = ArchivePeer(self, memory_stream_pair()[0])
        self.connections = 0
        self.unreachable = 0
        """Attempts to connect that will fail."""
        self.taken = 0
        """Registrations that will be refused, as the nickname is in use."""
        self.loses = False
        """Whether what the user says gets lost on the way."""
        self.swallows = False
        """Whether what the user says is shown to everybody else, and the connection goes then."""
        self.drops: set[str] = set()
        """Texts that get lost, each with the connection and once."""
        self.forgotten: set[str] = set()
        """Ids that are not known any more."""
        self.redacted: set[str] = set()
        """Ids of what was taken back: it is not shown, and pages go on from there."""
        self.before_page: Callable[[], Awaitable[None]] = _nothing
        """What happens before a page of history is read."""
        self.after_page: Callable[[], Awaitable[None]] = _nothing
        """What happens between the reading of a page and its being sent."""
        self.asked: list[str] = []
        """The CHATHISTORY commands that have come."""
        self.refuse: dict[str, str] = {}
        self.mute: set[str] = set()
        self.nursery: trio.Nursery | None = None

    async def open(self) -> trio.abc.Stream:
        if self.unreachable:
            self.unreachable -= 1
            raise ConnectionLost("nobody is there")
        assert self.nursery is not None
        ours, theirs = memory_stream_pair()
        self.connections += 1
        self.peer = ArchivePeer(self, theirs)
        self.peer.refuse, self.peer.mute = self.refuse, self.mute
        if self.taken:
            self.taken -= 1
            self.peer.unwelcome = ":s 433 * me :Nickname is already in use"
        self.nursery.start_soon(self.peer.serve)
        return ours

    async def cut(self) -> None:
        await trio.aclose_forcefully(self.peer.stream)

    def store(self, nick: str, command: str, target: str, text: str) -> Line:
        """Keep a line, half a millisecond after the one before."""
        number = len(self.log)
        time = self.start + dt.timedelta(microseconds=500 * number)
        line = Line(f"id{number}", time, nick, command, target, text)
        self.log.append(line)
        return line

    async def say(self, text: str, *, nick: str = "bob", target: str = "#lobby") -> None:
        """Have somebody say something, and show it if the user is there to see it."""
        line = self.store(nick, "PRIVMSG", target, text)
        if target in self.peer.rooms or target == self.peer.nick:
            await self.peer.send(f"@{line.tags} {line.raw}")

    def conversation(self, target: str, me: str) -> list[Line]:
        if target[0] == "#":
            return [line for line in self.log if line.target == target]
        return [line for line in self.log if {line.nick, line.target} == {target, me}]


class ArchivePeer(Peer):
    def __init__(self, archive: Archive, stream: trio.abc.Stream) -> None:
        super().__init__(stream, archive.capabilities)
        self.archive = archive
        self.rooms: set[str] = set()

    async def register(self) -> None:
        await super().register()
        if "draft/chathistory" in self.capabilities:
            await self.send(f":s 005 {self.nick} CHATHISTORY={PAGE} :are supported")

    async def _answer(self, message: irc.Message) -> None:
        label = f"label={message.tags['label']}" if "label" in message.tags else ""
        if message.command == "CHATHISTORY" and message.command not in self.refuse:
            await self._history(message.params, label)
        elif message.command == "PRIVMSG" and message.command not in self.refuse:
            await self._said(message.params, label)
        else:
            await super()._answer(message)
            if message.command == "JOIN" and message.command not in self.refuse:
                self.rooms.add(message.params[0])

    async def _said(self, params: tuple[str, ...], label: str) -> None:
        if self.archive.loses:
            return
        if params[1] in self.archive.drops:
            self.archive.drops.remove(params[1])
            await self.archive.cut()
            return
        line = self.archive.store(self.nick, "PRIVMSG", params[0], params[1])
        if self.archive.swallows:
            await self.archive.cut()
            return
        label = f"{label};" if label else ""
        await self.send(f"@{label}{line.tags} {line.raw}")

    async def _history(self, params: tuple[str, ...], label: str) -> None:
        archive = self.archive
        archive.asked.append(" ".join(params))
        await archive.before_page()
        kind = "chathistory"
        if params[0] == "TARGETS":
            kind = "draft/chathistory-targets"
            lines = self._targets(_time(params[1]), _time(params[2]), int(params[3]))
        else:
            kind += f" {params[1]}"
            found = self._page(params[0], params[1], params[2], int(params[3]))
            lines = [f"@batch=h;{line.tags} {line.raw}" for line in found]
        await archive.after_page()
        head = f"@{label} " if label else ""
        await self.send(f"{head}:s BATCH +h {kind}", *lines, ":s BATCH -h")

    def _page(self, command: str, target: str, reference: str, limit: int) -> list[Line]:
        assert limit <= PAGE
        conversation = self.archive.conversation(target, self.nick)
        lines = [line for line in conversation if line.id not in self.archive.redacted]
        if command == "LATEST":
            assert reference == "*"
            return lines[-limit:]
        kind, _, value = reference.partition("=")
        if kind == "timestamp":
            assert command == "AFTER"
            return [line for line in lines if stamp(line.time) > value][:limit]
        places = {line.id: place for place, line in enumerate(conversation)}
        if value not in places or value in self.archive.forgotten:
            return []
        place = places[value]
        before = [line for line in lines if places[line.id] < place]
        after = [line for line in lines if places[line.id] > place]
        if command == "BEFORE":
            return before[-limit:]
        if command == "AFTER":
            return after[:limit]
        assert command == "AROUND"
        at = [line for line in lines if line.id == value]
        return [*before[-(limit // 2) :], *at, *after][:limit]

    def _targets(self, after: str, before: str, limit: int) -> list[str]:
        latest: dict[str, str] = {}
        for line in self.archive.log:
            other = line.target if line.target[0] == "#" else (line.nick, line.target)
            if not isinstance(other, str):
                if self.nick not in other:
                    continue
                other = line.target if line.nick == self.nick else line.nick
            latest[other] = stamp(line.time)
        found = sorted((time, name) for name, time in latest.items() if after < time < before)
        return [f"@batch=h :s CHATHISTORY TARGETS {name} {time}" for time, name in found[:limit]]


def _time(reference: str) -> str:
    kind, _, value = reference.partition("=")
    assert kind == "timestamp"
    assert stamp(dt.datetime.fromisoformat(value)) == value
    return value


@asynccontextmanager
async def archived(
    capabilities: str = HISTORY, *, room: str = "#lobby", **options: Unpack[Options]
) -> AsyncIterator[tuple[Chat, Archive]]:
    """Have a client in a room of such a server; it connects again when the connection is lost."""
    archive = Archive(capabilities)
    async with trio.open_nursery() as nursery:
        archive.nursery = nursery
        stream = await archive.open()
        async with connect_over(stream, nick="me", reopen=archive.open, **options) as chat:
            if room:
                await chat.join(room)
            yield chat, archive
        nursery.cancel_scope.cancel()


async def until(chat: Chat, last: Callable[[Event], bool]) -> list[Event]:
    """Return the events up to one."""
    found = []
    with trio.fail_after(3600):
        async for event in chat:
            found.append(event)
            if last(event):
                return found
    raise AssertionError("the events ended")

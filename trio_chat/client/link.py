"""One connection to an IRC server: the tasks behind it, and what is asked on it.

Three tasks serve a connection, all in one nursery that ends with it (`run`): the *reader*, which
alone reads the stream and deals with each line as it comes; the *writer* (`outgoing`), which
alone writes to it; and the *keep-alive*, which notices a server that has silently gone. Requests
are made in other tasks. They touch the stream only through the writer's queue, and learn the
outcome from a `Receipt` that the reader completes.

Knows nothing of the connection before it or behind it: that is `chat`'s. Invariants: every request
has a deadline; however the connection ends, `_end` runs once, and whoever waits is told why.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Awaitable, Callable

import msgspec
import trio

from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer, Refused
from trio_chat.client.events import Event
from trio_chat.client.interpretation import (
    LONGEST_LINE,
    Context,
    event_of,
    parse_leniently,
)
from trio_chat.client.outgoing import Outgoing
from trio_chat.client.registration import Registration, refusal_of
from trio_chat.client.requests import Receipt, Requests, UntilBatch, UntilInside
from trio_chat.client.support import Support
from trio_chat.wire import irc
from trio_chat.wire.lines import LineBuffer

_READ = 65536
CLOSING = 5.0
"""Seconds that a server has to close the connection after QUIT, or after our stream broke."""


class Link:
    """One connection. `hear` is given what happens on it; `keeps_unconfirmed` is for whoever finds
    out later what became of messages without an answer (`unconfirmed`)."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        registration: Registration,
        support: Support,
        timeout: float,
        keepalive: float,
        hear: Callable[[Event], Awaitable[None]],
        keeps_unconfirmed: bool,
    ) -> None:
        self.stream = stream
        self.support = support
        self.timeout = timeout
        self.reason = ""
        """Why it has ended."""
        self.rooms: dict[str, str] = {}
        """The rooms that we are in: folded name → name."""
        self.account = ""
        """The account that we are logged in to; empty for none."""
        self.unconfirmed: list[Receipt] = []
        """At the end: what was said and not answered, oldest first."""
        self._registration = registration
        self._opening = b"".join(irc.serialize(message) for message in registration.open())
        self._keepalive = keepalive
        self._hear = hear
        self._keeps_unconfirmed = keeps_unconfirmed
        self._outgoing = Outgoing(stream)
        self._requests = Requests()
        self._numbers = itertools.count(1)
        self._heard = 0.0
        self._last_words = ""
        self._refusal: ChatError | None = None
        self._hung_up = False
        self._welcomed = trio.Event()
        self._ended = trio.Event()

    # What is so now.

    @property
    def nick(self) -> str:
        return self._registration.nick

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._registration.capabilities.enabled)

    @property
    def registered(self) -> bool:
        """Whether the server has let us in; true also when the connection has ended since."""
        return self._registration.registered

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def labels(self) -> bool:
        return "labeled-response" in self._registration.capabilities.enabled

    @property
    def echoes(self) -> bool:
        return "echo-message" in self._registration.capabilities.enabled

    def is_me(self, nick: str) -> bool:
        return self.support.fold(nick) == self.support.fold(self.nick)

    def is_in(self, room: str) -> bool:
        return self.support.fold(room) in self.rooms

    async def welcomed(self) -> None:
        """Return when the server has registered us. Raises `Refused` or `ConnectionLost`."""
        await self._welcomed.wait()
        if self._refusal is not None:
            raise self._refusal
        if not self.registered:
            raise ConnectionLost(self.reason)

    # Out.

    def token(self) -> str:
        """Return a word that this connection has not used yet."""
        return f"trio{next(self._numbers)}"

    async def put(self, line: bytes) -> None:
        """Queue a line. Raises `ConnectionLost` or `NoAnswer`, and then nothing is sent."""
        if self._ended.is_set():
            await trio.lowlevel.checkpoint()
            raise ConnectionLost(self.reason)
        try:
            with trio.fail_after(self.timeout):
                await self._outgoing.put(line)
        except trio.TooSlowError:
            raise NoAnswer(f"the server reads nothing for {self.timeout:g} seconds") from None
        except trio.BrokenResourceError:
            # The writer has ended. The reader may still find out why: the writer gives it time.
            await self._ended.wait()
            raise ConnectionLost(self.reason) from None

    async def open(self, receipt: Receipt, data: bytes) -> None:
        """Send whole lines that the receipt is the answer to. Raises what `put` raises."""
        try:
            with trio.fail_after(self.timeout):
                await self._requests.open(receipt)
        except trio.TooSlowError:
            raise NoAnswer(f"no answer from the server in {self.timeout:g} seconds") from None
        try:
            await self.put(data)
        except BaseException:
            receipt.finish(NoAnswer("it was not sent"))
            raise
        receipt.sent = True

    async def ask(self, receipt: Receipt, command: str, *params: str) -> None:
        """Send a command that the receipt is the answer to, with a label where there are any."""
        tags = irc.NO_TAGS
        if self.labels:
            receipt.label = self.token()
            tags = {"label": receipt.label}
        await self.open(
            receipt, irc.serialize(irc.Message(command=command, params=params, tags=tags))
        )

    async def join(self, room: str, key: str = "") -> None:
        """Enter a room; return when we are in it. Raises `Refused` or what `put` raises."""
        if self.labels:
            receipt = Receipt(timeout=self.timeout)
        else:
            receipt = UntilInside(room, support=self.support, timeout=self.timeout)
        await self.ask(receipt, "JOIN", room, *([key] if key else []))
        await receipt.wait()
        if not self.is_in(room):
            raise Refused(f"{room}: the server did not let us in", "JOIN")

    async def history(self, *params: str) -> list[irc.Message]:
        """Send a CHATHISTORY; return what the batch has. Raises `Refused` or what `put` raises."""
        receipt = UntilBatch("CHATHISTORY", timeout=self.timeout)
        await self.ask(receipt, "CHATHISTORY", *params)
        return await receipt.wait()

    async def farewell(self) -> None:
        """Say goodbye where `run` was cancelled, before the stream is closed.

        Raises what the stream's `send_all` raises.
        """
        if not self._hung_up and not self._outgoing.broken:
            await self.stream.send_all(b"QUIT\r\n")

    # In: everything below runs in the tasks of `run`.

    async def run(self) -> None:
        """Serve the connection until it ends. Raises nothing that a server can cause."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, nursery.cancel_scope)
                nursery.start_soon(self._keep_alive, nursery.cancel_scope)
                self._outgoing.put_urgent(self._opening)
                await self._read()
                self._hung_up = True
                nursery.cancel_scope.cancel()
        finally:
            self._end()

    def _end(self) -> None:
        self.reason = self._last_words or self.reason or "the server closed the connection"
        self._ended.set()
        self._welcomed.set()
        self.unconfirmed = self._requests.fail_all(self.reason, keep=self._keeps_unconfirmed)

    async def _write(self, connection: trio.CancelScope) -> None:
        try:
            await self._outgoing.run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.reason = "the connection broke"
            # The server's last words may still be on their way to us.
            await trio.sleep(CLOSING)
            connection.cancel()

    async def _keep_alive(self, connection: trio.CancelScope) -> None:
        self._heard = trio.current_time()
        asked = self._heard
        while True:
            await trio.sleep_until(max(self._heard, asked) + self._keepalive)
            now = trio.current_time()
            if self._heard + self._keepalive > now:
                continue
            if asked > self._heard:
                self.reason = f"the server has been silent for {now - self._heard:.0f} seconds"
                connection.cancel()
                return
            asked = now
            self._outgoing.put_urgent(irc.frame("PING keep-alive"))

    async def _read(self) -> None:
        buffer = LineBuffer(LONGEST_LINE)
        try:
            while data := await self.stream.receive_some(_READ):
                self._heard = trio.current_time()
                for line in buffer.feed(bytes(data)):
                    message = parse_leniently(line)
                    if message is not None:
                        await self._take(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.reason = self.reason or "the connection broke"

    async def _take(self, message: irc.Message) -> None:
        command = message.command
        if command == "PING":
            self._answer(irc.Message(command="PONG", params=message.params))
            return
        if command == "CAP":
            try:
                self._answer(*self._registration.capabilities.take(message.params))
            except ChatError as error:
                self._refusal = error
                self._welcomed.set()
            return
        if command == "ERROR":
            self._last_words = message.params[-1] if message.params else ""
        if not self._welcomed.is_set():
            try:
                self._answer(*self._registration.take(message))
            except ChatError as error:
                self._refusal = error
            if self._registration.registered or self._refusal is not None:
                self._welcomed.set()
        mine = self.is_me(irc.nickname_of(message.source))
        # Told by the state before the line: a NICK is still from our old nickname.
        history = self._requests.in_history(message)
        context = self.context(history=history)
        receipt = self._requests.take(message, mine=mine)
        if receipt is not None and receipt.swallows:
            return
        if command == "NICK" and receipt is not None and not mine:
            # InspIRCd's labelled answer comes from our new nickname already.
            message = msgspec.structs.replace(message, source=self.nick)
            mine = True
        if not history:
            self._learn(message, mine)
        if receipt is not None and receipt.taken and receipt.said is not None and receipt.tells:
            await self._tell(event_of(receipt.said, context))
        # Whoever asked is told; but what happened to others too is an event in any case.
        reply = command.isdigit() or command == "FAIL"
        if receipt is not None and reply and (receipt.keeps_replies or refusal_of(message)):
            return
        await self._tell(event_of(message, context))

    async def _tell(self, event: Event | None) -> None:
        if event is not None:
            await self._hear(event)

    def _answer(self, *messages: irc.Message) -> None:
        self._outgoing.put_urgent(b"".join(map(irc.serialize, messages)))

    def context(self, *, history: bool) -> Context:
        """Return what a line can not tell about itself, as it is now."""
        return Context(
            now=dt.datetime.now(dt.UTC),
            nick=self.nick,
            account=self.account,
            support=self.support,
            history=history,
        )

    def _learn(self, message: irc.Message, mine: bool) -> None:
        """Keep track of our nickname, our account, our rooms and the kind of server."""
        command, params = message.command, message.params
        if command == "005":
            self.support.take(params)
        elif command == "900" and len(params) > 2:
            self.account = params[2]
        elif command == "901":
            self.account = ""
        elif command == "JOIN" and mine and params:
            self.rooms[self.support.fold(params[0])] = params[0]
        elif (command == "PART" and mine and params) or (
            command == "KICK" and len(params) > 1 and self.is_me(params[1])
        ):
            self.rooms.pop(self.support.fold(params[0]), None)
        elif command == "NICK" and mine and params:
            self._registration.nick = params[0]

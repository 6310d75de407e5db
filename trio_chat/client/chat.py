"""One connection to an IRC server: the tasks behind it, and the calls that a program makes.

Three tasks serve a connection, all in one nursery that ends with it (`run`): the *reader*, which
alone reads the stream and deals with each line as it comes; the *writer* (`outgoing`), which
alone writes to it; and the *keep-alive*, which notices a server that has silently gone. The calls
(`say`, `join`, …) run in the caller's tasks. They touch the stream only through the writer's
queue, and learn the outcome from a `Receipt` that the reader completes. So any number of tasks
may use one `Chat`.

Invariants: the reader waits for nobody longer than `event_queue.PATIENCE`; every call that waits
for the server has a deadline; however the connection ends, `_end` runs once, and whoever waits is
told why.
"""

from __future__ import annotations

import datetime as dt
import itertools
from contextlib import suppress

import msgspec
import trio

from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer, Refused
from trio_chat.client.event_queue import EventQueue
from trio_chat.client.events import Event, Message, Notice
from trio_chat.client.interpretation import (
    CTCP,
    LONGEST_LINE,
    Context,
    event_of,
    parse_leniently,
)
from trio_chat.client.outgoing import Outgoing
from trio_chat.client.phrasing import check_name, one_line, phrase
from trio_chat.client.registration import Registration, refusal_of
from trio_chat.client.requests import Receipt, Requests, UntilEcho, UntilInside, UntilPong
from trio_chat.client.support import Support
from trio_chat.wire import irc
from trio_chat.wire.lines import LineBuffer

_READ = 65536
_CLOSING = 5.0
"""Seconds that a server has to close the connection after QUIT, or after our stream broke."""


class Chat:
    """A conversation with one server, as `connect` gives it out.

    `async for event in chat` yields what happens. It ends after `quit`, and raises `ConnectionLost`
    when the connection ends in any other way.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        registration: Registration,
        username: str,
        timeout: float,
        keepalive: float,
        buffer: int,
        own_messages: bool,
    ) -> None:
        self.support = Support()
        """What kind of server this is."""
        self.timeout = timeout
        """Seconds that the server has for each answer."""
        self._registration = registration
        self._opening = b"".join(irc.serialize(message) for message in registration.open())
        self._username = username
        self._keepalive = keepalive
        self._own_messages = own_messages
        self._stream = stream
        self._outgoing = Outgoing(stream)
        self._requests = Requests()
        self._events = EventQueue(buffer)
        self._numbers = itertools.count(1)
        self._rooms: dict[str, str] = {}
        self._heard = 0.0
        self._last_words = ""
        self._refusal: ChatError | None = None
        self._quitting = False
        self._hung_up = False
        self._welcomed = trio.Event()
        self._ended = trio.Event()
        self._reason = ""

    # What is so now.

    @property
    def nick(self) -> str:
        """Our nickname."""
        return self._registration.nick

    @property
    def rooms(self) -> frozenset[str]:
        """The rooms that we are in."""
        return frozenset(self._rooms.values())

    @property
    def capabilities(self) -> frozenset[str]:
        """The IRCv3 capabilities that the connection has."""
        return frozenset(self._registration.capabilities.enabled)

    @property
    def connected(self) -> bool:
        """Whether the connection has not ended yet."""
        return not self._ended.is_set()

    def is_me(self, nick: str) -> bool:
        """Whether a nickname is ours, as the server compares nicknames."""
        return self.support.fold(nick) == self.support.fold(self.nick)

    def is_in(self, room: str) -> bool:
        """Whether we are in a room."""
        return self.support.fold(room) in self._rooms

    # What a program does.

    async def join(self, room: str, key: str = "") -> None:
        """Enter a room; return when we are in it. Does nothing when we are already.

        Raises `Refused` with the server's reason, `NoAnswer` or `ConnectionLost`.
        """
        check_name(room)
        if not self.support.room_of(room):
            types = " or ".join(self.support.channel_types)
            raise Refused(f"{room}: rooms of this server begin with {types}", "CHANTYPES")
        if self.is_in(room):
            await trio.lowlevel.checkpoint()
            return
        if self._labels:
            receipt = Receipt(timeout=self.timeout)
        else:
            receipt = UntilInside(room, support=self.support, timeout=self.timeout)
        await self._send_request(receipt, "JOIN", room, *([key] if key else []))
        await receipt.wait()
        if not self.is_in(room):
            raise Refused(f"{room}: the server did not let us in", "JOIN")

    async def part(self, room: str, reason: str = "") -> None:
        """Leave a room. Raises what `request` raises."""
        check_name(room)
        await self.request("PART", room, *([reason] if reason else []))

    async def say(self, target: str, text: str) -> None:
        """Say something in a room or to a person; return when the server has taken all of it.

        Each line of the text is a message of its own, empty ones are left out, and a line that is
        too long for one message becomes several: a relayed one has at most 512 bytes
        (Modern IRC, "Message Format").

        What "has taken" means depends on the server. With labeled-response it has answered each
        message, with our own one (echo-message) or with an acknowledgement; with echo-message alone
        our own message has come back; without either it has answered a PING that we sent behind
        the message, and has not complained until then.

        Raises `Refused` when the server refuses one of the messages, `NoAnswer` when it takes
        longer than `timeout` for one, or `ConnectionLost`. Messages in front of that one, and
        perhaps some after it, have been said then.
        """
        await self._say_pieces("PRIVMSG", target, text)

    async def act(self, target: str, text: str) -> None:
        """Tell what we do, as `/me` does: like `say`, but shown as `* nick text`."""
        await self._say_pieces("PRIVMSG", target, text, before=f"{CTCP}ACTION ", after=CTCP)

    async def notice(self, target: str, text: str) -> None:
        """Like `say`, but no program may answer it (Modern IRC, "NOTICE"): good for bots."""
        await self._say_pieces("NOTICE", target, text)

    async def post(self, target: str, text: str) -> list[Receipt]:
        """Say something without waiting for the server: `wait` on the receipts for that, in order.

        Waits all the same while `requests.WINDOW` messages are not answered. Raises `NoAnswer` when
        that takes longer than `timeout`, or `ConnectionLost`.
        """
        return [
            await self._post(line, "PRIVMSG", target)
            for line in self._pieces("PRIVMSG", target, text)
        ]

    async def change_nick(self, nick: str) -> None:
        """Take another nickname. Raises `Refused` when it can not be had, or as `request` does."""
        check_name(nick)
        await self.request("NICK", nick)

    async def set_topic(self, room: str, topic: str) -> None:
        """Give a room a topic; an empty one takes it away. Raises what `request` raises."""
        check_name(room)
        await self.request("TOPIC", room, topic)

    async def members(self, room: str) -> list[str]:
        """Ask who is in a room; their nicknames as the server lists them."""
        check_name(room)
        replies = await self.request("NAMES", room)
        prefixes = self.support.prefixes
        return [
            # With userhost-in-names each of them is a whole prefix.
            irc.nickname_of(word.lstrip(prefixes))
            for reply in replies
            if reply.command == "353"
            for word in reply.params[-1].split()
        ]

    async def request(self, command: str, *params: str) -> list[irc.Message]:
        """Send any command; return the server's replies to it, which are then no events.

        Without labeled-response the replies are the numerics that come before the answer to a
        PING sent behind the command; others that happen to come just then are among them.

        Raises `Refused` when one of the replies is an error, `NoAnswer` or `ConnectionLost`, and
        `ValueError` for parameters that no line can hold.
        """
        if self._labels:
            receipt = Receipt(timeout=self.timeout, keeps_replies=True)
            await self._send_request(receipt, command, *params)
        else:
            receipt = await self._send_with_barrier(command, *params, keeps_replies=True)
        return await receipt.wait()

    async def send(self, command: str, *params: str) -> None:
        """Send any command and do not care for an answer: that comes as events."""
        await self._put(irc.serialize(irc.Message(command=command, params=params)))

    async def barrier(self) -> None:
        """Return when the server has dealt with everything sent so far (a PING and its PONG)."""
        token = self._token()
        receipt = UntilPong(token, timeout=self.timeout)
        await self._open(receipt, irc.frame(f"PING {token}"))
        await receipt.wait()

    async def quit(self, reason: str = "") -> None:
        """Say goodbye; return when the connection is closed, by us where the server is slow.

        Everything said before has been sent then. Never raises: there is nothing to be done.
        """
        self._quitting = True
        with trio.move_on_after(_CLOSING):
            with suppress(ChatError):
                await self.send("QUIT", *([one_line(reason)] if reason else []))
            await self._ended.wait()
        if self.connected:
            await trio.aclose_forcefully(self._stream)
            await self._ended.wait()

    def __aiter__(self) -> Chat:
        return self

    async def __anext__(self) -> Event:
        event = await self._events.get()
        if event is not None:
            return event
        if self._quitting:
            raise StopAsyncIteration
        raise ConnectionLost(self._reason)

    # Out.

    @property
    def _labels(self) -> bool:
        return "labeled-response" in self._registration.capabilities.enabled

    @property
    def _echoes(self) -> bool:
        return "echo-message" in self._registration.capabilities.enabled

    def _token(self) -> str:
        return f"trio{next(self._numbers)}"

    async def _put(self, line: bytes) -> None:
        if self._ended.is_set():
            await trio.lowlevel.checkpoint()
            raise ConnectionLost(self._reason)
        try:
            with trio.fail_after(self.timeout):
                await self._outgoing.put(line)
        except trio.TooSlowError:
            raise NoAnswer(f"the server reads nothing for {self.timeout:g} seconds") from None
        except trio.BrokenResourceError:
            # The writer has ended. The reader may still find out why: the writer gives it time.
            await self._ended.wait()
            raise ConnectionLost(self._reason) from None

    async def _send_request(self, receipt: Receipt, command: str, *params: str) -> None:
        tags = irc.NO_TAGS
        if self._labels:
            receipt.label = self._token()
            tags = {"label": receipt.label}
        await self._open(
            receipt, irc.serialize(irc.Message(command=command, params=params, tags=tags))
        )

    async def _send_with_barrier(
        self,
        command: str,
        *params: str,
        keeps_replies: bool = False,
        said: irc.Message | None = None,
    ) -> Receipt:
        token = self._token()
        receipt = UntilPong(
            token,
            timeout=self.timeout,
            claims_errors=True,
            keeps_replies=keeps_replies,
            said=said,
        )
        line = irc.serialize(irc.Message(command=command, params=params))
        # In one piece, so that no other task's line comes between the two.
        await self._open(receipt, line + irc.frame(f"PING {token}"))
        return receipt

    async def _open(self, receipt: Receipt, data: bytes) -> None:
        try:
            with trio.fail_after(self.timeout):
                await self._requests.open(receipt)
        except trio.TooSlowError:
            raise NoAnswer(f"no answer from the server in {self.timeout:g} seconds") from None
        try:
            await self._put(data)
        except BaseException:
            receipt.finish(NoAnswer("it was not sent"))
            raise

    def _pieces(self, command: str, target: str, text: str, spare: int = 0) -> list[str]:
        check_name(target)
        # Others get it with our prefix in front; the server may add `~` to the user name.
        head = f":{self.nick}!~{self._username}@ {command} {target} :"
        return phrase(text, head, reserve=self.support.host_length + spare)

    async def _say_pieces(
        self, command: str, target: str, text: str, *, before: str = "", after: str = ""
    ) -> None:
        spare = len(before + after)
        receipts: list[Receipt] = []
        try:
            for piece in self._pieces(command, target, text, spare):
                receipts.append(await self._post(f"{before}{piece}{after}", command, target))
                # A refusal ends a long text early.
                while receipts and receipts[0].answered:
                    await receipts.pop(0).wait()
            for receipt in receipts:
                await receipt.wait()
        finally:
            for receipt in receipts:
                receipt.finish(NoAnswer("it was not waited for"))

    async def _post(self, text: str, command: str, target: str) -> Receipt:
        said = None
        if self._own_messages and not self._echoes:
            said = irc.Message(command=command, params=(target, text), source=self.nick)
        if not self._labels and not self._echoes:
            return await self._send_with_barrier(command, target, text, said=said)
        receipt = Receipt(timeout=self.timeout, said=said)
        if not self._labels:
            receipt = UntilEcho(command, target, support=self.support, timeout=self.timeout)
        await self._send_request(receipt, command, target, text)
        return receipt

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
        self._reason = self._last_words or self._reason or "the server closed the connection"
        self._ended.set()
        self._welcomed.set()
        self._requests.fail_all(self._reason)
        self._events.end()

    async def _write(self, connection: trio.CancelScope) -> None:
        try:
            await self._outgoing.run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._reason = "the connection broke"
            # The server's last words may still be on their way to us.
            await trio.sleep(_CLOSING)
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
                self._reason = f"the server has been silent for {now - self._heard:.0f} seconds"
                connection.cancel()
                return
            asked = now
            self._outgoing.put_urgent(irc.frame("PING keep-alive"))

    async def _read(self) -> None:
        buffer = LineBuffer(LONGEST_LINE)
        try:
            while data := await self._stream.receive_some(_READ):
                self._heard = trio.current_time()
                for line in buffer.feed(bytes(data)):
                    message = parse_leniently(line)
                    if message is not None:
                        await self._take(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._reason = self._reason or "the connection broke"

    async def _take(self, message: irc.Message) -> None:
        command = message.command
        if command == "PING":
            self._answer(irc.Message(command="PONG", params=message.params))
            return
        if command == "CAP":
            self._answer(*self._registration.capabilities.take(message.params))
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
        context = self._context(history=self._requests.in_history(message))
        receipt = self._requests.take(message, mine=mine)
        if command == "NICK" and receipt is not None and not mine:
            # InspIRCd's labelled answer comes from our new nickname already.
            message = msgspec.structs.replace(message, source=self.nick)
            mine = True
        self._learn(message, mine)
        if receipt is not None and receipt.taken and receipt.said is not None:
            await self._tell(event_of(receipt.said, context))
        # Whoever asked is told; but what happened to others too is an event in any case.
        reply = command.isdigit() or command == "FAIL"
        if receipt is not None and reply and (receipt.keeps_replies or refusal_of(message)):
            return
        await self._tell(event_of(message, context))

    async def _tell(self, event: Event | None) -> None:
        if event is None:
            return
        if isinstance(event, Message | Notice) and event.own and not self._own_messages:
            return
        await self._events.put(event)

    def _answer(self, *messages: irc.Message) -> None:
        self._outgoing.put_urgent(b"".join(map(irc.serialize, messages)))

    def _context(self, *, history: bool) -> Context:
        return Context(
            now=dt.datetime.now(dt.UTC), nick=self.nick, support=self.support, history=history
        )

    def _learn(self, message: irc.Message, mine: bool) -> None:
        """Keep track of our nickname, our rooms and the kind of server."""
        command, params = message.command, message.params
        if command == "005":
            self.support.take(params)
        elif command == "JOIN" and mine and params:
            self._rooms[self.support.fold(params[0])] = params[0]
        elif (command == "PART" and mine and params) or (
            command == "KICK" and len(params) > 1 and self.is_me(params[1])
        ):
            self._rooms.pop(self.support.fold(params[0]), None)
        elif command == "NICK" and mine and params:
            self._registration.nick = params[0]

    # For `connection`.

    async def welcomed(self) -> None:
        """Return when the server has registered us. Raises `Refused` or `ConnectionLost`."""
        await self._welcomed.wait()
        if self._refusal is not None:
            raise self._refusal
        if not self._registration.registered:
            raise ConnectionLost(self._reason)

    async def farewell(self) -> None:
        """Say goodbye where `run` was cancelled, before the stream is closed.

        Raises what the stream's `send_all` raises.
        """
        if not self._hung_up and not self._outgoing.broken:
            await self._stream.send_all(b"QUIT\r\n")

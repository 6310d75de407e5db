"""A conversation with a server: the calls that a program makes.

The calls run in the caller's tasks, so that any number of tasks may use one `Chat`. They go out on
the connection that there is (`succession`), and wait where there will be another one. Every call
that waits for a server that is there has a deadline. What has been said is sent once, whatever
becomes of the connection.
"""

from __future__ import annotations

from contextlib import suppress

import trio

from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer, Refused
from trio_chat.client.events import Event, Message, Notice
from trio_chat.client.interpretation import CTCP
from trio_chat.client.link import CLOSING, Link
from trio_chat.client.phrasing import check_name, one_line, phrase
from trio_chat.client.requests import Receipt, UntilEcho, UntilPong
from trio_chat.client.resuming import latest
from trio_chat.client.succession import Succession
from trio_chat.wire import irc


class Chat:
    """A conversation with one server, as `connect` gives it out.

    `async for event in chat` yields what happens. It ends after `quit`, and raises `ConnectionLost`
    when the connection ends in any other way and no other one is to take its place.
    """

    def __init__(self, connections: Succession, *, username: str) -> None:
        self.support = connections.support
        """What kind of server this is."""
        self.timeout = connections.timeout
        """Seconds that the server has for each answer."""
        self._connections = connections
        self._username = username

    # What is so now.

    @property
    def nick(self) -> str:
        """Our nickname."""
        return self._connections.link.nick

    @property
    def rooms(self) -> frozenset[str]:
        """The rooms that we are in."""
        return frozenset(self._connections.link.rooms.values())

    @property
    def capabilities(self) -> frozenset[str]:
        """The IRCv3 capabilities that the connection has."""
        return self._connections.link.capabilities

    @property
    def connected(self) -> bool:
        """Whether there is a connection just now."""
        link = self._connections.link
        return link.registered and not link.ended

    def is_me(self, nick: str) -> bool:
        """Whether a nickname is ours, as the server compares nicknames."""
        return self._connections.link.is_me(nick)

    def is_in(self, room: str) -> bool:
        """Whether we are in a room."""
        return self._connections.link.is_in(room)

    # What a program does.

    async def join(self, room: str, key: str = "") -> None:
        """Enter a room; return when we are in it. Does nothing when we are already.

        Raises `Refused` with the server's reason, `NoAnswer` or `ConnectionLost`.
        """
        check_name(room)
        if not self.support.room_of(room):
            types = " or ".join(self.support.channel_types)
            raise Refused(f"{room}: rooms of this server begin with {types}", "CHANTYPES")
        while True:
            link = await self._connections.current()
            if link.is_in(room):
                return
            self._connections.keys[self.support.fold(room)] = key
            try:
                await link.join(room, key)
            except ConnectionLost:
                # Entering twice does no harm.
                if not self._connections.comes_back:
                    raise
            else:
                return
            finally:
                self._connections.keys.pop(self.support.fold(room), None)

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
        perhaps some after it, have been said then. With `reconnect`, what became of a message
        whose answer was lost with the connection is found out on the next one: then `say` returns
        as if nothing had been, or raises `NotSaid`, or `ConnectionLost` where it can not be known.
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
        self._connections.nick = nick

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

    async def history(
        self, target: str, count: int = 50, *, unseen: bool = False
    ) -> list[Message | Notice]:
        """Read the last messages of a room, or with a person, `count` at most, oldest first.

        With `unseen`, without those that were events already or have been read so before. Raises
        `Refused` when the server has no history (draft/chathistory) or not for us, or as `request`
        does.
        """
        check_name(target)
        found = await latest(await self._connections.current(), target, count)
        return self._connections.unseen(found) if unseen else found

    async def request(self, command: str, *params: str) -> list[irc.Message]:
        """Send any command; return the server's replies to it, which are then no events.

        Without labeled-response the replies are the numerics that come before the answer to a
        PING sent behind the command; others that happen to come just then are among them.

        Raises `Refused` when one of the replies is an error, `NoAnswer` or `ConnectionLost`, and
        `ValueError` for parameters that no line can hold.
        """
        link = await self._connections.current()
        if link.labels:
            receipt = Receipt(timeout=self.timeout, keeps_replies=True)
            await link.ask(receipt, command, *params)
        else:
            receipt = await self._send_with_barrier(link, command, *params, keeps_replies=True)
        return await receipt.wait()

    async def send(self, command: str, *params: str) -> None:
        """Send any command and do not care for an answer: that comes as events."""
        line = irc.serialize(irc.Message(command=command, params=params))
        await (await self._connections.current()).put(line)

    async def barrier(self) -> None:
        """Return when the server has dealt with everything sent so far (a PING and its PONG)."""
        link = await self._connections.current()
        token = link.token()
        receipt = UntilPong(token, timeout=self.timeout)
        await link.open(receipt, irc.frame(f"PING {token}"))
        await receipt.wait()

    async def quit(self, reason: str = "") -> None:
        """Say goodbye; return when the connection is closed, by us where the server is slow.

        Everything said before has been sent then. Never raises: there is nothing to be done.
        """
        self._connections.quitting = True
        link = self._connections.link
        self._connections.give_up()
        goodbye = irc.Message(command="QUIT", params=(one_line(reason),) if reason else ())
        with trio.move_on_after(CLOSING):
            with suppress(ChatError):
                await link.put(irc.serialize(goodbye))
            await self._connections.ended.wait()
        if not self._connections.ended.is_set():
            await trio.aclose_forcefully(link.stream)
            await self._connections.ended.wait()

    def __aiter__(self) -> Chat:
        return self

    async def __anext__(self) -> Event:
        event = await self._connections.events.get()
        if event is not None:
            return event
        if self._connections.quitting:
            raise StopAsyncIteration
        raise self._connections.why()

    # Out.

    async def _send_with_barrier(
        self,
        link: Link,
        command: str,
        *params: str,
        keeps_replies: bool = False,
        said: irc.Message | None = None,
    ) -> Receipt:
        token = link.token()
        receipt = UntilPong(
            token,
            timeout=self.timeout,
            claims_errors=True,
            keeps_replies=keeps_replies,
            said=said,
            tells=True,
        )
        line = irc.serialize(irc.Message(command=command, params=params))
        # In one piece, so that no other task's line comes between the two.
        await link.open(receipt, line + irc.frame(f"PING {token}"))
        return receipt

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
        while True:
            link = await self._connections.current()
            try:
                return await self._post_on(link, text, command, target)
            except ConnectionLost:
                # Nothing was sent.
                if not self._connections.comes_back:
                    raise

    async def _post_on(self, link: Link, text: str, command: str, target: str) -> Receipt:
        said = None
        if link.echoes or self._connections.own_messages:
            said = irc.Message(command=command, params=(target, text), source=link.nick)
        if not link.labels and not link.echoes:
            return await self._send_with_barrier(link, command, target, text, said=said)
        receipt = Receipt(timeout=self.timeout, said=said, tells=not link.echoes)
        if not link.labels:
            receipt = UntilEcho(
                command, target, support=self.support, timeout=self.timeout, said=said
            )
        await link.ask(receipt, command, target, text)
        return receipt

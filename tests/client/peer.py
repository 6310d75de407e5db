"""A server for the tests of the client: the other end of a stream, which a test can script.

`Peer.receive` and `Peer.send` play it line by line. `Peer.serve` plays a small server with one
user, so that a test need not; which capabilities it has, and so how it answers, is up to the
test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Unpack

import trio
from trio.testing import memory_stream_pair

from trio_chat.client import Chat, connect_over
from trio_chat.client.connection import Options
from trio_chat.wire import irc
from trio_chat.wire.lines import LineBuffer

LABELS = "batch labeled-response echo-message message-tags server-time"
ECHOES = "echo-message"


class Peer:
    """One connection, seen from the server. `capabilities` are those it offers."""

    def __init__(self, stream: trio.abc.Stream, capabilities: str = "") -> None:
        self.stream = stream
        self.capabilities = capabilities
        self.nick = "me"
        self.password = ""
        """The password that the client came with."""
        self.login = ""
        """What the client has said to log in, in Base64 (SASL PLAIN)."""
        self.refuses_login = False
        self.unwelcome = ""
        """The line that answers the registration instead of the welcome."""
        self.refuse: dict[str, str] = {}
        """Command → the line that answers it instead."""
        self.mute: set[str] = set()
        """Commands that are not answered."""
        self._sending = trio.Lock()
        self._buffer = LineBuffer(10_000)
        self._lines: list[str] = []
        self._heard: list[str] = []
        self._news = trio.Event()

    async def send(self, *lines: str) -> None:
        async with self._sending:
            await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def receive(self) -> str:
        """Return the client's next line; an empty one when it has closed the connection."""
        while not self._lines:
            data = await self.stream.receive_some(4096)
            if not data:
                return ""
            self._lines += [line.decode() for line in self._buffer.feed(bytes(data))]
        return self._lines.pop(0)

    async def expect(self, *expected: str) -> None:
        for line in expected:
            assert await self.receive() == line

    async def register(self) -> None:
        """Play the registration; the client must come with its first lines."""
        assert await self.receive() == "CAP LS 302"
        await self.send(f":s CAP * LS :{self.capabilities}")
        while True:
            line = await self.receive()
            if line.startswith("CAP REQ :"):
                await self.send(f":s CAP * ACK :{line.removeprefix('CAP REQ :')}")
            elif line.startswith("NICK "):
                self.nick = line.removeprefix("NICK ")
            elif line.startswith("PASS "):
                self.password = irc.parse(line.encode()).params[0]
            elif line.startswith("CAP REQ "):
                await self.send(f":s CAP * ACK {line.removeprefix('CAP REQ ')}")
            elif line == "AUTHENTICATE PLAIN":
                await self.send("AUTHENTICATE +")
            elif line.startswith("AUTHENTICATE "):
                self.login = line.removeprefix("AUTHENTICATE ")
                await self.send(":s 904 * :No" if self.refuses_login else ":s 903 * :Yes")
            elif not line or line == "CAP END":
                break
        if self.unwelcome:
            await self.send(self.unwelcome)
            return
        await self.send(
            f":s 001 {self.nick} :Welcome",
            f":s 005 {self.nick} CASEMAPPING=ascii CHANTYPES=# PREFIX=(ov)@+ :are supported",
        )

    async def say(self, nick: str, text: str, target: str = "#lobby") -> None:
        await self.send(f":{nick}!{nick}@host PRIVMSG {target} :{text}")

    async def heard(self, wanted: str) -> None:
        """Wait until `serve` has had a line, labels not counted, and has answered it."""
        while wanted not in self._heard:
            self._news = trio.Event()
            await self._news.wait()

    async def serve(self) -> None:
        """Answer everything until the client has gone."""
        try:
            await self.register()
            while line := await self.receive():
                message = irc.parse(line.encode())
                await self._answer(message)
                self._heard.append(line.partition(" ")[2] if line[0] == "@" else line)
                self._news.set()
                if message.command == "QUIT" and "QUIT" not in self.mute:
                    break
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            # The client has gone, or the test has cut the connection.
            pass
        finally:
            await trio.aclose_forcefully(self.stream)

    async def _answer(self, message: irc.Message) -> None:
        if message.command in self.mute:
            return
        tag = f"@label={message.tags['label']} " if "label" in message.tags else ""
        if message.command in self.refuse:
            await self.send(f"{tag}{self.refuse[message.command]}")
            return
        answer = _ANSWERS.get(message.command)
        lines = answer(self, message.params) if answer is not None else []
        if tag and not lines:
            await self.send(f"{tag}:s ACK")
        elif tag and len(lines) > 1:
            inside = [f"@batch=b {line}" for line in lines]
            await self.send(f"{tag}:s BATCH +b labeled-response", *inside, ":s BATCH -b")
        else:
            await self.send(*(f"{tag}{line}" for line in lines))

    @property
    def source(self) -> str:
        return f":{self.nick}!user@host"

    def _text(self, command: str, params: tuple[str, ...]) -> list[str]:
        if "echo-message" not in self.capabilities:
            return []
        return [f"{self.source} {command} {params[0]} :{params[1]}"]

    def _privmsg(self, params: tuple[str, ...]) -> list[str]:
        return self._text("PRIVMSG", params)

    def _notice(self, params: tuple[str, ...]) -> list[str]:
        return self._text("NOTICE", params)

    def _join(self, params: tuple[str, ...]) -> list[str]:
        return [f"{self.source} JOIN {params[0]}", *self._names(params)]

    def _names(self, params: tuple[str, ...]) -> list[str]:
        return [
            f":s 353 {self.nick} = {params[0]} :@bob {self.nick}",
            f":s 366 {self.nick} {params[0]} :End of /NAMES list",
        ]

    def _list(self, params: tuple[str, ...]) -> list[str]:
        return [
            f":s 321 {self.nick} Channel :Users  Name",
            f":s 322 {self.nick} #cats 2 :",
            f":s 322 {self.nick} #lobby 12 :Tea \x02at\x02 four",
            f":s 323 {self.nick} :End of LIST",
        ]

    def _whois(self, params: tuple[str, ...]) -> list[str]:
        return [
            f":s 311 {self.nick} Bob bob host * :Bob B.",
            f":s 318 {self.nick} Bob :End of WHOIS list",
        ]

    def _away(self, params: tuple[str, ...]) -> list[str]:
        return [f":s {306 if params else 305} {self.nick} :Marked"]

    def _part(self, params: tuple[str, ...]) -> list[str]:
        return [f"{self.source} PART {params[0]}"]

    def _topic(self, params: tuple[str, ...]) -> list[str]:
        if len(params) == 1:
            return [f":s 332 {self.nick} {params[0]} :cats"]
        return [f"{self.source} TOPIC {params[0]} :{params[1]}"]

    def _nick(self, params: tuple[str, ...]) -> list[str]:
        line = f"{self.source} NICK {params[0]}"
        self.nick = params[0]
        return [line]

    def _ping(self, params: tuple[str, ...]) -> list[str]:
        return [f":s PONG s :{params[0]}"]

    def _quit(self, params: tuple[str, ...]) -> list[str]:
        return ["ERROR :Closing link (Quit)"]


_ANSWERS: dict[str, Callable[[Peer, tuple[str, ...]], list[str]]] = {
    "PRIVMSG": Peer._privmsg,
    "NOTICE": Peer._notice,
    "JOIN": Peer._join,
    "NAMES": Peer._names,
    "LIST": Peer._list,
    "WHOIS": Peer._whois,
    "AWAY": Peer._away,
    "PART": Peer._part,
    "TOPIC": Peer._topic,
    "NICK": Peer._nick,
    "PING": Peer._ping,
    "QUIT": Peer._quit,
}


@asynccontextmanager
async def conversation(
    capabilities: str = "", *, nick: str = "me", serve: bool = True, **options: Unpack[Options]
) -> AsyncIterator[tuple[Chat, Peer]]:
    """Connect a client with a peer, in memory. With `serve` that answers; else the test does."""
    ours, theirs = memory_stream_pair()
    peer = Peer(theirs, capabilities)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.serve if serve else peer.register)
        async with connect_over(ours, nick=nick, **options) as chat:
            yield chat, peer
            if not serve:
                await trio.aclose_forcefully(theirs)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def loopback(
    capabilities: str = LABELS,
    *,
    unwelcome: str = "",
    refuses_login: bool = False,
    host: str = "127.0.0.1",
) -> AsyncIterator[tuple[int, Callable[[], Peer]]]:
    """Serve on a real port; gives it, and a function for the peer that connected last."""
    peers: list[Peer] = []

    async def serve(stream: trio.SocketStream) -> None:
        peer = Peer(stream, capabilities)
        peer.unwelcome = unwelcome
        peer.refuses_login = refuses_login
        peers.append(peer)
        await peer.serve()

    (listener,) = await trio.open_tcp_listeners(0, host=host)
    port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield port, lambda: peers[-1]
        nursery.cancel_scope.cancel()

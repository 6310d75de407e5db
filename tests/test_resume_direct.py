"""What is said between two while the way to a server of ours is cut: nothing lost, nothing twice,
whatever they are called.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.served import PATIENCE, Served, served
from trio_chat.client import (
    Chat,
    ConnectionLost,
    Event,
    Gap,
    Message,
    NotSaid,
    Reconnected,
    Refused,
    connect,
    connect_over,
)

PASSWORD = "correct-horse-battery"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as process:
        for name in ("al", "bob"):
            client = process.irc(name)
            client.send(f"REGISTER * * :{PASSWORD}")
            client.until("REGISTER SUCCESS")
            client.send("QUIT")
            client.until("ERROR")
        yield process


class Way(trio.abc.Stream):
    """A connection that breaks when something certain is said: before the server has it ("lost"),
    or so that no answer comes back ("kept")."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._deaf = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if b" lost" in bytes(data):
            await trio.aclose_forcefully(self._stream)
            raise trio.BrokenResourceError
        self._deaf = self._deaf or b" kept" in bytes(data)
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        while data and self._deaf:
            data = await self._stream.receive_some(max_bytes)
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


class Ways:
    """How al comes to the server. While they are closed there is none."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = trio.Event()
        self._open.set()
        self._latest: Way | None = None

    async def __call__(self) -> trio.abc.Stream:
        await self._open.wait()
        self._latest = Way(await trio.open_tcp_stream("127.0.0.1", self._port))
        return self._latest

    async def cut(self) -> None:
        """Break the connection, and have no other one until `restore`."""
        self._open = trio.Event()
        assert self._latest is not None
        await trio.aclose_forcefully(self._latest)

    def restore(self) -> None:
        self._open.set()


@asynccontextmanager
async def returning(ways: Ways, account: str = "al") -> AsyncIterator[Chat]:
    """Have al there, who comes back."""
    async with connect_over(
        await ways(),
        nick="al",
        account=account,
        account_password=PASSWORD if account else "",
        alternatives=True,
        own_messages=True,
        reopen=ways,
        timeout=PATIENCE,
    ) as chat:
        yield chat


def as_bob(server: Served, nick: str = "bob") -> AbstractAsyncContextManager[Chat]:
    """Return a client of bob's account."""
    return connect(
        "127.0.0.1",
        server.port,
        nick=nick,
        account="bob",
        account_password=PASSWORD,
        timeout=PATIENCE,
    )


async def until(chat: Chat, text: str) -> list[Event]:
    """Return the events up to a message."""
    found: list[Event] = []
    with trio.fail_after(PATIENCE):
        async for event in chat:
            found.append(event)
            if isinstance(event, Message) and event.text == text:
                return found
    raise AssertionError("the events ended")


def said(events: list[Event]) -> list[tuple[str, str]]:
    """Return who said what; fail where something may be missing."""
    assert not any(isinstance(event, Gap) for event in events)
    return [(event.nick, event.text) for event in events if isinstance(event, Message)]


async def test_a_client_that_is_not_called_as_its_account(server: Served) -> None:
    ways = Ways(server.port)
    async with returning(ways) as al, as_bob(server) as bob, as_bob(server, "phone") as phone:
        assert phone.nick == "phone"
        await phone.say("al", "one")
        found = await until(al, "one")
        await ways.cut()
        await phone.say("al", "two")
        await bob.say("al", "three")
        ways.restore()
        found += await until(al, "three")
        await phone.say(al.nick, "four")
        found += await until(al, "four")
        assert said(found) == [
            ("phone", "one"),
            ("phone", "two"),
            ("bob", "three"),
            ("phone", "four"),
        ]


@pytest.mark.parametrize("account", [False, True])
async def test_somebody_who_changes_their_nickname(server: Served, account: bool) -> None:
    ways = Ways(server.port)
    guest = connect("127.0.0.1", server.port, nick="gus", timeout=PATIENCE)
    async with returning(ways) as al, as_bob(server) if account else guest as other:
        first = other.nick
        await other.say("al", "one")
        found = await until(al, "one")
        await other.change_nick("robert")
        await other.say("al", "two")
        found += await until(al, "two")
        await ways.cut()
        await other.say("al", "three")
        await other.change_nick("rob")
        await other.say("al", "four")
        ways.restore()
        found += await until(al, "four")
        await other.say(al.nick, "five")
        found += await until(al, "five")
        names = [first, "robert", "robert", "rob", "rob"]
        assert said(found) == list(zip(names, ("one", "two", "three", "four", "five"), strict=True))


async def test_what_we_have_said_on_another_client(server: Served) -> None:
    ways = Ways(server.port)
    async with (
        returning(ways) as al,
        connect(
            "127.0.0.1",
            server.port,
            nick="al-phone",
            account="al",
            account_password=PASSWORD,
            timeout=PATIENCE,
        ) as phone,
        as_bob(server) as bob,
    ):
        await bob.say("al", "one")
        found = await until(al, "one")
        await ways.cut()
        await phone.say("bob", "two")
        await bob.say("al", "three")
        ways.restore()
        found += await until(al, "three")
        messages = [event for event in found if isinstance(event, Message)]
        assert [(event.text, event.own) for event in messages] == [
            ("one", False),
            ("two", True),
            ("three", False),
        ]
        assert (messages[1].target, messages[1].history) == ("bob", True)
        kept = await al.history("bob")
        assert [(event.text, event.own) for event in kept] == [
            ("one", False),
            ("two", True),
            ("three", False),
        ]
        assert await al.history("bob", unseen=True) == []


async def test_what_is_said_to_one_person_as_the_connection_breaks(server: Served) -> None:
    ways = Ways(server.port)
    async with returning(ways) as al, as_bob(server) as bob:
        await al.say("bob", "first")
        with pytest.raises(NotSaid):
            await al.say("bob", "this is lost")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(al.say, "bob", "this is kept")
            heard = said(await until(bob, "this is kept"))
            await ways.cut()
            ways.restore()
        await al.say("bob", "last")
        heard += said(await until(bob, "last"))
        assert [text for _, text in heard] == ["first", "this is kept", "last"]
        found = said(await until(al, "last"))
        assert [text for _, text in found] == ["first", "this is kept", "last"]


async def test_without_an_account_it_can_not_be_known(server: Served) -> None:
    ways = Ways(server.port)
    async with returning(ways, account="") as al, as_bob(server) as bob:
        await al.say("bob", "first")
        with pytest.raises(ConnectionLost) as caught:
            await al.say("bob", "this is lost")
        assert not isinstance(caught.value, NotSaid)
        await al.say("bob", "last")
        assert [text for _, text in said(await until(bob, "last"))] == ["first", "last"]


async def test_whoever_comes_back_is_logged_in_again(server: Served) -> None:
    ways = Ways(server.port)
    async with returning(ways) as al:
        for _ in range(2):
            replies = await al.request("WHOIS", al.nick)
            assert [reply.params[2] for reply in replies if reply.command == "330"] == ["al"]
            await ways.cut()
            ways.restore()
            with trio.fail_after(PATIENCE):
                async for event in al:
                    if isinstance(event, Reconnected):
                        break


async def test_a_wrong_password(server: Served) -> None:
    with pytest.raises(Refused) as caught:
        async with connect(
            "127.0.0.1", server.port, nick="al", account="al", account_password="wrong"
        ):
            pytest.fail("logged in")
    assert caught.value.code == "904"

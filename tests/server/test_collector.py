"""The collector's own rules, and that nothing which clients do makes work for it."""

from __future__ import annotations

import contextlib
import gc
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import TypeAlias

import argon2
import pytest
import structlog.testing
import trio
import trio.testing

import trio_chat
from tests.certificates import client_context
from tests.server.test_run import (
    PLAIN,
    Running,
    eventually,
    read_all,
    read_until,
    running,
    tls_text,
)
from tests.server.web.frames import close, frame
from trio_chat.config import Config, Listener, TcpAddress
from trio_chat.server.collector import GROWTH, WORK, Collector
from trio_chat.server.errors import StartError
from trio_chat.server.run import serve

OURS = str(Path(trio_chat.__file__).parent)


class Knot:
    """Something that can refer to itself, and be referred to weakly."""

    def __init__(self) -> None:
        self.end: Knot | None = None


def knotted() -> Knot:
    """Something that only a look finds once it is dropped."""
    knot = Knot()
    knot.end = knot
    return knot


@pytest.fixture(autouse=True)
def _nothing_frozen_before() -> Iterator[None]:
    """Begin and end with a collector that looks at everything, at once when it is asked."""
    # A full collection of Python 3.12 freezes what is immortal; there may have been one before.
    gc.unfreeze()
    assert gc.isenabled()
    yield
    assert gc.isenabled()
    gc.set_debug(0)
    gc.garbage.clear()


# --- Its rules


@pytest.mark.parametrize("enabled", [True, False])
def test_settings_are_put_back(enabled: bool) -> None:
    if not enabled:
        gc.disable()
    try:
        with contextlib.suppress(KeyError), Collector():
            assert not gc.isenabled()
            assert gc.get_freeze_count()
            raise KeyError
        assert gc.isenabled() == enabled
        assert not gc.get_freeze_count()
    finally:
        gc.enable()


def test_a_cycle_goes_with_the_next_look_that_is_due() -> None:
    with Collector() as collector:
        collector.part_with(knotted())
        collector.look(WORK - 1)
        assert collector.remains == 1
        collector.look(1)
        assert collector.remains == 0
        # And it is counted anew.
        collector.part_with(knotted())
        collector.look(WORK - 1)
        assert collector.remains == 1


def test_a_look_is_due_when_there_is_more_than_before() -> None:
    with Collector() as collector:
        collector.part_with(knotted())
        # A few more than half: Python keeps some that were dropped, which are not counted again.
        half = GROWTH // 2 + 100
        more: list[list[object]] = [[] for _ in range(half)]
        collector.look(0)
        assert collector.remains == 1
        more += [[] for _ in range(half)]
        collector.look(0)
        assert collector.remains == 0


def test_what_stays_is_looked_at_once() -> None:
    with Collector() as collector:
        knot = knotted()
        collector.look(WORK)
        assert not any(one is knot for one in gc.get_objects())
        collector.part_with(knot)
        del knot
        collector.look(WORK)
        assert collector.remains == 1
    gc.collect()
    assert collector.remains == 0


def test_too_much_at_once_is_not_looked_at() -> None:
    with Collector(most=100) as collector:
        collector.part_with(knotted())
        more: list[list[object]] = [[] for _ in range(101)]
        collector.look(WORK)
        assert collector.remains == 1
        assert not any(one is more for one in gc.get_objects())
        # But the next, which are few.
        collector.part_with(knotted())
        collector.look(WORK)
        assert collector.remains == 1


def test_nor_is_what_has_taken_the_place_of_as_much() -> None:
    with Collector(most=100) as collector:
        things: list[list[object]] = [[] for _ in range(101)]
        collector.look(WORK)
        collector.part_with(knotted())
        for place in range(101):
            things[place] = []
        assert gc.get_count()[0] < 100
        collector.look(WORK)
        assert collector.remains == 1


def test_what_should_be_gone_is_looked_for_everywhere() -> None:
    with Collector(remains=3) as collector, structlog.testing.capture_logs() as logs:
        knots = [knotted() for _ in range(3)]
        collector.look(WORK)
        for knot in knots[:2]:
            collector.part_with(knot)
        collector.look(WORK)
        assert not logs
        collector.part_with(knots[2])
        del knot, knots[1:]
        collector.look(WORK)
        assert collector.remains == 1
        assert [(log["before"], log["after"]) for log in logs] == [(3, 1)]
        # What it has left is frozen again.
        assert not any(one is knots[0] for one in gc.get_objects())


def test_once_it_is_found_nobody_looks_for_it_again() -> None:
    with Collector(remains=1) as collector, structlog.testing.capture_logs() as logs:
        knot = knotted()
        collector.look(WORK)
        collector.part_with(knot)
        del knot
        for _ in range(2):
            collector.look(WORK)
            assert [(log["before"], log["after"]) for log in logs] == [(1, 0)]


def test_what_is_still_needed_is_not_looked_for_again_and_again() -> None:
    with Collector(remains=3) as collector, structlog.testing.capture_logs() as logs:
        knots = [knotted() for _ in range(6)]
        for knot in knots[:4]:
            collector.part_with(knot)
        collector.look(WORK)
        assert len(logs) == 1
        for knot in knots[4:]:
            collector.part_with(knot)
        collector.look(WORK)
        assert len(logs) == 1
        more = [Knot(), Knot()]
        for knot in more:
            collector.part_with(knot)
        collector.look(WORK)
        assert [log["after"] for log in logs] == [4, 8]


def test_what_goes_by_itself_does_not_remain() -> None:
    with Collector(remains=1) as collector, structlog.testing.capture_logs() as logs:
        for _ in range(10):
            collector.part_with(Knot())
        assert collector.remains == 0
        collector.look(WORK)
        assert not logs


def test_looks_are_measured() -> None:
    with Collector(remains=1) as collector:
        collector.look(WORK - 1)
        assert collector.young.count == collector.full.count == 0
        collector.look(1)
        assert collector.young.count == 1
        knot = knotted()
        collector.look(WORK)
        collector.part_with(knot)
        collector.look(WORK)
        assert (collector.young.count, collector.full.count) == (3, 1)
        assert collector.full.sum > 0


async def test_a_server_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async with running(tmp_path, PLAIN):
        assert not gc.isenabled()
        assert gc.get_freeze_count()
    assert gc.isenabled()
    assert not gc.get_freeze_count()


async def test_so_does_one_that_can_not_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = TcpAddress("127.0.0.1", taken.getsockname()[1])
        config = Config(listeners=(Listener(address=address),))
        with pytest.raises(StartError):
            await serve(config, reload=lambda: config)
    assert gc.isenabled()
    assert not gc.get_freeze_count()


# --- Nothing to do for it


def is_ours(thing: object) -> bool:
    """Whether something is of our making, or a run of our code."""
    if isinstance(thing, MethodType):
        thing = thing.__func__
    if isinstance(thing, FunctionType):
        code = thing.__code__
    elif isinstance(thing, FrameType):
        code = thing.f_code
    elif isinstance(thing, CoroutineType):
        code = thing.cr_code
    elif isinstance(thing, GeneratorType):
        code = thing.gi_code
    else:
        return type(thing).__module__.startswith("trio_chat.")
    return code.co_filename.startswith(OURS)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Put into a list, at the end, what of ours is left that only the collector finds.

    Only what is made meanwhile is looked at: all that was there before is frozen, and the server
    freezes nothing itself.
    """
    found: list[str] = []
    gc.freeze()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gc, "freeze", lambda: None)
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            yield found
            gc.collect()
            found += [repr(thing)[:200] for thing in gc.garbage if is_ours(thing)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()


TIMES = 3
"""Of everything, so that what is kept until the next one comes does not count for all."""
PASSWORD = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("sesame")
OPERATORS = f'[[operators]]\nname = "boss"\npassword = "{PASSWORD}"\n'
ALL_CAPS = "batch message-tags echo-message labeled-response draft/multiline server-time"


class Client:
    """One connection, which is told what to say and what comes then."""

    def __init__(self, name: str, sock: trio.SocketStream, stream: trio.abc.Stream) -> None:
        self.name = name
        self.stream = stream
        self._sock = sock

    async def ask(self, until: str, *lines: str) -> None:
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())
        await read_until(self.stream, until.encode())

    async def register(self, *more: str) -> None:
        await self.ask(" 422 ", *more, f"NICK {self.name}", "USER x 0 * :x")

    def hang_up(self) -> None:
        self._sock.socket.close()

    def reset(self) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.socket.close()


async def connect(it: Running, name: str, *, tls: bool = False) -> Client:
    sock = await it.connect()
    if not tls:
        return Client(name, sock, sock)
    stream = trio.SSLStream(sock, client_context(), server_hostname="irc.test")
    await stream.do_handshake()
    return Client(name, sock, stream)


async def nothing_said(client: Client) -> None:
    client.hang_up()


async def half_a_line(client: Client) -> None:
    await client.stream.send_all(b"NICK some")
    client.hang_up()


async def something_else(client: Client) -> None:
    await client.ask("ERROR", "x" * 600)
    client.hang_up()


async def a_page(client: Client) -> None:
    await client.ask("</html>", "GET / HTTP/1.1", "Host: localhost", "")
    client.hang_up()


async def no_request(client: Client) -> None:
    await client.ask("400 Bad Request", "GET / HTTP/1.1", "")
    client.hang_up()


async def websocket(client: Client) -> None:
    await upgrade(client)
    await client.stream.send_all(frame(b"NICK x") + frame(b"USER x 0 * :x"))
    await read_until(client.stream, b" 422 ")
    client.hang_up()


async def websocket_that_says_bye(client: Client) -> None:
    await upgrade(client)
    await client.stream.send_all(frame(b"NICK x") + close(1000))
    await read_until(client.stream, b"\x88\x02\x03\xe8")
    client.hang_up()


async def websocket_with_nonsense(client: Client) -> None:
    await upgrade(client)
    await client.stream.send_all(b"\xff" * 100)
    await read_until(client.stream, b"\x88")
    client.hang_up()


async def upgrade(client: Client) -> None:
    lines = ["GET / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"]
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    await client.ask("101 ", *lines, key, "Sec-WebSocket-Version: 13", "")


async def hung_up(client: Client) -> None:
    await client.register()
    client.hang_up()


async def reset(client: Client) -> None:
    await client.register()
    client.reset()


async def quit(client: Client) -> None:
    await client.register()
    await client.ask("ERROR", "QUIT :bye")
    client.hang_up()


async def from_a_room(client: Client) -> None:
    await client.register()
    await client.ask(" 366 ", "JOIN #room")
    await client.ask("PONG", "PRIVMSG #room :hello", "PING x")
    client.hang_up()


async def person(client: Client) -> None:
    await client.ask("#lobby", client.name)
    await client.stream.send_all(b"hello\n/who\n")
    client.hang_up()


async def killed(client: Client) -> None:
    await client.register()
    await client.ask(" 381 ", "OPER boss sesame")
    await client.ask("ERROR", f"KILL {client.name} :enough")
    client.hang_up()


async def while_a_password_is_checked(client: Client) -> None:
    await client.register()
    await client.stream.send_all(b"OPER boss wrong\r\n")
    client.reset()


async def with_answers_unread(client: Client) -> None:
    await client.register()
    await client.stream.send_all(b"HELP\r\n" * 500)
    client.reset()


End: TypeAlias = Callable[[Client], Awaitable[None]]
PLAINLY: list[End] = [
    nothing_said,
    half_a_line,
    something_else,
    a_page,
    no_request,
    websocket,
    websocket_that_says_bye,
    websocket_with_nonsense,
    hung_up,
    reset,
    quit,
    from_a_room,
    person,
    killed,
    while_a_password_is_checked,
    with_answers_unread,
]
ENCRYPTED: list[End] = [hung_up, reset, quit, a_page, websocket, websocket_that_says_bye]


async def repeat(it: Running, end: End, *, tls: bool) -> None:
    """Connect and end, so many times, and wait until the server is done with it."""
    for number in range(TIMES):
        await end(await connect(it, f"n{number}", tls=tls))
        await eventually(lambda: not it.server.hub.open)
    await trio.testing.wait_all_tasks_blocked()


@pytest.mark.parametrize("end", PLAINLY, ids=lambda end: end.__name__)
async def test_the_end_of_a_connection_leaves_no_garbage(tmp_path: Path, end: End) -> None:
    async with running(tmp_path, PLAIN + OPERATORS) as it:
        with watched() as found:
            await repeat(it, end, tls=False)
    assert found == []


@pytest.mark.parametrize("end", ENCRYPTED, ids=lambda end: end.__name__)
async def test_nor_does_one_over_tls(tmp_path: Path, end: End) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        with watched() as found:
            await repeat(it, end, tls=True)
    assert found == []


async def test_nor_does_a_handshake_that_fails(tmp_path: Path) -> None:
    async def malformed(client: Client) -> None:
        await client.stream.send_all(b"\x16\x03\x01\x00\x05hello")
        await read_all(client.stream)
        client.hang_up()

    async with running(tmp_path, tls_text(tmp_path)) as it:
        with watched() as found:
            await repeat(it, malformed, tls=False)
    assert found == []


DEEDS = {
    "to a room": ("PRIVMSG #room :hello", "TAGMSG #room"),
    "to a user": ("PRIVMSG bo :hello", "PRIVMSG nobody :hello"),
    "with labels": ("@label=1 PING x", "@label=2 NAMES #room", "@label=3 PRIVMSG #room :hello"),
    "several lines": (
        "BATCH +1 draft/multiline #room",
        "@batch=1 PRIVMSG #room :one",
        "@batch=1 PRIVMSG #room :two",
        "BATCH -1",
    ),
    "coming and going": ("JOIN #other", "PART #other", "PART #room", "JOIN #room"),
    "names and topics": ("NICK an", "NICK al", "TOPIC #room :new", "AWAY :gone", "AWAY"),
    "modes": ("MODE #room +b *!*@nowhere", "MODE #room +u", "MODE #room -u", "MODE #room b"),
    "throwing out": ("INVITE bo #lobby", "KICK #room bo :out"),
    "questions": ("NAMES #room", "WHO #room", "WHOIS bo", "WHOWAS bo", "LIST", "MONITOR + bo"),
    "long answers": ("HELP",) * 40,
    "passwords": ("OPER boss sesame", "MODE al -o"),
    "mistakes": ("NONSENSE", "JOIN", "@ :", "X" * 600, "PRIVMSG #room :\udcff", "MODE #room +QQ"),
}


@pytest.mark.parametrize("lines", DEEDS.values(), ids=DEEDS)
async def test_nor_does_what_is_done_meanwhile(tmp_path: Path, lines: tuple[str, ...]) -> None:
    async with running(tmp_path, PLAIN + OPERATORS) as it:
        al, bo = await connect(it, "al"), await connect(it, "bo")
        await al.register(f"CAP REQ :{ALL_CAPS}", "CAP END")
        await bo.register()
        person = await connect(it, "cy")
        await person.ask("#lobby", "cy", "/join #room")
        for client in (al, bo):
            await client.ask(" 366 ", "JOIN #room")
        await al.ask("PONG", "PING x")
        with watched() as found:
            for number in range(TIMES):
                data = "".join(f"{line}\r\n" for line in (*lines, f"PING end{number}"))
                await al.stream.send_all(data.encode(errors="surrogateescape"))
                await read_until(al.stream, f"PONG irc.test end{number}".encode())
                await person.stream.send_all(b"hello\n")
                await bo.ask(f"PONG irc.test end{number}", f"PING end{number}")
            await trio.testing.wait_all_tasks_blocked()
    assert found == []

"""The control socket: who may use it, what it takes, and how it ends with whoever misuses it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from trio_chat.core.deeds import Deed, Drop, SetPassword
from trio_chat.core.inputs import Administer, Input
from trio_chat.core.requests import Administered
from trio_chat.core.secrets import Secret
from trio_chat.server import control
from trio_chat.server.control import (
    CONNECTIONS,
    LONGEST_PATH,
    PATIENCE,
    REQUEST,
    SOCKET,
    STORING,
    Control,
    ControlError,
    ask,
    open_control,
)

DROP = Drop(account="al")
NOT_UNDERSTOOD = "The request is not understood: "


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose name is short enough for a socket in it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def line_of(deed: Deed) -> bytes:
    return msgspec.json.encode(deed) + b"\n"


class Client:
    """Somebody who is connected to it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._read = b""

    async def problem(self) -> str:
        """Return what is answered next."""
        while b"\n" not in self._read:
            more = await self.stream.receive_some()
            assert more, "it has hung up"
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        (problem,) = msgspec.json.decode(line, type=dict[str, str]).values()
        return problem

    async def is_hung_up(self) -> bool:
        """Wait for what comes next; whether it is the end."""
        try:
            return not self._read and not await self.stream.receive_some()
        except trio.BrokenResourceError:
            return True

    async def says_until_let_go(self, data: bytes, every: float = 0.0) -> None:
        """Send something again and again, and read nothing."""
        with contextlib.suppress(trio.BrokenResourceError):
            while True:
                await self.stream.send_all(data)
                await trio.sleep(every)


class Rig:
    """A control socket, and what a core would be asked: whatever it is, it is done, unless `answer`
    says otherwise."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked: list[Administer] = []
        self.answer: Callable[[Administer], Administered | None] = lambda item: Administered(
            id=item.id, user=0, problem=""
        )
        self.control = Control(self._put, self._failed)
        self.clients: list[Client] = []

    async def _put(self, item: Input) -> None:
        await trio.lowlevel.checkpoint()
        assert isinstance(item, Administer)
        self.asked.append(item)
        done = self.answer(item)
        if done is not None:
            self.control.answered(done)

    def _failed(self, reason: str) -> None:
        raise AssertionError(reason)

    async def client(self) -> Client:
        client = Client(await trio.open_unix_socket(self.directory / SOCKET))
        self.clients.append(client)
        return client

    async def is_served(self) -> bool:
        """Whether somebody who comes now has something done."""
        client = await self.client()
        await client.stream.send_all(line_of(DROP))
        problem = await client.problem()
        await client.stream.aclose()
        return problem == ""


@asynccontextmanager
async def controlled(directory: Path) -> AsyncIterator[Rig]:
    rig = Rig(directory)
    endpoint = await open_control(directory)
    assert endpoint is not None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.control.run, endpoint)
            yield rig
            nursery.cancel_scope.cancel()
    finally:
        endpoint.close()
        for client in rig.clients:
            client.stream.socket.close()


# --- The file


async def test_it_is_for_its_own_user_alone_and_goes_with_the_server(directory: Path) -> None:
    async with controlled(directory):
        found = (directory / SOCKET).lstat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert os.listdir(directory) == []


async def test_in_place_of_what_a_killed_server_has_left(directory: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(directory / SOCKET))
    left.close()
    async with controlled(directory) as rig:
        assert await rig.is_served()
        assert stat.S_IMODE((directory / SOCKET).lstat().st_mode) == 0o600


async def test_where_something_else_is_in_its_place_the_server_goes_on_without(
    directory: Path,
) -> None:
    (directory / SOCKET).write_text("mine")
    with capture_logs() as logs:
        assert await open_control(directory) is None
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "can not listen on" in logs[0]["error"]
    assert (directory / SOCKET).read_text() == "mine"


async def test_a_path_that_is_too_long_is_said_at_both_ends(directory: Path) -> None:
    longest = directory / ("d" * (LONGEST_PATH - len(str(directory / SOCKET)) - 1))
    longest.mkdir()
    async with controlled(longest) as rig:
        assert await rig.is_served()
    longer = longest.with_name(longest.name + "d")
    longer.mkdir()
    with capture_logs() as logs:
        assert await open_control(longer) is None
    assert logs[0]["longest"] == LONGEST_PATH
    with pytest.raises(ControlError, match="is too long for a socket"):
        ask(longer, DROP)


# --- Requests


async def test_requests_are_carried_out_in_order_however_they_come(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        lines = b"".join(line_of(Drop(account=name)) for name in ("al", "bo", "cy"))
        for piece in (lines[:5], lines[5:60], lines[60:]):
            await client.stream.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        assert [await client.problem() for _ in range(3)] == ["", "", ""]
        assert [item.deed.account for item in rig.asked] == ["al", "bo", "cy"]
        rig.answer = lambda item: Administered(id=item.id, user=0, problem="There is no account")
        await client.stream.send_all(line_of(DROP))
        assert await client.problem() == "There is no account"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"drop al",
        b"[]",
        b"null",
        b'{"do":"drop"}',
        b'{"do":"burn","account":"al"}',
        b'{"do":"drop","account":1}',
        b'{"do":"drop","account":"a\\nb"}',
        b'{"do":"drop","account":"a\\ud800"}',
        b'{"do":"drop","account":"' + b"x" * 201 + b'"}',
        b'{"do":"drop","account":"al"} more',
        # Not UTF-8.
        b'{"do":"drop","account":"\xff"}',
        b"\x16\x03\x01",
        # Deeper than anybody would go.
        b'{"do":"drop","account":"al","x":' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
)
async def test_what_is_no_request_is_answered_and_nothing_else(
    directory: Path, autojump_clock: trio.abc.Clock, line: bytes
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        with capture_logs() as logs:
            await client.stream.send_all(line + b"\n")
            assert (await client.problem()).startswith(NOT_UNDERSTOOD)
        assert not logs
        assert not rig.asked
        # It can say something else.
        await client.stream.send_all(line_of(DROP))
        assert await client.problem() == ""


@pytest.mark.parametrize("end", [b"\n", b""])
async def test_a_request_that_is_too_long_ends_the_connection(
    directory: Path, autojump_clock: trio.abc.Clock, end: bytes
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        await client.stream.send_all(b"x" * (REQUEST - 1) + b"\n")
        assert (await client.problem()).startswith(NOT_UNDERSTOOD)
        await client.stream.send_all(b"x" * REQUEST + end)
        assert await client.problem() == f"A request has at most {REQUEST} bytes"
        assert await client.is_hung_up()
        assert await rig.is_served()
    assert len(rig.asked) == 1


async def test_half_a_request_is_none(directory: Path, autojump_clock: trio.abc.Clock) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        await client.stream.send_all(line_of(DROP)[:-1])
        await client.stream.send_eof()
        assert await client.is_hung_up()
        assert rig.asked == []
        assert await rig.is_served()


@pytest.mark.parametrize("said", [b"", line_of(DROP)[:-1]])
async def test_whoever_does_not_go_on_is_hung_up_on(
    directory: Path, autojump_clock: trio.abc.Clock, said: bytes
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        began = trio.current_time()
        await client.stream.send_all(said or line_of(DROP))
        if not said:
            # Between two requests, too.
            assert await client.problem() == ""
        assert await client.is_hung_up()
        assert trio.current_time() - began == pytest.approx(PATIENCE)
        assert len(rig.asked) == (not said)


async def test_a_byte_now_and_then_does_not_keep_a_connection(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        began = trio.current_time()
        await client.says_until_let_go(b" ", every=PATIENCE / 4)
        assert trio.current_time() - began <= PATIENCE * 1.5


async def test_only_so_many_at_once(directory: Path, autojump_clock: trio.abc.Clock) -> None:
    async with controlled(directory) as rig:
        clients = [await rig.client() for _ in range(CONNECTIONS)]
        for client in clients:
            await client.stream.send_all(line_of(DROP))
            assert await client.problem() == ""
        late = await rig.client()
        assert await late.problem() == "Too many are connected: try again in a moment"
        assert await late.is_hung_up()
        # Who is not there any more can not be told.
        with capture_logs() as logs:
            with socket.socket(socket.AF_UNIX) as gone:
                gone.connect(str(directory / SOCKET))
            await trio.testing.wait_all_tasks_blocked()
        assert logs == [
            {"event": "a control connection is gone", "error": "Broken pipe", "log_level": "info"}
        ]
        await clients[0].stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert await rig.is_served()


async def test_whoever_never_reads_is_let_go_and_keeps_nobody(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    async with controlled(directory) as rig:
        client = await rig.client()
        with capture_logs() as logs:
            began = trio.current_time()
            await client.says_until_let_go(b"\n" * 1000)
            # That is when nothing more was taken of it for so long.
            assert trio.current_time() - began == pytest.approx(PATIENCE)
        assert [entry["event"] for entry in logs] == ["a control connection is gone, or too slow"]
        assert await rig.is_served()


async def test_what_is_not_stored_in_time_is_not_known(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    async with controlled(directory) as rig:
        rig.answer = lambda _: None
        client = await rig.client()
        began = trio.current_time()
        await client.stream.send_all(line_of(DROP))
        assert "it may be done later, or not at all" in await client.problem()
        assert trio.current_time() - began == pytest.approx(STORING)
        # It comes too late for anybody.
        rig.control.answered(Administered(id=rig.asked[0].id, user=0, problem="late"))
        rig.answer = lambda item: Administered(id=item.id, user=0, problem="")
        await client.stream.send_all(line_of(DROP))
        assert await client.problem() == ""


async def test_whoever_leaves_before_the_answer_keeps_nobody(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    async with controlled(directory) as rig:
        rig.answer = lambda _: None
        client = await rig.client()
        await client.stream.send_all(line_of(DROP))
        await client.stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
        (item,) = rig.asked
        rig.control.answered(Administered(id=item.id, user=0, problem=""))
        rig.answer = lambda item: Administered(id=item.id, user=0, problem="")
        assert await rig.is_served()


async def test_a_mistake_of_ours_ends_that_connection_alone(
    directory: Path, autojump_clock: trio.abc.Clock
) -> None:
    def fail(item: Administer) -> Administered:
        raise LookupError("ours")

    async with controlled(directory) as rig:
        good = rig.answer
        rig.answer = fail
        client = await rig.client()
        with capture_logs() as logs:
            await client.stream.send_all(line_of(DROP))
            assert await client.is_hung_up()
        assert [entry["event"] for entry in logs] == ["a request from outside failed"]
        rig.answer = good
        assert await rig.is_served()


async def test_no_secret_is_logged(directory: Path, autojump_clock: trio.abc.Clock) -> None:
    secret = Secret(hash="hush", salt=b"s", iterations=1, stored_key=b"k", server_key=b"v")
    async with controlled(directory) as rig:
        client = await rig.client()
        with capture_logs() as logs:
            await client.stream.send_all(line_of(SetPassword(account="al", secret=secret)))
            assert await client.problem() == ""
    (entry,) = logs
    assert (entry["what"], entry["account"], entry["problem"]) == ("passwd", "al", None)
    assert "hush" not in str(entry)


# --- The other end


async def _ask(directory: Path, deed: Deed = DROP) -> str:
    return await trio.to_thread.run_sync(ask, directory, deed)


async def test_asking(directory: Path) -> None:
    async with controlled(directory) as rig:
        assert await _ask(directory) == ""
        rig.answer = lambda item: Administered(id=item.id, user=0, problem="No")
        assert await _ask(directory) == "No"


async def test_a_server_that_has_said_why_it_does_not_listen_is_heard(directory: Path) -> None:
    """It has hung up before all that it was to be sent has gone."""
    huge = Secret(hash="x" * 5_000_000, salt=b"", iterations=1, stored_key=b"", server_key=b"")
    async with controlled(directory):
        said = await _ask(directory, SetPassword(account="al", secret=huge))
    assert said == f"A request has at most {REQUEST} bytes"


async def test_a_server_that_ends_while_it_is_asked(directory: Path) -> None:
    said: list[str] = []

    async def asking() -> None:
        with pytest.raises(ControlError) as caught:
            await _ask(directory)
        said.append(str(caught.value))

    async with trio.open_nursery() as nursery, controlled(directory) as rig:
        asked = trio.Event()

        def note(item: Administer) -> None:
            asked.set()

        rig.answer = note
        nursery.start_soon(asking)
        await asked.wait()
    assert said == ["the server has ended before it has answered"]


def test_where_nobody_listens(directory: Path) -> None:
    path = directory / SOCKET
    with pytest.raises(ControlError, match=f"it does not listen on {path}: try again, or stop it"):
        ask(directory, DROP)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(ControlError, match="it does not listen on"):
        ask(directory, DROP)


def test_what_can_not_be_used(directory: Path) -> None:
    (directory / SOCKET).symlink_to(SOCKET)
    with pytest.raises(ControlError, match="can not be used: Too many levels of symbolic links"):
        ask(directory, DROP)


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("answer", [b"", b"\n", b'{"problem"', b'{"problem":"\xff"}\n', b"[]\n"])
def test_an_answer_that_is_none(directory: Path, answer: bytes, reads: bool) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / SOCKET))
        listening.listen()

        def serve() -> None:
            sock, _ = listening.accept()
            with sock:
                sock.recv(REQUEST, 0 if reads else socket.MSG_PEEK)
                sock.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ControlError, match="the server has ended before it has answered"):
            ask(directory, DROP)
        thread.join()


def test_a_server_that_does_not_answer(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PATIENCE", 0.01)
    monkeypatch.setattr(control, "STORING", 0.01)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / SOCKET))
        listening.listen()
        with pytest.raises(ControlError, match="the server does not answer on"):
            ask(directory, DROP)

"""A connection from its first byte to its last: sniffing, flood control, deadlines, the end."""

from __future__ import annotations

import msgspec
import pytest
import structlog.testing
import trio
import trio.testing

from tests.server.rig import Peer, Rig, changed, running
from trio_chat.core import commands
from trio_chat.core.context import Context
from trio_chat.core.core import Core
from trio_chat.core.state import User
from trio_chat.server.life import ImpossibleError, State
from trio_chat.server.reading import DEBT, Bucket
from trio_chat.server.transport import SocketTransport, WantsToSendError
from trio_chat.wire.irc import Message

PROMPT = "Welcome to trio_chat. Type a nickname to join #lobby:"

pytestmark = pytest.mark.usefixtures("carried")


async def test_who_says_nothing_is_asked_for_a_nickname(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        began = trio.current_time()
        assert await peer.line() == PROMPT
        assert trio.current_time() - began == pytest.approx(0.3)
        await peer.send("alice")
        assert await peer.line() == "Hello alice. /help shows what you can do."


async def test_who_speaks_at_once_is_not_asked(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        await peer.send("alice", "hello")
        assert await peer.line() == "Hello alice. /help shows what you can do."


async def test_after_the_prompt_it_can_still_be_anything(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        assert await peer.line() == PROMPT
        await peer.register("al")
        assert await peer.barrier() == []


FIRST = b"NICK al\r\nUSER al 0 * :Al\r\nJOIN #lobby\r\nPRIVMSG #lobby :hi\r\n"


@pytest.mark.parametrize("cut", [1, 3, len(FIRST)])
async def test_the_first_packets_size_makes_no_difference(
    cut: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.connect()
        for start in range(0, len(FIRST), cut):
            await peer.send(FIRST[start : start + cut])
            await trio.testing.wait_all_tasks_blocked()
        assert [line.split()[1] for line in await other.until("PRIVMSG")] == ["JOIN", "PRIVMSG"]


async def test_a_script_hangs_up_after_half_a_line(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.connect()
        await peer.send(b"deploy-bot\nbuild 42\npassed")
        assert isinstance(peer.stream, trio.abc.HalfCloseableStream)
        await peer.stream.send_eof()
        lines = await other.until("QUIT")
        assert [line.split(" ", 1)[1] for line in lines] == [
            "JOIN #lobby",
            "PRIVMSG #lobby :build 42",
            "PRIVMSG #lobby :passed",
            "QUIT :Connection closed",
        ]
        # What was on its way to the script still gets there.
        assert (await peer.rest())[0] == "Hello deploy-bot. /help shows what you can do."


async def test_an_empty_line_at_first_is_answered(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        assert await peer.line() == PROMPT
        began = trio.current_time()
        # It is how a binary PROXY header begins, too.
        await peer.send(b"\r\n")
        assert "nickname" in await peer.line()
        assert trio.current_time() - began < 1
        await peer.send("alice")
        assert await peer.line() == "Hello alice. /help shows what you can do."


async def test_telnet_is_allowed_more_than_ascii(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        # What `telnet -8` offers and asks for, and an option that nobody needs.
        await peer.send(b"\xff\xfd\x00\xff\xfb\x00\xff\xfb\x1f\xff\xfd\x00alice\r\n")
        assert await peer.stream.receive_some(9) == b"\xff\xfb\x00\xff\xfd\x00\xff\xfe\x1f"
        assert await peer.line() == "Hello alice. /help shows what you can do."


async def test_telnet_before_a_nickname_is_answered_and_asked_for_one(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect()
        began = trio.current_time()
        # `telnet -8` speaks before the person does.
        await peer.send(b"\xff\xfb\x00\xff\xfd\x00")
        assert await peer.line() == PROMPT
        assert trio.current_time() - began < 1
        await peer.expect(b"\xff\xfd\x00\xff\xfb\x00")
        # Ctrl-C, twice: until that is answered telnet shows nothing.
        for _ in range(2):
            await peer.send(b"\xff\xf4\xff\xfd\x06")
            await peer.expect(b"\xff\xfb\x06")
        await peer.send(b"alix\x7fce\r\0")
        assert await peer.line() == "Hello alice. /help shows what you can do."
        await peer.send(b"\xff\xf6")
        assert await peer.until("[Yes]")


async def test_a_carriage_return_ends_a_line(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.connect()
        await peer.send(b"bea\r\0hi\r\0there\rhelx\blo\r")
        lines = [await other.line() for _ in range(4)]
        assert [line.split(" ", 1)[1] for line in lines] == [
            "JOIN #lobby",
            "PRIVMSG #lobby :hi",
            "PRIVMSG #lobby :there",
            "PRIVMSG #lobby :hello",
        ]


async def test_a_nickname_alone_without_a_newline(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        await peer.send(b"alice")
        assert isinstance(peer.stream, trio.abc.HalfCloseableStream)
        await peer.stream.send_eof()
        assert (await peer.rest())[0] == "Hello alice. /help shows what you can do."


async def test_an_irc_client_that_hangs_up_is_answered_and_told_that_it_is_over(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(flood=True, real=True)
        assert isinstance(peer.stream, trio.SocketStream)
        # More than flood control lets through at once.
        await peer.send("NICK al", "USER al 0 * :Al", *[f"PING {n}" for n in range(30)])
        await peer.stream.send_eof()
        lines = await peer.rest()
        assert [line for line in lines if "PONG" in line] == [
            f":irc.test PONG irc.test {n}" for n in range(30)
        ]
        assert lines[-1] == "ERROR :Closing link (Connection closed)"
        assert len([line for line in lines if line.startswith("ERROR")]) == 1
        peer.stream.socket.close()
        await rig.alone(0)


async def test_half_an_irc_line_at_the_end_is_nothing(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.irc("al", "JOIN #lobby")
        await peer.send(b"PRIVMSG #lobby :half")
        await peer.stream.aclose()
        assert [line.split()[1] for line in await other.until("QUIT")] == ["JOIN", "QUIT"]


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426 Upgrade Required"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 426 Upgrade Required"),
        (
            b"x" * 1000,
            "ERROR :Closing link (Neither IRC nor a nickname within the first line)",
        ),
        (b"\x00\x01\x02" * 400, "ERROR :Closing link (Neither IRC"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "\x15\x03\x01"),
    ],
)
async def test_what_is_no_chat_is_answered_and_closed(
    data: bytes, reply: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect()
        with structlog.testing.capture_logs() as logs:
            await peer.send(data)
            await peer.stream.send_eof() if isinstance(
                peer.stream, trio.abc.HalfCloseableStream
            ) else None
            lines = await peer.rest()
        assert lines[0].startswith(reply)
        assert [log["event"] for log in logs] == ["refused"]
        await until_gone(rig)


async def until_gone(rig: Rig) -> None:
    """Wait until no connection is left."""
    await rig.alone(0)
    assert rig.hub.connections == {}
    assert rig.hub.core.state.users == {}
    assert len(rig.hub.poller) == 0


async def test_an_http_reply_is_as_long_as_it_says(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        await peer.send(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while more := await peer.stream.receive_some():
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head


async def test_a_silent_connection_ends(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        began = trio.current_time()
        assert await peer.rest() == [PROMPT, "Goodbye (Not registered within 60 seconds)"]
        assert 59.99 <= trio.current_time() - began <= 63
        await until_gone(rig)


async def test_a_connection_that_never_registers_ends(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect()
        await peer.send("NICK al")
        assert await peer.rest() == ["ERROR :Closing link (Not registered within 60 seconds)"]
        await until_gone(rig)


async def test_a_peer_that_disappears_is_pinged_and_dropped(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.irc("al", "JOIN #lobby")
        began = trio.current_time()
        assert await peer.rest() == [
            ":irc.test PING irc.test",
            "ERROR :Closing link (Ping timeout: 150 seconds)",
        ]
        assert 149.99 <= trio.current_time() - began <= 153
        await until_gone(rig)


async def test_over_long_lines_cost_their_sender_only(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        healthy = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.irc("al", "JOIN #lobby")
        await healthy.line()
        await peer.send(b"PRIVMSG #lobby :")
        for _ in range(100):
            await peer.send(b"x" * 10_000)
        assert await peer.line() == ":irc.test 417 al :Input line was too long"
        await healthy.send("PRIVMSG #lobby :still fine")
        assert (await peer.line()).endswith("PRIVMSG #lobby :still fine")
        await peer.send(b"\r\nPRIVMSG #lobby :me too\r\n")
        assert (await healthy.line()).endswith("PRIVMSG #lobby :me too")


# --- Flood control


async def test_flood_control_delays_lines_and_loses_none(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.connect(flood=True)
        began = trio.current_time()
        await peer.send("NICK al", "USER al 0 * :x", "JOIN #lobby")
        await other.until("JOIN")
        assert trio.current_time() == pytest.approx(began, abs=0.1)
        await peer.send(*[f"PRIVMSG #lobby :{number}" for number in range(20)])
        times = []
        for number in range(20):
            assert (await other.line()).endswith(f":{number}")
            times.append(round(trio.current_time() - began, 2))
        # Ten lines at once, three of which were spent on registering; then four a second.
        assert times[:7] == [pytest.approx(0, abs=0.1)] * 7
        assert times[7:] == [pytest.approx(0.25 * step, abs=0.03) for step in range(1, 14)]


async def test_tokens_come_back_with_time(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect(flood=True)
        await peer.register("al")
        await trio.sleep(30)
        began = trio.current_time()
        await peer.send(*[f"PING {number}" for number in range(10)])
        await peer.until("irc.test 9")
        assert trio.current_time() == pytest.approx(began, abs=0.1)


async def test_a_search_that_takes_turns_costs_as_many_lines(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A turn for each user that is looked at, and one for the end.
    monkeypatch.setattr("trio_chat.core.context.SEARCH", 1)
    async with running() as rig:
        for number in range(13):
            await rig.irc(f"u{number}")
        peer = await rig.connect(flood=True)
        await peer.register("al")
        await trio.sleep(30)
        began = trio.current_time()
        await peer.send("WHO zzz*")
        await peer.until(" 315 ")
        assert trio.current_time() == pytest.approx(began, abs=0.1)
        await peer.send("PING x")
        await peer.until("PONG irc.test x")
        # Ten lines at once, less one and 15; then four a second.
        assert trio.current_time() - began == pytest.approx(7 / 4, abs=0.1)


async def test_what_a_search_has_cost_is_waited_for_so_long_at_most(
    autojump_clock: trio.abc.Clock,
) -> None:
    bucket = Bucket(burst=10, rate=4.0)
    bucket.charge(1_000_000)
    assert bucket.take(5) == 0
    assert bucket.delay() == pytest.approx(DEBT + 0.25)
    await trio.sleep(DEBT + 0.5)
    assert bucket.take(5) == 2


async def test_the_end_does_not_wait_for_flood_control(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect(flood=True)
        await peer.send("NICK al", "USER al 0 * :x", *["PING x"] * 7, "QUIT", *["PING y"] * 1000)
        began = trio.current_time()
        assert (await peer.rest())[-1] == "ERROR :Closing link (Quit: )"
        assert trio.current_time() - began <= 3
        await until_gone(rig)


async def test_who_is_gone_while_lines_wait_is_gone(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        bo = await rig.irc("bo", "JOIN #lobby")
        peer = await rig.connect(flood=True)
        await peer.send("NICK al", "USER al 0 * :x", "JOIN #lobby", *["PING x"] * 1000)
        await bo.until("JOIN")
        await peer.stream.aclose()
        began = trio.current_time()
        # The reader sleeps between two lines; the next answer finds that nobody is there.
        assert (await bo.until("QUIT"))[-1].endswith("QUIT :Connection closed")
        assert trio.current_time() - began < 2


async def test_empty_lines_cost_nothing(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect(flood=True)
        await peer.register("al")
        began = trio.current_time()
        await peer.send(b"\r\n" * 10_000 + b"PING x\r\n")
        await peer.until("PONG irc.test x")
        assert trio.current_time() == pytest.approx(began, abs=0.1)


async def test_the_time_to_register_counts_from_the_connection(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect()
        began = trio.current_time()
        await trio.sleep(50)
        await peer.send("NICK al")
        await peer.rest()
        assert trio.current_time() - began <= 63


# --- The end


async def test_quit_is_answered_and_the_connection_closed(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.irc("al")
        await peer.send("QUIT :bye", "PRIVMSG #lobby :too late")
        assert await peer.rest() == ["ERROR :Closing link (Quit: bye)"]
        await until_gone(rig)


async def stalled(rig: Rig, name: str) -> Peer:
    """Connect somebody who is in the lobby and has stopped reading."""
    peer = await rig.connect(lockstep=True)
    await peer.send(f"NICK {name}", f"USER {name} 0 * :x", "JOIN #lobby")
    await peer.until(" 366 ")
    return peer


async def test_who_does_not_read_is_cut_off_and_delays_nobody(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        slow = await stalled(rig, "slow")
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        await al.barrier()
        began = trio.current_time()
        with structlog.testing.capture_logs() as logs:
            for number in range(300):
                await al.send(f"PRIVMSG #lobby :{number} {'x' * 400}")
            received = await bo.until("PRIVMSG #lobby :299 ")
        assert trio.current_time() - began < 1
        said = [line for line in received if "PRIVMSG" in line]
        assert [line.split(":")[2].split()[0] for line in said] == [str(n) for n in range(300)]
        assert [line for line in received if "QUIT" in line] == [
            ":slow!~slow@10.0.0.1 QUIT :SendQ exceeded"
        ]
        assert [(log["event"], log["reason"], log["times"]) for log in logs] == [
            ("closed", "SendQ exceeded", 1)
        ]
        # What it reads after all are whole lines, and the last says why there are no more.
        lines = await slow.rest()
        assert lines[-1] == "ERROR :Closing link (SendQ exceeded)"
        assert all(line.endswith("x") for line in lines if "PRIVMSG" in line)


async def test_who_never_reads_again_is_gone_after_the_grace(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        await stalled(rig, "slow")
        al = await rig.irc("al", "JOIN #lobby")
        await al.barrier()
        began = trio.current_time()
        for number in range(300):
            await al.send(f"PRIVMSG #lobby :{number} {'x' * 400}")
        await al.until("QUIT")
        await rig.alone(1)
        # The grace; and then, if that ended first, the time to hang up.
        assert trio.current_time() - began < 8


async def test_a_peer_that_takes_nothing_for_too_long_is_given_up(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(lockstep=True, policy=changed(write_timeout=20.0))
        await peer.send("alice")
        await peer.until("In #lobby")
        bo = await rig.irc("bo", "JOIN #lobby", "PRIVMSG #lobby :hi")
        began = trio.current_time()
        assert (await bo.line()) == ":alice!~alice@10.0.0.1 QUIT :Write timeout"
        assert trio.current_time() - began == pytest.approx(20, abs=0.5)


async def test_a_mistake_of_ours_ends_one_connection(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(core: Core, user: User, message: Message) -> None:
        raise RuntimeError("a bug")

    row = msgspec.structs.replace(commands.TABLE["PING"], name="CRASH", handler=crash, params=0)
    monkeypatch.setitem(commands.TABLE, "CRASH", row)
    async with running() as rig:
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        with structlog.testing.capture_logs() as logs:
            await al.send("CRASH")
            assert (await al.rest())[-1] == "ERROR :Closing link (Internal error)"
            assert (await bo.line()) == ":al!~al@10.0.0.1 QUIT :Internal error"
        assert [str(log["exc_info"]) for log in logs if "exc_info" in log] == ["a bug"]
        assert [log["reason"] for log in logs if log["event"] == "closed"] == ["Internal error"]
        assert await bo.barrier() == []


async def test_what_can_not_be_written_ends_one_connection(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(ctx: Context, user: User, message: Message) -> None:
        ctx.notice(user, "no line has a \0 in it")

    row = msgspec.structs.replace(commands.TABLE["PING"], name="CRASH", handler=crash, params=0)
    monkeypatch.setitem(commands.TABLE, "CRASH", row)
    async with running() as rig:
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        with structlog.testing.capture_logs() as logs:
            await al.send("CRASH")
            assert (await al.rest())[-1] == "ERROR :Closing link (Internal error)"
            assert (await bo.line()) == ":al!~al@10.0.0.1 QUIT :Internal error"
        assert [log["event"] for log in logs] == ["could not write what a client is to be sent"]
        await rig.alone(1)
        assert await bo.barrier() == []


class BrokenStream(trio.abc.Stream):
    """A stream that fails in a way that no stream should."""

    def __init__(self) -> None:
        self.sent = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("a bug")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.sent += data

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_a_reader_that_fails_ends_its_connection_only(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as rig:
        bo = await rig.irc("bo")
        broken = BrokenStream()
        monkeypatch.setattr(trio.testing, "memory_stream_pair", lambda: (None, broken))
        with structlog.testing.capture_logs() as logs:
            await rig.connect(real=False)
            await rig.alone(1)
        assert [log["event"] for log in logs] == ["a connection failed"]
        assert broken.sent == b"Goodbye (Internal error)\r\n"
        assert await bo.barrier() == []


class BrokenSocket(SocketTransport):
    """A socket that fails in a way that no socket should, at the word."""

    def read_now(self) -> bytes:
        data = super().read_now()
        if b"CRASH" in data:
            raise RuntimeError("a bug")
        return data


async def test_a_polled_reader_that_fails_ends_its_connection_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        bo = await rig.irc("bo", "JOIN #lobby")
        al = await rig.connect(real=True, kind=BrokenSocket)
        await al.register("al", "JOIN #lobby")
        with structlog.testing.capture_logs() as logs:
            await al.send("CRASH")
            lines = await bo.until("QUIT")
        assert lines[-1] == ":al!~al@10.0.0.1 QUIT :Internal error"
        assert await al.rest() == ["ERROR :Closing link (Internal error)"]
        assert [log["event"] for log in logs] == ["reading from a client failed"]
        await rig.alone(1)
        assert await bo.barrier() == []


class SulkingSocket(SocketTransport):
    """A socket that can not be read from before something is sent, each time that it is polled."""

    def read_now(self) -> bytes:
        raise WantsToSendError

    async def receive(self) -> bytes:
        await trio.lowlevel.wait_readable(self.socket)
        return super().read_now()


async def test_who_can_not_be_polled_for_now_is_read_by_their_task(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        al = await rig.connect(real=True, kind=SulkingSocket)
        await al.register("al", "JOIN #lobby")
        assert await al.barrier() == []
        await trio.testing.wait_all_tasks_blocked()
        assert al.connection.state is State.POLLED
        await al.send("QUIT :bye")
        assert await al.rest() == ["ERROR :Closing link (Quit: bye)"]
        await until_gone(rig)


def state_of(peer: Peer) -> State:
    return peer.connection.state


async def test_an_idle_client_is_polled_and_a_hasty_one_is_not(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(real=True, flood=True)
        await peer.register("al")
        assert state_of(peer) is State.POLLED
        await peer.send(*[f"PING {number}" for number in range(20)])
        await peer.until("irc.test 5")
        assert state_of(peer) is State.PAUSED
        assert len(rig.hub.poller) == 0
        await peer.until("irc.test 19")
        await trio.testing.wait_all_tasks_blocked()
        assert state_of(peer) is State.POLLED


async def test_what_can_not_happen_to_a_connection_is_refused(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect()
        with pytest.raises(ImpossibleError, match="hold in the state sniffing"):
            peer.connection.hold()


async def test_who_is_let_go_of_before_their_task_has_begun(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect()
        peer.connection.dismiss("Server shutting down")
        began = trio.current_time()
        assert await peer.rest() == ["Goodbye (Server shutting down)"]
        assert trio.current_time() - began <= 2.1


async def test_a_peer_that_is_reset(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        bo = await rig.irc("bo", "JOIN #lobby")
        al = await rig.connect(real=True)
        await al.register("al", "JOIN #lobby")
        await bo.until("JOIN")
        # Closed with this unread, a socket is reset.
        await bo.send("PRIVMSG al :hi")
        await bo.barrier()
        await al.stream.aclose()
        assert (await bo.line()) == ":al!~al@10.0.0.1 QUIT :Connection reset by peer"
        await rig.alone(1)

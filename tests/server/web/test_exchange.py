"""A connection that begins with HTTP: requests, and what becomes a WebSocket."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest
import structlog
import trio

from tests.server.rig import POLICY, Peer, Rig, changed, running
from tests.server.test_connection import until_gone
from tests.server.test_tls import connect, context
from tests.server.web.frames import Reader, close, frame
from tests.server.web.test_site import site
from trio_chat.server.door import REQUESTS
from trio_chat.server.tls import TlsContext
from trio_chat.server.web.messages import Response
from trio_chat.server.web.site import Site

__all__ = ["context"]

HOST = "Host: localhost"
HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Browser:
    """The other side of a connection that speaks HTTP, and then frames."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._reader = Reader()
        self._seen: list[object] = []

    async def ask(self, *lines: str) -> tuple[int, dict[str, str], str]:
        """Ask; return the status, the headers and the content of the answer."""
        await self.peer.send(*lines, "")
        return await self.answer()

    async def answer(self, *, head: bool = False) -> tuple[int, dict[str, str], str]:
        status = int((await self.peer.line()).split(" ")[1])
        headers = {}
        while line := await self.peer.line():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = ""
        size = int(headers.get("content-length", 0))
        if size and not head:
            while len(self.peer._read) < size:
                self.peer._read += await self.peer.stream.receive_some()
            body = self.peer._read[:size].decode()
            self.peer._read = self.peer._read[size:]
        return status, headers, body

    async def upgrade(self, *more: str, path: str = "/ws") -> dict[str, str]:
        status, headers, _ = await self.ask(f"GET {path} HTTP/1.1", HOST, *HANDSHAKE, *more)
        assert status == 101
        self._seen += self._reader.feed(self.peer._read)
        return headers

    async def say(self, *lines: str, opcode: int = 1) -> None:
        await self.peer.stream.send_all(b"".join(frame(line, opcode) for line in lines))

    async def until(self, word: str) -> list[str]:
        """Return lines up to the first that has this word in it."""
        lines: list[str] = []
        while not lines or word not in lines[-1]:
            seen = await self.next()
            assert isinstance(seen, str | bytes), f"{seen} after {lines}"
            lines.append(seen if isinstance(seen, str) else seen.decode())
        return lines

    async def next(self) -> object:
        while not self._seen:
            data = await self.peer.stream.receive_some()
            assert data, "the server hung up"
            self._seen += self._reader.feed(bytes(data))
        return self._seen.pop(0)


async def open_browser(rig: Rig, **more: object) -> Browser:
    return Browser(await rig.connect(**{"web": site(), "real": False, **more}))  # type: ignore[arg-type]


# --- Requests


async def test_pages_one_after_another(autojump_clock: trio.abc.Clock, carried: bool) -> None:
    async with running() as rig:
        browser = await open_browser(rig, real=None)
        status, headers, body = await browser.ask("GET / HTTP/1.1", HOST)
        assert status == 200
        assert "<html" in body
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
        tag = f"If-None-Match: {headers['etag']}"
        assert (await browser.ask("GET / HTTP/1.1", HOST, tag))[::2] == (304, "")
        await browser.peer.send("HEAD / HTTP/1.1", HOST, "")
        status, headers, _ = await browser.answer(head=True)
        assert (status, headers["content-length"]) == (200, str(len(body.encode())))
        # Several at once, in order; a query is nobody's business.
        await browser.peer.send("GET /?x HTTP/1.1", HOST, "", "GET /nowhere HTTP/1.1", HOST, "")
        assert (await browser.answer())[0] == 200
        assert (await browser.answer())[0] == 404
        assert (await browser.ask("GET / HTTP/1.1", HOST, "Connection: close"))[0] == 200
        assert await browser.peer.rest() == []
        await browser.peer.stream.aclose()
        await until_gone(rig)


async def test_http_1_0_ends_after_the_answer(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        assert (await browser.ask("GET / HTTP/1.0"))[0] == 200
        assert await browser.peer.rest() == []


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        (["POST / HTTP/1.1", HOST, "Content-Length: 9", "", "123456789"], 405, "there is no POST"),
        (["DELETE / HTTP/1.1", HOST], 405, "there is no DELETE here"),
        (["OPTIONS * HTTP/1.1", HOST], 405, "there is no OPTIONS here"),
        (["GET / HTTP/1.1", HOST, "Content-Length: 1", "", "x"], 413, "has no content here"),
        (
            ["GET / HTTP/1.1", HOST, "Transfer-Encoding: chunked", "", "1", "x", "0"],
            413,
            "has no content here",
        ),
        (["GET / HTTP/1.1"], 400, "Host"),
        (["GET / HTTP/1.1", "Host: a", "Host: b"], 400, "Host"),
        (["GET / HTTP/1.1", HOST, "Content-Length: 1", "Content-Length: 2"], 400, ""),
        (["GET / HTTP/1.1", HOST, "Content-Length: -1"], 400, ""),
        (
            [
                *("GET / HTTP/1.1", HOST, "Content-Length: 5", "Transfer-Encoding: chunked"),
                *("", "0", "", "GET /smuggled HTTP/1.1", HOST),
            ],
            400,
            "exclude each other",
        ),
        (["PRI * HTTP/2.0", "", "SM"], 505, "HTTP/1.1"),
        (["GET / HTTP/1.1", HOST, "Transfer-Encoding: gzip"], 501, ""),
        (["GET / HTTP/1.1", HOST, "X : y"], 400, ""),
        (["GET  / HTTP/1.1", HOST], 400, ""),
        (["GET / HTTP/3.0", HOST], 505, "HTTP/1.1"),
        (["GET / HTTP/1.1", HOST, "X: \0"], 400, ""),
    ],
)
async def test_what_is_refused(
    lines: list[str], status: int, said: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        found, headers, body = await browser.ask(*lines)
        assert (found, headers["connection"]) == (status, "close")
        assert said in body
        if status == 405:
            assert headers["allow"] == "GET, HEAD"
        assert await browser.peer.rest() == []


async def test_a_head_that_is_too_long(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.peer.send("GET / HTTP/1.1", f"X: {'x' * 20_000}")
        assert (await browser.answer())[0] == 431


@pytest.mark.parametrize("begun", ["GET / HTTP/1.1\r\nHost: x\r\nX: ", "GET / HTTP/1.1\r\n"])
async def test_a_request_has_to_be_whole_in_time(
    begun: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        began = trio.current_time()
        await browser.peer.send(begun.encode())
        assert (await browser.answer())[0] == 408
        assert await browser.peer.rest() == []
        assert 9.9 <= trio.current_time() - began <= 13


async def test_the_next_request_is_not_waited_for_for_ever(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.ask("GET / HTTP/1.1", HOST)
        began = trio.current_time()
        assert await browser.peer.rest() == []
        assert 14.9 <= trio.current_time() - began <= 18


async def test_requests_without_end_come_slowly(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        began = trio.current_time()
        for _ in range(160):
            assert (await browser.ask("GET /nowhere HTTP/1.1", HOST))[0] == 404
        assert 5.9 <= trio.current_time() - began <= 7


class Passes(trio.abc.Instrument):
    """How many requests were answered in each pass of the scheduler."""

    def __init__(self) -> None:
        self.answered = 0
        self.passes: list[int] = []

    def before_io_wait(self, timeout: float) -> None:
        self.passes.append(self.answered)
        self.answered = 0

    async def show(self) -> Response:
        await trio.lowlevel.checkpoint()
        self.answered += 1
        return Response(status=HTTPStatus.OK)


async def test_a_crowd_is_answered_a_few_at_a_time(autojump_clock: trio.abc.Clock) -> None:
    passes = Passes()
    counting = Site(site().policy, {"/count": passes.show})
    async with running() as rig:
        peers = [await rig.connect(web=counting, host="127.0.0.1") for _ in range(50)]
        trio.lowlevel.add_instrument(passes)
        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(peer.send, *(3 * ("GET /count HTTP/1.1", HOST, "")))
        for peer in peers:
            for _ in range(3):
                await peer.until("Content-Length: 0")
                await peer.until("")
        trio.lowlevel.remove_instrument(passes)
        assert sum(passes.passes) == 150
        assert max(passes.passes) == REQUESTS


async def test_to_wait_for_a_turn_is_no_time_of_the_peers(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        async with trio.open_nursery() as nursery:
            # All turns are taken for a minute.
            for _ in range(REQUESTS):
                await rig.hub.door._answering.acquire()
            nursery.start_soon(browser.peer.send, "GET / HTTP/1.1", HOST, "")
            await trio.sleep(60)
            for _ in range(REQUESTS):
                rig.hub.door._answering.release()
        assert (await browser.answer())[0] == 200


async def test_who_does_not_take_an_answer_is_gone(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        peer = await rig.connect(web=site(), lockstep=True)
        await peer.stream.send_all(b"GET / HTTP/1.0\r\n\r\n")
        began = trio.current_time()
        await rig.alone(0)
        assert 29 <= trio.current_time() - began <= 40


async def test_nobody_is_sent_irc_who_speaks_http(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.ask("GET / HTTP/1.1", HOST)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            assert await browser.peer.rest() == []
            await browser.peer.stream.aclose()


# --- WebSocket


async def test_irc_in_frames(autojump_clock: trio.abc.Clock, carried: bool) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #a")
        browser = await open_browser(rig, real=None)
        headers = await browser.upgrade("Sec-WebSocket-Protocol: text.ircv3.net")
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers["sec-websocket-protocol"] == "text.ircv3.net"
        await browser.say("NICK al", "USER al 0 * :Al", "JOIN #a")
        await browser.until(" 366 ")
        await browser.say("PRIVMSG #a :hé", "PING 1")
        assert await browser.until("PONG") == [":irc.test PONG irc.test 1"]
        assert (await other.until("PRIVMSG"))[-1] == ":al!~al@10.0.0.1 PRIVMSG #a :hé"
        await other.send("PRIVMSG #a :hello", "PRIVMSG #a :again")
        assert (await browser.until("again"))[-2:] == [
            ":bo!~bo@10.0.0.1 PRIVMSG #a :hello",
            ":bo!~bo@10.0.0.1 PRIVMSG #a :again",
        ]
        await browser.say("", "x", opcode=9)
        assert [await browser.next(), await browser.next()] == [("pong", b""), ("pong", b"x")]
        await browser.say("QUIT :bye")
        assert (await browser.until("ERROR"))[-1].startswith("ERROR :")
        assert await browser.next() == ("close", 1000)
        assert (await other.until("QUIT"))[-1].endswith("QUIT :Quit: bye")


async def test_binary_frames_for_who_wants_them(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.upgrade("Sec-WebSocket-Protocol: binary.ircv3.net", path="/")
        await browser.say("PING 1")
        assert isinstance(await browser.next(), bytes)


async def test_what_comes_with_the_handshake_is_not_lost(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        head = "\r\n".join(("GET / HTTP/1.1", HOST, *HANDSHAKE, "", ""))
        lines = frame("NICK al") + frame("USER al 0 * :Al")
        await browser.peer.stream.send_all(head.encode() + lines)
        assert (await browser.answer())[0] == 101
        browser._seen += browser._reader.feed(browser.peer._read)
        await browser.until(" 422 ")


async def test_a_frame_that_is_none_ends_it(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #a")
        browser = await open_browser(rig)
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :Al", "JOIN #a")
        await browser.until(" 366 ")
        with structlog.testing.capture_logs() as logs:
            await browser.peer.stream.send_all(frame("PRIVMSG #a :last") + frame("x", 3))
            assert await browser.next() == ("close", 1002)
            assert await browser.peer.rest() == []
        said = await other.until("QUIT")
        assert said[-2].endswith("PRIVMSG #a :last")
        assert said[-1].endswith("QUIT :Malformed WebSocket frame")
        assert [one["reason"] for one in logs] == ["Malformed WebSocket frame"]


@pytest.mark.parametrize(
    ("wrong", "code"), [(frame("x", masked=False), 1002), (frame(b"\xff"), 1007), (close(), 1000)]
)
async def test_what_comes_with_the_handshake_may_end_it_at_once(
    wrong: bytes, code: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        head = "\r\n".join(("GET / HTTP/1.1", HOST, *HANDSHAKE, "", ""))
        began = trio.current_time()
        await browser.peer.stream.send_all(head.encode() + wrong)
        assert (await browser.answer())[0] == 101
        browser._seen += browser._reader.feed(browser.peer._read)
        browser.peer._read = b""
        assert await browser.next() == ("close", code)
        assert await browser.peer.rest() == []
        assert trio.current_time() == began


async def test_a_close_is_answered_and_that_is_all(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo", "JOIN #a")
        browser = await open_browser(rig)
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :Al", "JOIN #a")
        await browser.until(" 366 ")
        await browser.peer.stream.send_all(frame("PRIVMSG #a :last") + close(1001))
        assert await browser.next() == ("close", 1001)
        assert await browser.peer.rest() == []
        said = await other.until("QUIT")
        assert said[-2].endswith("PRIVMSG #a :last")


async def test_a_shutdown_says_that_we_are_going_away(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until(" 422 ")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            assert "Server shutting down" in (await browser.until("ERROR"))[-1]
            assert await browser.next() == ("close", 1001)
            await browser.peer.stream.aclose()


async def test_who_does_not_read_is_told_so_last(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig, policy=changed(sendq=300), lockstep=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(browser.peer.send, "GET / HTTP/1.1", HOST, *HANDSHAKE, "")
            assert (await browser.answer())[0] == 101
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until("ERROR :Closing link (SendQ exceeded)")
        assert await browser.next() == ("close", 1008)


async def test_flood_control_counts_pings_and_empty_frames(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        browser = await open_browser(rig, flood=True)
        await browser.upgrade()
        began = trio.current_time()
        data = (frame("") + frame("", 9) + frame("", 10)) * 60
        await browser.peer.stream.send_all(data + frame("PING end"))
        seen = await browser.next()
        while seen == ("pong", b""):
            seen = await browser.next()
        assert seen == ":irc.test PONG irc.test end"
        expected = (180 - POLICY.burst) / POLICY.rate
        assert expected - 1 <= trio.current_time() - began <= expected + 1


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/nowhere", [], 404),
        ("/ws", ["Origin: http://evil.example"], 403),
        ("/ws", ["Origin: null"], 403),
        ("/ws", ["Sec-WebSocket-Version: 8"], 426),
    ],
)
async def test_no_websocket(
    path: str, more: list[str], status: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        handshake = [line for line in HANDSHAKE if status != 426 or "Version" not in line]
        found, headers, _ = await browser.ask(f"GET {path} HTTP/1.1", HOST, *handshake, *more)
        assert (found, headers["connection"]) == (status, "close")
        assert await browser.peer.rest() == []
        assert rig.connected == []


async def test_whoever_a_proxy_speaks_for_is_who_counts(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        other = await rig.irc("bo")
        browser = await open_browser(rig, host="127.0.0.9")
        await browser.upgrade("X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7")
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until(" +Z")
        await other.send("WHOIS al")
        assert any(" al ~al 192.0.2.7 * :Al" in line for line in await other.until(" 318 "))
        assert [one.address for one in rig.connected] == ["10.0.0.1", "192.0.2.7"]
        # From anybody else it means nothing.
        stranger = await open_browser(rig)
        await stranger.upgrade("X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7")
        await stranger.say("PING 1")
        await stranger.until("PONG")
        assert (rig.connected[2].address, rig.connected[2].secure) == ("10.0.0.1", False)


async def test_who_is_not_let_in_gets_nothing_through_a_proxy_either(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as rig:
        refused = {"192.0.2.9": "Banned"}
        monkeypatch.setattr(rig.hub, "refusal", lambda address: refused.get(address, ""))
        rig.hub.move = lambda _, address: "Too many" if address == "192.0.2.8" else ""
        for lines, said in [
            (["X-Forwarded-For: 192.0.2.9"], "Banned"),
            ([*HANDSHAKE, "X-Forwarded-For: 192.0.2.9"], "Banned"),
            ([*HANDSHAKE, "X-Forwarded-For: 192.0.2.8"], "Too many"),
        ]:
            browser = await open_browser(rig, host="127.0.0.9")
            status, _, body = await browser.ask("GET / HTTP/1.1", HOST, *lines)
            assert (status, body) == (403, f"Forbidden: {said}\n")
        # A ban that comes while a connection is open is seen by its next request.
        browser = await open_browser(rig)
        assert (await browser.ask("GET / HTTP/1.1", HOST))[0] == 200
        refused["10.0.0.1"] = "Banned"
        assert (await browser.ask("GET / HTTP/1.1", HOST, *HANDSHAKE))[0] == 403


async def test_a_proxy_that_does_not_say_for_whom(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig, host="127.0.0.9")
        forged = ("Forwarded: for=127.0.0.1", "X-Forwarded-For: 192.0.2.7")
        status, _, body = await browser.ask("GET / HTTP/1.1", HOST, *HANDSHAKE, *forged)
        assert (status, "different clients" in body) == (400, True)
        assert await browser.peer.rest() == []
        assert rig.connected == []


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["GET / HTTP/1.1", HOST, "Content-Length: 5"], 413),
        (["GET / HTTP/1.1", HOST, "Content-Length: 5", "Expect: 100-continue"], 413),
        (["GET / HTTP/1.1", HOST, "Transfer-Encoding: chunked"], 413),
        (["GET / HTTP/1.1", HOST, "Content-Length: 0"], 200),
        (["GET http://localhost/?x HTTP/1.1", HOST], 200),
        (["GET http://localhost HTTP/1.1", HOST], 200),
        (["GET http://localhost/nowhere HTTP/1.1", HOST], 404),
        # What is not asked for as RFC 6455 has it is a request like any other.
        (["GET / HTTP/1.0", *HANDSHAKE], 200),
    ],
)
async def test_it_is_answered_from_the_head_alone(
    lines: list[str], status: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        began = trio.current_time()
        assert (await browser.ask(*lines))[0] == status
        assert trio.current_time() == began


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["HEAD / HTTP/1.1", HOST, *HANDSHAKE], 200),
        (["HEAD /nowhere HTTP/1.1", HOST], 404),
        (["HEAD / HTTP/1.1", HOST, "Content-Length: 5"], 413),
    ],
)
async def test_of_an_answer_to_head_there_is_the_head(
    lines: list[str], status: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.peer.send(*lines, "")
        found, headers, _ = await browser.answer(head=True)
        assert found == status
        assert int(headers["content-length"]) > 0
        assert await browser.peer.rest() == []


@pytest.mark.parametrize("size", [11_000, 15_000, 24_000])
async def test_a_head_that_comes_at_once_has_the_same_limit(
    size: int, autojump_clock: trio.abc.Clock, carried: bool
) -> None:
    async with running() as rig:
        browser = await open_browser(rig, real=None)
        assert (await browser.ask("GET / HTTP/1.1", HOST, f"X: {'x' * 7_900}"))[0] == 200
        found, _, _ = await browser.ask("GET / HTTP/1.1", HOST, f"X: {'x' * size}")
        assert found == 431


async def test_who_has_said_all_there_is_to_say_is_answered(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.peer.send("GET / HTTP/1.1", HOST, "")
        assert isinstance(browser.peer.stream, trio.abc.HalfCloseableStream)
        await browser.peer.stream.send_eof()
        assert (await browser.answer())[0] == 200
        assert await browser.peer.rest() == []


async def test_a_browser_that_has_nothing_to_ask_yet_is_not_asked_for_a_name(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Browsers connect ahead, and take what they find for the answer."""

    async def asked_after(host: str = "10.0.0.1") -> float:
        person = await rig.connect(web=site(), host=host)
        began = trio.current_time()
        assert "nickname" in await person.line()
        return trio.current_time() - began

    async with running() as rig:
        await (await open_browser(rig)).ask("GET / HTTP/1.1", HOST)
        ahead = await open_browser(rig)
        await trio.sleep(2.9)
        assert (await ahead.ask("GET / HTTP/1.1", HOST))[0] == 200
        # Somebody with nc is asked a little later there.
        assert await asked_after() == pytest.approx(3)
        assert await asked_after("10.0.0.2") == pytest.approx(POLICY.prompt_delay)
        # After a while there may be no browser any more.
        await trio.sleep(600)
        assert await asked_after() == pytest.approx(POLICY.prompt_delay)


@pytest.mark.parametrize("why", ["Killed (boss)", "Ping timeout"])
async def test_who_is_sent_off_is_told_why_and_that_it_is_over(
    why: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until(" 422 ")
        if why.startswith("Killed"):
            core = rig.hub.core
            core.context.close(core.state.users[browser.peer.connection.id], why)
            await browser.say("PING 1")
        assert why in (await browser.until("ERROR"))[-1]
        assert await browser.next() == ("close", 1000)
        assert await browser.peer.rest() == []
        await until_gone(rig)


async def test_frames_that_are_still_to_be_taken_apart_wait_for_an_answer(
    autojump_clock: trio.abc.Clock, carried: bool
) -> None:
    async with running() as rig:
        browser = await open_browser(rig, real=None)
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until(" 422 ")
        # A page is asked for elsewhere, and what was said after it is answered after it.
        said = [f"PING {number}" for number in range(100)]
        data = frame("CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z * 1")
        await browser.peer.stream.send_all(data + b"".join(map(frame, said)))
        seen = await browser.until("PONG irc.test 99")
        assert [line.rpartition(" ")[2] for line in seen if " PONG " in line] == [
            str(number) for number in range(100)
        ]


async def test_time_to_register_counts_from_the_handshake(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        for _ in range(5):
            await browser.ask("GET / HTTP/1.1", HOST)
            await trio.sleep(13)
        await browser.upgrade()
        await trio.sleep(50)
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until(" 422 ")


async def test_inside_tls(autojump_clock: trio.abc.Clock, context: TlsContext) -> None:
    async with running() as rig:
        browser = Browser(await connect(rig, context, web=site()))
        await browser.upgrade("Origin: https://localhost:55555")
        await browser.say("NICK al", "USER al 0 * :Al")
        await browser.until("+Z")
        assert rig.connected[0].secure

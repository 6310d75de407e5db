"""A connection that begins with HTTP: requests, and what becomes a WebSocket."""

from __future__ import annotations

import re

import pytest
import structlog
import trio

from tests.server.rig import POLICY, Peer, Rig, changed, running
from tests.server.test_connection import until_gone
from tests.server.test_tls import connect, context
from tests.server.web.frames import Reader, close, frame
from tests.server.web.test_site import site
from trio_chat.server.tls import TlsContext

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
        assert 2.9 <= trio.current_time() - began <= 4


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
        told: list[str] = []

        def move(connection: object, address: str) -> str:
            told.append(address)
            return "Banned" if address == "192.0.2.9" else ""

        rig.hub.move = move
        proxied = ["X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7"]
        browser = await open_browser(rig, host="127.0.0.9")
        await browser.upgrade(*proxied)
        assert told == ["192.0.2.7"]
        await browser.say("PING 1")
        await browser.until("PONG")
        assert rig.connected[0].secure
        refused = await open_browser(rig, host="127.0.0.9")
        status, _, body = await refused.ask(
            "GET / HTTP/1.1", HOST, *HANDSHAKE, "X-Forwarded-For: 192.0.2.9"
        )
        assert (status, body) == (403, "Forbidden: Banned\n")
        # From anybody else it means nothing.
        other = await open_browser(rig)
        await other.upgrade(*proxied)
        await other.say("PING 1")
        await other.until("PONG")
        assert told == ["192.0.2.7", "192.0.2.9"]
        assert not rig.connected[1].secure


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

"""A crowd that reads history: all page through a whole room at once, and a bystander looks on.

    python -m loadtest.bench history [options]

One client fills a room. Then all join, and each asks for page after page (CHATHISTORY BEFORE), back
to the beginning, and has to find every message once. What a bystander waits for its PONG meanwhile
is what reading costs everybody else.
"""

from __future__ import annotations

import argparse
import re
import selectors
import socket
import time
from collections.abc import Sequence

import msgspec

from loadtest.bench.bystander import Bystander, Observation
from loadtest.bench.commandline import count, exit_code, markdown, tell
from loadtest.bench.crowd import CrowdError, raise_file_limit
from loadtest.bench.servers import SERVERS, RunningServer, ServerUnderTest

ROOM = b"#past"
PATIENCE = 60.0
"""Seconds without anything to read until it has failed."""
AT_MOST = 100.0
"""Milliseconds that the bystander may have to wait."""
_FILLING = 500
"""Messages that are on their way at once while the room is filled."""
_TEXT = b"x" * 56
_ID = re.compile(rb"msgid=([^; ]+)")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    clients: int
    messages: int
    page: int
    seconds: float
    pages: int
    cpu: float
    """CPU seconds of the server."""
    seen: Observation


class Pager:
    """A client that reads the room from its end to its beginning."""

    def __init__(self, number: int, address: tuple[str, int], page: int) -> None:
        self.sock = _connected(address, b"pager%d" % number, capabilities=True)
        self.found = 0
        """Messages so far."""
        self.pages = 0
        self.done = False
        self._page = page
        self._data = bytearray()

    def begin(self) -> None:
        """Ask for the last page."""
        self.sock.setblocking(False)
        self.sock.send(b"CHATHISTORY LATEST %s * %d\r\n" % (ROOM, self._page))

    def read(self) -> None:
        """Take what is there; ask for the next page when one is complete."""
        data = self.sock.recv(1 << 18)
        if not data:
            raise CrowdError("the server has hung up")
        self._data += data
        # A batch ends with its own line, and nothing comes behind it.
        end = self._data.rfind(b" BATCH -")
        if end < 0 or not self._data.endswith(b"\r\n"):
            return
        self.pages += 1
        page = bytes(self._data)
        self._data.clear()
        self.found += page.count(b" PRIVMSG ")
        # Others who join have an id too, in front of the page.
        first = _ID.search(page, page.find(b" BATCH +"))
        if first is None:
            self.done = True
            return
        request = b"CHATHISTORY BEFORE %s msgid=%s %d\r\n"
        self.sock.send(request % (ROOM, first[1], self._page))


def keeping() -> ServerUnderTest:
    """Return this project's server with its journal."""
    return SERVERS["full"]


def measure(server: RunningServer, *, clients: int, messages: int, page: int) -> Outcome:
    """Fill a room, and have it read. Raises `CrowdError` where somebody has not found it all."""
    fill(server.address, messages)
    pagers = [Pager(number, server.address, page) for number in range(clients)]
    try:
        with Bystander(server.address) as bystander, selectors.DefaultSelector() as selector:
            bystander.start()
            before, began = server.cpu_seconds(), time.perf_counter()
            for pager in pagers:
                selector.register(pager.sock, selectors.EVENT_READ, pager)
                pager.begin()
            left = len(pagers)
            while left:
                ready = selector.select(PATIENCE)
                if not ready:
                    raise CrowdError(f"{left} have not come to the beginning")
                for key, _ in ready:
                    key.data.read()
                    if key.data.done:
                        selector.unregister(key.fileobj)
                        left -= 1
            seconds, cpu = time.perf_counter() - began, server.cpu_seconds() - before
            seen = bystander.stop()
    finally:
        for pager in pagers:
            pager.sock.close()
    wrong = [pager.found for pager in pagers if pager.found != messages]
    if wrong:
        raise CrowdError(f"{len(wrong)} have not found {messages} messages, but {wrong[0]}")
    return Outcome(
        clients=clients,
        messages=messages,
        page=page,
        seconds=seconds,
        pages=sum(pager.pages for pager in pagers),
        cpu=cpu,
        seen=seen,
    )


def fill(address: tuple[str, int], messages: int) -> None:
    """Have somebody say so much in the room."""
    with _connected(address, b"filler") as sock:
        line = b"PRIVMSG %s :%s\r\n" % (ROOM, _TEXT)
        for begin in range(0, messages, _FILLING):
            sock.sendall(line * min(_FILLING, messages - begin) + b"PING filled\r\n")
            _read_until(sock, b"PONG")


def _connected(
    address: tuple[str, int], nickname: bytes, *, capabilities: bool = False
) -> socket.socket:
    """Return the connection of a client that has registered and joined the room."""
    sock = socket.create_connection(address, PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if capabilities:
        sock.sendall(b"CAP REQ :batch server-time message-tags draft/chathistory\r\n")
    sock.sendall(b"NICK %s\r\nUSER x 0 * :x\r\n" % nickname)
    sock.sendall((b"CAP END\r\n" if capabilities else b"HISTORY OFF\r\n") + b"JOIN %s\r\n" % ROOM)
    _read_until(sock, b" 366 ")
    return sock


def _read_until(sock: socket.socket, what: bytes) -> None:
    seen = b""
    while what not in seen or not seen.endswith(b"\r\n"):
        data = sock.recv(1 << 16)
        if not data:
            raise CrowdError("the server has hung up")
        seen = seen[-16:] + data


def table(outcomes: Sequence[Outcome]) -> str:
    """Write what was measured, as Markdown."""
    head: tuple[str, ...] = ("clients", "messages", "a page", "s", "pages / s", "messages / s")
    head += ("server CPU s", "PING median, ms", "longest, ms", "late, ms")
    lines = [head]
    for one in outcomes:
        figures = (
            f"{one.clients:,}",
            f"{one.messages:,}",
            f"{one.page:,}",
            f"{one.seconds:.1f}",
            f"{one.pages / one.seconds:,.0f}",
            f"{one.clients * one.messages / one.seconds:,.0f}",
            f"{one.cpu:.1f}",
            f"{one.seen.median:.1f}",
            f"{one.seen.longest:.0f}",
            f"{one.seen.late:.0f}",
        )
        lines.append(figures)
    return markdown(lines)


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if something went wrong or, with `--check`, the bystander
    waited for too long, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench history",
        description="Have a crowd page through a room, and see what a PING takes meanwhile.",
    )
    parser.add_argument("--clients", type=count, default=200, metavar="N", help="default 200")
    parser.add_argument("--messages", type=count, default=5000, metavar="N", help="default 5000")
    parser.add_argument(
        "--pages", type=count, nargs="+", default=[100, 1000], metavar="N", help="default 100 1000"
    )
    parser.add_argument(
        "--check", action="store_true", help=f"a PING that takes over {AT_MOST:g} ms is a failure"
    )
    options = parser.parse_args(arguments)
    raise_file_limit()

    def measure_all() -> bool:
        outcomes = []
        for page in options.pages:
            with keeping().run() as server:
                outcomes.append(
                    measure(server, clients=options.clients, messages=options.messages, page=page)
                )
            tell(f"history, pages of {page}: {outcomes[-1].seen.longest:.0f} ms at most")
        print(table(outcomes))
        longest = max(one.seen.longest for one in outcomes)
        return longest <= AT_MOST or not options.check

    return exit_code(measure_all)

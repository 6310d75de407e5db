"""A crowd that guesses: everybody says a wrong password at once, and a bystander looks on.

    python -m loadtest.bench guessing [options]

There is one account. Clients from several addresses of 127.0.0.0/8 try to log in to it by SASL
PLAIN, and each has to be told that it has failed. What a bystander waits for its PONG meanwhile is
what that costs everybody else. The server's memory may be as much more as it takes to check two
passwords, and has to be what it was when all is over.

To check one takes some 0.2 s of CPU, on purpose: with the defaults it is a minute or two, on two
cores that have nothing else to do.
"""

from __future__ import annotations

import argparse
import base64
import selectors
import socket
import time
from collections.abc import Sequence

import msgspec

from loadtest.bench.bystander import Bystander, Observation
from loadtest.bench.commandline import count, exit_code, markdown, tell
from loadtest.bench.crowd import CrowdError, raise_file_limit
from loadtest.bench.servers import SERVERS, RunningServer, ServerUnderTest

PATIENCE = 60.0
"""Seconds without an answer until it has failed."""
AT_MOST = 50.0
"""Milliseconds that the bystander may have to wait."""
CHECKING = 160.0
"""Megabytes that the server may have more meanwhile: two checks of 64 MiB each, and the crowd."""
LEFT = 10.0
"""Megabytes that it may have more when all is over, and the crowd still there."""
_REPORTED = 5.0
"""Seconds between two reports of how far it has got."""
_ACCOUNT = b"owner"
_FAILED, _CHECKED = b" 904 ", b" 904 * :SASL authentication failed\r\n"
_MB = 1e6


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    clients: int
    addresses: int
    checked: int
    """Passwords that were compared; the others were sent away."""
    seconds: float
    cpu: float
    """CPU seconds of the server."""
    before: int
    most: int
    after: int
    """Bytes of memory that the server had: before, at most, and when all was over."""
    seen: Observation

    @property
    def is_fine(self) -> bool:
        """Whether the bystander was served, and memory bounded and given back."""
        return (
            self.seen.longest <= AT_MOST
            and self.most - self.before <= CHECKING * _MB
            and self.after - self.before <= LEFT * _MB
        )


def keeping() -> ServerUnderTest:
    """Return this project's server with its journal: without one there are no accounts."""
    return SERVERS["full"]


def measure(server: RunningServer, *, clients: int, addresses: int) -> Outcome:
    """Have a crowd guess at one account. Raises `CrowdError` where somebody is not answered."""
    _make_account(server.address)
    guess = base64.b64encode(b"\0%s\0wrong password" % _ACCOUNT)
    lines = b"AUTHENTICATE PLAIN\r\nAUTHENTICATE %s\r\n" % guess
    socks = [_connected(server.address, number % addresses) for number in range(clients)]
    said = dict.fromkeys(socks, b"")
    try:
        with Bystander(server.address) as bystander, selectors.DefaultSelector() as selector:
            bystander.start()
            cpu, began = server.cpu_seconds(), time.perf_counter()
            before = server.rss_bytes()
            for sock in socks:
                selector.register(sock, selectors.EVENT_READ)
                sock.sendall(lines)
            last = reported = began
            while selector.get_map():
                ready = selector.select(_REPORTED)
                for key, _ in ready:
                    asker = key.fileobj
                    assert isinstance(asker, socket.socket)
                    data = asker.recv(1 << 16)
                    if not data:
                        raise CrowdError("the server has hung up")
                    said[asker] += data
                    if _FAILED in said[asker] and said[asker].endswith(b"\r\n"):
                        selector.unregister(asker)
                now = time.perf_counter()
                last = now if ready else last
                if now - last > PATIENCE:
                    raise CrowdError(f"{len(selector.get_map())} have not been answered")
                if now - reported > _REPORTED:
                    tell(f"guessing: {clients - len(selector.get_map())} of {clients} answered")
                    reported = now
            seconds, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
            after, most = server.rss_bytes(), server.peak_bytes()
            seen = bystander.stop()
    finally:
        for sock in socks:
            sock.close()
    return Outcome(
        clients=clients,
        addresses=addresses,
        checked=sum(_CHECKED in one for one in said.values()),
        seconds=seconds,
        cpu=cpu,
        before=before,
        most=most,
        after=after,
        seen=seen,
    )


def _make_account(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as sock:
        sock.sendall(b"NICK %s\r\nUSER x 0 * :x\r\nREGISTER * * right-password\r\n" % _ACCOUNT)
        _read_until(sock, b" REGISTER SUCCESS ")


def _connected(address: tuple[str, int], number: int) -> socket.socket:
    """Connect from an address of the loopback's, ready to log in."""
    source = f"127.1.{number // 250}.{number % 250 + 1}"
    sock = socket.create_connection(address, timeout=PATIENCE, source_address=(source, 0))
    sock.sendall(b"CAP REQ sasl\r\n")
    _read_until(sock, b" ACK ")
    return sock


def _read_until(sock: socket.socket, what: bytes) -> None:
    seen = b""
    while what not in seen or not seen.endswith(b"\r\n"):
        data = sock.recv(1 << 16)
        if not data:
            raise CrowdError("the server has hung up")
        seen += data


def table(one: Outcome) -> str:
    """Write what was measured, as Markdown."""
    head: tuple[str, ...] = ("clients", "addresses", "checked", "s", "server CPU s")
    head += ("MB before", "at most", "after", "PING median, ms", "longest, ms", "late, ms")
    figures = (
        f"{one.clients:,}",
        f"{one.addresses:,}",
        f"{one.checked:,}",
        f"{one.seconds:.1f}",
        f"{one.cpu:.1f}",
        f"{one.before / _MB:.0f}",
        f"{one.most / _MB:.0f}",
        f"{one.after / _MB:.0f}",
        f"{one.seen.median:.1f}",
        f"{one.seen.longest:.0f}",
        f"{one.seen.late:.0f}",
    )
    return markdown([head, figures])


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if something went wrong or, with `--check`, it took too
    much, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench guessing",
        description="Have a crowd say wrong passwords, and see what a PING takes meanwhile.",
    )
    parser.add_argument("--clients", type=count, default=500, metavar="N", help="default 500")
    parser.add_argument(
        "--addresses", type=count, default=500, metavar="N", help="that they come from; default 500"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"a PING that takes over {AT_MOST:g} ms is a failure, and so are over {CHECKING:g} MB "
        f"more meanwhile, or over {LEFT:g} afterwards",
    )
    options = parser.parse_args(arguments)
    raise_file_limit()

    def measure_it() -> bool:
        with keeping().run() as server:
            outcome = measure(server, clients=options.clients, addresses=options.addresses)
        print(table(outcome))
        return outcome.is_fine or not options.check

    return exit_code(measure_it)

"""Connects and disconnects, over and over: `python -m loadtest.churn`. Is the memory flat?

Starts a server, and keeps so many clients at a time going round: connect, register, join, say
something, and go, in one of three ways in turn (QUIT, hanging up, a reset). Nothing is timed: the
next one comes when the last one has gone. The server's memory is told after a hundredth, a tenth, a
half and all of them.

Until a minute is over it grows a little: the core keeps a deadline for each of the last minute's
connections, which is then found to be of no use.

The exit code is 0, and with `--growth` 1 when the memory has grown by more, from the tenth to the
end. Must not know how the server is built.
"""

from __future__ import annotations

import argparse
import select
import socket
import struct
import sys
import time
from collections.abc import Sequence

from loadtest.bench.servers import SERVERS, RunningServer

ROOM_SIZE = 20
"""Clients in a room, as long as there are that many."""
PATIENCE = 10.0
"""Seconds that the server may take to do anything at all."""
_RESET = struct.pack("ii", 1, 0)


class _Client:
    """One connection, from the first line to the last."""

    def __init__(self, number: int, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, PATIENCE)
        self.sock.setblocking(False)
        self._number = number
        self._room = number // ROOM_SIZE
        self._said = False
        self._read = b""
        self._send(b"NICK c%d\r\nUSER c 0 * :x\r\nJOIN #churn%d\r\n" % (number, self._room))

    def read(self) -> bool:
        """Read what is there, and go on; return whether the connection is over."""
        data = self.sock.recv(65_536)
        self._read = self._read[-16:] + data
        if not data:
            return True
        if not self._said and b" 366 " in self._read:
            self._said = True
            self._send(b"PRIVMSG #churn%d :hello\r\nPING said\r\n" % self._room)
        elif self._said and b" said\r\n" in self._read:
            way = self._number % 3
            if way == 0:
                self._send(b"QUIT :bye\r\n")
                self._said = False
                self._read = b""
                return False
            if way == 1:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return True
        return False

    def _send(self, data: bytes) -> None:
        # A few hundred bytes into an empty buffer.
        self.sock.sendall(data)


def churn(server: RunningServer, *, connections: int, at_once: int) -> dict[int, int]:
    """Connect so many times, `at_once` at a time; return the bytes of memory by how many it were.

    Raises `TimeoutError` when nothing happens any more.
    """
    marks = {max(1, connections * part // 100) for part in (1, 10, 50, 100)}
    memory = {}
    epoll = select.epoll()
    clients: dict[int, _Client] = {}
    begun = done = 0
    while done < connections:
        while begun < connections and len(clients) < at_once:
            client = _Client(begun, server.address)
            clients[client.sock.fileno()] = client
            epoll.register(client.sock, select.EPOLLIN)
            begun += 1
        ready = epoll.poll(PATIENCE)
        if not ready:
            raise TimeoutError(f"the server is silent, after {done} connections")
        for descriptor, _ in ready:
            if clients[descriptor].read():
                clients.pop(descriptor).sock.close()
                done += 1
                if done in marks:
                    memory[done] = server.rss_bytes()
    epoll.close()
    return memory


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.churn",
        description="Connect and disconnect, over and over: is the server's memory flat?",
    )
    parser.add_argument("--connections", type=int, default=100_000, metavar="N")
    parser.add_argument("--at-once", type=int, default=100, metavar="N")
    parser.add_argument("--growth", type=float, metavar="MB", help="more than that is a failure")
    options = parser.parse_args(arguments)
    with SERVERS["ours"].run() as server:
        began = time.monotonic()
        memory = churn(server, connections=options.connections, at_once=options.at_once)
        seconds = time.monotonic() - began
    for done, size in memory.items():
        print(f"{done:>8} connections: {size / 2**20:6.1f} MB")
    print(f"{options.connections / seconds:.0f} a second")
    sizes = list(memory.values())
    grown = (sizes[-1] - sizes[min(1, len(sizes) - 1)]) / 2**20
    return int(options.growth is not None and grown > options.growth)


if __name__ == "__main__":
    sys.exit(main())

"""A crowd: many IRC clients in one process, on raw sockets and one epoll.

Owns the clients' sockets, their way from connecting to the end of all JOIN noise, and the count of
what each was delivered. It does not decide who says what and when: that is `load`. It knows no
server under test, only an address.

Invariants. Every byte that is read goes through `_read`, which counts, whatever is going on. After
`barrier` each client has read everything that the server had sent it before it answered the PING.
`Room.behind` can not exceed what the load allows, so nor can what the server has to queue for a
client that the crowd reads from. A client that asked for `echo-message` and got it is delivered its
own messages too; for one that did not, its own count as delivered when it says them, and are not
deliveries.

Coming together goes as fast as the server takes it: what is bounded is how many wait for its first
word, which is how long they may stand in its backlog, and not how many wait to be registered, which
some servers do once a second.
"""

from __future__ import annotations

import contextlib
import errno
import resource
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from loadtest.bench import messages
from loadtest.bench.messages import MARK, Audit, Tally

READ_SIZE = 64 * 1024
AT_ONCE = 64
"""Clients that wait for a server's first word at one time: fewer than most servers' backlog."""
AUDITED = 50
"""One client in so many reads what it gets instead of only counting it."""
CLIENTS_PER_ADDRESS = 20_000
"""Clients from one loopback address before the next is used: the usual 28,000 ports, less some."""
SPARE_FILES = 64
"""Descriptors that this process needs besides one for each client."""


class CrowdError(Exception):
    """The crowd could not come or stay together: a server refused, closed or was silent."""


class Room:
    """A channel, its members, and how far each of them is with what was said there."""

    __slots__ = ("counts", "members", "name", "said", "touched", "turn")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.members: list[Client] = []
        self.said = 0
        self.counts: list[int] = []
        """By member: messages delivered, and its own where the server does not echo them."""
        self.turn = 0
        """Whose turn to speak it is."""
        self.touched = False
        """Something was delivered here since the last look."""

    def behind(self) -> int:
        """Return how many messages the slowest member has still to get."""
        return self.said - min(self.counts)


class Client:
    """One connection. `place` is its index in its room's `members` and `counts`."""

    __slots__ = (
        "audit",
        "deaf",
        "echo",
        "ended",
        "heard",
        "inbox",
        "index",
        "outbox",
        "place",
        "pong",
        "room",
        "said",
        "sock",
    )

    def __init__(self, index: int, sock: socket.socket, room: Room, place: int) -> None:
        self.index = index
        self.sock = sock
        self.room = room
        self.place = place
        self.echo = False
        self.heard = False
        """The server has said something to it, so it has accepted the connection."""
        self.deaf = False
        """It has stopped reading, or hung up, on purpose: nothing is expected of it."""
        self.ended = ""
        """Why its connection is over, if it is."""
        self.said = 0
        self.pong = b""
        """The token of the last PONG."""
        self.inbox = b""
        self.outbox = b""
        self.audit: Audit | None = None


class Crowd:
    """Clients in rooms, on a server at `address`. A context manager: leaving it closes them all.

    `at_once` clients wait for the server's first word at a time: more than its backlog would be
    dropped, and come again a second later.
    `patience` is how many seconds a server may give no sign of life before it counts as having
    failed.
    """

    def __init__(
        self, address: tuple[str, int], *, patience: float = 10.0, at_once: int = AT_ONCE
    ) -> None:
        self.address = address
        self.at_once = at_once
        self.patience = patience
        self.rooms: list[Room] = []
        self.clients: list[Client] = []
        self._by_fd: dict[int, Client] = {}
        self._buffer = bytearray(READ_SIZE)
        self._view = memoryview(self._buffer)
        self._epoll = select.epoll()
        self._conversing = True
        self._barriers = 0
        self._joining = True
        """Whoever is welcome joins its room."""
        self._unheard = 0
        """Clients that wait for the server's first word."""
        self._expected = 0
        """Clients that are not yet where `gather` wants them."""
        self.tally: Tally | None = None
        """Counts marks in everything that is read, if that is wanted."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Saying so to the server is not this method's business."""
        self._epoll.close()
        for client in self.clients:
            client.sock.close()

    # Coming together

    def gather(
        self, *, rooms: int, size: int, deaf: int = 0, join: bool = True, audited: int = AUDITED
    ) -> float:
        """Connect `rooms` times `size` clients and join them; return when the noise of it is over.

        What it returns is the seconds until the last one was in.

        Without `join` they are registered, and know the room that they do not join yet. The last
        `deaf` members of each room have small receive buffers, so that they can stop reading with
        little in the kernel. One in `audited` reads what it gets. Raises `CrowdError`.
        """
        need_files(rooms * size)
        self._joining = join
        places = [
            (room, place)
            for room in (Room(b"#bench%d" % number) for number in range(rooms))
            for place in range(size)
        ]
        waiting = iter(places)
        self._expected = len(places)
        began = time.monotonic()
        before, last_sign = self._expected, began
        while self._expected:
            while self._unheard < self.at_once and (next_one := next(waiting, None)):
                room, place = next_one
                self._connect(room, place, small=place >= size - deaf)
            self.poll(0.1)
            self.raise_ended()
            now = time.monotonic()
            if self._expected < before:
                before, last_sign = self._expected, now
            elif now - last_sign > self.patience:
                coming = len(self.clients) - (len(places) - self._expected)
                raise CrowdError(f"{coming} clients waited in vain to be let in")
        seconds = time.monotonic() - began
        self.rooms = list(dict.fromkeys(room for room, _ in places))
        for client in self.clients:
            if client.index % audited == audited - 1 or client is self.clients[-1 - deaf]:
                client.audit = Audit()
        self.barrier()
        return seconds

    def _connect(self, room: Room, place: int, *, small: bool) -> Client:
        index = len(self.clients)
        sock = self._socket()
        client = Client(index, sock, room, place)
        self.clients.append(client)
        self._unheard += 1
        room.members.append(client)
        room.counts.append(0)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if small:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        if index >= CLIENTS_PER_ADDRESS:
            sock.bind((f"127.0.0.{1 + index // CLIENTS_PER_ADDRESS}", 0))
        failure = sock.connect_ex(self.address)
        if failure not in (0, errno.EINPROGRESS):
            raise CrowdError(f"client {index} could not connect: {errno.errorcode[failure]}")
        self._by_fd[sock.fileno()] = client
        client.outbox = self._first(client)
        self._epoll.register(sock, select.EPOLLIN | select.EPOLLOUT)
        return client

    def _socket(self) -> socket.socket:
        """Return a new socket to connect."""
        return socket.socket()

    def _first(self, client: Client) -> bytes:
        """Return what a client sends first."""
        return registration(client)

    def barrier(self) -> None:
        """Wait until each client has read all that was sent to it so far. Raises `CrowdError`."""
        self._barriers += 1
        token = b"barrier%d" % self._barriers
        with self._talk():
            waiting = [client for client in self.clients if not client.deaf]
            for client in waiting:
                self.send(client, b"PING :%s\r\n" % token)
            last_sign = time.monotonic()
            while waiting:
                self.poll(0.1)
                self.raise_ended()
                now = time.monotonic()
                still = [client for client in waiting if client.pong != token]
                if len(still) < len(waiting):
                    last_sign = now
                elif now - last_sign > self.patience:
                    raise CrowdError(f"{len(still)} clients waited in vain for a PONG")
                waiting = still

    def deafen(self, count: int) -> None:
        """Let the last `count` members of each room read no more; nothing is expected of them."""
        for room in self.rooms:
            for client in room.members[-count:]:
                client.deaf = True
                self._epoll.unregister(client.sock)
            del room.members[-count:], room.counts[-count:]

    def hang_up(self, leaving: Iterable[Client]) -> None:
        """Close the connections of some, without a word; nothing is expected of them."""
        for client in leaving:
            client.deaf = True
            self._epoll.unregister(client.sock)
            client.sock.close()

    # Words and deeds

    def send(self, client: Client, lines: bytes) -> None:
        """Send lines, each with its CR LF."""
        self._send(client, lines)

    def _send(self, client: Client, data: bytes) -> None:
        """Send, or keep what the socket does not take until it does."""
        if client.ended:
            return
        if client.outbox:
            client.outbox += data
            return
        try:
            sent = client.sock.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        except ssl.SSLWantReadError:
            # In the middle of a handshake: `_read` goes on with it, not the room to write.
            client.outbox = data
            return
        except OSError as error:
            self._end(client, error)
            return
        if sent < len(data):
            client.outbox = data[sent:]
            self._epoll.modify(client.sock, select.EPOLLIN | select.EPOLLOUT)

    def say(self, client: Client, count: int, due: int, size: int = messages.TEXT_SIZE) -> None:
        """Let a client say `count` messages in its room, due at `due` (`perf_counter_ns`)."""
        room = client.room
        first = client.said + 1
        client.said += count
        room.said += count
        if not client.echo:
            room.counts[client.place] += count
        self.send(
            client,
            b"".join(
                messages.command(room.name, client.index, sequence, due, size)
                for sequence in range(first, first + count)
            ),
        )

    def poll(self, timeout: float) -> list[Room]:
        """Read what comes within `timeout` seconds; return where something was delivered."""
        touched: list[Room] = []
        by_fd = self._by_fd
        for fd, event in self._epoll.poll(timeout):
            client = by_fd[fd]
            if event & select.EPOLLOUT:
                self._flush(client)
            if event & ~select.EPOLLOUT and not client.ended:
                room = client.room
                if self._read(client) and not room.touched:
                    room.touched = True
                    touched.append(room)
        for room in touched:
            room.touched = False
        return touched

    def fileno(self) -> int:
        """Return a descriptor that is readable when `poll` would not wait."""
        return self._epoll.fileno()

    def deliveries(self) -> int:
        """Return how many messages have been delivered, all clients together."""
        return sum(
            client.room.counts[client.place] - (0 if client.echo else client.said)
            for client in self.clients
            if not client.deaf
        )

    def ended(self) -> list[Client]:
        """Return the clients whose connections are over, without those that stopped reading."""
        return [client for client in self.clients if client.ended]

    # What comes in

    def _read(self, client: Client) -> int:
        """Read once from a client's socket; return how many messages that completed."""
        try:
            size = client.sock.recv_into(self._view)
        except (BlockingIOError, ssl.SSLWantReadError):
            return 0
        except OSError as error:
            self._end(client, error)
            return 0
        if not size:
            self._end(client, None)
            return 0
        count = self._count(client, size)
        client.room.counts[client.place] += count
        if self._conversing or client.audit is not None or self.tally is not None:
            now = time.perf_counter_ns()
            lines = self._lines(client, bytes(self._view[:size]))
            if client.audit is not None:
                client.audit.feed(lines, now)
            if self.tally is not None:
                self.tally.feed(client.index, lines)
            if self._conversing:
                self._converse(client, lines)
        return count

    def _count(self, client: Client, size: int) -> int:
        """Return how many messages end in what was just read."""
        return self._buffer.count(MARK, 0, size)

    def _lines(self, client: Client, data: bytes) -> bytes:
        """Return what of the lines that a client is sent has come with this."""
        return data

    def _converse(self, client: Client, data: bytes) -> None:
        if not client.heard:
            client.heard = True
            self._unheard -= 1
        *lines, client.inbox = (client.inbox + data).split(b"\n")
        for line in lines:
            words = line.split()
            if words and words[0][:1] == b":":
                del words[0]
            if words and (answer := _ANSWERS.get(words[0])):
                answer(self, client, words)

    @contextlib.contextmanager
    def _talk(self) -> Iterator[None]:
        """Look at the lines that come, not only at how many messages they are.

        The rest of the time nobody does, and a server that asks for a PONG gets none: no load may
        last longer than a server waits for one.
        """
        self._conversing = True
        try:
            yield
        finally:
            self._conversing = False
            for client in self.clients:
                self._forget(client)

    def _forget(self, client: Client) -> None:
        """Drop what has come of something that nobody looks at the rest of."""
        client.inbox = b""

    def _capability(self, client: Client, words: list[bytes]) -> None:
        client.echo = b"ACK" in words
        self.send(client, b"CAP END\r\n")

    def _welcome(self, client: Client, words: list[bytes]) -> None:
        if self._joining:
            self.send(client, b"JOIN %s\r\n" % client.room.name)
        else:
            self._expected -= 1

    def _end_of_names(self, client: Client, words: list[bytes]) -> None:
        self._expected -= 1

    def _ping(self, client: Client, words: list[bytes]) -> None:
        self.send(client, b"PONG %s\r\n" % words[-1])

    def _pong(self, client: Client, words: list[bytes]) -> None:
        client.pong = words[-1].removeprefix(b":")

    def _error(self, client: Client, words: list[bytes]) -> None:
        self._end(client, None, b" ".join(words).decode(errors="replace"))

    # How it ends

    def _flush(self, client: Client) -> None:
        data, client.outbox = client.outbox, b""
        self._epoll.modify(client.sock, select.EPOLLIN)
        self._send(client, data)

    def _end(self, client: Client, error: OSError | None, reason: str = "") -> None:
        if not client.ended:
            client.ended = reason or (error.strerror if error else "") or "end of stream"
            self._epoll.unregister(client.sock)

    def raise_ended(self) -> None:
        """Raise `CrowdError` if anybody has lost the connection."""
        ended = self.ended()
        if ended:
            first = ended[0]
            raise CrowdError(
                f"{len(ended)} clients lost their connection; client {first.index}: {first.ended}"
            )


_ANSWERS: dict[bytes, Callable[[Crowd, Client, list[bytes]], None]] = {
    b"CAP": Crowd._capability,
    b"001": Crowd._welcome,
    b"366": Crowd._end_of_names,
    b"PING": Crowd._ping,
    b"PONG": Crowd._pong,
    b"ERROR": Crowd._error,
    # Refusals, each of which would otherwise be a wait in vain: no room for one more client, a
    # nickname that is not to be had, a channel that is full or closed.
    b"432": Crowd._error,
    b"433": Crowd._error,
    b"465": Crowd._error,
    b"471": Crowd._error,
    b"473": Crowd._error,
    b"405": Crowd._error,
}


def registration(client: Client) -> bytes:
    """Return the lines with which a client comes."""
    return b"CAP REQ :echo-message\r\nNICK b%d\r\nUSER b%d 0 * :bench\r\n" % (
        client.index,
        client.index,
    )


def need_files(clients: int) -> None:
    """Raise `CrowdError` if this process may not open as many files as that takes."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and clients + SPARE_FILES > soft:
        raise CrowdError(f"{clients} clients need more than the {soft} open files allowed")


def raise_file_limit() -> None:
    """Let this process, and the servers that it starts, open as many files as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

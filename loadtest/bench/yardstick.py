"""The yardstick: the obvious way to write such a server, as plain as it can be said.

One asyncio `Protocol` per client, and each message is written to each member of its room as it
comes. It speaks just enough IRC for the bench and checks nothing. No trick for speed, and none
against it: asyncio sets TCP_NODELAY, sends at once what the socket takes, and keeps the rest.
"""

from __future__ import annotations

import asyncio

BACKLOG = 1024
"""Connections that may wait to be accepted: asyncio's 100 are few when thousands come at once."""

Rooms = dict[bytes, list["Connection"]]


class Connection(asyncio.Protocol):
    """One client, from its first byte to its last."""

    transport: asyncio.Transport

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.rest = b""
        self.nickname = b"*"
        self.source = b"*"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for name, members in list(self.rooms.items()):
            if self in members:
                members.remove(self)
                self.tell(name, b":%s QUIT :gone\r\n" % self.source)
                if not members:
                    del self.rooms[name]

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.line_received(line.rstrip(b"\r"))

    def line_received(self, line: bytes) -> None:
        command, _, rest = line.partition(b" ")
        if command == b"PRIVMSG":
            name, _, text = rest.partition(b" :")
            self.tell(name, b":%s PRIVMSG %s :%s\r\n" % (self.source, name, text))
        elif command == b"PING":
            self.transport.write(b"PONG yardstick %s\r\n" % rest)
        elif command == b"JOIN":
            self.rooms.setdefault(rest, []).append(self)
            self.tell(rest, b":%s JOIN %s\r\n" % (self.source, rest))
            self.transport.write(b":yardstick 366 %s %s :End of names\r\n" % (self.nickname, rest))
        elif command == b"CAP" and rest.startswith(b"REQ "):
            self.transport.write(b"CAP * ACK %s\r\n" % rest[4:])
        elif command == b"NICK":
            self.nickname = rest
        elif command == b"USER":
            self.source = b"%s!%s@127.0.0.1" % (self.nickname, rest.partition(b" ")[0])
            self.transport.write(b":yardstick 001 %s :Welcome\r\n" % self.nickname)

    def tell(self, name: bytes, line: bytes) -> None:
        for member in self.rooms.get(name, ()):
            member.transport.write(line)


async def serve(connection: type[Connection] = Connection) -> None:
    """Listen on a free port of 127.0.0.1, say which on stdout, and serve until killed."""
    rooms: Rooms = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: connection(rooms), "127.0.0.1", 0, backlog=BACKLOG)
    host, port = server.sockets[0].getsockname()
    print(f"{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())

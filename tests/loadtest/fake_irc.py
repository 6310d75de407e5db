"""A small IRC server that does one thing wrong, if it is told to. For the tests of the swarm.

Run as a script: it prints where it listens. Of each fault there is exactly one, at the message
`--at` (counted from 1) of a room, for its last member but the sender: the first fault is in the
first room, the second, if there is one, in the second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import sys

FAULTS = ("drop", "duplicate", "reorder", "alter", "die", "disconnect")


class Server:
    """Rooms and clients."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.clients = 0
        self.rooms: dict[str, list[Client]] = {}
        self.said: dict[str, int] = {}

    def say(self, sender: Client, room: str, text: str) -> None:
        line = f":{sender.source} PRIVMSG {room} :{text}\r\n".encode()
        members = self.rooms.get(room, [])
        count = self.said[room] = self.said.get(room, 0) + 1
        victim = [member for member in members if member is not sender][-1:]
        number = room.rpartition("-")[2]
        faults = dict(zip("0123", self.options.fault, strict=False))
        fault = faults.get(number, "none") if count == self.options.at else "none"
        for member in members:
            if member is sender and not sender.echoes:
                continue
            self._deliver(member, line, fault if member in victim else "none")

    def _deliver(self, member: Client, line: bytes, fault: str) -> None:
        if fault == "none":
            member.write(line + member.held)
            member.held = b""
        elif fault == "duplicate":
            member.write(line + line)
        elif fault == "reorder":
            member.held = line
        elif fault == "alter":
            member.write(line.replace(b"abc", b"xyz"))
        elif fault == "disconnect":
            member.write(b"ERROR :Closing link (too slow)\r\n")
            member.transport.close()
        elif fault == "die":
            print("the disk is on fire", file=sys.stderr, flush=True)
            os._exit(7)

    def tell(self, room: str, line: str) -> None:
        for member in self.rooms.get(room, []):
            member.write(f"{line}\r\n".encode())


class Client(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self.buffer = b""
        self.due = 0.0
        self.nickname = ""
        self.echoes = False
        self.negotiates = False
        self.registered = False
        self.held = b""

    @property
    def source(self) -> str:
        return f"{self.nickname}!u@127.0.0.1"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.clients += 1
        if self.server.clients > self.server.options.max_clients:
            self.write(b"ERROR :Too many connections from your address\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.server.clients -= 1
        for room, members in self.server.rooms.items():
            if self in members:
                members.remove(self)
                self.server.tell(room, f":{self.source} QUIT :gone")

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\r\n")
        pause = self.server.options.seconds_per_line
        loop = asyncio.get_running_loop()
        for line in lines:
            if pause and self.registered:
                # However the lines are cut into packets, each waits for the one before it.
                self.due = max(self.due, loop.time()) + pause
                loop.call_at(self.due, self.handle, line.decode())
            else:
                self.handle(line.decode())

    def handle(self, line: str) -> None:
        head, _, text = line.partition(" :")
        command, *params = head.split(" ")
        if text:
            params.append(text)
        name = self.nickname or "*"
        if command == "CAP" and params[0] == "LS":
            self.negotiates = True
            offer = "" if self.server.options.no_echo else "echo-message"
            self.write(f":fake CAP {name} LS :multi-prefix {offer}\r\n".encode())
        elif command == "CAP" and params[0] == "REQ":
            self.echoes = self.negotiates = True
            self.write(f":fake CAP {name} ACK :{params[-1]}\r\n".encode())
        elif command == "CAP":
            self.negotiates = False
        elif command == "NICK":
            self.nickname = params[0]
        elif command == "PING":
            self.write(f":fake PONG fake :{params[0]}\r\n".encode())
        elif command == "JOIN":
            self.server.rooms.setdefault(params[0], []).append(self)
            self.server.tell(params[0], f":{self.source} JOIN {params[0]}")
            self.write(f":fake 366 {name} {params[0]} :End of NAMES\r\n".encode())
        elif command == "PART":
            self.server.tell(params[0], f":{self.source} PART {params[0]}")
            self.server.rooms[params[0]].remove(self)
        elif command == "PRIVMSG":
            self.server.say(self, params[0], params[1])
        if command in ("USER", "CAP") and self.nickname and not self.negotiates:
            if not self.registered:
                self.write(f":fake 001 {self.nickname} :Welcome\r\n".encode())
            self.registered = True


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=FAULTS, default=[], nargs="+")
    parser.add_argument("--at", type=int, default=8)
    parser.add_argument("--no-echo", action="store_true")
    parser.add_argument("--certificate", help="speak TLS with this certificate and key")
    parser.add_argument("--seconds-per-line", type=float, default=0.0)
    parser.add_argument("--max-clients", type=int, default=1000)
    options = parser.parse_args()
    server = Server(options)
    loop = asyncio.get_running_loop()
    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate)
    listener = await loop.create_server(lambda: Client(server), "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A correct server of one room, for the tests to tamper with."""

from __future__ import annotations

from collections.abc import Iterable

from loadtest.diagnosis import Fault
from loadtest.membership import Member, Samples
from loadtest.payload import end_text, message_text
from loadtest.verifier import Room
from trio_chat.wire import irc

RUN = "r1"
NAME = "#room"


class Server:
    """A correct server of one room: every event goes to every member, in one order.

    What it sends waits in `queues` until `deliver` hands it on, so that a test can tamper with it.
    """

    def __init__(
        self, members: int = 3, *, echo: bool = True, senders: int = 2, churner: bool = False
    ) -> None:
        self.samples = Samples()
        self.room = Room(NAME, self.samples, run=RUN, hears_itself=echo)
        self.echo = echo
        self.now = 10.0
        self.present: list[Member] = []
        first_sender = 0 if echo else 1
        self.members = [
            self.room.add(
                f"u{number}",
                sends=first_sender <= number < first_sender + senders,
                permanent=not (churner and number == members - 1),
            )
            for number in range(members)
        ]
        self.queues: dict[str, list[bytes]] = {member.nickname: [] for member in self.members}
        for member in self.members:
            self.join(member)
            if member.is_founder:
                self.deliver()

    @property
    def senders(self) -> list[Member]:
        return [member for member in self.members if member.sends]

    def _line(self, member: Member, rest: str) -> bytes:
        return f":{member.nickname}!~u@127.0.0.1 {rest}\r\n".encode()

    def join(self, member: Member) -> None:
        self.room.joining(member)
        self.present.append(member)
        self._send(self._line(member, f"JOIN {NAME}"), self.present)
        self.queues[member.nickname].append(f":srv 366 {member.nickname} {NAME} :End\r\n".encode())

    def part(self, member: Member) -> None:
        self._send(self._line(member, f"PART {NAME}"), self.present)
        self.present.remove(member)

    def quit(self, member: Member) -> None:
        self.present.remove(member)
        self.queues[member.nickname].clear()
        self.room.gone(member)
        self._send(self._line(member, "QUIT :gone"), self.present)

    def say(self, sender: Member, *, end: bool = False) -> bytes:
        number = sender.said_count
        text = (
            end_text(RUN, sender.nickname, number)
            if end
            else message_text(RUN, sender.nickname, number, self.now, 60)
        )
        self.room.say(sender, text, intended=self.now, sent=self.now, is_end=end)
        line = self._line(sender, f"PRIVMSG {NAME} :{text}")
        self._send(line, [m for m in self.present if self.echo or m is not sender])
        return line

    def _send(self, line: bytes, members: Iterable[Member]) -> None:
        for member in members:
            self.queues[member.nickname].append(line)

    def deliver(self, *members: Member, chunk: int = 0) -> list[irc.Message]:
        """Hand on what waits: line by line, or `chunk` bytes at a time."""
        others = []
        for member in members or self.members:
            lines = self.queues[member.nickname]
            data = b"".join(lines)
            pieces = [data[i : i + chunk] for i in range(0, len(data), chunk)] if chunk else lines
            for piece in list(pieces):
                self.now += 0.001
                others += self.room.feed(member, piece, self.now)
            lines.clear()
        return others

    def finish(self) -> list[Fault]:
        for sender in self.senders:
            if not sender.is_gone:
                self.say(sender, end=True)
        self.deliver()
        return self.room.faults()

"""The text of a message, and what a receiver can tell from it.

Owns the form of the text: whose it is, which of theirs, when it was due, filler, and the mark; and
how to count in a stream what is not a message. Knows no socket and no clock.

Every text ends with `MARK`, a byte that no other line of a run holds. So counting that one byte
counts the messages that are there to their end, wherever a read was cut and whatever else a server
says in between. What counting can not see (one lost and another twice), an `Audit` does, at a
higher price.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MARK = b"|"
"""The last byte of every message, and of no other line."""

FILLER = b"x"
"""What stands before it, as often as it takes, and once at least."""

TEXT_SIZE = 56
"""Bytes of a text: with a server's prefix in front a line of about 100."""

_LINE = re.compile(rb" PRIVMSG [^ ]+ :(\d+) (\d+) (\d+) [^|\n]*\|\r?\n")
_QUIT = re.compile(rb"^:([^ !]+)[^ ]* QUIT(?: :?([^\r\n]*))?", re.MULTILINE)


def command(channel: bytes, sender: int, sequence: int, due: int, size: int = TEXT_SIZE) -> bytes:
    """Write the line that says message number `sequence` (from 1) of `sender` in `channel`.

    `due` is the time in nanoseconds from which its delay counts, `size` the bytes of the text.
    """
    text = b"%d %d %d " % (sender, sequence, due)
    return b"PRIVMSG %s :%s%s\r\n" % (channel, (text + FILLER).ljust(size - 1, FILLER), MARK)


class Audit:
    """One receiver that reads what it gets: every message once and in its sender's order, and when.

    `feed` takes the bytes as they were read, in any pieces.
    """

    __slots__ = ("_rest", "delays", "departures", "faults", "last")

    def __init__(self) -> None:
        self._rest = b""
        self.last: dict[int, int] = {}
        """By sender, the number of the last message that has come."""
        self.delays: list[int] = []
        """Nanoseconds from when each message was due until it was read."""
        self.faults: list[str] = []
        """What was lost, came twice or came out of order, in words."""
        self.departures: dict[bytes, bytes] = {}
        """By nickname, the reason of a QUIT."""

    def feed(self, data: bytes, now: int) -> None:
        """Read a piece of the stream that came at `now`, in nanoseconds."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest += data
            return
        lines = self._rest + data[:end]
        self._rest = data[end:]
        last = self.last
        for first, second, third in _LINE.findall(lines):
            sender, sequence = int(first), int(second)
            previous = last.get(sender, 0)
            if sequence != previous + 1:
                self.faults.append(f"from client {sender}: {sequence} came after {previous}")
            last[sender] = sequence
            self.delays.append(now - int(third))
        if b" QUIT" in lines:
            self.departures.update(_QUIT.findall(lines))


class Tally:
    """How often each of some marks occurs in what each of `clients` is sent, in any pieces.

    For marks of several bytes, such as a command with its spaces. It reads no lines: a member of a
    room that thousands join is told so thousands of times.
    """

    __slots__ = ("_kept", "_rests", "bytes", "counts")

    def __init__(self, marks: Sequence[bytes], clients: int) -> None:
        self.counts = {mark: [0] * clients for mark in marks}
        """By mark, how often it has come, by client."""
        self.bytes = 0
        """How much has come in all."""
        self._kept = max(map(len, marks)) - 1
        self._rests = [b""] * clients

    def feed(self, client: int, data: bytes) -> None:
        """Take a piece of a client's stream."""
        self.bytes += len(data)
        rest = self._rests[client]
        data = rest + data
        for mark, counts in self.counts.items():
            # From where the mark is not yet whole in the rest, which counted before.
            counts[client] += data.count(mark, max(0, len(rest) - len(mark) + 1))
        self._rests[client] = data[-self._kept :]

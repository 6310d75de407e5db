"""Cuts a stream of bytes into lines.

Owns the bytes of the line that has not ended yet, and nothing else. It never holds more than the
limit, whatever the peer sends: a longer line comes out as soon as it has outgrown the limit, cut to
`limit + 1` bytes, which is how the next stage knows that it was too long; the rest of it is dropped
up to its newline.
"""

from __future__ import annotations


class LineBuffer:
    """Splits what arrives at `\\n`, without it and without a `\\r` before it.

    `limit` is in bytes, the line's end not counted. Empty lines are kept: what they mean depends
    on who reads them.
    """

    __slots__ = ("_skipping", "_tail", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._tail = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the lines that they complete."""
        if self._skipping:
            end = data.find(b"\n")
            if end < 0:
                return []
            data = data[end + 1 :]
            self._skipping = False
        if self._tail:
            data = self._tail + data
        ends = data.count(b"\r\n")
        if ends and ends == data.count(b"\n"):
            lines = data.split(b"\r\n")
            tail = lines.pop()
        else:
            lines = data.split(b"\n")
            tail = lines.pop()
            if ends:
                lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
        limit = self.limit
        # Most reads end with a line's end and hold less than one limit: nothing can be too long.
        if len(data) > limit:
            lines = [line if len(line) <= limit else line[: limit + 1] for line in lines]
            # One byte of grace for a CR whose LF has not arrived.
            if len(tail) > limit + 1 or (len(tail) > limit and not tail.endswith(b"\r")):
                lines.append(tail[: limit + 1])
                tail = b""
                self._skipping = True
        self._tail = tail
        return lines

    def take_rest(self) -> bytes:
        """Return the bytes after the last newline and forget them.

        For the end of a stream, and for handing over to another protocol.
        """
        rest, self._tail = self._tail, b""
        return rest

"""The text of a message: counted whole and in pieces, and every way to be delivered wrongly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loadtest.bench.messages import MARK, Audit, command

NOW = 1_000_000_000


def delivered(sender: int, sequence: int, due: int = NOW) -> bytes:
    return b":b%d!~b@127.0.0.1 %s" % (sender, command(b"#bench0", sender, sequence, due))


STREAM = b"".join(
    [
        delivered(1, 1),
        b"PING :irc.example\r\n",
        delivered(2, 1),
        delivered(1, 2),
        b":b9!~b@127.0.0.1 QUIT :Closing link (SendQ exceeded)\r\n",
        b":b8!~b@127.0.0.1 QUIT\r\n",
        delivered(2, 2),
    ]
)


def pieces(size: int) -> Iterator[bytes]:
    return (STREAM[at : at + size] for at in range(0, len(STREAM), size))


def test_a_text_has_one_mark_at_its_end_and_the_size_asked_for() -> None:
    line = command(b"#room", 7, 8, 9, size=100)
    assert line.startswith(b"PRIVMSG #room :7 8 9 x")
    assert line.endswith(MARK + b"\r\n")
    assert line.count(MARK) == 1
    assert len(line.partition(b" :")[2]) == 100 + len(b"\r\n")


def test_only_messages_hold_the_mark() -> None:
    assert STREAM.count(MARK) == 4


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 101, len(STREAM)])
def test_whatever_the_pieces_the_count_and_the_audit_are_the_same(size: int) -> None:
    audit = Audit()
    count = 0
    for piece in pieces(size):
        count += piece.count(MARK)
        audit.feed(piece, NOW + 5)
    assert count == 4
    assert audit.last == {1: 2, 2: 2}
    assert audit.delays == [5, 5, 5, 5]
    assert audit.faults == []
    assert audit.departures == {b"b9": b"Closing link (SendQ exceeded)", b"b8": b""}


def test_a_message_without_its_end_is_not_there_yet() -> None:
    audit = Audit()
    audit.feed(delivered(1, 1)[:-1], NOW)
    assert audit.last == {}
    audit.feed(b"\n", NOW)
    assert audit.last == {1: 1}


@pytest.mark.parametrize(
    ("sequences", "fault"),
    [
        ([2], "from client 1: 2 came after 0"),
        ([1, 3], "from client 1: 3 came after 1"),
        ([1, 1], "from client 1: 1 came after 1"),
        ([1, 3, 2], "from client 1: 2 came after 3"),
    ],
)
def test_an_audit_sees_what_counting_can_not(sequences: list[int], fault: str) -> None:
    audit = Audit()
    audit.feed(b"".join(delivered(1, sequence) for sequence in sequences), NOW)
    assert fault in audit.faults


def test_a_message_cut_short_is_no_message() -> None:
    audit = Audit()
    audit.feed(delivered(1, 1).replace(MARK, b""), NOW)
    audit.feed(delivered(1, 2), NOW)
    assert audit.faults == ["from client 1: 2 came after 0"]

"""The verifier, fed with what a correct server sends, and with every way to be wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.diagnosis import Fault, Kind
from loadtest.membership import Samples, Stay
from loadtest.verifier import LINE_LIMIT, NotIrcError, Room
from tests.loadtest.one_room import NAME, RUN, Server


def kinds(faults: Iterable[Fault]) -> list[Kind]:
    return [fault.kind for fault in faults]


@pytest.mark.parametrize("echo", [True, False], ids=["echo", "no echo"])
@pytest.mark.parametrize("chunk", [0, 1, 7, 100_000])
def test_a_correct_server_is_proven(echo: bool, chunk: int) -> None:
    server = Server(echo=echo)
    for _ in range(5):
        for sender in server.senders:
            server.say(sender)
        server.deliver(chunk=chunk)
    assert not server.room.has_finished()
    assert server.finish() == []
    assert server.room.has_finished()
    assert server.room.divergence is None
    # Three members, two of which speak.
    assert server.samples.deliver.count == 10 * (3 if echo else 2)
    assert server.samples.echo.count == (10 if echo else 0)


@pytest.mark.parametrize("echo", [True, False], ids=["echo", "no echo"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_who_reads_first_does_not_matter(echo: bool, order: tuple[int, ...]) -> None:
    server = Server(echo=echo)
    for _ in range(3):
        for sender in server.senders:
            server.say(sender)
        server.deliver(*(server.members[number] for number in order))
    assert server.finish() == []


@given(st.data())
def test_any_interleaving_of_a_correct_server_is_proven(data: st.DataObject) -> None:
    server = Server(4, echo=data.draw(st.booleans()), churner=True)
    churner = server.members[-1]
    steps = st.sampled_from(["say 0", "say 1", "churn", "settle", "read 0", "read 1", "read 2"])
    for step in data.draw(st.lists(steps | st.just("read 3"), max_size=60)):
        word, _, number = step.partition(" ")
        if word == "say":
            server.say(server.senders[int(number)])
        elif word == "settle":
            server.room.settle()
        elif word == "read":
            chunk = data.draw(st.sampled_from([0, 3, 64, 1000]))
            server.deliver(server.members[int(number)], chunk=chunk)
        elif churner.stay is Stay.IN and churner in server.present:
            server.part(churner)
        elif churner.stay is Stay.OUT:
            server.join(churner)
    assert server.finish() == []
    assert server.room.divergence is None


def drop(lines: list[bytes]) -> None:
    del lines[1]


def double(lines: list[bytes]) -> None:
    lines.insert(2, lines[1])


def repeat_later(lines: list[bytes]) -> None:
    lines.append(lines[0])


def swap(lines: list[bytes]) -> None:
    lines[1], lines[2] = lines[2], lines[1]


def swap_same_sender(lines: list[bytes]) -> None:
    lines[0], lines[2] = lines[2], lines[0]
    lines[0], lines[1] = lines[1], lines[0]


def alter(lines: list[bytes]) -> None:
    lines[1] = lines[1].replace(b"abc", b"abd")


def forge(lines: list[bytes]) -> None:
    lines.insert(1, lines[1].replace(b"PRIVMSG #room :r1", b"PRIVMSG #room :r0"))


def blame_other(lines: list[bytes]) -> None:
    lines[1] = re.sub(rb"^:u[12]!", b":u0!", lines[1])


def truncate(lines: list[bytes]) -> None:
    lines[1] = lines[1][:-4] + b"\r\n"


TAMPERINGS: list[tuple[Callable[[list[bytes]], None], set[Kind]]] = [
    (drop, {Kind.LOST}),
    (double, {Kind.DUPLICATE}),
    (repeat_later, {Kind.DUPLICATE}),
    (swap, {Kind.REORDERED}),
    (swap_same_sender, {Kind.REORDERED}),
    (alter, {Kind.LOST, Kind.UNEXPECTED}),
    (forge, {Kind.UNEXPECTED}),
    (blame_other, {Kind.LOST, Kind.UNEXPECTED}),
    (truncate, {Kind.LOST, Kind.UNEXPECTED}),
]


@pytest.mark.parametrize("victim", [0, 1, -1])
@pytest.mark.parametrize("reads_first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("chunk", [0, 100_000])
@pytest.mark.parametrize("echo", [True, False], ids=["echo", "no echo"])
@pytest.mark.parametrize(
    ("tamper", "expected"), TAMPERINGS, ids=lambda p: getattr(p, "__name__", "")
)
def test_one_wrong_delivery_is_caught_and_blamed_on_its_receiver(
    tamper: Callable[[list[bytes]], None],
    expected: set[Kind],
    victim: int,
    reads_first: bool,
    chunk: int,
    echo: bool,
) -> None:
    # Who is wrong is told by the majority of those who see everything: three at least.
    server = Server(4 if echo else 5, echo=echo)
    server.deliver()
    for _ in range(2):
        for sender in server.senders:
            server.say(sender)
    member = [member for member in server.members if not member.is_deaf][victim]
    lines = server.queues[member.nickname]
    assert len(lines) == 4
    tamper(lines)
    rest = [other for other in server.members if other is not member]
    server.deliver(*([member, *rest] if reads_first else [*rest, member]), chunk=chunk)
    # Truth comes out at once, or with the next messages: here, the last.
    faults = server.finish()
    assert set(kinds(faults)) == expected
    assert {fault.member for fault in faults} == {member.nickname}
    assert len(faults) == len(expected)
    assert server.room.divergence is not None


@given(st.data())
def test_no_wrong_delivery_is_ever_passed_over(data: st.DataObject) -> None:
    server = Server(4, echo=data.draw(st.booleans()))
    server.deliver()
    for _ in range(data.draw(st.integers(2, 8))):
        server.say(server.senders[data.draw(st.integers(0, 1))])
        if data.draw(st.booleans()):
            server.deliver(server.members[data.draw(st.integers(0, 3))])
        if data.draw(st.booleans()):
            server.room.settle()
    # One queue only: were all changed alike, that would be another order, and none the worse.
    lines = server.queues[data.draw(st.sampled_from(sorted(server.queues)))]
    at = data.draw(st.integers(0, max(len(lines) - 1, 0)))
    to = data.draw(st.integers(0, max(len(lines) - 1, 0)))
    action = data.draw(st.sampled_from(["drop", "repeat", "move"]))
    is_wrong = bool(lines) and (action != "move" or at != to)
    if lines:
        line = lines[at] if action == "repeat" else lines.pop(at)
        if action != "drop":
            lines.insert(to, line)
    server.deliver(*data.draw(st.permutations(server.members)))
    assert bool(server.finish()) == is_wrong


@pytest.mark.parametrize("tamper", [drop, double, swap])
def test_what_a_deaf_sender_is_sent_is_checked_as_well(
    tamper: Callable[[list[bytes]], None],
) -> None:
    server = Server(5, echo=False, senders=3)
    server.deliver()
    for _ in range(2):
        for sender in server.senders:
            server.say(sender)
    deaf = server.members[2]
    assert deaf.is_deaf
    tamper(server.queues[deaf.nickname])
    server.deliver()
    faults = server.finish()
    assert len(faults) == 1
    assert faults[0].member == deaf.nickname


def test_its_own_message_sent_to_a_deaf_sender_is_caught() -> None:
    server = Server(3, echo=False)
    line = server.say(server.senders[0])
    server.queues[server.senders[0].nickname].append(line)
    server.deliver()
    assert kinds(server.finish()) == [Kind.UNEXPECTED]


def test_a_message_lost_for_everyone_is_lost_for_each() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    for lines in server.queues.values():
        lines.clear()
    server.say(server.senders[0])
    server.deliver()
    faults = server.finish()
    assert kinds(faults) == [Kind.LOST] * 3
    assert {fault.member for fault in faults} == {"u0", "u1", "u2"}
    assert all("message 0 of u0" in fault.what for fault in faults)


def test_a_message_doubled_for_everyone_is_double_for_each() -> None:
    server = Server()
    server.deliver()
    line = server.say(server.senders[0])
    for lines in server.queues.values():
        lines.append(line)
    server.deliver()
    assert kinds(server.finish()) == [Kind.DUPLICATE] * 3


def test_one_sender_out_of_order_for_everyone_is_caught() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    server.say(server.senders[0])
    for lines in server.queues.values():
        lines.reverse()
    server.deliver()
    assert kinds(server.finish()) == [Kind.REORDERED] * 3


def test_two_members_who_disagree_are_caught() -> None:
    server = Server(2)
    server.deliver()
    for sender in server.senders:
        server.say(sender)
    server.queues["u1"].reverse()
    server.deliver()
    assert kinds(server.finish()) == [Kind.REORDERED]


def test_a_missing_end_is_a_loss() -> None:
    server = Server()
    server.deliver()
    for sender in server.senders:
        server.say(sender)
    server.deliver()
    for sender in server.senders:
        server.say(sender, end=True)
    server.queues["u2"].pop()
    server.deliver()
    assert not server.room.has_finished()
    faults = server.room.faults()
    assert kinds(faults) == [Kind.LOST]
    assert str(faults[0]) == "#room: u2: message 1 of u1 did not arrive"


def test_a_sender_that_has_not_ended_leaves_the_room_unproven() -> None:
    server = Server()
    server.say(server.senders[0], end=True)
    server.deliver()
    assert not server.room.has_finished()


def test_a_diverged_room_finishes_when_all_ends_are_seen() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    drop_all = server.queues["u2"]
    drop_all.clear()
    server.say(server.senders[1])
    server.deliver()
    assert server.room.divergence is not None
    assert not server.room.has_finished()
    faults = server.finish()
    assert server.room.has_finished()
    assert kinds(faults) == [Kind.LOST]


@pytest.mark.parametrize("settle", [True, False])
def test_a_repetition_of_what_everyone_has_seen_is_a_duplicate(settle: bool) -> None:
    server = Server()
    line = server.say(server.senders[0])
    server.deliver()
    if settle:
        server.room.settle()
    server.queues["u2"].append(line)
    server.deliver()
    assert kinds(server.finish()) == [Kind.DUPLICATE]


def test_settling_counts_the_last_receiver_once_and_forgets() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    server.deliver(*server.members[:2])
    server.room.settle()
    assert server.samples.last.count == 0
    server.deliver()
    server.room.settle()
    server.room.settle()
    assert server.samples.last.count == 1
    assert server.samples.last.percentile(1) == pytest.approx(3, abs=0.2)
    assert server.finish() == []


def test_someone_who_leaves_and_comes_back_sees_what_was_said_in_between_joins() -> None:
    server = Server(4, churner=True)
    churner = server.members[-1]
    for _ in range(3):
        server.say(server.senders[0])
        server.part(churner)
        server.say(server.senders[1])
        server.deliver()
        assert churner.stay is Stay.OUT
        server.join(churner)
        server.say(server.senders[0])
        server.deliver(churner)
        server.deliver()
        server.room.settle()
    assert server.finish() == []


def test_a_message_lost_right_after_a_join_is_caught() -> None:
    server = Server(4, churner=True)
    churner = server.members[-1]
    server.deliver()
    server.part(churner)
    server.deliver()
    server.join(churner)
    server.say(server.senders[0])
    server.queues[churner.nickname].pop()
    server.deliver()
    server.say(server.senders[0])
    server.deliver()
    assert server.room.divergence is not None
    assert server.finish() != []


@pytest.mark.parametrize("together", [True, False])
def test_a_message_to_who_has_left_is_caught(together: bool) -> None:
    server = Server(4, churner=True)
    churner = server.members[-1]
    server.deliver()
    server.part(churner)
    line = server.say(server.senders[0])
    server.queues[churner.nickname].append(line)
    server.deliver(*server.members[:3])
    server.deliver(churner, chunk=100_000 if together else 0)
    assert kinds(server.finish()) == [Kind.UNEXPECTED]


def test_a_message_before_the_own_join_is_caught() -> None:
    server = Server(4, churner=True)
    churner = server.members[-1]
    server.deliver()
    server.part(churner)
    server.deliver()
    line = server.say(server.senders[0])
    server.deliver()
    server.join(churner)
    server.queues[churner.nickname].insert(0, line)
    server.deliver()
    assert Kind.UNEXPECTED in kinds(server.finish())


def test_a_join_that_nobody_asked_for_is_caught() -> None:
    server = Server(4, churner=True)
    server.deliver()
    server.part(server.members[-1])
    server.deliver()
    server.queues["u0"].append(b":u3!u@h JOIN #room\r\n")
    server.deliver()
    assert server.finish() != []


def test_a_stranger_may_come_but_not_speak() -> None:
    server = Server()
    for lines in server.queues.values():
        lines.append(b":stranger!u@h JOIN #room\r\n")
    server.deliver()
    assert server.finish() == []
    server = Server()
    for lines in server.queues.values():
        lines.append(b":stranger!u@h PRIVMSG #room :hello\r\n")
    server.deliver()
    assert set(kinds(server.finish())) == {Kind.UNEXPECTED}


def test_a_sender_that_is_gone_is_not_waited_for() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[1])
    server.deliver()
    # This one never reaches anybody.
    server.say(server.senders[1])
    for lines in server.queues.values():
        lines.clear()
    server.quit(server.senders[1])
    server.deliver()
    assert server.finish() == []
    assert server.room.has_finished()


def test_a_listener_that_is_gone_is_not_waited_for() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    server.quit(server.members[2])
    server.deliver()
    server.room.settle()
    assert server.samples.last.count == 1
    assert server.finish() == []


def test_lines_that_are_not_of_the_room_are_returned_and_change_nothing() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    for lines in server.queues.values():
        lines[:0] = [b"PING :x\r\n", b":srv NOTICE * :hello\r\n", b":u0!u@h PRIVMSG #other :x\r\n"]
    others = server.deliver(chunk=100_000)
    assert [message.command for message in others] == ["PING", "NOTICE", "PRIVMSG"] * 3
    assert server.finish() == []


def test_other_bytes_for_the_same_event_are_no_difference() -> None:
    server = Server()
    server.deliver()
    server.say(server.senders[0])
    lines = server.queues["u2"]
    lines[0] = b"@time=now " + lines[0].replace(b"127.0.0.1", b"hidden")
    server.deliver()
    server.say(server.senders[1])
    server.deliver()
    assert server.finish() == []


def test_a_line_without_an_end_is_not_irc() -> None:
    server = Server()
    with pytest.raises(NotIrcError, match="without a line's end"):
        server.room.feed(server.members[0], b"x" * (LINE_LIMIT + 1), 1.0)


def test_unreadable_lines_are_passed_over() -> None:
    server = Server()
    server.deliver()
    assert server.room.feed(server.members[0], b"\xff\xfe\r\n:\r\n\r\n", 1.0) == []
    assert server.finish() == []


def test_a_founder_can_not_be_deaf_or_leave() -> None:
    room = Room(NAME, Samples(), run=RUN, hears_itself=False)
    with pytest.raises(ValueError, match="founder"):
        room.add("u0", sends=True)
    with pytest.raises(ValueError, match="founder"):
        room.add("u0", permanent=False)
    room.add("u0")
    with pytest.raises(ValueError, match="u0 is there"):
        room.add("u0")

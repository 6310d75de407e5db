"""What a line takes, counted: in calls of Python, in what the core counts itself, in steps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

import pytest

from tests.core.world import World, codes
from trio_chat.core import modes, rooms
from trio_chat.core.capabilities import TOLD
from trio_chat.core.context import BUDGET, SEARCH
from trio_chat.core.feed import write
from trio_chat.core.inputs import Completed, Disconnected, Input
from trio_chat.core.output import MEMBERSHIPS, Effects
from trio_chat.core.state import Channel

MANY = 400


def calls(work: Callable[[], object]) -> int:
    """Return how many functions, of Python or C, are called while this is done."""
    found = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


def costs(world: World, *inputs: Input) -> list[int]:
    """Take inputs; return what each step costs until nothing is left to do, as the core counts."""
    output, found = world.core.context.output, []
    take = output.take

    def noted() -> object:
        found.append(output.cost)
        return take()

    output.take = noted  # type: ignore[method-assign, assignment]
    given = list(inputs)
    try:
        while given or world.core.busy:
            effects = world.core.step(given, world.now)
            assert effects.failures == []
            given = [Completed(request=one.id, result=True) for one in effects.requests]
    finally:
        output.take = take  # type: ignore[method-assign]
    return found


def crowded(*names: str, members: int = MANY, caps: str = "") -> tuple[World, list[Channel]]:
    """Return a world with rooms, each with as many members, of whom al is one, an operator."""
    world = World()
    world.irc("al", caps=caps)
    crowd = []
    for number in range(members - 1):
        world.irc(f"u{number}")
        crowd.append(world.core.state.users[world.ids[f"u{number}"]])
    found = []
    for name in names:
        world.ask("al", f"JOIN {name}")
        channel = world.core.state.channels[name]
        for one in crowd:
            rooms.enter(one, channel, 0)
        found.append(channel)
    return world, found


def test_a_mask_is_read_when_it_is_set_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.irc("op", rooms=",".join(f"#{number}" for number in range(60)))
    for number in range(60):
        for some in range(0, 100, 10):
            masks = " ".join(f"*{number}x{place}" for place in range(some, some + 10))
            world.ask("op", f"MODE #{number} +{'b' * 10} {masks}")
    world.irc("al")
    join = world.lines("al", f"JOIN {','.join(f'#{number}' for number in range(60))}")
    with monkeypatch.context() as patched:
        patched.delattr("trio_chat.core.globs.Glob.__init__")
        found = costs(world, join)
    assert len(world.core.state.users[world.ids["al"]].channels) == 60
    # Every one of them is compared, once.
    assert 6_000 <= sum(found) <= 6_000 + 60 * 60


def test_whom_a_member_is_ignored_by_is_looked_up_once() -> None:
    world, (channel,) = crowded("#a")
    for member in list(channel.members):
        rooms.set_standing(channel, member, modes.VOICE)
    world.ask("al", "NICK йцукен")
    ignoring = world.core.state.users[world.ids["u7"]]
    al = world.core.state.users[world.ids["al"]]
    world.core.state.ignores.add(ignoring, "йцукен", al)
    assert calls(lambda: world.core.step([world.lines("al", "PRIVMSG +#a :x")], world.now)) < (
        12 * MANY
    )
    found = world.send("al", "PRIVMSG +#a :x")
    assert len(found) == MANY - 2
    assert "u7" not in found


@pytest.mark.parametrize("condition", ["!{:x}?", ">{}", "T<{}"])
def test_list_counts_every_condition_and_ends_its_step(condition: str) -> None:
    world = World()
    world.irc("al")
    for number in range(10):
        names = [f"#{number}-{place}" for place in range(100)]
        world.irc(f"op{number}", rooms=",".join(names[:50]))
        world.ask(f"op{number}", f"JOIN {','.join(names[50:])}", f"TOPIC {names[0]} :t")
    wanted = ",".join(condition.format(number) for number in range(20, 100))
    found = costs(world, world.lines("al", f"LIST {wanted}"))
    assert max(found) < BUDGET
    if condition.startswith("!"):
        assert sum(found) >= 1000 * 80 * 16
    # What is asked twice is looked at once.
    again = costs(world, world.lines("al", f"LIST {','.join(['>0'] * 160)}"))
    assert sum(again) < 1000 * 4


ROOMS = [f"#{number}" for number in range(60)]
ALL = ",".join(ROOMS)


@pytest.fixture(scope="module")
def crowded_rooms() -> tuple[World, list[Channel]]:
    return crowded(*ROOMS)


@pytest.mark.parametrize(
    ("line", "back"), [("JOIN 0", f"JOIN {ALL}"), (f"PART {ALL}", f"JOIN {ALL}")]
)
def test_many_rooms_are_left_and_entered_in_turns(
    crowded_rooms: tuple[World, list[Channel]], line: str, back: str
) -> None:
    world, channels = crowded_rooms
    al = world.core.state.users[world.ids["al"]]
    for text, inside in ((line, False), (back, True)):
        found = costs(world, world.lines("al", text))
        assert len(found) > 1
        assert max(found) <= SEARCH + MANY
        assert [al in channel.members for channel in channels] == [inside] * len(ROOMS)
    world.ask("u0", "MODE #0 +o al")


def test_others_have_their_turn_and_may_change_what_is_still_to_be_left() -> None:
    world, channels = crowded(*ROOMS)
    for channel in channels:
        rooms.set_standing(channel, world.core.state.users[world.ids["u0"]], modes.OP)
    asked = world.lines("al", "JOIN 0", "PING after")
    # It is the last room that would have been left.
    first = world.core.step([asked, world.lines("u0", "KICK #59 al", "PING x")], world.now)
    assert world.core.waits(world.ids["al"])
    assert codes(world.read(first)["u0"])[-2:] == ["KICK", "PONG"]
    assert codes(world.read(first)["al"]).count("PART") < 59
    rest = codes(world.step()["al"])
    assert set(rest[:-1]) == {"PART"}
    assert rest[-1] == "PONG"
    assert world.core.state.users[world.ids["al"]].channels == []


def test_who_goes_in_the_middle_of_it_leaves_nothing_behind() -> None:
    world, channels = crowded(*ROOMS)
    world.core.step([world.lines("al", "JOIN 0")], world.now)
    assert world.core.waits(world.ids["al"])
    world.quit("al")
    assert not world.core.context.searches
    assert world.core.context.pending == {}
    assert all(len(channel.members) == MANY - 1 for channel in channels)


@pytest.mark.parametrize("line", ["AWAY :x", "SETNAME :x"])
def test_what_nobody_asks_for_is_looked_for_in_no_room(
    crowded_rooms: tuple[World, list[Channel]], line: str
) -> None:
    world, _ = crowded_rooms
    text = world.lines("al", line)
    assert calls(lambda: world.core.step([text], world.now)) < 300


def test_what_one_asks_for_is_looked_for_once_among_all() -> None:
    world, channels = crowded(*ROOMS[:10])
    asking = world.core.state.users[world.ids["u5"]]
    rooms.leave(world.core.state, asking, channels[0])
    world.ask("u5", "CAP REQ away-notify")
    found: dict[str, list[str]] = {}

    def away() -> None:
        found.update(world.send("al", "AWAY :x"))

    assert calls(away) < 1_000
    assert sorted(found) == ["al", "u5"]
    assert sum(costs(world, world.lines("al", "AWAY"))) < 9 * MANY // 16
    world.ask("u5", "CAP REQ -away-notify")
    assert calls(lambda: world.send("al", "AWAY :y")) < 1_000
    assert all(channel.takers == {} for channel in channels)


@pytest.mark.parametrize("seed", range(20))
def test_rooms_know_who_rules_and_who_wants_to_hear(seed: int) -> None:
    random = Random(seed)
    world = World()
    names = [f"u{number}" for number in range(6)]
    for name in names:
        world.irc(name)
    for _ in range(120):
        name, room = random.choice(names), random.choice(ROOMS[:3])
        sign = random.choice("+-")
        cap = random.choice(["away-notify", "setname", "chghost", "invite-notify", "batch"])
        line = random.choice(
            [
                f"JOIN {room}",
                f"JOIN {room}",
                f"PART {room}",
                f"MODE {room} {sign}{random.choice('qaohv')} {random.choice(names)}",
                f"CAP REQ {sign.strip('+')}{cap}",
                f"KICK {room} {random.choice(names)}",
            ]
        )
        if random.random() < 0.03:
            world.quit(name)
            world.irc(name)
        else:
            world.send(name, line)
        for channel in world.core.state.channels.values():
            members = channel.members
            assert set(channel.operators) == {
                one for one, standing in members.items() if standing >= modes.HALFOP
            }
            bits = [1 << shift for shift in range(32) if 1 << shift & TOLD]
            counts = {bit: sum(bool(one.caps & bit) for one in members) for bit in bits}
            assert channel.takers == {bit: count for bit, count in counts.items() if count}


def test_what_concerns_many_large_rooms_is_shown_once_to_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trio_chat.core.output.MEMBERSHIPS", 3)
    world = World()
    world.irc("al", rooms="#a,#b,#c", caps="echo-message")
    world.irc("bo", rooms="#a,#b")
    world.irc("ca", rooms="#b,#c")
    world.person("di")
    world.irc("ed", rooms="#d")
    world.ask("di", "/join #a")
    found = world.send("al", "PRIVMSG #a :1", "NICK other", "PRIVMSG #b :2", "QUIT :bye")
    assert codes(found["bo"]) == ["PRIVMSG", "NICK", "PRIVMSG", "QUIT"]
    assert codes(found["ca"]) == ["NICK", "PRIVMSG", "QUIT"]
    assert codes(found["al"]) == ["PRIVMSG", "NICK", "PRIVMSG", "ERROR"]
    assert len(found["di"]) == 3
    assert "ed" not in found


def test_what_concerns_many_large_rooms_is_shown_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trio_chat.core.output.MEMBERSHIPS", 3)
    world = World()
    world.irc("op", rooms="#a,#b")
    for name in ("al", "bo", "ca"):
        world.irc(name, rooms="#a,#b")
    world.ask("op", "MODE #a +u", "MODE #b +u")
    world.irc("di", rooms="#a,#b")
    # Who was there before goes on seeing the others; who came later is seen by the operator alone.
    assert sorted(world.send("al", "NICK all")) == ["al", "bo", "ca", "op"]
    assert sorted(world.send("di", "NICK dii")) == ["di", "op"]
    # Who goes at the same time is shown nothing.
    gone = [Disconnected(user=world.ids[name], reason="gone") for name in ("bo", "ca")]
    assert sorted(world.step(*gone)) == ["al", "ca", "op"]
    world.core.state.users[world.ids["op"]].modes |= modes.OPERATOR
    found = world.send("op", "KLINE *!~al@* x")
    assert codes(found["op"]) == ["NOTICE", "QUIT"]


@pytest.mark.parametrize("line", ["NICK other", "QUIT :bye"])
def test_what_concerns_many_large_rooms_takes_no_look_at_every_membership(line: str) -> None:
    members = 900
    assert members * len(ROOMS) > MEMBERSHIPS
    world, _ = crowded(*ROOMS, members=members)
    text = world.lines("al", line)
    assert calls(lambda: world.core.step([text], world.now)) < 8 * members


def test_what_is_in_a_renamed_room_is_told_in_turns() -> None:
    world, _ = crowded("#a")
    world.ask("al", "TOPIC #a :t")
    # The others have their turn, and need not stay.
    last = f"u{MANY - 2}"
    rename = world.lines("al", "RENAME #a #b", "PING x")
    given: list[Input] = [rename, world.lines("u0", "PING x"), world.lines(last, "PART #b")]
    steps: list[Effects] = []

    def work() -> None:
        steps.append(world.core.step(given, world.now))
        while world.core.busy:
            steps.append(world.core.step([], world.now))

    assert calls(work) < MANY * 200
    assert len(steps) > 1
    names = {id: name for name, id in world.ids.items()}
    lines: dict[str, list[str]] = {}
    for effects in steps:
        for id, chunks in effects.outputs:
            lines.setdefault(names[id], []).extend(write(chunks, id).decode().splitlines())
    for number in range(MANY - 2):
        mine = codes([line for line in lines[f"u{number}"] if "PONG" not in line])
        mine = [code for place, code in enumerate(mine) if code != "PART" or place == 0]
        assert mine[:4] == ["PART", "JOIN", "332", "333"]
        assert set(mine[4:-1]) == {"353"}
        assert mine[-1] == "366"
    assert codes(lines[f"u{MANY - 2}"]) == ["PART", "JOIN", "PART"]


def test_a_mistake_in_a_chore_costs_nobody_anything() -> None:
    world = World()
    world.irc("al")

    def broken() -> None:
        raise RuntimeError("a bug")

    done: list[str] = []
    world.core.context.chores.extend([broken, lambda: done.append("next")])
    effects = world.core.step([world.lines("al", "PING x")], world.now)
    assert [str(error) for error in effects.failures] == ["a bug"]
    assert done == ["next"]
    assert effects.closes == []
    assert not world.core.busy


@pytest.mark.parametrize(
    ("line", "least"),
    [
        # By names, masks, letters and tags: each of these took some 200 µs and more.
        (f"MONITOR + {','.join(f'a{n:x}' for n in range(100))}", 200),
        (f"ISON {' '.join(f'a{n:x}' for n in range(100))}", 200),
        (f"MODE #a +{'b' * 60} {' '.join(f'{n:x}' for n in range(60))}", 200),
        (f"MODE #a {''.join(map(chr, range(0x410, 0x4F0)))}", 600),
        (f"@{';'.join(f'+{n:x}=b' for n in range(600))} TAGMSG #a", 550),
        # PRECIS takes some 10 µs for a character.
        (f"KICK #a {','.join('я' * 30 + str(n) for n in range(7))}", 2_000),
        (f"MONITOR + {','.join('я' * 30 + str(n) for n in range(7))}", 2_000),
        # These are as quick as they are common.
        ("PRIVMSG #a :x", 0),
        (f"PRIVMSG #a :{'я' * 200}", 0),
    ],
)
def test_what_a_line_costs_is_counted_by_how_much_is_in_it(line: str, least: int) -> None:
    world = World()
    world.irc("al", caps="message-tags", rooms="#a")
    (cost,) = costs(world, world.lines("al", line))
    assert least <= cost <= max(2 * least, 12)


def test_a_packet_of_costly_lines_is_cut_into_steps() -> None:
    world = World()
    for number in range(20):
        world.irc(f"u{number}", rooms=f"#{number}")
    masks = " ".join(f"{n:x}" for n in range(60))
    packets = [
        world.lines(f"u{n}", *[f"MODE #{n} {'+-'[k % 2]}{'b' * 60} {masks}" for k in range(100)])
        for n in range(20)
    ]
    found = costs(world, *packets)
    assert len(found) > 10
    assert max(found) <= 2 * BUDGET + 1_000


# --- Auditoriums


def auditorium(*, known: bool = False) -> tuple[World, Channel]:
    """Return a world with an auditorium that al rules, whose members know each other, or do not."""
    world, (channel,) = crowded("#a")
    world.ask("al", "MODE #a +u")
    if not known:
        channel.known.clear()
    return world, channel


def some(letters: str, count: int = 12) -> str:
    """Return a change of the standings of so many."""
    names = " ".join(f"u{number}" for number in range(count))
    return f"MODE #a {letters[0]}{letters[1] * count} {names}"


@pytest.mark.parametrize(
    ("before", "line", "most"),
    [
        ("", some("+v"), 10),
        (some("+v"), some("-v"), 10),
        ("", some("+o"), 16),
        # Who rules no longer is shown how everybody leaves: that is written once.
        (some("+o"), some("-o"), 20),
        # However often one is changed, or it is none: what counts is the end.
        ("", f"MODE #a {'+o-o' * 10} {' '.join(['u1'] * 20)}", 5),
        ("", f"MODE #a {'-u+u' * 100}", 12),
    ],
)
def test_a_mode_in_an_auditorium_looks_at_its_members_a_few_times(
    before: str, line: str, most: int
) -> None:
    world, _ = auditorium()
    if before:
        world.ask("al", before)
    text = world.lines("al", line)
    effects: list[Effects] = []
    assert calls(lambda: effects.append(world.core.step([text], world.now))) < most * MANY
    assert not world.core.busy
    assert effects[0].outputs


def test_what_a_mode_in_an_auditorium_costs_is_counted() -> None:
    world, _ = auditorium()
    for line in (some("+v"), some("-v"), some("+o"), some("-o")):
        assert MANY <= sum(costs(world, world.lines("al", line))) < 12 * MANY
    # One who is changed over and over is shown to nobody, nor is anybody to them.
    line = f"MODE #a {'+v-v' * 10} {' '.join(['u1'] * 20)}"
    assert sum(costs(world, world.lines("al", line))) < MANY


def test_everybody_is_named_to_everybody_in_turns() -> None:
    world, channel = auditorium()
    text = world.lines("al", "MODE #a -u", "PING x")
    steps: list[Effects] = []

    def work() -> None:
        steps.append(world.core.step([text], world.now))
        while world.core.busy:
            steps.append(world.core.step([], world.now))

    # Who has it done waits for nobody, nor does anybody else.
    assert calls(work) < MANY * 200
    assert len(steps) > 1
    assert codes(world.read(steps[0])["al"]) == ["MODE", "PONG"]
    named: list[str] = []
    for effects in steps:
        for name, lines in world.read(effects).items():
            words = [word for line in lines for word in line.partition(" :")[2].split()]
            if codes(lines)[-1] == "366":
                named.append(name)
                assert {f"u{number}" for number in range(MANY - 1)} | {"@al"} <= {*words}
    assert sorted(named) == sorted(one.nickname for one in channel.members if one.nickname != "al")
    text = world.lines("al", "MODE #a +u", "MODE #a -u")
    assert calls(lambda: world.core.step([text], world.now)) < 20 * MANY
    assert not world.core.busy


def test_everybody_is_named_even_if_who_has_it_done_is_gone() -> None:
    world, _ = auditorium()
    first = world.core.step([world.lines("al", "MODE #a -u")], world.now)
    assert world.core.busy
    named = [*world.read(first)]
    found = world.step(Disconnected(user=world.ids["al"], reason="gone"))
    assert codes(found[f"u{MANY - 2}"])[-1] == "366"
    assert {*named, *found} == {"al", *(f"u{number}" for number in range(MANY - 1))}


def test_a_few_strangers_join_and_nobody_is_named_all() -> None:
    world, channel = auditorium(known=True)
    for number in range(MANY // 10):
        del channel.known[world.core.state.users[world.ids[f"u{number}"]]]
    found = costs(world, world.lines("al", "MODE #a -u"))
    # Who knows the others is shown the strangers; a stranger is named all.
    assert MANY <= sum(found) < MANY * 20


@pytest.mark.parametrize("voices", [0, MANY // 2])
def test_a_renamed_auditorium_writes_what_many_see_once(voices: int) -> None:
    world, channel = auditorium()
    for number in range(voices):
        rooms.set_standing(channel, world.core.state.users[world.ids[f"u{number}"]], modes.VOICE)
    text = world.lines("al", "RENAME #a #b")
    found: list[int] = []
    assert calls(lambda: found.extend(costs(world, text))) < MANY * 250
    assert max(found) < BUDGET // 2
    # A chore is counted, though it says little.
    assert sum(found) >= MANY * 10

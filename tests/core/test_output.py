"""The order of what everybody is sent, and what is shared on the way."""

from __future__ import annotations

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.capabilities import Link, offered
from trio_chat.core.feed import Chunk, Part, View, write
from trio_chat.core.inputs import Input
from trio_chat.core.output import Effects
from trio_chat.core.settings import Settings


def said(name: str, text: str, room: str = "#a") -> str:
    return f"{prefix(name)} PRIVMSG {room} :{text}"


def views(world: World, name: str) -> list[View]:
    assert world.last is not None
    chunks = dict(world.last.outputs).get(world.ids[name], [])
    return [chunk for chunk in chunks if isinstance(chunk, View)]


def test_a_rooms_messages_are_one_chunk_for_all_of_one_encoding() -> None:
    world = World()
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a", caps="echo-message")
    world.irc("ti", rooms="#a", caps="echo-message server-time")
    world.person("pl")
    world.ask("pl", "/join #a")
    found = world.step(
        *(world.lines(name, f"PRIVMSG #a :{name}") for name in ("al", "bo", "ti", "al"))
    )
    lines = [said("al", "al"), said("bo", "bo"), said("ti", "ti"), said("al", "al")]
    assert found["al"] == found["bo"] == found["cy"] == lines
    assert [line.partition(" ")[2] for line in found["ti"]] == lines
    (shared,) = views(world, "al")
    assert views(world, "bo") == views(world, "cy") == [shared]
    assert shared.data(world.ids["bo"]) is shared.data(world.ids["cy"])
    everybody = ("al", "bo", "cy", "ti", "pl")
    assert len({view for name in everybody for view in views(world, name)}) == 3


def test_who_wants_no_echo_gets_the_chunk_less_their_own_lines() -> None:
    world = World()
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a")
    found = world.step(
        world.lines("al", "PRIVMSG #a :1", "PRIVMSG #a :2"), world.lines("bo", "PRIVMSG #a :3")
    )
    assert found["cy"] == [said("al", "1"), said("al", "2"), said("bo", "3")]
    assert found["al"] == [said("bo", "3")]
    assert found["bo"] == [said("al", "1"), said("al", "2")]


def test_an_answer_stands_where_it_belongs_between_messages() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="echo-message")
    world.irc("bo", rooms="#a", caps="echo-message")
    found = world.step(
        world.lines("bo", "PRIVMSG #a :before"),
        world.lines("al", "PRIVMSG #a :1", "PING x", "PRIVMSG #a :2"),
    )
    pong = f":{SERVER} PONG {SERVER} x"
    assert found["al"] == [said("bo", "before"), said("al", "1"), pong, said("al", "2")]
    assert found["bo"] == [said("bo", "before"), said("al", "1"), said("al", "2")]


def test_joins_and_parts_stand_between_messages_for_all() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="echo-message")
    world.irc("bo", rooms="#a", caps="echo-message")
    world.irc("cy", caps="echo-message")
    found = world.step(
        world.lines("al", "PRIVMSG #a :1"),
        world.lines("cy", "JOIN #a", "PRIVMSG #a :2", "PART #a"),
        world.lines("al", "PRIVMSG #a :3"),
    )
    expected = [said("al", "1"), f"{prefix('cy')} JOIN #a", said("cy", "2")]
    expected += [f"{prefix('cy')} PART #a", said("al", "3")]
    assert found["al"] == found["bo"] == expected
    assert codes(found["cy"]) == ["JOIN", "353", "366", "PRIVMSG", "PART"]


def test_what_one_user_says_in_two_rooms_arrives_in_that_order() -> None:
    world = World()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a,#b", caps="echo-message")
    world.irc("cy", rooms="#a", caps="echo-message")
    found = world.step(
        world.lines("cy", "PRIVMSG #a :0"),
        world.lines(
            "al",
            "PRIVMSG #a :1",
            "PRIVMSG #b :2",
            "PRIVMSG #a :3",
            "PRIVMSG bo :4",
            "PRIVMSG #b :5",
        ),
    )
    assert [line.rsplit(":", 1)[1] for line in found["bo"]] == ["0", "1", "2", "3", "4", "5"]
    assert [line.rsplit(":", 1)[1] for line in found["al"]] == ["0", "1", "2", "3", "4", "5"]


def test_who_is_in_several_rooms_sees_what_happens_in_the_order_in_which_it_does() -> None:
    world = World()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a,#b", caps="echo-message")
    found = world.step(
        world.lines("bo", "PRIVMSG #a :1", "PRIVMSG #b :2"),
        world.lines("al", "PRIVMSG #a :3", "PRIVMSG #b :4"),
    )
    assert [line.rsplit(":", 1)[1] for line in found["al"]] == ["1", "2", "3", "4"]
    assert len(views(world, "al")) == 2


def test_who_sees_the_same_rooms_is_handed_the_same_bytes() -> None:
    world = World()
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a,#b")
    world.irc("di", rooms="#a,#b")
    effects = world.core.step(
        [world.lines("di", "PRIVMSG #a :1", "PRIVMSG #b :2", "PRIVMSG #a :3")], world.now
    )
    outputs = dict(effects.outputs)
    merged: dict[tuple[Chunk, ...], bytes] = {}
    sent = [write(outputs[world.ids[name]], world.ids[name], merged) for name in ("al", "bo")]
    assert sent[0] is sent[1]
    assert [line.rsplit(b":", 1)[1] for line in sent[0].splitlines()] == [b"1", b"2", b"3"]
    assert write(outputs[world.ids["di"]], world.ids["di"], merged) == b""


def test_who_joins_shares_what_follows() -> None:
    world = World()
    for name in ("al", "bo", "cy", "di"):
        world.irc(name, rooms="#a" if name < "c" else "")
    found = world.step(
        world.lines("al", "PRIVMSG #a :before"),
        world.lines("cy", "JOIN #a"),
        world.lines("di", "JOIN #a"),
        world.lines("bo", "PRIVMSG #a :after", "QUIT"),
    )
    assert codes(found["bo"]) == ["PRIVMSG", "JOIN", "JOIN", "ERROR"]
    assert codes(found["al"]) == ["JOIN", "JOIN", "PRIVMSG", "QUIT"]
    assert codes(found["cy"]) == ["JOIN", "353", "366", "JOIN", "PRIVMSG", "QUIT"]
    assert codes(found["di"]) == ["JOIN", "353", "366", "PRIVMSG", "QUIT"]
    names = [line.rpartition(":")[2] for line in (*found["cy"], *found["di"]) if " 353 " in line]
    assert names == ["@al bo cy", "@al bo cy di"]
    assert world.last is not None
    parts = [
        chunk for _, chunks in world.last.outputs for chunk in chunks if isinstance(chunk, Part)
    ]
    assert len({id(part.view) for part in parts}) == 1


def test_who_shares_several_rooms_with_somebody_sees_them_go_once() -> None:
    world = World()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a,#b")
    world.irc("cy", rooms="#b")
    assert codes(world.send("al", "NICK al2")["bo"]) == ["NICK"]
    found = world.quit("al")
    assert codes(found["bo"]) == codes(found["cy"]) == ["QUIT"]


def test_capabilities_change_what_comes_after_them_only() -> None:
    world = World()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a")
    found = world.step(
        world.lines("bo", "PRIVMSG #a :1"),
        world.lines("al", "CAP REQ :server-time"),
        world.lines("bo", "PRIVMSG #a :2"),
        world.lines("al", "CAP REQ :-server-time"),
        world.lines("bo", "PRIVMSG #a :3"),
    )
    assert [line[0] for line in found["al"]] == [":", ":", "@", "@", ":"]
    assert [line.rsplit(":", 1)[1] for line in found["al"] if "PRIVMSG" in line] == ["1", "2", "3"]


def test_people_are_told_the_room_from_when_they_look_elsewhere() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.person("pl")
    world.ask("pl", "/join #a")
    world.ask("pl", "/join #b")
    found = world.step(
        world.lines("al", "PRIVMSG #a :1"),
        world.lines("pl", "/join #a"),
        world.lines("al", "PRIVMSG #a :2"),
        world.lines("pl", "/part #a"),
        world.lines("al", "PRIVMSG #b :3"),
    )
    lines = [line.partition(" ")[2] for line in found["pl"] if "<al>" in line]
    assert lines == ["#a <al> 1", "<al> 2", "<al> 3"]


def test_nick_changes_and_quits_keep_their_place() -> None:
    world = World()
    for name in ("al", "bo"):
        world.irc(name, rooms="#a,#b", caps="echo-message")
    world.irc("cy", rooms="#b", caps="echo-message")
    found = world.step(
        world.lines("cy", "PRIVMSG #b :0"),
        world.lines("al", "PRIVMSG #a :1", "NICK al2", "PRIVMSG #b :2", "QUIT :3"),
    )
    assert [line.split()[1] for line in found["bo"]] == [
        "PRIVMSG",
        "PRIVMSG",
        "NICK",
        "PRIVMSG",
        "QUIT",
    ]
    assert found["bo"][3] == ":al2!~al@10.0.0.1 PRIVMSG #b :2"


def test_a_step_leaves_nothing_behind() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    world.send("al", "PRIVMSG #a :1")
    channel = world.core.state.channel_named("#a")
    assert channel is not None
    assert channel.feed is None
    assert not channel.rosters
    assert all(user.out is None for user in world.core.state.users.values())
    assert world.step() == {}


def test_many_capabilities_cost_one_encoding_more() -> None:
    world = World()
    every = [name for name in offered(world.core.settings, Link.PLAIN) if name != "echo-message"]
    for number in range(6):
        world.irc(f"u{number}", rooms="#a", caps=" ".join(every) if number % 2 else "")
    world.send("u0", "PRIVMSG #a :hi")
    readers = [f"u{number}" for number in range(1, 6)]
    sent = [view.data(world.ids[name]) for name in readers for view in views(world, name)]
    assert len(sent) == 5
    assert len(set(map(id, sent))) == 2, "one bytes object for the ones, one for the others"


# --- What is counted


def at(world: World, monotonic: float, *inputs: Input) -> Effects:
    return world.core.step(inputs, START, monotonic=monotonic)


def talk(world: World, monotonic: float, messages: int, room: str = "#a") -> None:
    at(world, monotonic, world.lines("al", *[f"PRIVMSG {room} :x"] * messages))


def test_what_people_say_is_counted_once_whoever_sees_it() -> None:
    world = World()
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a")
    lines = world.lines("al", "PRIVMSG #a :1", "NOTICE bo :2", "PING x", "TOPIC #a :3")
    assert at(world, START, lines).said == 2
    # What concerns a message is none.
    assert at(world, START, world.lines("al", "TAGMSG #a", "AWAY :4")).said == 0
    nobody = World(Settings(name=SERVER))
    nobody.irc("al", rooms="#a")
    assert at(nobody, START, nobody.lines("al", "PRIVMSG #a :1")).said == 1


def test_rooms_know_how_much_was_shown_in_them_in_a_minute() -> None:
    world = World()
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a")
    world.irc("di", rooms="#b")
    found = world.core.state.channel_named("#a")
    assert found is not None
    minute = 60.0 * (START // 60 + 10)
    talk(world, minute, 10)
    assert found.shown_lately(minute) == 30
    talk(world, minute + 59, 10)
    assert found.shown_lately(minute + 59) == 60
    # What was in the minute before counts for the part of it that is still in the last minute.
    assert found.shown_lately(minute + 60) == 60
    assert found.shown_lately(minute + 75) == 45
    talk(world, minute + 75, 1)
    assert found.shown_lately(minute + 75) == 45 + 3
    assert found.shown_lately(minute + 90) == 30 + 3
    assert found.shown_lately(minute + 120) == 3
    assert found.shown_lately(minute + 180) == 0
    assert found.shown_lately(minute + 10_000) == 0


def test_after_a_silence_rooms_begin_anew() -> None:
    world = World()
    world.irc("al", rooms="#a")
    found = world.core.state.channel_named("#a")
    assert found is not None
    minute = 60.0 * (START // 60 + 10)
    talk(world, minute, 10)
    talk(world, minute + 120, 1)
    assert found.shown_lately(minute + 120) == 1


def test_what_happens_in_several_rooms_is_shown_in_each() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo", rooms="#a")
    world.irc("cy", rooms="#b")
    channels = [world.core.state.channel_named(name) for name in ("#a", "#b")]
    minute = 60.0 * (START // 60 + 10)
    at(world, minute, world.lines("al", "NICK an"))
    assert [one.shown_lately(minute) for one in channels if one is not None] == [2, 2]


def test_who_is_sent_off_is_called_as_they_were() -> None:
    world = World()
    world.irc("al")
    new = world.add("new")
    effects = at(world, START, world.lines("al", "QUIT :bye"), new, world.lines("new", "QUIT"))
    found = [(close.reason, close.nickname) for close in effects.closes]
    assert found == [("Quit: bye", "al"), ("Quit: ", "")]

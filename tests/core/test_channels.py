"""JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.settings import Limits, Settings


def test_join_is_shown_to_all_and_answered_in_order() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.ask("al", "TOPIC #a :About a")
    found = world.step(world.add("bo"), world.lines("bo", "NICK bo", "USER bo 0 * :B"))
    found = world.send("bo", "JOIN #A")
    assert found["al"] == [f"{prefix('bo')} JOIN #a"]
    assert found["bo"] == [
        f"{prefix('bo')} JOIN #a",
        f":{SERVER} 332 bo #a :About a",
        f":{SERVER} 333 bo #a al!~al@10.0.0.1 {int(START)}",
        f":{SERVER} 353 bo = #a :@al bo",
        f":{SERVER} 366 bo #a :End of NAMES list",
    ]


def test_several_channels_with_keys_and_join_again() -> None:
    world = World()
    world.irc("op", rooms="#a,#b,#c")
    world.ask("op", "MODE #a +k one", "MODE #c +k three")
    world.irc("al")
    assert codes(world.ask("al", "JOIN #a,#b,#c one,,wrong")) == [
        *["JOIN", "353", "366"] * 2,
        "475",
    ]
    assert world.ask("al", "JOIN #a") == []


def test_join_0_leaves_everything() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    assert world.ask("al", "JOIN 0") == [f"{prefix('al')} PART #a", f"{prefix('al')} PART #b"]
    assert world.core.state.channel_named("#a") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [("a", "403"), ("#", "476"), ("#a:b", "476"), ("#a\x07b", "476"), ("#" + "x" * 64, "476")],
)
def test_names_that_no_channel_can_have(name: str, code: str) -> None:
    world = World()
    world.irc("al")
    assert codes(world.ask("al", f"JOIN {name}")) == [code]


def test_too_many_channels() -> None:
    world = World(Settings(name=SERVER, limits=Limits(channels_per_user=2)))
    world.irc("al", rooms="#a,#b")
    assert world.ask("al", "JOIN #c") == [f":{SERVER} 405 al #c :You have joined too many channels"]


@pytest.mark.parametrize(
    ("mode", "code"),
    [("+i", "473"), ("+k key", "475"), ("+l 1", "471"), ("+b *!*@10.0.0.1", "474")],
)
def test_modes_keep_people_out_and_an_invitation_lets_them_in(mode: str, code: str) -> None:
    world = World()
    world.irc("op", rooms="#a")
    world.ask("op", f"MODE #a {mode}")
    world.irc("al")
    assert codes(world.ask("al", "JOIN #a")) == [code]
    found = world.send("op", "INVITE al #a")
    assert found["op"] == [f":{SERVER} 341 op al #a"]
    assert found["al"] == [f"{prefix('op')} INVITE al #a"]
    assert codes(world.ask("al", "INVITE")) == ["336", "337"]
    assert codes(world.ask("al", "JOIN #a"))[0] == "JOIN"
    # An invitation is used up.
    world.ask("al", "PART #a")
    assert codes(world.ask("al", "JOIN #a")) == [code]


def test_exceptions_to_bans_and_invitations() -> None:
    world = World()
    world.irc("op", rooms="#a,#b")
    world.ask("op", "MODE #a +be *!*@10.* al!*@*", "MODE #b +iI al!*@*")
    world.irc("al")
    assert codes(world.ask("al", "JOIN #a,#b"))[::3] == ["JOIN", "JOIN"]


def test_part_is_shown_with_its_reason() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo", rooms="#a,#b")
    found = world.send("al", "PART #a,#b :so long")
    expected = [f"{prefix('al')} PART #a :so long", f"{prefix('al')} PART #b :so long"]
    assert found == {"al": expected, "bo": expected}


def test_part_of_what_one_is_not_in() -> None:
    world = World()
    world.irc("bo", rooms="#a")
    world.irc("al")
    assert codes(world.ask("al", "PART #a", "PART #nowhere")) == ["442", "403"]


def test_a_channel_goes_with_its_last_member_but_the_lobby_stays() -> None:
    world = World()
    world.irc("al", rooms="#a,#lobby")
    world.ask("al", "TOPIC #lobby :stays")
    world.ask("al", "JOIN 0")
    answer = world.ask("al", "JOIN #a,#lobby")
    assert codes(answer) == ["JOIN", "353", "366", "JOIN", "332", "333", "353", "366"]
    assert f":{SERVER} 353 al = #a :@al" in answer
    assert f":{SERVER} 353 al = #lobby :al" in answer


def test_topic_rights() -> None:
    world = World()
    world.irc("op", rooms="#a")
    world.irc("al", rooms="#a")
    world.irc("out")
    assert codes(world.ask("al", "TOPIC #a", "TOPIC #a :x")) == ["331", "482"]
    assert codes(world.ask("out", "TOPIC #a :x", "TOPIC #none")) == ["442", "403"]
    world.ask("op", "MODE #a -t")
    found = world.send("al", "TOPIC #a :mine")
    assert found["op"] == found["al"] == [f"{prefix('al')} TOPIC #a :mine"]
    assert world.ask("al", "TOPIC #a :")[0] == f"{prefix('al')} TOPIC #a :"
    assert codes(world.ask("al", "TOPIC #a")) == ["331"]


def test_a_secret_channel_is_there_for_its_members_only() -> None:
    world = World()
    world.irc("op", rooms="#s")
    world.ask("op", "MODE #s +s", "TOPIC #s :hidden")
    world.irc("al")
    assert codes(world.ask("al", "NAMES #s", "LIST", "LIST #s", "TOPIC #s", "MODE #s")) == [
        "366",
        *["321", "323"],
        *["321", "323"],
        "442",
        "442",
    ]
    assert codes(world.ask("al", "WHO #s", "WHOIS op"))[0] == "315"
    assert "319" not in codes(world.ask("al", "WHOIS op"))
    assert f":{SERVER} 353 op @ #s :@op" in world.ask("op", "NAMES #s")


def test_names_are_cut_into_lines_and_nobody_is_left_out() -> None:
    world = World()
    everybody = [f"user{number:04}abcdefgh" for number in range(100)]
    for name in everybody:
        world.irc(name, rooms="#a")
    lines = world.ask(everybody[0], "NAMES #a")
    assert all(len(line.encode()) <= 510 for line in lines)
    assert codes(lines).count("353") > 2
    found = [name for line in lines[:-1] for name in line.rsplit(":", 1)[1].split()]
    assert [name.lstrip("@") for name in found] == everybody


def test_names_with_multi_prefix_and_userhost() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="multi-prefix userhost-in-names")
    world.ask("al", "MODE #a +v al")
    assert world.ask("al", "NAMES #a")[0] == f":{SERVER} 353 al = #a :@+al!~al@10.0.0.1"
    assert codes(world.ask("al", "NAMES", "NAMES #x,#a")) == ["366", "366", "353", "366"]


def test_the_invisible_are_seen_by_members_only() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.ask("al", "MODE al +i")
    world.irc("out")
    assert codes(world.ask("out", "NAMES #a")) == ["366"]
    assert codes(world.ask("out", "WHO #a", "WHO a*", "WHO al")) == ["315", "315", "352", "315"]


def test_list_shows_counts_and_topics() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.ask("al", "TOPIC #a :about")
    assert world.ask("al", "LIST") == [
        f":{SERVER} 321 al Channel :Users  Name",
        f":{SERVER} 322 al #a 1 :about",
        f":{SERVER} 323 al :End of LIST",
    ]


def test_a_lobby_that_nobody_is_in_is_not_listed() -> None:
    world = World()
    world.irc("al", rooms="#a")
    assert f":{SERVER} 254 al 1 :channels formed" in world.ask("al", "LUSERS")
    assert codes(world.ask("al", "LIST #lobby", "LIST <1", "LIST #lob*")) == ["321", "323"] * 3
    world.ask("al", "JOIN #lobby")
    assert f":{SERVER} 322 al #lobby 1 :" in world.ask("al", "LIST #lobby")
    assert f":{SERVER} 254 al 2 :channels formed" in world.ask("al", "LUSERS")


def test_kick() -> None:
    world = World()
    world.irc("op", rooms="#a")
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    assert codes(world.ask("al", "KICK #a bo")) == ["482"]
    found = world.send("op", "KICK #a al,nobody,bo :out with you")
    kicked = [f"{prefix('op')} KICK #a {name} :out with you" for name in ("al", "bo")]
    assert found["al"] == kicked[:1]
    assert found["bo"] == kicked
    assert found["op"] == [
        kicked[0],
        f":{SERVER} 441 op nobody #a :They aren't on that channel",
        kicked[1],
    ]
    assert codes(world.ask("al", "PRIVMSG #a :still here")) == ["404"]
    assert codes(world.ask("al", "KICK #a op", "KICK #none op", "KICK #a")) == ["442", "403", "461"]


def test_an_operator_can_not_kick_an_owner() -> None:
    world = World()
    world.irc("own", rooms="#a")
    world.irc("op", rooms="#a")
    channel = world.core.state.channel_named("#a")
    owner = world.core.state.user_named("own")
    assert channel is not None
    assert owner is not None
    channel.members[owner] = 16
    world.ask("own", "MODE #a +o op")
    assert codes(world.ask("op", "KICK #a own")) == ["482"]
    assert codes(world.ask("own", "KICK #a op")) == ["KICK"]


def test_a_kick_of_oneself_is_seen_once() -> None:
    world = World()
    world.irc("op", rooms="#a")
    assert world.ask("op", "KICK #a op") == [f"{prefix('op')} KICK #a op :op"]


def test_invite_errors() -> None:
    world = World()
    world.irc("op", rooms="#a")
    world.irc("al")
    world.irc("bo", rooms="#a")
    world.ask("op", "MODE #a +i")
    assert codes(world.ask("al", "INVITE bo #a", "INVITE bo #none")) == ["442", "403"]
    assert codes(world.ask("bo", "INVITE al #a")) == ["482"]
    assert codes(world.ask("op", "INVITE bo #a", "INVITE nobody #a", "INVITE al")) == [
        "443",
        "401",
        "461",
    ]
    # A member without standing passes an invitation on, and opens no door with it.
    world.ask("op", "MODE #a -i+k key")
    world.ask("al", "AWAY :out")
    assert codes(world.ask("bo", "INVITE al #a")) == ["341", "301"]
    assert codes(world.ask("al", "JOIN #a")) == ["475"]


def test_extended_join_and_away_notify_on_join() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="extended-join away-notify")
    world.irc("bo")
    world.ask("bo", "AWAY :gone fishing")
    found = world.send("bo", "JOIN #a")
    assert found["al"] == [
        f"{prefix('bo')} JOIN #a * :Real bo",
        f"{prefix('bo')} AWAY :gone fishing",
    ]


def test_an_invitation_is_to_the_channel_and_not_to_its_name() -> None:
    world = World()
    world.irc("evil", rooms="#priv")
    world.irc("mole")
    world.ask("evil", "INVITE mole #priv", "PART #priv")
    world.irc("op", rooms="#priv")
    world.ask("op", "MODE #priv +i")
    assert codes(world.ask("mole", "INVITE", "JOIN #priv")) == ["337", "473"]


@pytest.mark.parametrize(
    ("own", "theirs", "allowed"),
    [
        ("+o", "+o", True),
        ("+o", "+ov", True),
        ("+ov", "+h", True),
        ("+h", "+o", False),
        ("+hv", "+h", False),
        ("+h", "+v", True),
        ("+v", "+v", False),
        ("+o", "+q", False),
        ("+q", "+q", True),
    ],
)
def test_who_may_remove_whom(own: str, theirs: str, allowed: bool) -> None:
    world = World()
    world.irc("root", rooms="#a")
    channel = world.core.state.channel_named("#a")
    root = world.core.state.user_named("root")
    assert channel is not None
    assert root is not None
    channel.members[root] = 31
    for name, standing in (("al", own), ("bo", theirs)):
        world.irc(name, rooms="#a")
        letters = standing[1:]
        world.ask("root", f"MODE #a +{letters} {' '.join([name] * len(letters))}")
    assert codes(world.ask("al", "KICK #a bo")) == (["KICK"] if allowed else ["482"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("KICK #a,#b bo,cy :out", ["KICK #a bo :out", "KICK #b cy :out"]),
        ("KICK #a,#b,#A bo,bo,BO", ["KICK #a bo :al", "KICK #b bo :al"]),
        ("KICK #a bo,cy :out", ["KICK #a bo :out", "KICK #a cy :out"]),
        ("KICK #a,#a bo,cy :out", ["KICK #a bo :out", "KICK #a cy :out"]),
        ("KICK #none,#none,#b bo,cy,cy", ["403 al #none", "KICK #b cy :al"]),
        ("KICK #c,#c bo,cy", ["482 al #c"]),
        ("KICK #a,#b bo", ["461 al KICK"]),
        ("KICK #a,#b bo,cy,al", ["461 al KICK"]),
        ("KICK #a :", ["461 al KICK"]),
        ("KICK , ,", ["461 al KICK"]),
        ("KICK #a,#a,#a,#b,#b w,x,y,w,x", ["407 al x"] + [f"441 al {n} #" for n in "wxyw"]),
    ],
)
def test_kick_takes_one_channel_or_a_channel_for_each_user(line: str, expected: list[str]) -> None:
    world = World()
    world.irc("op", rooms="#c")
    for name in ("al", "bo", "cy"):
        world.irc(name, rooms="#a,#b,#c")
    found = [one.split(" ", 1)[1] for one in world.ask("al", line)]
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found

"""What people with `nc` do in their rooms, and what they see of what IRC users do there."""

from __future__ import annotations

import pytest

from tests.core.world import World, prefix

CLOCK = "22:13"


@pytest.fixture
def world() -> World:
    """`al` with nc is the operator of #dev, where `bo` with nc and `op` with IRC are too."""
    world = World()
    world.person("al")
    world.ask("al", "/join #dev")
    world.person("bo")
    world.ask("bo", "/join #dev")
    world.irc("op", rooms="#dev")
    return world


@pytest.mark.parametrize(
    ("typed", "line", "shown"),
    [
        ("/op op", "MODE #dev +o op", "al made op an operator"),
        ("/voice bo", "MODE #dev +v bo", "al gave bo a voice"),
        ("/mode +m", "MODE #dev +m", "al made #dev moderated"),
        ("/mode #dev +k secret", "MODE #dev +k secret", "al set the key of #dev"),
        ("/mode +l 5", "MODE #dev +l 5", "al limited #dev to 5 members"),
        ("/mode +is", "MODE #dev +is", "al made #dev invitation only, made #dev secret"),
        ("/ban eve", "MODE #dev +b eve!*@*", "al banned eve from #dev"),
        ("/ban op", "MODE #dev +b *!~op@10.0.0.1", "al banned *!~op@10.0.0.1 from #dev"),
        ("/kick op Enough", "KICK #dev op Enough", "al removed op from #dev (Enough)"),
        ("/kick #dev op", "KICK #dev op al", "al removed op from #dev (al)"),
    ],
)
def test_an_operator_with_nc(world: World, typed: str, line: str, shown: str) -> None:
    found = world.send("al", typed)
    (sent,) = found["op"]
    assert sent.replace(" :", " ") == f"{prefix('al')} {line}"
    assert found["bo"] == [f"{CLOCK} {shown}"]


def test_what_is_given_can_be_taken(world: World) -> None:
    world.ask("al", "/op bo", "/voice op", "/ban eve", "/ban op")
    assert world.send("al", "/deop bo")["bo"] == [f"{CLOCK} al made bo no operator any more"]
    assert world.send("al", "/devoice op")["op"] == [f"{prefix('al')} MODE #dev -v op"]
    assert world.send("al", "/unban eve")["op"] == [f"{prefix('al')} MODE #dev -b eve!*@*"]
    assert world.send("al", "/unban op")["bo"] == [
        f"{CLOCK} al lifted the ban on *!~op@10.0.0.1 from #dev"
    ]
    assert world.ask("al", "/unban op") == ["op is not banned from #dev."]
    assert world.ask("al", "/ban") == ["Nobody is banned from #dev."]
    world.ask("al", "/ban eve")
    assert world.ask("al", "/ban") == ["eve!*@* is banned from #dev."]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/kick :x", ":x is not in #dev."),
        ("/op :x", "There is nobody called :x."),
        ("/mode +f #:x", "There is no room called #:x."),
    ],
)
def test_what_was_typed_is_what_is_quoted(world: World, typed: str, answer: str) -> None:
    assert world.ask("al", typed) == [answer]


@pytest.mark.parametrize("change", ["+k", "+l", "+o"])
def test_who_types_a_letter_alone_is_told_that_something_is_missing(
    world: World, change: str
) -> None:
    assert world.ask("al", f"/mode {change}") == ["That needs more; /help shows what."]


def test_who_is_no_operator_is_told_so(world: World) -> None:
    for typed in ("/kick op", "/ban op", "/op bo", "/mode +m"):
        assert world.ask("bo", typed) == ["Only operators of #dev can do that."]
    assert world.ask("al", "/kick nobody") == ["nobody is not in #dev."]
    assert world.ask("al", "/op nobody") == ["There is nobody called nobody."]


def test_invitations(world: World) -> None:
    world.person("eve")
    found = world.send("al", "/invite eve")
    assert found["eve"] == [f"{CLOCK} al invites you to #dev: /join #dev"]
    assert found["al"] == ["eve has been invited to #dev."]
    assert world.ask("bo", "/invite eve #nowhere") == ["There is no room called #nowhere."]
    assert world.ask("bo", "/invite") == ["/invite NAME [#ROOM]: invite somebody to a room"]


@pytest.mark.parametrize("command", ["kick", "op", "deop", "voice", "devoice", "unban", "unignore"])
def test_what_is_missing_is_said(world: World, command: str) -> None:
    (line,) = world.ask("al", f"/{command}")
    assert line.startswith(f"/{command} ")


@pytest.mark.parametrize("typed", ["/kick bo", "/ban bo", "/mode +m", "/invite bo"])
def test_they_need_a_room(typed: str) -> None:
    world = World()
    world.person("al")
    world.ask("al", "/part")
    assert world.ask("al", typed) == [
        "You are in no room. /join #room takes you to one, /rooms shows them."
    ]


def test_who_is_ignored_is_not_read(world: World) -> None:
    assert world.ask("bo", "/ignore") == ["You ignore nobody."]
    assert world.ask("bo", "/ignore OP") == ["You ignore OP now. /unignore OP ends it."]
    found = world.send("op", "PRIVMSG #dev :one", "PRIVMSG bo :two", "PRIVMSG @#dev :three")
    assert found.get("bo", []) == []
    assert found["al"] == [f"{CLOCK} <op> one", f"{CLOCK} [op → @#dev] three"]
    # It follows whoever it is to another nickname.
    world.send("op", "NICK other")
    assert world.send("op", "PRIVMSG #dev :four", "INVITE bo #dev").get("bo", []) == []
    assert world.ask("bo", "/ignore") == ["You ignore other."]
    assert world.ask("bo", "/unignore other") == ["You do not ignore other any more."]
    assert world.ask("bo", "/unignore other") == ["You do not ignore other."]
    assert world.send("op", "PRIVMSG #dev :five")["bo"] == [f"{CLOCK} <other> five"]


def test_the_ignored_among_others_in_one_step(world: World) -> None:
    world.ask("bo", "/ignore op")
    found = world.step(
        world.lines("al", "first"),
        world.lines("op", "PRIVMSG #dev :unseen", "PRIVMSG #dev :too"),
        world.lines("al", "last"),
    )
    assert found["bo"] == [f"{CLOCK} <al> first", f"{CLOCK} <al> last"]


def test_ignoring_has_its_limits(world: World) -> None:
    assert world.ask("bo", "/ignore 9x") == ["Nobody can be called 9x."]
    world.ask("bo", *(f"/ignore n{number}" for number in range(100)))
    assert world.ask("bo", "/ignore more") == [
        "You ignore 100 people already; that is as many as there can be."
    ]
    assert world.ask("bo", "/ignore n5") == ["You ignore n5 now. /unignore n5 ends it."]
    world.quit("bo")
    assert not world.core.state.ignores


def test_an_ignore_is_for_who_it_was_meant(world: World) -> None:
    world.irc("s", rooms="#dev")
    world.ask("bo", "/ignore s")
    world.send("s", "NICK carol")
    # Whoever takes the nickname is somebody else.
    world.irc("new", rooms="#dev")
    world.send("new", "NICK s")
    assert world.send("new", "PRIVMSG #dev :one")["bo"] == [f"{CLOCK} <s> one"]
    assert world.send("s", "PRIVMSG #dev :two").get("bo", []) == []
    assert world.ask("bo", "/ignore") == ["You ignore carol."]
    world.quit("s")
    assert world.ask("bo", "/ignore") == ["You ignore s."]
    assert world.send("new", "PRIVMSG #dev :three")["bo"] == [f"{CLOCK} <s> three"]
    world.irc("next", rooms="#dev")
    world.send("next", "NICK carol")
    assert world.send("next", "PRIVMSG bo :four")["bo"] == [f"{CLOCK} [carol → you] four"]
    # Who comes back is who it was.
    world.quit("new")
    world.irc("again", rooms="#dev")
    world.send("again", "NICK s")
    assert world.send("again", "PRIVMSG #dev :five", "PRIVMSG bo :six").get("bo", []) == []
    assert world.ask("bo", "/ignore") == ["You ignore s."]


def test_an_ignore_waits_for_a_nickname_that_nobody_has(world: World) -> None:
    world.ask("bo", "/ignore S")
    world.step(world.add("half"), world.lines("half", "NICK s"))
    world.send("half", "USER s 0 * :x", "JOIN #dev")
    assert world.send("half", "PRIVMSG #dev :one").get("bo", []) == []
    assert world.ask("bo", "/ignore s", "/ignore") == [
        "You ignore s now. /unignore s ends it.",
        "You ignore s.",
    ]
    # By either name it is taken back; what one is called now comes first.
    world.send("half", "NICK carol")
    world.irc("s", rooms="#dev")
    world.ask("bo", "/ignore s")
    assert world.ask("bo", "/ignore") == ["You ignore carol, s."]
    assert world.ask("bo", "/unignore s") == ["You do not ignore s any more."]
    assert world.ask("bo", "/ignore") == ["You ignore carol."]
    assert world.ask("bo", "/unignore s", "/ignore") == [
        "You do not ignore s any more.",
        "You ignore nobody.",
    ]
    assert world.send("half", "PRIVMSG #dev :two")["bo"] == [f"{CLOCK} <carol> two"]
    assert not world.core.state.ignores


def test_nobody_ignores_themselves(world: World) -> None:
    assert world.ask("bo", "/ignore BO") == ["That is you: nobody ignores themselves."]
    world.person("eve")
    world.ask("eve", "/ignore zed")
    world.ask("bo", "/ignore zed", "/nick zed")
    assert world.ask("bo", "/ignore") == ["You ignore nobody."]
    # What others wait for is meant for whoever has the nickname now.
    found = world.send("bo", "/msg eve hi", "/msg zed hello")
    assert found == {"bo": [f"{CLOCK} [zed → you] hello"]}
    world.quit("eve")
    assert not world.core.state.ignores


def test_two_who_were_ignored_by_one_nickname_are_one_when_both_are_gone(world: World) -> None:
    world.irc("s")
    world.ask("bo", "/ignore s")
    world.send("s", "NICK carol")
    world.irc("t")
    world.send("t", "NICK s")
    world.ask("bo", "/ignore s")
    world.quit("s")
    world.quit("t")
    assert world.ask("bo", "/ignore") == ["You ignore s."]
    world.quit("bo")
    assert not world.core.state.ignores

"""ChanServ in a room: who has access has it done, in it or not, with anybody there or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.registering import CHANSERV, Registering
from tests.core.services.test_chanserv import tell
from tests.core.world import codes
from tests.journal.rig import File
from trio_chat.core import modes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Registering]:
    """A room of al's, who is in it with bo; cy has access as an operator, and is not."""
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.come("al", "#a")
    world.come("bo", "#a")
    world.come("cy")
    world.register("al")
    world.give("cy", modes.OP)
    yield world
    file.close()


@pytest.mark.parametrize(
    ("name", "letter"),
    [("OWNER", "q"), ("ADMIN", "a"), ("OP", "o"), ("HALFOP", "h"), ("VOICE", "v")],
)
def test_what_is_given_and_taken(world: Registering, name: str, letter: str) -> None:
    found = world.send("al", f"CS {name} #a bo")
    assert found["bo"] == [f":{CHANSERV} MODE #a +{letter} bo"]
    assert found["al"][-1].endswith(f" :bo has +{letter} in #a now.")
    assert world.standing("bo") == modes.PREFIX_OF_LETTER[letter].bit
    found = world.send("al", f"CS DE{name} #a bo")
    assert found["bo"] == [f":{CHANSERV} MODE #a -{letter} bo"]
    assert world.standing("bo") == 0


def test_it_takes_access_and_not_what_one_is(world: Registering) -> None:
    world.ask("al", "MODE #a +o bo")
    assert tell(world, "bo", "OP #a") == ["That needs access to #a, as operator at least."]
    assert tell(world, "cy", "DEOP #a bo") == ["bo does not have +o in #a any more."]
    assert tell(world, "cy", "OWNER #a bo")[0].startswith("That is for the founder")
    assert tell(world, "cy", "OP #a") == ["cy is not in #a."]
    world.ask("cy", "JOIN #a", "MODE #a -o cy")
    assert world.standing("cy") == 0
    assert tell(world, "cy", "OP #a") == ["cy has +o in #a now."]
    assert tell(world, "cy", "ADMIN #a") == [
        "That needs access to #a, as protected operator at least."
    ]
    assert tell(world, "cy", "DEOP #a") == ["cy does not have +o in #a any more."]
    assert tell(world, "cy", "VOICE #a nobody") == ["nobody is not in #a."]


def test_kick(world: Registering) -> None:
    found = world.send("cy", "CS KICK #a bo too loud")
    assert found["bo"] == found["al"] == [f":{CHANSERV} KICK #a bo :cy: too loud"]
    assert codes(found["cy"]) == ["NOTICE"]
    assert tell(world, "cy", "KICK #a bo") == ["bo is not in #a."]
    assert tell(world, "cy", "KICK #a al") == ["al is above your access to #a."]
    assert tell(world, "bo", "KICK #a al")[0].startswith("That needs access")


@pytest.mark.parametrize("empty", [False, True])
def test_ban_and_unban(world: Registering, empty: bool) -> None:
    if empty:
        world.ask("al", "PART #a")
        world.ask("bo", "PART #a")
        assert world.core.state.channel_named("#a") is None
    assert tell(world, "cy", "BAN #a bo") == ["~a:bo is banned from #a now."]
    assert tell(world, "cy", "BAN #a *!*@10.9.*") == ["*!*@10.9.* is banned from #a now."]
    assert tell(world, "cy", "BAN #a ~x:y") == [
        "A mask has no spaces, at most 200 bytes, or is ~a: or ~m:."
    ]
    if empty:
        assert world.core.state.channel_named("#a") is None
        assert codes(world.ask("bo", "JOIN #a")) == ["474"]
        world = world.restarted()
        world.come("cy")
        world.come("bo")
        assert codes(world.ask("bo", "JOIN #a")) == ["474"]
    assert tell(world, "cy", "UNBAN #a bo") == ["Bans lifted: ~a:bo"]
    assert tell(world, "cy", "UNBAN #a *!*@10.9.*") == ["Bans lifted: *!*@10.9.*"]
    assert tell(world, "cy", "UNBAN #a bo") == ["There is no ban on bo."]
    if empty:
        assert codes(world.ask("bo", "JOIN #a"))[0] == "JOIN"


def test_invite(world: Registering) -> None:
    world.irc("di")
    world.ask("al", "MODE #a +i")
    found = world.send("cy", "CS INVITE #a di")
    assert found["di"] == [":cy!~cy@10.0.0.1 INVITE di #a"]
    assert codes(world.ask("di", "JOIN #a"))[0] == "JOIN"
    assert tell(world, "cy", "INVITE #a di") == ["di is in #a already."]
    assert tell(world, "cy", "INVITE #a") == ["You can enter #a whatever is set there."]
    assert codes(world.ask("cy", "JOIN #a"))[0] == "JOIN"
    assert tell(world, "bo", "INVITE #a di")[0].startswith("That needs access")


def test_getkey(world: Registering) -> None:
    assert tell(world, "cy", "GETKEY #a") == ["#a has no key."]
    world.ask("al", "MODE #a +k secret", "PART #a")
    world.ask("bo", "PART #a")
    assert tell(world, "cy", "GETKEY #a") == ["The key of #a is secret"]
    assert tell(world, "bo", "GETKEY #a")[0].startswith("That needs access")


def test_clear_users(world: Registering) -> None:
    world.ask("cy", "JOIN #a")
    found = world.send("al", "CS CLEAR #a users")
    assert list(world.channel().members) == [world.user("al")]
    # Who is to go is shown nothing of the others.
    for name in ("bo", "cy"):
        assert found[name] == [f":{CHANSERV} KICK #a {name} :Cleared by al"]
    assert codes(found["al"]) == ["KICK", "KICK", "NOTICE"]
    assert tell(world, "cy", "CLEAR #a USERS")[0].startswith("That is for the founder")


def test_nobody_removes_the_founder(world: Registering) -> None:
    """Not by the access of an owner either; their equals owners remove."""
    world.give("cy", modes.OWNER)
    world.ask("cy", "JOIN #a")
    world.come("di")
    world.give("di", modes.OWNER)
    world.ask("di", "JOIN #a")
    assert tell(world, "cy", "KICK #a al") == ["al is above your access to #a."]
    assert tell(world, "cy", "CLEAR #a USERS") == [
        "Who is above your access to #a stays.",
        "#a is cleared of users.",
    ]
    assert list(world.channel().members) == [world.user("al"), world.user("cy")]
    assert tell(world, "al", "CLEAR #a USERS") == ["#a is cleared of users."]
    assert list(world.channel().members) == [world.user("al")]


@pytest.mark.parametrize("name", ["!!", "a@b!c", "a!b@c@d", "~m:!!"])
def test_a_ban_on_nobody_is_refused(world: Registering, name: str) -> None:
    assert tell(world, "cy", f"BAN #a {name}") == [
        "A mask is nickname!user@host, with one ! and one @."
    ]
    assert codes(world.ask("al", f"MODE #a +b {name}")) == ["696"]
    assert world.channel().lists == {}


@pytest.mark.parametrize("name", ["$$$", "-bo", "9to5", "~bo", "a,b"])
def test_a_ban_on_what_is_no_nickname_is_refused(world: Registering, name: str) -> None:
    assert tell(world, "cy", f"BAN #a {name}") == [
        f"{name} is no nickname, and no mask such as bob!*@*."
    ]
    assert tell(world, "cy", "BAN #a absent") == ["absent!*@* is banned from #a now."]
    assert tell(world, "cy", "BAN #a absent*") == ["absent*!*@* is banned from #a now."]


def test_clear_bans_and_modes(world: Registering) -> None:
    world.ask("al", "MODE #a +bbe a!*@* b!*@* c!*@*", "MODE #a +kls key 9")
    assert tell(world, "al", "CLEAR #a BANS") == ["#a is cleared of bans."]
    assert list(world.channel().lists) == ["e"]
    assert tell(world, "al", "CLEAR #a MODES") == ["#a is cleared of modes."]
    assert world.channel().modes == 0
    assert world.kept("private") == set()
    assert tell(world, "al", "CLEAR #a NAMES") == ["What can be cleared: USERS, BANS, MODES, OPS."]


def test_clear_ops(world: Registering) -> None:
    world.ask("cy", "JOIN #a")
    world.ask("al", "MODE #a +ov bo cy")
    tell(world, "al", "CLEAR #a OPS")
    assert [world.standing(name) for name in ("al", "bo", "cy")] == [modes.OWNER, 0, modes.OP]

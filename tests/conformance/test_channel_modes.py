"""The modes of a channel: what they are, and how MODE changes them."""

from __future__ import annotations

import string
import time

import pytest

from tests.conformance.channels import Names, Operator, Room, changes, modes
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only

_FLAGS = [
    *"imnst",
    *(pytest.param(letter, marks=pytest.mark.ours) for letter in "CMRu"),
]


def _unknown(target: Target) -> str:
    """Return a letter that is no mode of a channel on this server."""
    known = target.isupport["CHANMODES"] + target.isupport["PREFIX"]
    return next(letter for letter in reversed(string.ascii_letters) if letter not in known)


# --- Looking


def test_a_query(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_CHANNELMODEIS (324)": the channel, and its modes behind a plus."""
    (al,) = room("al")
    reply = one(al.ask(f"MODE {channel}"), "324")
    assert reply.params[:2] == [al.nick, channel]
    assert reply.params[2].startswith("+")


def test_the_time_of_creation(register: Register, channel: str) -> None:
    """Modern IRC, "RPL_CREATIONTIME (329)": behind the modes, a unix timestamp."""
    before = int(time.time())
    al = register("al")
    al.ask(f"JOIN {channel}")
    found = al.ask(f"MODE {channel}")
    assert commands(found) == ["324", "329"]
    assert found[1].params[:2] == [al.nick, channel]
    assert before - 2 <= int(found[1].params[2]) <= time.time() + 2


@pytest.mark.ours
def test_the_modes_of_a_new_channel(room: Room, channel: str) -> None:
    """Modern IRC, "Regular Channels": +n and +t are set."""
    (al,) = room("al")
    assert modes(al, channel) == set("nt")


def test_a_query_has_the_parameters(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_CHANNELMODEIS (324)": the arguments in the order of their letters."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +lk 7 sesame")
    reply = one(al.ask(f"MODE {channel}"), "324")
    with_parameter = [letter for letter in reply.params[2] if letter in "kl"]
    assert sorted(with_parameter) == ["k", "l"]
    assert dict(zip(with_parameter, reply.params[3:], strict=True))["l"] == "7"


@pytest.mark.ours
def test_the_key_is_not_for_outsiders(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": servers may hide a key; from outsiders ours does."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +k sesame")
    assert "sesame" not in one(register("bo").ask(f"MODE {channel}"), "324").raw


def test_a_query_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": who is not in the channel may look."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +m-s")
    assert "m" in modes(register("bo"), channel)


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": a channel that does not exist."""
    al = register("al")
    for found in (al.ask(f"MODE {channel}"), al.ask(f"MODE {channel} +m")):
        assert one(found, "403").params[:2] == [al.nick, channel]


def test_no_parameter(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": MODE needs a target."""
    al = register("al")
    assert one(al.ask("MODE"), "461").params[:2] == [al.nick, "MODE"]


# --- Flags


@pytest.mark.parametrize("letter", _FLAGS)
def test_a_flag_is_set(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "MODE message": everybody in the channel is told, and 324 has it."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} -{letter}")
    bo.read()
    own = al.ask(f"MODE {channel} +{letter}")
    assert changes(own) == changes(bo.read()) == [f"+{letter}"]
    assert one(own, "MODE").params[0] == channel
    assert one(own, "MODE").nick == al.nick
    assert letter in modes(bo, channel)


@pytest.mark.parametrize("letter", _FLAGS)
def test_a_flag_is_unset(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "MODE message": everybody in the channel is told, and 324 lacks it."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter}")
    bo.read()
    assert changes(al.ask(f"MODE {channel} -{letter}")) == [f"-{letter}"]
    assert changes(bo.read()) == [f"-{letter}"]
    assert letter not in modes(bo, channel)


@pytest.mark.parametrize("sign", "+-")
def test_a_flag_that_is_so_already(room: Room, channel: str, sign: str) -> None:
    """Modern IRC, "MODE message": what is sent to the members is the changes."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} {sign}m")
    bo.read()
    al.ask(f"MODE {channel} {sign}m")
    assert not only(bo.read(), "MODE")


# --- Several changes


def test_several_changes(room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": all of them, arguments taken in order."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} -s+nt")
    bo.read()
    al.ask(f"MODE {channel} +vms-t+l {bo.nick} 9")
    assert sorted(changes(bo.read())) == sorted([f"+v {bo.nick}", "+m", "+s", "-t", "+l 9"])
    assert set("mnsl") <= modes(al, channel)
    assert "t" not in modes(al, channel)


def test_signs_last(room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": a sign is for all the letters up to the next."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +ims", f"MODE {channel} -im+n-s")
    assert modes(al, channel) & set("imns") == {"n"}


@pytest.mark.ours
def test_as_many_as_there_are(room: Room, channel: str) -> None:
    """Modern IRC, "MODES Parameter": without a value there is no limit."""
    users = room("al", "bo", "cy", "di", "ed", "flo", "gus", "hal")
    nicks = [user.nick for user in users]
    found = users[0].ask(f"MODE {channel} +{'v' * len(nicks)} {' '.join(nicks)}")
    assert changes(found) == [f"+v {nick}" for nick in nicks]


def test_an_unknown_letter(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "ERR_UNKNOWNMODE (472)": the letter is the parameter."""
    al, bo = room("al", "bo")
    letter = _unknown(target)
    reply = one(al.ask(f"MODE {channel} +{letter}"), "472")
    assert reply.params[:2] == [al.nick, letter]
    assert not only(bo.read(), "MODE")


def test_an_unknown_letter_among_others(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "ERR_UNKNOWNMODE (472)": it says nothing of the other letters."""
    al, bo = room("al", "bo")
    found = al.ask(f"MODE {channel} +m{_unknown(target)}i")
    assert len(only(found, "472")) == 1
    assert sorted(changes(bo.read())) == ["+i", "+m"]


# --- Who may


@pytest.mark.parametrize("rank", ["", "v"])
@pytest.mark.parametrize("change", ["+m", "-n", "+k x", "+l 5", "+b x!*@*", "+o {}", "+v {}"])
def test_without_privileges(room: Room, channel: str, rank: str, change: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": nothing is changed."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +n")
    if rank:
        al.ask(f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    found = bo.ask(f"MODE {channel} {change.format(bo.nick)}")
    assert only(found, "482")[0].params[:2] == [bo.nick, channel]
    assert not only(found, "MODE")
    assert not only(al.read(), "MODE")


def test_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": who is not in the channel has no privileges there."""
    (al,) = room("al")
    bo = register("bo")
    assert only(bo.ask(f"MODE {channel} +m"), "442", "482")
    assert not only(al.read(), "MODE")
    assert "m" not in modes(al, channel)


@pytest.mark.ours
def test_a_server_operator_has_no_privileges(operator: Operator, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": to be an IRC operator is not to be one here."""
    (al,) = room("al")
    op = operator()
    op.ask(f"JOIN {channel}")
    assert "482" in commands(op.ask(f"MODE {channel} +m"))
    assert not only(al.read(), "MODE")


@pytest.mark.ours
@pytest.mark.parametrize("change", ["+m", "+k x", "+l 5", "+b x!*@*", "+i"])
def test_a_half_operator(room: Room, channel: str, change: str) -> None:
    """Modern IRC, "Halfop Prefix": moderation tasks."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +h {bo.nick}")
    bo.ask(f"MODE {channel} {change}")
    assert changes(al.read()) == [change]


# --- The key


def test_the_key_is_set(room: Room, channel: str) -> None:
    """Modern IRC, "Key Channel Mode": members are told of it."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +k sesame")
    (change,) = changes(bo.read())
    assert change.startswith("+k ")
    assert "k" in modes(al, channel)


def test_the_key_is_removed(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "MODE message", type B: it has a parameter when it is unset too."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +k sesame")
    bo.read()
    al.ask(f"MODE {channel} -k sesame")
    (change,) = changes(bo.read())
    assert change.startswith("-k ")
    assert "k" not in modes(al, channel)
    assert "JOIN" in commands(register("cy").ask(f"JOIN {channel}"))


@pytest.mark.ours
@pytest.mark.parametrize("key", ["a,b", ":two words", "x" * 100])
def test_a_key_that_cannot_be(room: Room, channel: str, key: str) -> None:
    """Modern IRC, "ERR_INVALIDKEY (525)": a key that could not be given with a JOIN."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +k {key}")
    assert one(found, "525").params[:2] == [al.nick, channel]
    assert "k" not in modes(al, channel)


# --- The limit


@pytest.mark.parametrize("limit", ["1", "25"])
def test_the_limit_is_set(room: Room, channel: str, limit: str) -> None:
    """Modern IRC, "Client Limit Channel Mode": its value is an integer."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +l {limit}")
    assert changes(bo.read()) == [f"+l {limit}"]
    assert one(al.ask(f"MODE {channel}"), "324").params[-1] == limit


def test_the_limit_is_changed(room: Room, channel: str) -> None:
    """Modern IRC, "Client Limit Channel Mode": another value takes its place."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +l 5", f"MODE {channel} +l 8")
    assert one(al.ask(f"MODE {channel}"), "324").params[-1] == "8"


def test_the_limit_is_removed(room: Room, channel: str) -> None:
    """Modern IRC, "MODE message", type C: no parameter when it is unset."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +l 5")
    bo.read()
    al.ask(f"MODE {channel} -l")
    assert one(bo.read(), "MODE").params == [channel, "-l"]
    assert "l" not in modes(al, channel)


@pytest.mark.ours
@pytest.mark.parametrize("limit", ["0", "-5", "many", "5x"])
def test_a_limit_that_cannot_be(room: Room, channel: str, limit: str) -> None:
    """Modern IRC, "ERR_INVALIDMODEPARAM (696)": the channel, the letter and the parameter."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +l {limit}")
    assert one(found, "696").params[:4] == [al.nick, channel, "l", limit]
    assert "l" not in modes(al, channel)


@pytest.mark.parametrize("letter", "kl")
def test_a_parameter_is_missing(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "MODE message", types B and C: without its parameter it is ignored."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter}")
    assert not only(bo.read(), "MODE")
    assert letter not in modes(al, channel)


@pytest.mark.ours
@pytest.mark.parametrize("change", ["+k", "+l", "+f", "+o", "-v"])
def test_nothing_is_said_of_a_parameter_that_is_missing(
    room: Room, channel: str, change: str
) -> None:
    """Modern IRC, "MODE message": the server MUST ignore that mode."""
    (al,) = room("al")
    assert al.ask(f"MODE {channel} {change}") == []


@pytest.mark.parametrize("letter", "kl")
def test_a_parameter_is_empty(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "ERR_INVALIDMODEPARAM (696)": an empty value is none that a mode can have."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +{letter} :")
    assert "MODE" not in commands(found)
    assert letter not in modes(al, channel)


@pytest.mark.ours
@pytest.mark.parametrize("letter", "klfob")
def test_an_empty_parameter_is_refused(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "ERR_INVALIDMODEPARAM (696)": `*` where the value can not stand."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +{letter} :")
    assert one(found, "696").params[:4] == [al.nick, channel, letter, "*"]


def test_modes_of_one_channel(register: Register, name: Names) -> None:
    """Modern IRC, "MODE message": the other channels have their own."""
    al, channels = register("al"), [name("#a"), name("#b")]
    al.ask(f"JOIN {','.join(channels)}", f"MODE {channels[0]} +m")
    assert "m" in modes(al, channels[0])
    assert "m" not in modes(al, channels[1])

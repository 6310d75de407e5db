"""What members of a channel may be: owner, protected, operator, half operator, voiced."""

from __future__ import annotations

import pytest

from tests.conformance.channels import (
    PREFIXES,
    Names,
    Operator,
    Room,
    changes,
    members,
    need_prefix,
)
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

_RANKS = list(PREFIXES)
_ALL = "qaohv"

_MAY_GIVE = {"q": "qaohv", "a": "ohv", "o": "ohv", "h": "v", "v": "", "": ""}
"""What each may give and take: it needs a half operator, for +o and +h an operator, for +q and
+a an owner."""


def _make(op: Session, channel: str, session: Session, ranks: str) -> None:
    """Give somebody these modes, and take the others away."""
    nick, others = session.nick, [letter for letter in _ALL if letter not in ranks]
    op.ask(f"SAMODE {channel} -{''.join(others)} {' '.join([nick] * len(others))}")
    if ranks:
        op.ask(f"SAMODE {channel} +{ranks} {' '.join([nick] * len(ranks))}")
    session.read()


# --- Giving and taking


@pytest.mark.parametrize("letter", "ov")
def test_an_operator_gives(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "Operator Prefix": set other users to operator, or lower."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter} {bo.nick}")
    assert changes(bo.read()) == [f"+{letter} {bo.nick}"]
    assert members(bo, channel) == {f"@{al.nick}", PREFIXES[letter] + bo.nick}


@pytest.mark.parametrize("letter", "ov")
def test_an_operator_takes(room: Room, channel: str, letter: str) -> None:
    """Modern IRC, "MODE message": without the mode there is no prefix."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter} {bo.nick}")
    bo.read()
    al.ask(f"MODE {channel} -{letter} {bo.nick}")
    assert changes(bo.read()) == [f"-{letter} {bo.nick}"]
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}


@pytest.mark.ours
@pytest.mark.parametrize("rank", _RANKS)
def test_who_may_give(operator: Operator, room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "Channel Membership Prefixes": who may give what."""
    al, *others = room("al", "bo", "cy", "di", "ed", "flo")
    _make(operator(), channel, al, rank)
    given = ""
    for letter, other in zip(_ALL, others, strict=True):
        found = al.ask(f"MODE {channel} +{letter} {other.nick}")
        if "482" in commands(found):
            assert one(found, "482").params[:2] == [al.nick, channel]
            assert other.nick in members(al, channel)
        else:
            assert changes(found) == [f"+{letter} {other.nick}"]
            assert PREFIXES[letter] + other.nick in members(al, channel)
            given += letter
    assert given == _MAY_GIVE[rank]


@pytest.mark.ours
@pytest.mark.parametrize("rank", _RANKS)
def test_who_may_take(operator: Operator, room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "Channel Membership Prefixes": who may take what from another."""
    al, *others = room("al", "bo", "cy", "di", "ed", "flo")
    op = operator()
    _make(op, channel, al, rank)
    taken = ""
    for letter, other in zip(_ALL, others, strict=True):
        _make(op, channel, other, letter)
        al.read()
        found = al.ask(f"MODE {channel} -{letter} {other.nick}")
        if "482" in commands(found):
            assert one(found, "482").params[:2] == [al.nick, channel]
            assert PREFIXES[letter] + other.nick in members(al, channel)
        else:
            assert changes(found) == [f"-{letter} {other.nick}"]
            assert other.nick in members(al, channel)
            taken += letter
    assert taken == _MAY_GIVE[rank]


def test_to_somebody_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_USERNOTINCHANNEL (441)": the user, and the channel they are not in."""
    (al,) = room("al")
    bo = register("bo")
    found = al.ask(f"MODE {channel} +o {bo.nick}")
    assert one(found, "441").params[:3] == [al.nick, bo.nick, channel]
    assert not only(found, "MODE")


def test_to_nobody(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "MODE message": no such user, or not one of this channel."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +v {name('nobody')}")
    assert len(only(found, "401", "441")) == 1
    assert not only(found, "MODE")


def test_what_somebody_has(room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": giving what is there changes nothing."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +v {bo.nick}")
    bo.read()
    al.ask(f"MODE {channel} +v {bo.nick}")
    assert not only(bo.read(), "MODE")


def test_a_nickname_in_other_letters(room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": the user can be named in any case."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +v {bo.nick.upper()}")
    assert f"+{bo.nick}" in members(al, channel)


def test_an_operator_gives_it_up(room: Room, channel: str) -> None:
    """Modern IRC, "Operator Prefix": who takes it from themselves has none."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} -o {al.nick}")
    assert members(bo, channel) == {al.nick, bo.nick}
    assert "482" in commands(al.ask(f"MODE {channel} +o {al.nick}"))


# --- Showing


@pytest.mark.ours
@pytest.mark.parametrize("rank", _RANKS)
def test_a_prefix(operator: Operator, room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "PREFIX Parameter": the prefix of each mode, in NAMES, WHO and WHOIS."""
    al, bo = room("al", "bo")
    _make(operator(), channel, bo, rank)
    prefix = PREFIXES[rank]
    assert prefix + bo.nick in members(al, channel)
    assert prefix + channel in one(al.ask(f"WHOIS {bo.nick}"), "319").text.split()
    (flags,) = [
        line.params[6]
        for line in only(al.ask(f"WHO {channel}"), "352")
        if line.params[5] == bo.nick
    ]
    assert "".join(flag for flag in flags if flag in "~&@%+") == prefix


@pytest.mark.ours
def test_all_prefixes_in_order(operator: Operator, room: Room, channel: str) -> None:
    """IRCv3 multi-prefix: in the order of PREFIX."""
    al, bo = room("al", "bo", capabilities=["multi-prefix"])
    _make(operator(), channel, bo, "vohqa")
    assert f"~&@%+{bo.nick}" in members(al, channel)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("ranks", "shown"), [("qv", "~"), ("av", "&"), ("oh", "@"), ("hv", "%"), ("qa", "~")]
)
def test_the_highest_prefix(
    operator: Operator, room: Room, channel: str, ranks: str, shown: str
) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": the highest one in the order of PREFIX."""
    al, bo = room("al", "bo")
    _make(operator(), channel, bo, ranks)
    assert shown + bo.nick in members(al, channel)


# --- Messages to those with a prefix


@pytest.mark.isupport("STATUSMSG")
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
@pytest.mark.parametrize(("prefix", "who"), [("@", ["bo"]), ("+", ["bo", "cy"])])
def test_a_status_message(
    room: Room, channel: str, target: Target, command: str, prefix: str, who: list[str]
) -> None:
    """Modern IRC, "STATUSMSG Parameter": only members with the prefix, or a higher one."""
    if prefix not in target.isupport["STATUSMSG"]:
        pytest.skip("the server has it for other prefixes")
    al, bo, cy, di = room("al", "bo", "cy", "di")
    al.ask(f"MODE {channel} +o {bo.nick}", f"MODE {channel} +v {cy.nick}")
    al.ask(f"{command} {prefix}{channel} :psst")
    reached = {"bo": bo, "cy": cy, "di": di}
    found = {nick: only(session.read(), command) for nick, session in reached.items()}
    assert [nick for nick in found if found[nick]] == who
    assert found["bo"][0].params == [prefix + channel, "psst"]


@pytest.mark.ours
@pytest.mark.parametrize("wanted", _ALL)
def test_whom_a_status_message_reaches(
    operator: Operator, room: Room, channel: str, wanted: str
) -> None:
    """Modern IRC, "STATUSMSG Parameter": every prefix of PREFIX, for every rank."""
    al, *others = room("al", "bo", "cy", "di", "ed", "flo", "gus")
    op = operator()
    for rank, other in zip(_RANKS, others, strict=True):
        _make(op, channel, other, rank)
    al.read()
    assert al.ask(f"PRIVMSG {PREFIXES[wanted]}{channel} :psst") == []
    reached = [
        rank for rank, other in zip(_RANKS, others, strict=True) if only(other.read(), "PRIVMSG")
    ]
    assert reached == _RANKS[: _RANKS.index(wanted) + 1]


@pytest.mark.ours
def test_several_prefixes(room: Room, channel: str) -> None:
    """Modern IRC, "PRIVMSG message": `@+#channel` is for the lower of both, and all above."""
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +v {bo.nick}", f"PRIVMSG @+{channel} :psst")
    assert one(bo.read(), "PRIVMSG").text == "psst"
    assert not only(cy.read(), "PRIVMSG")


@pytest.mark.isupport("STATUSMSG")
def test_a_status_message_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "No External Messages Mode": messages to some of a channel are no exception."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +n")
    assert "404" in commands(register("bo").ask(f"PRIVMSG @{channel} :psst"))
    assert not only(al.read(), "PRIVMSG")


def test_a_rank_is_of_one_channel(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "Channel Membership Prefixes": status in that channel, not in another."""
    need_prefix(target, "o")
    al, bo, channels = register("al"), register("bo"), [name("#a"), name("#b")]
    al.ask(f"JOIN {channels[0]}")
    bo.ask(f"JOIN {channels[1]}")
    al.ask(f"JOIN {channels[1]}")
    assert "482" in commands(al.ask(f"MODE {channels[1]} +m"))
    assert members(al, channels[1]) == {al.nick, f"@{bo.nick}"}

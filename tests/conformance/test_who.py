"""WHO: the fields and flags of an answer, and which users are visible in one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def found(lines: Iterable[Line]) -> dict[str, Line]:
    """Return the answers, by nickname; nobody is in them twice."""
    answers = only(lines, "352")
    by_nick = {line.params[5]: line for line in answers}
    assert len(by_nick) == len(answers)
    return by_nick


def flags(lines: Iterable[Line], nick: str) -> str:
    """Return the flags of somebody."""
    return found(lines)[nick].params[6]


def test_the_fields(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": eight parameters, those of RPL_WHOISUSER among them."""
    al, bo = room("al", "bo")
    user = one(al.ask(f"WHOIS {bo.nick}"), "311").params
    reply = found(al.ask(f"WHO {channel}"))[bo.nick]
    assert len(reply.params) == 8
    assert reply.params[:4] == [al.nick, channel, user[2], user[3]]
    assert reply.params[4] == one(al.ask(f"WHOIS {bo.nick}"), "312").params[2]
    hops, _, realname = reply.text.partition(" ")
    assert hops.isdigit()
    assert realname == f"Real {bo.nick}"


def test_the_members_of_a_channel(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "WHO message": a channel name lists its members, and nobody else."""
    al, bo, cy = room("al", "bo", "cy")
    register("outsider")
    assert set(found(al.ask(f"WHO {channel}"))) == {al.nick, bo.nick, cy.nick}


def test_a_channel_from_outside(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "WHO message": who is not in a channel can ask about it."""
    (al,) = room("al")
    assert al.nick in found(register("bo").ask(f"WHO {channel}"))


def test_the_end_of_the_list(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_ENDOFWHO (315)": with the mask, after all other answers."""
    al, _ = room("al", "bo")
    lines = al.ask(f"WHO {channel}")
    assert commands(lines) == ["352", "352", "315"]
    assert lines[-1].params[:2] == [al.nick, channel]


def test_a_nickname(room: Room) -> None:
    """Modern IRC, "WHO message": an exact nickname is one user."""
    al, bo, _ = room("al", "bo", "cy")
    lines = al.ask(f"WHO {bo.nick}")
    assert list(found(lines)) == [bo.nick]
    assert one(lines, "315").params[1] == bo.nick


def test_the_channel_of_a_user_in_none(register: Register) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": an asterisk when no channel is returned."""
    al, bo = register("al"), register("bo")
    assert one(al.ask(f"WHO {bo.nick}"), "352").params[1] == "*"


@pytest.mark.parametrize("base", ["nobody", "#nowhere"])
def test_who_is_not_there(register: Register, name: Names, base: str) -> None:
    """Modern IRC, "WHO message": zero answers are an answer too, and it has an end."""
    al, mask = register("al"), name(base)
    lines = al.ask(f"WHO {mask}")
    assert only(lines, "352") == []
    assert one(lines, "315").params[1] == mask


def test_the_case_of_a_nickname(register: Register) -> None:
    """Modern IRC, "WHO message": nicknames are compared without regard to case."""
    al, bo = register("al"), register("bo")
    assert bo.nick in found(al.ask(f"WHO {bo.nick.upper()}"))


def test_the_case_of_a_channel(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": the channel that was asked for, whatever its case."""
    (al,) = room("al")
    reply = found(al.ask(f"WHO {channel.upper()}"))[al.nick]
    assert reply.params[1].lower() == channel


# --- Flags


def test_here(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": H is for a user who is here."""
    al, bo = room("al", "bo")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "H"


def test_gone(room: Room, channel: str) -> None:
    """Modern IRC, "AWAY message": G is for a user who is away, until they are back."""
    al, bo = room("al", "bo")
    bo.ask("AWAY :out")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "G"
    bo.ask("AWAY")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "H"


@pytest.mark.parametrize(
    ("mode", "prefix"),
    [("o", "@"), ("v", "+"), pytest.param("h", "%", marks=pytest.mark.ours)],
)
def test_a_prefix(room: Room, channel: str, mode: str, prefix: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": the membership prefix comes after H or G."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{mode} {bo.nick}")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == f"H{prefix}"


def test_only_the_highest_prefix(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": one prefix, the highest, without multi-prefix."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +v {bo.nick}", f"MODE {channel} +o {bo.nick}")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "H@"


@pytest.mark.capability("multi-prefix")
def test_all_prefixes(room: Room, channel: str) -> None:
    """IRCv3 multi-prefix: all of them, from the highest rank to the lowest."""
    al, bo = room("al", "bo", capabilities=["multi-prefix"])
    al.ask(f"MODE {channel} +v {bo.nick}", f"MODE {channel} +o {bo.nick}")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "H@+"


def test_the_prefix_belongs_to_the_channel(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": the prefix is the one in the channel of the answer."""
    al, bo = room("al", "bo")
    other = name("#d")
    bo.ask(f"JOIN {other}")
    al.ask(f"JOIN {other}")
    assert flags(al.ask(f"WHO {channel}"), bo.nick) == "H"
    assert flags(al.ask(f"WHO {other}"), bo.nick) == "H@"


@pytest.mark.ours
def test_an_operator(operator: Register, register: Register) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": an asterisk after H or G is for server operators."""
    op, al = operator(), register("al")
    assert flags(al.ask(f"WHO {op.nick}"), op.nick) == "H*"
    op.ask("AWAY :out")
    assert flags(al.ask(f"WHO {op.nick}"), op.nick) == "G*"


@pytest.mark.ours
def test_the_order_of_flags(operator: Register, channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": away status, operator, prefix, then all others."""
    op = operator()
    op.ask(f"JOIN {channel}", f"MODE {op.nick} +B")
    assert flags(op.ask(f"WHO {channel}"), op.nick) == "H*@B"


# --- Masks


@pytest.mark.ours
@pytest.mark.parametrize("pattern", ["{}*", "{}??"])
def test_a_pattern(
    register: Register, name: Names, connect: Callable[[], Session], pattern: str
) -> None:
    """Modern IRC, "WHO message": a pattern lists all whose nickname matches."""
    al, base = register("al"), name("w")
    nicks = {f"{base}-a", f"{base}-b"}
    for nick in sorted(nicks):
        connect().register(nick)
    mask = pattern.format(base)
    lines = al.ask(f"WHO {mask}")
    assert set(found(lines)) == nicks
    assert one(lines, "315").params[1] == mask


def test_a_pattern_that_nobody_matches(register: Register, name: Names) -> None:
    """Modern IRC, "WHO message": no answer, and the end."""
    al = register("al")
    assert commands(al.ask(f"WHO {name('none')}*x?y")) == ["315"]


@pytest.mark.ours
def test_only_operators_by_nickname(operator: Register, register: Register) -> None:
    """RFC 2812, 3.6.1: with `o`, only operators are in the answer."""
    op, al, bo = operator(), register("al"), register("bo")
    assert set(found(al.ask(f"WHO {op.nick} o"))) == {op.nick}
    assert commands(al.ask(f"WHO {bo.nick} o")) == ["315"]


@pytest.mark.ours
def test_only_operators_of_a_channel(operator: Register, room: Room, channel: str) -> None:
    """RFC 2812, 3.6.1: with `o`, of the members those who are server operators."""
    al, _ = room("al", "bo")
    op = operator()
    op.ask(f"JOIN {channel}")
    assert set(found(al.ask(f"WHO {channel} o"))) == {op.nick}


# --- Who is visible


def test_a_secret_channel_from_outside(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": it does not tell others who is in it."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert commands(register("bo").ask(f"WHO {channel}")) == ["315"]


def test_a_secret_channel_from_inside(room: Room, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": members see it as any other."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +s")
    assert set(found(bo.ask(f"WHO {channel}"))) == {al.nick, bo.nick}


def test_a_secret_channel_is_not_named(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": the channel of a user is not one that has to be hidden."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert one(register("bo").ask(f"WHO {al.nick}"), "352").params[1] == "*"


def test_an_invisible_user_and_a_stranger(register: Register) -> None:
    """Modern IRC, "Invisible User Mode": not shown to a pattern from who shares no channel."""
    al, bo = register("al"), register("bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert bo.nick not in found(al.ask(f"WHO {bo.nick[:-1]}?"))


@pytest.mark.ours
def test_an_invisible_user_and_a_friend(room: Room) -> None:
    """Modern IRC, "WHO message": visible to who has a channel in common."""
    al, bo = room("al", "bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert bo.nick in found(al.ask(f"WHO {bo.nick[:-1]}?"))


def test_an_invisible_member_from_outside(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "Invisible User Mode": not shown to who does not share the channel."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {al.nick} -i")
    bo.ask(f"MODE {bo.nick} +i")
    assert set(found(register("cy").ask(f"WHO {channel}"))) == {al.nick}


def test_an_invisible_member_from_inside(room: Room, channel: str) -> None:
    """Modern IRC, "Invisible User Mode": shown to who shares the channel."""
    al, bo = room("al", "bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert bo.nick in found(al.ask(f"WHO {channel}"))

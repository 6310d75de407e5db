"""The list of channels, and conditions for it (Modern IRC, "LIST message" and "ELIST")."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, need_elist
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only


def _listed(session: Session, parameters: str) -> set[str]:
    return {line.params[1] for line in only(session.ask(f"LIST {parameters}"), "322")}


def test_all_channels(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "LIST message": without a parameter, every visible channel."""
    al, _ = room("al", "bo")
    al.ask(f"MODE {channel} -s", f"TOPIC {channel} :words")
    cy = register("cy")
    found = cy.ask("LIST")
    assert commands(found)[-1] == "323"
    (reply,) = [line for line in only(found, "322") if line.params[1] == channel]
    assert reply.params[:3] == [cy.nick, channel, "2"]
    assert reply.text.endswith("words")


def test_no_other_numerics(room: Room) -> None:
    """Modern IRC, "LIST message": 321, which may be missing, 322 and one 323."""
    (al,) = room("al")
    found = commands(al.ask("LIST"))
    assert set(found) - {"321"} == {"322", "323"}
    assert found.count("323") == 1


def test_named_channels(register: Register, name: Names) -> None:
    """Modern IRC, "LIST message": given names, only those."""
    al, channels = register("al"), [name("#a"), name("#b"), name("#c")]
    al.ask(f"JOIN {','.join(channels)}")
    assert _listed(al, ",".join(channels[:2])) == set(channels[:2])


def test_one_channel(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "RPL_LIST (322)": the channel, how many are in it, and the topic."""
    al, bo, _ = room("al", "bo", "cy")
    bo.ask(f"PART {channel}")
    al.ask(f"TOPIC {channel} :some words")
    reply = one(register("di").ask(f"LIST {channel}"), "322")
    assert reply.params[1:3] == [channel, "2"]
    assert reply.text.endswith("some words")


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "LIST message": nothing found is no error."""
    found = commands(register("al").ask(f"LIST {channel}"))
    assert [command for command in found if command != "321"] == ["323"]


@pytest.mark.parametrize("named", [False, True], ids=["all", "named"])
def test_a_channel_that_all_have_left(
    register: Register, room: Room, channel: str, named: bool
) -> None:
    """Modern IRC, "Channels": it is there as long as somebody is in it."""
    (al,) = room("al")
    al.ask(f"PART {channel}")
    found = only(register("bo").ask("LIST"), "322")
    assert channel not in _listed(al, channel if named else "")
    assert "0" not in {line.params[2] for line in found}


@pytest.mark.parametrize("named", [False, True], ids=["all", "named"])
def test_a_secret_channel_from_outside(
    register: Register, room: Room, channel: str, named: bool
) -> None:
    """Modern IRC, "Secret Channel Mode": LIST does not have it."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert channel not in _listed(register("bo"), channel if named else "")


@pytest.mark.parametrize("named", [False, True], ids=["all", "named"])
def test_a_secret_channel_from_inside(room: Room, channel: str, named: bool) -> None:
    """Modern IRC, "Secret Channel Mode": LIST has it for its members."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +s")
    assert channel in _listed(bo, channel if named else "")


def test_invisible_users_are_counted(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "RPL_LIST (322)": the number is of all clients in the channel."""
    _, bo = room("al", "bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert one(register("cy").ask(f"LIST {channel}"), "322").params[2] == "2"


@pytest.mark.isupport("ELIST")
@pytest.mark.parametrize(
    ("condition", "held"),
    [("<3", True), ("<2", False), (">1", True), (">2", False), (">0", True)],
)
def test_by_the_number_of_members(
    room: Room, channel: str, target: Target, condition: str, held: bool
) -> None:
    """Modern IRC, "ELIST Parameter", U: less than, or more than so many users."""
    need_elist(target, "U")
    al, _ = room("al", "bo")
    assert (channel in _listed(al, condition)) == held


@pytest.mark.isupport("ELIST")
@pytest.mark.parametrize(
    ("mask", "held"),
    [("*{}", True), ("{}*", True), ("#?-{}", True), ("{}", False), ("#*{}?", False)],
)
def test_by_a_mask(register: Register, name: Names, target: Target, mask: str, held: bool) -> None:
    """Modern IRC, "ELIST Parameter", M: the channels whose names match."""
    need_elist(target, "M")
    al, channel = register("al"), name("#m")
    al.ask(f"JOIN {channel}")
    tail = channel.partition("-")[2]
    wanted = mask.format(channel if mask == "{}*" else tail)
    assert (channel in _listed(al, wanted)) == held


@pytest.mark.isupport("ELIST")
def test_a_mask_in_other_letters(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "Casemapping": masks look for names in any case."""
    need_elist(target, "M")
    al, channel = register("al"), name("#m")
    al.ask(f"JOIN {channel}")
    assert _listed(al, f"{channel.upper()}*") == {channel}


@pytest.mark.isupport("ELIST")
def test_by_no_mask(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "ELIST Parameter", N: the channels whose names do not match."""
    need_elist(target, "N")
    al, one_of_them, other = register("al"), name("#one"), name("#other")
    al.ask(f"JOIN {one_of_them},{other}")
    found = _listed(al, f"!{one_of_them[:-1]}?")
    assert one_of_them not in found
    assert other in found


@pytest.mark.isupport("ELIST")
@pytest.mark.parametrize(("condition", "held"), [("C<2", True), ("C>1", False), ("C>60", False)])
def test_by_the_time_of_creation(
    room: Room, channel: str, target: Target, condition: str, held: bool
) -> None:
    """Modern IRC, "ELIST Parameter", C: created less, or more than so many minutes ago."""
    need_elist(target, "C")
    (al,) = room("al")
    assert (channel in _listed(al, condition)) == held


@pytest.mark.isupport("ELIST")
@pytest.mark.parametrize(("condition", "held"), [("T<2", True), ("T>1", False), ("T>60", False)])
def test_by_the_time_of_the_topic(
    room: Room, channel: str, target: Target, condition: str, held: bool
) -> None:
    """Modern IRC, "ELIST Parameter", T: topic set less, or more than so many minutes ago."""
    need_elist(target, "T")
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :words")
    assert (channel in _listed(al, condition)) == held


@pytest.mark.ours
def test_a_topic_that_there_is_not_has_no_time(room: Room, channel: str) -> None:
    """Modern IRC, "ELIST Parameter", T: a channel without a topic had none set lately."""
    (al,) = room("al")
    assert channel not in _listed(al, "T<2")


@pytest.mark.isupport("ELIST")
@pytest.mark.parametrize("condition", ["C<2", "<1000", "*"])
def test_a_condition_shows_no_secret(
    register: Register, room: Room, channel: str, target: Target, condition: str
) -> None:
    """Modern IRC, "Secret Channel Mode": nor does LIST with a condition have it."""
    need_elist(target, {"C": "C", "<": "U", "*": "M"}[condition[0]])
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert channel not in _listed(register("bo"), condition)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("conditions", "held"),
    [
        (">1,<3", True),
        (">1,<2", False),
        (">1,C<2", True),
        ("{}*,<3", True),
        ("{}*,<2", False),
        ("#*,!{}", False),
        ("{}*,!#nothing*", True),
    ],
)
def test_several_conditions(room: Room, channel: str, conditions: str, held: bool) -> None:
    """Modern IRC, "LIST message": a list of conditions, of which all have to hold."""
    al, _ = room("al", "bo")
    assert (channel in _listed(al, conditions.format(channel))) == held

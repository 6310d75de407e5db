"""What the journal could not store: nobody is shown it, and who said it is told so, once."""

from __future__ import annotations

import pytest

from tests.core.world import RECORDING, SERVER, World, codes, prefix
from trio_chat.core.entries import Kept, Moved
from trio_chat.core.inputs import Disconnected

LABELS = "labeled-response batch"
FAIL = f":{SERVER} FAIL PRIVMSG COULD_NOT_BE_STORED"


def lose(world: World, name: str, *lines: str) -> dict[str, list[str]]:
    """Have a user send lines in a step that is not stored; return what everybody is sent."""
    effects = world.core.step([world.lines(name, *lines)], world.now)
    world.core.withhold(effects)
    return world.read(effects)


def test_what_could_not_be_stored_is_not_shown_and_its_sender_is_told() -> None:
    world = World(RECORDING)
    for name in ("al", "bo"):
        world.irc(name, rooms="#a", caps="echo-message labeled-response batch")
    world.irc("cy", rooms="#a")
    effects = world.core.step(
        [
            world.lines("cy", "PRIVMSG #a :1", "PING x"),
            world.lines("al", "@label=l PRIVMSG #a :2", "PRIVMSG bo :3", "TOPIC #a"),
        ],
        world.now,
    )
    world.core.withhold(effects)
    found = world.read(effects)
    fail = f":{SERVER} FAIL PRIVMSG COULD_NOT_BE_STORED"
    assert found["bo"] == []
    # Each answer is where it belongs.
    assert found["cy"] == [f"{fail} #a :Could not be stored", f":{SERVER} PONG {SERVER} x"]
    assert found["al"] == [
        f"@label=l {fail} #a :Could not be stored",
        f"{fail} bo :Could not be stored",
        f":{SERVER} 331 al #a :No topic is set",
    ]
    # The next message is an ordinary one again.
    assert world.send("al", "PRIVMSG #a :4")["bo"] == [f"{prefix('al')} PRIVMSG #a :4"]


def test_people_are_told_in_words_that_it_could_not_be_stored() -> None:
    world = World(RECORDING)
    world.person("al")
    effects = world.core.step([world.lines("al", "hello")], world.now)
    world.core.withhold(effects)
    assert world.read(effects)["al"] == ["Could not be stored"]


@pytest.mark.parametrize("echo", ["", " echo-message"])
@pytest.mark.parametrize("label", ["", "@label=l "])
def test_who_leaves_at_once_is_told_before_they_are_sent_off(label: str, echo: str) -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS + echo)
    world.irc("bo", rooms="#a")
    found = lose(world, "al", "PING 1", f"{label}PRIVMSG #a :hi", "@label=q QUIT")
    assert found["al"] == [
        f":{SERVER} PONG {SERVER} 1",
        f"{label}{FAIL} #a :Could not be stored",
        "@label=q ERROR :Closing link (Quit: )",
    ]
    assert codes(found["bo"]) == ["QUIT"]


def test_who_leaves_while_it_is_being_stored_is_told_as_well() -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS)
    effects = world.core.step([world.lines("al", "@label=l PRIVMSG #a :hi", "PING x")], world.now)
    world.send("al", "QUIT")
    world.core.withhold(effects)
    assert world.read(effects)["al"] == [
        f"@label=l {FAIL} #a :Could not be stored",
        f":{SERVER} PONG {SERVER} x",
    ]


def test_a_person_who_has_piped_something_in_is_told() -> None:
    world = World(RECORDING)
    world.person("al")
    world.irc("bo", rooms="#lobby")
    effects = world.core.step(
        [
            world.lines("al", "hello"),
            Disconnected(user=world.ids["al"], reason="Connection closed", orderly=True),
        ],
        world.now,
    )
    world.core.withhold(effects)
    found = world.read(effects)
    assert found["al"] == ["Could not be stored"]
    assert codes(found["bo"]) == ["QUIT"]


def test_it_is_told_to_who_said_it_as_they_were_then() -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS)
    found = lose(world, "al", "@label=l PRIVMSG #a,nobody :hi", "NICK other")
    assert codes(found["al"]) == ["BATCH", "401", "FAIL", "BATCH", "NICK"]
    # The time is in what was said since the client has asked for that.
    found = lose(world, "al", "PRIVMSG #a :hi", "CAP REQ server-time")
    assert codes(found["al"]) == ["FAIL", "CAP"]
    assert found["al"][0] == f"{FAIL} #a :Could not be stored"


@pytest.mark.parametrize("echo", ["", " echo-message"])
def test_the_failure_is_the_answer_to_the_label(echo: str) -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS + echo)
    found = lose(world, "al", "PING 1", "@label=l PRIVMSG #a :hi", "@label=m PING 2")
    assert found["al"] == [
        f":{SERVER} PONG {SERVER} 1",
        f"@label=l {FAIL} #a :Could not be stored",
        f"@label=m :{SERVER} PONG {SERVER} 2",
    ]


@pytest.mark.parametrize("echo", ["", " echo-message"])
def test_several_failures_are_one_answer(echo: str) -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a,#b", caps=LABELS + echo)
    lines = lose(world, "al", "@label=l PRIVMSG #a,#b,nobody :hi", "PING 1")["al"]
    assert codes(lines) == ["BATCH", "401", "FAIL", "FAIL", "BATCH", "PONG"]
    reference = lines[0].split("+")[1].split()[0]
    assert lines[0] == f"@label=l :{SERVER} BATCH +{reference} labeled-response"
    assert lines[2:5] == [
        f"@batch={reference} {FAIL} #a :Could not be stored",
        f"@batch={reference} {FAIL} #b :Could not be stored",
        f":{SERVER} BATCH -{reference}",
    ]


@pytest.mark.parametrize("echo", ["", " echo-message"])
def test_a_message_of_several_lines_has_one_answer(echo: str) -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=f"{LABELS} draft/multiline message-tags{echo}")
    batch = ["@label=l BATCH +1 draft/multiline #a", "@batch=1 PRIVMSG #a :one", "BATCH -1"]
    assert lose(world, "al", *batch)["al"] == [f"@label=l {FAIL} #a :Could not be stored"]
    batch[2] = "@label=m BATCH -1"
    assert lose(world, "al", *batch)["al"] == [
        f"@label=l {FAIL} #a :Could not be stored",
        f"@label=m :{SERVER} ACK",
    ]


def test_what_needs_no_storing_is_answered_as_it_was() -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS)
    found = lose(world, "al", "@label=k MODE #a +m", "@label=l PRIVMSG #a :hi", "@label=m TOPIC #a")
    assert found["al"] == [
        f"@label=k {prefix('al')} MODE #a +m",
        f"@label=l {FAIL} #a :Could not be stored",
        f"@label=m :{SERVER} 331 al #a :No topic is set",
    ]


def concerned(world: World, *lines: tuple[str, str]) -> set[str]:
    """Return for whom something waits for a step's commit, in which these say these lines."""
    effects = world.core.step([world.lines(name, line) for name, line in lines], world.now)
    found = world.core.concerned(effects)
    assert not effects.records or found
    return {name for name in ("al", "bo", "cy") if world.ids[name] in found}


def test_whoever_is_shown_what_is_to_be_stored_waits_for_it_and_who_says_it() -> None:
    world = World(RECORDING)
    for name, room in (("al", "#a"), ("bo", "#a"), ("cy", "#c")):
        world.irc(name, rooms=room)
    assert concerned(world, ("al", "PRIVMSG #a :hi"), ("cy", "PING x")) == {"al", "bo"}
    assert concerned(world, ("al", "PRIVMSG cy :hi"), ("bo", "PING x")) == {"al", "cy"}
    assert concerned(world, ("al", "TOPIC #a :new")) == {"al", "bo"}
    assert concerned(world, ("al", "PING x"), ("bo", "WHOIS al")) == set()
    # Where nothing is to be stored nobody waits.
    assert concerned(world, ("cy", "AWAY :gone"), ("al", "WHO #c")) == set()


def test_who_waits_for_an_answer_waits_for_what_becomes_of_it() -> None:
    world = World(RECORDING)
    world.irc("al", rooms="#a", caps=LABELS)
    world.irc("bo")
    world.irc("cy")
    assert concerned(world, ("al", "@label=l PRIVMSG #a :hi"), ("bo", "PING x")) == {"al"}


def test_whom_a_change_concerns_is_not_said_so_everybody_waits() -> None:
    world = World(RECORDING)
    for name in ("al", "bo", "cy"):
        world.irc(name)
    effects = world.core.step([world.lines("al", "PING x"), world.lines("bo", "PING x")], world.now)
    effects.records.append(Kept("topics", "#a", b"x"))
    # That is in force whether or not it is stored.
    assert world.core.concerned(effects) == set()
    effects.records.append(Moved("#a", "#b"))
    assert world.core.concerned(effects) == {world.ids["al"], world.ids["bo"]}

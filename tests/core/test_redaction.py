"""REDACT: who may take back what, who is told, and that it is gone."""

from __future__ import annotations

import re

import pytest

from tests.core.remembering import Remembering
from tests.core.world import SERVER, codes, prefix
from trio_chat.core.entries import all_with
from trio_chat.core.questions import EVERYTHING, MESSAGES, REDACTIONS
from trio_chat.core.settings import Settings
from trio_chat.core.state import User

CAPS = "draft/message-redaction message-tags echo-message batch"
FAIL = f":{SERVER} FAIL REDACT"


@pytest.fixture
def world() -> Remembering:
    """An operator and two members of a room, and somebody who knows nothing of REDACT."""
    world = Remembering()
    for name in ("al", "bo", "cy"):
        world.irc(name, caps=CAPS, rooms="#a")
    world.irc("old", rooms="#a")
    return world


def say(world: Remembering, name: str, line: str) -> str:
    """Have a user say something; return its id."""
    (echo,) = world.ask(name, line)
    found = re.search(r"msgid=(\w+)", echo)
    assert found is not None
    return found[1]


def bare(lines: list[str]) -> list[str]:
    """Return lines without their tags."""
    return [line.partition(" ")[2] if line[0] == "@" else line for line in lines]


def texts(world: Remembering, key: str = "#a", **wanted: object) -> list[str]:
    page = world.file.read(key, **wanted)
    return [getattr(shown.event, "text", "-") for shown in page.entries]


def test_who_said_it_takes_it_back(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :oops")
    say(world, "bo", "PRIVMSG #a :fine")
    found = world.send("bo", f"REDACT #a {id} :a slip")
    line = f"{prefix('bo')} REDACT #a {id} :a slip"
    assert {name: bare(lines) for name, lines in found.items()} == {
        name: [line] for name in ("al", "bo", "cy")
    }
    assert texts(world) == ["fine"]
    assert bare(world.ask("bo", f"REDACT #a {id}")) == [
        f"{FAIL} UNKNOWN_MSGID #a {id} :This message does not exist or is too old"
    ]


def test_without_a_reason_it_has_two_parameters(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :oops")
    assert bare(world.send("bo", f"REDACT #a {id}")["cy"]) == [f"{prefix('bo')} REDACT #a {id}"]
    id = say(world, "bo", "PRIVMSG #a :oops")
    assert bare(world.send("bo", f"REDACT #A {id} :")["cy"]) == [f"{prefix('bo')} REDACT #a {id}"]


@pytest.mark.parametrize(
    ("mode", "may"), [("", False), ("v", False), ("h", True), ("o", True), ("q", True)]
)
def test_what_others_said(world: Remembering, mode: str, may: bool) -> None:
    id = say(world, "bo", "PRIVMSG #a :spam")
    if mode == "q":
        name = "al"
    else:
        name = "cy"
        world.send("al", f"MODE #a +{mode} cy" if mode else "PING x")
    world.now += 1e6
    (line,) = bare(world.ask(name, f"REDACT #a {id} spam"))
    if may:
        assert line == f"{prefix(name)} REDACT #a {id} :spam"
        assert texts(world) == []
    else:
        text = "You are not authorised to delete this message"
        assert line == f"{FAIL} REDACT_FORBIDDEN #a {id} :{text}"
        assert texts(world) == ["spam"]


def test_for_a_time_only(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :oops")
    world.now += 3600.5
    (line,) = bare(world.ask("bo", f"REDACT #a {id}"))
    assert line == (
        f"{FAIL} REDACT_WINDOW_EXPIRED #a {id} 3600 :You can no longer delete this message"
    )
    assert texts(world) == ["oops"]
    id = say(world, "bo", "PRIVMSG #a :oops")
    world.now += 3599
    assert codes(world.ask("bo", f"REDACT #a {id}")) == ["REDACT"]


def test_where_nobody_can_take_back_anything_operators_can() -> None:
    world = Remembering(Settings(name=SERVER, history=True, redact_within=0))
    for name in ("al", "bo"):
        world.irc(name, caps=CAPS, rooms="#a")
    id = say(world, "bo", "PRIVMSG #a :oops")
    assert "REDACT_FORBIDDEN" in world.ask("bo", f"REDACT #a {id}")[0]
    assert codes(world.ask("al", f"REDACT #a {id}")) == ["REDACT"]


@pytest.mark.parametrize(
    "line", ["NOTICE {} :x", "@+react=y TAGMSG {}", "PRIVMSG {} :\x01ACTION x\x01"]
)
def test_everything_that_can_be_said(world: Remembering, line: str) -> None:
    id = say(world, "bo", line.format("#a"))
    assert codes(world.ask("bo", f"REDACT #a {id}")) == ["REDACT"]
    assert texts(world, kinds=EVERYTHING & ~4) == []


def test_a_join_is_no_message(world: Remembering) -> None:
    world.irc("dee", caps=CAPS)
    (joined, *_) = world.ask("dee", "JOIN #a")
    id = joined.partition("msgid=")[2].partition(" ")[0]
    assert "UNKNOWN_MSGID" in world.ask("al", f"REDACT #a {id}")[0]


@pytest.mark.parametrize("id", ["nonsense", "0" * 10, "9" * 9 + "0", ":", ":a b"])
def test_an_id_that_nothing_has(world: Remembering, id: str) -> None:
    (line,) = bare(world.ask("al", f"REDACT #a {id}"))
    assert line.startswith(f"{FAIL} UNKNOWN_MSGID #a ")
    assert line.endswith(" :This message does not exist or is too old")


def test_elsewhere_it_is_not_known(world: Remembering) -> None:
    world.send("bo", "JOIN #b")
    id = say(world, "bo", "PRIVMSG #b :x")
    assert "UNKNOWN_MSGID" in world.ask("al", f"REDACT #a {id}")[0]
    for target in ("#b", "#none"):
        (line,) = bare(world.ask("al", f"REDACT {target} {id}"))
        assert line == f"{FAIL} INVALID_TARGET {target} :You cannot delete messages from {target}"


def test_who_has_left_takes_back_what_they_said(world: Remembering) -> None:
    world.send("bo", "JOIN #b")
    id = say(world, "bo", "PRIVMSG #b :x")
    world.send("al", "JOIN #b")
    other = say(world, "al", "PRIVMSG #b :y")
    world.send("bo", "PART #b")
    assert "INVALID_TARGET" in world.ask("bo", f"REDACT #b {other}")[0]
    found = world.send("bo", f"REDACT #b {id}")
    assert {name: codes(lines) for name, lines in found.items()} == {
        "al": ["REDACT"],
        "bo": ["REDACT"],
    }
    world.send("al", "PART #b")
    assert codes(world.ask("al", f"REDACT #b {other}")) == ["REDACT"]
    assert texts(world, "#b") == []


def test_whoever_makes_a_channel_anew_takes_nothing_back(world: Remembering) -> None:
    world.send("bo", "JOIN #b")
    id, hidden = say(world, "bo", "PRIVMSG #b :x"), say(world, "bo", "PRIVMSG @#b :y")
    world.send("bo", "PART #b")
    world.send("al", "JOIN #b")
    assert "REDACT_FORBIDDEN" in world.ask("al", f"REDACT #b {id}")[0]
    assert "UNKNOWN_MSGID" in world.ask("al", f"REDACT #b {hidden}")[0]
    world.send("bo", "JOIN #b")
    new = say(world, "bo", "PRIVMSG #b :z")
    assert codes(world.ask("al", f"REDACT #b {new}")) == ["REDACT"]
    assert texts(world, "#b") == ["x"]


def test_what_is_not_for_everybody(world: Remembering) -> None:
    """Whoever may not know of it is told that there is no such thing, and not of its end."""
    world.send("al", "MODE #a +v cy")
    id = say(world, "cy", "PRIVMSG @#a :for operators")
    assert "UNKNOWN_MSGID" in world.ask("bo", f"REDACT #a {id}")[0]
    found = world.send("cy", f"REDACT #a {id}")
    assert sorted(found) == ["al", "cy"]
    assert texts(world, standing=1 << 20) == []


def test_between_two(world: Remembering) -> None:
    mine, theirs = say(world, "al", "PRIVMSG bo :1"), say(world, "bo", "PRIVMSG al :2")
    assert "REDACT_FORBIDDEN" in world.ask("al", f"REDACT bo {theirs}")[0]
    assert "UNKNOWN_MSGID" in world.ask("cy", f"REDACT bo {mine}")[0]
    found = world.send("al", f"REDACT BO {mine} :no")
    line = f"{prefix('al')} REDACT bo {mine} :no"
    assert {name: bare(lines) for name, lines in found.items()} == {"al": [line], "bo": [line]}
    assert codes(world.ask("bo", f"REDACT al {theirs}")) == ["REDACT"]
    id = world.ask("al", "PRIVMSG al :to oneself")[0].partition("msgid=")[2].partition(" ")[0]
    assert {name: len(lines) for name, lines in world.send("al", f"REDACT al {id}").items()} == {
        "al": 1
    }


def test_between_two_of_whom_one_has_another_name_or_is_gone(world: Remembering) -> None:
    first, second = say(world, "al", "PRIVMSG bo :1"), say(world, "al", "PRIVMSG bo :2")
    world.send("bo", "NICK bob")
    found = world.send("al", f"REDACT bob {first}")
    assert bare(found["bo"]) == [f"{prefix('al')} REDACT bob {first}"]
    world.quit("bo")
    assert bare(world.ask("al", f"REDACT bo {second}"))[0].startswith(prefix("al"))
    assert "INVALID_TARGET" in world.ask("al", f"REDACT nobody {second}")[0]


def test_a_nickname_says_who_it_was_only_while_they_had_it(world: Remembering) -> None:
    mine = say(world, "bo", "PRIVMSG #a :mine")
    world.send("bo", "NICK bob")
    world.send("cy", "NICK bo")
    assert "REDACT_FORBIDDEN" in world.ask("cy", f"REDACT #a {mine}")[0]
    theirs = say(world, "cy", "PRIVMSG #a :theirs")
    assert "REDACT_FORBIDDEN" in world.ask("bo", f"REDACT #a {theirs}")[0]
    assert codes(world.ask("bo", f"REDACT #a {mine}")) == ["REDACT"]
    assert codes(world.ask("cy", f"REDACT #a {theirs}")) == ["REDACT"]
    again = say(world, "cy", "PRIVMSG #a :again")
    world.quit("cy")
    world.ids["cy"] = 0
    world.irc("bo2", caps=CAPS, rooms="#a")
    world.send("bo2", "NICK bo")
    assert "REDACT_FORBIDDEN" in world.ask("bo2", f"REDACT #a {again}")[0]


def test_names_that_change_within_a_step(world: Remembering) -> None:
    found = world.step(
        world.lines("bo", "PRIVMSG #a :mine", "NICK bob"),
        world.lines("cy", "NICK bo", "PRIVMSG #a :theirs"),
    )
    ids = [line.partition("msgid=")[2].partition(" ")[0] for line in found["al"]]
    mine, theirs = ids[0], ids[3]
    assert "REDACT_FORBIDDEN" in world.ask("cy", f"REDACT #a {mine}")[0]
    assert "REDACT_FORBIDDEN" in world.ask("bo", f"REDACT #a {theirs}")[0]
    assert codes(world.ask("bo", f"REDACT #a {mine}")) == ["REDACT"]
    assert codes(world.ask("cy", f"REDACT #a {theirs}")) == ["REDACT"]


def test_an_account_says_who_it_was(world: Remembering) -> None:
    world.identify("Bob", "bo", "cy")
    id = say(world, "bo", "PRIVMSG #a :x")
    assert codes(world.ask("cy", f"REDACT #a {id}")) == ["REDACT"]


def test_after_a_new_connection_it_is_the_account_that_counts(world: Remembering) -> None:
    world.identify("Bob", "bo")
    world.identify("Al", "al")
    first = say(world, "bo", "PRIVMSG al :x")
    second = say(world, "al", "PRIVMSG bo :y")
    world.quit("bo")
    for name in ("later", "phone"):
        world.irc(name, caps=CAPS)
        world.identify("Bob", name)
    found = world.send("later", f"REDACT al {first}")
    assert {name: bare(lines) for name, lines in found.items()} == {
        name: [f"{prefix('later')} REDACT al {first}"] for name in ("al", "later", "phone")
    }
    assert " REDACT_FORBIDDEN al " in world.ask("later", f"REDACT al {second}")[0]
    assert texts(world, all_with(world.core.context.party(user_of(world, "al")), "bob")) == ["y"]
    assert codes(world.ask("cy", f"REDACT al {second}", f"REDACT bob {second}")) == ["FAIL"] * 2


def test_with_somebody_who_has_no_account(world: Remembering) -> None:
    world.identify("Al", "al")
    mine = say(world, "cy", "PRIVMSG al :mine")
    world.send("cy", "NICK cyril")
    world.irc("thief", caps=CAPS)
    world.send("thief", "NICK cy")
    assert " UNKNOWN_MSGID al " in world.ask("thief", f"REDACT al {mine}")[0]
    assert sorted(world.send("cy", f"REDACT al {mine}")) == ["al", "cy"]


def test_another_account_of_the_same_name_has_not_said_it(world: Remembering) -> None:
    world.identify("Bob", "bo")
    id = say(world, "bo", "PRIVMSG #a :x")
    world.core.context.accounts.drop("Bob")
    world.quit("bo")
    world.now += 1
    world.identify("Bob", "cy")
    assert " REDACT_FORBIDDEN " in world.ask("cy", f"REDACT #a {id}")[0]


def user_of(world: Remembering, name: str) -> User:
    return world.core.state.users[world.ids[name]]


def test_it_takes_the_capability(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :x")
    assert codes(world.ask("old", f"REDACT #a {id}", "REDACT #a")) == ["421", "461"]
    assert codes(world.ask("bo", "REDACT #a")) == ["461"]


def test_it_is_offered_with_history_only() -> None:
    world = Remembering(Settings(name=SERVER))
    assert "redaction" not in world.irc("al", caps="draft/message-redaction")[0].partition("NAK")[0]


def test_the_answer_comes_before_what_was_sent_next(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :x")
    world.waiting = True
    assert world.ask("bo", f"REDACT #a {id}", "PING 1") == []
    assert codes(world.answer()["bo"]) == ["REDACT", "PONG"]


def test_two_at_once_take_it_back_once(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :x")
    world.waiting = True
    world.step(world.lines("bo", f"REDACT #a {id}"), world.lines("al", f"REDACT #a {id}"))
    found = world.answer()
    assert codes(found["cy"]) == ["REDACT"]
    assert codes(found["al"]) == ["REDACT", "FAIL"]


def test_who_was_removed_meanwhile_takes_nothing_of_others_back(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :x")
    world.send("al", "MODE #a +o cy")
    world.waiting = True
    world.send("cy", f"REDACT #a {id}")
    world.send("al", "KICK #a cy")
    assert "INVALID_TARGET" in world.answer()["cy"][-1]
    assert texts(world) == ["x"]


def test_a_label_has_one_answer(world: Remembering) -> None:
    world.send("bo", "CAP REQ labeled-response")
    id = say(world, "bo", "PRIVMSG #a :x")
    (line,) = world.ask("bo", f"@label=l REDACT #a {id}")
    assert line.startswith("@label=l;msgid=")
    (line,) = world.ask("bo", f"@label=m REDACT #a {id}")
    assert line.startswith(f"@label=m {FAIL} UNKNOWN_MSGID")


@pytest.mark.parametrize("label", ["", "@label=l "])
def test_what_could_not_be_stored_is_not_taken_back(world: Remembering, label: str) -> None:
    world.send("bo", "CAP REQ labeled-response")
    id = say(world, "bo", "PRIVMSG #a :x")
    world.waiting = True
    # What the step has stored before is no part of the answer.
    world.step(world.lines("al", "PRIVMSG #a :other"), world.lines("bo", f"{label}REDACT #a {id}"))
    found = world.answer(stored=False)
    assert {name: lines for name, lines in found.items() if lines} == {
        "bo": [f"{label}{FAIL} COULD_NOT_BE_STORED #a :Could not be stored"]
    }
    assert texts(world) == ["x", "other"]
    assert codes(world.ask("bo", f"REDACT #a {id}")) == ["REDACT"]


def test_what_can_not_be_read(world: Remembering) -> None:
    id = say(world, "bo", "PRIVMSG #a :x")
    world.readable = False
    (line,) = world.ask("bo", f"REDACT #a {id}")
    assert line == f"{FAIL} INTERNAL_ERROR #a {id} :The message could not be looked up"


def test_what_is_kept_of_it(world: Remembering) -> None:
    """Who has taken back what and why, for those who can read that; not what it was."""
    id = say(world, "bo", "PRIVMSG #a :oops")
    world.send("bo", f"REDACT #a {id} :a slip")
    (shown,) = world.file.read("#a", kinds=REDACTIONS).entries
    assert shown.event.irc(0) == f"{prefix('bo')} REDACT #a {id} :a slip"
    assert world.file.read("#a", kinds=MESSAGES).entries == []
    for statement in ("SELECT body FROM blocks", "SELECT body FROM log"):
        assert all(b"oops" not in body for (body,) in world.file.connection.execute(statement))


def test_people_see_nothing_of_it(world: Remembering) -> None:
    world.person("pat")
    world.send("pat", "/join #a")
    id = say(world, "bo", "PRIVMSG #a :oops")
    assert "pat" not in world.send("bo", f"REDACT #a {id}")

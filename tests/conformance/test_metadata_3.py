"""What draft/metadata-3 has otherwise than draft/metadata-2: how one is told, and refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.channels import Room
from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.metadata import ask, batched, refused, said, whole
from tests.conformance.session import Session, commands, one, only

CAP = "draft/metadata-3"
CAPS = ["batch", CAP]
Names = Callable[[str], str]

pytestmark = pytest.mark.capability(*CAPS)


@pytest.fixture
def al(register: Register) -> Session:
    return register("al", *CAPS)


@pytest.fixture
def pair(room: Room) -> list[Session]:
    """Two in one channel; the first is its operator."""
    return room("al", "bo", capabilities=CAPS)


def limit(target: Target, token: str) -> int:
    """Return a limit that the server advertises, or skip."""
    tokens = dict(item.partition("=")[::2] for item in target.capabilities[CAP].split(","))
    if token not in tokens:
        pytest.skip(f"the server does not advertise {token}")
    return int(tokens[token])


# --- Commands


def test_get_answers_every_key_in_order(al: Session) -> None:
    """draft/metadata-3, "METADATA GET": what is no key is a WARN in its place."""
    ask(al, "* SET b x")
    params, found = whole(ask(al, "* GET a b $c d"))
    assert params == [al.nick]
    assert commands(found) == ["766", "761", "WARN", "766"]
    assert found[2].params[:3] == ["METADATA", "INVALID_KEY", "$c"]


def test_list(al: Session) -> None:
    """draft/metadata-3, "METADATA LIST": RPL_KEYVALUE in a batch with the target."""
    ask(al, "* SET url x")
    params, (found,) = whole(ask(al, "* LIST"))
    assert (params, found.command, said(found)) == ([al.nick], "761", [al.nick, "url", "x"])


@pytest.mark.parametrize("line", ["* SET url", "* SET url :"])
def test_a_key_is_removed(al: Session, line: str) -> None:
    """draft/metadata-3, "METADATA SET": the value is omitted, or empty; again is no error."""
    ask(al, "* SET url x")
    for _ in range(2):
        (found,) = ask(al, line)
        assert found.command == "766"
    assert whole(ask(al, "* LIST"))[1] == []


def test_clear(al: Session) -> None:
    """draft/metadata-3, "METADATA CLEAR": one RPL_KEYNOTSET for each key."""
    ask(al, "* SET a x")
    ask(al, "* SET b x")
    _, found = whole(ask(al, "* CLEAR"))
    assert sorted((line.command, said(line)[1]) for line in found) == [("766", "a"), ("766", "b")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("* SET $url$ x", "INVALID_KEY $url$"),
        ("nobody-is-called-that LIST", "INVALID_TARGET nobody-is-called-that"),
        ("nobody-is-called-that SUB url", "INVALID_TARGET nobody-is-called-that"),
        ("", "INVALID_PARAMS *"),
        ("*", "INVALID_PARAMS *"),
        ("* GET", "INVALID_PARAMS GET"),
        ("* SET", "INVALID_PARAMS SET"),
        ("* SUB", "INVALID_PARAMS SUB"),
        ("* LIST a", "INVALID_PARAMS LIST"),
        ("* SET a b c", "INVALID_PARAMS SET"),
        ("* SNEEZE", "INVALID_PARAMS SNEEZE"),
        ("* :: hi!", "INVALID_PARAMS *"),
    ],
)
def test_refusals(al: Session, line: str, code: str) -> None:
    """draft/metadata-3, "Replies", "METADATA client command"."""
    refused(ask(al, line), *code.split(" "))


def test_limits(al: Session, target: Target) -> None:
    """draft/metadata-3, "Capability", "Replies": INVALID_VALUE, LIMIT_REACHED, INVALID_KEY."""
    most = limit(target, "max-value-bytes")
    refused(ask(al, f"* SET url :{'x' * (most + 1)}"), "INVALID_VALUE", "url")
    longest = "k" * limit(target, "max-key-bytes")
    assert commands(ask(al, f"* SET {longest} x")) == ["761"]
    refused(ask(al, f"* SET {longest}k x"), "INVALID_KEY", f"{longest}k")
    keys = limit(target, "max-keys")
    for number in range(keys - 1):
        ask(al, f"* SET key{number} x")
    refused(ask(al, "* SET another x"), "LIMIT_REACHED", al.nick, str(keys))


def test_permissions(pair: list[Session], channel: str) -> None:
    """draft/metadata-3, "METADATA SET", "CLEAR": KEY_NO_PERMISSION."""
    al, bo = pair
    refused(ask(al, f"{bo.nick} SET url x"), "KEY_NO_PERMISSION", bo.nick, "url")
    refused(ask(bo, f"{channel} CLEAR"), "KEY_NO_PERMISSION", channel, "*")


@pytest.mark.parametrize("line", ["GET url", "LIST", "SYNC"])
def test_from_outside(pair: list[Session], register: Register, channel: str, line: str) -> None:
    """draft/metadata-3, "METADATA GET" and others: KEY_NO_PERMISSION is a WARN in the batch."""
    al, _ = pair
    ask(al, f"{channel} SET url hidden")
    eve = register("eve", *CAPS)
    ask(eve, "* SUB url")
    params, found = whole(ask(eve, f"{channel} {line}"))
    assert params == [channel]
    assert [one_of_them.params[:2] for one_of_them in only(found, "WARN")] == [
        ["METADATA", "KEY_NO_PERMISSION"]
    ]
    assert "hidden" not in " ".join(map(str, found))


def test_too_many_subscriptions(al: Session, target: Target) -> None:
    """draft/metadata-3, "METADATA SUB": LIMIT_REACHED with the key and the limit."""
    most = limit(target, "max-subs")
    for number in range(most - 1):
        ask(al, f"* SUB key{number}")
    found = ask(al, "* SUB $x foo website key0")
    assert [key for line in only(found, "770") for key in line.params[1:]] == ["foo"]
    assert one(found, "WARN").params[:3] == ["METADATA", "INVALID_KEY", "$x"]
    assert one(found, "FAIL").params[:4] == ["METADATA", "LIMIT_REACHED", "website", str(most)]


# --- Notifications


def test_a_change_is_told(pair: list[Session], channel: str) -> None:
    """draft/metadata-3, "Notifications": RPL_KEYVALUE, or RPL_KEYNOTSET."""
    al, bo = pair
    ask(bo, "* SUB avatar url")
    ask(al, "* SET avatar :x y")
    (told,) = bo.read()
    assert (told.command, told.params[0]) == ("761", bo.nick)
    assert said(told) == [al.nick, "avatar", "x y"]
    ask(al, f"{channel} SET url z")
    (told,) = bo.read()
    assert (told.command, said(told)) == ("761", [channel, "url", "z"])
    ask(al, "* SET avatar")
    (told,) = bo.read()
    assert (told.command, said(told)) == ("766", [al.nick, "avatar"])


@pytest.mark.capability("draft/metadata-2")
def test_who_knows_another_version(room: Room, register: Register, channel: str) -> None:
    """draft/metadata-2 and -3, "Notifications": each is told in its own words."""
    (al,) = room("al", capabilities=CAPS)
    bo = register("bo", "batch", "draft/metadata-2")
    bo.ask(f"JOIN {channel}", "METADATA * SUB avatar")
    al.read()
    assert commands(ask(al, "* SET avatar x")) == ["761"]
    (told,) = bo.read()
    assert (told.command, said(told)) == ("METADATA", [al.nick, "avatar", "x"])


def test_on_joining(pair: list[Session], register: Register, channel: str) -> None:
    """draft/metadata-3, "Automatic synchronization": the same batch that answers SYNC."""
    al, _ = pair
    ask(al, f"{channel} SET url u")
    ask(al, "* SET url x")
    eve = register("eve", *CAPS)
    ask(eve, "* SUB url")
    params, found = batched(eve.ask(f"JOIN {channel}"))
    assert params == [channel]
    values = sorted(said(line) for line in found)
    assert values == sorted([[channel, "url", "u"], [al.nick, "url", "x"]])
    params, again = whole(ask(eve, f"{channel} SYNC"))
    assert (params, sorted(said(line) for line in again)) == ([channel], values)
    assert set(commands(again)) == {"761"}


def test_on_joining_without_subscriptions(al: Session, channel: str) -> None:
    """draft/metadata-3, "Automatic synchronization": a batch all the same, or 774."""
    found = al.ask(f"JOIN {channel}")
    if not only(found, "774"):
        assert batched(found) == ([channel], [])


def test_on_subscribing(pair: list[Session], channel: str) -> None:
    """draft/metadata-3, "METADATA SUB": a batch or 774 with `*ALL`, if there are new ones."""
    al, bo = pair
    ask(al, "* SET url x")
    found = ask(bo, "* SUB url")
    assert found[0].params == [bo.nick, "url"]
    later = only(found, "774")
    if later:
        assert later[0].params[1] == "*ALL"
        assert int(later[0].params[2]) >= 0
        found = ask(bo, "*ALL SYNC")
    params, inside = batched(found)
    assert params == ["*ALL"]
    assert [said(line) for line in inside] == [[al.nick, "url", "x"]]
    assert commands(ask(bo, "* SUB url")) == ["770"]


@pytest.mark.isupport("MONITOR")
def test_monitor(al: Session, register: Register) -> None:
    """draft/metadata-3, "Automatic synchronization": with 730, a batch or 774."""
    ask(al, "* SET avatar x")
    bo = register("bo", *CAPS)
    ask(bo, "* SUB avatar")
    found = bo.ask(f"MONITOR + {al.nick}")
    assert commands(found)[0] == "730"
    params, (line,) = batched(found)
    assert (params, said(line)) == ([al.nick], [al.nick, "avatar", "x"])


def test_before_registration(connect: Connect, target: Target, name: Names) -> None:
    """draft/metadata-3, "Automatic synchronization": all of it, whatever the subscriptions."""
    session, nick = connect(), name("al")
    session.negotiate(*CAPS)
    before = "before-connect" in target.capabilities[CAP].split(",")
    if before:
        session.send("METADATA * SET display-name :a b c")
        session.until("761")
    session.send(f"NICK {nick}", f"USER {nick} 0 * :x", "CAP END")
    params, found = batched(session.until("376", "422"))
    assert params == [nick]
    assert [said(line) for line in found] == [[nick, "display-name", "a b c"]] * before


def test_who_gives_it_back_is_subscribed_to_nothing(al: Session) -> None:
    """draft/metadata-3, "Capability": the subscription list is cleared."""
    ask(al, "* SUB url")
    al.ask(f"CAP REQ :-{CAP}", f"CAP REQ :{CAP}")
    assert whole(ask(al, "* SUBS"), "metadata-subs")[1] == []

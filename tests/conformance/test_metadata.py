"""What users say of themselves, and operators of their channels (draft/metadata-2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.channels import Room
from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.metadata import ask, batched, refused, said, whole
from tests.conformance.session import Session, commands, one, only

CAP = "draft/metadata-2"
CAPS = ["batch", CAP]
Names = Callable[[str], str]
Operator = Callable[..., Session]

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


# --- The capability


def test_the_value_of_the_capability(target: Target) -> None:
    """draft/metadata-2, "Capability": tokens; the values of limits are numbers."""
    for item in filter(None, target.capabilities[CAP].split(",")):
        name, equals, value = item.partition("=")
        assert name
        if name in ("max-subs", "max-keys", "max-value-bytes"):
            assert equals
            assert int(value) > 0


def test_the_order_of_negotiation(register: Register) -> None:
    """draft/metadata-2, "Relation with other specifications": it must not be enforced."""
    al = register("al", CAP, "batch")
    assert whole(ask(al, "* LIST")) == ([al.nick], [])


def test_what_it_replaces_is_refused(connect: Connect) -> None:
    """draft/metadata-2, "Relation with other specifications": not together with metadata-notify."""
    session = connect()
    session.send("CAP LS 302", f"CAP REQ :{CAP} metadata-notify")
    lines = session.until("CAP")
    while lines[-1].params[1] not in ("ACK", "NAK"):
        lines = session.until("CAP")
    assert lines[-1].params[1] == "NAK"


# --- SET, GET, LIST, CLEAR


@pytest.mark.parametrize("value", ["x", "Foo The First", "->💜<-", ":-)", "*"])
def test_set(al: Session, value: str) -> None:
    """draft/metadata-2, "METADATA SET": answered with RPL_KEYVALUE, which has the new value."""
    (found,) = ask(al, f"* SET display-name :{value}")
    assert (found.command, found.params[0]) == ("761", al.nick)
    assert said(found) in (["*", "display-name", value], [al.nick, "display-name", value])
    params, (got,) = whole(ask(al, "* GET display-name"))
    assert params == [al.nick]
    assert (got.command, said(got)) == ("761", [al.nick, "display-name", value])


def test_oneself_by_name(al: Session) -> None:
    """draft/metadata-2, "METADATA client command": a nickname, or an asterisk for one's own."""
    (found,) = ask(al, f"{al.nick.upper()} SET display-name x")
    assert said(found)[1:] == ["display-name", "x"]
    _, (got,) = whole(ask(al, f"{al.nick} GET display-name"))
    assert said(got)[2] == "x"


def test_an_empty_value(al: Session) -> None:
    """draft/metadata-2, "Keys and Values": the empty string is a valid value."""
    (found,) = ask(al, "* SET display-name :")
    assert (found.command, found.text) == ("761", "")
    _, (got,) = whole(ask(al, "* GET display-name"))
    assert (got.command, got.text) == ("761", "")


def test_a_key_is_removed(al: Session) -> None:
    """draft/metadata-2, "METADATA SET": with no value; RPL_KEYNOTSET is the answer."""
    ask(al, "* SET display-name x")
    (found,) = ask(al, "* SET display-name")
    assert found.command == "766"
    assert said(found)[1] == "display-name"
    _, (got,) = whole(ask(al, "* GET display-name"))
    assert got.command == "766"


def test_a_key_that_is_not_set_can_not_be_removed(al: Session) -> None:
    """draft/metadata-2, "METADATA SET": KEY_NOT_SET."""
    refused(ask(al, "* SET display-name"), "KEY_NOT_SET", al.nick, "display-name")


@pytest.mark.parametrize("key", ["$url$", "Avatar", "é", "a:b"])
def test_a_key_that_is_none(al: Session, key: str) -> None:
    """draft/metadata-2, "METADATA SET", "Keys and Values": KEY_INVALID."""
    refused(ask(al, f"* SET {key} x"), "KEY_INVALID", key)


@pytest.mark.parametrize("key", ["url", "im.xmpp", "soju.im/muted", "a_b", "a-b", "0"])
def test_a_key_that_is_one(al: Session, key: str) -> None:
    """draft/metadata-2, "Keys and Values": a-z, 0-9 and _./-"""
    (found,) = ask(al, f"* SET {key} x")
    assert (found.command, said(found)[1]) == ("761", key)


def test_a_value_of_the_greatest_length(al: Session, target: Target) -> None:
    """draft/metadata-2, "Capability": max-value-bytes are allowed, and come back whole."""
    most = limit(target, "max-value-bytes")
    (found,) = ask(al, f"* SET avatar :{'x' * most}")
    assert (found.command, found.text) == ("761", "x" * most)
    _, (got,) = whole(ask(al, "* GET avatar"))
    assert got.text == "x" * most


@pytest.mark.parametrize("character", ["x", "💜"])
def test_a_value_that_is_too_long(al: Session, target: Target, character: str) -> None:
    """draft/metadata-2, "Standard Replies": VALUE_INVALID."""
    most = limit(target, "max-value-bytes")
    count = most // len(character.encode()) + 1
    refused(ask(al, f"* SET avatar :{character * count}"), "VALUE_INVALID")


def test_a_value_that_is_not_utf8(al: Session) -> None:
    """draft/metadata-2, "Keys and Values": values must be UTF-8."""
    found = al.ask(b"METADATA * SET avatar :\xc3")
    assert only(found, "761") == []
    assert one(found, "FAIL").params[0] == "METADATA"
    _, (got,) = whole(ask(al, "* GET avatar"))
    assert got.command == "766"


def test_so_many_keys(al: Session, target: Target) -> None:
    """draft/metadata-2, "Capability", "Standard Replies": LIMIT_REACHED after max-keys."""
    for number in range(limit(target, "max-keys")):
        assert commands(ask(al, f"* SET key{number} x")) == ["761"]
    refused(ask(al, "* SET another x"), "LIMIT_REACHED", al.nick)
    assert commands(ask(al, "* SET key0 y")) == ["761"]
    ask(al, "* SET key0")
    assert commands(ask(al, "* SET another x")) == ["761"]


def test_get_answers_every_key_in_order(al: Session) -> None:
    """draft/metadata-2, "METADATA GET": KEYVALUE, KEYNOTSET and KEY_INVALID in a batch."""
    ask(al, "* SET b x")
    params, found = whole(ask(al, "* GET a b $c d"))
    assert params == [al.nick]
    assert commands(found) == ["766", "761", "FAIL", "766"]
    assert found[0].params[:3] == [al.nick, al.nick, "a"]
    assert found[2].params[:3] == ["METADATA", "KEY_INVALID", "$c"]
    assert said(found[3]) == [al.nick, "d"]


def test_list(al: Session) -> None:
    """draft/metadata-2, "METADATA LIST": all that is set, in a batch; it may be empty."""
    assert whole(ask(al, "* LIST")) == ([al.nick], [])
    ask(al, "* SET url :http://www.example.com")
    ask(al, "* SET im.xmpp user1@xmpp.example.com")
    _, found = whole(ask(al, "* LIST"))
    assert sorted(said(line)[1:] for line in found) == [
        ["im.xmpp", "user1@xmpp.example.com"],
        ["url", "http://www.example.com"],
    ]


def test_of_somebody_else(al: Session, register: Register) -> None:
    """draft/metadata-2, "METADATA LIST": of any valid target."""
    ask(al, "* SET avatar x")
    bo = register("bo", *CAPS)
    params, (found,) = whole(ask(bo, f"{al.nick} LIST"))
    assert params == [al.nick]
    assert (found.params[0], said(found)) == (bo.nick, [al.nick, "avatar", "x"])


def test_clear(al: Session) -> None:
    """draft/metadata-2, "METADATA CLEAR": a batch with one RPL_KEYVALUE for each key."""
    ask(al, "* SET a x")
    ask(al, "* SET b y")
    params, found = whole(ask(al, "* CLEAR"))
    assert params == [al.nick]
    assert sorted((line.command, said(line)[1]) for line in found) == [("761", "a"), ("761", "b")]
    assert whole(ask(al, "* LIST"))[1] == []
    assert whole(ask(al, "* CLEAR"))[1] == []


@pytest.mark.parametrize("line", ["GET a", "LIST", "SET a b", "SET a", "CLEAR", "SYNC"])
@pytest.mark.parametrize("target_name", ["$a:user", "#nothing-is-there", "nobody"])
def test_no_such_target(al: Session, line: str, target_name: str) -> None:
    """draft/metadata-2, "Standard Replies": INVALID_TARGET, and nothing else."""
    refused(ask(al, f"{target_name} {line}"), "INVALID_TARGET", target_name)


@pytest.mark.parametrize("line", ["SUB a", "UNSUB a", "SUBS"])
def test_the_subscriptions_of_others(pair: list[Session], channel: str, line: str) -> None:
    """draft/metadata-2, "METADATA SUB" and the others: the target is an asterisk."""
    al, bo = pair
    for name in (bo.nick, channel):
        refused(ask(al, f"{name} {line}"), "INVALID_TARGET", name)


def test_no_such_subcommand(al: Session) -> None:
    """draft/metadata-2, "Standard Replies": SUBCOMMAND_INVALID."""
    refused(ask(al, "* destr0y"), "SUBCOMMAND_INVALID", "destr0y")


@pytest.mark.parametrize("line", ["", "*", "* GET", "* SET", "* SUB", "* UNSUB"])
def test_too_few_parameters(al: Session, line: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": the text has no code of its own for that."""
    (found,) = ask(al, line)
    assert found.command == "461"


# --- Who may what


def test_what_others_say_of_themselves_is_theirs(pair: list[Session]) -> None:
    """draft/metadata-2, "METADATA SET", "CLEAR": KEY_NO_PERMISSION, with `*` for CLEAR."""
    al, bo = pair
    ask(bo, "* SET url x")
    refused(ask(al, f"{bo.nick} SET url y"), "KEY_NO_PERMISSION", bo.nick, "url")
    refused(ask(al, f"{bo.nick} CLEAR"), "KEY_NO_PERMISSION", bo.nick, "*")
    _, (got,) = whole(ask(bo, "* GET url"))
    assert got.text == "x"


def test_a_channel(pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "Concepts": on channels that they administer."""
    al, bo = pair
    (found,) = ask(al, f"{channel} SET url :http://www.example.com")
    assert (found.command, said(found)) == ("761", [channel, "url", "http://www.example.com"])
    refused(ask(bo, f"{channel} SET url y"), "KEY_NO_PERMISSION", channel, "url")
    refused(ask(bo, f"{channel} CLEAR"), "KEY_NO_PERMISSION", channel, "*")
    params, (got,) = whole(ask(bo, f"{channel} LIST"))
    assert (params, said(got)[2]) == ([channel], "http://www.example.com")


@pytest.mark.parametrize("mode", ["+i", "+s", ""])
def test_from_outside(pair: list[Session], register: Register, channel: str, mode: str) -> None:
    """draft/metadata-2, "METADATA GET", "LIST": what is not visible is not shown."""
    al, _ = pair
    ask(al, f"{channel} SET url hidden")
    if mode:
        al.ask(f"MODE {channel} {mode}")
    eve = register("eve", *CAPS)
    ask(eve, "* SUB url")
    for line in ("GET url", "LIST", "SYNC"):
        found = ask(eve, f"{channel} {line}")
        assert found
        assert "hidden" not in " ".join(map(str, found))
        assert only(found, "FAIL")[0].params[1] == (
            "INVALID_TARGET" if mode == "+s" else "KEY_NO_PERMISSION"
        )


@pytest.mark.ours
def test_an_operator_of_the_server(operator: Operator, pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "Concepts": privileged users may set metadata on others."""
    op = operator("op", *CAPS)
    al, bo = pair
    ask(bo, "* SUB url")
    assert commands(ask(op, f"{bo.nick} SET url x")) == ["761"]
    (told,) = bo.read()
    assert (told.command, said(told)) == ("METADATA", [bo.nick, "url", "x"])
    assert commands(ask(op, f"{channel} SET url y")) == ["761"]
    assert said(whole(ask(al, f"{channel} GET url"))[1][0])[2] == "y"


# --- Subscriptions


def acknowledged(session: Session, line: str, numeric: str = "770") -> list[str]:
    found = only(ask(session, line), numeric)
    return [key for one_of_them in found for key in one_of_them.params[1:]]


def listed(session: Session) -> list[str]:
    params, found = whole(ask(session, "* SUBS"), "metadata-subs")
    assert params == []
    assert set(commands(found)) <= {"772"}
    return sorted(key for line in found for key in line.params[1:])


def test_sub_unsub_subs(al: Session) -> None:
    """draft/metadata-2, "METADATA SUB", "UNSUB", "SUBS": 770, 771, and 772 in a batch."""
    assert listed(al) == []
    assert sorted(acknowledged(al, "* SUB website avatar foo")) == ["avatar", "foo", "website"]
    assert listed(al) == ["avatar", "foo", "website"]
    assert acknowledged(al, "* UNSUB foo", "771") == ["foo"]
    assert listed(al) == ["avatar", "website"]


def test_subscribing_twice(al: Session) -> None:
    """draft/metadata-2, "METADATA SUB", "SUBS": acknowledged again, and listed once."""
    assert set(acknowledged(al, "* SUB avatar avatar")) == {"avatar"}
    assert acknowledged(al, "* SUB avatar") == ["avatar"]
    assert listed(al) == ["avatar"]


def test_unsubscribing_from_what_one_is_not(al: Session) -> None:
    """draft/metadata-2, "METADATA UNSUB": it is acknowledged."""
    assert set(acknowledged(al, "* UNSUB website website", "771")) == {"website"}


@pytest.mark.parametrize(("subcommand", "numeric"), [("SUB", "770"), ("UNSUB", "771")])
def test_a_subscription_to_no_key(al: Session, subcommand: str, numeric: str) -> None:
    """draft/metadata-2, "METADATA SUB", "UNSUB": KEY_INVALID, and the rest is processed."""
    found = ask(al, f"* {subcommand} foo $url bar")
    assert [key for line in only(found, numeric) for key in line.params[1:]] == ["foo", "bar"]
    assert one(found, "FAIL").params[:3] == ["METADATA", "KEY_INVALID", "$url"]


def test_too_many_subscriptions(al: Session, target: Target) -> None:
    """draft/metadata-2, "METADATA SUB": in order; TOO_MANY_SUBS names the first too many."""
    most = limit(target, "max-subs")
    for number in range(most - 1):
        ask(al, f"* SUB key{number}")
    found = ask(al, "* SUB foo website key0")
    assert [key for line in only(found, "770") for key in line.params[1:]] == ["foo"]
    assert one(found, "FAIL").params[:3] == ["METADATA", "TOO_MANY_SUBS", "website"]
    assert len(listed(al)) == most


# --- Notifications


def test_a_change_is_told(pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "Notifications", "METADATA server message"."""
    al, bo = pair
    ask(bo, "* SUB avatar url")
    ask(al, "* SET avatar :x y")
    (told,) = bo.read()
    assert (told.command, said(told)) == ("METADATA", [al.nick, "avatar", "x y"])
    ask(al, f"{channel} SET url z")
    (told,) = bo.read()
    assert (told.command, said(told)) == ("METADATA", [channel, "url", "z"])
    ask(al, "* SET avatar")
    (told,) = bo.read()
    assert (told.command, said(told)[:2]) == ("METADATA", [al.nick, "avatar"])
    assert said(told)[2:] in ([], [""])


def test_a_change_of_many_keys_is_told(pair: list[Session]) -> None:
    """draft/metadata-2, "METADATA CLEAR": equivalent to SET with no value of each."""
    al, bo = pair
    ask(bo, "* SUB a b")
    ask(al, "* SET a x")
    ask(al, "* SET b y")
    bo.read()
    ask(al, "* CLEAR")
    assert sorted(said(line)[1] for line in bo.read()) == ["a", "b"]


def test_who_has_not_asked_is_not_told(pair: list[Session], register: Register) -> None:
    """draft/metadata-2, "Notifications": subscribers, who share a channel or MONITOR."""
    al, bo = pair
    eve = register("eve", *CAPS)
    ask(eve, "* SUB avatar")
    ask(al, "* SET avatar x")
    assert bo.read() == []
    assert eve.read() == []


def test_ones_own_change_is_answered_and_not_told(pair: list[Session]) -> None:
    """draft/metadata-2, "Notifications": excluding changes they make themselves."""
    al, _ = pair
    ask(al, "* SUB avatar")
    assert commands(ask(al, "* SET avatar x")) == ["761"]


def test_who_has_unsubscribed_is_not_told(pair: list[Session]) -> None:
    """draft/metadata-2, "METADATA UNSUB"."""
    al, bo = pair
    ask(bo, "* SUB avatar")
    ask(bo, "* UNSUB avatar")
    ask(al, "* SET avatar x")
    assert bo.read() == []


def test_what_is_refused_is_not_told(pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "METADATA SET": a refusal fails the request."""
    al, bo = pair
    ask(al, "* SUB url")
    ask(bo, f"{channel} SET url x")
    ask(bo, f"{al.nick} SET url x")
    assert al.read() == []


def test_without_the_capability(pair: list[Session], register: Register, channel: str) -> None:
    """draft/metadata-2, "Capability": it must be requested to receive notifications."""
    al, _ = pair
    old = register("old")
    old.ask(f"JOIN {channel}", "METADATA * SUB avatar")
    ask(al, "* SET avatar x")
    assert old.read() == []


def test_on_joining(pair: list[Session], register: Register, channel: str) -> None:
    """draft/metadata-2, "Concepts": the channel's, and its members', by subscription."""
    al, bo = pair
    ask(al, f"{channel} SET url u")
    ask(al, "* SET avatar x")
    ask(bo, "* SET avatar y")
    ask(bo, "* SET color red")
    eve = register("eve", *CAPS)
    ask(eve, "* SUB avatar url")
    found = eve.ask(f"JOIN {channel}")
    params, inside = batched(found)
    assert params == [channel]
    assert set(commands(inside)) == {"METADATA"}
    assert sorted(said(line) for line in inside) == sorted(
        [[channel, "url", "u"], [al.nick, "avatar", "x"], [bo.nick, "avatar", "y"]]
    )


def test_on_subscribing(pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "Notifications": the current value, of what one is told of."""
    al, bo = pair
    ask(al, f"{channel} SET url u")
    ask(al, "* SET url x")
    found = ask(bo, "* SUB url")
    assert found[0].command == "770"
    assert sorted(said(line) for line in only(found, "METADATA")) == sorted(
        [[channel, "url", "u"], [al.nick, "url", "x"]]
    )


@pytest.mark.isupport("MONITOR")
def test_monitor(al: Session, register: Register) -> None:
    """draft/metadata-2, "Notifications": when they MONITOR a user, and of changes after that."""
    ask(al, "* SET avatar x")
    bo = register("bo", *CAPS)
    ask(bo, "* SUB avatar")
    found = bo.ask(f"MONITOR + {al.nick}")
    assert commands(found)[0] == "730"
    assert said(one(found, "METADATA")) == [al.nick, "avatar", "x"]
    ask(al, "* SET avatar y")
    assert said(one(bo.read(), "METADATA")) == [al.nick, "avatar", "y"]


@pytest.mark.isupport("MONITOR")
def test_monitor_of_who_comes(al: Session, register: Register, name: Names) -> None:
    """draft/metadata-2, "Notifications": when one of their monitored users comes online."""
    ask(al, "* SET avatar x")
    bo, nick = register("bo", *CAPS), name("later")
    ask(bo, "* SUB avatar")
    bo.ask(f"MONITOR + {nick}")
    al.ask(f"NICK {nick}")
    found = bo.read()
    assert commands(found)[0] == "730"
    assert said(one(found, "METADATA")) == [nick, "avatar", "x"]


# --- SYNC


def test_sync(pair: list[Session], channel: str) -> None:
    """draft/metadata-2, "METADATA SYNC": all that is subscribed to, in a batch."""
    al, bo = pair
    ask(al, f"{channel} SET url u")
    ask(al, "* SET url x")
    ask(al, "* SET avatar y")
    assert whole(ask(bo, f"{channel} SYNC")) == ([channel], [])
    ask(bo, "* SUB url")
    params, found = whole(ask(bo, f"{channel} SYNC"))
    assert params == [channel]
    assert sorted(said(line) for line in found) == sorted(
        [[channel, "url", "u"], [al.nick, "url", "x"]]
    )
    params, (line,) = whole(ask(bo, f"{al.nick} SYNC"))
    assert (params, line.command, said(line)) == ([al.nick], "METADATA", [al.nick, "url", "x"])


@pytest.mark.ours
def test_a_large_channel_later(target: Target, register: Register, channel: str) -> None:
    """draft/metadata-2, "Postponed synchronization": 774 in place of it, then SYNC."""
    crowd = [target.open() for _ in range(250)]
    try:
        for number, one_of_them in enumerate(crowd):
            nick = f"{channel[1:]}x{number}"
            one_of_them.send(
                f"NICK {nick}",
                f"USER {nick} 0 * :x",
                "METADATA * SET avatar x",
                f"JOIN {channel}",
            )
        for one_of_them in crowd:
            one_of_them.until("366")
        al = register("al", *CAPS)
        ask(al, "* SUB avatar")
        found = al.ask(f"JOIN {channel}")
        later = one(found, "774")
        assert later.params[:2] == [al.nick, channel]
        assert int(later.params[2]) > 0
        assert only(found, "METADATA") == []
        params, inside = whole(ask(al, f"{channel} SYNC"))
        assert (params, len(inside)) == ([channel], 250)
        bo = register("bo", *CAPS)
        bo.ask(f"JOIN {channel}")
        assert one(ask(bo, "* SUB avatar"), "774").params[:2] == [bo.nick, channel]
    finally:
        for one_of_them in crowd:
            one_of_them.close()


# --- While connecting


def test_before_registration(connect: Connect, target: Target, name: Names) -> None:
    """draft/metadata-2, "Capability" (before-connect), "Notifications": in the burst."""
    if "before-connect" not in target.capabilities[CAP].split(","):
        pytest.skip("the server does not advertise before-connect")
    session, nick = connect(), name("al")
    session.negotiate(*CAPS)
    session.send("METADATA * SUB display-name")
    assert session.until("770")[-1].params == ["*", "display-name"]
    session.send("METADATA * SET display-name :a b c")
    assert session.until("761")[-1].params == ["*", "*", "display-name", "*", "a b c"]
    session.send(f"NICK {nick}", f"USER {nick} 0 * :x", "CAP END")
    burst = session.until("376", "422")
    params, (line,) = batched(burst)
    assert params == [nick]
    assert (line.command, said(line)) == ("METADATA", [nick, "display-name", "a b c"])
    _, (got,) = whole(ask(session, "* LIST"))
    assert said(got) == [nick, "display-name", "a b c"]


def test_nothing_in_the_burst(connect: Connect, name: Names) -> None:
    """draft/metadata-2, "Notifications": an empty batch if there is none."""
    session, nick = connect(), name("al")
    session.negotiate(*CAPS)
    session.send(f"NICK {nick}", f"USER {nick} 0 * :x", "CAP END")
    assert batched(session.until("376", "422")) == ([nick], [])


def test_others_before_registration(connect: Connect, al: Session, target: Target) -> None:
    """draft/metadata-2, "METADATA client command": who is not registered must use `*`."""
    if "before-connect" not in target.capabilities[CAP].split(","):
        pytest.skip("the server does not advertise before-connect")
    session = connect()
    session.negotiate(*CAPS)
    session.send(f"METADATA {al.nick} LIST")
    assert session.until("FAIL")[-1].params[:2] == ["METADATA", "INVALID_TARGET"]


# --- WHOIS


def test_whois(al: Session, register: Register) -> None:
    """draft/metadata-2, "RPL_WHOISKEYVALUE numeric": to a user with the capability."""
    ask(al, "* SET display-name :Foo The First")
    bo, old = register("bo", *CAPS), register("old")
    found = one(bo.ask(f"WHOIS {al.nick}"), "760")
    assert (found.params[0], said(found)) == (bo.nick, [al.nick, "display-name", "Foo The First"])
    assert only(old.ask(f"WHOIS {al.nick}"), "760") == []


@pytest.mark.capability("labeled-response")
def test_a_label(register: Register) -> None:
    """IRCv3 labeled-response: the answer is the numeric, or the batch."""
    al = register("al", *CAPS, "labeled-response")
    (found,) = al.ask("@label=1 METADATA * SET url x")
    assert (found.command, found.tags["label"]) == ("761", "1")
    begin = al.ask("@label=2 METADATA * LIST")[0]
    assert (begin.command, begin.tags["label"]) == ("BATCH", "2")


@pytest.mark.capability("draft/channel-rename")
def test_under_a_new_name(room: Room, channel: str, name: Names) -> None:
    """IRCv3 channel-rename, "Messages": it is the same channel."""
    (al,) = room("al", capabilities=[*CAPS, "draft/channel-rename"])
    ask(al, f"{channel} SET url x")
    new = name("#new")
    al.ask(f"RENAME {channel} {new}")
    _, (got,) = whole(ask(al, f"{new} LIST"))
    assert said(got) == [new, "url", "x"]

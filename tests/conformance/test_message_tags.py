"""Tags of messages: what clients may send, what others get to see, and how much of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.capability("message-tags")

_TAGS = ["message-tags"]
_MESSAGES = ["PRIVMSG {} :hello", "NOTICE {} :hello", "TAGMSG {}"]
_LIMIT = 4094


def _relayed(register: Register, tags: str) -> dict[str, str]:
    """Return the client-only tags with which a message of these arrives."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    al.ask(f"@{tags} PRIVMSG {bo.nick} :hello")
    seen = one(bo.read(), "PRIVMSG")
    assert seen.text == "hello"
    return {key: value for key, value in seen.tags.items() if key.startswith("+")}


# --- Client-only tags


@pytest.mark.parametrize("message", _MESSAGES)
def test_client_only_tags_in_a_channel(room: Room, channel: str, message: str) -> None:
    """IRCv3 message-tags, "Client-only tags": relayed to those with the capability."""
    al, bo = room("al", "bo", capabilities=_TAGS)
    al.ask(f"@+a=1;+example.org/b=2 {message.format(channel)}")
    seen = one(bo.read(), message.split()[0])
    assert seen.nick == al.nick
    assert seen.params == message.format(channel).replace(":", "").split()[1:]
    assert (seen.tags["+a"], seen.tags["+example.org/b"]) == ("1", "2")


@pytest.mark.parametrize("message", _MESSAGES)
def test_client_only_tags_to_a_user(register: Register, message: str) -> None:
    """IRCv3 message-tags, "Client-only tags": relayed to a user as well."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    al.ask(f"@+a=1 {message.format(bo.nick)}")
    seen = one(bo.read(), message.split()[0])
    assert (seen.nick, seen.params[0], seen.tags["+a"]) == (al.nick, bo.nick, "1")


@pytest.mark.parametrize("message", _MESSAGES[:2])
@pytest.mark.parametrize("capability", [None, "server-time"])
def test_those_without_the_capability(
    register: Register, channel: str, message: str, capability: str | None
) -> None:
    """IRCv3 message-tags, "Capabilities": they get the message, without those tags."""
    al, bo = register("al", *_TAGS), register("bo", *([capability] if capability else []))
    al.ask(f"JOIN {channel}")
    bo.ask(f"JOIN {channel}")
    al.ask(f"@+a=1 {message.format(channel)}")
    seen = one(bo.read(), message.split()[0])
    assert seen.text == "hello"
    assert set(seen.tags) <= {"time"}


def test_those_without_any_tags(register: Register, channel: str) -> None:
    """Modern IRC, "Tags": not sent unless a capability has enabled them."""
    al, bo = register("al", *_TAGS), register("bo")
    seen = bo.welcome + bo.ask(f"JOIN {channel}")
    al.ask(f"JOIN {channel}", f"PRIVMSG {channel} :hello", f"PART {channel}")
    seen += bo.read()
    assert "PRIVMSG" in commands(seen)
    assert not [line for line in seen if line.raw.startswith("@")]


def test_a_sender_without_the_capability(register: Register) -> None:
    """Modern IRC, "Tags": a line with tags is a message, whoever sends it."""
    al, bo = register("al"), register("bo", *_TAGS)
    al.ask(f"@+a=1;b PRIVMSG {bo.nick} :hello")
    assert one(bo.read(), "PRIVMSG").text == "hello"


@pytest.mark.parametrize(
    "tag",
    ["foo=bar", "example.org/foo=bar", "account=root", "batch=1", "label=x", "bot", "draft/a=b"],
)
def test_other_tags_of_clients(register: Register, tag: str) -> None:
    """IRCv3 message-tags, "Security considerations": removed when there is no `+`."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    al.ask(f"@{tag};+a=1 PRIVMSG {bo.nick} :hello")
    seen = one(bo.read(), "PRIVMSG")
    assert tag.partition("=")[0] not in seen.tags
    assert seen.tags["+a"] == "1"


@pytest.mark.parametrize("tag", ["msgid=forged", "time=2001-01-01T00:00:00.000Z"])
@pytest.mark.capability("server-time")
def test_tags_of_the_server_are_not_forged(register: Register, tag: str) -> None:
    """IRCv3 message-tags, "Security considerations": the server's own value, or none."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS, "server-time")
    al.ask(f"@{tag} PRIVMSG {bo.nick} :hello")
    key, _, value = tag.partition("=")
    assert one(bo.read(), "PRIVMSG").tags.get(key) != value


@pytest.mark.capability("server-time")
def test_tags_of_the_server_come_first(register: Register) -> None:
    """IRCv3 message-tags, "Client-only tags": behind those that the server has added."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS, "server-time")
    al.ask(f"@+a=1;+b=2 PRIVMSG {bo.nick} :hello")
    keys = list(one(bo.read(), "PRIVMSG").tags)
    assert keys == sorted(keys, key=lambda key: key.startswith("+"))
    assert {"time", "+a", "+b"} <= set(keys)


# --- Keys and values


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (r"a\:b", "a;b"),
        (r"a\sb", "a b"),
        (r"a\\b", r"a\b"),
        (r"a\r\nb", "a\r\nb"),
        (r"\\s", r"\s"),
        (r"\\\:\s", r"\; "),
        ("a=b,c:d", "a=b,c:d"),
        ("ž日😀", "ž日😀"),
        ("test\\", "test"),
        (r"\b", "b"),
    ],
)
def test_values(register: Register, sent: str, value: str) -> None:
    """IRCv3 message-tags, "Escaping values": relayed with the meaning that they have."""
    assert _relayed(register, f"+a={sent};+b=1") == {"+a": value, "+b": "1"}


@pytest.mark.parametrize("tag", ["+a", "+a="])
def test_no_value(register: Register, tag: str) -> None:
    """IRCv3 message-tags, "Format": missing and empty are the same."""
    assert _relayed(register, f"{tag};+b=1") == {"+a": "", "+b": "1"}


def test_a_missing_value_stays_missing(register: Register) -> None:
    """IRCv3 message-tags, "Format": it is not made an empty one."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    al.ask(f"@+a PRIVMSG {bo.nick} :hello")
    tags = one(bo.read(), "PRIVMSG").raw.partition(" ")[0]
    assert "+a" in tags
    assert "+a=" not in tags


def test_a_key_that_comes_twice(register: Register) -> None:
    """IRCv3 message-tags, "Format": once per message, and the last one counts."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    al.ask(f"@+a=1;+b=2;+a=3 PRIVMSG {bo.nick} :hello")
    seen = one(bo.read(), "PRIVMSG")
    assert seen.raw.partition(" ")[0].count("+a=") == 1
    assert seen.tags["+a"] == "3"


def test_keys_in_two_cases(register: Register) -> None:
    """IRCv3 message-tags, "Format": keys are case-sensitive."""
    assert _relayed(register, "+a=1;+A=2") == {"+a": "1", "+A": "2"}


@pytest.mark.parametrize("tag", ["+in_valid=1", "+in.valid", "+=1", "=", "+ž=1", "in*valid", ";"])
def test_an_invalid_key(register: Register, tag: str) -> None:
    """IRCv3 message-tags, "Format": no reason to reject the message, nor the other tags."""
    assert _relayed(register, f"{tag};+b=1")["+b"] == "1"


def test_several_spaces_behind_the_tags(register: Register) -> None:
    """Modern IRC, "Message Format": parts are separated by one or more spaces."""
    assert _relayed(register, "+a=1  ") == {"+a": "1"}


# --- TAGMSG


def test_tagmsg_is_for_those_with_the_capability(room: Room, channel: str) -> None:
    """IRCv3 message-tags, "TAGMSG": servers must not deliver it to others."""
    al, bo = room("al", "bo")
    al.ask("CAP REQ :message-tags", f"@+a=1 TAGMSG {channel}", f"@+a=1 TAGMSG {bo.nick}")
    assert bo.read() == []


def test_tagmsg_to_nobody(register: Register, name: Names) -> None:
    """IRCv3 message-tags, "TAGMSG": replies are those of PRIVMSG."""
    user, nobody = register("al", *_TAGS), name("bo")
    assert one(user.ask(f"@+a=1 TAGMSG {nobody}"), "401").params[:2] == [user.nick, nobody]


def test_tagmsg_without_a_target(register: Register) -> None:
    """IRCv3 message-tags, "TAGMSG": it has a parameter."""
    user = register("al", *_TAGS)
    assert only(user.ask("@+a=1 TAGMSG"), "411", "461")[0].params[0] == user.nick


@pytest.mark.parametrize("mode", ["m", "n"])
def test_tagmsg_that_the_channel_refuses(
    room: Room, register: Register, channel: str, mode: str
) -> None:
    """IRCv3 message-tags, "TAGMSG": it honours the modes of the channel."""
    al, bo = room("al", "bo", capabilities=_TAGS)
    al.ask(f"MODE {channel} -n", f"MODE {channel} +{mode}")
    bo.read()
    sender = bo if mode == "m" else register("cy", *_TAGS)
    assert one(sender.ask(f"@+a=1 TAGMSG {channel}"), "404").params[1] == channel
    assert "TAGMSG" not in commands(al.read())


@pytest.mark.isupport("STATUSMSG")
def test_tagmsg_to_operators(room: Room, channel: str) -> None:
    """IRCv3 message-tags, "TAGMSG": it honours the prefixes of STATUSMSG."""
    al, bo, cy = room("al", "bo", "cy", capabilities=_TAGS)
    bo.ask(f"@+a=1 TAGMSG @{channel}")
    assert one(al.read(), "TAGMSG").params == [f"@{channel}"]
    assert "TAGMSG" not in commands(cy.read())


def test_tagmsg_to_two(register: Register) -> None:
    """IRCv3 message-tags, "TAGMSG": it is delivered as PRIVMSG is, so targets are a list."""
    al, bo, cy = (register(nick, *_TAGS) for nick in ("al", "bo", "cy"))
    al.ask(f"@+a=1 TAGMSG {bo.nick},{cy.nick}")
    assert one(bo.read(), "TAGMSG").params == [bo.nick]
    assert one(cy.read(), "TAGMSG").params == [cy.nick]


# --- Limits


def test_as_many_tags_as_there_may_be(register: Register) -> None:
    """IRCv3 message-tags, "Size limit": 4094 bytes, and none of them is lost."""
    value = "x" * (_LIMIT - len("+a="))
    assert _relayed(register, f"+a={value}") == {"+a": value}


def test_tags_do_not_count_as_the_line(register: Register) -> None:
    """IRCv3 message-tags, "Size limit": 512 bytes for the rest of the message, as ever."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    start, value = f"PRIVMSG {bo.nick} :", "x" * (_LIMIT - len("+a="))
    al.ask(f"@+a={value} {start}{'y' * (510 - len(start))}")
    seen = one(bo.read(), "PRIVMSG")
    assert seen.tags["+a"] == value
    assert seen.text.startswith("y" * 300)
    assert len(seen.raw.partition(" ")[2].encode()) + 2 <= 512


@pytest.mark.parametrize("size", [_LIMIT + 1, _LIMIT + 1_000])
def test_more_tags_than_there_may_be(register: Register, size: int) -> None:
    """IRCv3 message-tags, "Size limit": 417, and the line is rejected."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    replies = al.ask(f"@+a={'x' * (size - len('+a='))} PRIVMSG {bo.nick} :hello")
    assert one(replies, "417").params[0] == al.nick
    assert bo.read() == []


def test_tags_of_other_kinds_count_as_well(register: Register) -> None:
    """IRCv3 message-tags, "Size limit": with or without the client-only prefix."""
    al, bo = register("al", *_TAGS), register("bo", *_TAGS)
    one(al.ask(f"@a={'x' * 2_047};+b={'x' * 2_047} PRIVMSG {bo.nick} :hello"), "417")
    assert bo.read() == []

"""Who may speak in a channel, and what is not passed on."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, need_prefix, own_mask
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

_BOTH = pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])


def _refused(speaker: Session, listener: Session, channel: str, command: str = "PRIVMSG") -> None:
    """A message does not get through; PRIVMSG is told so, NOTICE gets no answer."""
    found = speaker.ask(f"{command} {channel} :let me in")
    if command == "PRIVMSG":
        assert one(found, "404").params[:2] == [speaker.nick, channel]
    else:
        assert found == []
    assert not only(listener.read(), command)


def _heard(speaker: Session, listener: Session, channel: str, command: str = "PRIVMSG") -> None:
    """A message gets through."""
    assert speaker.ask(f"{command} {channel} :hello") == []
    message = one(listener.read(), command)
    assert (message.nick, message.params) == (speaker.nick, [channel, "hello"])


@_BOTH
def test_a_member(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "PRIVMSG message": to a channel, for all its members but the sender."""
    _, bo, cy = room("al", "bo", "cy")
    _heard(cy, bo, channel, command)


# --- From outside


@_BOTH
def test_from_outside(register: Register, room: Room, channel: str, command: str) -> None:
    """Modern IRC, "No External Messages Mode": who is not in the channel is refused."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +n")
    _refused(register("bo"), al, channel, command)


@_BOTH
def test_from_outside_without_n(register: Register, room: Room, channel: str, command: str) -> None:
    """Modern IRC, "No External Messages Mode": without it everybody may send messages."""
    (al,) = room("al")
    al.ask(f"MODE {channel} -n")
    _heard(register("bo"), al, channel, command)


# --- Moderated channels


@_BOTH
def test_a_moderated_channel(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "Moderated Channel Mode": who has no channel privileges is refused."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +m")
    bo.read()
    _refused(bo, al, channel, command)


@pytest.mark.parametrize("rank", ["v", "h", "o"])
def test_a_rank_speaks_in_a_moderated_channel(
    room: Room, channel: str, target: Target, rank: str
) -> None:
    """Modern IRC, "Moderated Channel Mode": voice, and everything above it."""
    need_prefix(target, rank)
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +m", f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    _heard(bo, al, channel)


def test_a_voice_that_was_taken(room: Room, channel: str) -> None:
    """Modern IRC, "Voice Prefix": who has it no more does not speak."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +m", f"MODE {channel} +v {bo.nick}", f"MODE {channel} -v {bo.nick}")
    bo.read()
    _refused(bo, al, channel)


def test_a_channel_that_was_moderated(room: Room, channel: str) -> None:
    """Modern IRC, "Moderated Channel Mode": without it they speak again."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +m", f"MODE {channel} -m")
    bo.read()
    _heard(bo, al, channel)


def test_a_moderated_channel_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Moderated Channel Mode": an outsider has no privileges, even with -n."""
    (al,) = room("al")
    al.ask(f"MODE {channel} -n+m")
    _refused(register("bo"), al, channel)


@pytest.mark.capability("message-tags")
@pytest.mark.parametrize(("mode", "passes"), [("-m", True), ("+m", False)])
def test_tags_alone(room: Room, channel: str, mode: str, passes: bool) -> None:
    """IRCv3 message-tags: TAGMSG is delivered where a message would be."""
    al, bo = room("al", "bo", capabilities=["message-tags"])
    al.ask(f"MODE {channel} {mode}")
    bo.ask(f"@+typing=active TAGMSG {channel}")
    assert bool(only(al.read(), "TAGMSG")) == passes


# --- Bans


@_BOTH
def test_a_banned_member(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "PRIVMSG message": the message of a banned client is not delivered."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*")
    bo.read()
    found = bo.ask(f"{command} {channel} :let me")
    assert not only(al.read(), command)
    assert command == "PRIVMSG" or found == []


@pytest.mark.ours
@_BOTH
def test_a_banned_member_is_told(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": our server says that it was not delivered."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*")
    bo.read()
    _refused(bo, al, channel, command)


def test_another_member_is_not(room: Room, channel: str) -> None:
    """Modern IRC, "Ban Channel Mode": a ban is for those who match."""
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*")
    cy.read()
    _heard(cy, al, channel)


@pytest.mark.isupport("EXCEPTS")
def test_an_exception(room: Room, channel: str) -> None:
    """Modern IRC, "PRIVMSG message": a banned client with an exception may speak."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b *!*@*", f"MODE {channel} +e {bo.nick}!*@*")
    bo.read()
    _heard(bo, al, channel)


def test_a_ban_that_was_lifted(room: Room, channel: str) -> None:
    """Modern IRC, "Ban Channel Mode": without it they speak again."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*", f"MODE {channel} -b {bo.nick}!*@*")
    bo.read()
    _heard(bo, al, channel)


def test_a_ban_and_a_new_nickname(
    register: Register, room: Room, channel: str, name: Names
) -> None:
    """Modern IRC, "Ban Channel Mode": a mask of the user and host follows a new nickname."""
    (al,) = room("al")
    bo = register("bo")
    mask = own_mask(bo, channel)
    al.ask(f"MODE {channel} +b *!{mask.partition('!')[2]}")
    bo.ask(f"NICK {name('new')}")
    bo.ask(f"PRIVMSG {channel} :let me")
    assert not only(al.read(), "PRIVMSG")


# --- Modes of ours


@pytest.mark.ours
@_BOTH
def test_accounts_only(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": with +M, who has no account is refused."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +M")
    bo.read()
    _refused(bo, al, channel, command)


@pytest.mark.ours
@pytest.mark.parametrize("rank", ["v", "h", "o"])
def test_accounts_only_and_a_rank(room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "Voice Prefix": with +M too, who is voiced or more may speak."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +M", f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    _heard(bo, al, channel)


@pytest.mark.ours
@pytest.mark.parametrize("text", ["\x01VERSION\x01", "\x01PING 12\x01", "\x01ACTIONS\x01"])
def test_no_ctcp(room: Room, channel: str, text: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": with +C no CTCP is passed on."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +C")
    bo.read()
    found = bo.ask(f"PRIVMSG {channel} :{text}")
    assert one(found, "404").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "PRIVMSG")


@pytest.mark.ours
@pytest.mark.parametrize("text", ["\x01ACTION waves\x01", "plain", "VERSION"])
def test_no_ctcp_but_this(room: Room, channel: str, text: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": with +C, actions and words are."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +C")
    bo.read()
    assert bo.ask(f"PRIVMSG {channel} :{text}") == []
    assert one(al.read(), "PRIVMSG").text == text


@pytest.mark.parametrize("text", ["\x01VERSION\x01", "\x01ACTION waves\x01"])
def test_ctcp_without_c(room: Room, channel: str, text: str) -> None:
    """Modern IRC, "PRIVMSG message": nothing is special about CTCP otherwise."""
    al, bo = room("al", "bo")
    bo.ask(f"PRIVMSG {channel} :{text}")
    assert one(al.read(), "PRIVMSG").text == text


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "PRIVMSG message": a channel that does not exist."""
    al = register("al")
    found = al.ask(f"PRIVMSG {channel} :hello")
    assert only(found, "401", "403", "404")[0].params[:2] == [al.nick, channel]
    assert commands(al.ask(f"NOTICE {channel} :hello")) == []

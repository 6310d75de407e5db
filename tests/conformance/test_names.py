"""Who is in a channel, as NAMES says it, and what a capability changes of that."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, entries, members, own_mask
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only


def test_the_members(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": everybody who is in, with a prefix or without."""
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +v {cy.nick}")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick, f"+{cy.nick}"}


@pytest.mark.parametrize(("mode", "symbol"), [("-s", "="), ("+s", "@")])
def test_the_symbol(room: Room, channel: str, mode: str, symbol: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": `=` for a public channel, `@` for a secret one."""
    (al,) = room("al")
    al.ask(f"MODE {channel} {mode}")
    reply = one(al.ask(f"NAMES {channel}"), "353")
    assert reply.params[:3] == [al.nick, symbol, channel]


def test_the_end(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_ENDOFNAMES (366)": one, behind the names, with the channel."""
    (al,) = room("al")
    found = al.ask(f"NAMES {channel}")
    assert commands(found) == ["353", "366"]
    assert found[1].params[:2] == [al.nick, channel]


def test_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "NAMES message": visible users of a public channel are for everybody."""
    (al,) = room("al")
    al.ask(f"MODE {al.nick} -i", f"MODE {channel} -s")
    assert members(register("bo"), channel) == {f"@{al.nick}"}


def test_a_secret_channel_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "NAMES message": of a secret channel an outsider gets the end only."""
    (al,) = room("al")
    al.ask(f"MODE {al.nick} -i", f"MODE {channel} +s")
    bo = register("bo")
    found = bo.ask(f"NAMES {channel}")
    assert commands(found) == ["366"]
    assert found[0].params[:2] == [bo.nick, channel]


def test_a_secret_channel_from_inside(room: Room, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": it hides nothing from a member."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +s")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}


@pytest.mark.parametrize(("asking", "shown"), [("bo", True), ("cy", False)])
def test_a_secret_channel_in_whois(
    register: Register, room: Room, channel: str, asking: str, shown: bool
) -> None:
    """Modern IRC, "Secret Channel Mode": RPL_WHOISCHANNELS has it for members only."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {al.nick} -i", f"MODE {channel} +s")
    asker = bo if asking == "bo" else register("cy")
    found = only(asker.ask(f"WHOIS {al.nick}"), "319")
    assert (f"@{channel}" in " ".join(line.text for line in found).split()) == shown


def test_an_invisible_user_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "NAMES message": an invisible user is not shown to who shares no channel."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {al.nick} -i")
    bo.ask(f"MODE {bo.nick} +i")
    assert members(register("cy"), channel) == {f"@{al.nick}"}


def test_an_invisible_user_from_inside(room: Room, channel: str) -> None:
    """Modern IRC, "Invisible User Mode": members of the channel see them."""
    al, bo = room("al", "bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert bo.nick in members(al, channel)


@pytest.mark.parametrize("base", ["#nothing", "nothing"])
def test_no_such_channel(register: Register, name: Names, base: str) -> None:
    """Modern IRC, "NAMES message": one RPL_ENDOFNAMES with the name that was given."""
    al, wanted = register("al"), name(base)
    found = al.ask(f"NAMES {wanted}")
    assert commands(found) == ["366"]
    assert found[0].params[:2] == [al.nick, wanted]


def test_several_channels(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "NAMES message": a list of channels, taken one by one."""
    limits = dict(
        word.upper().split(":") for word in target.isupport.get("TARGMAX", "").split(",") if word
    )
    if limits.get("NAMES", "1") == "1":
        pytest.skip("the server takes one channel at a time")
    al, channels = register("al"), [name("#a"), name("#b")]
    al.ask(f"JOIN {','.join(channels)}")
    found = al.ask(f"NAMES {','.join(channels)}")
    assert [line.params[2] for line in only(found, "353")] == channels


def test_the_name_in_other_letters(room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": the channel can be named in any case."""
    (al,) = room("al")
    assert members(al, channel.upper()) == {f"@{al.nick}"}


def test_many_members(register: Register, channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": as many lines as it takes, none over 512 bytes."""
    users = [register("a-name-of-some-length") for _ in range(22)]
    for user in users:
        user.ask(f"JOIN {channel}")
    found = users[-1].ask(f"NAMES {channel}")
    assert len(only(found, "353")) > 1
    assert all(len(line.raw.encode()) <= 510 for line in found)
    names = [entry.lstrip("@") for entry in entries(found)]
    assert sorted(names) == sorted(user.nick for user in users)
    assert commands(found).count("366") == 1


def test_a_new_nickname(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": the prefix stays with who changes the nickname."""
    al, bo = room("al", "bo")
    nick = name("new")
    al.ask(f"NICK {nick}")
    assert members(bo, channel) == {f"@{nick}", bo.nick}


# --- multi-prefix


def test_the_highest_prefix_only(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": the highest prefix, for who asked for no more."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +v {al.nick}")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}


@pytest.mark.capability("multi-prefix")
def test_all_prefixes_in_names(room: Room, channel: str) -> None:
    """IRCv3 multi-prefix: every prefix, from the highest to the lowest."""
    al, bo = room("al", "bo", capabilities=["multi-prefix"])
    al.ask(f"MODE {channel} +v {al.nick}")
    assert members(bo, channel) == {f"@+{al.nick}", bo.nick}


@pytest.mark.capability("multi-prefix")
def test_all_prefixes_on_join(register: Register, room: Room, channel: str) -> None:
    """IRCv3 multi-prefix: the names behind a JOIN as well."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +v {al.nick}")
    bo = register("bo", "multi-prefix")
    assert set(entries(bo.ask(f"JOIN {channel}"))) == {f"@+{al.nick}", bo.nick}


@pytest.mark.capability("multi-prefix")
@pytest.mark.parametrize(("with_it", "prefixes"), [(True, "@+"), (False, "@")])
def test_all_prefixes_in_who(
    register: Register, room: Room, channel: str, with_it: bool, prefixes: str
) -> None:
    """IRCv3 multi-prefix: the flags of RPL_WHOREPLY."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +v {al.nick}")
    bo = register("bo", *(["multi-prefix"] if with_it else []))
    bo.ask(f"JOIN {channel}")
    found = only(bo.ask(f"WHO {channel}"), "352")
    (flags,) = [line.params[6] for line in found if line.params[5] == al.nick]
    assert "".join(flag for flag in flags if flag in "~&@%+") == prefixes


@pytest.mark.capability("multi-prefix")
@pytest.mark.parametrize(("with_it", "prefixes"), [(True, "@+"), (False, "@")])
def test_all_prefixes_in_whois(
    register: Register, room: Room, channel: str, with_it: bool, prefixes: str
) -> None:
    """IRCv3 multi-prefix: the channels of RPL_WHOISCHANNELS."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +v {al.nick}")
    bo = register("bo", *(["multi-prefix"] if with_it else []))
    bo.ask(f"JOIN {channel}")
    assert f"{prefixes}{channel}" in one(bo.ask(f"WHOIS {al.nick}"), "319").text.split()


# --- userhost-in-names


@pytest.mark.capability("userhost-in-names")
def test_userhosts(register: Register, room: Room, channel: str) -> None:
    """IRCv3 userhost-in-names: `nick!user@host`, behind the prefix."""
    (al,) = room("al")
    bo = register("bo", "userhost-in-names")
    source = own_mask(bo, channel)
    (seen,) = (line.source for line in only(al.read(), "JOIN"))
    assert seen == source
    found = members(bo, channel)
    assert source in found
    assert [entry.partition("!")[0] for entry in found - {source}] == [f"@{al.nick}"]
    assert all("!" in entry and "@" in entry.partition("!")[2] for entry in found)


@pytest.mark.capability("userhost-in-names")
def test_no_userhosts_for_those_without(room: Room, register: Register, channel: str) -> None:
    """IRCv3 userhost-in-names: nicknames alone for who did not ask."""
    (al,) = room("al")
    bo = register("bo", "userhost-in-names")
    bo.ask(f"JOIN {channel}")
    assert members(al, channel) == {f"@{al.nick}", bo.nick}


@pytest.mark.capability("userhost-in-names", "multi-prefix")
def test_userhosts_with_all_prefixes(register: Register, channel: str) -> None:
    """IRCv3 userhost-in-names: together with multi-prefix."""
    al = register("al", "userhost-in-names", "multi-prefix")
    source = own_mask(al, channel)
    al.ask(f"MODE {channel} +v {al.nick}")
    assert members(al, channel) == {f"@+{source}"}


# --- no-implicit-names


@pytest.mark.capability("no-implicit-names")
def test_no_implicit_names(register: Register, room: Room, channel: str) -> None:
    """IRCv3 no-implicit-names: a JOIN is not followed by the names; the topic is sent."""
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :words")
    found = register("bo", "no-implicit-names").ask(f"JOIN {channel}")
    assert only(found, "JOIN", "332")
    assert not only(found, "353", "366")


@pytest.mark.capability("no-implicit-names")
def test_explicit_names(room: Room, channel: str) -> None:
    """IRCv3 no-implicit-names: NAMES is answered as usual."""
    (al,) = room("al", capabilities=["no-implicit-names"])
    assert commands(al.ask(f"NAMES {channel}")) == ["353", "366"]

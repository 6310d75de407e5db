"""What the server says of itself in 005, and in 004 (Modern IRC, "RPL_ISUPPORT Parameters")."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Line, commands, only

_NUMBER = r"[1-9]\d*"
_FORMS = {
    "ACCOUNTEXTBAN": r"\w+(,\w+)*",
    "AWAYLEN": _NUMBER,
    "BOT": r"[A-Za-z]",
    "CASEMAPPING": r"[\w-]+",
    "CHANLIMIT": rf"[^\w:,]+:({_NUMBER})?(,[^\w:,]+:({_NUMBER})?)*",
    "CHANMODES": r"[A-Za-z]*,[A-Za-z]*,[A-Za-z]*,[A-Za-z]*(,.*)?",
    "CHANNELLEN": _NUMBER,
    "CHANTYPES": r"[^\w, ]*",
    "ELIST": r"[CMNTUcmntu]+",
    "EXCEPTS": r"[A-Za-z]?",
    "EXTBAN": r"[!-+\--/:-@\[-`{-~]?,[A-Za-z]+",
    "INVEX": r"[A-Za-z]?",
    "KICKLEN": _NUMBER,
    "MAXLIST": rf"[A-Za-z]+:{_NUMBER}(,[A-Za-z]+:{_NUMBER})*",
    "MODES": rf"({_NUMBER})?",
    "MONITOR": rf"({_NUMBER})?",
    "NAMELEN": _NUMBER,
    "NETWORK": r".+",
    "NICKLEN": _NUMBER,
    "PREFIX": r"(\([A-Za-z]+\)[^\w]+)?",
    "SAFELIST": "",
    "STATUSMSG": r"[^\w]+",
    "TARGMAX": rf"(\w+:({_NUMBER})?(,\w+:({_NUMBER})?)*)?",
    "TOPICLEN": _NUMBER,
    "USERLEN": _NUMBER,
    "UTF8ONLY": "",
    "WHOX": "",
}
_BARE = {"SAFELIST", "UTF8ONLY", "WHOX"}
_OURS = {
    "ACCOUNTEXTBAN": "a",
    "AWAYLEN": "390",
    "BOT": "B",
    "CASEMAPPING": "ascii",
    "CHANLIMIT": "#:20",
    "CHANNELLEN": "64",
    "CHANTYPES": "#",
    "EXCEPTS": "e",
    "EXTBAN": "~,am",
    "INVEX": "I",
    "KICKLEN": "390",
    "MODES": "20",
    "MONITOR": "10",
    "NAMELEN": "131",
    "NICKLEN": "32",
    "PREFIX": "(qaohv)~&@%+",
    "STATUSMSG": "~&@%+",
    "TOPICLEN": "390",
    "USERLEN": "20",
}


def _advertised(register: Register) -> list[Line]:
    return only(register("al").welcome, "005")


def _tokens(lines: list[Line]) -> list[str]:
    return [token for line in lines for token in line.params[1:-1]]


def _types(target: Target) -> list[str]:
    return target.isupport["CHANMODES"].split(",")


def _prefixes(target: Target) -> tuple[str, str]:
    letters, _, signs = target.isupport["PREFIX"].removeprefix("(").partition(")")
    return letters, signs


def test_it_is_part_of_the_welcome(register: Register) -> None:
    """Modern IRC, "Feature Advertisement": 005 follows 001 to 004, and its lines each other."""
    welcome = commands(register("al").welcome)
    first = welcome.index("005")
    assert welcome[:first] == ["001", "002", "003", "004"]
    assert "005" not in welcome[first + welcome.count("005") :]


def test_it_comes_before_the_answer_to_another_command(
    connect: Connect, name: Callable[[str], str]
) -> None:
    """Modern IRC, "RPL_ISUPPORT (005)": it is issued before further commands are processed."""
    session = connect()
    session.send(f"NICK {name('al')}", "USER al 0 * :Al", "TIME")
    found = commands(session.until("376", "422") + session.read())
    assert "391" not in found[: found.index("005")]


def test_a_line_has_at_most_thirteen_tokens(register: Register) -> None:
    """Modern IRC, "RPL_ISUPPORT (005)": 1 to 13 tokens, between the client and the text."""
    user = register("al")
    for line in only(user.welcome, "005"):
        assert 3 <= len(line.params) <= 15
        assert line.params[0] == user.nick
        assert len(line.raw.encode()) <= 510


def test_every_token_has_the_form(register: Register) -> None:
    """Modern IRC, "RPL_ISUPPORT (005)": the grammar of a token, its parameter in upper case."""
    for token in _tokens(_advertised(register)):
        assert re.fullmatch(r"(draft/|-)?[A-Z0-9./]{1,20}(=[!-~]*)?", token), token
        assert not (token.startswith("-") and "=" in token), token


def test_no_parameter_comes_twice_in_a_line(register: Register) -> None:
    """Modern IRC, "RPL_ISUPPORT (005)": a reply has each parameter once."""
    for line in _advertised(register):
        names = [token.removeprefix("-").partition("=")[0] for token in line.params[1:-1]]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "token", [pytest.param(token, marks=pytest.mark.isupport(token)) for token in _FORMS]
)
def test_the_value_of_a_token(target: Target, register: Register, token: str) -> None:
    """Modern IRC, "RPL_ISUPPORT Parameters", and the specifications of IRCv3: "Format"."""
    assert re.fullmatch(_FORMS[token], target.isupport[token]), target.isupport[token]
    if token in _BARE:
        assert token in _tokens(_advertised(register))


@pytest.mark.isupport("PREFIX")
def test_each_prefix_has_its_mode(target: Target) -> None:
    """Modern IRC, "PREFIX": one sign for each letter, all of them different."""
    letters, signs = _prefixes(target)
    assert len(letters) == len(signs) == len(set(letters)) == len(set(signs))


@pytest.mark.isupport("PREFIX", "CHANMODES")
def test_a_mode_has_one_type(target: Target) -> None:
    """Modern IRC, "CHANMODES": no letter in two types, and none that is in PREFIX."""
    letters = "".join(_types(target)[:4]) + _prefixes(target)[0]
    assert len(letters) == len(set(letters))


@pytest.mark.isupport("PREFIX", "CHANMODES")
def test_the_channel_modes_are_those_of_myinfo(target: Target, register: Register) -> None:
    """Modern IRC, "RPL_MYINFO (004)": the same modes, and which of them have a parameter."""
    (line,) = only(register("al").welcome, "004")
    letters, _ = _prefixes(target)
    types = _types(target)
    assert set("".join(types[:4]) + letters) <= set(line.params[4])
    if len(line.params) > 5:
        assert set(line.params[5]) == set("".join(types[:3]) + letters)


@pytest.mark.ours
def test_what_we_announce_in_myinfo(register: Register) -> None:
    """Modern IRC, "RPL_MYINFO (004)": server, version, user modes, channel modes, parameters."""
    (line,) = only(register("al").welcome, "004")
    assert line.params[1] == "irc.test"
    assert set(line.params[3]) == set("iorwBRZ")
    assert set(line.params[4]) == set("beIklfCiMmnRstuqaohv")


@pytest.mark.ours
def test_the_modes_that_we_have(target: Target) -> None:
    """Modern IRC, "CHANMODES": lists, always a parameter, a parameter to set, none."""
    assert [set(letters) for letters in _types(target)] == [
        set("beI"),
        set("k"),
        set("lf"),
        set("CiMmnRstu"),
    ]


@pytest.mark.ours
@pytest.mark.parametrize("token", _OURS)
def test_the_values_that_we_have(target: Target, token: str) -> None:
    """Modern IRC, "RPL_ISUPPORT Parameters": what this server chose."""
    assert target.isupport[token] == _OURS[token]


@pytest.mark.ours
def test_how_long_our_lists_are(target: Target) -> None:
    """Modern IRC, "MAXLIST": one limit for all three lists together."""
    letters, _, limit = target.isupport["MAXLIST"].partition(":")
    assert (set(letters), limit) == (set("beI"), "20")


@pytest.mark.isupport("PREFIX", "STATUSMSG")
def test_messages_go_to_prefixes_that_exist(target: Target) -> None:
    """Modern IRC, "STATUSMSG": signs out of PREFIX."""
    assert set(target.isupport["STATUSMSG"]) <= set(_prefixes(target)[1])


@pytest.mark.parametrize(
    ("token", "default"),
    [
        pytest.param("EXCEPTS", "e", marks=pytest.mark.isupport("EXCEPTS")),
        pytest.param("INVEX", "I", marks=pytest.mark.isupport("INVEX")),
    ],
)
def test_exceptions_are_a_list(target: Target, token: str, default: str) -> None:
    """Modern IRC, "EXCEPTS", "INVEX": the letter of a type A mode."""
    assert (target.isupport[token] or default) in _types(target)[0]


@pytest.mark.isupport("MAXLIST", "CHANMODES")
def test_limits_of_lists_are_for_lists(target: Target) -> None:
    """Modern IRC, "MAXLIST": letters of type A modes, each once."""
    letters = "".join(pair.partition(":")[0] for pair in target.isupport["MAXLIST"].split(","))
    assert set(letters) <= set(_types(target)[0])
    assert len(letters) == len(set(letters))


@pytest.mark.isupport("CHANLIMIT", "CHANTYPES")
def test_limits_of_channels_are_for_types_of_channels(target: Target) -> None:
    """Modern IRC, "CHANLIMIT": signs out of CHANTYPES."""
    signs = "".join(pair.partition(":")[0] for pair in target.isupport["CHANLIMIT"].split(","))
    assert set(signs) <= set(target.isupport["CHANTYPES"])


@pytest.mark.ours
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_how_many_targets_we_take(target: Target, command: str) -> None:
    """Modern IRC, "TARGMAX": a limit for each command that takes several targets."""
    limits = dict(pair.split(":") for pair in target.isupport["TARGMAX"].split(","))
    assert limits[command] == "4"

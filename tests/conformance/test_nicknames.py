"""Changes of nickname: who may have which, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def test_a_change(register: Register, name: Names) -> None:
    """Modern IRC, "NICK message": acknowledged with the old nickname as the source."""
    user, new = register("al"), name("bo")
    reply = one(user.ask(f"NICK {new}"), "NICK")
    assert (reply.nick, reply.params) == (user.nick, [new])
    assert "!" in reply.source
    assert "@" in reply.source


def test_those_in_the_same_channel_see_it(room: Room, name: Names) -> None:
    """Modern IRC, "NICK message": it informs other clients about the change."""
    al, bo = room("al", "bo")
    new = name("cy")
    al.ask(f"NICK {new}")
    seen = one(bo.read(), "NICK")
    assert (seen.nick, seen.params) == (al.nick, [new])


def test_strangers_do_not_see_it(register: Register, name: Names) -> None:
    """Modern IRC, "NICK message": it is for those who know the user."""
    al, bo = register("al"), register("bo")
    al.ask(f"NICK {name('cy')}")
    assert "NICK" not in commands(bo.read())


def test_one_line_for_two_channels(room: Room, name: Names) -> None:
    """Modern IRC, "NICK message": one change is one message."""
    al, bo = room("al", "bo")
    other = name("#d")
    al.ask(f"JOIN {other}")
    bo.ask(f"JOIN {other}")
    al.ask(f"NICK {name('cy')}")
    assert len(only(bo.read(), "NICK")) == 1


def test_the_new_nickname_is_the_address(register: Register, name: Names) -> None:
    """Modern IRC, "NICK message": messages find the new one, and the old one is nobody."""
    al, bo, new = register("al"), register("bo"), name("cy")
    al.ask(f"NICK {new}")
    assert one(bo.ask(f"PRIVMSG {al.nick} :old", f"PRIVMSG {new} :new"), "401").params[1] == al.nick
    assert [line.text for line in only(al.read(), "PRIVMSG")] == ["new"]


def test_the_old_nickname_is_free(register: Register, name: Names) -> None:
    """Modern IRC, "NICK message": somebody else can take it."""
    al, bo = register("al"), register("bo")
    al.ask(f"NICK {name('cy')}")
    assert one(bo.ask(f"NICK {al.nick}"), "NICK").params == [al.nick]


def test_a_member_keeps_its_prefix(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "Channel Membership Prefixes": they belong to the user, not to the nickname."""
    al, bo = room("al", "bo")
    new = name("cy")
    al.ask(f"NICK {new}")
    assert f"@{new}" in one(bo.ask(f"NAMES {channel}"), "353").text.split()


def test_a_change_of_case_only(register: Register) -> None:
    """Modern IRC, "Client-to-Server Protocol Structure": the same name, so it is not in use."""
    user = register("al")
    reply = one(user.ask(f"NICK {user.nick.upper()}"), "NICK")
    assert reply.params == [user.nick.upper()]


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_nickname_in_use(register: Register, change: Callable[[str], str]) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": in any case; the client keeps its own."""
    al, bo = register("al"), register("bo")
    taken = change(al.nick)
    replies = bo.ask(f"NICK {taken}")
    assert one(replies, "433").params[:2] == [bo.nick, taken]
    assert "NICK" not in commands(replies)


def test_no_nickname(register: Register) -> None:
    """Modern IRC, "ERR_NONICKNAMEGIVEN (431)": there is no parameter."""
    user = register("al")
    assert one(user.ask("NICK"), "431").params[0] == user.nick


def test_an_empty_nickname(register: Register) -> None:
    """Modern IRC, "NICK message": as good as none, or a bad one."""
    user = register("al")
    assert only(user.ask("NICK :"), "431", "432")[0].params[0] == user.nick


@pytest.mark.parametrize(
    "bad", ["#al", ":al", "al bo", "al,bo", "al!bo", "al@bo", "al*", "al?", "@al", "+al", "$al"]
)
def test_a_nickname_that_means_something_else(register: Register, bad: str) -> None:
    """Modern IRC, "ERR_ERRONEUSNICKNAME (432)": what other commands would take for another."""
    user = register("al")
    replies = user.ask(f"NICK :{bad}")
    assert one(replies, "432").params[0] == user.nick
    assert "NICK" not in commands(replies)


@pytest.mark.parametrize("characters", ["abcXYZ", "x0123456789", "[]{}", "\\|", "Z[\\]{|}9"])
def test_characters_that_every_server_takes(
    register: Register, name: Names, characters: str
) -> None:
    """Modern IRC, "NICK message": letters, digits, brackets, braces, backslash and pipe."""
    user = register("al")
    new = characters + name("x")
    assert one(user.ask(f"NICK {new}"), "NICK").params == [new]


@pytest.mark.isupport("NICKLEN")
def test_the_longest_nickname(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "NICKLEN": so many characters are accepted."""
    user = register("al")
    new = name("x").ljust(int(target.isupport["NICKLEN"]), "x")
    assert one(user.ask(f"NICK {new}"), "NICK").params == [new]


@pytest.mark.isupport("NICKLEN")
def test_a_nickname_that_is_too_long(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "NICKLEN": one more is refused, or cut."""
    user = register("al")
    limit = int(target.isupport["NICKLEN"])
    new = name("x").ljust(limit + 1, "x")
    replies = only(user.ask(f"NICK {new}"), "NICK", "432")
    assert len(replies) == 1
    if replies[0].command == "NICK":
        assert replies[0].params == [new[:limit]]


def test_the_casemapping_is_advertised(target: Target) -> None:
    """Modern IRC, "Client-to-Server Protocol Structure": servers have to say which it is."""
    assert target.isupport["CASEMAPPING"]
    if target.ours:
        assert target.isupport["CASEMAPPING"] == "ascii"


def test_an_address_in_another_case(register: Register) -> None:
    """Modern IRC, "CASEMAPPING": letters of either case are the same nickname."""
    al, bo = register("al"), register("bo")
    assert one(bo.ask(f"WHOIS {al.nick.upper()}"), "311").params[1] == al.nick
    bo.ask(f"PRIVMSG {al.nick.upper()} :hello")
    assert one(al.read(), "PRIVMSG").text == "hello"


def test_ascii_casemapping_knows_letters_only(
    register: Register, name: Names, target: Target
) -> None:
    """Modern IRC, "CASEMAPPING": with `ascii`, brackets and braces are different characters."""
    if target.isupport["CASEMAPPING"] != "ascii":
        pytest.skip("another casemapping")
    al, bo, base = register("al"), register("bo"), name("x")
    assert one(al.ask(f"NICK {base}[\\]"), "NICK").params == [f"{base}[\\]"]
    assert one(bo.ask(f"NICK {base}{{|}}"), "NICK").params == [f"{base}{{|}}"]


# --- Nicknames beyond ASCII

_LATIN = "aceopxysij"
_CYRILLIC = "асеорхуѕіј"


def _digits(unique: str) -> str:
    return str(int("1" + unique.partition("-")[2], 36))


def _twins(name: Names) -> tuple[str, str]:
    """Return a nickname of Latin letters, and another of Cyrillic ones that looks the same."""
    digits = [int(digit) for digit in _digits(name("x"))]
    return "".join(_LATIN[i] for i in digits), "".join(_CYRILLIC[i] for i in digits)


def _spelled(base: str, alphabet: str, name: Names) -> str:
    """Return a nickname that begins so and is unique, of one script."""
    return base + "".join(alphabet[int(digit)] for digit in _digits(name("x")))


_SCRIPTS = [
    pytest.param("žluťoučký", "abcdefghkm", id="latin"),
    pytest.param("жук", "бвгдзклмнп", id="cyrillic"),
    pytest.param("λόγος", "βγδεζθλμξπ", id="greek"),
    pytest.param("雪", "一二三四五六七八九十", id="han"),
    pytest.param("שלום", "אבגדהזחטכל", id="hebrew"),
]


@pytest.mark.ours
@pytest.mark.parametrize(("base", "alphabet"), _SCRIPTS)
def test_other_scripts(register: Register, name: Names, base: str, alphabet: str) -> None:
    """Modern IRC, "NICK message": servers may allow more characters, and messages find them."""
    al, bo, new = register("al"), register("bo"), _spelled(base, alphabet, name)
    assert one(al.ask(f"NICK {new}"), "NICK").params == [new]
    bo.ask(f"PRIVMSG {new} :hello")
    assert one(al.read(), "PRIVMSG").params == [new, "hello"]


@pytest.mark.ours
def test_registering_with_another_script(connect: Connect, name: Names) -> None:
    """Modern IRC, "RPL_WELCOME (001)": the nickname that the client has."""
    session, nick = connect(), _spelled("снег", "бвгдзклмнп", name)
    session.send(f"NICK {nick}", "USER al 0 * :Al")
    assert session.until("001", "432")[-1].params[0] == nick


@pytest.mark.ours
@pytest.mark.parametrize("bad", ["pаypal", "аl", "jοe", "boб"])
def test_scripts_that_are_mixed(register: Register, bad: str) -> None:
    """Modern IRC, "ERR_ERRONEUSNICKNAME (432)": Latin letters among Cyrillic or Greek ones."""
    user = register("al")
    assert one(user.ask(f"NICK {bad}"), "432").params[0] == user.nick


@pytest.mark.ours
@pytest.mark.parametrize("taken", ["latin", "cyrillic"])
def test_a_nickname_that_looks_like_another(register: Register, name: Names, taken: str) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": as good as in use."""
    al, bo = register("al"), register("bo")
    pair = _twins(name)
    first, second = pair if taken == "latin" else pair[::-1]
    assert one(al.ask(f"NICK {first}"), "NICK").params == [first]
    replies = bo.ask(f"NICK {second}")
    assert one(replies, "433").params[:2] == [bo.nick, second]
    assert "NICK" not in commands(replies)


@pytest.mark.ours
def test_a_nickname_that_looks_like_its_own(register: Register, name: Names) -> None:
    """Modern IRC, "NICK message": what is in use by oneself is not in the way."""
    user = register("al")
    latin, cyrillic = _twins(name)
    user.ask(f"NICK {latin}")
    assert one(user.ask(f"NICK {cyrillic}"), "NICK").params == [cyrillic]


@pytest.mark.ours
def test_one_letter_in_two_spellings(register: Register, name: Names) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": a letter and its accent are that letter."""
    al, bo = register("al"), register("bo")
    unique = name("x")
    assert one(al.ask(f"NICK \u00e9{unique}"), "NICK").params == [f"\u00e9{unique}"]
    assert one(bo.ask(f"NICK e\u0301{unique}"), "433").params[0] == bo.nick


@pytest.mark.ours
def test_a_fullwidth_spelling(register: Register) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": not a way to a nickname that is taken."""
    al, bo = register("al"), register("bo")
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in al.nick)
    replies = bo.ask(f"NICK {wide}")
    assert only(replies, "432", "433")
    assert "NICK" not in commands(replies)


@pytest.mark.ours
@pytest.mark.parametrize(
    "character",
    ["\u200b", "\u202e", "\u00a0", "\u2028", "\ufeff", "\ufffd", "\u0007", "\u0003"],
    ids=lambda character: f"{ord(character):04x}",
)
def test_characters_that_nobody_sees(register: Register, character: str) -> None:
    """Modern IRC, "ERR_ERRONEUSNICKNAME (432)": invisible ones, and controls."""
    user = register("al")
    assert one(user.ask(f"NICK x{character}y"), "432").params[0] == user.nick

"""People with `nc` and their accounts: /register, /login, and what is not said by a slip."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes, prefix, secret_of
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, accounts=AccountPolicy())
CLOCK = "22:13"
RIGHT, OTHER = "correct-horse", "battery-staple"
NOT_SAID = (
    "That was not said: it looks like a command with a password in it. "
    "Type it with one / and nothing in front."
)


@pytest.fixture
def world() -> World:
    """`al` has an account and is gone; `bo` is there."""
    world = World(SETTINGS)
    world.person("al")
    world.ask("al", f"/register {RIGHT}")
    world.quit("al")
    world.person("bo")
    return world


def account(world: World, name: str) -> str:
    return world.core.state.users[world.ids[name]].account


def test_registering() -> None:
    world = World(SETTINGS)
    world.person("al")
    assert world.ask("al", f"/register {RIGHT} al@example.org") == [
        "You are now logged in as al",
        "al is registered, and nobody else can be called that.",
    ]
    found = world.core.context.accounts.get("al")
    assert found is not None
    assert found.email == "al@example.org"


def test_what_each_needs(world: World) -> None:
    usages = {
        "/register": "/register PASSWORD [EMAIL]: make an account of your nickname, so that "
        "it is yours",
        "/login": "/login [NAME] PASSWORD: log in to your account, and get its nickname",
        "/password": "/password OLD NEW: give your account another password; one with spaces: "
        "/ns oldpass OLD, then /ns newpass NEW",
    }
    for name, usage in usages.items():
        assert " ".join(map(str.strip, world.ask("bo", name))) == usage
    answer = world.ask("bo", "/register my pass phrase al@example.org")
    assert " ".join(map(str.strip, answer)) == (
        "Before a password with spaces goes the address of mail: "
        "/ns REGISTER mailto:<email> <password>"
    )
    answer = world.ask("bo", "/password a b c")
    assert " ".join(map(str.strip, answer)) == usages["/password"]


def test_a_pass_phrase_is_registered_and_changed(world: World) -> None:
    world.ask("bo", "/register my pass phrase")
    assert world.secrets["bo"].hash == secret_of("my pass phrase").hash
    assert world.ask("bo", "/ns oldpass my pass phrase") == [
        "That is right. Within 5 minutes, say the new one: /ns NEWPASS <password>"
    ]
    assert world.ask("bo", "/ns newpass another  phrase") == ["bo has another password now."]
    assert world.secrets["bo"].hash == secret_of("another  phrase").hash


def test_logging_in(world: World) -> None:
    assert world.ask("bo", f"/login al {OTHER}") == ["Account or password is wrong."]
    assert world.ask("bo", f"/login al {RIGHT}") == [
        "You are now logged in as al",
        f"{CLOCK} You are now known as al",
    ]
    assert world.ask("bo", f"/login {RIGHT}") == ["You are now logged in as al"]
    lines = world.ask("bo", "/logout")
    assert lines[0].endswith("now logged out")
    assert lines[1].startswith(f"{CLOCK} You are now known as Guest")
    assert lines[2].startswith(
        "Your nickname belongs to the account that you are logged out of: you"
    )
    assert len(lines) == 3
    assert world.ask("bo", "/logout") == ["LOGOUT needs an account: log in to yours (/login)."]


SPACE = (
    "There is a space too many: between two words is one, and none is in front of the first or "
    "behind the last. Spaces would be part of a password."
)
FORBIDDEN = "Password is too long, or has a forbidden character."


def test_what_can_not_be_a_password_is_refused_and_not_changed(world: World) -> None:
    for typed, answer in (
        (f"/register  {RIGHT}", SPACE),
        (f"/register {RIGHT} ", SPACE),
        (f"/ns register {RIGHT} ", SPACE),
        (f"/msg NickServ register {RIGHT} ", SPACE),
        ("/register with\x1b[Aarrow", FORBIDDEN),
        ("/register with\ttab", FORBIDDEN),
    ):
        assert world.ask("bo", typed) == [answer]
    assert world.core.context.accounts.get("bo") is None
    # What was taken back was not typed.
    world.ask("bo", f"/register {RIGHT}xy\b\b")
    assert world.secrets["bo"].hash == secret_of(RIGHT).hash
    assert world.ask("bo", f"/password {RIGHT}  {OTHER}") == [SPACE]
    assert world.ask("bo", f"/password {RIGHT} {OTHER}\t") == [FORBIDDEN]
    assert world.secrets["bo"].hash == secret_of(RIGHT).hash


def test_a_password_is_taken_exactly_as_it_was_typed(world: World) -> None:
    world.secrets["al"] = secret_of(" my  pass ")
    for wrong in ("/login al my  pass", "/login al  my  pass", "/login al  my pass "):
        assert world.ask("bo", wrong) == ["Account or password is wrong."]
    assert come(world, "/login al  my  pass")[0].startswith("Account or password is wrong.")
    assert account(world, "cy") == ""
    assert world.ask("cy", "/login al  my  pass ")[0] == "You are now logged in as al"
    world.now += 60
    assert world.ask("bo", " /login al  my  pass ")[0] == "You are now logged in as al"


def test_whoever_comes_is_told_how_to_log_in(world: World) -> None:
    usage = "/login NAME PASSWORD: log in to your account"
    assert come(world, "/login", "/login al", "/login  al pass", "/lo\x01gin al pass") == 4 * [
        usage
    ]


def test_a_text_is_said_without_what_a_terminal_adds(world: World) -> None:
    world.irc("cy")
    assert world.send("bo", "/msg  cy  hello\t\x07there ")["cy"] == [
        f"{prefix('bo')} PRIVMSG cy :hello there"
    ]


def test_another_password(world: World) -> None:
    world.ask("bo", f"/login al {RIGHT}")
    assert world.ask("bo", f"/password {OTHER} {OTHER}") == ["Account or password is wrong."]
    assert world.ask("bo", f"/password {RIGHT} {OTHER}") == ["al has another password now."]


def test_a_hint_where_a_nickname_is_somebodys(world: World) -> None:
    assert world.ask("bo", "/nick al") == [
        "al belongs to somebody who has registered it. If that is you, /login al PASSWORD."
    ]


def come(world: World, *typed: str) -> list[str]:
    """Have somebody come, who types this."""
    return world.step(world.add("cy", plain=True), world.lines("cy", *typed))["cy"]


def test_coming_with_a_nickname_that_is_ones_own(world: World) -> None:
    assert come(world, "al") == [
        "al belongs to somebody who has registered it. "
        "If that is you, /login al PASSWORD. Otherwise type another nickname:"
    ]
    assert world.ask("cy", f"/login al {OTHER}") == [
        "Account or password is wrong. Type a nickname, or /login NAME PASSWORD:"
    ]
    found = world.send("cy", f"/login al {RIGHT}")
    assert found["cy"] == [
        "You are now logged in as al",
        "Hello al. /help shows what you can do.",
        f"{CLOCK} You are in #lobby",
        "In #lobby: bo al",
    ]
    assert found["bo"] == [f"{CLOCK} al joined"]
    assert account(world, "cy") == "al"


def test_another_client_of_ones_own_comes(world: World) -> None:
    world.ask("bo", f"/login al {RIGHT}")
    assert come(world, f"/LOGIN AL {RIGHT}") == [
        "You are now logged in as al",
        "You are here as al already. Type another nickname:",
    ]
    assert world.ask("cy", "phone")[0] == "Hello phone. /help shows what you can do."
    assert account(world, "cy") == "al"


def test_whoever_only_connects_does_not_keep_it(world: World) -> None:
    world.step(world.add("x"))
    world.send("x", "NICK al")
    assert come(world, f"/login al {RIGHT}")[1] == "Hello al. /help shows what you can do."
    assert codes(world.ask("x", "USER x 0 * :X", "NICK x"))[0] == "001"


@pytest.mark.parametrize("typed", ["/login", "/login al", "/login  "])
def test_what_logging_in_first_needs(world: World, typed: str) -> None:
    assert come(world, typed) == ["/login NAME PASSWORD: log in to your account"]


def test_too_many_wrong_passwords_first(world: World) -> None:
    lines = come(world, *[f"/login al {OTHER}"] * 6)
    assert lines[-1] == (
        "Too many attempts; try again in 12 seconds. Type a nickname, or /login NAME PASSWORD:"
    )
    assert world.ask("cy", "cy")[0] == "Hello cy. /help shows what you can do."


def test_the_servers_password_is_asked_for_all_the_same() -> None:
    world = World(SETTINGS)
    world.irc("al")
    world.ask("al", f"NS REGISTER {RIGHT}")
    world.quit("al")
    world.core.context.settings = Settings(name=SERVER, accounts=AccountPolicy(), password="hash")
    assert come(world, f"/login al {RIGHT}") == [
        "You are now logged in as al",
        "This server has a password. Type it, or /quit:",
    ]
    world.send("cy", "the password")
    assert world.complete(True)["cy"][0] == "Hello al. /help shows what you can do."


def test_where_nobody_can_have_an_account() -> None:
    world = World(Settings(name=SERVER))
    assert come(world, f"/login al {RIGHT}") == [
        "Welcome to trio_chat. Type a nickname to join #lobby:"
    ]
    world.ask("cy", "cy")
    for typed in (f"/register {RIGHT}", f"/login {RIGHT}", "/logout", f"/password {RIGHT} {OTHER}"):
        assert world.ask("cy", typed) == ["This server keeps no accounts."]


@pytest.mark.parametrize(
    "typed",
    [
        " /login hunter22",
        "\u00a0/login hunter22",
        "/LOGIN hunter22",
        "//login al hunter22",
        "./login al hunter22",
        "\\login hunter22",
        ": /register hunter22",
        "\u200b/password hunter22 hunter23",
        "nickserv identify hunter22",
        "msg nickserv identify al hunter22",
        "//msg NickServ IDENTIFY hunter22",
        "//ns set password hunter22 hunter23",
        "NS REGISTER hunter22",
    ],
)
def test_no_password_is_said_by_a_slip(world: World, typed: str) -> None:
    world.irc("x", rooms="#lobby")
    found = world.send("bo", typed)
    assert found.get("x", []) == []
    # Where what is in front is nothing to be seen, it was the command.
    assert found["bo"] in ([NOT_SAID], ["Account or password is wrong."])


@pytest.mark.parametrize(
    "said",
    [
        "login please",
        "register today!",
        "//help me",
        "//login",
        "#login is where it is",
        "nickserv is down",
        "ask nickserv identify",
        "my password is none of yours",
    ],
)
def test_what_is_no_slip(world: World, said: str) -> None:
    world.irc("x", rooms="#lobby")
    assert codes(world.send("bo", said)["x"]) == ["PRIVMSG"]


def test_an_irc_client_and_a_person_of_one_account(world: World) -> None:
    world.ask("bo", f"/login al {RIGHT}")
    world.irc("tab", rooms="#lobby", caps="account-tag")
    world.ask("tab", f"NS IDENTIFY al {RIGHT}")
    assert world.send("bo", "hi")["tab"] == [
        f"@account=al {prefix('al').replace('~al', '~bo')} PRIVMSG #lobby :hi"
    ]

"""NickServ: what each of its commands does, and what it says when it does not."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import CODE, SERVER, World, codes, prefix, secret_of
from trio_chat.core.accounts import Account
from trio_chat.core.settings import AccountPolicy, Operator, Settings

SETTINGS = Settings(
    name=SERVER, accounts=AccountPolicy(), operators=(Operator(name="root", password="hash"),)
)
RIGHT, OTHER = "correct-horse", "battery-staple"
NOTICE = f":NickServ!NickServ@services.{SERVER} NOTICE"
FINGERPRINT = "ab" * 32


class Registered(World):
    """`al` has an account, and is logged in to it with IRC; `bo` has none."""

    def __init__(self, settings: Settings = SETTINGS, *, page: int = 200) -> None:
        super().__init__(settings, page=page)
        self.irc("al", rooms="#a")
        self.irc("bo", rooms="#a")
        self.ask("al", f"NS REGISTER {RIGHT}")

    def told(self, name: str, line: str) -> list[str]:
        """Have a user say something to NickServ; return what it says."""
        found = self.ask(name, f"PRIVMSG NickServ :{line}")
        return [one.partition(" :")[2] for one in found if one.startswith(NOTICE)]

    def account(self, name: str) -> str:
        return self.core.state.users[self.ids[name]].account

    def nickname(self, name: str) -> str:
        return self.core.state.users[self.ids[name]].nickname

    def has(self, password: str, account: str = "al") -> bool:
        return self.secrets[account].hash == secret_of(password).hash

    def connected_with(self, fingerprint: str, *names: str) -> None:
        """Have users be connected with a TLS certificate."""
        for name in names:
            self.core.state.users[self.ids[name]].certfp = fingerprint

    def operator(self) -> None:
        """Make `root` an operator of the server."""
        self.irc("root")
        self.send("root", "OPER root secret")
        self.complete(True)


@pytest.fixture
def world() -> Registered:
    return Registered()


def kept(world: World, name: str = "al") -> Account:
    found = world.core.context.accounts.get(name)
    assert found is not None
    return found


# --- REGISTER


def test_registering(world: Registered) -> None:
    assert world.ask("bo", f"PRIVMSG NickServ :REGISTER mailto:bo@example.org {RIGHT}") == [
        f":{SERVER} 900 bo {prefix('bo')[1:]} bo :You are now logged in as bo",
        f"{prefix('bo')} MODE bo +r",
        f"{NOTICE} bo :bo is registered, and nobody else can be called that.",
    ]
    assert kept(world, "bo").email == "bo@example.org"
    assert world.has(RIGHT, "bo")
    assert world.account("bo") == "bo"


IN_FRONT = (
    "Before a password with spaces goes the address of mail: REGISTER mailto:<email> <password>"
)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("REGISTER short", "A password has at least 8 characters."),
        (f"REGISTER {'x' * 301}", "Password is too long, or has a forbidden character."),
        ("REGISTER mailto:nobody passphrase", "Nothing can be mailed to that address."),
        ("REGISTER mailto:al@example.org", "It is REGISTER <password> [<email>]"),
        ("REGISTER my pass phrase al@example.org", IN_FRONT),
        (f"REGISTER {RIGHT}  al@example.org", IN_FRONT),
    ],
)
def test_what_is_not_registered(world: Registered, said: str, answer: str) -> None:
    assert world.told("bo", said) == [answer]
    assert world.core.context.accounts.get("bo") is None


@pytest.mark.parametrize(
    ("said", "password", "email"),
    [
        ("passphrase bo@example.org", "passphrase", "bo@example.org"),
        ("my pass phrase", "my pass phrase", ""),
        ("two  in a row", "two  in a row", ""),
        ("MAILTO:bo@example.org my pass phrase", "my pass phrase", "bo@example.org"),
        # Whoever wants that.
        ("mailto: horse bo@example.org", "horse bo@example.org", ""),
        ("horse@example.org", "horse@example.org", ""),
    ],
)
def test_registering_with_a_password_that_is_taken_exactly(
    world: Registered, said: str, password: str, email: str
) -> None:
    assert world.ask("bo", f"NS REGISTER :{said}")[-1].endswith("nobody else can be called that.")
    assert world.has(password, "bo")
    assert kept(world, "bo").email == email


def test_an_address_and_a_password_are_parameters_of_a_command(world: Registered) -> None:
    world.ask("bo", f"NS REGISTER mailto:bo@example.org {RIGHT}")
    assert world.has(RIGHT, "bo")
    assert kept(world, "bo").email == "bo@example.org"
    world.irc("di")
    world.ask("di", f"NS REGISTER {RIGHT} di@example.org")
    assert kept(world, "di").email == "di@example.org"
    world.irc("cy")
    spread = "A password with spaces in it stands behind a colon: NS REGISTER ... :my password"
    for line in (
        "NS REGISTER my pass",
        "NS REGISTER mailto:bo@example.org my pass",
        "NS REGISTER my pass bo@example.org",
    ):
        assert world.ask("cy", line) == [f"{NOTICE} cy :{spread}"]


def test_who_has_an_account_registers_no_other(world: Registered) -> None:
    world.ask("al", "NICK ally")
    assert world.told("al", f"REGISTER {RIGHT}") == [
        "You are logged in as al already: LOGOUT first."
    ]
    assert len(world.core.context.accounts) == 1


def test_registering_is_closed() -> None:
    policy = AccountPolicy(registration="closed")
    world = Registered(msgspec.structs.replace(SETTINGS, accounts=policy))
    assert world.told("bo", f"REGISTER {RIGHT}") == ["Registration is closed."]


def test_registering_where_it_takes_an_address_of_mail() -> None:
    policy = AccountPolicy(require_email=True, mail_command=("mail",))
    world = Registered()
    world.core.context.settings = msgspec.structs.replace(SETTINGS, accounts=policy)
    assert world.told("bo", f"REGISTER {RIGHT}") == ["Nothing can be mailed to that address."]
    assert world.told("bo", f"REGISTER mailto:bo@example.org {RIGHT}") == [
        "A code was mailed to bo@example.org.",
        "When you have read it: VERIFY bo <code>",
    ]
    assert world.account("bo") == ""
    assert world.told("bo", f"IDENTIFY {RIGHT}") == ["Account is not verified yet."]
    assert world.told("bo", "VERIFY bo nonsense") == ["Code is wrong, or was for a day only."]
    assert world.told("bo", f"VERIFY bo {CODE}") == [
        "bo is registered, and nobody else can be called that."
    ]
    assert world.account("bo") == "bo"
    assert world.told("bo", f"VERIFY bo {CODE}") == [
        "You are logged in as bo already: LOGOUT first."
    ]


def test_nothing_is_said_to_be_done_that_is_not_stored(world: Registered) -> None:
    world.operator()
    world.connected_with(FINGERPRINT, "al")
    world.full = True
    answer = ["Could not be stored; try again later."]
    for name, said in (
        ("bo", f"REGISTER {RIGHT}"),
        ("al", f"PASSWD {RIGHT} {OTHER}"),
        ("al", "SET EMAIL al@example.org"),
        ("al", f"CERT ADD {FINGERPRINT}"),
        ("root", "SUSPEND al"),
        ("root", f"RESETPASS al {OTHER}"),
        ("al", f"DROP {RIGHT}"),
    ):
        assert world.told(name, said) == answer, said
    assert world.core.context.accounts.get("bo") is None
    assert kept(world) == Account(name="al", registered_at=world.now)
    assert world.has(RIGHT)
    assert world.account("al") == "al"


def test_it_is_said_when_it_is_stored(world: Registered) -> None:
    world.slow = True
    assert world.ask("al", "NS SET EMAIL al@example.org", "PING after") == []
    assert kept(world).email == ""
    (storing,) = world.requests
    assert world.step(world.done(storing))["al"] == [
        f"{NOTICE} al :Your address of mail is al@example.org.",
        f":{SERVER} PONG {SERVER} after",
    ]
    assert kept(world).email == "al@example.org"


# --- IDENTIFY, LOGIN, LOGOUT


@pytest.mark.parametrize("said", [f"IDENTIFY al {RIGHT}", f"login AL {RIGHT}"])
def test_logging_in_gives_the_nickname(world: Registered, said: str) -> None:
    world.quit("al")
    assert world.ask("bo", f"PRIVMSG NickServ :{said}") == [
        f":{SERVER} 900 bo {prefix('bo')[1:]} al :You are now logged in as al",
        f"{prefix('bo')} MODE bo +r",
        f"{prefix('bo')} NICK :al",
        f"{NOTICE} al :You are logged in as al.",
    ]


def test_logging_in_to_the_account_of_ones_nickname(world: Registered) -> None:
    """Whoever has it while somebody else's connection hangs can not say whose it is."""
    world.told("al", "LOGOUT")
    assert world.told("al", f"IDENTIFY {RIGHT}") == ["Account or password is wrong."]
    assert world.told("al", f"IDENTIFY al {RIGHT}") == ["You are logged in as al."]
    # Again: it changes nothing.
    assert world.told("al", f"IDENTIFY {RIGHT}") == ["You are logged in as al."]
    assert world.nickname("al") == "al"


def test_a_password_of_another_way_may_have_spaces(world: Registered) -> None:
    world.secrets["al"] = secret_of("correct horse battery")
    world.told("al", "LOGOUT")
    assert world.told("al", "IDENTIFY al correct horse battery") == ["You are logged in as al."]


SPACE = (
    "There is a space too many: between two words is one, and none is in front of the first or "
    "behind the last. Spaces would be part of a password."
)


@pytest.mark.parametrize(
    "said",
    [
        f"REGISTER  {RIGHT}",
        f"REGISTER {RIGHT} ",
        f"REGISTER mailto:al@example.org  {RIGHT}",
        f"IDENTIFY  {RIGHT}",
        f"IDENTIFY {RIGHT} ",
        f"LOGIN  al {RIGHT}",
        f"GHOST  al {RIGHT}",
        "REGAIN al ",
    ],
)
def test_a_space_too_many_is_refused_and_not_left_out(world: Registered, said: str) -> None:
    assert world.told("bo", said) == [SPACE]
    assert (world.account("bo"), world.core.context.accounts.get("bo")) == ("", None)


@pytest.mark.parametrize("password", [" two  in a row", "behind  ", "  in front"])
def test_a_password_is_taken_exactly(world: Registered, password: str) -> None:
    """As REGISTER and SASL take it."""
    world.quit("al")
    world.send("bo", f"REGISTER * * :{password}")
    assert world.has(password, "bo")
    world.told("bo", "LOGOUT")
    for wrong in (password.strip(), f" {password}", f"{password} ", password.replace("  ", " ")):
        assert world.told("bo", f"IDENTIFY bo {wrong}") == ["Account or password is wrong."]
        world.now += 60
    assert world.told("bo", f"IDENTIFY bo {password}") == ["You are logged in as bo."]
    world.told("bo", "LOGOUT")
    assert world.told("bo", f"REGAIN bo {password}") == ["You are called bo."]
    assert world.told("bo", f"DROP {password.strip()}") == ["Account or password is wrong."]
    assert world.told("bo", f"DROP {password}") == ["bo is nobody's any more."]


def test_the_parameters_of_a_command_are_joined_by_no_guess(world: Registered) -> None:
    world.secrets["al"] = secret_of("my  pass")
    world.told("al", "LOGOUT")
    spread = "A password with spaces in it stands behind a colon: NS IDENTIFY ... :my password"
    assert world.ask("al", "NS IDENTIFY al my  pass") == [
        f"{NOTICE} {world.nickname('al')} :{spread}"
    ]
    for line in ("NS IDENTIFY al :my  pass", "NICKSERV :IDENTIFY al my  pass"):
        assert world.ask("al", line)[-1] == f"{NOTICE} al :You are logged in as al."
        world.told("al", "LOGOUT")


def test_a_wrong_password(world: Registered) -> None:
    for said in (f"IDENTIFY al {OTHER}", f"IDENTIFY nobody {RIGHT}", f"IDENTIFY {RIGHT}"):
        assert world.told("bo", said) == ["Account or password is wrong."]
    assert (world.account("bo"), world.nickname("bo")) == ("", "bo")


def test_too_many_wrong_passwords(world: Registered) -> None:
    for _ in range(5):
        world.told("bo", f"IDENTIFY al {OTHER}")
    assert world.told("bo", f"IDENTIFY al {RIGHT}") == [
        "Too many attempts; try again in 12 seconds."
    ]
    world.now += 12
    assert world.told("bo", f"IDENTIFY al {RIGHT}") == ["You are logged in as al."]


def test_logging_out(world: Registered) -> None:
    lines = world.ask("al", "NS LOGOUT")
    assert codes(lines) == ["901", "MODE", "NICK", "NOTICE", "NOTICE"]
    assert lines[3].endswith(":Your nickname belongs to the account that you are logged out of")
    assert lines[4].endswith(":You are logged out.")
    assert world.account("al") == ""
    assert world.nickname("al").startswith("Guest")


# --- GHOST, REGAIN


@pytest.fixture
def sat_on(world: Registered) -> Registered:
    """`al` has another client, `tab`, which has the nickname."""
    world.ask("al", "NICK elsewhere")
    world.irc("tab")
    world.ask("tab", f"NS IDENTIFY al {RIGHT}")
    assert world.nickname("tab") == "al"
    return world


def test_another_client_has_a_nickname_of_its_own(sat_on: Registered) -> None:
    assert (sat_on.account("al"), sat_on.nickname("al")) == ("al", "elsewhere")


def test_a_ghost_is_ended(sat_on: Registered) -> None:
    assert sat_on.told("al", "GHOST") == ["al is free now."]
    assert sat_on.closed == {"tab"}
    assert sat_on.told("al", "GHOST AL") == ["al is nobody else's."]
    assert codes(sat_on.ask("al", "NICK al")) == ["NICK"]


def test_a_ghost_is_ended_with_the_password(sat_on: Registered) -> None:
    assert sat_on.told("bo", "GHOST") == ["It is GHOST [<nickname> [<password>]]"]
    assert sat_on.told("bo", "GHOST al") == [
        "You are not logged in as al. It is GHOST al <password>"
    ]
    assert sat_on.told("bo", f"GHOST al {OTHER}") == ["Account or password is wrong."]
    assert sat_on.told("bo", f"GHOST nobody {RIGHT}") == ["Nobody has registered nobody."]
    assert sat_on.closed == set()
    found = sat_on.send("bo", f"NS GHOST al {RIGHT}")
    assert found["bo"] == [f"{NOTICE} bo :al is free now."]
    assert found["tab"] == ["ERROR :Closing link (GHOST by bo)"]
    # It logs nobody in.
    assert sat_on.account("bo") == ""


def test_who_only_connects_loses_the_nickname(world: Registered) -> None:
    world.ask("al", "NICK elsewhere")
    world.step(world.add("cy"))
    world.send("cy", "NICK al")
    found = world.send("al", "NS GHOST")
    assert found["al"] == [f"{NOTICE} elsewhere :al is free now."]
    assert found["cy"] == [
        f":{SERVER} 433 * al :Nickname belongs to an account: log in to it first"
    ]
    assert codes(world.ask("al", "NICK al")) == ["NICK"]
    assert codes(world.ask("cy", "USER cy 0 * :Cy", "NICK cy"))[0] == "001"


def test_a_nickname_is_regained(sat_on: Registered) -> None:
    found = sat_on.send("al", "NS REGAIN")
    assert codes(found["tab"]) == ["NICK", "NOTICE"]
    assert found["tab"][1].endswith(":Another client of yours has your nickname now")
    assert found["al"][-1] == f"{NOTICE} al :You are called al."
    assert (sat_on.nickname("al"), sat_on.account("tab")) == ("al", "al")
    # It has it already.
    assert sat_on.ask("al", "NS REGAIN al") == [f"{NOTICE} al :You are called al."]


def test_a_nickname_is_regained_with_the_password(sat_on: Registered) -> None:
    lines = sat_on.ask("bo", f"NS REGAIN al {RIGHT}")
    assert codes(lines) == ["900", "MODE", "NICK", "NOTICE"]
    assert (sat_on.account("bo"), sat_on.nickname("bo")) == ("al", "al")
    assert sat_on.nickname("tab").startswith("Guest")


# --- INFO, ACC, STATUS


def test_info_for_others_and_for_oneself(world: Registered) -> None:
    world.told("al", "SET EMAIL al@example.org")
    registered = "al: registered 2023-11-14 22:13:20 UTC."
    assert world.told("bo", "INFO AL") == [registered, "Somebody is logged in."]
    own = [registered, "Logged in: al.", "Address of mail: al@example.org.", "Certificates: 0."]
    assert world.told("al", "INFO") == own
    assert world.told("bo", "INFO") == ["Nobody has registered bo."]
    world.operator()
    assert world.told("root", "INFO al") == own
    world.quit("al")
    assert world.told("bo", "INFO al")[1:] == ["Nobody is logged in."]
    assert world.told("root", "INFO al")[1] == "Logged in: nobody."


def test_standing(world: Registered) -> None:
    assert world.told("bo", "ACC al") == ["al ACC 3"]
    assert world.told("bo", "STATUS") == ["STATUS bo 0"]
    world.step(world.add("cy"))
    assert world.told("bo", "ACC cy") == ["cy ACC 0"]
    world.told("al", "LOGOUT")
    assert world.told("bo", "STATUS al") == ["STATUS al 0"]


# --- Operators


def test_only_operators_suspend(world: Registered) -> None:
    for said in ("SUSPEND al", "UNSUSPEND al", f"RESETPASS al {OTHER}"):
        name = said.split()[0]
        assert world.told("al", said) == [f"{name} is for operators of this server."]
        assert world.told("al", f"HELP {name}") != []
    assert not [line for line in world.told("al", "HELP") if "SUSPEND" in line]
    world.operator()
    assert len([line for line in world.told("root", "HELP") if "SUSPEND" in line]) == 2


def test_an_account_is_suspended(world: Registered) -> None:
    world.operator()
    assert world.told("root", "SUSPEND nobody") == ["Nobody has registered nobody."]
    found = world.send("root", "NS SUSPEND al selling things")
    assert found["root"] == [f"{NOTICE} root :al is suspended."]
    assert codes(found["al"]) == ["NOTICE", "901", "MODE", "NICK", "NOTICE"]
    assert found["al"][0].endswith(":Your account al is suspended: selling things")
    assert world.account("al") == ""
    assert world.told("al", f"IDENTIFY al {RIGHT}") == ["al is suspended (selling things)."]
    assert world.told("al", f"IDENTIFY al {OTHER}") == ["Account or password is wrong."]
    assert codes(world.ask("bo", "NICK al")) == ["433"]
    assert world.told("bo", "INFO al")[1] == "It is suspended."
    assert world.told("root", "INFO al")[1] == (
        "It was suspended by root, 2023-11-14 22:13:20 UTC: selling things"
    )
    assert world.told("root", "UNSUSPEND al") == ["al is not suspended any more."]
    assert world.told("root", "UNSUSPEND al") == ["al is not suspended."]
    assert world.told("al", f"IDENTIFY al {RIGHT}") == ["You are logged in as al."]


def test_what_is_stored_is_done_even_if_the_operator_has_left(world: Registered) -> None:
    world.operator()
    world.slow = True
    world.send("root", "NS SUSPEND al")
    (storing,) = [one for one in world.requests if one.user == world.ids["root"]]
    world.quit("root")
    assert world.account("al") == "al"
    world.step(world.done(storing))
    assert world.account("al") == ""
    assert kept(world).suspended is not None


def test_a_password_is_reset(world: Registered) -> None:
    world.operator()
    assert world.told("root", f"RESETPASS al {OTHER}") == ["al has another password now."]
    assert world.account("al") == ""
    assert world.has(OTHER)
    assert world.told("al", f"IDENTIFY al {RIGHT}") == ["Account or password is wrong."]
    assert world.told("al", f"IDENTIFY al {OTHER}") == ["You are logged in as al."]


# --- What others see


def test_a_password_is_reset_to_what_was_said_exactly(world: Registered) -> None:
    world.operator()
    assert world.told("root", "RESETPASS al two  words ") == ["al has another password now."]
    assert world.has("two  words ")


def test_the_account_is_shown_wherever_accounts_are(world: Registered) -> None:
    assert f":{SERVER} 330 bo al al :is logged in as" in world.ask("bo", "WHOIS al")
    assert world.ask("bo", "WHO #a %na")[:2] == [
        f":{SERVER} 354 bo al :al",
        f":{SERVER} 354 bo bo :0",
    ]
    world.irc("cy", caps="extended-join account-notify account-tag", rooms="#a")
    world.quit("al")
    world.irc("x", rooms="#b")
    assert world.send("bo", f"NS IDENTIFY al {RIGHT}")["cy"] == [
        f"{prefix('bo')} ACCOUNT al",
        f"@account=al {prefix('bo')} NICK :al",
    ]
    as_al = ":al!~bo@10.0.0.1"
    assert world.send("bo", "PRIVMSG #a :hi")["cy"] == [f"@account=al {as_al} PRIVMSG #a :hi"]
    world.send("bo", "PART #a")
    assert world.send("bo", "JOIN #a")["cy"] == [f"@account=al {as_al} JOIN #a al :Real bo"]
    world.ask("cy", "JOIN #b")
    assert world.send("bo", "JOIN #b")["x"] == [f"{as_al} JOIN #b"]


def test_who_watches_a_nickname_is_told_of_its_account() -> None:
    world = Registered()
    world.quit("al")
    world.irc("di", caps="account-notify extended-monitor")
    world.ask("di", "MONITOR + al,bo")
    assert world.send("bo", f"NS IDENTIFY al {RIGHT}")["di"] == [
        f"{prefix('bo')} ACCOUNT al",
        f":{SERVER} 731 * :bo",
        f":{SERVER} 730 * :al!~bo@10.0.0.1",
    ]


def test_modes_and_masks_decide_by_the_account(world: Registered) -> None:
    world.ask("al", "JOIN #r", "MODE #r +R", "JOIN #m", "MODE #m +Mb ~a:bo", "MODE al +R")
    assert codes(world.ask("bo", "JOIN #r")) == ["477"]
    assert codes(world.ask("bo", "PRIVMSG al :hi")) == ["477"]
    assert codes(world.ask("bo", "JOIN #m", "PRIVMSG #m :hi"))[-1] == "404"
    world.ask("bo", f"NS REGISTER {RIGHT}")
    assert "366" in codes(world.ask("bo", "JOIN #r"))
    assert world.ask("bo", "PRIVMSG al :hi") == []
    # The ban is on the account.
    assert codes(world.ask("bo", "PRIVMSG #m :hi")) == ["404"]
    world.ask("al", "MODE #m -b ~a:bo")
    assert world.ask("bo", "PRIVMSG #m :hi") == []


def test_a_registered_nickname_is_refused_with_the_reason(world: Registered) -> None:
    world.quit("al")
    reason = "Nickname belongs to an account: log in to it first"
    assert world.ask("bo", "NICK AL") == [f":{SERVER} 433 bo AL :{reason}"]
    world.step(world.add("cy"))
    assert world.ask("cy", "NICK al", "USER cy 0 * :Cy") == [f":{SERVER} 433 * al :{reason}"]

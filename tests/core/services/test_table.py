"""How services are reached, how they answer, and what is checked by their tables."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core.handlers import services
from trio_chat.core.services import table
from trio_chat.core.services.table import CHANSERV, NICKSERV, SERVICES
from trio_chat.core.settings import AccountPolicy, Operator, Settings
from trio_chat.wire.text import WIDTH

SETTINGS = Settings(
    name=SERVER, accounts=AccountPolicy(), operators=(Operator(name="root", password="hash"),)
)
NOTICE = f":NickServ!NickServ@services.{SERVER} NOTICE al :"


@pytest.fixture
def world() -> World:
    world = World(SETTINGS)
    world.irc("al")
    return world


@pytest.mark.parametrize(
    "line",
    [
        "PRIVMSG NickServ :NONSENSE",
        "PRIVMSG nickserv :  nonsense please",
        f"PRIVMSG NickServ@{SERVER} :NONSENSE",
        f"PRIVMSG nickserv@services.{SERVER.upper()} :NONSENSE",
        "NICKSERV NONSENSE",
        "NS nonsense",
        "ns :NONSENSE and more",
    ],
)
def test_ways_to_a_service(world: World, line: str) -> None:
    assert world.ask("al", line) == [f"{NOTICE}There is no such command. HELP says what there is."]


@pytest.mark.parametrize("target", ["NickServ@elsewhere", "NickServ@", "Nick", "NіckServ"])
def test_what_is_no_service(world: World, target: str) -> None:
    assert codes(world.ask("al", f"PRIVMSG {target} :HELP")) == ["401"]


def test_the_other_service_is_reached_alike(world: World) -> None:
    for line in ("CS", "CHANSERV", "PRIVMSG ChanServ :HELP"):
        first = world.ask("al", line)[0]
        assert first == (
            f":ChanServ!ChanServ@services.{SERVER} NOTICE al :ChanServ is there for "
            f"{CHANSERV.purpose}."
        )


def test_people_reach_it_and_are_answered_in_sentences(world: World) -> None:
    world.person("bo")
    sentence = "There is no such command. /ns HELP says what there is."
    for typed in ("/ns NONSENSE", "/msg nickserv NONSENSE", "/msg NickServ@irc.test NONSENSE x"):
        assert world.ask("bo", typed) == [sentence]
    # However long it is: it is one thing that they say.
    assert world.ask("bo", f"/msg nickserv NONSENSE {'x ' * 1000}") == [sentence]
    for typed in ("/ns", "/ns help", "/msg nickserv"):
        assert world.ask("bo", typed)[0] == f"NickServ is there for {NICKSERV.purpose}."
    assert world.ask("bo", "/cs")[0] == f"ChanServ is there for {CHANSERV.purpose}."
    assert world.ask("bo", "/ns help register") == [
        "/ns REGISTER <password> [<email>]: make an account of the nickname that you",
        "  have, so that nobody else can take it",
    ]


def test_every_service_says_what_each_of_its_commands_does(world: World) -> None:
    for service in SERVICES:
        listed = world.ask("al", f"{service.alias} HELP")
        for one in service.rows.values():
            shown = f"{one.name} " in "\n".join(listed)
            assert shown != one.operator
            lines = world.ask("al", f"{service.alias} HELP {one.name.lower()}")
            said = [line.partition(" NOTICE al :")[2] for line in lines]
            assert " ".join(map(str.strip, said)) == f"{one.usage}: {one.help}"
            assert max(map(len, said)) <= WIDTH
        assert max(len(line.partition(" NOTICE al :")[2]) for line in listed) <= WIDTH
        assert world.ask("al", f"{service.alias} HELP nonsense")[0].endswith(
            ":There is no such command."
        )


def test_a_row_is_checked(world: World) -> None:
    assert world.ask("al", "NS REGISTER") == [f"{NOTICE}It is REGISTER <password> [<email>]"]
    assert world.ask("al", "NS VERIFY a b c") == [f"{NOTICE}It is VERIFY <account> <code>"]
    assert world.ask("al", "NS LOGOUT") == [
        f"{NOTICE}LOGOUT needs an account: log in to yours (/msg NickServ IDENTIFY)."
    ]


def test_where_nobody_can_have_an_account() -> None:
    world = World(Settings(name=SERVER))
    world.irc("al")
    assert world.ask("al", "NS REGISTER secret-word") == [f"{NOTICE}This server keeps no accounts."]
    assert world.ask("al", "NS HELP")[0] == f"{NOTICE}NickServ is there for {NICKSERV.purpose}."
    # And nobody is it.
    assert codes(world.ask("al", "NICK NickServ")) == ["432"]


def test_an_answer_fits_into_lines(world: World) -> None:
    user = world.core.state.users[world.ids["al"]]
    text = "every word of it " * 60
    table.tell(world.core.context, user, NICKSERV, text.strip())
    lines = world.step()["al"]
    assert len(lines) == 3
    assert " ".join(line.removeprefix(NOTICE) for line in lines) == text.strip()
    assert all(len(line.encode()) <= 510 for line in lines)


def test_an_answer_is_told_from_a_users() -> None:
    world = World(SETTINGS)
    world.irc("al", caps="message-tags")
    assert world.ask("al", "NS NONSENSE")[0].startswith(f"@bot {NOTICE[:-1]}")
    # Nobody can look like that: user names of users have a "~".
    assert "~" not in NICKSERV.prefix(SERVER)
    user = world.core.state.users[world.ids["al"]]
    assert user.username.startswith("~")


def test_an_answer_has_the_label(world: World) -> None:
    world.irc("bo", caps="labeled-response batch")
    answer = world.ask("bo", "@label=1 PRIVMSG NickServ :NONSENSE")
    assert answer[0].startswith("@label=1 :NickServ!")
    lines = world.ask("bo", "@label=2 NS HELP")
    assert lines[0].startswith("@label=2 ")
    assert codes(lines)[0] == codes(lines)[-1] == "BATCH"


def test_a_long_answer_goes_out_in_pages() -> None:
    world = World(SETTINGS, page=2)
    world.irc("al")
    world.slow = True
    assert len(world.ask("al", "NS HELP", "PING after")) == 2
    world.slow = False
    lines = world.step()["al"]
    assert codes(lines[-1:]) == ["PONG"]
    assert len(lines) > 3


@pytest.mark.parametrize(
    ("said", "echoed"),
    [
        ("HELP  me ", "HELP  me "),
        ("register hunter22", "register ***"),
        ("REGISTER hunter22 al@example.org", "REGISTER ***"),
        ("hunter22", "***"),
        ("REGISTR hunter22", "***"),
        ("  REGISTER  hunter22", "REGISTER ***"),
    ],
)
def test_no_password_comes_back(world: World, said: str, echoed: str) -> None:
    world.irc("bo", caps="echo-message")
    lines = world.ask("bo", f"PRIVMSG nickserv :{said}")
    assert lines[0].endswith(f" PRIVMSG NickServ :{echoed}")
    assert codes(lines[1:]).count("PRIVMSG") == 0
    assert "hunter22" not in "\n".join(lines)


def test_nothing_that_is_said_to_it_is_stored(world: World) -> None:
    world.core.context.settings = msgspec.structs.replace(SETTINGS, history=True)
    world.irc("bo", caps="echo-message message-tags")
    before = world.core.context.number
    for line in (
        "PRIVMSG NickServ :IDENTIFY hunter22",
        "NOTICE NickServ :hunter22",
        "@+typing=active TAGMSG NickServ",
        "@+draft/react=x TAGMSG NickServ",
        "PRIVMSG NickServ :\x01VERSION\x01",
    ):
        world.send("bo", line)
        assert world.last is not None
        assert world.last.records == []
    assert world.core.context.number > before


def test_tags_and_requests_of_programs_are_not_answered(world: World) -> None:
    world.irc("bo", caps="echo-message message-tags")
    assert world.ask("bo", "@+typing=active TAGMSG NickServ") == []
    assert world.ask("bo", "PRIVMSG NickServ :\x01VERSION\x01") == []


def test_a_notice_is_neither_carried_out_nor_answered(world: World) -> None:
    for line in ("NONSENSE", "REGISTER hunter22", "HELP"):
        assert world.ask("al", f"NOTICE NickServ :{line}") == []
    world.irc("bo", caps="batch draft/multiline message-tags echo-message labeled-response")
    (echo,) = world.ask("bo", "@label=1 NOTICE nickserv :REGISTER hunter22")
    assert echo.startswith("@label=1")
    assert echo.endswith(" NOTICE NickServ :REGISTER ***")
    (echo,) = world.ask(
        "bo",
        "BATCH +1 draft/multiline NickServ",
        "@batch=1 NOTICE NickServ :REGISTER hunter22",
        "@batch=1 NOTICE NickServ :more",
        "BATCH -1",
    )
    assert echo.endswith(" NOTICE NickServ :***")
    assert list(world.core.context.accounts) == []


def test_several_lines_are_not_heard(world: World) -> None:
    world.irc("bo", caps="batch draft/multiline message-tags echo-message")
    lines = world.ask(
        "bo",
        "BATCH +1 draft/multiline NickServ",
        "@batch=1 PRIVMSG NickServ :REGISTER hunter22",
        "@batch=1 PRIVMSG NickServ :more",
        "BATCH -1",
    )
    assert [line.rpartition(" :")[2] for line in lines] == [
        "***",
        "That was several lines: say one thing at a time.",
    ]
    assert world.core.context.accounts.get("bo") is None
    lines = world.ask(
        "bo",
        "BATCH +2 draft/multiline NickServ",
        "@batch=2 PRIVMSG NickServ :REGISTER hunter22",
        "BATCH -2",
    )
    assert world.core.context.accounts.get("bo") is not None


# --- Names


@pytest.mark.parametrize("nickname", ["NickServ", "chanserv", "NICKSERV", "OperServ", "memoserv"])
def test_nobody_else_has_its_name(world: World, nickname: str) -> None:
    assert world.ask("al", f"NICK {nickname}") == [
        f":{SERVER} 432 al {nickname} :Nickname is that of a service"
    ]
    world.step(world.add("bo"))
    assert codes(world.ask("bo", "USER bo 0 * :Bo", f"NICK {nickname}")) == ["432"]
    world.step(world.add("cy", plain=True))
    assert world.ask("cy", nickname) == [
        f"Nobody can be called {nickname}: that is a service. Type another nickname:"
    ]
    world.person("di")
    assert world.ask("di", f"/nick {nickname}") == [
        f"Nobody can be called {nickname}: that is a service."
    ]


def test_nobody_has_a_name_that_looks_like_it() -> None:
    assert not table.is_reserved("nickserve")
    assert not table.is_reserved("Zoë")
    # As far as names of one script can look like it: full width becomes ASCII before that.
    assert table.is_reserved("NickSerν")


# --- How it is seen


def test_whois(world: World) -> None:
    assert world.ask("al", "WHOIS nickserv") == [
        f":{SERVER} 311 al NickServ NickServ services.{SERVER} * :For {NICKSERV.purpose}",
        f":{SERVER} 312 al NickServ {SERVER} :trio_chat",
        f":{SERVER} 313 al NickServ :is a network service",
        f":{SERVER} 335 al NickServ :is a bot",
        f":{SERVER} 318 al nickserv :End of WHOIS list",
    ]
    world.person("bo")
    assert world.ask("bo", "/whois chanserv") == [
        f"ChanServ is ChanServ@services.{SERVER} (For {CHANSERV.purpose})",
        "ChanServ is a service of this server.",
        "ChanServ is a bot.",
    ]


def test_who(world: World) -> None:
    assert world.ask("al", "WHO NickServ") == [
        f":{SERVER} 352 al * NickServ services.{SERVER} {SERVER} NickServ HB "
        f":0 For {NICKSERV.purpose}",
        f":{SERVER} 315 al NickServ :End of WHO list",
    ]
    assert world.ask("al", "WHO nickserv %tcuihsnfdlaor,7")[0] == (
        f":{SERVER} 354 al 7 * NickServ 255.255.255.255 services.{SERVER} {SERVER} NickServ HB "
        f"0 0 0 n/a :For {NICKSERV.purpose}"
    )
    # A mask finds users, and no service is an operator.
    for asked in ("WHO *", "WHO Nick*", "WHO NickServ o"):
        assert not [line for line in world.ask("al", asked) if "services." in line]


def test_it_is_always_here(world: World) -> None:
    prefix = f"NickServ!NickServ@services.{SERVER}"
    assert world.ask("al", "ISON nickserv nobody CHANSERV") == [
        f":{SERVER} 303 al :NickServ ChanServ"
    ]
    assert world.ask("al", "USERHOST nickserv") == [
        f":{SERVER} 302 al :NickServ=+NickServ@services.{SERVER}"
    ]
    assert world.ask("al", "MONITOR + nickserv") == [f":{SERVER} 730 al :{prefix}"]
    assert world.ask("al", "MONITOR S") == [f":{SERVER} 730 al :{prefix}"]


def test_what_can_not_be_done_to_it(world: World) -> None:
    world.ask("al", "JOIN #a")
    assert world.ask("al", "INVITE nickserv #a") == [
        f":{SERVER} 400 al INVITE :NickServ is a service: it is in no channel"
    ]
    assert world.ask("al", "KICK #a NickServ") == [
        f":{SERVER} 441 al NickServ #a :They aren't on that channel"
    ]
    assert world.ask("al", "MODE #a +o nickserv") == [
        f":{SERVER} 441 al NickServ #a :They aren't on that channel"
    ]
    assert codes(world.ask("al", "MODE nickserv +i")) == ["502"]
    world.send("al", "OPER root secret")
    world.complete(True)
    assert codes(world.ask("al", "KILL nickserv :be gone")) == ["483"]


def test_flags_are_those_of_a_bot() -> None:
    assert services.flags() == "HB"

"""WHO, WHOIS, USERHOST, ISON, and questions about the server; OPER and KILL."""

from __future__ import annotations

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core import commands
from trio_chat.core.inputs import Completed, Reconfigured
from trio_chat.core.modes import OPERATOR
from trio_chat.core.requests import TakeStock
from trio_chat.core.settings import Limits, Operator, Settings


def test_who() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    world.ask("bo", "AWAY :x")
    assert world.ask("al", "WHO #a") == [
        f":{SERVER} 352 al #a ~al 10.0.0.1 {SERVER} al H@ :0 Real al",
        f":{SERVER} 352 al #a ~bo 10.0.0.1 {SERVER} bo G :0 Real bo",
        f":{SERVER} 315 al #a :End of WHO list",
    ]
    assert codes(world.ask("al", "WHO bo", "WHO b*", "WHO *nobody*", "WHO #none")) == [
        *["352", "315", "352", "315"],
        *["315", "315"],
    ]
    assert codes(world.ask("al", "WHO")) == ["352", "352", "315"]
    assert codes(world.ask("al", "WHO * o")) == ["315"]


def test_whois() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.now += 30
    assert world.ask("al", "WHOIS AL") == [
        f":{SERVER} 311 al al ~al 10.0.0.1 * :Real al",
        f":{SERVER} 319 al al :@#a @#b",
        f":{SERVER} 312 al al {SERVER} :trio_chat",
        f":{SERVER} 317 al al 30 {int(START)} :seconds idle, signon time",
        f":{SERVER} 318 al AL :End of WHOIS list",
    ]
    assert codes(world.ask("al", f"WHOIS {SERVER} al", "WHOIS nobody", "WHOIS")) == [
        *["311", "319", "312", "317", "318"],
        *["401", "318"],
        "431",
    ]


def test_a_server_says_what_it_is() -> None:
    world = World(Settings(name=SERVER, network="Net", description="A chat"))
    world.irc("al")
    said = world.ask("al", "WHOIS al", "LINKS")
    assert f":{SERVER} 312 al al {SERVER} :A chat" in said
    assert f":{SERVER} 364 al {SERVER} {SERVER} :0 A chat" in said


def test_whois_with_many_channels_fits_into_lines() -> None:
    world = World()
    world.irc("al")
    for number in range(12):
        world.ask("al", f"JOIN #{'x' * 50}{number}")
    lines = world.ask("al", "WHOIS al")
    assert codes(lines).count("319") > 1
    assert all(len(line.encode()) <= 510 for line in lines)


def test_userhost_and_ison() -> None:
    world = World()
    world.irc("al")
    world.irc("bo")
    world.ask("bo", "AWAY :x")
    assert world.ask("al", "USERHOST al nobody bo") == [
        f":{SERVER} 302 al :al=+~al@10.0.0.1 bo=-~bo@10.0.0.1"
    ]
    assert world.ask("al", "ISON bo nobody", "ISON :AL BO") == [
        f":{SERVER} 303 al :bo",
        f":{SERVER} 303 al :al bo",
    ]


def test_lusers_stays_right() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo")
    world.ask("bo", "MODE bo +i")
    world.step(world.add("new"))
    lines = world.ask("al", "LUSERS")
    assert lines[0] == f":{SERVER} 251 al :There are 1 users and 1 invisible on 1 server"
    assert f":{SERVER} 253 al 1 :unknown connection(s)" in lines
    assert f":{SERVER} 254 al 1 :channels formed" in lines
    world.quit("bo")
    world.quit("new")
    lines = world.ask("al", "LUSERS")
    assert lines[0] == f":{SERVER} 251 al :There are 1 users and 0 invisible on 1 server"
    assert f":{SERVER} 265 al 1 2 :Current local users 1, max 2" in lines


def test_questions_about_the_server() -> None:
    world = World(Settings(name=SERVER, motd=("Hello", "and welcome"), network="Our Net"))
    welcome = world.irc("al")
    assert welcome[-4:] == [
        f":{SERVER} 375 al :- {SERVER} Message of the day - ",
        f":{SERVER} 372 al :- Hello",
        f":{SERVER} 372 al :- and welcome",
        f":{SERVER} 376 al :End of MOTD command",
    ]
    assert "NETWORK=Our\\x20Net" in " ".join(welcome)
    assert codes(world.ask("al", "VERSION", "ISUPPORT")) == ["351", *["005"] * 6]
    assert codes(world.ask("al", f"MOTD {SERVER}", "MOTD elsewhere", "VERSION x")) == [
        *["375", "372", "372", "376"],
        *["402", "402"],
    ]
    assert world.ask("al", "TIME") == [f":{SERVER} 391 al {SERVER} :2023-11-14 22:13:20 UTC"]


def test_what_the_server_is_and_how_long() -> None:
    world = World()
    world.irc("al")
    world.now += 2 * 86_400 + 3 * 3600 + 65
    assert codes(world.ask("al", "INFO", "INFO elsewhere")) == ["371", "371", "374", "402"]
    assert world.ask("al", "LINKS") == [
        f":{SERVER} 364 al {SERVER} {SERVER} :0 trio_chat",
        f":{SERVER} 365 al * :End of LINKS list",
    ]
    assert world.ask("al", "STATS u", "STATS x", "STATS") == [
        f":{SERVER} 242 al :Server Up 2 days 3:01:05",
        f":{SERVER} 219 al u :End of STATS report",
        f":{SERVER} 219 al x :End of STATS report",
        f":{SERVER} 461 al STATS :Not enough parameters",
    ]


def test_every_command_has_help() -> None:
    world = World()
    world.irc("al")
    lines = world.ask("al", "HELP")
    assert codes(lines)[0] == "704"
    assert codes(lines)[-1] == "706"
    named = {word for line in lines for word in line.split(":")[-1].split()}
    for row in commands.TABLE.values():
        assert row.operator or row.name in named
        answer = world.ask("al", f"HELP {row.name.lower()}")
        assert codes(answer) == ["704", "705", "705", "706"]
        assert answer[2] == f":{SERVER} 705 al {row.name} :{row.usage}"
    assert codes(world.ask("al", "HELP nonsense")) == ["524"]


OPERATORS = Settings(name=SERVER, operators=(Operator(name="root", password="$argon2id$r"),))


def test_oper_and_kill() -> None:
    world = World(OPERATORS)
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    assert codes(world.ask("al", "OPER nobody x", "KILL bo :x")) == ["464", "481"]
    # What is said after OPER waits until the password is checked.
    assert world.ask("al", "OPER root wrong", "PING 1") == []
    assert codes(world.complete(False)["al"]) == ["464", "PONG"]
    world.ask("al", "OPER root right")
    assert world.complete(True)["al"] == [
        f":{SERVER} 381 al :You are now an IRC operator",
        f"{prefix('al')} MODE al +o",
    ]
    assert "313" in codes(world.ask("bo", "WHOIS al"))
    assert world.ask("bo", "USERHOST al") == [f":{SERVER} 302 bo :al*=+~al@10.0.0.1"]
    assert codes(world.ask("al", "KILL nobody :x")) == ["401"]
    found = world.send("al", "KILL bo :spam")
    assert found["bo"] == [
        f"{prefix('al')} KILL bo :al (spam)",
        "ERROR :Closing link (Killed by al: spam)",
    ]
    assert found["al"] == [f"{prefix('bo')} QUIT :Killed by al: spam"]
    assert world.core.state.operators == 1
    world.ask("al", "MODE al -o")
    assert world.core.state.operators == 0


def test_a_labelled_oper_is_answered_with_its_label() -> None:
    world = World(OPERATORS)
    world.irc("al", caps="labeled-response batch")
    world.ask("al", "@label=o OPER root x", "@label=p PING 1")
    lines = world.complete(True)["al"]
    assert codes(lines) == ["BATCH", "381", "MODE", "BATCH", "PONG"]
    assert lines[0].startswith("@label=o ")
    assert lines[-1].startswith("@label=p ")


def test_a_new_configuration_takes_effect() -> None:
    world = World()
    world.irc("al", rooms="#lobby")
    world.step(Reconfigured(settings=Settings(name=SERVER, lobby="#hall", motd=("new",))))
    assert codes(world.ask("al", "MOTD")) == ["375", "372", "376"]
    # The old lobby is a room like any other now; the new one is there before anybody joins.
    world.ask("al", "PART #lobby")
    assert world.core.state.channel_named("#lobby") is None
    lines = world.ask("al", "JOIN #hall")
    assert f":{SERVER} 353 al = #hall :al" in lines


def test_three_wrong_passwords_for_oper_end_the_connection() -> None:
    world = World(OPERATORS)
    world.irc("al")
    for _ in range(3):
        world.ask("al", "OPER root wrong")
        answer = world.complete(False)["al"]
    assert answer[-1] == "ERROR :Closing link (Too many wrong passwords)"


def test_whowas() -> None:
    world = World(Settings(name=SERVER, limits=Limits(whowas=3)))
    world.irc("al")
    world.irc("bo")
    assert codes(world.ask("bo", "WHOWAS al", "WHOWAS")) == ["406", "369", "431"]
    world.now += 60
    world.ask("al", "NICK al2", "NICK al", "QUIT")
    assert world.ask("bo", "WHOWAS AL 1") == [
        f":{SERVER} 314 bo al ~al 10.0.0.1 * :Real al",
        f":{SERVER} 312 bo al {SERVER} :2023-11-14 22:14:20 UTC",
        f":{SERVER} 369 bo AL :End of WHOWAS",
    ]
    assert codes(world.ask("bo", "WHOWAS al", "WHOWAS al 0", "WHOWAS al -1")) == [
        *["314", "312", "314", "312", "369"] * 3
    ]
    # Three are remembered, the latest; whoever never registered had no name.
    world.step(world.add("cy"), world.lines("cy", "NICK cy"))
    world.quit("cy")
    assert codes(world.ask("bo", "WHOWAS cy")) == ["406", "369"]
    world.ask("bo", "NICK bo2")
    assert codes(world.ask("bo", "WHOWAS al")) == ["314", "312", "369"]


def test_what_the_server_does_is_shown_to_operators_line_by_line() -> None:
    world = World(page=2)
    world.irc("al")
    assert world.ask("al", "STATS t") == [
        f":{SERVER} 481 al :Permission Denied- You're not an IRC operator",
        f":{SERVER} 219 al t :End of STATS report",
    ]
    assert world.requests == []
    world.core.state.users[world.ids["al"]].modes |= OPERATOR
    assert world.ask("al", "STATS t", "PING x") == []
    (asked,) = world.requests
    assert isinstance(asked, TakeStock)
    world.requests.clear()
    long = "a: " + "é" * 400
    lines = world.step(
        Completed(request=asked.id, result=True, answer=("time: 12", "messages: 3", long))
    )["al"]
    assert lines[:2] == [f":{SERVER} 249 al :time: 12", f":{SERVER} 249 al :messages: 3"]
    assert lines[2].startswith(f":{SERVER} 249 al :a: ééé")
    # The next line waits for the answer, and comes behind all pages of it.
    assert lines[3:] == [
        f":{SERVER} 219 al t :End of STATS report",
        f":{SERVER} PONG {SERVER} x",
    ]


def test_what_can_not_be_looked_at_is_said() -> None:
    world = World()
    world.irc("al")
    world.core.state.users[world.ids["al"]].modes |= OPERATOR
    world.ask("al", "STATS T")
    request = world.requests.pop().id
    answer = Completed(request=request, result=False, detail="Internal error")
    assert world.step(answer)["al"] == [
        f":{SERVER} 249 al :Internal error",
        f":{SERVER} 219 al T :End of STATS report",
    ]

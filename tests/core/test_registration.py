"""Connection registration, and the deadlines of a connection."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.inputs import Disconnected, Elapsed
from trio_chat.core.settings import Settings

WELCOME = [
    "001",
    "002",
    "003",
    "004",
    "005",
    "005",
    "005",
    "251",
    "252",
    "254",
    "255",
    "265",
    "266",
]


def test_a_minimal_client_is_welcomed() -> None:
    world = World()
    lines = world.irc("al")
    assert codes(lines) == [*WELCOME, "422"]
    assert lines[0] == f":{SERVER} 001 al :Welcome to the trio_chat Network, al!~al@10.0.0.1"
    assert lines[3].startswith(f":{SERVER} 004 al {SERVER} trio_chat-1.2.3 BRZiorw ")
    assert "CASEMAPPING=ascii" in lines[4]


@pytest.mark.parametrize(
    "lines",
    [
        ["USER al 0 * :x", "NICK al"],
        ["NICK al", "USER al 0 * :x"],
        ["CAP LS 302", "NICK al", "USER al 0 * :x", "CAP END"],
        ["CAP LS", "CAP REQ :batch", "USER al 0 * :x", "CAP END", "NICK al"],
        ["NICK bo", "NICK al", "USER al 0 * :x"],
        ["PASS secret", "NICK al", "USER al 0 * :x"],
        ["JOIN #early", "NICK al", "USER al 0 * :x"],
    ],
)
def test_any_order_leads_to_the_same_user(lines: list[str]) -> None:
    world = World()
    answer = world.step(world.add("u"), world.lines("u", *lines))["u"]
    assert "001" in codes(answer)
    assert world.core.state.user_named("AL") is not None
    assert world.core.state.registered == 1


def test_a_first_packet_with_everything_in_it() -> None:
    world = World()
    world.irc("bo", rooms="#lobby")
    found = world.step(
        world.add("al"),
        world.lines("al", "NICK al", "USER al 0 * :x", "JOIN #lobby", "PRIVMSG #lobby :hi"),
    )
    assert found["bo"] == [f"{prefix('al')} JOIN #lobby", f"{prefix('al')} PRIVMSG #lobby :hi"]
    assert codes(found["al"]) == [*WELCOME, "422", "JOIN", "353", "366"]


def test_cap_negotiation_holds_registration() -> None:
    world = World()
    answer = world.step(
        world.add("al"), world.lines("al", "CAP LS 302", "NICK al", "USER al 0 * :x")
    )["al"]
    assert set(codes(answer)) == {"CAP"}
    assert "001" in codes(world.ask("al", "CAP END"))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("NICK", "431 * :No nickname given"),
        ("NICK :", "431 * :No nickname given"),
        ("NICK 1al", "432 * 1al :Erroneous nickname"),
        ("NICK a!b", "432 * a!b :Erroneous nickname"),
        ("NICK #al", "432 * #al :Erroneous nickname"),
        ("NICK :a b", "432 * a_b :Erroneous nickname"),
        ("NICK " + "a" * 33, "432 * " + "a" * 33 + " :Erroneous nickname"),
        ("NICK TAKEN", "433 * TAKEN :Nickname is already in use"),
        ("USER a", "461 * USER :Not enough parameters"),
        ("USER :  x y", "461 * USER :Not enough parameters"),
        ("USER a 0 * :", "461 * USER :Not enough parameters"),
        ("USER a 0 * : ", "461 * USER :Not enough parameters"),
        ("JOIN #a", "451 * :You have not registered"),
        ("NONSENSE", "451 * :You have not registered"),
        ("PING", "409 * :No origin specified"),
        ("PING x", "PONG irc.test x"),
        ("CAP NONSENSE", "410 * NONSENSE :Invalid CAP command"),
        ("PASS", "461 * PASS :Not enough parameters"),
    ],
)
def test_what_goes_wrong_is_answered_and_can_be_put_right(line: str, reply: str) -> None:
    world = World()
    world.irc("taken")
    answer = world.step(world.add("al"), world.lines("al", line))["al"]
    assert answer == [f":{SERVER} {reply}"]
    assert "001" in codes(world.ask("al", "NICK al", "USER al 0 * :x", "CAP END"))


def test_an_empty_username_is_refused() -> None:
    world = World()
    answer = world.step(world.add("al"), world.lines("al", "NICK al", "USER a 0 *"))["al"]
    assert codes(answer) == ["461"]


def test_who_is_registered_can_not_register_again() -> None:
    world = World()
    world.irc("al")
    assert codes(world.ask("al", "USER x 0 * :y", "PASS x")) == ["462", "462"]


def test_unicode_nicknames_in_their_normal_form() -> None:
    world = World()
    decomposed = "Rene\u0301"
    answer = world.step(world.add("u"), world.lines("u", f"NICK {decomposed}", "USER r 0 * :x"))
    assert answer["u"][0].startswith(f":{SERVER} 001 Ren\u00e9 ")


def test_a_nickname_is_free_again_when_its_holder_goes_before_registering() -> None:
    world = World()
    world.step(world.add("a"), world.lines("a", "NICK al"))
    world.quit("a")
    assert "001" in codes(world.irc("al"))


def test_the_servers_password() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    assert world.step(world.add("al"), world.lines("al", "NICK al", "USER al 0 * :x"))["al"] == [
        f":{SERVER} 464 al :Password incorrect"
    ]
    # The line after PASS waits for the answer, and is answered after it.
    assert world.ask("al", "PASS wrong", "PING 1") == []
    assert [(r.hash, r.password) for r in world.passwords] == [("$argon2id$x", "wrong")]
    assert world.core.waits(world.ids["al"])
    assert codes(world.complete(False)["al"]) == ["464", "PONG"]
    assert world.ask("al", "PASS right") == []
    assert "001" in codes(world.complete(True)["al"])
    assert not world.core.waits(world.ids["al"])


def test_three_wrong_passwords_end_the_connection() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    world.step(world.add("al"), world.lines("al", "NICK al", "USER al 0 * :x"))
    for _ in range(3):
        world.ask("al", "PASS wrong")
        answer = world.complete(False)["al"]
    assert answer[-1] == "ERROR :Closing link (Too many wrong passwords)"
    assert world.closed == {"al"}


def test_an_answer_for_somebody_who_has_left_is_nobodys() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    world.step(world.add("al"), world.lines("al", "PASS p", "NICK al", "USER al 0 * :x", "JOIN #a"))
    world.quit("al")
    assert world.complete(True) == {}
    assert world.core.state.channel_named("#a") is None


def test_quit_tells_the_others_and_the_one() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo", rooms="#a,#b")
    found = world.send("al", "QUIT :see you")
    assert found["bo"] == [f"{prefix('al')} QUIT :Quit: see you"]
    assert found["al"] == ["ERROR :Closing link (Quit: see you)"]
    assert world.closed == {"al"}
    assert world.core.state.user_named("al") is None
    # The transport's own report comes later, and says nothing new.
    assert world.step(Disconnected(user=world.ids["al"], reason="x")) == {}


def test_a_lost_connection_is_a_quit_with_its_reason() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    assert world.quit("al", "SendQ exceeded")["bo"] == [f"{prefix('al')} QUIT :SendQ exceeded"]


def hang_up(world: World, name: str) -> dict[str, list[str]]:
    return world.step(Disconnected(user=world.ids[name], reason="Connection closed", orderly=True))


def test_a_client_that_hangs_up_and_listens_is_told_that_it_is_over() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    assert hang_up(world, "al") == {
        "al": ["ERROR :Closing link (Connection closed)"],
        "bo": [f"{prefix('al')} QUIT :Connection closed"],
    }
    assert world.closed == {"al"}
    world.step(world.add("new"))
    assert hang_up(world, "new") == {"new": ["ERROR :Closing link (Connection closed)"]}


def test_a_client_that_hangs_up_is_answered_first() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    world.step(world.add("al"), world.lines("al", "PASS p", "NICK al", "USER al 0 * :x", "PING x"))
    assert hang_up(world, "al") == {}
    lines = world.complete(True)["al"]
    assert lines[0].startswith(f":{SERVER} 001 al ")
    assert lines[-2:] == [
        f":{SERVER} PONG {SERVER} x",
        "ERROR :Closing link (Connection closed)",
    ]


def test_a_client_that_hangs_up_gets_all_pages() -> None:
    world = World()
    world.irc("al", rooms=",".join(f"#r{number}" for number in range(90)))
    world.irc("bo")
    world.slow = True
    first = world.ask("bo", *["LIST"] * 5)
    assert hang_up(world, "bo") == {}
    lines = first
    while "bo" not in world.closed:
        lines += world.complete(True)["bo"]
    assert codes(lines).count("322") == 5 * 90
    assert codes(lines).count("323") == 5
    assert lines[-1] == "ERROR :Closing link (Connection closed)"


def test_a_person_who_hangs_up_is_told_no_more_than_they_asked_for() -> None:
    world = World()
    world.person("al")
    assert hang_up(world, "al") == {}
    assert world.closed <= {"al"}
    assert world.core.state.users == {}


# --- Deadlines


def later(world: World, seconds: float) -> dict[str, list[str]]:
    world.now += seconds
    return world.step(Elapsed())


def test_who_does_not_register_in_time_is_sent_off() -> None:
    world = World()
    world.step(world.add("al"), world.lines("al", "NICK al"))
    assert world.core.next_deadline == START + 60
    assert later(world, 59) == {}
    assert later(world, 1)["al"] == ["ERROR :Closing link (Not registered within 60 seconds)"]
    assert world.closed == {"al"}
    assert world.core.next_deadline is None


def test_too_many_lines_before_registration() -> None:
    world = World()
    world.step(world.add("al"))
    assert len(world.ask("al", *["PING x"] * 1024)) == 1024
    assert world.ask("al", "PING x", "PING x") == [
        "ERROR :Closing link (Too many lines before registration)"
    ]


def test_ping_and_ping_timeout() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    # The deadline of registration comes first, and finds nothing to do.
    assert later(world, 60) == {}
    world.ask("bo", "PING alive")
    assert later(world, 30) == {"al": [f":{SERVER} PING {SERVER}"]}
    world.ask("al", "PONG x")
    assert later(world, 59.5) == {}
    assert later(world, 30.5)["al"] == [f":{SERVER} PING {SERVER}"]
    found = later(world, 60)
    assert found["al"][-1] == "ERROR :Closing link (Ping timeout: 150 seconds)"
    assert world.closed == {"al", "bo"}


def test_a_clock_that_jumps_drops_nobody_who_was_not_asked() -> None:
    world = World()
    world.irc("al")
    assert codes(later(world, 3600)["al"]) == ["PING"]
    assert later(world, 59) == {}
    assert codes(later(world, 1)["al"]) == ["ERROR"]


def test_deadlines_that_round_to_now_do_not_go_on_for_ever() -> None:
    world = World(Settings(name=SERVER, ping_after=90.1))
    for start in (1_760_000_000.0, 1_760_000_000.3, 1_760_000_001.7):
        world.now = start
        world.irc(f"al{int(start * 10) % 100}")
    steps = 0
    while (deadline := world.core.next_deadline) is not None:
        world.now = deadline
        world.step(Elapsed())
        steps += 1
    assert 3 <= steps < 20


def test_the_server_taking_its_time_is_not_the_users_fault() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    world.step(world.add("al"), world.lines("al", "PASS right", "NICK al", "USER al 0 * :x"))
    assert later(world, 61) == {}
    assert "001" in codes(world.complete(True)["al"])


def test_anything_that_comes_counts_as_alive() -> None:
    world = World()
    world.irc("al")
    for _ in range(20):
        world.now += 80
        assert world.step(Elapsed(), world.lines("al", "")) in ({}, {"al": []})
    assert world.closed == set()


def test_people_with_nc_are_not_pinged() -> None:
    world = World()
    world.person("al")
    for _ in range(20):
        assert later(world, 90) == {}
    assert world.closed == set()


def test_a_labelled_quit_is_answered_under_its_label() -> None:
    world = World()
    world.irc("al", caps="labeled-response batch")
    assert world.ask("al", "@label=q QUIT :bye") == [
        "@label=q ERROR :Closing link (Quit: bye)",
    ]


def test_a_label_needs_batches() -> None:
    world = World()
    world.irc("al", caps="labeled-response")
    world.irc("bo", caps="labeled-response batch")
    assert world.ask("al", "@label=q PING 1") == [f":{SERVER} PONG {SERVER} 1"]
    assert world.ask("bo", "@label=q PING 1") == [f"@label=q :{SERVER} PONG {SERVER} 1"]

"""People with `nc`: whole conversations, as they are read."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes, prefix
from trio_chat.core.handlers.plain_commands import COMMANDS
from trio_chat.core.settings import Settings
from trio_chat.wire.text import WIDTH

CLOCK = "22:13"


def test_a_nickname_and_then_the_lobby() -> None:
    world = World()
    world.person("al")
    found = world.step(world.add("bo", plain=True), world.lines("bo", "bo"))
    assert found["bo"] == [
        "Hello bo. /help shows what you can do.",
        f"{CLOCK} You are in #lobby",
        "In #lobby: al bo",
    ]
    assert found["al"] == [f"{CLOCK} bo joined"]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("", "Welcome to trio_chat. Type a nickname to join #lobby:"),
        ("/help", "Welcome to trio_chat. Type a nickname to join #lobby:"),
        ("/nick AL", "Somebody is already called AL. Type another nickname:"),
        ("AL", "Somebody is already called AL. Type another nickname:"),
        (
            "my name",
            "That can not be a nickname: use letters, digits, - and _, with a letter first, "
            "32 at most. Type another nickname:",
        ),
        (b"\xff\xfe", "That line is not UTF-8; it was not sent."),
    ],
)
def test_a_nickname_that_can_not_be_had_is_asked_for_again(typed: str | bytes, answer: str) -> None:
    world = World()
    world.irc("al")
    assert world.step(world.add("x", plain=True), world.lines("x", typed))["x"] == [answer]
    assert world.ask("x", "good")[0] == "Hello good. /help shows what you can do."


def test_a_conversation() -> None:
    world = World()
    world.person("al")
    world.person("bo")
    world.irc("irc", rooms="#lobby")
    found = world.send("al", "hello", "/me waves", "//help is not a command", "  ")
    assert "al" not in found or found["al"] == []
    assert found["bo"] == [
        f"{CLOCK} <al> hello",
        f"{CLOCK} * al waves",
        f"{CLOCK} <al> /help is not a command",
    ]
    assert found["irc"] == [
        f"{prefix('al')} PRIVMSG #lobby :hello",
        f"{prefix('al')} PRIVMSG #lobby :\x01ACTION waves\x01",
        f"{prefix('al')} PRIVMSG #lobby :/help is not a command",
    ]
    assert world.send("al", "/msg bo a secret")["bo"] == [f"{CLOCK} [al → you] a secret"]
    assert world.send("al", "/msg irc hi")["irc"] == [f"{prefix('al')} PRIVMSG irc :hi"]
    found = world.send("al", "/nick ally")
    assert found["al"] == [f"{CLOCK} You are now known as ally"]
    assert found["bo"] == [f"{CLOCK} al is now known as ally"]
    found = world.send("al", "/quit good night")
    assert found["al"] == ["Goodbye (good night)"]
    assert found["bo"] == [f"{CLOCK} ally left (good night)"]
    assert world.closed == {"al"}


def test_what_irc_users_do_reads_well() -> None:
    world = World()
    world.person("bo")
    world.irc("op", rooms="#lobby,#dev")
    sent = [
        ("PRIVMSG #lobby :hi\x02 there\x03", f"{CLOCK} <op> hi there"),
        ("NOTICE #lobby :beep", f"{CLOCK} -op- beep"),
        ("NOTICE bo :psst", f"{CLOCK} [op → you] psst"),
        ("PRIVMSG bo :\x01ACTION nods\x01", f"{CLOCK} [* op → you] nods"),
        ("TOPIC #lobby :All welcome", f"{CLOCK} op set the topic of #lobby: All welcome"),
        ("TOPIC #lobby :", f"{CLOCK} op removed the topic of #lobby"),
        ("INVITE bo #dev", f"{CLOCK} op invites you to #dev: /join #dev"),
    ]
    for line, shown in sent:
        assert world.send("op", line)["bo"] == [shown]
    assert world.send("op", "PRIVMSG bo :\x01VERSION\x01").get("bo", []) == []
    world.ask("bo", "/join #dev")
    assert world.send("op", "MODE #dev +m")["bo"] == [f"{CLOCK} op made #dev moderated"]
    assert world.ask("bo", "hello?") == ["Cannot send to channel (+m): it is moderated"]
    assert world.send("op", "KICK #dev bo :enough")["bo"] == [
        f"{CLOCK} op removed you from #dev (enough)",
        "You are in #lobby now.",
    ]
    # Back in the room before: what is typed goes there.
    assert world.send("bo", "well")["op"] == [f"{prefix('bo')} PRIVMSG #lobby :well"]
    assert world.send("op", "PART #lobby :tea")["bo"] == [f"{CLOCK} op left (tea)"]


def test_several_rooms() -> None:
    world = World()
    world.person("al")
    world.person("bo")
    found = world.send("al", "/join dev")
    assert found["al"] == [f"{CLOCK} You are in #dev", "In #dev: @al"]
    # What happens in another room than the current one names it.
    assert world.send("bo", "hi")["al"] == [f"{CLOCK} #lobby <bo> hi"]
    assert world.ask("al", "/join #lobby") == ["You are in #lobby now."]
    assert world.send("bo", "hi")["al"] == [f"{CLOCK} <bo> hi"]
    assert world.ask("al", "/part #dev bye") == [f"{CLOCK} #dev You left #dev"]
    assert world.ask("al", "/part") == [f"{CLOCK} You left #lobby"]
    assert (
        world.ask("al", "hello?", "/me waves", "/topic tea")
        == ["You are in no room. /join #room takes you to one, /rooms shows them."] * 3
    )
    assert world.ask("al", "/part") == ["/part [#ROOM] [REASON]: leave a room"]


def test_looking_around() -> None:
    world = World()
    world.irc("op", rooms="#dev,#lobby")
    world.ask("op", "TOPIC #dev :Work", "AWAY :lunch")
    world.person("al")
    assert world.ask("al", "/rooms") == ["#lobby (2)", "#dev (1) Work"]
    assert world.ask("al", "/who") == ["In #lobby: op al"]
    assert world.ask("al", "/who #dev") == ["In #dev: @op"]
    assert world.ask("al", "/who #none") == ["There is no room called #none."]
    assert world.ask("al", "/topic") == ["#lobby has no topic."]
    assert world.ask("al", "/topic #dev") == ["The topic of #dev is: Work"]
    assert world.ask("al", "/topic Cosy") == [f"{CLOCK} al set the topic of #lobby: Cosy"]
    assert world.ask("al", "/whois op") == [
        "op is ~op@10.0.0.1 (Real op)",
        "op is in @#dev #lobby",
        "op is away: lunch",
        "op has been quiet for 0 seconds.",
    ]
    assert world.ask("al", "/msg op hi") == ["op is away: lunch"]
    assert world.ask("al", "/away tea", "/away") == ["You are away.", "You are back."]


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/frob x", "There is no /frob. /help shows what there is; //text says /text."),
        ("/nick", "Say which nickname."),
        (
            "/nick a b",
            "a b can not be a nickname: use letters, digits, - and _, with a letter first.",
        ),
        ("/nick :bo", ":bo can not be a nickname"),
        ("/nick " + "x" * 65, "x" * 64 + "… can not be a nickname"),
        ("/nick OP", "Somebody is already called OP."),
        ("/msg :op hi", "There is nobody called :op."),
        ("/whois op b", "There is nobody called op b."),
        ("/invite :x #lobby", "There is nobody called :x."),
        ("/ignore op b", "Nobody can be called op b."),
        ("/unignore op b", "You do not ignore op b."),
        ("/nick op", "Somebody is already called op."),
        ("/join", "/join #ROOM [KEY]: enter a room, or go back to one that you are in"),
        ("/join #a:b", "#a:b can not be a room: begin with #, no spaces."),
        ("/join #closed", "#closed needs a key: /join #closed KEY"),
        ("/msg nobody hi", "There is nobody called nobody."),
        ("/who #secret", "There is no room called #secret."),
        ("/msg op", "/msg NAME TEXT: say something to one person"),
        ("/me", "/me TEXT: say what you do: * you wave"),
        ("/whois nobody", "There is nobody called nobody."),
        ("/whois", "/whois NAME: see what is known of somebody"),
        ("/topic #dev x", "You are not in #dev."),
        ("/part #dev", "You are not in #dev."),
        ("x" * 5000, "That line is too long; it was not sent."),
    ],
)
def test_an_error_is_one_readable_sentence(typed: str, answer: str) -> None:
    world = World()
    world.irc("op", rooms="#dev,#closed,#secret")
    world.ask("op", "MODE #closed +k key", "MODE #secret +s")
    world.person("al")
    lines = world.ask("al", typed)
    assert len(lines) == 1
    assert lines[0].startswith(answer)
    assert SERVER not in lines[0]


def test_a_room_with_a_key() -> None:
    world = World()
    world.irc("op", rooms="#closed")
    world.ask("op", "MODE #closed +k key")
    world.person("al")
    assert world.ask("al", "/join #closed key")[0] == f"{CLOCK} You are in #closed"


def test_help_names_every_command() -> None:
    world = World()
    world.person("al")
    text = "\n".join(world.ask("al", "/help"))
    for name, row in COMMANDS.items():
        assert row.usage in text
        lines = world.ask("al", f"/help {name}")
        assert " ".join(map(str.strip, lines)) == f"{row.usage}: {row.help}"
        assert max(map(len, lines)) <= WIDTH
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(world.ask("al", "/help nonsense")) == len(text.split("\n"))


def test_a_long_text_is_cut_between_characters() -> None:
    world = World()
    world.person("al")
    world.irc("irc", rooms="#lobby")
    flag = "\U0001f1e9\U0001f1ea"
    lines = world.send("al", flag * 200)["irc"]
    texts = [line.split(" :", 1)[1] for line in lines]
    assert len(texts) > 2
    assert {text.replace(flag, "") for text in texts} == {""}
    assert "".join(texts) == flag * 200


def test_a_long_text_arrives_whole_in_several_messages() -> None:
    world = World()
    world.person("al")
    world.irc("irc", rooms="#lobby")
    text = " ".join(f"word{number}" for number in range(300))
    lines = world.send("al", text)["irc"]
    assert len(lines) > 3
    assert all(len(line.encode()) <= 510 for line in lines)
    assert " ".join(line.split(" :", 1)[1] for line in lines) == text
    lines = world.send("al", f"/me {text}")["irc"]
    assert all(line.endswith("\x01") and len(line.encode()) <= 510 for line in lines)


def test_control_characters_of_others_never_get_through() -> None:
    world = World()
    world.irc("evil", rooms="#lobby")
    world.person("al")
    assert world.send("evil", "PRIVMSG #lobby :\x1b[2Jhaha\x07")["al"] == [
        f"{CLOCK} <evil> �[2Jhaha�"
    ]


def test_the_servers_password_is_asked_for() -> None:
    world = World(Settings(name=SERVER, password="$argon2id$x"))
    assert world.step(world.add("al", plain=True), world.lines("al", "al"))["al"] == [
        "This server has a password. Type it, or /quit:"
    ]
    assert world.ask("al", "wrong") == []
    assert world.complete(False)["al"] == ["That is not the password. Type it again, or /quit:"]
    assert world.ask("al", "") == ["This server has a password. Type it, or /quit:"]
    assert world.ask("al", "right", "hello") == []
    assert world.complete(True)["al"][0] == "Hello al. /help shows what you can do."


def test_quit_before_there_is_a_name() -> None:
    world = World()
    world.step(world.add("al", plain=True))
    assert world.ask("al", "/quit") == ["Goodbye"]


def test_the_motd_is_shown() -> None:
    world = World(Settings(name=SERVER, motd=("Be kind.",)))
    assert world.person("al")[:2] == ["Be kind.", "Hello al. /help shows what you can do."]


def test_the_clock_is_the_servers() -> None:
    world = World()
    world.person("al")
    world.person("bo")
    effects = world.core.step([world.lines("al", "hi")], world.now, 5 * 3600 + 1800)
    assert world.read(effects)["bo"] == ["03:43 <al> hi"]


def test_tags_are_nothing_that_people_see() -> None:
    world = World()
    world.person("al")
    world.irc("irc", caps="message-tags", rooms="#lobby")
    assert world.send("irc", "@+typing=active TAGMSG #lobby")["al"] == []
    assert codes(world.ask("irc", "PING x")) == ["PONG"]


def test_the_servers_password_is_taken_exactly_as_it_was_typed() -> None:
    world = World(Settings(name=SERVER, password="hash"))
    world.step(world.add("al", plain=True), world.lines("al", "al", " my  pass "))
    (check,) = world.passwords
    assert check.password == " my  pass "

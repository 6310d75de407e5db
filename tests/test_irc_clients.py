"""Real IRC clients beside people with `nc`: what each sees of the others.

Each test is a story on a server with TLS. In the end neither irssi nor WeeChat may have shown a
line that it did not understand.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import argon2
import pytest

from tests.certificates import authority
from tests.real_clients import DEADLINE, Irssi, WeeChat, needs
from tests.served import Client, Served, served

pytestmark = [pytest.mark.story, needs("irssi", "tmux", "weechat-headless")]

CONFIG = """
[server]
motd = "motd.txt"
admin = ["Lyon, France", "The Example Society", "admin@chat.example.org"]

[[listeners]]
address = "127.0.0.1:0"

[[listeners]]
address = "127.0.0.1:0"
tls = {{ certificate = "cert.pem", key = "key.pem" }}

[[operators]]
name = "root"
password = "{password}"
"""


@dataclass
class Party:
    """Who is there: alice with `nc`, a bot, iris with irssi, wendy with WeeChat.

    Those two come with TLS, and take the certificate for what it is.
    """

    server: Served
    alice: Client
    bot: Client
    iris: Irssi
    wendy: WeeChat

    def join(self, *rooms: str) -> None:
        """Have the two join rooms: iris, who is operator there, first."""
        for client in (self.iris, self.wendy):
            client.type(*(f"/join {room}" for room in rooms))
            client.until_all(*(f"has joined {room}" for room in rooms))
        self.wendy.until(*["Channel created on"] * len(rooms))
        # What irssi asks about a room takes it a second or two.
        self.iris.until_all(
            *(f"wendy [~wendy@127.0.0.1] has joined {room}" for room in rooms),
            *(f"Join to {room} was synced in" for room in rooms),
        )

    def refusals(self) -> list[str]:
        """Return what the clients were refused."""
        return self.iris.refusals() + self.wendy.refusals()

    def understood(self, *refusals: str) -> None:
        """Check that the clients understood everything, and were refused no more than this."""
        deadline = time.monotonic() + DEADLINE
        # The last of them may still be on their way to the logs.
        while len(self.refusals()) < len(refusals) and time.monotonic() < deadline:
            time.sleep(0.02)
        for client in (self.iris, self.wendy):
            assert client.shown_as_it_came() == set()
            assert client.complaints() == []
        assert self.refusals() == list(refusals)
        assert "Traceback" not in self.server.log.read_text()


@pytest.fixture
def party(tmp_path: Path) -> Iterator[Party]:
    issued = authority().issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority().cert_pem.write_to_path(tmp_path / "authority.pem")
    (tmp_path / "motd.txt").write_text("Be kind.\nTea is at four.\n")
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    config = tmp_path / "chat.toml"
    config.write_text(CONFIG.format(password=hasher.hash("secret")))
    with served(tmp_path, "--config", str(config), listen=False) as server:
        found = re.search(r":(\d+), with TLS", server.banner[1])
        assert found is not None
        port, trusted = int(found[1]), tmp_path / "authority.pem"
        with (
            closing(Irssi(tmp_path / "i", port, "iris", trusted)) as iris,
            closing(WeeChat(tmp_path / "w", port, "wendy", trusted)) as wendy,
        ):
            alice = person(server, "alice")
            bot = server.irc("bot")
            bot.send("MODE bot +B")
            iris.until("Welcome to the trio_chat Network", "Be kind.", "Mode change [+i]")
            wendy.until("Welcome to the trio_chat Network", "Be kind.", "User mode [+Z]")
            yield Party(server, alice, bot, iris, wendy)


def person(server: Served, name: str) -> Client:
    """Somebody with `nc`."""
    client = server.connect()
    client.until("Type a nickname")
    client.send(name)
    client.until("In #lobby")
    return client


def test_clients_come_with_tls_and_all_that_they_know(party: Party) -> None:
    for client, words in (
        (party.iris, ("Capabilities requested: ", "Capabilities acknowledged: ")),
        (party.wendy, ("capability, requesting: ", "capability, enabled: ")),
    ):
        text = "".join(client.logs().values())
        asked, granted = (text.partition(word)[2].splitlines()[0].split() for word in words)
        assert asked == granted
        assert {"away-notify", "chghost", "extended-join", "multi-prefix", "setname"} <= {*asked}
    party.understood()


def test_people_are_found(party: Party) -> None:
    iris, wendy = party.iris, party.wendy
    party.join("#den", "#tea")
    party.bot.send("JOIN #den")
    party.iris.until("has joined #den")

    iris.type("/whois iris")
    iris.until("iris [~iris@127.0.0.1]", "ircname  : iris of irssi", "channels : @#den @#tea")
    iris.until(
        "is using a secure connection", "modes    : +Zi", "idle     : 0 days", "End of WHOIS"
    )
    iris.type("/whois wendy wendy", "/whois bot", "/whois alice", "/whois nobody")
    iris.until("ircname  : wendy of WeeChat", "is using a secure connection", "idle", "End of")
    iris.until("bot [~bot@127.0.0.1]", "is a bot", "End of WHOIS")
    iris.until("alice [~alice@127.0.0.1]", "channels : #lobby", "End of WHOIS")
    iris.until("There is no such nick nobody")
    wendy.type("/whois", "/whois iris", "/whois bot", "/whois alice", "/whois nobody")
    wendy.until("[wendy] (~wendy@127.0.0.1): wendy of WeeChat", "[wendy] #den #tea")
    wendy.until("[wendy] is using a secure connection", "[wendy] is using modes +Z")
    wendy.until("[wendy] idle: ", "[wendy] End of WHOIS list")
    wendy.until("[iris] @#den @#tea", "[iris] is using a secure connection", "[iris] End of")
    wendy.until("[bot] is a bot", "[bot] End of", "[alice] #lobby", "[alice] End of")
    wendy.until("nobody: No such nick/channel", "[nobody] End of")

    iris.type("/window goto #den", "/names", "/who #den", "/list -yes *e*", "/userhost iris bot")
    iris.until("[@iris] [ bot] [ wendy]", "Total of 3 nicks [1 ops")
    iris.until("#den iris      H@  0  ~iris@127.0.0.1 [iris of irssi]", "#den wendy     H   0")
    iris.until("#den bot       HB", "End of /WHO list")
    iris.until("-!- #den 3", "-!- #tea 2", "End of LIST", "iris=+~iris@127.0.0.1 bot=+~bot@")
    wendy.type("/who #den", "/names", "/list *e*", "/list >2", "/ison iris nobody", on="#den")
    wendy.until("[#den] iris (~iris@127.0.0.1) H@ 0 (iris of irssi)", "[#den] bot (~bot@127")
    wendy.until("[#den] End of WHO list", "Nicks #den: [@iris", "3 nicks (1 op")
    wendy.until("#den(3)", "#tea(2)", "End of LIST", "#den(3)", "End of LIST", "online: iris")
    assert not any(text.startswith("#lobby 1") for text in iris.statements())

    party.bot.send("QUIT :gone")
    iris.until("bot [~bot@127.0.0.1] has quit [Quit: gone]")
    iris.type("/whowas bot", "/whowas nobody")
    iris.until("bot [~bot@127.0.0.1]", "was      : x", "End of WHOWAS", "nobody There was no such")
    wendy.type("/whowas bot", "/whowas nobody")
    wendy.until("[bot] (~bot@127.0.0.1) was x", "[bot] End of WHOWAS", "nobody: There was no such")
    party.understood(
        # irssi asks WHOWAS by itself for whom WHOIS does not find.
        "401 nobody No such nick/channel",
        *2 * ["406 nobody There was no such nickname"],
        "401 nobody No such nick/channel",
        "406 nobody There was no such nickname",
    )


def test_operators_keep_order(party: Party) -> None:
    alice, bot, iris, wendy = party.alice, party.bot, party.iris, party.wendy
    party.join("#den", "#tea")
    alice.send("/join #den")
    bot.send("JOIN #den")
    iris.until("bot [~bot@127.0.0.1] has joined #den")

    iris.type("/window goto #den", "/topic Tea at four")
    iris.until("iris changed the topic of #den to: Tea at four")
    wendy.until('iris has changed topic for #den to "Tea at four"')
    alice.until("iris set the topic of #den: Tea at four")
    wendy.type("/topic Tea at five", "/mode +m", on="#den")
    wendy.until(*2 * ["#den: You're not channel operator"])

    # Standing.
    iris.type(
        "/voice bot", "/mode #den +h bot", "/op bot wendy", "/deop bot", "/mode #den -hv bot bot"
    )
    for client, mode in ((iris, "mode/#den [{}] by iris"), (wendy, "Mode #den [{}] by iris")):
        for change in ("+v bot", "+h bot", "+oo bot wendy", "-o bot", "-hv bot bot"):
            client.until(mode.format(change))
    alice.until("iris gave bot a voice")
    alice.until("iris made bot a half-operator")
    alice.until("iris made bot an operator, made wendy an operator")
    alice.until("iris made bot no half-operator any more, took bot's voice")
    for command, change in (
        ("/halfop bot", "+h bot"),
        ("/dehalfop bot", "-h bot"),
        ("/voice bot", "+v bot"),
        ("/devoice bot", "-v bot"),
        ("/deop iris", "-o iris"),
        ("/op iris", "+o iris"),
    ):
        # WeeChat gives nobody what they have, as far as it knows, and takes it from nobody else.
        wendy.type(command, on="#den")
        wendy.until(f"Mode #den [{change}] by wendy")
        iris.until(f"mode/#den [{change}] by wendy")

    # Modes.
    iris.type("/mode #den +klimC sesame 10", "/mode #den +f #tea", "/mode #den")
    iris.until("mode/#den [+klimC sesame 10] by iris", "mode/#den [+f #tea] by iris")
    iris.until("mode/#den [+kflCimnt sesame #tea 10]")
    wendy.until("Mode #den [+klimC sesame 10] by iris", "Mode #den [+f #tea] by iris")
    alice.until("forwards who can not join #den to #tea")
    wendy.type("/mode", "/mode -klimCf sesame", "/mode", on="#den")
    wendy.until("Mode #den [+kflCimnt sesame #tea 10]")
    iris.until("mode/#den [-klimCf sesame] by wendy")
    wendy.until("Mode #den [-klimCf sesame] by wendy", "Mode #den [+nt]")

    # Bans, exceptions, invitations.
    iris.type("/ban *!*@192.0.2.7", "/mode #den +eI *!*@192.0.2.8 *!*@192.0.2.9")
    iris.until(
        "mode/#den [+b *!*@192.0.2.7] by iris", "mode/#den [+eI *!*@192.0.2.8 *!*@192.0.2.9]"
    )
    iris.type("/ban", "/mode #den e", "/mode #den I")
    iris.until("1 - #den: ban *!*@192.0.2.7 [by iris", "#den: ban exception *!*@192.0.2.8 [by iris")
    iris.until("#den: invite *!*@192.0.2.9 [by iris")
    wendy.until("Mode #den [+eI")
    wendy.type("/ban", "/mode #den e", "/mode #den I", "/unban *!*@192.0.2.7", "/ban", on="#den")
    wendy.until(
        "[#den] [1] *!*@192.0.2.7 banned by iris (~iris@127.0.0.1) on ", "End of channel ban"
    )
    wendy.until("[#den] [1] exception *!*@192.0.2.8 by iris", "End of channel exception list")
    wendy.until("[#den] [1] *!*@192.0.2.9 invited by iris", "End of channel invite exception list")
    wendy.until("Mode #den [-b *!*@192.0.2.7] by wendy", "[#den] End of channel ban list")
    iris.until("mode/#den [-b *!*@192.0.2.7] by wendy")
    alice.until("wendy lifted the ban on *!*@192.0.2.7 from #den")

    # Out, and in again.
    iris.type("/kick bot behave", "/mode #den +i", "/invite bot")
    bot.until(":iris!~iris@127.0.0.1 KICK #den bot :behave")
    iris.until("bot was kicked from #den by iris [behave]", "Inviting bot to #den")
    wendy.until("iris has kicked bot (behave)", "iris has invited bot to #den")
    alice.until("iris removed bot from #den")
    bot.until("INVITE bot #den")
    bot.send("JOIN #den")
    wendy.until("bot (x) (~bot@127.0.0.1) has joined #den")
    wendy.type("/kickban bot out", "/unban *!*@127.0.0.1", on="#den")
    iris.until("mode/#den [+b *!*@127.0.0.1] by wendy", "bot was kicked from #den by wendy [out]")
    iris.until("mode/#den [-b *!*@127.0.0.1] by wendy")
    wendy.until("wendy has kicked bot (out)")
    bot.send("JOIN #wild", "INVITE iris #wild", "INVITE wendy #wild")
    iris.until("bot invites you to #wild")
    wendy.until("You have been invited to #wild by bot")
    party.understood(*2 * ["482 #den You're not channel operator"])


def test_closed_doors(party: Party) -> None:
    bot, iris, wendy = party.bot, party.iris, party.wendy
    doors = ("#key", "+k sesame"), ("#full", "+l 1"), ("#guests", "+i"), ("#bans", "+b *!*@127.*")
    for room, mode in doors:
        bot.send(f"JOIN {room}", f"MODE {room} {mode}")
    bot.send("JOIN #hall", "JOIN #away", "MODE #away +if #hall", "MODE #hall +mC", "JOIN #end")
    bot.until("JOIN #end")
    iris.type(*(f"/join {room}" for room, _ in doors), "/join #away")
    iris.until("Cannot join to channel #key (Bad channel key)", "#full (Channel is full)")
    iris.until("#guests (You must be invited)", "#bans (You are banned)")
    iris.until("has joined #hall")
    wendy.type(*(f"/join {room}" for room, _ in doors), "/join #away")
    wendy.until("#key: Cannot join channel (+k)", "#full: Cannot join channel (+l)")
    wendy.until("#guests: Cannot join channel (+i)", "#bans: Cannot join channel (+b)")
    wendy.until("has joined #hall")

    iris.type("/window goto #hall", "may I?", "/ctcp #hall version")
    iris.until("#hall Cannot send to channel (+m)", "#hall Cannot send to channel (+C)")
    wendy.type("may I?", "/ctcp #hall version", "/kick bot", "/op wendy", on="#hall")
    wendy.until("#hall: Cannot send to channel (+m)", "#hall: Cannot send to channel (+C)")
    wendy.until("#hall: You're not channel operator", "#hall: You're not channel operator")
    iris.type("/join #key sesame", "/nick wendy")
    iris.until("has joined #key", "Nick wendy is already in use")
    wendy.type("/join #key sesame", "/nick iris", "/invite nobody #key", "/msg nobody hello")
    wendy.until("has joined #key")
    closed = [
        "475 #key Cannot join channel (+k)",
        "471 #full Cannot join channel (+l)",
        "473 #guests Cannot join channel (+i)",
        "474 #bans Cannot join channel (+b)",
        "470 #away #hall Forwarding to another channel",
        "404 #hall Cannot send to channel (+m): it is moderated",
        "404 #hall Cannot send to channel (+C): no CTCP",
    ]
    party.understood(
        *closed,
        "433 wendy Nickname is already in use",
        *closed,
        *2 * ["482 #hall You're not channel operator"],
        "433 iris Nickname is already in use",
        *2 * ["401 nobody No such nick/channel"],
    )


def test_talk(party: Party) -> None:
    alice, iris, wendy = party.alice, party.iris, party.wendy
    wendy.type("/ctcp iris ping", "/ctcp iris version")
    # irssi answers when it has not been busy for some seconds.
    wendy.until("CTCP reply from iris: PING ", "CTCP reply from iris: VERSION irssi")
    iris.type("/ping wendy", "/ver wendy")
    iris.until("CTCP PING reply from wendy: ", "CTCP VERSION reply from wendy: WeeChat")
    wendy.until("CTCP requested by iris: PING", "CTCP requested by iris: VERSION")

    party.join("#den")
    alice.send("/join #den")
    iris.type("/window goto #den", "hello from irssi", "/me dances", "/notice #den psst")
    wendy.until("@iris\thello from irssi", " *\tiris dances", "Notice(iris): psst")
    alice.until("<iris> hello from irssi")
    alice.until("* iris dances")
    alice.until("psst")
    wendy.type("hello from weechat", "/me waves", "/notice #den hush", on="#den")
    iris.until("#den: < wendy> hello from weechat", "#den:  * wendy waves", "-wendy:#den- hush")
    alice.until("<wendy> hello from weechat")
    alice.until("* wendy waves")
    alice.until("hush")
    alice.send("hello from nc", "/me bows", "/msg iris for you", "/msg wendy for you too")
    iris.until("#den: < alice> hello from nc", "#den:  * alice bows", "<alice> for you")
    wendy.until("alice\thello from nc", " *\talice bows", "alice\tfor you too")

    # More than fits into a line is split by the clients, and is there again as a whole.
    words = [f"wörd{number:03}" for number in range(120)]
    iris.type(" ".join(words))
    assert heard(alice, "<iris> ", words[-1]) == words
    wendy.until(words[0], words[-1])
    wendy.type(" ".join(words), "/me " + " ".join(words), on="#den")
    assert heard(alice, "<wendy> ", words[-1]) == words
    assert heard(alice, "* wendy ", words[-1]) == words
    iris.until(words[0], words[-1], "* wendy", words[0], words[-1])
    wendy.until(words[0], words[-1], words[0], words[-1])

    # Several at once.
    iris.type("/msg wendy,alice,#den to all of you")
    alice.until("[iris → you] to all of you")
    alice.until("<iris> to all of you")
    wendy.until("\tto all of you", "\tto all of you")
    wendy.type("/msg iris,alice so be it")
    iris.until("<wendy> so be it")
    alice.until("[wendy → you] so be it")

    # Other names, in other scripts.
    iris.type("/nick Zoë")
    iris.until("You're now known as Zoë")
    wendy.until("iris is now known as Zoë")
    alice.until("iris is now known as Zoë")
    wendy.type("/nick 陽子")
    wendy.until("You are now known as 陽子")
    iris.until("wendy is now known as 陽子")
    iris.type("/msg 陽子 こんにちは 🙂", "/me 日本語で話す")
    wendy.until("Zoë\tこんにちは 🙂", "Zoë 日本語で話す")
    wendy.type("/msg Zoë grüß dich", "/whois Zoë")
    iris.until("<陽子> grüß dich")
    wendy.until("[Zoë] (~iris@127.0.0.1)", "[Zoë] End of WHOIS")
    party.understood()


def heard(client: Client, who: str, last: str) -> list[str]:
    """Return the words that somebody said, in lines one after another, up to the last one."""
    words: list[str] = []
    while words[-1:] != [last]:
        words += client.until(who).partition(who)[2].split()
    return words


def test_people_come_and_go(party: Party) -> None:
    alice, iris, wendy = party.alice, party.iris, party.wendy
    party.join("#den")
    alice.send("/join #den")

    iris.type("/away tea time")
    iris.until("You have been marked as being away")
    wendy.type("/whois iris", "/msg iris are you there?")
    wendy.until("[iris] is away: tea time", "[iris] is away: tea time")
    iris.until("are you there?")
    iris.type("/away")
    iris.until("You are no longer marked as being away")
    wendy.type("/away brb")
    wendy.until("You have been marked as being away")
    iris.type("/window 1", "/whois wendy", "/msg wendy and you?")
    iris.until("away     : brb", "wendy is away: brb")
    wendy.type("/away")
    wendy.until("You are no longer marked as being away")

    wendy.type("/setname Wendy the First")
    wendy.until('Your real name has been set to "Wendy the First"')
    iris.type("/whois wendy", "/quote SETNAME :Iris the First")
    iris.until("ircname  : Wendy the First")
    wendy.until('iris has changed real name to "Iris the First"')

    iris.type("/notify carol")
    wendy.type("/notify add carol")
    wendy.until("notification added for carol", "notify: carol is offline")
    carol = person(party.server, "carol")
    wendy.until("notify: carol (~carol@127.0.0.1) has connected")
    iris.until("carol [~carol@127.0.0.1]", "has joined to it")
    carol.send("/quit")
    wendy.until("notify: carol has quit")
    iris.until("carol", "has left it")

    iris.type("/window goto #den", "/part #den back soon")
    wendy.until("iris (~iris@127.0.0.1) has left #den (back soon)")
    alice.until("iris left (back soon)")
    iris.type("/join #den")
    alice.until("iris joined")
    wendy.type("/cycle and again", on="#den")
    iris.until("wendy [~wendy@127.0.0.1] has left #den [and again]", "has joined #den")
    iris.type("/quit good night")
    wendy.until("iris (~iris@127.0.0.1) has quit (Quit: good night)")
    alice.until("iris left (good night)")
    wendy.type("/quit gone home")
    alice.until("wendy left (gone home)")
    party.understood()


def test_operators_of_the_server(party: Party) -> None:
    alice, bot, iris, wendy = party.alice, party.bot, party.iris, party.wendy
    questions = ["motd", "lusers", "version", "time", "info", "admin", "links", "stats u"]
    iris.type("/oper root wrong", "/oper root secret", "/mode iris +w")
    iris.until(
        "Password incorrect", "You are now an IRC operator", "Mode change [+o] for user iris"
    )
    iris.until("Mode change [+w] for user iris")
    wendy.type("/oper root wrong", "/oper root secret", "/mode wendy +w", "/mode wendy")
    wendy.until("Password incorrect", "You are now an IRC operator", "User mode [+o] by wendy")
    wendy.until("User mode for wendy is [+Zow]")
    wendy.type("/wallops tea is ready")
    iris.until("WALLOP wendy:  tea is ready")
    wendy.until("Wallops from wendy (~wendy@127.0.0.1): tea is ready")

    iris.type(
        "/window 1", *(f"/{question}" for question in questions), "/quote HELP KILL", "/rehash"
    )
    wendy.type(*(f"/{question}" for question in questions), "/quote HELP KILL", "/rehash")
    for client in (iris, wendy):
        client.until(
            "Tea is at four.", "End of MOTD", "There are ", "2 operator(s) online", "clients and 0"
        )
        client.until(
            "trio_chat-", " irc.test ", "UTF8ONLY", "irc.test 20", " UTC", "a group chat server"
        )
        client.until(
            "Running since", "Administrative info", "Lyon, France", "admin@chat.example.org"
        )
        client.until("irc.test", "End of LINKS", "Server Up 0 days", "End of STATS")
        client.until("The command KILL", "KILL <nickname> <reason>", "Rehashing", "is in force")

    party.join("#den")
    alice.send("/join #den")
    bot.send("JOIN #den")
    wendy.until("bot (x) (~bot@127.0.0.1) has joined #den")
    wendy.type("/kill bot enough")
    bot.until("ERROR :Closing link (Killed by wendy: enough)")
    iris.until("bot [~bot@127.0.0.1] has quit [Killed by wendy: enough]")
    wendy.until("bot (~bot@127.0.0.1) has quit (Killed by wendy: enough)")
    alice.until("bot left (Killed by wendy: enough)")
    iris.type("/quote CHGHOST iris tea.example")
    iris.until("iris [~iris@tea.example] has changed host", "tea.example is now your visible host")
    wendy.until("iris (~iris@127.0.0.1) has changed host to ~iris@tea.example")
    iris.type("/kill alice sorry")
    alice.until("Killed by iris: sorry")
    wendy.type("/kill iris and you")
    iris.until("You were killed by wendy [~wendy@127.0.0.1] [and you]")
    wendy.until("iris (~iris@tea.example) has quit (Killed by wendy: and you)")
    party.understood("464 Password incorrect", "464 Password incorrect")


def test_clients_come_without_tls_too(tmp_path: Path) -> None:
    with (
        served(tmp_path) as server,
        closing(Irssi(tmp_path / "i", server.port, "iris")) as iris,
        closing(WeeChat(tmp_path / "w", server.port, "wendy")) as wendy,
    ):
        alice = person(server, "alice")
        iris.until("Mode change [+i] for user iris")
        iris.type("/join #lobby")
        iris.until("has joined #lobby", "[ alice] [ iris]", "was synced in")
        alice.until("iris joined")
        wendy.until("MOTD File is missing")
        wendy.type("/join #lobby")
        alice.until("wendy joined")
        iris.until("wendy [~wendy@127.0.0.1] has joined #lobby")
        wendy.until("#lobby: 3 nicks")
        wendy.type("hello", on="#lobby")
        alice.until("<wendy> hello")
        iris.until("< wendy> hello")
        alice.send("/topic Tea at four", "/nick ally", "/quit good night")
        iris.until("alice changed the topic of #lobby to: Tea at four")
        iris.until(
            "alice is now known as ally", "ally [~alice@127.0.0.1] has quit [Quit: good night]"
        )
        wendy.until('alice has changed topic for #lobby to "Tea at four"')
        wendy.until(
            "alice is now known as ally", "ally (~alice@127.0.0.1) has quit (Quit: good night)"
        )

"""A person at a real pty, with a server in memory."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from tests.client.archive import Archive, archived
from tests.client.emulator import Emulator
from tests.client.peer import LABELS, Peer, conversation
from trio_chat.client import ConnectionLost
from trio_chat.client.interactive import Conversation
from trio_chat.client.terminal import Terminal


class Person:
    """What a test has in hand: the screen, the server, and the conversation's end."""

    def __init__(self, emulator: Emulator, peer: Peer) -> None:
        self.screen = emulator
        self.peer = peer
        self.ended = trio.Event()
        self.lost = ""
        self.before = emulator.settings()


@asynccontextmanager
async def person(room: str = "#lobby", **refuse: str) -> AsyncIterator[Person]:
    emulator = Emulator()
    async with conversation(LABELS, own_messages=True) as (chat, peer):
        peer.refuse.update(refuse)
        person = Person(emulator, peer)

        async def converse() -> None:
            try:
                await Conversation(chat, Terminal(emulator.inside, emulator.inside)).run(room)
            except ConnectionLost as error:
                person.lost = str(error)
            person.ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(converse)
            await emulator.until(lambda: "?2004" in emulator.modes)
            yield person
            with trio.fail_after(60):
                await person.ended.wait()
    assert emulator.settings() == person.before
    emulator.close()


async def test_talking() -> None:
    async with person() as alice:
        await alice.screen.until_line("you are me")
        await alice.screen.until_line("in #lobby: @bob me")
        await alice.screen.until_bottom("#lobby> |")
        alice.screen.type("hel")
        await alice.screen.until_bottom("#lobby> hel|")
        await alice.peer.say("bob", "hi!")
        await alice.screen.until_line("<bob> hi!")
        await alice.screen.until_bottom("#lobby> hel|")
        alice.screen.type("lo\r")
        await alice.screen.until_line("<me> hello")
        await alice.screen.until_bottom("#lobby> |")
        await alice.peer.heard("PRIVMSG #lobby hello")
        alice.screen.type("\x04")


async def test_editing_and_completing() -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby")
        await alice.peer.send(":bob!b@h NICK bobby")
        await alice.screen.until_line("bob is now known as bobby")
        alice.screen.type("bo\t")
        await alice.screen.until_bottom("#lobby> bobby: |")
        alice.screen.type("\x15/j\tcats\r")
        await alice.screen.until_bottom("#cats> |")
        alice.screen.type("\x1b[200~one\ntwo\x1b[201~\r")
        await alice.screen.until_line("<me> two")
        alice.screen.type("\x0c")
        await alice.screen.until(lambda: alice.screen.lines == ["#cats> "])
        alice.screen.type("/quit bye\r")
        await alice.peer.heard("QUIT bye")


async def test_entering_is_shown_once() -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby: @bob me")
        alice.peer.mute.add("JOIN")
        alice.screen.type("/join cats\r")
        await alice.peer.heard("JOIN #cats")
        # What happens inside is shown while the answer to the JOIN is still coming.
        await alice.peer.send(":me!user@host JOIN #cats")
        await alice.peer.send(":bob!b@h JOIN #cats", ":s 353 me = #cats :@bob me")
        await alice.screen.until_line("in #cats: @bob me")
        await alice.screen.until_bottom("#cats> |")
        alice.screen.type("\x03")
    shown = [re.sub(r"^\d\d:\d\d ", "", line) for line in alice.screen.lines[:-1]]
    assert shown == [
        "you are me; /help helps",
        "you are in #lobby",
        "in #lobby: @bob me",
        "you are in #cats",
        "bob joined",
        "in #cats: @bob me",
    ]


async def test_a_room_that_is_refused() -> None:
    async with person(JOIN=":s 473 me #lobby :Cannot join channel (+i)") as alice:
        await alice.screen.until_line("! #lobby: Cannot join channel (+i)")
        await alice.screen.until_bottom("> |")
        alice.screen.type("\x03")


async def test_what_was_typed_before_ctrl_d_is_said() -> None:
    async with person() as alice:
        alice.screen.type("one\rtwo\r\x04")
    assert [line for line in alice.peer._heard if line.startswith("PRIVMSG")] == [
        "PRIVMSG #lobby one",
        "PRIVMSG #lobby two",
    ]


async def test_too_much_for_a_slow_server() -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby")
        alice.peer.mute.add("PRIVMSG")
        alice.screen.type("first\r")
        await alice.peer.heard("PRIVMSG #lobby first")
        for number in range(103):
            alice.screen.type(f"line{number}\r")
        await alice.screen.until_line("! the server is slow, this was not said:")
        alice.screen.type("\x03")


async def test_the_connection_is_lost() -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby")
        await alice.peer.send("ERROR :Going down")
        await trio.aclose_forcefully(alice.peer.stream)
    assert alice.lost == "Going down"


async def test_resizing() -> None:
    async with person() as alice:
        alice.screen.type("0123456789" * 3)
        await alice.screen.until_bottom(f"#lobby> {'0123456789' * 3}|")
        alice.screen.resize(20)
        os.kill(os.getpid(), signal.SIGWINCH)
        await alice.screen.until_bottom("#lobby> 90123456789|")
        alice.screen.type("\x03")


async def test_going_on_after_a_stop() -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby")
        # A shell that has had the terminal meanwhile leaves it in another mode.
        alice.screen.change(alice.before)
        alice.screen.modes.clear()
        os.kill(os.getpid(), signal.SIGCONT)
        await alice.screen.until(lambda: "?2004" in alice.screen.modes)
        assert alice.screen.is_raw()
        alice.screen.type("\x03")


async def test_the_terminal_goes() -> None:
    emulator = Emulator()
    async with conversation(LABELS) as (chat, peer), trio.open_nursery() as nursery:
        terminal = Terminal(emulator.inside, emulator.inside)
        nursery.start_soon(Conversation(chat, terminal).run, "#lobby")
        await peer.heard("JOIN #lobby")
        os.close(emulator.outside)
    os.close(emulator.inside)


@pytest.mark.parametrize("keys", ["\x03", "\x04too late\r\x03"])
async def test_leaving_while_the_server_is_silent(keys: str) -> None:
    async with person() as alice:
        await alice.screen.until_line("in #lobby")
        alice.peer.mute.add("PRIVMSG")
        alice.screen.type("one\r")
        await alice.peer.heard("PRIVMSG #lobby one")
        alice.screen.type(keys)
    assert "PRIVMSG #lobby :too late" not in alice.peer._heard


@asynccontextmanager
async def resident(emulator: Emulator) -> AsyncIterator[Archive]:
    """Have a person in the lobby of a server with a history."""
    async with (
        archived(room="", own_messages=True) as (chat, server),
        trio.open_nursery() as nursery,
    ):
        server.store("bob", "PRIVMSG", "#lobby", "long ago")
        terminal = Terminal(emulator.inside, emulator.inside)
        nursery.start_soon(Conversation(chat, terminal).run, "#lobby")
        yield server
    emulator.close()


async def test_who_comes_in_is_shown_what_was_said() -> None:
    emulator = Emulator()
    async with resident(emulator) as server:
        await emulator.until_line("<bob> long ago")
        await server.say("now")
        await emulator.until_line("<bob> now")
        emulator.type("\x04")
    shown = [line for line in emulator.lines if "<bob>" in line]
    assert [line.rpartition("> ")[2] for line in shown] == ["long ago", "now"]


async def test_what_was_missed_is_shown() -> None:
    emulator = Emulator()
    async with resident(emulator) as server:
        await emulator.until_line("<bob> long ago")
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "meanwhile")
        await emulator.until_line("<bob> meanwhile")
        emulator.type("\x04")
    assert sum("long ago" in line for line in emulator.lines) == 1


async def test_leaving_while_there_is_no_connection() -> None:
    emulator = Emulator()
    async with resident(emulator) as server:
        await emulator.until_line("<bob> long ago")
        server.unreachable = 1000
        await server.cut()
        await emulator.until_line("connecting again in")
        emulator.type("this waits\r/quit bye\r")
    assert [line.text for line in server.log] == ["long ago"]


async def test_a_room_that_is_closed_meanwhile() -> None:
    emulator = Emulator()
    async with resident(emulator) as server:
        await emulator.until_line("<bob> long ago")
        server.refuse["JOIN"] = ":s 473 me #lobby :Cannot join (+i)"
        await server.cut()
        await emulator.until_line("you are no longer in #lobby")
        await emulator.until_bottom("> |")
        emulator.type("\x04")

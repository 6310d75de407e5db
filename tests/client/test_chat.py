"""The calls and the tasks of `Chat`, against a peer in memory."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.client.peer import ECHOES, LABELS, conversation
from trio_chat.client import (
    ChatError,
    ConnectionLost,
    Joined,
    Message,
    Missed,
    NickChanged,
    NoAnswer,
    Refused,
    ServerReply,
)

every_server = pytest.mark.parametrize("capabilities", [LABELS, ECHOES, ""])


async def events_until(chat: object, wanted: type) -> list[object]:
    found = []
    async for event in chat:  # type: ignore[attr-defined]
        found.append(event)
        if isinstance(event, wanted):
            break
    return found


@every_server
async def test_join_returns_when_inside(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, _):
        await chat.join("#Lobby")
        assert chat.rooms == {"#Lobby"}
        assert chat.is_in("#lobby")


@every_server
async def test_join_tells_why_not(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        peer.refuse["JOIN"] = ":s 473 me #secret :Cannot join channel (+i)"
        with pytest.raises(Refused, match=r"#secret: Cannot join channel \(\+i\)") as caught:
            await chat.join("#secret")
        assert caught.value.code == "473"
        assert not chat.rooms


async def test_join_again_asks_nothing() -> None:
    async with conversation() as (chat, peer):
        await chat.join("#lobby")
        peer.mute.add("JOIN")
        await chat.join("#LOBBY")


async def test_join_takes_a_key_and_no_other_name() -> None:
    async with conversation() as (chat, peer):
        await chat.join("#lobby", "key")
        await peer.heard("JOIN #lobby key")
        with pytest.raises(Refused, match="rooms of this server begin with #"):
            await chat.join("0")
        for name in ("#a,#b", "#a b", "", ":#a"):
            with pytest.raises(ValueError, match="neither a nickname nor a room"):
                await chat.join(name)


async def test_join_that_is_answered_and_does_not_happen() -> None:
    async with conversation(LABELS) as (chat, peer):
        peer.refuse["JOIN"] = ":s ACK"
        with pytest.raises(Refused, match="did not let us in"):
            await chat.join("#lobby")


@every_server
async def test_say_returns_when_the_server_has_it(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        await chat.say("#lobby", "one\r\ntwo\n\nthree\r")
        for text in ("one", "two", "three"):
            await peer.heard(f"PRIVMSG #lobby {text}")
        await chat.say("#lobby", "\n")
        await chat.act("#lobby", "waves")
        await peer.heard("PRIVMSG #lobby :\x01ACTION waves\x01")
        await chat.notice("bob", ":)")
        await peer.heard("NOTICE bob ::)")


@every_server
async def test_say_tells_why_not(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        peer.refuse["PRIVMSG"] = ":s 404 me #Lobby :Cannot send to channel"
        with pytest.raises(Refused, match="#Lobby: Cannot send to channel"):
            await chat.say("#lobby", "hi")
        peer.refuse["PRIVMSG"] = ":s FAIL PRIVMSG NOT_STORED #lobby :Could not be stored"
        with pytest.raises(Refused, match=r"^Could not be stored$") as caught:
            await chat.say("#lobby", "hi")
        assert caught.value.code == "NOT_STORED"
        del peer.refuse["PRIVMSG"]
        await chat.say("#lobby", "again")


@every_server
async def test_say_gives_up_at_the_deadline(capabilities: str, autojump_clock: MockClock) -> None:
    async with conversation(capabilities, timeout=7) as (chat, peer):
        peer.mute |= {"PRIVMSG", "PING"}
        start = trio.current_time()
        with pytest.raises(NoAnswer, match="no answer from the server in 7 seconds"):
            await chat.say("#lobby", "hi")
        assert trio.current_time() - start == pytest.approx(7)
        peer.mute.clear()
        await chat.say("#lobby", "hi")


@every_server
async def test_a_refusal_ends_a_long_text_early(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        peer.refuse["PRIVMSG"] = ":s 404 me #lobby :No"
        with pytest.raises(Refused):
            await chat.say("#lobby", "\n".join(map(str, range(1000))))
        await chat.barrier()
        heard = [line for line in peer._heard if line.startswith("PRIVMSG")]
        assert len(heard) < 100


async def test_relayed_lines_fit() -> None:
    async with conversation(nick="n" * 20) as (chat, peer):
        await chat.say("#lobby", "ü" * 600)
        said = [line for line in peer._heard if line.startswith("PRIVMSG")]
        assert sum(line.count("ü") for line in said) == 600
        host = "h" * 63
        for line in said:
            assert len(f":{'n' * 20}!~{'n' * 20}@{host} {line}\r\n".encode()) <= 512


@every_server
async def test_own_messages_on_request(capabilities: str) -> None:
    async with conversation(capabilities, own_messages=True) as (chat, peer):
        await chat.say("#lobby", "mine")
        await peer.say("bob", "his")
        events = []
        async for event in chat:
            if isinstance(event, Message):
                events.append(event)
                if event.nick == "bob":
                    break
        assert [(event.text, event.own) for event in events] == [("mine", True), ("his", False)]


@every_server
async def test_a_refused_message_is_no_event(capabilities: str) -> None:
    async with conversation(capabilities, own_messages=True) as (chat, peer):
        peer.refuse["PRIVMSG"] = ":s 404 me #lobby :No"
        with pytest.raises(Refused):
            await chat.say("#lobby", "mine")
        await chat.quit()
        found = [event async for event in chat]
        assert not [event for event in found if isinstance(event, Message)]
        assert "404" not in [event.code for event in found if isinstance(event, ServerReply)]


async def test_own_messages_do_not_come_unasked() -> None:
    async with conversation(LABELS) as (chat, _):
        await chat.say("#lobby", "mine")
        await chat.quit()
        assert not [event async for event in chat if isinstance(event, Message)]


@every_server
async def test_many_tasks_can_talk(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(chat.say, "#lobby", f"text{number}")
        for number in range(100):
            await peer.heard(f"PRIVMSG #lobby text{number}")


@every_server
async def test_request_returns_the_replies(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        assert await chat.members("#lobby") == ["bob", "me"]
        replies = await chat.request("TOPIC", "#lobby")
        assert "332" in [reply.command for reply in replies]
        peer.refuse["WHOIS"] = ":s 401 me ghost :No such nick"
        with pytest.raises(Refused, match="ghost: No such nick"):
            await chat.request("WHOIS", "ghost")
        with pytest.raises(ValueError, match="only the last parameter"):
            await chat.request("WHOIS", "a b", "c")
        await chat.quit()
        codes = [event.code async for event in chat if isinstance(event, ServerReply)]
        assert set(codes) == {"001", "005"}


@every_server
async def test_room_and_nickname_follow_the_server(capabilities: str) -> None:
    async with conversation(capabilities) as (chat, peer):
        await chat.join("#a")
        await chat.join("#b")
        await chat.set_topic("#a", "the topic")
        await peer.heard("TOPIC #a :the topic")
        await chat.part("#A", "bye")
        await peer.heard("PART #A bye")
        assert chat.rooms == {"#b"}
        await chat.change_nick("you")
        assert chat.nick == "you"
        assert chat.is_me("YOU")
        await peer.send(":op!o@h KICK #B you :out")
        await chat.barrier()
        assert not chat.rooms
        peer.refuse["NICK"] = ":s 433 you bob :Nickname is already in use"
        with pytest.raises(Refused, match="bob: Nickname is already in use"):
            await chat.change_nick("bob")


async def test_a_nickname_that_answers_for_itself() -> None:
    async with conversation(LABELS) as (chat, peer):
        peer.refuse["NICK"] = ":al!user@host NICK al"
        await chat.change_nick("al")
        assert chat.nick == "al"
        (event,) = [
            event
            for event in await events_until(chat, NickChanged)
            if isinstance(event, NickChanged)
        ]
        assert (event.nick, event.new) == ("me", "al")


async def test_receipts_can_be_waited_for_later() -> None:
    async with conversation(LABELS) as (chat, _):
        first, second = await chat.post("#lobby", "one\ntwo")
        await second.wait()
        assert first.answered
        assert first.taken
        assert await first.wait()


async def test_a_ping_is_answered_while_nobody_reads(autojump_clock: MockClock) -> None:
    async with conversation(buffer=10, serve=False) as (_, peer):
        for number in range(100):
            await peer.say("bob", f"text{number}")
        await peer.send("PING :are you there")
        await peer.expect("PONG :are you there")


async def test_an_acknowledgement_comes_while_nobody_reads(autojump_clock: MockClock) -> None:
    async with conversation(LABELS, buffer=10) as (chat, peer):
        for number in range(100):
            await peer.say("bob", f"text{number}")
        await chat.say("#lobby", "hi")
        await chat.quit()
        events = [event async for event in chat]
        assert isinstance(events[-1], Missed)
        assert events[-1].count + len(events) - 1 == 2 + 100


async def test_quit_ends_the_events() -> None:
    async with conversation() as (chat, peer):
        await chat.quit("good\nnight")
        await peer.heard("QUIT :good night")
        assert [event.code async for event in chat if isinstance(event, ServerReply)]
        assert not chat.connected
        with pytest.raises(ConnectionLost):
            await chat.say("#lobby", "hi")
        with pytest.raises(ConnectionLost):
            await chat.send("AWAY")
        await chat.quit()


async def test_quit_does_not_wait_for_ever(autojump_clock: MockClock) -> None:
    async with conversation() as (chat, peer):
        peer.mute.add("QUIT")
        start = trio.current_time()
        await chat.quit()
        assert trio.current_time() - start <= 5
        assert not chat.connected


async def test_a_lost_connection_is_told_to_everybody() -> None:
    async with conversation(LABELS) as (chat, peer):
        peer.mute.add("PRIVMSG")
        failures = []

        async def say() -> None:
            try:
                await chat.say("#lobby", "hi")
            except ConnectionLost as error:
                failures.append(str(error))

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(say)
            await peer.heard("PRIVMSG #lobby hi")
            await peer.send("ERROR :Closing link (server shutting down)")
            await trio.aclose_forcefully(peer.stream)
        assert failures == ["Closing link (server shutting down)"] * 50
        with pytest.raises(ConnectionLost, match="shutting down"):
            _ = [event async for event in chat]


async def test_an_end_without_a_word_is_a_loss_too() -> None:
    async with conversation(serve=False) as (chat, peer):
        await trio.aclose_forcefully(peer.stream)
        with pytest.raises(ConnectionLost, match="the server closed the connection"):
            await events_until(chat, Missed)


async def test_the_last_words_survive_a_broken_connection(autojump_clock: MockClock) -> None:
    async with conversation(serve=False) as (chat, peer):
        await peer.send("ERROR :Flooded")
        # The server hears no more, but has not closed its other direction.
        await peer.stream.receive_stream.aclose()  # type: ignore[attr-defined]
        with pytest.raises(ChatError):
            await chat.barrier()
        with pytest.raises(ConnectionLost, match="Flooded"):
            await events_until(chat, Missed)


async def test_a_silent_server_is_asked_and_then_lost(autojump_clock: MockClock) -> None:
    async with conversation(serve=False, keepalive=60) as (chat, peer):
        start = trio.current_time()
        await peer.expect("PING keep-alive")
        assert trio.current_time() - start == pytest.approx(60)
        await peer.send("PONG s keep-alive")
        await trio.sleep(50)
        await peer.send(":s NOTICE me :still here")
        await peer.expect("PING keep-alive")
        assert trio.current_time() - start == pytest.approx(170)
        with pytest.raises(ConnectionLost, match="silent for 120 seconds"):
            await events_until(chat, Missed)
        assert trio.current_time() - start == pytest.approx(230)


async def test_a_server_that_reads_nothing_is_noticed(autojump_clock: MockClock) -> None:
    async with conversation(serve=False, timeout=5) as (chat, _):

        async def never() -> None:
            await trio.sleep_forever()

        chat._connections.link.stream.send_stream.send_all_hook = never  # type: ignore[attr-defined]
        for _ in range(17):
            await chat.send("AWAY")
        with pytest.raises(NoAnswer, match="reads nothing for 5 seconds"):
            await chat.send("AWAY")
        with pytest.raises(NoAnswer, match="reads nothing for 5 seconds"):
            await chat.post("#lobby", "x")


async def test_no_more_than_a_window_is_pending(autojump_clock: MockClock) -> None:
    async with conversation(LABELS, timeout=5) as (chat, peer):
        peer.mute.add("PRIVMSG")
        for _ in range(32):
            await chat.post("#lobby", "x")
        with pytest.raises(NoAnswer, match="in 5 seconds"):
            await chat.post("#lobby", "x")


async def test_a_cancelled_say_leaves_whole_lines(autojump_clock: MockClock) -> None:
    async with conversation(serve=False) as (chat, peer):
        with trio.move_on_after(1) as scope:
            await chat.say("#lobby", "hi")
        assert scope.cancelled_caught
        await peer.expect("PRIVMSG #lobby hi", "PING trio1")
        # Its late answer is nobody's.
        await peer.send(":s PONG s trio1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chat.barrier)
            await peer.expect("PING trio2")
            await peer.send(":s PONG s trio2")


async def test_capabilities_can_come_and_go() -> None:
    async with conversation(serve=False) as (chat, peer):
        await peer.send(":s CAP me NEW :echo-message unheard-of")
        await peer.expect("CAP REQ echo-message")
        await peer.send(":s CAP me ACK :echo-message")
        await peer.send("PING x")
        await peer.expect("PONG x")
        assert chat.capabilities == {"echo-message"}
        await peer.send(":s CAP me DEL :echo-message", "PING y")
        await peer.expect("PONG y")
        assert chat.capabilities == frozenset()


async def test_history_is_marked() -> None:
    async with conversation("batch") as (chat, peer):
        await peer.send(
            ":s BATCH +h chathistory #lobby",
            "@batch=h;time=2020-01-02T03:04:05.678Z;msgid=7 :bob!b@h PRIVMSG #lobby :old",
            ":s BATCH -h",
            ":bob!b@h PRIVMSG #lobby :new",
        )
        found = []
        async for event in chat:
            if isinstance(event, Message):
                found.append(event)
                if event.text == "new":
                    break
        assert [(event.text, event.history) for event in found] == [("old", True), ("new", False)]
        assert found[0].time.isoformat() == "2020-01-02T03:04:05.678000+00:00"
        assert found[0].id == "7"


async def test_others_are_events() -> None:
    async with conversation() as (chat, peer):
        await peer.send(
            "\x01 garbage \x00\r",
            "",
            ":bob!b@h JOIN #lobby",
            ":bob!b@h NICK bobby",
            ":bobby!b@h PRIVMSG me :psst",
        )
        found = [
            event
            for event in await events_until(chat, Message)
            if not isinstance(event, ServerReply)
        ]
        assert [type(event) for event in found] == [Joined, NickChanged, Message]
        assert isinstance(found[2], Message)
        assert found[2].room == ""
        assert found[2].reply_to == "bobby"

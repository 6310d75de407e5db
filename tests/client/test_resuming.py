"""What a client has after its connection was lost and made again: everything, once, in order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from tests.client.archive import HISTORY, UNLABELLED, archived, until
from tests.client.peer import LABELS
from trio_chat.client import (
    CaughtUp,
    Chat,
    ConnectionLost,
    Event,
    Gap,
    Message,
    Missed,
    NotSaid,
    Reconnected,
    Refused,
    RejoinFailed,
)

every_history = pytest.mark.parametrize("capabilities", [HISTORY, UNLABELLED])


def texts(events: Sequence[Event], room: str = "#lobby") -> list[str]:
    return [event.text for event in events if isinstance(event, Message) and event.room == room]


async def read_until(chat: Chat, text: str) -> list[Event]:
    return await until(chat, lambda event: isinstance(event, Message) and event.text == text)


@every_history
async def test_what_was_missed_comes_once_and_in_order(
    capabilities: str, autojump_clock: MockClock
) -> None:
    async with archived(capabilities) as (chat, server):
        await server.say("before")
        found = await read_until(chat, "before")
        await server.cut()
        for number in range(7):
            server.store("bob", "PRIVMSG", "#lobby", f"missed{number}")
        server.store("bob", "NOTICE", "#lobby", "noticed")
        found += await read_until(chat, "missed6")
        await server.say("after")
        found += await read_until(chat, "after")
        missed = [f"missed{number}" for number in range(7)]
        assert texts(found) == ["before", *missed, "after"]
        history = [event.history for event in found if isinstance(event, Message)]
        assert history == [False, *[True] * 7, False]
        # Exactly what came after the last that was there.
        assert [line for line in server.asked if "TARGETS" not in line] == [
            f"AFTER #lobby msgid=id{last} 3" for last in (0, 3, 6, 8)
        ]
        assert not any(isinstance(event, Gap) for event in found)


@every_history
async def test_what_comes_meanwhile_waits_for_what_was_missed(
    capabilities: str, autojump_clock: MockClock
) -> None:
    async with archived(capabilities) as (chat, server):
        await server.say("0")
        found = await read_until(chat, "0")
        await server.cut()
        for number in range(1, 5):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        said = iter(range(5, 11))

        async def talk() -> None:
            # Somebody talks all the time: before a page is read, and before it is sent.
            if (number := next(said, None)) is not None:
                await server.say(str(number))

        server.before_page = server.after_page = talk
        found += await read_until(chat, "10")
        await server.say("end")
        found += await read_until(chat, "end")
        assert texts(found) == [*map(str, range(11)), "end"]
        caught_up = [index for index, event in enumerate(found) if isinstance(event, CaughtUp)]
        assert len(caught_up) == 1
        assert found[caught_up[0] :] == [found[caught_up[0]], found[-1]]
        live = [event.text for event in found if isinstance(event, Message) and not event.history]
        assert live == ["0", *map(str, range(5, 11)), "end"]


async def test_more_comes_meanwhile_than_can_be_held(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("0")
        found = await read_until(chat, "0")
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "1")
        number = 2

        async def flood() -> None:
            nonlocal number
            for _ in range(600 if number < 1200 else 0):
                await server.say(str(number))
                number += 1

        server.after_page = flood
        found += await read_until(chat, "1201")
        assert texts(found) == [*map(str, range(1202))]
        assert not any(isinstance(event, Missed) for event in found)


async def test_a_slow_reader_loses_nothing(autojump_clock: MockClock) -> None:
    async with archived(buffer=10) as (chat, server):
        await server.say("0")
        found = await read_until(chat, "0")
        await server.cut()
        for number in range(1, 60):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        while "59" not in texts(found):
            await trio.sleep(30)
            found.append(await anext(chat))
        assert texts(found) == [*map(str, range(60))]
        assert not any(isinstance(event, Missed) for event in found)


async def test_a_second_loss_while_catching_up(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("0")
        found = await read_until(chat, "0")
        await server.cut()
        for number in range(1, 20):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        pages = 0

        async def fail() -> None:
            nonlocal pages
            pages += 1
            if pages in (3, 5, 8):
                await server.say(f"while away {pages}")
                await server.cut()

        server.before_page = fail
        found += await read_until(chat, "while away 8")
        assert server.connections == 5
        expected = [*map(str, range(20)), *(f"while away {page}" for page in (3, 5, 8))]
        assert texts(found) == expected


async def test_several_rooms_and_a_key(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await chat.join("#cats", "meow")
        await chat.join("#dogs")
        await chat.part("#dogs")
        await server.say("one", target="#cats")
        await read_until(chat, "one")
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "first ever")
        server.store("bob", "PRIVMSG", "#cats", "two")
        server.store("bob", "PRIVMSG", "#dogs", "woof")
        found = await read_until(chat, "two")
        await chat.barrier()
        joins = [line for line in server.peer._heard if line.startswith("JOIN")]
        assert joins == ["JOIN #lobby", "JOIN #cats meow"]
        assert chat.rooms == {"#lobby", "#cats"}
        assert texts(found) == ["first ever"]
        assert texts(found, "#cats") == ["two"]
        assert texts(found, "#dogs") == []


async def test_people_who_wrote_meanwhile(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("known", nick="bob", target="me")
        await read_until(chat, "known")
        await server.cut()
        for nick in ("bob", "carol", "dave", "erin", "frank"):
            server.store(nick, "PRIVMSG", "me", f"{nick} 1")
            server.store(nick, "PRIVMSG", "me", f"{nick} 2")
        server.store("bob", "PRIVMSG", "carol", "a secret")
        found = await read_until(chat, "frank 2")
        await server.say("live", nick="grace", target="me")
        found += await read_until(chat, "live")
        talked = ("bob", "carol", "dave", "erin", "frank")
        expected = [f"{nick} {number}" for nick in talked for number in (1, 2)]
        assert texts(found, "") == [*expected, "live"]


async def test_a_person_who_writes_just_then(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.cut()

        async def write() -> None:
            server.after_page = server.before_page
            await server.say("psst", nick="carol", target="me")

        server.after_page = write
        found = await read_until(chat, "psst")
        await server.say("end")
        found += await read_until(chat, "end")
        assert texts(found, "") == ["psst"]


@every_history
async def test_what_arrived_counts_as_said(capabilities: str, autojump_clock: MockClock) -> None:
    async with archived(capabilities, own_messages=True) as (chat, server):
        await chat.say("#lobby", "hi")
        server.swallows = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chat.say, "#lobby", "hi")
            await trio.sleep(0.1)
            server.swallows = False
        await chat.say("#lobby", "hi")
        found = await until(chat, lambda event: isinstance(event, Message) and event.id == "id2")
        assert [line.text for line in server.log] == ["hi"] * 3
        assert [event.id for event in found if isinstance(event, Message)] == ["id0", "id1", "id2"]
        assert all(event.own for event in found if isinstance(event, Message))


@every_history
async def test_what_got_lost_is_told_and_not_said_again(
    capabilities: str, autojump_clock: MockClock
) -> None:
    async with archived(capabilities) as (chat, server):
        # The same text, said before: that is not the one.
        await chat.say("#lobby", "hi")
        server.loses = True
        first, second = await chat.post("#lobby", "hi\nho")
        await trio.sleep(1)
        await server.cut()
        server.loses = False
        server.store("me", "PRIVMSG", "#lobby", "ho")
        with pytest.raises(NotSaid, match="the connection was lost before this was said: hi"):
            await first.wait()
        await second.wait()
        assert [line.text for line in server.log] == ["hi", "ho"]


async def test_formatting_that_a_server_takes_out(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        server.loses = True
        (receipt,) = await chat.post("#lobby", "so \x02bold\x02")
        await trio.sleep(1)
        server.store("ME", "PRIVMSG", "#lobby", "so bold")
        await server.cut()
        await receipt.wait()


async def test_where_it_can_not_be_known(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        await server.say("private", target="me")
        await read_until(chat, "private")
        server.loses = True
        (to_bob,) = await chat.post("bob", "psst")
        (to_room,) = await chat.post("#lobby", "hi")
        await trio.sleep(1)
        # As if its history were in memory only, and had gone with the server.
        server.forgotten.add("id0")
        await server.cut()
        for receipt in (to_bob, to_room):
            with pytest.raises(ConnectionLost, match="can not be known whether") as caught:
                await receipt.wait()
            assert not isinstance(caught.value, NotSaid)


@pytest.mark.parametrize("capabilities", [LABELS, "", "draft/chathistory message-tags"])
async def test_a_server_without_history(capabilities: str, autojump_clock: MockClock) -> None:
    async with archived(capabilities) as (chat, server):
        await server.say("before")
        await read_until(chat, "before")
        (receipt,) = await chat.post("#lobby", "hi")
        await receipt.wait()
        await server.cut()
        found = await until(chat, lambda event: isinstance(event, Gap) and not event.target)
        gaps = [event for event in found if isinstance(event, Gap)]
        assert [gap.target for gap in gaps] == ["#lobby", ""]
        assert gaps[0].reason == "the server keeps no history that we can ask for"
        assert chat.rooms == {"#lobby"}
        assert not server.asked
        await chat.say("#lobby", "here again")
        await server.say("after")
        assert texts(await read_until(chat, "after")) == ["after"]


async def test_without_history_an_unanswered_message_is_unknown(
    autojump_clock: MockClock,
) -> None:
    async with archived(LABELS) as (chat, server):
        server.loses = True
        (receipt,) = await chat.post("#lobby", "hi")
        await trio.sleep(1)
        await server.cut()
        with pytest.raises(ConnectionLost, match="can not be known whether this was said: hi"):
            await receipt.wait()


async def test_a_room_that_is_closed_to_us(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await chat.join("#cats")
        await server.cut()
        server.refuse["JOIN"] = ":s 474 me #lobby :Cannot join channel (+b)"
        found = await until(chat, lambda e: isinstance(e, RejoinFailed) and e.room == "#cats")
        failed = [event for event in found if isinstance(event, RejoinFailed)]
        assert [event.room for event in failed] == ["#lobby", "#cats"]
        assert failed[0].reason == "#lobby: Cannot join channel (+b)"
        await chat.barrier()
        server.refuse.clear()
        await server.cut()
        await until(chat, lambda event: isinstance(event, Reconnected))
        await chat.barrier()
        # They have been given up.
        assert not chat.rooms


async def test_history_that_has_forgotten_where_we_were(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        found = await read_until(chat, "before")
        await server.cut()
        server.forgotten.add("id0")
        for number in range(1, 6):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        found += await read_until(chat, "5")
        assert texts(found) == ["before", *map(str, range(1, 6))]
        (gap,) = [event for event in found if isinstance(event, Gap)]
        assert (gap.target, gap.reason) == ("#lobby", "the server has forgotten where we were")


async def test_history_that_has_forgotten_everything(autojump_clock: MockClock) -> None:
    """As that of a private room has, whose server was started anew."""
    async with archived() as (chat, server):
        await server.say("before")
        await read_until(chat, "before")
        await server.cut()
        server.log.clear()
        found = await until(chat, lambda event: isinstance(event, CaughtUp))
        (gap,) = [event for event in found if isinstance(event, Gap)]
        assert (gap.target, gap.reason) == ("#lobby", "the server has forgotten where we were")
        assert texts(found) == []


async def test_history_that_forgets_while_it_is_read(autojump_clock: MockClock) -> None:
    """A slow reader may be overtaken by what a server keeps."""
    async with archived() as (chat, server):
        await server.say("0")
        found = await read_until(chat, "0")
        await server.cut()
        for number in range(1, 9):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        pages = 0

        async def prune() -> None:
            nonlocal pages
            pages += 1
            if pages == 3:
                # What was given out, and two more.
                server.forgotten |= {f"id{number}" for number in range(6)}
                server.redacted |= server.forgotten

        server.before_page = prune
        found += await until(chat, lambda event: isinstance(event, CaughtUp))
        assert texts(found) == [*"0123", *"678"]
        told = [event for event in found if isinstance(event, Gap | Message)]
        assert [told.index(event) for event in told if isinstance(event, Gap)] == [4]


async def test_the_last_message_was_taken_back_meanwhile(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        for number in range(3):
            await server.say(str(number))
        await read_until(chat, "2")
        await server.cut()
        server.redacted.add("id2")
        found = await until(chat, lambda event: isinstance(event, CaughtUp))
        assert not any(isinstance(event, Gap) for event in found)
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "missed")
        found = await until(chat, lambda event: isinstance(event, CaughtUp))
        assert texts(found) == ["missed"]
        assert not any(isinstance(event, Gap) for event in found)


async def test_history_that_fails(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        await read_until(chat, "before")
        await server.cut()
        server.refuse["CHATHISTORY"] = ":s FAIL CHATHISTORY MESSAGE_ERROR x :Out of order"
        found = await until(chat, lambda event: isinstance(event, Gap) and not event.target)
        gaps = [(event.target, event.reason) for event in found if isinstance(event, Gap)]
        assert gaps == [("#lobby", "Out of order"), ("", "Out of order")]
        await server.say("after")
        await read_until(chat, "after")


async def test_no_program_is_asked_by_history(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        await read_until(chat, "before")
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "\x01VERSION\x01")
        server.store("bob", "PRIVMSG", "#lobby", "\x01ACTION waves\x01")
        found = await read_until(chat, "waves")
        assert "Ctcp" not in {type(event).__name__ for event in found}


@pytest.mark.parametrize("references", ["msgid,timestamp", "timestamp"])
async def test_a_page_of_nothing_but_questions_of_programs(
    references: str, autojump_clock: MockClock
) -> None:
    async with archived() as (chat, server):
        await server.peer.send(f":s 005 me MSGREFTYPES={references} :are supported")
        await server.say("before")
        found = await read_until(chat, "before")
        await server.cut()
        for text in ("a", *["\x01VERSION\x01"] * 11, "b", *["\x01PING 1\x01"] * 4, "c"):
            server.store("bob", "PRIVMSG", "#lobby", text)
        found += await until(chat, lambda event: isinstance(event, CaughtUp))
        assert texts(found) == ["before", "a", "b", "c"]
        assert not any(isinstance(event, Gap) for event in found)


async def test_what_was_said_is_found_behind_such_a_page(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.say("before")
        await read_until(chat, "before")
        for _ in range(5):
            server.store("bob", "PRIVMSG", "#lobby", "\x01VERSION\x01")
        server.swallows = True
        (receipt,) = await chat.post("#lobby", "hi")
        await receipt.wait()


async def test_history_by_hand() -> None:
    async with archived() as (chat, server):
        for number in range(8):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        await server.say("live")
        await read_until(chat, "live")
        assert texts(await chat.history("#lobby", 5)) == ["4", "5", "6", "7", "live"]
        assert texts(await chat.history("#lobby")) == [*map(str, range(8)), "live"]
        assert texts(await chat.history("#lobby", 3, unseen=True)) == ["6", "7"]
        assert await chat.history("#lobby", 3, unseen=True) == []
        assert await chat.history("carol") == []


async def test_what_was_read_by_hand_is_where_we_go_on(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        for number in range(3):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        assert texts(await chat.history("#lobby", unseen=True)) == ["0", "1", "2"]
        server.store("bob", "PRIVMSG", "#lobby", "3")
        await server.cut()
        assert texts(await read_until(chat, "3")) == ["3"]
        assert "AFTER #lobby msgid=id2 3" in server.asked


async def test_history_by_hand_of_a_server_that_has_none() -> None:
    async with archived(LABELS) as (chat, _):
        with pytest.raises(Refused, match="the server keeps no history"):
            await chat.history("#lobby")


async def test_a_server_that_knows_times_only(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await server.peer.send(":s 005 me MSGREFTYPES=timestamp :are supported")
        for number in range(2):
            await server.say(str(number))
        found = await read_until(chat, "1")
        await server.cut()
        for number in range(2, 8):
            server.store("bob", "PRIVMSG", "#lobby", str(number))
        found += await read_until(chat, "7")
        assert texts(found) == [*map(str, range(8))]
        await chat.barrier()
        assert not any("msgid" in line for line in server.asked)


async def test_a_server_that_is_slow_to_let_us_in(autojump_clock: MockClock) -> None:
    async with archived(timeout=10, keepalive=1000) as (chat, server):
        await server.say("before")
        found = await read_until(chat, "before")
        server.mute.add("JOIN")
        await server.cut()
        server.store("bob", "PRIVMSG", "#lobby", "missed")
        found += await until(chat, lambda event: isinstance(event, Reconnected))
        await trio.sleep(15)
        server.mute.clear()
        found += await read_until(chat, "missed")
        assert not any(isinstance(event, RejoinFailed) for event in found)
        # One that does not answer at all is asked again on the next connection.
        server.mute.add("JOIN")
        await server.cut()
        found = await until(chat, lambda event: isinstance(event, RejoinFailed))
        assert isinstance(found[-1], RejoinFailed)
        assert found[-1].reason == "#lobby: the server does not answer"
        await until(chat, lambda event: isinstance(event, CaughtUp))
        server.mute.clear()
        server.store("bob", "PRIVMSG", "#lobby", "missed too")
        await server.cut()
        found = await read_until(chat, "missed too")
        assert texts(found) == ["missed too"]

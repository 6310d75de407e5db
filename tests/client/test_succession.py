"""One connection after the other: what is told, what waits, how it ends."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from tests.client.archive import HISTORY, Archive, archived, until
from trio_chat.client import (
    ConnectionLost,
    Disconnected,
    Joined,
    Message,
    Reconnected,
    Reconnecting,
    Refused,
    ServerReply,
    connect_over,
)


async def test_what_is_told(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await until(chat, lambda event: isinstance(event, Joined))
        server.unreachable = 2
        await server.peer.send("ERROR :Going down")
        await server.cut()
        start = trio.current_time()
        found = await until(chat, lambda event: isinstance(event, Joined))
        told = [event for event in found if not isinstance(event, ServerReply)]
        assert isinstance(told[0], Disconnected)
        assert told[0].reason == "Going down"
        attempts = [event for event in told if isinstance(event, Reconnecting)]
        assert told[1:4] == attempts
        assert [event.attempt for event in attempts] == [1, 2, 3]
        assert [event.reason for event in attempts] == ["", "nobody is there", "nobody is there"]
        assert trio.current_time() - start == pytest.approx(sum(event.delay for event in attempts))
        assert isinstance(told[4], Reconnected)
        assert told[4].nick == "me"


async def test_a_nickname_that_the_lost_connection_still_has(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        server.taken = 2
        await server.cut()
        found = await until(chat, lambda event: isinstance(event, Reconnected))
        reasons = [event.reason for event in found if isinstance(event, Reconnecting)]
        assert reasons == ["", *["me: Nickname is already in use"] * 2]
        assert chat.nick == "me"


async def test_the_nickname_of_last(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        await chat.change_nick("you")
        await server.cut()
        await until(chat, lambda event: isinstance(event, Reconnected))
        assert chat.nick == server.peer.nick == "you"


async def test_another_nickname(autojump_clock: MockClock) -> None:
    async with archived(alternatives=True) as (chat, server):
        await server.cut()
        register = server.open

        async def open() -> trio.abc.Stream:
            stream = await register()
            await server.peer.send(":s 433 * me :Nickname is already in use")
            return stream

        chat._connections._reopen = open
        found = await until(chat, lambda event: isinstance(event, Reconnected))
        assert chat.nick == "me_"
        assert isinstance(found[-1], Reconnected)
        assert found[-1].nick == "me_"


async def test_who_is_not_wanted_any_more(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        register = server.open

        async def open() -> trio.abc.Stream:
            stream = await register()
            server.peer.unwelcome = ":s 465 me :You are banned"
            return stream

        chat._connections._reopen = open
        await server.cut()
        with pytest.raises(Refused, match="You are banned"):
            await until(chat, lambda event: isinstance(event, Reconnected))
        with pytest.raises(Refused, match="You are banned"):
            await chat.say("#lobby", "hi")


async def test_calls_wait_for_the_next_connection(autojump_clock: MockClock) -> None:
    async with archived(timeout=5) as (chat, server):
        server.unreachable = 5
        await server.cut()
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chat.say, "#lobby", "hi")
            nursery.start_soon(chat.join, "#cats")
            nursery.start_soon(chat.barrier)
            nursery.start_soon(chat.request, "TOPIC", "#lobby")
            nursery.start_soon(chat.send, "AWAY")
        assert trio.current_time() - start > 10
        assert [line.text for line in server.log] == ["hi"]
        assert chat.rooms == {"#lobby", "#cats"}


async def test_a_join_whose_answer_got_lost(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        server.peer.mute = {"JOIN"}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chat.join, "#cats", "meow")
            await server.peer.heard("JOIN #cats meow")
            await server.cut()
        assert chat.rooms == {"#lobby", "#cats"}
        await server.peer.heard("JOIN #cats meow")


@pytest.mark.parametrize("seconds", [0.0, 3.0])
async def test_quitting_while_away(seconds: float, autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        server.unreachable = 100
        await server.cut()
        await trio.sleep(seconds)
        start = trio.current_time()
        await chat.quit()
        assert trio.current_time() - start <= 5
        assert not chat.connected
        assert not [event async for event in chat if isinstance(event, Message)]
        with pytest.raises(ConnectionLost):
            await chat.say("#lobby", "hi")
    assert server.connections == 1


async def test_a_message_without_an_answer_at_the_end(autojump_clock: MockClock) -> None:
    async with archived() as (chat, server):
        server.loses = True
        server.unreachable = 100
        (receipt,) = await chat.post("#lobby", "hi")
        await trio.sleep(1)
        await server.cut()
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                with pytest.raises(ConnectionLost):
                    await receipt.wait()

            nursery.start_soon(wait)
            await trio.sleep(100)
            assert not receipt.answered
            await chat.quit()


async def test_a_cancelled_body_says_goodbye_on_the_last_connection(
    autojump_clock: MockClock,
) -> None:
    server = Archive(HISTORY)
    async with trio.open_nursery() as nursery:
        server.nursery = nursery
        stream = await server.open()
        with trio.CancelScope() as scope:
            async with connect_over(stream, nick="me", reopen=server.open) as chat:
                await server.cut()
                await until(chat, lambda event: isinstance(event, Reconnected))
                await chat.barrier()
                # Its answer would find nobody.
                server.peer.mute.add("QUIT")
                scope.cancel()
                await trio.sleep_forever()
        assert server.connections == 2
        await server.peer.heard("QUIT")


async def test_attempts_are_counted_anew_after_a_steady_connection(
    autojump_clock: MockClock,
) -> None:
    async with archived(keepalive=1000) as (chat, server):
        attempts = []
        for seconds in (1, 1, 100):
            await server.cut()
            found = await until(chat, lambda event: isinstance(event, Reconnected))
            attempts += [event.attempt for event in found if isinstance(event, Reconnecting)]
            await trio.sleep(seconds)
        await server.cut()
        found = await until(chat, lambda event: isinstance(event, Reconnected))
        attempts += [event.attempt for event in found if isinstance(event, Reconnecting)]
        assert attempts == [1, 2, 3, 1]


async def test_a_server_that_accepts_and_is_silent(autojump_clock: MockClock) -> None:
    async with archived(timeout=5) as (chat, server):
        register = server.open

        async def silent() -> trio.abc.Stream:
            chat._connections._reopen = register
            ours, theirs = memory_stream_pair()
            streams.append(theirs)
            return ours

        streams: list[trio.abc.Stream] = []
        chat._connections._reopen = silent
        await server.cut()
        found = await until(chat, lambda event: isinstance(event, Reconnected))
        reasons = [event.reason for event in found if isinstance(event, Reconnecting)]
        assert reasons == ["", "the server does not complete the registration"]

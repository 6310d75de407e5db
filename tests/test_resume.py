"""Clients of ours that talk while the server is killed and started again: nothing lost, nothing
twice.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.served import PATIENCE, Served, served
from trio_chat.client import (
    Chat,
    Gap,
    Message,
    Missed,
    NotSaid,
    Reconnected,
    connect,
    reconnecting,
)

pytestmark = pytest.mark.drill

KILLS = 4
EACH = 50
"""Lines between two kills."""
COUNT = EACH * (KILLS + 1)


class Mortal:
    """A server that can be killed, and comes back where it was, with what it has kept."""

    def __init__(self, tmp_path: Path, stack: ExitStack) -> None:
        self._tmp_path = tmp_path
        self._stack = stack
        self._server = self._start("127.0.0.1:0")
        self.port = self._server.port

    def _start(self, address: str) -> Served:
        server = served(self._tmp_path, "--listen", address, listen=False)
        return self._stack.enter_context(server)

    def kill(self) -> None:
        self._server.process.kill()
        self._server.process.wait()
        self._server = self._start(f"127.0.0.1:{self.port}")


async def talk(chat: Chat) -> None:
    """Say numbered lines; one that is known to be lost again."""
    for number in range(COUNT):
        lost = True
        while lost:
            with suppress(NotSaid):
                await chat.say("#lobby", f"line {number}")
                lost = False


async def test_nothing_is_lost_and_nothing_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting, "LONGEST", 0.5)
    heard: list[str] = []
    back = 0
    member = partial(connect, "127.0.0.1", reconnect=True, timeout=PATIENCE)
    with ExitStack() as stack, trio.fail_after(3 * PATIENCE):
        server = await trio.to_thread.run_sync(Mortal, tmp_path, stack)
        async with (
            member(server.port, nick="listener") as listener,
            member(server.port, nick="talker") as talker,
            trio.open_nursery() as nursery,
        ):
            assert "draft/chathistory" in listener.capabilities
            await listener.join("#lobby")
            await talker.join("#lobby")
            nursery.start_soon(talk, talker)
            async for event in listener:
                assert not isinstance(event, Gap | Missed)
                back += isinstance(event, Reconnected)
                if isinstance(event, Message):
                    heard.append(event.text)
                    if len(heard) % EACH == 0 and len(heard) < COUNT:
                        # The talker does not wait for it.
                        nursery.start_soon(trio.to_thread.run_sync, server.kill)
                if len(heard) == COUNT:
                    break
            kept = await listener.history("#lobby", 2 * COUNT)
    assert heard == [f"line {number}" for number in range(COUNT)]
    assert [event.text for event in kept] == heard
    assert back == KILLS

"""Whatever a connection says, and however it comes: it ends itself at most, and in order."""

from __future__ import annotations

import random

import pytest
import structlog.testing
import trio

from tests.blobs import blob
from tests.server.rig import running

CONNECTIONS = 75

pytestmark = pytest.mark.usefixtures("carried")


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 6))]
)
async def test_no_blob_harms_anybody(seed: int, autojump_clock: trio.abc.Clock) -> None:
    chance = random.Random(seed)
    with structlog.testing.capture_logs() as logs:
        async with running() as rig:
            bystander = await rig.irc("by", "JOIN #a")
            peers = []
            for number in range(CONNECTIONS):
                peer = await rig.connect()
                peers.append(peer)
                if chance.random() < 0.5:
                    caps = "labeled-response batch message-tags echo-message standard-replies"
                    lines = [f"CAP REQ :{caps}", "CAP END"] if chance.random() < 0.5 else []
                    await peer.register(f"al{number}", *lines, "JOIN #a,#b")
                said = b"".join(blob(chance) for _ in range(chance.randrange(1, 5)))
                while said:
                    size = chance.randrange(1, len(said) + 1)
                    try:
                        await peer.stream.send_all(said[:size])
                    except trio.BrokenResourceError:
                        # It has been sent off.
                        break
                    said = said[size:]
                    await trio.lowlevel.checkpoint()
                if chance.random() < 0.5:
                    await peer.stream.aclose()
                await bystander.barrier()
            for peer in peers:
                await peer.stream.aclose()
            with trio.fail_after(60):
                await rig.alone(1)
            await bystander.barrier()
    assert [entry for entry in logs if entry["log_level"] in ("warning", "error")] == []

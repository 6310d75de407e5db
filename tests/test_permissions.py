"""Every cell of the tables of who may do what, against the core; and the document made of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.core.registering import Registering
from tests.core.world import codes
from tests.journal.rig import File, memory
from trio_chat.core import modes, rooms
from trio_chat.core.accounts import Suspension
from trio_chat.permissions import TABLES, document
from trio_chat.permissions.table import EMPTY, YES, Actor, Row

DOCUMENT = Path(__file__).parent.parent / "docs" / "permissions.md"
CAPS = (
    "echo-message draft/channel-rename standard-replies batch server-time message-tags"
    " draft/chathistory"
)


def play(world: Registering, row: Row, actor: Actor) -> str:
    """Return what comes of it when an actor does what a row says."""
    world.come("owner", "#a")
    rooms.set_standing(world.channel(), world.user("owner"), modes.OWNER)
    for name in ("other", "stranger"):
        world.come(name)
    world.ask("other", "JOIN #a")
    if row.registered:
        assert world.register("owner") is None
    world.irc("who", caps=CAPS)
    if actor.account:
        world.log_in("who")
    who = world.user("who")
    if actor.access not in ("", "founder"):
        standing = sum(modes.PREFIX_OF_LETTER[letter].bit for letter in actor.access)
        assert world.give("who", standing) is None
    if actor.inside:
        world.ask("who", "JOIN #a")
    if actor.standing:
        world.ask("owner", f"MODE #a +{actor.standing} {'who ' * len(actor.standing)}")
    if actor.operator:
        who.modes |= modes.OPERATOR
    world.ask("owner", *actor.ruled)
    for line in row.set:
        if line == "SUSPEND":
            suspended = Suspension(by="root", reason="x", at=world.now)
            world.change("owner", msgspec.structs.replace(world.room(), suspended=suspended))
        elif line == "EMPTY":
            for name in ("owner", "other", "who"):
                world.ask(name, "PART #a")
        else:
            world.ask("owner", line)
    if actor.access == "founder":
        assert world.change("owner", world.room().founded_by("who")) is None
    answer = world.ask("who", row.does)
    if any(row.shows in line for line in answer):
        return YES
    found = [code for code in codes(answer) if code != "BATCH"]
    return found[0] if found else EMPTY


CELLS = [
    pytest.param(row, actor, cell, id=f"{table.title}: {row.name}: {actor.name}")
    for table in TABLES
    for row in table.rows
    for actor, cell in zip(table.actors, row.cells.split(" "), strict=True)
]


@pytest.mark.parametrize(("row", "actor", "cell"), CELLS)
def test_a_cell(tmp_path: Path, row: Row, actor: Actor, cell: str) -> None:
    file = File(tmp_path / "journal.db", connect=memory)
    try:
        assert play(Registering(file), row, actor) == cell
    finally:
        file.close()


def test_every_mode_that_keeps_somebody_out_or_silent_is_in_a_row() -> None:
    named = " ".join(row.name for table in TABLES for row in table.rows)
    bits = modes.PRIVATE | modes.LIMITED | modes.SPEECH | modes.NO_EXTERNAL | modes.TOPIC_LOCK
    for mode in modes.CHANNEL_MODES.values():
        if mode.bit & bits:
            assert f"+{mode.letter}" in named, mode.letter


def test_the_document_is_not_stale() -> None:
    assert DOCUMENT.read_text() == document.markdown() + "\n", "run `nox -s docs`"


def test_writing_it(tmp_path: Path) -> None:
    document.main(tmp_path / "permissions.md")
    assert (tmp_path / "permissions.md").read_text() == document.markdown() + "\n"

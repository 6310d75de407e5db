"""What is done to accounts while no server runs is stored as a server would have done it, or it is
said that it is not."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import msgspec
import pytest

from trio_chat.config import Config
from trio_chat.config.keys import Server
from trio_chat.core import accounts, modes, registered
from trio_chat.core.accounts import ACCOUNT, METADATA, Account, Suspension
from trio_chat.core.deeds import Add, Deed, Drop, SetPassword, Suspend, Unsuspend
from trio_chat.core.entries import Kept
from trio_chat.core.registered import ROOM, RegisteredRoom
from trio_chat.core.secrets import SECRET, Secret
from trio_chat.journal import InUseError, JournalError, UnusableError, upkeep
from trio_chat.journal.lock import JOURNAL
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.offline import carry_out
from trio_chat.server.storing import make_core, open_file

AL = Account(name="Al", registered_at=1.0)
BO = Account(name="bo", registered_at=2.0)
BEFORE = Secret(hash="before", salt=b"s", iterations=1, stored_key=b"k", server_key=b"v")
AFTER = msgspec.structs.replace(BEFORE, hash="after")


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    """The configuration of a server that has two accounts, a room of each, and does not run."""
    journal = SqliteJournal(tmp_path)
    rooms = (
        RegisteredRoom(name="#a", founder="al", registered_at=3.0, access={"bo": modes.OP}),
        RegisteredRoom(name="#b", founder="al", registered_at=4.0),
        RegisteredRoom(name="#c", founder="bo", registered_at=5.0, access={"al": modes.VOICE}),
    )
    await journal.commit(
        [
            *accounts.kept(AL, BEFORE),
            *accounts.kept(BO, BEFORE),
            *map(registered.kept, rooms),
            Kept(METADATA, "al", b"x"),
        ]
    )
    await journal.aclose()
    return Config(server=Server(data=tmp_path))


async def do(config: Config, deed: Deed) -> str:
    assert config.server.data is not None
    return await carry_out(config, config.server.data, deed)


async def founders(config: Config) -> dict[str, str]:
    """Return whose each room is for the server that is started next."""
    assert config.server.data is not None
    journal = open_file(config, config.server.data)
    try:
        core = make_core(config, journal, monotonic=0.0)
    finally:
        await journal.aclose()
    return {room.name: room.founder for room in core.context.registered}


async def test_another_password(config: Config, tmp_path: Path) -> None:
    assert await do(config, SetPassword(account="AL", secret=AFTER)) == ""
    (secrets,) = upkeep.kept(tmp_path, SECRET)
    assert secrets == {"al": AFTER.encoded(), "bo": BEFORE.encoded()}


async def test_added(config: Config, tmp_path: Path) -> None:
    assert await do(config, Add(account="Cy", email="cy@x.org", secret=AFTER)) == ""
    found, secrets = upkeep.kept(tmp_path, ACCOUNT, SECRET)
    there = accounts.Accounts(found).get("cy")
    assert there is not None
    assert (there.name, there.email, there.is_verified) == ("Cy", "cy@x.org", True)
    assert secrets["cy"] == AFTER.encoded()
    problem = await do(config, Add(account="cy", secret=BEFORE))
    assert problem == "There is an account Cy already"


async def test_suspended_and_not(config: Config, tmp_path: Path) -> None:
    assert await do(config, Suspend(account="al", by="root", reason="spam")) == ""
    (kept,) = upkeep.kept(tmp_path, ACCOUNT)
    there = accounts.Accounts(kept).get("al")
    assert there is not None
    assert isinstance(there.suspended, Suspension)
    assert (there.suspended.by, there.suspended.reason) == ("root", "spam")
    assert await do(config, Unsuspend(account="al")) == ""
    (kept,) = upkeep.kept(tmp_path, ACCOUNT)
    assert accounts.Accounts(kept).get("al") == AL
    assert await do(config, Unsuspend(account="al")) == "The account Al is not suspended"


async def test_what_follows_from_a_dropped_account_is_stored_with_it(
    config: Config, tmp_path: Path
) -> None:
    assert await founders(config) == {"#a": "al", "#b": "al", "#c": "bo"}
    assert await do(config, Drop(account="al")) == ""
    found = upkeep.kept(tmp_path, ACCOUNT, SECRET, METADATA)
    assert [set(table) for table in found] == [{"bo"}, {"bo"}, set()]
    # One room goes to whoever has the highest access there, one to nobody.
    assert await founders(config) == {"#a": "bo", "#c": "bo"}
    (rooms,) = upkeep.kept(tmp_path, ROOM)
    assert b"al" not in rooms["#c"]


async def test_there_is_no_such_account(config: Config, tmp_path: Path) -> None:
    before = upkeep.kept(tmp_path, ACCOUNT, SECRET, ROOM)
    assert await do(config, Drop(account="cy")) == "There is no account cy"
    assert upkeep.kept(tmp_path, ACCOUNT, SECRET, ROOM) == before


async def test_where_no_accounts_are_kept(config: Config, tmp_path: Path) -> None:
    nothing = msgspec.structs.replace(config, server=Server(data=None))
    assert await carry_out(nothing, tmp_path, Drop(account="al")) != ""
    assert set(upkeep.kept(tmp_path, ACCOUNT)[0]) == {"al", "bo"}


async def test_no_journal_is_made_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match=f"there is no journal in {tmp_path}"):
        await carry_out(Config(), tmp_path, Drop(account="al"))
    assert os.listdir(tmp_path) == []


async def test_a_server_that_runs_is_left_alone(config: Config, tmp_path: Path) -> None:
    journal = open_file(config, tmp_path)
    try:
        with pytest.raises(InUseError):
            await do(config, Drop(account="al"))
    finally:
        await journal.aclose()
    assert await do(config, Drop(account="al")) == ""


async def test_what_can_not_be_stored_is_not_done(config: Config, tmp_path: Path) -> None:
    before = upkeep.kept(tmp_path, ACCOUNT, SECRET, ROOM)
    refusing = "CREATE TRIGGER full BEFORE DELETE ON kept BEGIN SELECT RAISE(ABORT, 'full'); END"
    with sqlite3.connect(tmp_path / JOURNAL) as connection:
        connection.execute(refusing)
    connection.close()
    with pytest.raises(JournalError, match="full"):
        await do(config, Drop(account="al"))
    assert upkeep.kept(tmp_path, ACCOUNT, SECRET, ROOM) == before
    with sqlite3.connect(tmp_path / JOURNAL) as connection:
        connection.execute("DROP TRIGGER full")
    connection.close()
    # It has let go of the journal.
    assert await do(config, Drop(account="al")) == ""


async def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("mine")
    with pytest.raises(UnusableError):
        await carry_out(Config(), tmp_path, Drop(account="al"))
    assert (tmp_path / JOURNAL).read_text() == "mine"

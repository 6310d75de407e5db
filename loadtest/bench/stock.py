"""A journal with many accounts and registered rooms in it, made in a process of its own.

    python -m loadtest.bench.stock DIRECTORY ACCOUNTS ROOMS

What is stored is made by the core's own code and written by the journal's, as a server would do it,
but for the passwords: nobody knows them, and to make one takes a tenth of a second. Prints the size
of the journal, in bytes.

Of ten accounts one has a certificate, and of a hundred one has a name that is not ASCII. A room has
a founder, five others with access, a description, a topic, four bans and an exception; of ten one
is private.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadtest.bench.servers import ROOT

ACCESS = 5
"""Accounts with access to a room, besides the founder's."""
TOGETHER = 1000
"""Accounts, or rooms, in a step."""
NOW = 1_700_000_000.0


def make(directory: Path, *, accounts: int, rooms: int) -> int:
    """Make a journal in a directory; return its size in bytes. Raises `ChildProcessError` with what
    went wrong."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(directory), str(accounts), str(rooms)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ChildProcessError(done.stderr.strip() or f"ended with {done.returncode}")
    return int(done.stdout)


def account_name(number: int) -> str:
    """Return the name of an account."""
    return f"{'Zoë' if number % 100 == 99 else 'User'}{number}"


def _accounts(accounts: int) -> Iterator[list[Any]]:
    """Yield what is stored of each account."""
    from trio_chat.core.accounts import Account, kept
    from trio_chat.core.secrets import Secret

    secret = Secret(
        hash=f"$argon2id$v=19$m=65536,t=3,p=4${'a' * 22}${'b' * 43}",
        salt=b"s" * 16,
        iterations=64_000,
        stored_key=b"k" * 32,
        server_key=b"v" * 32,
    )
    for number in range(accounts):
        account = Account(
            name=account_name(number),
            registered_at=NOW + number,
            email=f"user{number}@example.org",
            certificates=(f"{number:064x}",) if number % 10 == 0 else (),
        )
        yield kept(account, secret)


def _rooms(rooms: int, accounts: int) -> Iterator[list[Any]]:
    """Yield what is stored of each room."""
    from trio_chat.core import modes, registered
    from trio_chat.core.ids import following
    from trio_chat.core.keeping import Keeping
    from trio_chat.core.masks import Rule
    from trio_chat.core.names import fold
    from trio_chat.core.registered import RegisteredRoom, RegisteredRooms
    from trio_chat.core.state import Channel, ListEntry

    def entry(mask: str) -> ListEntry:
        return ListEntry(mask=mask, by="oper!oper@host.example", at=NOW, rule=Rule(mask))

    for number in range(rooms):
        near = [fold(account_name((number + other) % accounts)) for other in range(ACCESS + 1)]
        room = RegisteredRoom(
            name=f"#Room{number}",
            founder=near[0],
            registered_at=NOW + number,
            description=f"What is to be known about room {number}",
            access=dict.fromkeys(near[1:], modes.OP),
        )
        those = RegisteredRooms({})
        those.put(room)
        keeping = Keeping({}, those)
        channel = Channel(room.name, now=room.registered_at)
        channel.registered = room
        channel.modes = modes.NEW_CHANNEL | (modes.SECRET if number % 10 == 0 else 0)
        channel.topic = f"Room {number}: https://example.org/rooms/{number} | be kind"
        channel.topic_by, channel.topic_at = "oper!oper@host.example", NOW
        banned = [f"*!*@*.pool{place}.provider{number}.example" for place in range(3)]
        channel.lists = {
            "b": {mask: entry(mask) for mask in [*banned, f"guest*!*@10.{number % 256}.*"]},
            "e": {near[1]: entry(f"~a:{near[1]}")},
        }
        keeping.topic(channel)
        keeping.privacy(channel)
        keeping.settings(channel)
        records: list[Any] = [registered.kept(room)]
        keeping.collect(records, number=following(0, NOW), monotonic=0.0, new_id=str)
        yield records


async def _fill(directory: Path, accounts: int, rooms: int) -> int:
    from trio_chat.journal.store import SqliteJournal

    journal = SqliteJournal(directory, sync="off")
    try:
        together: list[Any] = []
        for every in (_accounts(accounts), _rooms(rooms, accounts)):
            for number, records in enumerate(every, 1):
                together += records
                if number % TOGETHER == 0:
                    await journal.commit(together)
                    together = []
        if together:
            await journal.commit(together)
        await journal.settle()
    finally:
        await journal.aclose()
    return journal.path.stat().st_size


def main(directory: str, accounts: str, rooms: str) -> None:
    """Fill a journal; print its size."""
    import trio

    print(trio.run(_fill, Path(directory), int(accounts), int(rooms)))


if __name__ == "__main__":
    main(*sys.argv[1:])

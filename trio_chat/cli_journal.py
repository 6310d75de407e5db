"""`trio-chat journal`: what an operator does with what is kept.

Owns the commands with their flags, and what they print; what they do is `journal/upkeep.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from trio_chat.cli_common import Failure, Misuse
from trio_chat.cli_configuration import configuration
from trio_chat.config import Config
from trio_chat.core.encoding import timestamp
from trio_chat.core.entries import of_channel
from trio_chat.core.questions import Place, Search, Unfinished
from trio_chat.journal import upkeep
from trio_chat.journal.errors import JournalError
from trio_chat.journal.retention import Retention
from trio_chat.journal.upkeep import Progress
from trio_chat.wire import plain

_FILE = click.Path(path_type=Path)
_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"])


@click.group(
    help="Look after what a server keeps of what was said.\n\nThe directory is the one that "
    "`serve` has with the same --config or --data. All but `prune` can be done while "
    "the server runs."
)
@click.option("--config", "path", type=_FILE, metavar="FILE", help="The server's configuration.")
@click.option("--data", metavar="DIR", help="The directory of what the server keeps.")
@click.pass_context
def journal(ctx: click.Context, path: Path | None, data: str | None) -> None:
    """`trio-chat journal`"""
    ctx.obj = configuration(path, data)


@journal.command(
    help="Say whether the journal is as it should be: exit code 0, or 1 and what is wrong."
)
@click.pass_obj
def check(config: Config) -> None:
    """`trio-chat journal check`"""
    with _sentences(), _bar("Checking") as progress:
        faults = upkeep.check(_directory(config), progress)
    if faults:
        raise Failure("\n".join(faults))
    click.echo("The journal is fine")


@journal.command(help="Print what happened, an object of JSON a line: room by room, in order.")
@click.option("--room", metavar="ROOM", help="What happened there only.")
@click.option("--after", type=_TIME, help="What happened later than that (UTC).")
@click.option("--before", type=_TIME, help="What happened earlier than that (UTC).")
@click.pass_obj
def export(
    config: Config, room: str | None, after: datetime | None, before: datetime | None
) -> None:
    """`trio-chat journal export`"""
    out = sys.stdout.buffer
    with _sentences(), _bar("Exporting") as progress:
        upkeep.export(
            _directory(config),
            out.write,
            progress,
            key=None if room is None else of_channel(room),
            after=_milliseconds(after),
            before=_milliseconds(before),
        )
    out.flush()


@journal.command(
    help="Copy the journal to FILE, as it is at this moment.\n\nThe copy is a journal: to "
    "restore it, put it in the place of journal.db while no server runs."
)
@click.argument("target", type=_FILE, metavar="FILE")
@click.pass_obj
def backup(config: Config, target: Path) -> None:
    """`trio-chat journal backup`"""
    with _sentences(), _bar("Copying") as progress:
        upkeep.backup(_directory(config), target, progress)


@journal.command(
    help="Do away with what is not to be kept any more, and make the file smaller.\n\nHow "
    "much is kept is what the configuration says, if nothing else is said. A server "
    "does this by itself, little by little: there must be none that runs."
)
@click.option("--days", type=click.IntRange(0), help="Keep so many days; 0: all. [config]")
@click.option("--per-room", type=click.IntRange(0), help="Keep so many messages of each; 0: all.")
@click.pass_obj
def prune(config: Config, days: int | None, per_room: int | None) -> None:
    """`trio-chat journal prune`"""
    history = config.history
    retention = Retention(
        days=history.retention_days if days is None else days,
        messages=history.max_per_channel if per_room is None else per_room,
    )
    with _sentences(), _bar("Pruning") as progress:
        upkeep.prune(_directory(config), retention, progress)


@journal.command(
    help="Print the messages that have all these words, the oldest first.\n\nWhat is in "
    "quotes has to stand there in a row."
)
@click.argument("words", nargs=-1, metavar="WORDS…")
@click.option("--in", "room", metavar="ROOM", help="What was said there only.")
@click.option("--from", "sender", default="", metavar="NICK", help="What they said only.")
@click.option("--after", type=_TIME, help="What was said later than that (UTC).")
@click.option("--before", type=_TIME, help="What was said earlier than that (UTC).")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@click.pass_obj
def search(
    config: Config,
    words: tuple[str, ...],
    room: str | None,
    sender: str,
    after: datetime | None,
    before: datetime | None,
    limit: int,
) -> None:
    """`trio-chat journal search`"""
    wanted = Search(
        text=" ".join(f'"{word}"' if " " in word else word for word in words),
        places=None if room is None else (Place(of_channel(room)),),
        sender=sender,
        after=_milliseconds(after),
        before=_milliseconds(before),
        limit=limit,
    )
    with _sentences():
        found = upkeep.find(_directory(config), wanted)
    for shown in found.found if isinstance(found, Unfinished) else found:
        event = shown.event
        for line in event.plain("").split("\n"):
            text = f"{timestamp(event.time)} {shown.conversation} {line}"
            click.echo(plain.displayable(text))
    if isinstance(found, Unfinished):
        raise Failure(
            "there was no time to look through what is older: say in which room (--in), by whom"
            " (--from) or since when (--after)"
        )


def _directory(config: Config) -> Path:
    if config.server.data is None:
        raise Misuse("server.data is empty: such a server keeps nothing, and has no journal")
    return config.server.data


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.replace(tzinfo=UTC).timestamp() * 1000)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except JournalError as error:
        raise Failure(str(error)) from None


@contextmanager
def _bar(label: str) -> Iterator[Progress]:
    """Show how far it is, on a terminal."""
    with click.progressbar(
        length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield progress

"""The command line: `trio-chat`, and `python -m trio_chat`.

Owns the commands with their flags, what they print and their exit codes: 0 for done, 1 for what
went wrong while doing it, 2 for a fault in the command line or the configuration, 130 for Ctrl-C.
Every command imports what it needs when it runs, so that none waits for the parts of another. What
is wrong is said in a sentence on stderr, and nowhere else; a traceback is always a bug of ours.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import importlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trio_chat import __version__
from trio_chat.cli_common import PROGRAM, Failure, Misuse, read_password

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
LOG_FORMATS = ("text", "json")

_FILE = click.Path(path_type=Path)

_ELSEWHERE = {
    "accounts": ("trio_chat.cli_accounts", "accounts"),
    "client": ("trio_chat.client.command", "client_command"),
    "journal": ("trio_chat.cli_journal", "journal"),
}
"""Commands with much of their own: the module of each, and what it is called there."""


class Interrupted(Failure):
    """Somebody pressed Ctrl-C."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("")


class Stdout(io.FileIO):
    """Standard output that may go away: the first failure is raised, and kept in `problem`.

    What is written after that is dropped, so that the interpreter, which writes what is left once
    more at its end, does not fail as well.
    """

    problem: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        if self.problem is None:
            try:
                return super().write(data)
            except OSError as error:
                self.problem = error
                raise
        return memoryview(data).nbytes


class Stderr(io.FileIO):
    """Standard error that may take nothing: what can not be said there changes nothing else."""

    def write(self, data: ReadableBuffer, /) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


class _Commands(click.Group):
    """The commands; those of `_ELSEWHERE` are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, name = _ELSEWHERE[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


# Docstrings are not there in every process (`python -OO`), so what is printed is none.
@click.group(
    cls=_Commands,
    help="A group chat server for nc, telnet and every IRC client, on one port.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
def commands() -> None:
    """Take the command line apart."""


@commands.command(
    help="Run the server.\n\n"
    "Once it listens it says where, and how to connect. SIGHUP makes it read its configuration "
    "again; SIGTERM, SIGQUIT and Ctrl-C end it in order."
)
@click.option("--config", "path", type=_FILE, metavar="FILE", help="The configuration, in TOML.")
@click.option(
    "--listen",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help="host:port, [v6]:port, :port for every address, or unix:/path; may be given several "
    "times. What the configuration says about listeners does not count then.",
)
@click.option(
    "--web/--no-web",
    "web",
    default=None,
    help="Answer browsers at every listener, or at none. By default where only this host connects.",
)
@click.option("--data", metavar="DIR", help="The directory of what the server keeps.")
@click.option("--name", metavar="NAME", help="The server's name.")
@click.option(
    "--no-history",
    is_flag=True,
    help="Keep nothing of what is said; accounts, registered rooms, bans and topics outlive a "
    "restart all the same.",
)
@click.option(
    "--no-data",
    is_flag=True,
    help="Keep nothing on disk: no history and no accounts, and bans and topics end with the "
    "server.",
)
@click.option(
    "--log-level",
    type=click.Choice(LOG_LEVELS),
    default="info",
    show_default=True,
    help="Log this and worse.",
)
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    help="Text for people, or an object of JSON a line.",
)
def serve(
    *,
    path: Path | None,
    addresses: tuple[str, ...],
    web: bool | None,
    data: str | None,
    name: str | None,
    no_history: bool,
    no_data: bool,
    log_level: str,
    log_format: str,
) -> None:
    """`trio-chat serve`"""
    import trio

    from trio_chat.config import ConfigError, Override, load
    from trio_chat.server import log
    from trio_chat.server.errors import StartError
    from trio_chat.server.run import serve as run_server

    if data is not None and no_data:
        raise Misuse("--data and --no-data: expected one of them")
    if data == "":
        raise Misuse("--data is empty; expected a directory, or --no-data")
    log.configure(log_level, log_format, sys.stderr)
    # What the flags say about the configuration; an absent one says nothing.
    listeners = [{"address": address} for address in addresses]
    said = [
        ("--listen", "listeners", listeners or None),
        ("--web", "web.listen", "all" if web else None),
        ("--no-web", "web.listen", "none" if web is False else None),
        ("--data", "server.data", data),
        ("--no-data", "server.data", "" if no_data else None),
        ("--name", "server.name", name),
        ("--no-history", "history.enabled", False if no_history else None),
    ]
    overrides = [
        Override(flag=flag, key=key, value=value) for flag, key, value in said if value is not None
    ]
    read = functools.partial(load, path, os.environ, overrides)
    reload = functools.partial(read, again=True)
    failure: Failure | None = None
    # A nursery raises groups: one level of them or none is the same here.
    try:
        config = read()
        trio.run(functools.partial(run_server, config, reload=reload, out=sys.stdout))
    except* ConfigError as group:
        failure = Misuse("\n".join(map(str, _leaves(group))))
    except* StartError as group:
        failure = Failure("\n".join(map(str, _leaves(group))))
    except* KeyboardInterrupt:
        failure = Interrupted()
    if failure is not None:
        raise failure


@commands.command(
    "check-config",
    help="Say whether a configuration file is fine, or what is wrong with it.\n\n"
    "The file alone is looked at: not the environment. FILE can be - for standard input.",
)
@click.argument("path", type=_FILE, metavar="FILE")
def check_config(path: Path) -> None:
    """`trio-chat check-config`"""
    from trio_chat.config import ConfigError, load
    from trio_chat.config.certificates import complaint
    from trio_chat.config.conversion import ENVIRONMENT_PREFIX

    environ = {
        variable: text
        for variable, text in os.environ.items()
        if not variable.startswith(ENVIRONMENT_PREFIX)
    }
    try:
        config = load(Path("/dev/stdin") if str(path) == "-" else path, environ)
    except ConfigError as error:
        raise Misuse(str(error)) from None
    for certificate in config.certificates():
        said = complaint(certificate, dt.datetime.now(dt.UTC))
        if said:
            click.echo(f"{PROGRAM}: {said}", err=True)
    click.echo(f"{path}: fine")


@commands.command(
    "default-config", help="Print a configuration file with every key at its default."
)
def default_config() -> None:
    """`trio-chat default-config`"""
    from trio_chat.config.default_file import default_toml

    click.echo(default_toml(), nl=False)


@commands.command(
    "hash-password",
    help="Print the hash of a password, for the configuration.\n\n"
    "The password is read from a pipe (one line), or asked for twice on a terminal.",
)
def hash_password() -> None:
    """`trio-chat hash-password`"""
    import argon2

    click.echo(argon2.PasswordHasher().hash(read_password()))


def main() -> None:
    """Run the command line of this process, and exit."""
    encodings = [stream.encoding if stream else "utf-8" for stream in (sys.stdout, sys.stderr)]
    _open_what_is_closed()
    stdout = Stdout(1, "w", closefd=False)
    stderr = Stderr(2, "w", closefd=False)
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=encoding,
            errors="backslashreplace",
            line_buffering=True,
        )
        for raw, encoding in zip((stdout, stderr), encodings, strict=True)
    )
    try:
        try:
            commands(prog_name=PROGRAM)
        except* OSError as group:
            if _leaves(group) != [stdout.problem]:
                raise
    except SystemExit:
        if stdout.problem is None:
            raise
    # A reader that went away has what it wanted.
    if stdout.problem is not None and not isinstance(stdout.problem, BrokenPipeError):
        reason = stdout.problem.strerror
        click.echo(f"{PROGRAM}: standard output can not be written to: {reason}", err=True)
    sys.exit(Failure.exit_code)


def _open_what_is_closed() -> None:
    """Have each of the three standard descriptors lead somewhere: what is opened next would have
    its number, and would be sent what is meant for it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the errors in `group`, which may hold groups itself."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves

"""`trio-chat accounts`: what an operator does with the accounts, with the server running or not.

Owns the commands with their flags, and what they print. What is there is read from the journal by
the command itself; what is changed is changed by the server if one runs (`server/control.py`), and
else as it would do it (`server/offline.py`).
"""

from __future__ import annotations

import functools
import os
import pwd
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import trio

from trio_chat.cli_common import Failure, Misuse, is_terminal, read_password
from trio_chat.cli_configuration import configuration
from trio_chat.config import Config, ConfigError
from trio_chat.core import deeds, names, secrets
from trio_chat.core.accounts import ACCOUNT, Account, Accounts
from trio_chat.core.deeds import Add, Deed, Drop, SetPassword, Suspend, Unsuspend
from trio_chat.core.encoding import timestamp
from trio_chat.core.handlers.administering import objection
from trio_chat.core.handlers.problems import Problem, email_problem, password_problem
from trio_chat.core.secrets import SECRET, Secret
from trio_chat.journal import upkeep
from trio_chat.journal.errors import InUseError, JournalError
from trio_chat.server import control, log, offline, passwords
from trio_chat.server.control import ControlError
from trio_chat.wire import plain

_FILE = click.Path(path_type=Path)


class _Opened:
    """Whose accounts they are."""

    def __init__(self, config: Config, directory: Path) -> None:
        self.config = config
        self.directory = directory

    def read(self) -> Accounts:
        """Return them as they are now."""
        with _sentences():
            (values,) = upkeep.kept(self.directory, ACCOUNT)
        return Accounts(values)

    def one(self, name: str) -> Account:
        """Return one of them."""
        found = self.read().get(name)
        if found is None:
            raise Failure(f"there is no account {plain.displayable(name)}")
        return found

    def do(self, deed: Deed) -> None:
        """Have an account changed, and return when that is stored."""
        log.configure("error", "text", sys.stderr)
        with _sentences():
            try:
                carry_out = functools.partial(offline.carry_out, self.config, self.directory, deed)
                problem = trio.run(carry_out)
            except InUseError as error:
                try:
                    problem = control.ask(self.directory, deed)
                except ControlError as reason:
                    raise Failure(f"{error}: {reason}") from None
        _fail(problem)


@click.group(
    help="Look after the accounts of a server.\n\nThe directory is the one that `serve` has with "
    "the same --config or --data. All of it can be done while the server runs, and while it "
    "does not."
)
@click.option("--config", "path", type=_FILE, metavar="FILE", help="The server's configuration.")
@click.option("--data", metavar="DIR", help="The directory of what the server keeps.")
@click.pass_context
def accounts(ctx: click.Context, path: Path | None, data: str | None) -> None:
    """`trio-chat accounts`"""
    config = configuration(path, data)
    if config.server.data is None:
        raise Misuse("server.data is empty: such a server keeps nothing, and has no accounts")
    ctx.obj = _Opened(config, config.server.data)


@accounts.command("list", help="Print the names of all accounts, with when they were registered.")
@click.option("--json", "as_json", is_flag=True, help="An object of JSON a line.")
@click.pass_obj
def list_(opened: _Opened, as_json: bool) -> None:
    """`trio-chat accounts list`"""
    found = opened.read()
    for account in _in_order(found):
        if as_json:
            _print_json(_values(account))
            continue
        notes = [note for note in (_suspension(account), _verification(account)) if note]
        click.echo("  ".join([account.name, timestamp(account.registered_at), *notes]))
    _complain(found)


@accounts.command(help="Print what is kept of an account.")
@click.option("--json", "as_json", is_flag=True, help="As an object of JSON.")
@click.argument("name", metavar="NAME")
@click.pass_obj
def show(opened: _Opened, name: str, as_json: bool) -> None:
    """`trio-chat accounts show`"""
    account = opened.one(name)
    if as_json:
        _print_json(_values(account))
        return
    rows = [
        ("name", account.name),
        ("registered", timestamp(account.registered_at)),
        ("email", account.email or "-"),
        ("state", _suspension(account) or _verification(account) or "in use"),
        ("certificates", " ".join(account.certificates) or "-"),
    ]
    for label, text in rows:
        click.echo(f"{label:<14}{plain.displayable(text)}")


@accounts.command(
    help="Make an account, whoever may register one: for people of a closed team.\n\nIts password "
    "is read from a pipe (one line), or asked for twice on a terminal. Its owner can change it."
)
@click.option("--email", default="", metavar="ADDRESS", help="Where its owner gets mail.")
@click.argument("name", metavar="NAME")
@click.pass_obj
def add(opened: _Opened, name: str, email: str) -> None:
    """`trio-chat accounts add`"""
    config = opened.config
    # Nobody is to think of a password twice for what can not be.
    _fail(objection(opened.read(), _text(name), config.limits.nickname))
    if email:
        _refuse(email_problem(config.accounts, email))
    opened.do(Add(account=name, email=email, secret=_new_secret(config)))


@accounts.command(
    help="Give an account another password.\n\nIt is read from a pipe (one line), or asked for "
    "twice on a terminal. Whoever is logged in stays so."
)
@click.argument("name", metavar="NAME")
@click.pass_obj
def passwd(opened: _Opened, name: str) -> None:
    """`trio-chat accounts passwd`"""
    account = opened.one(name)
    opened.do(SetPassword(account=account.name, secret=_new_secret(opened.config)))


@accounts.command(
    help="Do away with an account: its password, its settings and what it is in rooms. Its name is "
    "anybody's then.\n\nOn a terminal its name has to be typed once more; elsewhere it takes --yes."
)
@click.option("--yes", "is_sure", is_flag=True, help="Ask nothing.")
@click.argument("name", metavar="NAME")
@click.pass_obj
def drop(opened: _Opened, name: str, is_sure: bool) -> None:
    """`trio-chat accounts drop`"""
    if not is_sure:
        if not is_terminal():
            raise Misuse("drop takes --yes where there is no terminal to ask on")
        account = opened.one(_text(name))
        question = f"To do away with {account.name}, type its name"
        typed: str = click.prompt(question, default="", show_default=False, err=True)
        if names.key(typed.strip()) != account.key:
            raise Failure("that is not its name: nothing is done")
    opened.do(Drop(account=_text(name)))


@accounts.command(
    help="Let nobody log in to an account, and log out who is. It and its name are kept."
)
@click.option("--reason", default="", metavar="TEXT", help="What its owner is told.")
@click.argument("name", metavar="NAME")
@click.pass_obj
def suspend(opened: _Opened, name: str, reason: str) -> None:
    """`trio-chat accounts suspend`"""
    opened.do(Suspend(account=_text(name), by=_who(), reason=_text(reason)))


@accounts.command(help="Let the owner of an account log in again.")
@click.argument("name", metavar="NAME")
@click.pass_obj
def unsuspend(opened: _Opened, name: str) -> None:
    """`trio-chat accounts unsuspend`"""
    opened.do(Unsuspend(account=_text(name)))


@accounts.command(
    help="Print all accounts, an object of JSON a line.\n\nWithout what proves their passwords, "
    "but with --secrets: whoever has that can try passwords, and pretend to be this server."
)
@click.option("--secrets", "with_secrets", is_flag=True, help="With hashes and keys, in Base64.")
@click.pass_obj
def export(opened: _Opened, with_secrets: bool) -> None:
    """`trio-chat accounts export`"""
    with _sentences():
        values, hashes = upkeep.kept(opened.directory, ACCOUNT, SECRET)
    found = Accounts(values)
    for account in _in_order(found):
        row = _values(account)
        if with_secrets:
            row["secret"] = _secret(hashes.get(account.key))
        _print_json(row)
    _complain(found)


def _new_secret(config: Config) -> Secret:
    """Ask for a password; return what proves that somebody knows it."""
    password = read_password()
    _refuse(password_problem(config.accounts, password))
    with _sentences():
        return passwords.make(password)


def _refuse(problem: Problem | None) -> None:
    _fail(problem.value if problem is not None else "")


def _fail(problem: str) -> None:
    """End the command with a sentence, unless that is empty."""
    if problem:
        raise Failure(problem[:1].lower() + problem[1:])


def _in_order(found: Iterable[Account]) -> list[Account]:
    return sorted(found, key=lambda account: account.key)


def _values(account: Account) -> dict[str, object]:
    """Return what there is to be said of an account, for JSON."""
    suspended = account.suspended
    return {
        "name": account.name,
        "registered": timestamp(account.registered_at),
        "email": account.email or None,
        "verified": account.is_verified,
        "suspended": suspended
        and {"by": suspended.by, "at": timestamp(suspended.at), "reason": suspended.reason},
        "certificates": account.certificates,
    }


def _secret(value: bytes | None) -> dict[str, object] | None:
    if value is None:
        return None
    try:
        return msgspec.structs.asdict(secrets.decode(value))
    except (msgspec.DecodeError, ValueError) as error:
        raise Failure(f"what proves a password can not be read: {error}") from None


def _suspension(account: Account) -> str:
    found = account.suspended
    if found is None:
        return ""
    reason = f": {found.reason}" if found.reason else ""
    return plain.displayable(f"suspended by {found.by}, {timestamp(found.at)}{reason}")


def _verification(account: Account) -> str:
    return "" if account.is_verified else "not verified"


def _complain(found: Accounts) -> None:
    """Say what can not be read, behind all that can."""
    if found.unreadable:
        raise Failure("\n".join(f"can not be read: {what}" for what in found.unreadable))


def _print_json(values: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(values) + b"\n")
    sys.stdout.buffer.flush()


def _text(text: str) -> str:
    """Return what somebody has written, if it can be sent."""
    try:
        return msgspec.convert(text, deeds.Text)
    except msgspec.ValidationError:
        raise Misuse(f"expected {deeds.TEXT}") from None


def _who() -> str:
    """Return what the user of this process is called."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (ConfigError, JournalError) as error:
        raise Failure(str(error)) from None
    except passwords.PasswordError as error:
        raise Failure(f"no password can be made now: {error}") from None

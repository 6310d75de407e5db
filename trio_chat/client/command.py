"""`trio-chat client`: from the command line to a conversation, and from how it ended to an exit
code.

0: the person left, the input ended and all of it was taken, or the output's reader went. 1:
something went wrong, and standard error says what in one sentence. 2: wrong usage. 128 and more:
a signal, as shells count them (Ctrl-C is 130).
"""

from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Callable

import click
import msgspec
import trio

from trio_chat.addresses import TcpAddress
from trio_chat.client import advice
from trio_chat.client.chat import Chat
from trio_chat.client.connection import connect
from trio_chat.client.destination import (
    DEFAULT_PORT,
    nickname_for,
    parse_destination,
    room_name,
)
from trio_chat.client.errors import ChatError
from trio_chat.client.events import Event, ServerReply
from trio_chat.client.formatting import is_routine, line_of
from trio_chat.client.interactive import Conversation
from trio_chat.client.phrasing import check_name
from trio_chat.client.pipe import Pipe
from trio_chat.client.terminal import Terminal
from trio_chat.wire import irc

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BUFFER = 10_000
"""Events that may wait for a slow terminal or a slow reader of the output."""


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    address: TcpAddress
    nick: str
    alternatives: bool
    password: str
    account: str
    account_password: str
    insecure_login: bool
    room: str
    tls: bool
    ca_file: str
    tls_insecure: bool
    json: bool
    reconnect: bool | None
    source: int | None
    sink: int | None


# Docstrings are not there in every process (`python -OO`), so what is printed is none.
@click.command(
    name="client",
    help="Chat at a terminal, or in a pipeline.\n\n"
    "At a terminal, type to talk; /help lists the commands, Ctrl-D leaves. In a pipeline, standard "
    "input is said line by line, and what others say is printed.\n\n"
    "HOST can be a name, an address, [v6]:PORT, or a URL: irc://HOST/ROOM, or ircs:// with TLS.",
)
@click.argument("address", metavar="[HOST[:PORT]]", default=f"127.0.0.1:{DEFAULT_PORT}")
@click.option(
    "--nick",
    metavar="NAME",
    help="Your nickname.  [default: your account, or else your login name]",
)
@click.option("--room", metavar="ROOM", help="The room to enter.  [default: #lobby]")
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Enter with the server's password, the first line of FILE.",
)
@click.option("--ask-password", is_flag=True, help="Ask for the server's password, hidden.")
@click.option(
    "--account",
    metavar="NAME",
    help="Log in to this account (SASL); its password is asked for, hidden.",
)
@click.option(
    "--account-password-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Log in with the first line of FILE instead, as scripts do.",
)
@click.option(
    "--insecure-login",
    is_flag=True,
    help="Send that password unencrypted, to a server that has neither TLS nor SCRAM-SHA-256.",
)
@click.option("--tls", is_flag=True, help="Encrypt, and verify the server's certificate.")
@click.option(
    "--tls-ca",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Trust the authorities in FILE instead of the system's. Implies --tls.",
)
@click.option("--tls-insecure", is_flag=True, help="Trust any certificate. Implies --tls.")
@click.option("--json", is_flag=True, help="Print one JSON object a line.")
@click.option("--listen-only", is_flag=True, help="Say nothing; run until stopped.")
@click.option("--no-read", is_flag=True, help="Print nothing.")
@click.option(
    "--reconnect/--no-reconnect",
    default=None,
    help="When the connection is lost, connect again, and read what was missed.  "
    "[default: at a terminal only]",
)
def client_command(
    address: str,
    nick: str | None,
    room: str | None,
    password_file: str | None,
    ask_password: bool,
    account: str | None,
    account_password_file: str | None,
    insecure_login: bool,
    tls: bool,
    tls_ca: str | None,
    tls_insecure: bool,
    json: bool,
    listen_only: bool,
    no_read: bool,
    reconnect: bool | None,
) -> None:
    """`trio-chat client`"""
    try:
        server = parse_destination(address)
        room = room_name(room) if room else server.room or "#lobby"
        check_name(room)
        for name in (nick, account):
            if name is not None:
                check_name(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if listen_only and no_read:
        raise click.UsageError("--listen-only and --no-read together leave nothing to do.")
    if ask_password and password_file is not None:
        raise click.UsageError("--ask-password or --password-file, not both.")
    if account is None and (account_password_file is not None or insecure_login):
        raise click.UsageError("--account-password-file and --insecure-login are for an --account.")
    password = account_password = ""
    if password_file is not None:
        password = _sendable(_password_in(password_file))
    elif ask_password:
        password = _sendable(_ask("The server's password: ", "--ask-password", "--password-file"))
    if account is not None and account_password_file is not None:
        account_password = _whole(_password_in(account_password_file))
    elif account is not None:
        question = f"The password of {account}: "
        account_password = _whole(_ask(question, "--account", "--account-password-file"))
    request = _Request(
        address=server.address,
        nick=nick or account or nickname_for(_login()),
        # A name that was asked for is that or nothing.
        alternatives=nick is None,
        password=password,
        account=account or "",
        account_password=account_password,
        insecure_login=insecure_login,
        room=room,
        tls=tls or tls_insecure or tls_ca is not None or server.tls,
        ca_file=tls_ca or "",
        tls_insecure=tls_insecure,
        json=json,
        reconnect=reconnect,
        source=None if listen_only else 0,
        sink=None if no_read else 1,
    )
    try:
        status = trio.run(_run, request)
    except ChatError as error:
        sentence = advice.at_the_start(error, password_given=bool(password), account=account or "")
        raise click.ClickException(sentence) from None
    sys.exit(status)


def _password_in(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            password = file.readline().rstrip("\r\n")
    except OSError as error:
        raise click.UsageError(f"{path} can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is not UTF-8.") from None
    if not password:
        raise click.UsageError(f"The first line of {path} is empty, and so no password.")
    return password


def _ask(question: str, option: str, instead: str) -> str:
    if not os.isatty(0):
        raise click.UsageError(f"{option} needs a terminal to ask at: use {instead}.")
    try:
        return getpass.getpass(question)
    except KeyboardInterrupt:
        click.echo(err=True)
        sys.exit(128 + signal.SIGINT)


def _sendable(password: str) -> str:
    try:
        fits = len(irc.serialize(irc.Message(command="PASS", params=(password,)))) <= irc.LINE_LIMIT
    except ValueError:
        fits = False
    if not fits:
        # Without the password itself: others may look at the screen.
        raise click.UsageError("The password is too long, or holds what no line can.")
    return password


def _whole(password: str) -> str:
    """Return the password of an account, which is said in as many lines as it takes."""
    if not password or "\0" in password:
        raise click.UsageError("The password of an account is not empty, and has no NUL in it.")
    return password


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A process can run under a number that has no name.
        return ""


async def _run(request: _Request) -> int:
    """Connect and converse. Returns the exit code; raises `ChatError`.

    A signal cancels everything, as any other reason to end would: so the terminal is restored and
    the server hears goodbye on the way out.
    """
    status = 0
    failure: ChatError | None = None

    async with trio.open_nursery() as nursery:

        async def end_on_signal() -> None:
            nonlocal status
            with trio.open_signal_receiver(*_SIGNALS) as signals:
                async for number in signals:
                    status = 128 + number
                    nursery.cancel_scope.cancel()

        nursery.start_soon(end_on_signal)
        try:
            await _converse(request)
        except ChatError as error:
            # Raised again behind the nursery, which would make a group of it.
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return status


async def _converse(request: _Request) -> None:
    interactive = _is_interactive(request)
    reconnect = interactive if request.reconnect is None else request.reconnect
    async with connect(
        request.address.host,
        request.address.port,
        nick=request.nick,
        alternatives=request.alternatives,
        password=request.password,
        account=request.account,
        account_password=request.account_password,
        insecure_login=request.insecure_login,
        tls=request.tls,
        ca_file=request.ca_file,
        tls_insecure=request.tls_insecure,
        buffer=_BUFFER,
        own_messages=interactive,
        reconnect=reconnect,
    ) as chat:
        if interactive:
            await Conversation(chat, Terminal(0, 1)).run(request.room)
        else:
            pipe = Pipe(
                chat,
                room=request.room,
                source=request.source,
                sink=request.sink,
                patient=reconnect,
                print_as=_in_json if request.json else _in_words(chat, request.room),
            )
            await pipe.run()


def _is_interactive(request: _Request) -> bool:
    both = request.source is not None and request.sink is not None and not request.json
    return both and os.isatty(0) and os.isatty(1) and os.environ.get("TERM") != "dumb"


def _in_json(event: Event) -> bytes:
    return b"" if is_routine(event) else msgspec.json.encode(event)


def _in_words(chat: Chat, room: str) -> Callable[[Event], bytes]:
    def print_as(event: Event) -> bytes:
        # What a server tells a person who has just come is nothing for a pipeline.
        if isinstance(event, ServerReply) and not event.is_error:
            return b""
        return line_of(event, nick=chat.nick, room=room).encode(errors="replace")

    return print_as

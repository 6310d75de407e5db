"""Making a connection and leaving it: the context managers around `Chat`.

The tasks that serve a connection live in a nursery, and the nursery in the `async with` block of
the caller: when the block is left, however it is left, they have ended and the socket is closed.

A nursery wraps what is raised in it into an `ExceptionGroup`. Whoever writes `async with
connect(...)` need not know that there is a nursery, so their exceptions come out as they went in
(see `_serve`).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import TypedDict, Unpack

import trio

from trio_chat.client.chat import Chat
from trio_chat.client.errors import ConnectionLost, NoAnswer
from trio_chat.client.login import Login
from trio_chat.client.phrasing import check_name
from trio_chat.client.registration import Registration
from trio_chat.client.succession import Succession

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_GOODBYE = 1.0
"""Seconds for closing a connection whose user is in a hurry, or in trouble."""


class Options(TypedDict, total=False):
    """What `connect` and `connect_over` take besides the address."""

    username: str
    """The user name in `nick!user@host`; default: the nickname."""
    realname: str
    """Default: the nickname."""
    password: str
    """The server's password, where it has one."""
    account: str
    """The account to log in to (SASL), on each connection; default: none."""
    account_password: str
    """What it is proved with."""
    insecure_login: bool
    """Send that password even where whoever listens can read it: to a server that has no
    SCRAM-SHA-256, over TCP without TLS that leaves this machine. Default: raise `Refused`."""
    alternatives: bool
    """Try `nick_`, `nick__`, `nick___` when the nickname is taken, instead of raising `Refused`."""
    timeout: float
    """Seconds that the server has for the connection, for registration, and for each answer: 30."""
    keepalive: float
    """Seconds of silence after which the server is asked whether it is there; after as many again
    the connection is lost. Default: 90."""
    buffer: int
    """Events that wait for being read; what comes beyond them is `Missed`. Default: 1000."""
    own_messages: bool
    """Yield our own messages as events too, in the room's order where the server tells it
    (echo-message). Default: no, as few bots want to hear themselves."""


Reopen = Callable[[], Awaitable[trio.abc.Stream]]
"""What makes another stream to the same server. May raise `ChatError` and `OSError`."""


@asynccontextmanager
async def connect(
    host: str,
    port: int,
    *,
    nick: str,
    tls: bool | ssl.SSLContext = False,
    ca_file: str = "",
    tls_insecure: bool = False,
    reconnect: bool = False,
    **options: Unpack[Options],
) -> AsyncIterator[Chat]:
    """Connect to a server and register there; at the end of the block say goodbye and close.

    With `reconnect`, a connection that is lost is no end: another one takes its place, in the same
    rooms, and what was said meanwhile is read from the server's history (`resuming`). The events
    tell of it, from `Disconnected` to `Reconnected`, and of what could not be had (`Gap`). Calls
    wait meanwhile. Only what has been connected once is connected again.

    With `tls` the certificate is verified, against the system's authorities or those in `ca_file`;
    `tls_insecure` does without, and so gives privacy only from those who do not try. A context of
    your own can take the place of `True`.

    Raises `ConnectionLost` when the server can not be reached or hangs up, `Refused` when it will
    not have us (a nickname that is taken, a wrong password), `NoAnswer` when a deadline passes, and
    `ValueError` for a nickname that no line can hold.
    """
    timeout = options.get("timeout", 30.0)
    context = _tls_context(tls, ca_file, tls_insecure)

    async def reopen() -> trio.abc.Stream:
        return await _open(host, port, context)

    try:
        with trio.fail_after(timeout):
            stream = await reopen()
    except trio.TooSlowError:
        raise NoAnswer(f"{_at(host, port)} does not answer") from None
    again = reopen if reconnect else None
    async with connect_over(stream, nick=nick, reopen=again, **options) as chat:
        yield chat


@asynccontextmanager
async def connect_over(
    stream: trio.abc.Stream,
    *,
    nick: str,
    username: str = "",
    realname: str = "",
    password: str = "",
    account: str = "",
    account_password: str = "",
    insecure_login: bool = False,
    alternatives: bool = False,
    timeout: float = 30.0,
    keepalive: float = 90.0,
    buffer: int = 1000,
    own_messages: bool = False,
    reopen: Reopen | None = None,
) -> AsyncIterator[Chat]:
    """Register on a stream that is connected already, and close it at the end of the block.

    For any stream that trio knows: a UNIX socket, a tunnel, a test. With `reopen`, which makes
    another one, a lost connection is taken up again. Raises as `connect` does.
    """
    check_name(nick)
    if account:
        check_name(account)
    if "\0" in account_password or bool(account_password) != bool(account):
        raise ValueError("an account has a password, without a NUL in it")
    username = username or nick
    realname = realname or nick

    def register(nick: str, stream: trio.abc.Stream) -> Registration:
        plain = insecure_login or is_private(stream)
        return Registration(
            nick=nick,
            username=username,
            realname=realname,
            password=password,
            alternatives=alternatives,
            login=Login(account, account_password, plain=plain) if account else None,
        )

    connections = Succession(
        stream,
        register=register,
        nick=nick,
        timeout=timeout,
        keepalive=keepalive,
        buffer=buffer,
        own_messages=own_messages,
        reopen=reopen,
    )
    chat = Chat(connections, username=username)
    try:
        async with _serve(chat, connections):
            yield chat
    finally:
        # Shielded, as it must happen on the way out of a cancellation too; hence the deadline.
        with trio.move_on_after(_GOODBYE, shield=True):
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await connections.link.farewell()
                await connections.link.stream.aclose()
        await trio.aclose_forcefully(connections.link.stream)


@asynccontextmanager
async def _serve(chat: Chat, connections: Succession) -> AsyncIterator[None]:
    """Run the tasks of a connection around the body; the body's exception comes out bare."""
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connections.run)
        try:
            try:
                with trio.fail_after(chat.timeout):
                    await connections.link.welcomed()
            except trio.TooSlowError:
                raise NoAnswer("the server does not complete the registration") from None
            yield
            await chat.quit()
        except BaseException as error:
            # Kept from the nursery, which would wrap it, and raised again behind it. A `Cancelled`
            # may make this detour as well: it still reaches the scope that it belongs to.
            raised = error
        nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised


def _tls_context(tls: bool | ssl.SSLContext, ca_file: str, insecure: bool) -> ssl.SSLContext | None:
    if isinstance(tls, ssl.SSLContext):
        return tls
    if not tls:
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ConnectionLost(f"no certificates can be read from {ca_file}: {error}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _open(host: str, port: int, context: ssl.SSLContext | None) -> trio.abc.Stream:
    try:
        tcp = await trio.open_tcp_stream(host, port)
    except OSError as error:
        reason = _reason_of(error)
        raise ConnectionLost(f"can not connect to {_at(host, port)}: {reason}") from error
    except UnicodeError as error:
        # What can not be a host can not be encoded to be looked up.
        raise ConnectionLost(f"can not connect to {host!r}: that is not a host") from error
    if context is None:
        return tcp
    # Many servers close the socket without closing TLS first (`https_compatible`). An end that
    # somebody forged is told from a true one all the same: ours begins with QUIT.
    stream = trio.SSLStream(tcp, context, server_hostname=host, https_compatible=True)
    try:
        # Before any task reads or writes: both would begin a handshake.
        await stream.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(tcp)
        cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate of {host} is not to be trusted: {cause.verify_message}"
        else:
            why = f"{_at(host, port)} does not speak TLS"
        raise ConnectionLost(why) from error
    except BaseException:
        await trio.aclose_forcefully(tcp)
        raise
    return stream


def is_private(stream: trio.abc.Stream) -> bool:
    """Whether nobody can listen: it is encrypted, or does not leave this machine. What is no TCP is
    the caller's to know."""
    if not isinstance(stream, trio.SocketStream) or stream.socket.family not in _INTERNET:
        return True
    try:
        return ip_address(stream.socket.getpeername()[0].partition("%")[0]).is_loopback
    except OSError:
        # It is gone already.
        return False


def _reason_of(error: OSError) -> str:
    """Find out what trio's summary of several attempts is about."""
    cause = error.__cause__
    first = cause.exceptions[0] if isinstance(cause, ExceptionGroup) else cause or error
    if isinstance(first, OSError) and first.errno is not None and first.errno > 0:
        return os.strerror(first.errno).lower()
    # A name that can not be looked up has numbers of its own, below 0.
    return (getattr(first, "strerror", None) or str(first)).lower()


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

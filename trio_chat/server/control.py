"""The control socket: by which `trio-chat accounts` changes accounts while the server runs.

A Unix socket in the directory of what the server keeps, for its own user alone. A request is a line
of JSON (`core/deeds.py`), and so is its answer (`Reply`), which comes when what was asked for is
stored. Owns both ends, and their bounds: of a request's size, of how many are connected, and of how
long anything may take. What is decided is the core's.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog
import trio

from trio_chat.config import Listener, UnixAddress
from trio_chat.config.listening import FileMode
from trio_chat.core.deeds import Deed
from trio_chat.core.inputs import Administer, Input
from trio_chat.core.requests import Administered
from trio_chat.server.errors import StartError
from trio_chat.server.listeners import Endpoint, accept, open_endpoints

log = structlog.get_logger()

SOCKET = "control.sock"
"""The socket's file, beside the journal."""
LONGEST_PATH = 107
"""Bytes of the path of a Unix socket: the system takes no more."""
REQUEST = 8192
"""Bytes of a request, with the end of the line."""
CONNECTIONS = 8
"""At once; whoever comes then is told so."""
PATIENCE = 10.0
"""Seconds in which a request has to be there, and in which its answer has to be taken."""
STORING = 30.0
"""Seconds in which what is asked for has to be stored."""

_OURS = FileMode(0o600)
_BUSY = "Too many are connected: try again in a moment"
_TOO_LONG = f"A request has at most {REQUEST} bytes"
_UNKNOWN = (
    f"The server has not answered within {STORING:g} seconds: it may be done later, or not at all"
)


class ControlError(Exception):
    """A server can not be asked, or has not answered. A sentence without a stop."""


class Reply(msgspec.Struct, frozen=True):
    """What came of a request."""

    problem: str = ""
    """Why it is not done; empty: it is, and stored."""


# --- The server's end


async def open_control(directory: Path) -> Endpoint | None:
    """Listen in the directory of a journal that is ours, in place of a socket that a server has
    left there which was killed. None, with the reason in the log, where that can not be."""
    path = directory / SOCKET
    if _is_too_long(path):
        log.warning(
            "accounts can not be changed from outside while the server runs: the path of a control "
            "socket there is too long",
            path=str(path),
            longest=LONGEST_PATH,
        )
        return None
    listener = Listener(address=UnixAddress(path), mode=_OURS)
    try:
        (endpoint,) = await open_endpoints(listener)
    except StartError as error:
        log.warning(
            "accounts can not be changed from outside while the server runs", error=str(error)
        )
        return None
    return endpoint


class _Waiting:
    """Somebody who waits for an answer."""

    __slots__ = ("answered", "problem")

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.problem = ""


class Control:
    """Takes requests from a control socket to the core (`put` puts them into its inbox), and brings
    back what is answered.

    `failed` is told why no connection can be accepted for the moment.
    """

    def __init__(
        self, put: Callable[[Input], Awaitable[None]], failed: Callable[[str], None]
    ) -> None:
        self._put = put
        self._failed = failed
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._open = 0

    def answered(self, done: Administered) -> None:
        """Take the core's answer to whoever waits for it, if they still do."""
        waiting = self._waiting.get(done.id)
        if waiting is not None:
            waiting.problem = done.problem
            waiting.answered.set()

    async def run(self, endpoint: Endpoint) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:

            def admit(sock: socket.socket, _: str, __: Endpoint) -> None:
                sock.setblocking(False)
                if self._open < CONNECTIONS:
                    self._open += 1
                    nursery.start_soon(self._serve, sock, name="control")
                    return
                with sock:
                    try:
                        sock.send(_line(Reply(_BUSY)))
                    except OSError as error:
                        log.info("a control connection is gone", error=error.strerror)

            await accept(endpoint, admit, self._failed)

    async def _serve(self, sock: socket.socket) -> None:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        try:
            await self._requests(stream)
        except (trio.BrokenResourceError, trio.TooSlowError):
            log.info("a control connection is gone, or too slow")
        except Exception:
            # It ends this connection, and nothing else.
            log.exception("a request from outside failed")
        finally:
            self._open -= 1
            await trio.aclose_forcefully(stream)

    async def _requests(self, stream: trio.SocketStream) -> None:
        """Carry out the requests of a connection, one after another."""
        rest = b""
        while True:
            with trio.fail_after(PATIENCE):
                while b"\n" not in rest and len(rest) < REQUEST:
                    more = await stream.receive_some(REQUEST)
                    if not more:
                        return
                    rest += more
            line, end, rest = rest.partition(b"\n")
            fits = bool(end) and len(line) < REQUEST
            reply = await self._carry_out(line) if fits else Reply(_TOO_LONG)
            with trio.fail_after(PATIENCE):
                await stream.send_all(_line(reply))
            if not fits:
                return

    async def _carry_out(self, line: bytes) -> Reply:
        try:
            deed = _decode(line)
        except (ValueError, RecursionError) as error:
            # Not JSON, not a deed, not UTF-8, or nested too deep.
            return Reply(f"The request is not understood: {error}")
        what = type(deed).__struct_config__.tag
        id = next(self._ids)
        waiting = self._waiting[id] = _Waiting()
        waiting.problem = _UNKNOWN
        try:
            with trio.move_on_after(STORING):
                await self._put(Administer(id=id, deed=deed))
                await waiting.answered.wait()
        finally:
            del self._waiting[id]
        log.info(
            "an account was to be changed from outside",
            what=what,
            account=deed.account,
            problem=waiting.problem or None,
        )
        return Reply(waiting.problem)


# --- The other end


def ask(directory: Path, deed: Deed) -> str:
    """Have the server that runs in a directory do something; return why it is not done, as a
    sentence without a stop; empty: it is, and stored. Raises `ControlError`."""
    path = directory / SOCKET
    if _is_too_long(path):
        raise ControlError(
            f"the path of {path} is too long for a socket (at most {LONGEST_PATH} bytes): stop the "
            "server first, or give it a directory with a shorter path"
        )
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(2 * PATIENCE + STORING)
        try:
            sock.connect(os.fspath(path))
            # It may have said why it does not listen, and hung up.
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(_line(deed))
            with sock.makefile("rb") as file:
                line = file.readline(REQUEST)
        except TimeoutError:
            raise ControlError(f"the server does not answer on {path}") from None
        except (FileNotFoundError, ConnectionRefusedError):
            hint = "try again, or stop it first"
            raise ControlError(f"it does not listen on {path}: {hint}") from None
        except ConnectionResetError:
            line = b""
        except OSError as error:
            raise ControlError(f"{path} can not be used: {error.strerror}") from None
    try:
        return msgspec.json.decode(line, type=Reply).problem
    except ValueError:
        raise ControlError("the server has ended before it has answered") from None


_decode = msgspec.json.Decoder(Deed).decode


def _line(value: Reply | Deed) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _is_too_long(path: Path) -> bool:
    return len(os.fsencode(path)) > LONGEST_PATH

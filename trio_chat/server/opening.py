"""The opening of a connection: whom a gateway speaks for, TLS, and which protocol is spoken.

Owns the bytes until the protocol is known. Must not know the hub, or what follows: it says how the
connection is carried and what it has said so far, or raises why it ends.

Invariants: TLS is read by nobody before OpenSSL; nothing is sent into a handshake; every wait for
the peer has a deadline, and waiting for our own turn counts for none.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import trio

from trio_chat.core.networks import in_networks
from trio_chat.server.door import Door
from trio_chat.server.life import Event
from trio_chat.server.outbox import GONE
from trio_chat.server.policy import Policy
from trio_chat.server.tls import (
    HANDSHAKE_FAILURE,
    HandshakeError,
    TlsContext,
    TlsTransport,
    fatal_alert,
    fingerprint,
)
from trio_chat.server.transport import Transport, WantsToSendError
from trio_chat.wire import proxy, sniff
from trio_chat.wire.sniff import may_be_proxy

_REST_OF_OPENING = 0.3
"""Seconds that the rest of a PROXY header's opening is given: a person would not type it."""
_PATIENCE = 3.0
"""Seconds until a silent client is asked that is not likely to be a person. Where TLS may come, it
may be late: among many that connect at once a ClientHello must not meet text. Browsers connect
before they know what to ask for, and what they find then would be taken for the answer."""
_RUSH = 8
"""So many silent clients at once are no people."""
_LONGEST_PATIENCE = 15.0
"""Seconds until they are asked all the same."""
_TLS_ONLY = "This port speaks TLS only"
_HTTP_TEXT = b"This is a chat server. Use an IRC client, or: nc HOST PORT\n"
_HTTP_REPLY = (
    b"HTTP/1.1 426 Upgrade Required\r\n"
    b"Upgrade: irc\r\n"
    b"Connection: Upgrade, close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_HTTP_TEXT), _HTTP_TEXT)
)


class EndError(Exception):
    """The connection ends, for this reason."""


class RefusedError(EndError):
    """Somebody is not let in. `what` is what that is counted as, with these details, and `line`
    what they are told."""

    def __init__(self, what: str, reason: str, line: bytes, **details: object) -> None:
        super().__init__(reason)
        self.what = what
        self.line = line
        self.details = details


class Opened(NamedTuple):
    """What is known at the end of it."""

    protocol: sniff.Protocol
    """IRC, PLAIN or HTTP."""
    data: bytes
    """What has been read of what it says."""
    certfp: str
    named: bool
    """Whether the client asked for the server by name (SNI)."""


class Opener(Protocol):
    """What this needs of the connection that it opens."""

    @property
    def address(self) -> str:
        """The peer's IP address."""

    @property
    def since(self) -> float:
        """When it was made, on trio's clock."""

    def on(self, event: Event) -> None:
        """Take note of what has happened."""

    def ask(self) -> None:
        """Ask for a nickname."""

    def speak_for(self, address: str) -> str:
        """Count the connection under this address; return why that can not be."""

    def carry(self, transport: Transport) -> None:
        """Go on over this transport."""

    def waited(self, seconds: float) -> None:
        """Do not count so many seconds as the peer's."""


class Opening:
    """One connection's opening. `tls` is with what TLS is spoken, if it is; `web` is whether there
    is something to answer HTTP with."""

    def __init__(
        self,
        opener: Opener,
        transport: Transport,
        policy: Policy,
        *,
        tls: TlsContext | None,
        web: bool,
        door: Door,
    ) -> None:
        self._opener = opener
        self._transport = transport
        self._policy = policy
        self._tls = tls
        self._web = web
        self._door = door
        self._read = b""
        """What of the protocol to be told has come."""
        self._shown = 0
        """How many bytes at its end are still in the transport."""

    async def run(self) -> Opened:
        """Find out what the connection speaks. Raises `EndError`, and what a `Transport` does."""
        certfp, named = "", False
        protocol = await self._sniff()
        if protocol is sniff.Protocol.PROXY:
            await self._take_header()
            protocol = await self._sniff()
        if protocol is sniff.Protocol.TLS and self._tls is not None:
            sock = self._transport.socket
            if sock is not None:
                transport = await self._shake_hands(self._tls, sock)
                certfp = fingerprint(transport.certificate)
                named = bool(transport.server_hostname)
                self._transport, self._read, self._shown, self._tls = transport, b"", 0, None
                self._opener.carry(transport)
                protocol = await self._sniff()
        self._take()
        if self._tls is not None and self._tls.only and protocol is sniff.Protocol.UNKNOWN:
            raise self._refuse("no TLS", _TLS_ONLY)
        if protocol is sniff.Protocol.TLS:
            alert = fatal_alert(HANDSHAKE_FAILURE)
            raise RefusedError("TLS", "There is no TLS on this port", alert)
        if protocol is sniff.Protocol.HTTP and not self._web:
            raise RefusedError("HTTP", "This is a chat server", _HTTP_REPLY)
        if protocol is sniff.Protocol.HTTP:
            self._door.note_browser(self._opener.address)
        if protocol is sniff.Protocol.PROXY:
            raise self._refuse("PROXY header", "A PROXY header comes first, and once")
        if protocol is sniff.Protocol.UNKNOWN:
            reason = "Neither IRC nor a nickname within the first line"
            raise self._refuse("unknown protocol", reason)
        return Opened(protocol, self._read, certfp, named)

    # --- Bytes

    async def _more(self) -> bool:
        """Read on; whether there was something. What is shown last stays where it is, until it is
        known that it is not TLS."""
        self._take()
        if self._transport.socket is not None:
            await self._door.wait_readable(self._transport.socket)
        data = await self._transport.peek()
        self._read += data
        self._shown = len(data)
        return bool(data)

    def _take(self, left: int = 0) -> None:
        """Take what was shown out of the transport, up to the last bytes."""
        self._transport.skip(self._shown - left)
        self._shown = left

    # --- Steps

    async def _sniff(self) -> sniff.Protocol:
        """Read on until the protocol is known, and ask for a nickname if nothing comes."""
        if self._tls is not None and self._tls.only:
            return await self._expect_tls()
        with trio.move_on_after(self._time_to_register()):
            asked = not self._read and not await self._hear()
            if asked:
                self._opener.ask()
            while (protocol := sniff.sniff(self._read)) is None:
                patience = _REST_OF_OPENING if may_be_proxy(self._read) else math.inf
                with trio.move_on_after(patience) as scope:
                    if not await self._more():
                        # Whoever hangs up after half a line has said what there is to say.
                        if not self._read:
                            raise EndError(GONE)
                        return sniff.sniff(self._read + b"\n") or sniff.Protocol.UNKNOWN
                if scope.cancelled_caught:
                    return sniff.Protocol.PLAIN
            if protocol is sniff.Protocol.PLAIN and not asked and not self._said_a_line():
                # It was telnet that spoke, and not the person.
                self._opener.ask()
            return protocol
        raise self._refuse_silence()

    def _said_a_line(self) -> bool:
        return b"\n" in self._read or b"\r" in self._read

    async def _expect_tls(self) -> sniff.Protocol:
        """Read on until it is known whether it is TLS. Nobody is asked for anything."""
        deadline = min(self._policy.handshake_timeout, self._time_to_register())
        with trio.move_on_after(deadline):
            while (protocol := sniff.sniff_tls(self._read)) is None:
                patience = _REST_OF_OPENING if may_be_proxy(self._read) else math.inf
                with trio.move_on_after(patience) as scope:
                    if not await self._more():
                        if not self._read:
                            raise EndError(GONE)
                        return sniff.Protocol.UNKNOWN
                if scope.cancelled_caught:
                    return sniff.Protocol.UNKNOWN
            return protocol
        raise self._refuse("silence", _TLS_ONLY)

    async def _hear(self) -> bool:
        """Wait for the first bytes; whether there are some before a person has to be asked."""
        patience = max(self._policy.prompt_delay, _PATIENCE)
        if self._tls is None:
            browser = self._web and self._door.has_browser(self._opener.address)
            return await self._hear_for(patience if browser else self._policy.prompt_delay)
        latest = trio.current_time() + max(patience, _LONGEST_PATIENCE)
        self._door.silent += 1
        try:
            while not (heard := await self._hear_for(patience)):
                if self._door.silent <= _RUSH or trio.current_time() >= latest:
                    break
            return heard
        finally:
            self._door.silent -= 1

    async def _hear_for(self, seconds: float) -> bool:
        with trio.move_on_after(seconds) as scope:
            await self._more_or_end()
        # What has come in this very moment may be TLS.
        return not scope.cancelled_caught or self._transport.has_unread()

    async def _take_header(self) -> None:
        """Take a PROXY header off, and be counted as whom it speaks for."""
        if not in_networks(self._opener.address, self._policy.proxies):
            self._take()
            raise self._refuse("PROXY header", "No PROXY header is believed from your address")
        with trio.move_on_after(self._time_to_register()):
            try:
                while (header := proxy.parse(self._read)) is None:
                    await self._more_or_end()
            except proxy.ProxyError as error:
                reason = "Malformed PROXY header"
                raise self._refuse(reason, reason, error=str(error)) from None
            if header.address:
                refusal = self._opener.speak_for(header.address)
                if refusal:
                    raise self._refuse(refusal, refusal, address=header.address)
            # As long as it was not whole all that came was its own: what follows is untouched.
            self._read = self._read[header.size :]
            self._take(len(self._read))
            return
        raise self._refuse_silence()

    async def _shake_hands(self, tls: TlsContext, sock: socket.socket) -> TlsTransport:
        """Agree on TLS, a step in each turn."""
        self._opener.on(Event.ENCRYPT)
        left = self._policy.handshake_timeout
        transport: TlsTransport | None = None
        agreed = False
        try:
            while True:
                began = trio.current_time()
                async with self._door.turn:
                    # What has waited for a turn is not late.
                    self._opener.waited(trio.current_time() - began)
                    transport = transport or tls.accept(sock)
                    wait = self._step(transport)
                if wait is None:
                    agreed = True
                    break
                began = trio.current_time()
                with trio.move_on_after(max(0.0, left)) as scope:
                    await wait(sock)
                if scope.cancelled_caught:
                    reason = "TLS handshake took too long"
                    raise RefusedError("TLS handshake deadline", reason, b"")
                left -= trio.current_time() - began
        except HandshakeError as error:
            raise RefusedError(
                "TLS handshake", "TLS handshake failed", b"", error=str(error)
            ) from None
        finally:
            if transport is not None and not agreed:
                transport.give_up()
        self._opener.on(Event.ENCRYPTED)
        return transport

    def _step(self, transport: TlsTransport) -> Callable[[socket.socket], Awaitable[None]] | None:
        """Take a step of the handshake; return how to wait for the next, or None when it is
        done."""
        try:
            transport.handshake_now()
        except trio.WouldBlock:
            return self._door.wait_readable
        except WantsToSendError:
            return trio.lowlevel.wait_writable
        return None

    async def _more_or_end(self) -> None:
        """Read on, where something has to come."""
        if not await self._more():
            raise EndError(GONE)

    def _time_to_register(self) -> float:
        """Return the seconds that are left for it."""
        spent = trio.current_time() - self._opener.since
        return max(0.0, self._policy.registration_timeout - spent)

    def _refuse_silence(self) -> RefusedError:
        reason = f"Not registered within {self._policy.registration_timeout:g} seconds"
        line = self._policy.closing_line(reason, plain=True)
        return RefusedError("silence", reason, line)

    def _refuse(self, what: str, reason: str, **details: object) -> RefusedError:
        """Refuse somebody who may speak anything, in the words of IRC."""
        self._take()
        line = self._policy.closing_line(reason, plain=False)
        return RefusedError(what, reason, line, **details)

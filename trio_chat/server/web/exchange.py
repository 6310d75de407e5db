"""One connection's requests: HTTP/1.1 (RFC 9112), up to its end or to where it becomes a WebSocket.

Owns what has been read and not understood yet. Must not know what there is to ask for.

Invariants: every wait for the peer has a deadline; what a request costs is bounded, and how many
there are in a while; nothing is sent that was not asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

import h11
import trio

from trio_chat.server.reading import Bucket
from trio_chat.server.transport import Transport
from trio_chat.server.web.messages import Headers, Request, Response, joined, text
from trio_chat.server.web.origins import client
from trio_chat.server.web.site import Site
from trio_chat.server.web.websocket import BadHandshakeError, TextOutbox, accept

HEAD = 10.0
"""Seconds in which a request has to be whole."""
IDLE = 15.0
"""Seconds that the next request is waited for."""
SENDING = 30.0
"""Seconds in which the peer has to take an answer."""
_HEAD_LIMIT = 8192
"""Bytes of a request without its body: a browser's cookies for a host are sent to all its ports."""
_BURST, _RATE = 100, 20.0
"""Requests that may come at once, and in a second after that."""
_METHODS = ("GET", "HEAD")
_VERSIONS = (b"1.0", b"1.1")
_TWO_LENGTHS = {b"content-length", b"transfer-encoding"}


class Upgrade(NamedTuple):
    """The connection is a WebSocket from now on."""

    outbox: type[TextOutbox]
    data: bytes
    """What was read after the handshake."""
    secure: bool | None
    """Whether the peer says that the client has TLS; None: it says nothing of it."""


class Exchange:
    """The requests of one connection. `peer` and `local` are the IP addresses at both its ends;
    `speak_for` counts it as whom a proxy speaks for, or returns why that can not be."""

    def __init__(
        self,
        transport: Transport,
        site: Site,
        *,
        peer: str,
        local: str,
        believed: bool,
        speak_for: Callable[[str], str],
    ) -> None:
        self._transport = transport
        self._site = site
        self._peer = peer
        self._local = local
        self._believed = believed
        self._speak_for = speak_for
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)
        self._bucket = Bucket(burst=_BURST, rate=_RATE)

    async def run(self, data: bytes) -> Upgrade | None:
        """Answer requests, of which this is the beginning; return how it goes on when it is a
        WebSocket, None when it is over. Raises what a `Transport` does."""
        if data:
            self._http.receive_data(data)
        patience = HEAD
        while True:
            asked: h11.Request | Response | None = None
            with trio.move_on_after(patience):
                asked = await self._next()
            if asked is None:
                # Nobody is told who has not begun to ask.
                if self._http.trailing_data[0]:
                    words = f"the request was not whole within {HEAD:g} seconds"
                    await self._send(text(HTTPStatus.REQUEST_TIMEOUT, words, closes=True))
                return None
            if isinstance(asked, Response):
                await self._send(asked)
                return None
            request = self._read(asked)
            if _wants_websocket(request):
                return await self._upgrade(request)
            response = self._site.respond(request)
            await self._send(response, head_only=request.method == "HEAD")
            if response.closes or self._http.our_state is not h11.DONE:
                return None
            self._http.start_next_cycle()
            patience = IDLE
            if not self._bucket.take(1):
                await trio.sleep(self._bucket.delay())
                self._bucket.take(1)

    # --- Reading

    async def _next(self) -> h11.Request | Response | None:
        """Return the next request, or what is to be said of something that is none; None where
        nothing more comes."""
        try:
            event = await self._event()
            if not isinstance(event, h11.Request):
                return None
            if event.http_version not in _VERSIONS:
                words = "HTTP/1.1 is spoken here"
                return text(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, words, closes=True)
            method = event.method.decode("ascii")
            if method not in _METHODS:
                return text(
                    HTTPStatus.METHOD_NOT_ALLOWED,
                    f"there is no {method} here",
                    ("Allow", ", ".join(_METHODS)),
                    closes=True,
                )
            if {name for name, _ in event.headers} >= _TWO_LENGTHS:
                # A proxy in front may have gone by the other (RFC 9112, section 6.3).
                words = "Content-Length and Transfer-Encoding exclude each other"
                return text(HTTPStatus.BAD_REQUEST, words, closes=True)
            if isinstance(await self._event(), h11.Data):
                words = "a request has no content here"
                return text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words, closes=True)
            return event
        except h11.RemoteProtocolError as error:
            # The frames that it has come through hold it, in h11.
            error.__traceback__ = None
            status = HTTPStatus(error.error_status_hint)
            return text(status, str(error), closes=True)

    async def _event(self) -> object:
        """Return what h11 reads next."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._transport.receive())
        return event

    def _read(self, asked: h11.Request) -> Request:
        return Request(
            method=asked.method.decode("ascii"),
            path=asked.target.decode("ascii").partition("?")[0],
            headers=joined(asked.headers.raw_items()),
            peer=self._peer,
            local=self._local,
            believed=self._believed,
        )

    # --- Answering

    async def _send(self, response: Response, *, head_only: bool = False) -> None:
        closes = response.closes
        try:
            head = h11.Response(
                status_code=response.status,
                reason=response.status.phrase.encode("ascii"),
                headers=response.fields(now=time.time(), closes=closes),
            )
            data = self._http.send(head) or b""
            if not head_only and response.status is not HTTPStatus.NOT_MODIFIED:
                data += self._http.send(h11.Data(data=response.body)) or b""
            data += self._http.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError:
            # What was said was so wrong that there is nothing to answer.
            return
        await self._send_all(data)

    async def _send_all(self, data: bytes) -> None:
        with trio.move_on_after(SENDING) as scope:
            await self._transport.send_all(data)
        if scope.cancelled_caught:
            raise trio.BrokenResourceError("HTTP: an answer was not taken in time")

    # --- WebSocket

    async def _upgrade(self, request: Request) -> Upgrade | None:
        who = client(request, self._site.policy.believed)
        try:
            headers, outbox = self._shake_hands(request, who.address)
        except BadHandshakeError as error:
            await self._send(text(error.status, str(error), *error.headers, closes=True))
            return None
        switching = h11.InformationalResponse(
            status_code=HTTPStatus.SWITCHING_PROTOCOLS, headers=headers
        )
        await self._send_all(self._http.send(switching) or b"")
        return Upgrade(outbox, self._http.trailing_data[0], who.secure)

    def _shake_hands(self, request: Request, address: str) -> tuple[Headers, type[TextOutbox]]:
        """Return what to answer to an opening handshake, and how lines are sent then. Raises
        `BadHandshakeError`."""
        policy, origin = self._site.policy, request.header("origin")
        if request.path not in policy.websocket:
            reason = "there is no WebSocket at this address"
            raise BadHandshakeError(reason, HTTPStatus.NOT_FOUND)
        if origin and not policy.names.may_come_from(origin, request.local):
            reason = f"pages of {origin} may not connect; [web] origins says which may"
            raise BadHandshakeError(reason, HTTPStatus.FORBIDDEN)
        headers, outbox = accept(request.headers)
        if address not in ("", self._peer):
            refusal = self._speak_for(address)
            if refusal:
                raise BadHandshakeError(refusal, HTTPStatus.FORBIDDEN)
        return headers, outbox


def _wants_websocket(request: Request) -> bool:
    """Whether this is the opening handshake of a WebSocket."""
    return any(one.strip().lower() == "websocket" for one in request.header("upgrade").split(","))

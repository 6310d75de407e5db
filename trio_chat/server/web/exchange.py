"""One connection's requests: HTTP/1.1 (RFC 9112), up to its end or to where it becomes a WebSocket.

Owns what has been read and not understood yet. Must not know what there is to ask for.

Invariants: every wait for the peer has a deadline; what a request costs is bounded, and how many
there are in a while, of one connection and of all together; nothing is sent that was not asked for.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple

import h11
import trio

from trio_chat.server.reading import Bucket
from trio_chat.server.transport import Transport
from trio_chat.server.web.messages import Headers, Request, Response, joined, text
from trio_chat.server.web.origins import Client, ForwardedError, client
from trio_chat.server.web.site import Site
from trio_chat.server.web.websocket import BadHandshakeError, TextOutbox, accept

HEAD = 10.0
"""Seconds in which a request has to be whole."""
IDLE = 15.0
"""Seconds that the next request is waited for."""
SENDING = 30.0
"""Seconds in which the peer has to take an answer."""
_HEAD_LIMIT = 8192
"""Bytes of a request, which has no content: a browser's cookies for a host go to all its ports."""
_BIT = 2048
"""Bytes that h11 is given at once."""
_BURST, _RATE = 100, 10.0
"""Requests that may come at once, and in a second after that."""
_METHODS = ("GET", "HEAD")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_VERSIONS = (b"1.0", b"1.1")
_LENGTHS = (b"content-length", b"transfer-encoding")


class Upgrade(NamedTuple):
    """The connection is a WebSocket from now on."""

    outbox: type[TextOutbox]
    data: bytes
    """What was read after the handshake."""
    client: Client | None
    """For whom the peer speaks, where that is somebody else."""


class Exchange:
    """The requests of one connection. `peer` and `local` are the IP addresses at both its ends.

    `refusal` returns why somebody at an address is not let in, or nothing; `speak_for` counts the
    connection as somebody else's, or returns why that can not be; `wait_turn` waits until a request
    may be looked at.
    """

    def __init__(
        self,
        transport: Transport,
        site: Site,
        *,
        peer: str,
        local: str,
        refusal: Callable[[str], str],
        speak_for: Callable[[str], str],
        wait_turn: Callable[[], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self._site = site
        self._peer = peer
        self._local = local
        self._refusal = refusal
        self._speak_for = speak_for
        self._wait_turn = wait_turn
        self._patience = trio.CancelScope()
        """How long the request is waited for that comes next."""
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)
        self._ahead = b""
        """What has been read and h11 has not been given."""
        self._is_head = False
        """Whether only the head of an answer is asked for."""
        self._bucket = Bucket(burst=_BURST, rate=_RATE)

    async def run(self, data: bytes) -> Upgrade | None:
        """Answer requests, of which this is the beginning; return how it goes on when it is a
        WebSocket, None when it is over. Raises what a `Transport` does."""
        self._ahead = data
        patience = HEAD
        while True:
            asked: h11.Request | Response | None = None
            with trio.move_on_after(patience) as self._patience:
                asked = await self._next()
            if asked is None:
                # Nobody is told who has not begun to ask.
                if self._http.trailing_data[0]:
                    words = f"the request was not whole within {patience:g} seconds"
                    await self._send(text(HTTPStatus.REQUEST_TIMEOUT, words, closes=True))
                return None
            if isinstance(asked, Response):
                await self._send(asked)
                return None
            request = self._read(asked)
            try:
                who = client(request, self._site.policy.believed)
                reason = self._refusal(who.address)
            except ForwardedError as error:
                await self._send(text(HTTPStatus.BAD_REQUEST, str(error), closes=True))
                return None
            if reason:
                await self._send(text(HTTPStatus.FORBIDDEN, reason, closes=True))
                return None
            if _wants_websocket(asked, request):
                return await self._upgrade(request, who)
            response = await self._site.respond(request, who)
            await self._send(response)
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
        self._is_head = False
        try:
            event = await self._event(begins=True)
            if not isinstance(event, h11.Request):
                return None
            self._is_head = event.method == b"HEAD"
            fault = _fault(event)
            if fault is None:
                # There is no content, so this is what comes next.
                await self._event()
            return fault or event
        except h11.RemoteProtocolError as error:
            # The frames that it has come through hold it, in h11.
            error.__traceback__ = None
            return text(HTTPStatus(error.error_status_hint), str(error), closes=True)

    async def _event(self, *, begins: bool = False) -> object:
        """Return what h11 reads next. `begins`: of another request, which takes a turn once its
        head is whole. h11 is given a bit at a time: only so its limit is one."""
        while True:
            if begins and _END_OF_HEAD.search(self._http.trailing_data[0]):
                await self._take_turn()
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if not self._ahead:
                self._ahead = await self._transport.receive()
            self._http.receive_data(self._ahead[:_BIT])
            self._ahead = self._ahead[_BIT:]

    async def _take_turn(self) -> None:
        """Wait for our turn, which is no time of the peer's."""
        left = self._patience.deadline - trio.current_time()
        self._patience.deadline = math.inf
        await self._wait_turn()
        self._patience.deadline = trio.current_time() + left

    def _read(self, asked: h11.Request) -> Request:
        target = asked.target.decode("ascii")
        if not target.startswith("/"):
            # To a proxy it is said whole (RFC 9112, section 3.2.2).
            target = "/" + target.partition("://")[2].partition("/")[2]
        return Request(
            method=asked.method.decode("ascii"),
            path=target.partition("?")[0],
            headers=joined(asked.headers.raw_items()),
            peer=self._peer,
            local=self._local,
        )

    # --- Answering

    async def _send(self, response: Response) -> None:
        try:
            head = h11.Response(
                status_code=response.status,
                reason=response.status.phrase.encode("ascii"),
                headers=response.fields(time.time()),
            )
            await self._send_all(self._http.send(head))
            if not self._is_head and response.status is not HTTPStatus.NOT_MODIFIED:
                content = h11.Data(data=response.body)
                for piece in self._http.send_with_data_passthrough(content) or ():
                    await self._send_all(piece)
            await self._send_all(self._http.send(h11.EndOfMessage()))
        except h11.LocalProtocolError:
            # What was said was so wrong that there is nothing to answer.
            return

    async def _send_all(self, data: bytes | None) -> None:
        if not data:
            return
        with trio.move_on_after(SENDING) as scope:
            await self._transport.send_all(data)
        if scope.cancelled_caught:
            raise trio.BrokenResourceError("HTTP: an answer was not taken in time")

    # --- WebSocket

    async def _upgrade(self, request: Request, who: Client) -> Upgrade | None:
        try:
            headers, outbox = self._shake_hands(request, who.address)
        except BadHandshakeError as error:
            await self._send(text(error.status, str(error), *error.headers, closes=True))
            return None
        switching = h11.InformationalResponse(
            status_code=HTTPStatus.SWITCHING_PROTOCOLS, headers=headers
        )
        await self._send_all(self._http.send(switching))
        data = self._http.trailing_data[0] + self._ahead
        return Upgrade(outbox, data, None if who.address == self._peer else who)

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
        if address != self._peer:
            refusal = self._speak_for(address)
            if refusal:
                raise BadHandshakeError(refusal, HTTPStatus.FORBIDDEN)
        return headers, outbox


def _fault(asked: h11.Request) -> Response | None:
    """Return what a request is refused with that nothing here is asked for with."""
    if asked.http_version not in _VERSIONS:
        words = "HTTP/1.1 is spoken here"
        return text(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, words, closes=True)
    method = asked.method.decode("ascii")
    if method not in _METHODS:
        allowed = ("Allow", ", ".join(_METHODS))
        words = f"there is no {method} here"
        return text(HTTPStatus.METHOD_NOT_ALLOWED, words, allowed, closes=True)
    lengths = {name: value for name, value in asked.headers if name in _LENGTHS}
    if len(lengths) > 1:
        # A proxy in front may have gone by the other (RFC 9112, section 6.3).
        words = "Content-Length and Transfer-Encoding exclude each other"
        return text(HTTPStatus.BAD_REQUEST, words, closes=True)
    if lengths.get(b"content-length", b"1") != b"0" and lengths:
        words = "a request has no content here"
        return text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words, closes=True)
    return None


def _wants_websocket(asked: h11.Request, request: Request) -> bool:
    """Whether this is the opening handshake of a WebSocket (RFC 6455, section 4.2.1)."""
    if request.method != "GET" or asked.http_version != b"1.1":
        return False
    return any(one.strip().lower() == "websocket" for one in request.header("upgrade").split(","))

"""One client: its reader task, and the end of its connection.

Owns the protocol until it is known, the bytes of the line that has not ended, flood control, and
how the connection ends. Must not know what any line means: lines go to the hub's inbox, and
whatever happens, however the connection ends, one `Disconnected` follows them.

Invariant: nothing that a peer can cause leaves `run`. What is our own mistake ends this connection,
with a traceback in the log, and no other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import msgspec
import structlog
import trio

from trio_chat.core.encoding import PLAIN, encode
from trio_chat.core.events import Closing, Source
from trio_chat.core.handlers.plain import prompt
from trio_chat.core.inputs import Connected, Disconnected, Received, UserId
from trio_chat.core.networks import Network, in_networks, shown_host
from trio_chat.server.outbox import GONE, Outbox
from trio_chat.server.tls import HandshakeError, TlsContext, fingerprint
from trio_chat.server.transport import ReplayedStream, StreamTransport, Transport
from trio_chat.wire import irc, plain, proxy
from trio_chat.wire.lines import LineBuffer
from trio_chat.wire.sniff import Protocol, may_be_proxy, sniff

if TYPE_CHECKING:
    import ssl

    from trio_chat.server.hub import Hub

log = structlog.get_logger()

_LINGER = 2.0
"""Seconds that a peer is given to close its side, so that it can read our last line."""
_REST_OF_OPENING = 0.3
"""Seconds that the rest of a PROXY header's opening is given: a person would not type it."""
_NO_TLS = bytes((0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 40))
"""A fatal alert, "handshake_failure" (RFC 8446, section 6)."""
_HTTP_TEXT = b"This is a chat server. Use an IRC client, or: nc HOST PORT\n"
_HTTP_REPLY = (
    b"HTTP/1.1 426 Upgrade Required\r\n"
    b"Upgrade: irc\r\n"
    b"Connection: Upgrade, close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_HTTP_TEXT), _HTTP_TEXT)
)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What of the configuration concerns a connection; all durations are in seconds."""

    name: str
    network: str
    lobby: str
    prompt_delay: float
    registration_timeout: float
    handshake_timeout: float
    drain_timeout: float
    write_timeout: float
    sendq: int
    burst: int
    rate: float
    proxies: tuple[Network, ...] = ()
    """Who is believed when it begins with a PROXY header."""


class EndError(Exception):
    """The connection ends, for this reason."""


class Bucket:
    """Flood control's memory: a token for each line, `rate` of them a second, `burst` at most."""

    __slots__ = ("_stamp", "_tokens", "burst", "rate")

    def __init__(self, *, burst: int, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._tokens = float(burst)
        self._stamp = trio.current_time()

    def take(self, wanted: int) -> int:
        """Return for how many of so many lines there are tokens now, and take those."""
        now = trio.current_time()
        self._tokens = min(self.burst, self._tokens + (now - self._stamp) * self.rate)
        self._stamp = now
        # What a clock has added in small steps may lack the last bit of a whole token.
        taken = min(wanted, int(self._tokens + 1e-6))
        self._tokens -= taken
        return taken

    def delay(self) -> float:
        """Return the seconds until there is a token."""
        return max(0.0, (1.0 - self._tokens) / self.rate)


class Connection:
    """A client's connection, from the first byte to the last.

    `address` is the peer's IP address (empty for a Unix socket), or that of whom a gateway speaks
    for; `host` is how the others are shown it. `since`
    is when it was made, in seconds since the epoch: what it has time for counts from there.
    `bucket` is None for who is exempt from flood control.
    """

    __slots__ = (
        "__weakref__",
        "_bucket",
        "_closing",
        "_eof",
        "_gone",
        "_held",
        "_hub",
        "_policy",
        "_raw",
        "_reason",
        "_transport",
        "_wake",
        "address",
        "host",
        "id",
        "outbox",
        "plain",
        "secure",
        "since",
    )

    def __init__(
        self,
        hub: Hub,
        user: UserId,
        transport: Transport,
        policy: Policy,
        *,
        address: str = "",
        host: str,
        secure: bool,
        bucket: Bucket | None,
        since: float,
    ) -> None:
        self.id = user
        self.address = address
        self.host = host
        self.secure = secure
        self.since = since
        self.plain = True
        self._hub = hub
        self._policy = policy
        self._transport = transport
        self._raw = transport
        """What carries the bytes, which `_transport` may be a layer above."""
        self.outbox = self._new_outbox()
        self._bucket = bucket
        self._reason = ""
        self._closing = False
        """Whether what comes in is of no interest any more."""
        self._held = False
        """Whether reading waits for the answer to something that was read."""
        self._wake: trio.Event | None = None
        """Wakes the reader out of a pause."""
        self._gone: trio.Event | None = None
        """Wakes the end of the connection when the peer has hung up."""
        self._eof = False
        """Whether the reader has come to the end."""

    def _new_outbox(self) -> Outbox:
        return Outbox(
            self._transport,
            self._hub.nursery,
            limit=self._policy.sendq,
            deadline=self._policy.write_timeout,
            grace=self._policy.drain_timeout,
            give_up=self._given_up,
        )

    # --- Reading

    async def run(self, tls: TlsContext | None) -> None:
        """Serve the client until the connection ends. Raises nothing but cancellation."""
        reason, orderly = GONE, False
        try:
            try:
                await self._converse(tls)
                orderly = True
            except EndError as error:
                reason = str(error)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                reason = str(error) or reason
            except Exception:
                reason = "Internal error"
                log.exception("a connection failed", host=self.host)
                self._eof = True
            reason = self._reason or reason
            await self._hub.put(Disconnected(user=self.id, reason=reason, orderly=orderly))
            if not self._eof:
                await self._discard()
        except BaseException:
            self._transport.abort()
            raise

    async def _discard(self) -> None:
        """Read until the peer hangs up: data that nobody reads would cost it our last line."""
        try:
            # Not through TLS, whose end has been said: it would take nothing any more.
            while await self._raw.receive():
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self._eof = True
        if self._gone is not None:
            self._gone.set()

    async def _converse(self, tls: TlsContext | None) -> None:
        certfp, named = "", False
        protocol, data = await self._sniff()
        if protocol is Protocol.PROXY:
            protocol, data = await self._sniff(await self._read_header(data))
        if protocol is Protocol.TLS and tls is not None:
            certfp, named = await self._begin_tls(tls, data)
            protocol, data = await self._sniff()
        if protocol is Protocol.TLS:
            raise self._refuse("TLS", "There is no TLS on this port", _NO_TLS)
        if protocol is Protocol.HTTP:
            raise self._refuse("HTTP", "This is a chat server", _HTTP_REPLY)
        if protocol is Protocol.PROXY:
            raise self._refuse_plainly("PROXY header", "A PROXY header comes first, and once")
        if protocol is Protocol.UNKNOWN:
            reason = "Neither IRC nor a nickname within the first line"
            raise self._refuse_plainly("unknown protocol", reason)
        self.plain = protocol is Protocol.PLAIN
        await self._hub.put(
            Connected(
                user=self.id,
                plain=self.plain,
                host=self.host,
                secure=self.secure,
                since=self.since,
                address=self.address,
                certfp=certfp,
                named=named,
            )
        )
        if self.plain:
            await self._read_plain(data)
        else:
            await self._read_irc(data)

    async def _sniff(self, data: bytes = b"") -> tuple[Protocol, bytes]:
        """Read on until the protocol is known, and ask for a nickname if nothing comes."""
        policy = self._policy
        with trio.move_on_after(self._time_to_register()):
            if not data:
                with trio.move_on_after(policy.prompt_delay):
                    data = await self._more()
            if not data:
                self.outbox.push(plain.encode(prompt(policy.network, policy.lobby)))
            while (protocol := sniff(data)) is None:
                patience = _REST_OF_OPENING if may_be_proxy(data) else math.inf
                with trio.move_on_after(patience) as scope:
                    more = await self._transport.receive()
                if scope.cancelled_caught:
                    return Protocol.PLAIN, data
                if not more:
                    # Whoever hangs up after half a line has said what there is to say.
                    return sniff(data + b"\n") or Protocol.UNKNOWN, data
                data += more
            return protocol, data
        raise self._refuse_silence()

    async def _read_header(self, data: bytes) -> bytes:
        """Take a PROXY header off, and be counted as whom it speaks for; return what follows it."""
        if not in_networks(self.address, self._policy.proxies):
            reason = "No PROXY header is believed from your address"
            raise self._refuse_plainly("PROXY header", reason)
        with trio.move_on_after(self._time_to_register()):
            try:
                while (header := proxy.parse(data)) is None:
                    data += await self._more()
            except proxy.ProxyError as error:
                reason = "Malformed PROXY header"
                raise self._refuse_plainly(reason, reason, error=str(error)) from None
            if header.address:
                refusal = self._hub.move(self, header.address)
                if refusal:
                    raise self._refuse_plainly(refusal, refusal, address=header.address)
            return data[header.size :]
        raise self._refuse_silence()

    async def _more(self) -> bytes:
        """Return what comes next, where something has to come."""
        data = await self._transport.receive()
        if not data:
            raise EndError(GONE)
        return data

    def _time_to_register(self) -> float:
        """Return the seconds that are left for it."""
        return self._policy.registration_timeout - (self._hub.now() - self.since)

    def _refuse_silence(self) -> EndError:
        reason = f"Not registered within {self._policy.registration_timeout:g} seconds"
        return self._refuse("silence", reason, self._closing_line(reason))

    def _refuse_plainly(self, what: str, reason: str, **details: object) -> EndError:
        """Refuse somebody who may speak anything, in the words of IRC."""
        self.plain = False
        return self._refuse(what, reason, self._closing_line(reason), **details)

    def _refuse(self, what: str, reason: str, line: bytes, **details: object) -> EndError:
        """Send a last line to somebody who never became a user."""
        self._hub.count("refused", what, host=self.host, **details)
        if line:
            self.outbox.push(line)
        return EndError(reason)

    async def _begin_tls(self, context: TlsContext, data: bytes) -> tuple[str, bool]:
        """Go on inside TLS; return the fingerprint of the client's certificate, if it has one, and
        whether the client asked for this server by name.

        Nothing else reads or writes before the handshake is done.
        """
        raw = self._transport
        stream = trio.SSLStream(
            ReplayedStream(data, raw), cast("ssl.SSLContext", context), server_side=True
        )
        with trio.move_on_after(self._policy.handshake_timeout) as scope:
            try:
                await stream.do_handshake()
            except trio.BrokenResourceError as error:
                cause = error.__cause__
                alert = cause.alert if isinstance(cause, HandshakeError) else b""
                reason = "TLS handshake failed"
                raise self._refuse(
                    "TLS handshake", reason, alert, error=str(cause or error)
                ) from None
        if scope.cancelled_caught:
            raise self._refuse("TLS handshake deadline", "TLS handshake took too long", b"")
        self._transport = StreamTransport(stream, raw.abort)
        self.outbox = self._new_outbox()
        self.secure = True
        return fingerprint(stream.getpeercert(binary_form=True)), bool(stream.server_hostname)

    async def _read_irc(self, data: bytes) -> None:
        lines = LineBuffer(irc.INPUT_LIMIT)
        while data:
            # Empty lines mean nothing, and are not worth a token of flood control.
            await self._deliver([line for line in lines.feed(data) if line])
            data = await self._transport.receive()

    async def _read_plain(self, data: bytes) -> None:
        lines, telnet = LineBuffer(plain.LINE_LIMIT), plain.TelnetFilter()
        while data:
            text = telnet.feed(data)
            if telnet.replies:
                self.outbox.push(telnet.take_replies())
            await self._deliver(lines.feed(text))
            data = await self._transport.receive()
        rest = lines.take_rest()
        if rest:
            # `printf 'hello' | nc` ends a line by hanging up.
            await self._deliver([rest])

    async def _deliver(self, lines: list[bytes]) -> None:
        """Put lines into the inbox, as fast as flood control lets them, and wait while held."""
        while lines and not self._closing:
            count = len(lines) if self._bucket is None else self._bucket.take(len(lines))
            if count:
                await self._hub.put(Received(user=self.id, lines=lines[:count]))
                lines = lines[count:]
            elif self._bucket is not None:
                await self._pause(self._bucket.delay())
        while self._held and not self._closing:
            await self._pause(float("inf"))

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until something has changed."""
        self._wake = trio.Event()
        with trio.move_on_after(seconds):
            await self._wake.wait()
        self._wake = None

    # --- For the hub

    def hold(self) -> None:
        """Stop reading: what was read last has to be answered first."""
        self._held = True

    def release(self) -> None:
        """Go on reading."""
        self._held = False
        self._wake_up()

    def move(self, address: str, *, exempt: bool) -> None:
        """Take on another address: whoever connected has said that it speaks for somebody there.

        `exempt` is whether flood control does not count there.
        """
        self.address = address
        self.host = shown_host(address)
        if exempt:
            self._bucket = None
        elif self._bucket is None:
            self._bucket = Bucket(burst=self._policy.burst, rate=self._policy.rate)

    def finish(self) -> None:
        """End the connection, once what was pushed has been sent. Nothing is read any more."""
        if not self._closing:
            self._closing = True
            self._wake_up()
            self._hub.nursery.start_soon(self._end, name="end of a connection")

    async def _end(self) -> None:
        try:
            with trio.move_on_after(self._policy.drain_timeout) as scope:
                await self.outbox.wait_emptied()
                await self._transport.send_eof()
            if scope.cancelled_caught:
                self._hub.cut_off += 1
            elif not self._eof:
                self._gone = trio.Event()
                with trio.move_on_after(_LINGER):
                    await self._gone.wait()
        except Exception:
            log.exception("a connection did not end in order", host=self.host)
        finally:
            self._transport.abort()
            self.outbox.forget()
            self._hub.ended(self)

    def _given_up(self, reason: str) -> bytes:
        """Note that the client does not take what it is sent; return its last line."""
        self._reason = reason
        if reason != GONE:
            self._hub.count("closed", reason, host=self.host)
        self._hub.put_now(Disconnected(user=self.id, reason=reason))
        return self._closing_line(reason)

    def dismiss(self, reason: str) -> None:
        """Say why the connection ends to somebody who is not a user yet; then end it."""
        if not self._closing:
            self.outbox.push(self._closing_line(reason))
            self.finish()

    def _wake_up(self) -> None:
        if self._wake is not None:
            self._wake.set()

    def _closing_line(self, reason: str) -> bytes:
        event = Closing(time=0.0, source=Source(prefix=self._policy.name), reason=reason)
        return encode(event, PLAIN if self.plain else 0)

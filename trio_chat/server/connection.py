"""One client: its task, what the hub and the poller do to it, and the end of its connection.

Owns in which state of its life it is (`server/life.py`), the lines that wait, and how it ends. Must
not know what any line means: lines go to the hub's inbox, and whatever happens, however the
connection ends, one `Disconnected` follows them.

Invariants: nothing that a peer can cause leaves `run`. What is our own mistake ends this
connection, with a traceback in the log, and no other. The descriptor is in the poller in the state
POLLED, and in no other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import structlog
import trio

from trio_chat.core.handlers.plain import prompt
from trio_chat.core.inputs import Connected, Disconnected, Received, UserId
from trio_chat.core.networks import is_loopback, shown_host
from trio_chat.server.home import Home
from trio_chat.server.life import Event, State, after
from trio_chat.server.opening import EndError, Opened, Opening, RefusedError
from trio_chat.server.outbox import GONE, Outbox
from trio_chat.server.policy import Policy
from trio_chat.server.reading import Bucket, IrcLines, Kind, PlainLines
from trio_chat.server.tls import TlsContext, TlsTransport
from trio_chat.server.transport import Transport, WantsToSendError, local_address
from trio_chat.server.web.exchange import Exchange
from trio_chat.server.web.site import Site
from trio_chat.server.web.websocket import WebSocketLines
from trio_chat.wire import plain
from trio_chat.wire.sniff import Protocol as Spoken

log = structlog.get_logger()

_MALFORMED = "Malformed WebSocket frame"
_NO_LINES = IrcLines()
_LINGER = 2.0
"""Seconds that a peer is given to close its side, so that it can read our last line."""


class Connection:
    """A client's connection, from the first byte to the last.

    `address` is the peer's IP address (empty for a Unix socket), or that of whom a gateway speaks
    for; `host` is how the others are shown it. `since` is when it was made, on trio's
    clock: what it has time for counts from there. `bucket` is None for who is exempt from flood
    control.
    """

    __slots__ = (
        "__weakref__",
        "_backlog",
        "_bucket",
        "_hub",
        "_lines",
        "_policy",
        "_reason",
        "_scope",
        "_task",
        "_transport",
        "address",
        "host",
        "id",
        "kind",
        "outbox",
        "secure",
        "since",
        "state",
    )

    def __init__(
        self,
        hub: Home[Connection],
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
        self.kind = Kind.OPENING
        self.state = State.SNIFFING
        self._hub = hub
        self._policy = policy
        self._transport = transport
        self.outbox = self._new_outbox()
        self._bucket = bucket
        self._lines: IrcLines | PlainLines | WebSocketLines = _NO_LINES
        """What cuts lines, once it is known how."""
        self._backlog: list[bytes] = []
        """Lines that are still to be delivered."""
        self._reason = ""
        """Why it ends, where that was found out by somebody else than its task."""
        self._task: trio.lowlevel.Task | None = None
        """Its task, while that sleeps until it is woken."""
        self._scope: trio.CancelScope | None = None
        """What its task does otherwise."""

    @property
    def encrypted(self) -> bool:
        """Whether it is carried by TLS."""
        return isinstance(self._transport, TlsTransport)

    def _new_outbox(self, kind: type[Outbox] = Outbox) -> Outbox:
        return kind(
            self._transport,
            self._hub.nursery,
            limit=self._policy.sendq,
            deadline=self._policy.write_timeout,
            grace=self._policy.drain_timeout,
            give_up=self._given_up,
        )

    # --- The task

    async def run(self, tls: TlsContext | None, web: Site | None = None) -> None:
        """Serve the client until the connection is closed. Raises nothing but cancellation.

        `tls` is with what TLS is spoken, and `web` what HTTP is answered with, where they are.
        """
        reason, orderly = GONE, False
        try:
            try:
                await self._interruptibly(self._open, tls, web)
                while self.state not in _OVER:
                    if self.state is State.POLLED or self.state is State.HELD:
                        # Here a client is idle: in no more frames than these, which cost memory.
                        self._task = trio.lowlevel.current_task()
                        await trio.lowlevel.wait_task_rescheduled(self._not_to_be_woken)
                    elif self.state is State.READING:
                        await self._interruptibly(self._read)
                    else:
                        orderly = self.state is State.HUNG_UP
                        await self._interruptibly(self._deliver)
            except RefusedError as error:
                reason = str(error)
                self._hub.count("refused", error.what, host=self.host, **error.details)
                if error.line:
                    self.outbox.push(error.line)
            except EndError as error:
                reason = str(error)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                reason = str(error) or reason
            except Exception:
                reason = "Internal error"
                log.exception("a connection failed", host=self.host)
                self._say_why(reason)
            if self.state is not State.LEFT:
                self.on(Event.LEAVE)
            reason = self._reason or reason
            self._hub.inbox.put_now(
                Disconnected(user=self.id, reason=reason, orderly=orderly and not self._reason)
            )
            if self.state is State.LEFT:
                self._task = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(self._not_to_be_woken)
            await self._end(hung_up=orderly and not self._lines.over)
        finally:
            if self.state is not State.GONE:
                self._close()

    async def _interruptibly(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Do some work that the end of the connection interrupts."""
        if self.state is State.ENDING:
            return
        with trio.CancelScope() as self._scope:
            await work(*args)
        self._scope = None

    def _not_to_be_woken(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        """Have the task look at the state, if it sleeps."""
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
            self._task = None

    def on(self, event: Event) -> None:
        """Take note of what has happened."""
        before = self.state
        self.state = after(before, event)
        if before is not self.state:
            sock = self._transport.socket
            if before is State.POLLED and sock is not None:
                self._hub.poller.remove(sock.fileno())
            elif self.state is State.POLLED and sock is not None:
                self._hub.poller.add(sock.fileno(), self)

    # --- Its opening

    async def _open(self, tls: TlsContext | None, web: Site | None) -> None:
        opening = Opening(
            self, self._transport, self._policy, tls=tls, web=web is not None, door=self._hub.door
        )
        opened = await opening.run()
        if opened.protocol is Spoken.PLAIN:
            self.kind, self._lines = Kind.PLAIN, PlainLines()
        elif web is not None and opened.protocol is Spoken.HTTP:
            opened = await self._open_websocket(web, opened)
        else:
            self.kind, self._lines = Kind.IRC, IrcLines()
        self._hub.meters.opened[self.kind.value, self.encrypted] += 1
        self.on(Event.KNOWN)
        await self._hub.inbox.put(
            Connected(
                user=self.id,
                plain=self.kind is Kind.PLAIN,
                host=self.host,
                secure=self.secure,
                since=self.since,
                address=self.address,
                certfp=opened.certfp,
                named=opened.named,
            )
        )
        if opened.data:
            self._take(self._cut(opened.data))

    async def _open_websocket(self, web: Site, opened: Opened) -> Opened:
        """Answer requests until one is for a WebSocket; return what is known then."""
        self.kind = Kind.HTTP
        self._hub.meters.opened[self.kind.value, self.encrypted] += 1
        peer = self.address
        exchange = Exchange(
            self._transport,
            web,
            peer=peer,
            local=local_address(self._transport),
            refusal=self._hub.refusal,
            speak_for=self.speak_for,
            wait_turn=self._hub.door.wait_turn,
        )
        upgrade = await exchange.run(opened.data)
        if upgrade is None:
            raise EndError(GONE)
        self.kind, self._lines = Kind.WEBSOCKET, WebSocketLines()
        self.outbox = self._new_outbox(upgrade.outbox)
        # What it has asked for before says nothing of how long it takes to register.
        self.since = trio.current_time()
        if upgrade.client is None:
            return opened._replace(data=upgrade.data)
        # The gateway's certificate, and the name by which it asked for us, are not the client's;
        # and both ways have to be safe, the one to it and the one from it.
        safe = self.secure or is_loopback(peer)
        self.secure = safe and upgrade.client.secure is True
        return opened._replace(data=upgrade.data, certfp="", named=False)

    def ask(self) -> None:
        """Ask for a nickname."""
        self.outbox.push(plain.encode(prompt(self._policy.network, self._policy.lobby)))

    def speak_for(self, address: str) -> str:
        """Be counted as whom a gateway speaks for; return why that can not be."""
        return self._hub.move(self, address)

    def carry(self, transport: Transport) -> None:
        """Go on inside TLS."""
        self._transport = transport
        self.outbox = self._new_outbox()
        self.secure = True

    def waited(self, seconds: float) -> None:
        """Do not count what was no time of the peer's."""
        self.since += seconds

    # --- Reading

    def _cut(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete; answer at once what is no line."""
        lines = self._lines.cut(data)
        if self.kind is not Kind.IRC and (replies := self._lines.replies()):
            self.outbox.push_raw(replies)
        if self._lines.over:
            self.outbox.seal()
        return lines

    def _take(self, lines: list[bytes], *, more: bool = True) -> None:
        """Take note of lines that may have to wait; `more`: there may be others after them."""
        self._backlog += lines
        if more and not self._lines.over:
            self.on(Event.WAIT)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """Take note that the peer has said that nothing more comes, or is not to be understood any
        more."""
        if self._lines.fault and not self._reason:
            self._reason = _MALFORMED
            self._hub.note_cut_off(self, _MALFORMED, error=self._lines.fault)
        if self.state is not State.HUNG_UP:
            self.on(Event.HANG_UP)

    def read_ready(self) -> None:
        """Read what there is: lines go to the inbox at once, and what has to wait to the task."""
        try:
            data = self._transport.read_now()
        except trio.WouldBlock:
            return
        except WantsToSendError:
            self.on(Event.READ)
            self._wake()
            return
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._fail(str(error) or GONE)
            return
        lines = self._cut(data) if data else self._lines.rest()
        if not data or self._lines.behind or self._lines.over:
            self._take(lines, more=bool(data))
            self._wake()
            return
        if lines and self._bucket is not None:
            count = self._bucket.take(len(lines))
            if count < len(lines):
                self._backlog = lines[count:]
                lines = lines[:count]
                self.on(Event.WAIT)
                self._wake()
        if lines:
            self._hub.inbox.put_now(Received(user=self.id, lines=lines))

    def read_failed(self) -> None:
        """End, by a mistake of ours."""
        if self.state is State.POLLED:
            self._say_why("Internal error")
            self._fail("Internal error")

    def _fail(self, reason: str) -> None:
        """End, because reading has failed."""
        self._reason = self._reason or reason
        self.on(Event.LEAVE)
        self._wake()

    async def _read(self) -> None:
        """Read what can not be polled."""
        data = await self._transport.receive()
        self._take(self._cut(data) if data else self._lines.rest(), more=bool(data))

    async def _deliver(self) -> None:
        """Deliver what waits, as fast as flood control and the inbox let it; then read on."""
        begun = self.state
        while self.state is begun:
            if not self._backlog and self._lines.behind:
                await trio.lowlevel.checkpoint()
                self._backlog = self._cut(b"")
                if self._lines.over:
                    self._hang_up()
                continue
            lines = self._backlog
            if not lines:
                break
            count = len(lines) if self._bucket is None else self._bucket.take(len(lines))
            if count:
                self._backlog = lines[count:]
                await self._hub.inbox.put(Received(user=self.id, lines=lines[:count]))
            elif self._bucket is not None:
                await trio.sleep(self._bucket.delay())
        if self._is_behind():
            return
        if self.state is State.PAUSED:
            self._read_on()
        elif self.state is State.HUNG_UP:
            self.on(Event.LEAVE)

    def _is_behind(self) -> bool:
        """Whether there is something to deliver of what was read."""
        return bool(self._backlog) or self._lines.behind

    def _read_on(self) -> None:
        if self._transport.socket is not None:
            self.on(Event.POLL)
        else:
            self.on(Event.READ)
            self._wake()

    # --- For the hub

    def hold(self) -> None:
        """Stop reading: what was read last has to be answered first."""
        self.on(Event.HOLD)

    def release(self) -> None:
        """Go on reading."""
        self.on(Event.RELEASE)
        if self.state is State.PAUSED and self._task is not None:
            if self._is_behind():
                self._wake()
            else:
                self._read_on()

    def charge(self, lines: int) -> None:
        """Have what the client has sent count as so many lines more."""
        if self._bucket is not None:
            self._bucket.charge(lines)

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
        self.on(Event.FINISH)
        self._wake()
        if self._scope is not None:
            self._scope.cancel()

    def dismiss(self, reason: str) -> None:
        """Say why the connection ends, where the core does not; then end it."""
        self._say_why(reason)
        self.finish()

    # --- The end

    def _say_why(self, reason: str) -> None:
        """Send the line that says why it ends, where the peer can read it."""
        if self.state not in _SILENT and self.kind is not Kind.HTTP:
            self.outbox.push(self._closing_line(reason))

    async def _end(self, *, hung_up: bool) -> None:
        """Send the rest, and give the peer time to hang up."""
        try:
            async with trio.open_nursery() as nursery:
                gone = trio.Event()
                if hung_up:
                    gone.set()
                else:
                    nursery.start_soon(self._swallow, gone)
                self.outbox.close(going_away=self._hub.is_ending)
                with trio.move_on_after(self._policy.drain_timeout) as scope:
                    await self.outbox.wait_emptied()
                    await self._transport.send_eof()
                if scope.cancelled_caught:
                    self._hub.cut_off += 1
                else:
                    with trio.move_on_after(_LINGER):
                        await gone.wait()
                nursery.cancel_scope.cancel()
        except Exception:
            log.exception("a connection did not end in order", host=self.host)

    async def _swallow(self, gone: trio.Event) -> None:
        """Read until the peer hangs up: data that nobody reads would cost it our last line."""
        # Nothing of it matters any more, and neither does how it ends.
        with contextlib.suppress(Exception):
            await self._transport.swallow()
        gone.set()

    def _close(self) -> None:
        self.on(Event.CLOSE)
        self._transport.abort()
        self.outbox.forget()
        self._hub.ended(self)

    def _given_up(self, reason: str) -> bytes:
        """Note that the client does not take what it is sent; return its last line."""
        self._reason = reason
        if reason != GONE:
            self._hub.note_cut_off(self, reason)
        self._hub.inbox.put_now(Disconnected(user=self.id, reason=reason))
        return self.outbox.wrap(self._closing_line(reason))

    def _closing_line(self, reason: str) -> bytes:
        return self._policy.closing_line(reason, plain=self.kind in (Kind.PLAIN, Kind.OPENING))


_OVER = frozenset((State.LEFT, State.ENDING))
_SILENT = frozenset((State.HANDSHAKE, State.ENDING, State.GONE))

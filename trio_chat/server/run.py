"""Runs the server: opens everything, serves until told to stop, and closes it in order.

Owns the nursery that everything lives in, the signals, and how a new configuration comes into
force. Shutdown is: stop accepting, finish the tick, send everybody off, wait a while, then force.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import TextIO

import msgspec
import structlog
import trio

from trio_chat.config import Address, Config, ConfigError
from trio_chat.config.certificates import complaint
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.networks import in_networks, normal, shown_host
from trio_chat.core.requests import Administered
from trio_chat.core.settings import Settings
from trio_chat.journal import Journal, JournalError
from trio_chat.journal.retention import Retention
from trio_chat.server import lag, report
from trio_chat.server.admission import Admission, AdmissionPolicy
from trio_chat.server.banner import banner
from trio_chat.server.collector import Collector
from trio_chat.server.connection import Connection
from trio_chat.server.control import Control, open_control
from trio_chat.server.descriptors import HOW_TO_RAISE, PLENTY, for_connections, raise_limit
from trio_chat.server.errors import StartError
from trio_chat.server.hub import Hub
from trio_chat.server.listeners import Endpoint, accept, open_endpoints, tls_context, tune
from trio_chat.server.policy import Policy
from trio_chat.server.readiness import Readiness
from trio_chat.server.reading import Bucket
from trio_chat.server.readings import Readings
from trio_chat.server.storing import make_core, open_journal, retention
from trio_chat.server.tls import TlsContext
from trio_chat.server.transport import SocketTransport
from trio_chat.server.web.policy import web_policy
from trio_chat.server.web.private import private
from trio_chat.server.web.site import Site, WebPolicy

log = structlog.get_logger()

RELOAD = 10.0
"""Seconds that reading the configuration again may take: a file can be on a disk that is gone."""
SHUTDOWN = 4.5
"""Seconds that clients are given to read to the end when the server stops, at most."""
_END = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Signals that end the server in order; the second of them at once."""
_IGNORED = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that would end the process, and are sent to others for all kinds of things."""


async def serve(
    config: Config,
    *,
    reload: Callable[[], Config],
    out: TextIO = sys.stdout,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until a signal says that it is the end. Raises `StartError` or `ConfigError` before it
    listens.

    `reload` returns the configuration as it is now, for SIGHUP and REHASH. What the server says of
    itself goes to `out`, once it listens.
    """
    limit = raise_limit()
    endpoints: list[Endpoint] = []
    async with contextlib.AsyncExitStack() as opened:
        collector = opened.enter_context(Collector())
        # Without files there is no journal either, and a worse reason.
        for_connections(limit, len(config.listeners))
        journal = open_journal(config)
        opened.push_async_callback(journal.aclose)
        control = await open_control(config.server.data) if config.server.data else None
        if control is not None:
            opened.callback(control.close)
        for listener in config.listeners:
            for endpoint in await open_endpoints(listener):
                opened.callback(endpoint.close)
                endpoints.append(endpoint)
        possible = for_connections(limit, len(endpoints))
        _look_at_certificates(config)
        _look_at_accounts(config)
        async with trio.open_nursery() as nursery:
            server = Server(
                config,
                endpoints,
                nursery,
                load=reload,
                possible=possible,
                collector=collector,
                journal=journal,
                control=control,
            )
            with trio.open_signal_receiver(*_END, signal.SIGHUP, *_IGNORED) as signals:
                server.start()
                # Whoever started it may not be there to read it.
                with contextlib.suppress(OSError):
                    print(banner(endpoints, config), file=out, flush=True)
                task_status.started(server)
                async for number in signals:
                    name = signal.Signals(number).name
                    if number in _END:
                        log.info("shutting down", signal=name)
                        break
                    if number == signal.SIGHUP:
                        # It may take a while, and the next signal may be to end.
                        nursery.start_soon(server.reload, name="reload")
                    else:
                        log.info("a signal that means nothing here", signal=name)
                async with trio.open_nursery() as ending:
                    ending.start_soon(_force, signals, nursery)
                    await server.shut_down("Server shutting down")
                    ending.cancel_scope.cancel()
            nursery.cancel_scope.cancel()


async def _force(signals: AsyncIterator[int], nursery: trio.Nursery) -> None:
    """End at once when told to stop a second time."""
    async for number in signals:
        if number in _END:
            nursery.cancel_scope.cancel()


class Server:
    """A running server. `load` returns the configuration as it is when it is called; `possible` is
    how many connections there are file descriptors for."""

    def __init__(
        self,
        config: Config,
        endpoints: list[Endpoint],
        nursery: trio.Nursery,
        *,
        load: Callable[[], Config],
        possible: int,
        collector: Collector,
        journal: Journal,
        control: Endpoint | None,
    ) -> None:
        self.endpoints = endpoints
        core = make_core(config, journal, monotonic=trio.current_time())
        self._journal = journal
        for what in core.unreadable:
            log.error("what was kept can not be read, and has no effect", what=what)
        self.hub = Hub(
            core,
            journal,
            nursery,
            on_end=self._release,
            on_move=self._move,
            on_reload=self.reload,
            on_administered=self._administered,
            on_tick=collector.look,
            report=lambda: report.lines(report.document(self.readings)),
        )
        self._collector = collector
        self._control = Control(self.hub.put, self._can_not_accept)
        self._control_endpoint = control
        self._load = load
        self._nursery = nursery
        self._reading = trio.CapacityLimiter(1)
        """Who reads the configuration again: one after another."""
        self._possible = possible
        self._users = itertools.count(1)
        self._accepting = trio.CancelScope()
        self._listening = _kinds(config)
        self._storing = _stores(config)
        self.readings = Readings(self.hub, collector, limit=lambda: self._admission.policy.total)
        self.readiness = Readiness(self.hub, journal, nursery)
        web = web_policy(config)
        self._site = Site(web, {})
        self._configure(config, web)
        self._admission = Admission(self._admission_policy(config), trio.current_time)

    def start(self) -> None:
        """Begin to serve."""
        if self._config.server.data is None:
            log.info("nothing is kept on disk: all ends with the server")
        for endpoint in self.endpoints:
            tls = endpoint.context is not None
            log.info("listening", address=str(endpoint.address), tls=tls)
        if self._possible < PLENTY and not self._config.connections.total:
            log.warning(
                "few connections are possible: few files may be open",
                possible=self._possible,
                raise_limit=HOW_TO_RAISE,
            )
        self._nursery.start_soon(self.hub.run, name="hub")
        self._nursery.start_soon(self.hub.poller.run, name="poller")
        self._nursery.start_soon(self.hub.door.run, name="door")
        self._nursery.start_soon(lag.measure, self.hub.meters.lag, name="lag")
        self._nursery.start_soon(self._accept, name="accept")
        if self._control_endpoint is not None:
            self._nursery.start_soon(self._control.run, self._control_endpoint, name="control")

    async def shut_down(self, reason: str) -> None:
        """Stop accepting, and send everybody off, in bounded time."""
        self._accepting.cancel()
        before = self.hub.cut_off
        with trio.move_on_after(min(self._policy.drain_timeout + 0.1, SHUTDOWN)):
            await self.hub.shut_down(reason)
        stuck = self.hub.cut_off - before + self.hub.open
        if stuck:
            log.warning("some clients did not read to the end", count=stuck)

    # --- Configuration

    def _configure(self, config: Config, web: WebPolicy) -> None:
        self._config = config
        self._policy = Policy(
            name=config.server.name,
            network=config.server.network,
            lobby=config.server.lobby,
            prompt_delay=config.server.prompt_delay,
            registration_timeout=config.connections.registration_timeout,
            handshake_timeout=config.connections.handshake_timeout,
            drain_timeout=config.connections.drain_timeout,
            write_timeout=config.connections.ping_timeout,
            sendq=config.limits.sendq,
            burst=config.flood.burst,
            rate=config.flood.rate,
            proxies=config.gateways.proxy,
        )
        self._site.policy = web
        self._site.private = private(
            self.readings,
            self.readiness,
            metrics=config.web.metrics,
            dashboard=config.web.dashboard,
        )
        self._has_web = {one.address for one in config.listeners if config.has_web(one)}

    def _admission_policy(self, config: Config) -> AdmissionPolicy:
        connections = config.connections
        possible = self._possible
        if connections.total > possible:
            log.warning(
                "fewer connections than configured: too few files may be open",
                configured=connections.total,
                possible=possible,
                raise_limit=HOW_TO_RAISE,
            )
        return AdmissionPolicy(
            total=min(connections.total or possible, possible),
            per_address=connections.per_address,
            new_per_minute=connections.new_per_minute,
            exempt=connections.exempt,
            gateways=config.gateways.proxy
            + config.gateways.http
            + tuple(network for one in config.gateways.webirc for network in one.host),
        )

    async def reload(self) -> str:
        """Bring the configuration into force as it is now; keep the old one if it is broken.

        Return what is wrong with it, in one line; nothing once it is in force. The core hears of it
        before whatever is put into the hub's inbox after this.
        """
        try:
            # Not waited for by anybody else, nor for longer than that: the thread may never end.
            with trio.fail_after(RELOAD):
                config, settings, web, tls = await trio.to_thread.run_sync(
                    self._read, abandon_on_cancel=True, limiter=self._reading
                )
        except (ConfigError, StartError, trio.TooSlowError) as error:
            fault = str(error) or f"it could not be read within {RELOAD:g} seconds"
            log.error("kept the old configuration", error=fault)
            return "; ".join(fault.splitlines())
        except Exception:
            log.exception("kept the old configuration")
            return "Internal error"
        for endpoint in self.endpoints:
            endpoint.context = tls.get(endpoint.configured.address, endpoint.context)
        if _kinds(config) != self._listening:
            log.warning("listeners have changed, which takes a restart")
        if _stores(config) != self._storing:
            log.warning("what is kept, where or how has changed, which takes a restart")
            now = self.hub.core.settings
            settings = msgspec.structs.replace(
                settings,
                durable=now.durable,
                history=now.history,
                accounts=config.accounts if now.durable else None,
            )
        if retention(config) != retention(self._config):
            self._nursery.start_soon(self._retain, retention(config), name="retain")
        self._configure(config, web)
        self._admission.policy = self._admission_policy(config)
        await self.hub.put(Reconfigured(settings=settings))
        log.info("reread the configuration")
        return ""

    async def _retain(self, retention: Retention) -> None:
        """Keep so much from now on. Nobody waits for it: the disk may be slow."""
        try:
            await self._journal.retain(retention)
        except JournalError as error:
            log.error("could not prune the journal", error=str(error))
        except Exception:
            log.exception("could not prune the journal")

    def _read(self) -> tuple[Config, Settings, WebPolicy, dict[Address, TlsContext]]:
        """Read the configuration and the files that it names."""
        config = self._load()
        _look_at_certificates(config)
        _look_at_accounts(config)
        settings = config.settings()
        tls = {
            listener.address: tls_context(listener.tls)
            for listener in config.listeners
            if listener.tls is not None
        }
        return config, settings, web_policy(config), tls

    # --- Accepting

    async def _accept(self) -> None:
        with self._accepting:
            async with trio.open_nursery() as nursery:
                for endpoint in self.endpoints:
                    nursery.start_soon(accept, endpoint, self._admit, self._can_not_accept)

    def _can_not_accept(self, reason: str) -> None:
        self.hub.count_trouble("can not accept connections", reason)

    def _admit(self, sock: socket.socket, peer: str, endpoint: Endpoint) -> None:
        """Let a connection in and serve it, or tell it why not."""
        address = normal(peer)
        try:
            tune(
                sock,
                idle=self._config.connections.ping_after,
                timeout=self._config.connections.ping_timeout,
            )
            reason = self.hub.refusal(address) or self._admission.admit(address)
            if reason:
                self.hub.count("refused", reason, host=address)
                sock.send(f"ERROR :Closing link ({reason})\r\n".encode())
                sock.close()
                return
        except OSError as error:
            # Most likely the peer is gone already.
            self.hub.count("refused", error.strerror or str(error), host=address)
            sock.close()
            return
        policy = self._policy
        bucket = None if self._unhurried(address) else Bucket(burst=policy.burst, rate=policy.rate)
        connection = Connection(
            self.hub,
            next(self._users),
            SocketTransport(sock),
            policy,
            address=address,
            host=shown_host(address),
            secure=not address,
            bucket=bucket,
            since=trio.current_time(),
        )
        self.hub.add(connection)
        web = self._site if endpoint.configured.address in self._has_web else None
        self._nursery.start_soon(connection.run, endpoint.context, web, name="connection")

    def _move(self, connection: Connection, address: str) -> str:
        """Count a connection as whom its gateway speaks for; return why that can not be."""
        address = normal(address)
        reason = self.hub.refusal(address) or self._admission.move(connection.address, address)
        if not reason:
            connection.move(address, exempt=self._unhurried(address))
        return reason

    def _release(self, connection: Connection) -> None:
        self._admission.release(connection.address)
        self._collector.part_with(connection)

    def _administered(self, done: Administered) -> None:
        self._control.answered(done)

    def _unhurried(self, address: str) -> bool:
        """Whether flood control does not count there."""
        return not address or in_networks(address, self._config.flood.exempt)


def _look_at_certificates(config: Config) -> None:
    """Log which certificates are not valid, or soon will not be."""
    for path in config.certificates():
        said = complaint(path, dt.datetime.now(dt.UTC))
        if said:
            log.warning(said)


def _look_at_accounts(config: Config) -> None:
    """Log that nobody can make an account though registration is open, as nobody gets in before."""
    accounts = config.accounts
    if accounts.required and accounts.registration == "open" and not accounts.before_connect:
        log.warning(
            "accounts can be made with `trio-chat accounts add` only, or from accounts.exempt: "
            "nobody else gets in without one, and accounts.before_connect is false"
        )


def _kinds(config: Config) -> list[tuple[object, ...]]:
    """Return what of the listeners can not change while they listen."""
    return [
        (listener.address, listener.tls is None, listener.mode, listener.group)
        for listener in config.listeners
    ]


def _stores(config: Config) -> tuple[object, ...]:
    """Return what of the journal can not change while it is open."""
    return config.server.data, config.history.enabled, config.history.sync

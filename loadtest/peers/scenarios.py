"""The work that servers are compared by, and what is required of ours.

Owns the table `SCENARIOS`. A requirement is against one of the peers, or for a value of our own.
How a load is made and proven is the bench's, and so are the loads that both have.
"""

from __future__ import annotations

from collections.abc import Mapping

from loadtest.bench import storm
from loadtest.bench.bystander import Bystander, Observation
from loadtest.bench.crowd import Crowd
from loadtest.bench.figures import (
    Figure,
    Measure,
    Of,
    Requirement,
    Run,
    Scenario,
    Settings,
    note_parts,
)
from loadtest.bench.scenarios import idle, paced, saturated
from loadtest.bench.servers import ServerUnderTest
from loadtest.bench.storm import Storm
from loadtest.bench.tls import handshakes

JOINING = 3000
IDLE = 15_000
IDLE_TLS = 2000
HANDSHAKES = 500
"""Handshakes whose price is taken, some at a time."""
AT_ONCE = 1000
"""Handshakes that are begun at the same moment."""
HANDSHAKE_PATIENCE = 15.0
"""Seconds without any handshake until the rest has failed. It is longer than one may take in our
server, and than a connection that a full backlog has dropped takes to come for the fourth time."""
STORM_PATIENCE = 45.0
"""Seconds without a byte until a storm has failed: a server may work for a while in silence."""


def _scaled(number: int, settings: Settings) -> int:
    return max(20, round(number * settings.scale))


def _storm(kind: ServerUnderTest, settings: Settings, run: Run, *, quit: bool) -> None:
    """Have thousands register, join one room at once and, if `quit`, half of them hang up."""
    count = _scaled(JOINING, settings)
    with (
        kind.run() as server,
        Bystander(server.address) as bystander,
        Crowd(server.address, patience=STORM_PATIENCE, at_once=server.backlog) as crowd,
    ):
        before = server.cpu_seconds()
        seconds = crowd.gather(rooms=1, size=count, join=False)
        run.values["registrations"] = count / seconds
        run.values["registration_cpu"] = (server.cpu_seconds() - before) / count * 1e6
        bystander.start()
        storming = storm.join(crowd, server.cpu_seconds)
        if quit:
            run.faults.extend(storming.faults)
            bystander.stop()
            bystander.start()
            storming = storm.hang_up(crowd, crowd.clients[1::2], server.cpu_seconds)
        _note(run, storming, bystander.stop())


def _note(run: Run, storming: Storm, observation: Observation) -> None:
    run.faults.extend(storming.faults)
    run.values["cpu"] = storming.metered
    run.values["seconds"] = storming.seconds
    note_parts(run, storming)
    _note_bystander(run, observation)


def _note_bystander(run: Run, observation: Observation) -> None:
    run.values["ping"] = observation.longest
    run.values["ping_median"] = observation.median
    run.values["bystander_late"] = observation.late


def _join_storm(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    _storm(kind, settings, run, quit=False)


def _quit_storm(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    _storm(kind, settings, run, quit=True)


def _tls_idle(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    """Take the price of a handshake, and the memory of those who stay."""
    with kind.run(tls=True) as server:
        before = server.cpu_seconds()
        shaken = handshakes(
            server.tls_address,
            count=_scaled(HANDSHAKES, settings),
            at_once=server.at_once,
            patience=HANDSHAKE_PATIENCE,
        )
        run.values["handshake_cpu"] = (server.cpu_seconds() - before) / max(1, shaken.done) * 1e3
        run.values["handshakes"] = shaken.done / shaken.seconds
        if shaken.done < shaken.wanted:
            why = "; ".join(shaken.failures)
            run.faults.append(f"{shaken.done} of {shaken.wanted} handshakes: {why}")
    idle(IDLE_TLS, tls=True)(kind, settings, run)


def _tls_storm(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    """Begin many handshakes at the same moment."""
    count = _scaled(AT_ONCE, settings)
    with kind.run(tls=True) as server, Bystander(server.address) as bystander:
        before = server.cpu_seconds()
        bystander.start()
        shaken = handshakes(
            server.tls_address, count=count, at_once=count, patience=HANDSHAKE_PATIENCE
        )
        _note_bystander(run, bystander.stop())
        run.values["done"] = shaken.done / shaken.wanted * 100
        if shaken.failures:
            run.remarks.append(f"handshakes failed with: {'; '.join(shaken.failures)}")
        run.values["seconds"] = shaken.seconds
        run.values["server"] = (server.cpu_seconds() - before) / shaken.seconds
        run.values["generator"] = shaken.own_cpu / shaken.seconds


def _against(
    peer: str, *, at_least: float | None = None, at_most: float | None = None
) -> Requirement:
    return Requirement(of=Of.RATIO, against=peer, at_least=at_least, at_most=at_most)


def _value(*, at_least: float | None = None, at_most: float | None = None) -> Requirement:
    return Requirement(of=Of.VALUE, at_least=at_least, at_most=at_most)


def _per_cpu(*requirements: Requirement) -> tuple[Figure, ...]:
    return (
        Figure(
            key="per_cpu",
            label="M deliveries / server CPU s",
            digits=3,
            requirements=requirements,
            more_is_better=True,
        ),
        Figure(key="per_second", label="M deliveries / s", digits=3, more_is_better=True),
    )


def _per_delivery(cpu: float | None = None, p99: float | None = None) -> tuple[Figure, ...]:
    return (
        Figure(
            key="cpu",
            label="server CPU, µs / delivery",
            requirements=[] if cpu is None else [_against("inspircd", at_most=cpu)],
        ),
        Figure(key="p50", label="delay p50, ms"),
        Figure(
            key="p99",
            label="delay p99, ms",
            requirements=[] if p99 is None else [_value(at_most=p99)],
        ),
        Figure(key="p999", label="delay p99.9, ms"),
    )


def _ping(longest: float) -> Figure:
    return Figure(
        key="ping",
        label="a bystander's longest PING, ms",
        digits=1,
        requirements=[_value(at_most=longest)],
    )


def _storming(cpu: float) -> tuple[Figure, ...]:
    return (
        Figure(
            key="cpu",
            label="server CPU, s",
            requirements=[_against("inspircd", at_most=cpu)],
        ),
        Figure(key="seconds", label="until all have seen it, s"),
        _ping(250),
    )


def _sparse(rooms: int) -> Measure:
    # A tenth of a message a second and client, in rooms of 20.
    return paced(20, rooms=rooms, rate=rooms * 2, audited=5, scalable=True)


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one-room",
            about="200 in one room, saturated",
            figures=_per_cpu(_against("inspircd", at_least=5)),
            measure=saturated(1, 200),
        ),
        Scenario(
            name="one-room-500",
            about="200 in one room, 500 messages a second",
            figures=_per_delivery(0.6, 25),
            measure=paced(200, rate=500),
        ),
        Scenario(
            name="many-rooms",
            about="50 rooms of 20, saturated",
            figures=_per_cpu(_against("inspircd", at_least=0.9)),
            measure=saturated(50, 20),
        ),
        Scenario(
            name="pairs",
            about="500 rooms of 2, saturated",
            figures=_per_cpu(_against("inspircd", at_least=0.65), _against("ngircd", at_least=3)),
            measure=saturated(500, 2),
        ),
        Scenario(
            name="sparse-5k",
            about="5,000 in rooms of 20, 500 messages a second in all",
            figures=_per_delivery(1.35, 15),
            measure=_sparse(250),
        ),
        Scenario(
            name="sparse-15k",
            about="15,000 in rooms of 20, 1,500 messages a second in all",
            figures=_per_delivery(None, 100),
            measure=_sparse(750),
            # It falls behind by minutes: the median of its delays was 129 seconds, and a round
            # took 20 minutes.
            without=("ngircd",),
        ),
        Scenario(
            name="join-storm",
            about="3,000 register, then join one room at once",
            figures=(
                Figure(
                    key="registrations",
                    label="registrations / s",
                    digits=0,
                    more_is_better=True,
                ),
                Figure(key="registration_cpu", label="server CPU, µs / registration", digits=0),
                *_storming(0.7),
            ),
            measure=_join_storm,
        ),
        Scenario(
            name="quit-storm",
            about="1,500 of 3,000 in one room hang up at once",
            figures=_storming(0.5),
            measure=_quit_storm,
        ),
        Scenario(
            name="idle",
            about="15,000 in rooms of 20, silent",
            figures=(
                Figure(
                    key="rss_total",
                    label="RSS, MB",
                    digits=1,
                    requirements=[_value(at_most=115)],
                ),
                Figure(key="rss", label="RSS, KB / client"),
            ),
            measure=idle(),
        ),
        Scenario(
            name="tls",
            about="100 in one room over TLS, 25 messages a second",
            figures=_per_delivery(1.67),
            measure=paced(100, rate=25, audited=5, tls=True),
        ),
        Scenario(
            name="tls-plain",
            about="the same without TLS",
            figures=_per_delivery(),
            measure=paced(100, rate=25, audited=5),
        ),
        Scenario(
            name="tls-idle",
            about="500 handshakes, some at a time; 2,000 over TLS in rooms of 20, silent",
            figures=(
                Figure(key="rss", label="RSS, KB / client", requirements=[_value(at_most=24)]),
                Figure(key="handshakes", label="handshakes / s", digits=0, more_is_better=True),
                Figure(key="handshake_cpu", label="server CPU, ms / handshake"),
            ),
            measure=_tls_idle,
        ),
        Scenario(
            name="tls-storm",
            about="1,000 handshakes at once",
            figures=(
                Figure(
                    key="done",
                    label="answered over TLS, %",
                    digits=1,
                    requirements=[_value(at_least=100)],
                    more_is_better=True,
                ),
                Figure(key="seconds", label="until all are, s"),
                _ping(100),
            ),
            measure=_tls_storm,
        ),
    )
}

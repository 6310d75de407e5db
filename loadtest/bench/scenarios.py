"""What the bench measures: each scenario is one run against a server that was started for it.

Owns the table `SCENARIOS`: what is done, which figures come out, and what is required of them.
Knows nothing of rounds, medians and other servers' figures, which are `report`'s. A run whose
messages were not all delivered, each once, has `faults`, and its figures prove nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from loadtest.bench.crowd import AUDITED, Crowd
from loadtest.bench.figures import Figure, Measure, Of, Requirement, Run, Scenario, Settings, note
from loadtest.bench.load import Load
from loadtest.bench.servers import RunningServer, ServerUnderTest
from loadtest.bench.tls import TLSCrowd
from loadtest.bench.webcrowd import WebSocketCrowd

WARM_UP = 0.5
"""Seconds of the same load before what is measured begins."""
IDLE_ROOM = 20
SETTLING = 1.0
"""Seconds after the last client has joined until an idle server's memory is read."""
ENDURED_ROOMS = 50
ENDURED_ROOM = 20
STALLED_ROOM = 100
STALLED = 20
STALLED_TEXT = 400
STALLED_BYTES = 5 * 1024 * 1024 // 2
"""Bytes of text said to each member that has stopped reading: well over a send queue of 1 MiB, with
what the kernel holds."""


def crowd_for(server: RunningServer, settings: Settings, *, tls: bool = False) -> Crowd:
    """Return a crowd for a server, of which nobody has come yet."""
    if tls:
        return TLSCrowd(server.tls_address, patience=settings.patience, at_once=server.at_once)
    kind = WebSocketCrowd if server.by_websocket else Crowd
    return kind(server.address, patience=settings.patience, at_once=server.at_once)


def paced(
    size: int,
    *,
    rooms: int = 1,
    rate: float | None = None,
    audited: int = AUDITED,
    tls: bool = False,
    scalable: bool = False,
) -> Measure:
    """Return how to measure `rooms` of `size` where `rate` messages a second are due in all.

    Without a `rate` it is that of the settings. If it is `scalable`, their scale shrinks the number
    of rooms and with it the rate.
    """

    def measure(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
        part = settings.scale if scalable else 1.0
        number = max(1, round(rooms * part))
        pace = (settings.rate if rate is None else rate) * number / rooms
        with kind.run(tls=tls) as server, crowd_for(server, settings, tls=tls) as crowd:
            crowd.gather(rooms=number, size=size, audited=audited)
            load = Load(crowd, meter=server.cpu_seconds)
            run.faults.extend(load.pace(seconds=WARM_UP, rate=pace).faults)
            outcome = load.pace(seconds=settings.seconds, rate=pace)
            note(run, outcome)
            run.values["cpu"] = outcome.metered / max(1, outcome.deliveries) * 1e6

    return measure


def saturated(rooms: int, size: int, *, window: int | None = None) -> Measure:
    """Return how to measure `rooms` of `size` where everybody says as much as the window lets.

    Without a `window`, in messages of all members of a room, that of each is in the settings.
    """

    def measure(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
        ahead = settings.window * size if window is None else window
        with kind.run() as server, crowd_for(server, settings) as crowd:
            crowd.gather(rooms=rooms, size=size)
            load = Load(crowd, meter=server.cpu_seconds)
            run.faults.extend(load.saturate(seconds=WARM_UP, window=ahead).faults)
            outcome = load.saturate(seconds=settings.seconds, window=ahead)
            note(run, outcome)
            run.values["cpu"] = outcome.metered / max(1, outcome.deliveries) * 1e6
            run.values["per_cpu"] = outcome.deliveries / outcome.metered / 1e6
            run.values["per_second"] = outcome.deliveries / outcome.seconds / 1e6

    return measure


def idle(clients: int | None = None, *, room: int = IDLE_ROOM, tls: bool = False) -> Measure:
    """Return how to measure the memory of a server with many clients in rooms of so many.

    Without `clients` their number is that of the settings; their scale shrinks either.
    """

    def measure(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
        wanted = (settings.idle_clients if clients is None else clients) * settings.scale
        rooms = max(1, round(wanted / room))
        with kind.run(tls=tls) as server, crowd_for(server, settings, tls=tls) as crowd:
            before = server.rss_bytes()
            crowd.gather(rooms=rooms, size=room)
            time.sleep(SETTLING)
            total = server.rss_bytes()
            run.values["rss"] = (total - before) / (rooms * room) / 1024
            run.values["rss_total"] = total / 2**20
            # One message in each room: all of them are there, and can be spoken to. It is no load.
            spoken_to = Run()
            note(spoken_to, Load(crowd).pace(seconds=1, rate=rooms))
            run.faults.extend(spoken_to.faults)

    return measure


def _stalled(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    clear = Run()
    _room_with_stalled(kind, settings, clear, stalled=0)
    _room_with_stalled(kind, settings, run, stalled=STALLED)
    run.faults[:0] = clear.faults
    run.values["p99_clear"] = clear.values["p99"]
    run.values["p99_ratio"] = run.values["p99"] / clear.values["p99"]


def _room_with_stalled(
    kind: ServerUnderTest, settings: Settings, run: Run, *, stalled: int
) -> None:
    with kind.run() as server, crowd_for(server, settings) as crowd:
        crowd.gather(rooms=1, size=STALLED_ROOM - STALLED + stalled, deaf=stalled)
        if stalled:
            crowd.deafen(stalled)
        run.values["rss_before"] = server.rss_bytes() / 2**20
        highest = 0

        def look() -> None:
            nonlocal highest
            highest = max(highest, server.rss_bytes())

        load = Load(crowd, size=STALLED_TEXT, meter=server.cpu_seconds, between=look)
        seconds = STALLED_BYTES / STALLED_TEXT / settings.rate
        note(run, load.pace(seconds=seconds, rate=settings.rate))
        run.values["rss_highest"] = highest / 2**20
        run.values["rss_after"] = server.rss_bytes() / 2**20
        reasons = {
            nickname: reason
            for client in crowd.clients
            if client.audit is not None
            for nickname, reason in client.audit.departures.items()
        }
        run.values["closed"] = sum(b"sendq exceeded" in text.lower() for text in reasons.values())


def _endure(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    with kind.run() as server, crowd_for(server, settings) as crowd:
        crowd.gather(rooms=ENDURED_ROOMS, size=ENDURED_ROOM)
        load = Load(crowd, meter=server.cpu_seconds)
        said, resident = 0, []
        while said < settings.messages:
            outcome = load.saturate(seconds=1.0, window=settings.window * ENDURED_ROOM)
            run.faults.extend(outcome.faults)
            if outcome.faults:
                return
            said += outcome.owed // ENDURED_ROOM
            resident.append((said, server.rss_bytes() / 2**20))
        # By then all that is made once is made.
        settled = [rss for number, rss in resident if number >= said / 10]
        run.values["messages"] = said / 1e6
        run.values["rss_before"] = settled[0]
        run.values["rss_after"] = settled[-1]
        run.values["rss_highest"] = max(settled)
        run.values["rss_growth"] = settled[-1] / settled[0]


def _throughput(required: float, *, journal: float) -> tuple[Figure, ...]:
    return (
        Figure(
            key="per_cpu",
            label="M deliveries / server CPU s",
            digits=3,
            requirements=[
                Requirement(of=Of.RATIO, at_least=required),
                Requirement(of=Of.RATIO, at_least=journal, against="ours", subject="full"),
            ],
            more_is_better=True,
        ),
        # No delay: with a window that is always full it is the window divided by the rate.
        Figure(key="per_second", label="M deliveries / s", digits=3),
    )


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="paced",
            about="200 in one room, at a given rate",
            figures=(
                Figure(
                    key="cpu",
                    label="server CPU µs / delivery",
                    requirements=[Requirement(of=Of.RATIO, at_most=1.0)],
                ),
                Figure(key="p50", label="delay p50, ms"),
                Figure(key="p99", label="delay p99, ms"),
            ),
            measure=paced(200),
        ),
        Scenario(
            name="one-room",
            about="200 in one room, saturated",
            figures=_throughput(20, journal=0.7),
            measure=saturated(1, 200),
        ),
        Scenario(
            name="many-rooms",
            about="50 rooms of 20, saturated",
            figures=_throughput(5, journal=0.7),
            measure=saturated(50, 20),
        ),
        Scenario(
            name="pairs",
            about="500 rooms of 2, saturated",
            figures=_throughput(0.5, journal=0.55),
            measure=saturated(500, 2),
        ),
        Scenario(
            name="idle",
            about="joined and silent, rooms of 20",
            figures=(
                Figure(
                    key="rss",
                    label="RSS KB / client",
                    requirements=[Requirement(of=Of.VALUE, at_most=8)],
                ),
            ),
            measure=idle(),
        ),
        Scenario(
            name="stalled",
            about="20 of 100 in a room stop reading",
            figures=(
                Figure(key="p99_clear", label="delay p99 without them, ms"),
                Figure(key="p99", label="delay p99 with them, ms"),
                Figure(key="p99_ratio", label="p99 with / without"),
                Figure(
                    key="closed",
                    label="closed, SendQ exceeded",
                    digits=0,
                    requirements=[Requirement(of=Of.VALUE, at_least=STALLED, at_most=STALLED)],
                ),
                Figure(key="rss_before", label="RSS before, MiB", digits=1),
                Figure(key="rss_highest", label="RSS highest, MiB", digits=1),
                Figure(key="rss_after", label="RSS after, MiB", digits=1),
            ),
            measure=_stalled,
            by_default=False,
            subject_only=True,
        ),
        Scenario(
            name="endurance",
            about="a million messages in 50 rooms of 20",
            figures=(
                Figure(key="messages", label="million messages"),
                Figure(key="rss_before", label="RSS after a tenth, MiB", digits=1),
                Figure(key="rss_highest", label="RSS highest, MiB", digits=1),
                Figure(key="rss_after", label="RSS in the end, MiB", digits=1),
                Figure(
                    key="rss_growth",
                    label="in the end / after a tenth",
                    requirements=[
                        Requirement(of=Of.VALUE, at_most=1.1, subject=subject)
                        for subject in ("ours", "normal", "full")
                    ],
                ),
            ),
            measure=_endure,
            by_default=False,
            subject_only=True,
        ),
    )
}

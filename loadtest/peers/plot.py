"""The comparison at a glance: by how much this server is better or worse than each peer.

Owns the picture. matplotlib is an extra (`peers`), imported when a picture is drawn. Every figure
is turned so that right is better, whether it is a throughput or a cost, on a logarithmic scale:
twice as good and half as good are equally far from the middle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loadtest.peers.report import OURS, Comparison, Row

GROUPS: Mapping[str, Mapping[tuple[str, str], str]] = {
    "Server CPU": {
        ("one-room", "per_cpu"): "200 in a room, saturated",
        ("one-room-500", "cpu"): "200 in a room, 500 messages/s",
        ("many-rooms", "per_cpu"): "50 rooms of 20, saturated",
        ("pairs", "per_cpu"): "500 pairs, saturated",
        ("sparse-5k", "cpu"): "5,000 clients, 500 messages/s",
        ("sparse-15k", "cpu"): "15,000 clients, 1,500 messages/s",
        ("tls", "cpu"): "100 in a room over TLS",
        ("tls-idle", "handshake_cpu"): "a TLS handshake",
        ("join-storm", "registration_cpu"): "a registration",
        ("join-storm", "cpu"): "3,000 join a room at once",
        ("quit-storm", "cpu"): "1,500 of them hang up",
    },
    "Delay": {
        ("one-room-500", "p99"): "200 in a room, p99",
        ("sparse-5k", "p99"): "5,000 clients, p99",
        ("sparse-15k", "p99"): "15,000 clients, p99",
        ("join-storm", "ping"): "a bystander, 3,000 joining",
        ("quit-storm", "ping"): "a bystander, 1,500 leaving",
    },
    "Memory": {
        ("idle", "rss"): "an idle client",
        ("tls-idle", "rss"): "an idle client over TLS",
    },
}
"""By heading, the figures that are shown, and what they are called there."""
COLOURS = ("#0b6e99", "#e08e0b", "#6b4c9a", "#5a7d2a")
MARKERS = ("o", "D", "s", "^")
INK = "#333333"
FAINT = "#8a8a8a"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of ours beside a peer's."""

    peer: str
    better: float
    """How many times better ours is; less than 1 is worse."""
    lowest: float
    highest: float
    doubtful: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the picture: a heading, or a figure with its points."""

    text: str
    points: Sequence[Point] = ()
    heading: bool = False


def lines(result: Comparison) -> list[Line]:
    """Return what is to be drawn, from the top: the figures that there are, under headings."""
    rows = {(row.scenario, row.key): row for row in result.rows}
    found = []
    for heading, figures in GROUPS.items():
        there = [
            Line(text=text, points=points)
            for key, text in figures.items()
            if key in rows and (points := _points(rows[key]))
        ]
        if there:
            found += [Line(text=heading, heading=True), *there]
    return found


def _points(row: Row) -> list[Point]:
    def turned(value: float) -> float:
        return value if row.more_is_better else 1 / value

    points = []
    for peer, ratio in row.ratios.items():
        # A ratio of 0 or without an end is none that could be drawn.
        if not all(0 < value < math.inf for value in (ratio.median, ratio.lowest, ratio.highest)):
            continue
        ends = sorted((turned(ratio.lowest), turned(ratio.highest)))
        points.append(
            Point(
                peer=peer,
                better=turned(ratio.median),
                lowest=ends[0],
                highest=ends[1],
                doubtful=bool({peer, OURS} & set(row.doubtful)),
            )
        )
    return points


def available() -> bool:
    """Return whether there is something to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def draw(result: Comparison, path: Path) -> bool:
    """Draw the comparison as PNG; return False if there is nothing to compare."""
    found = lines(result)
    if not found:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    peers = [name for name in result.titles if name != OURS]
    height = 1.75 + 0.3 * len(found)
    figure = Figure(figsize=(9.6, height), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.28, 0.75 / height, 0.69, (height - 1.65) / height))
    limit = _limit(found)
    _scale(axes, limit, len(found))
    for place, line in enumerate(found):
        _draw_line(axes, line, place, peers)
    _legend(axes, [(name, result.titles[name]) for name in peers])
    others = " and ".join(result.titles[name] for name in peers)
    figure.text(
        *(0.02, 1 - 0.32 / height),
        f"{result.titles[OURS]} beside {others}: the same work, how many times better",
        fontsize=13,
        fontweight="bold",
        color=INK,
        va="center",
    )
    figure.text(0.02, 0.16 / height, _caption(result), fontsize=7, color=FAINT, va="bottom")
    figure.savefig(path)
    return True


def _limit(found: Sequence[Line]) -> float:
    """Return how far the scale goes to both sides: to the next power of two, and at least 4."""
    values = [abs(math.log2(point.better)) for line in found for point in line.points]
    return 2.0 ** max(2, math.ceil(max(values) + 0.4))


def _scale(axes: Any, limit: float, count: int) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xlim(1 / limit, limit)
    axes.set_ylim(count - 0.4, -0.6)
    axes.axvspan(1 / limit, 1, color="#b5482f", alpha=0.06, linewidth=0)
    axes.axvspan(1, limit, color="#2e8b57", alpha=0.07, linewidth=0)
    axes.axvline(1, color=INK, linewidth=1)
    power = round(math.log2(limit))
    step = 1 if power <= 5 else 2
    ticks = [2.0**n for n in range(-power, power + 1) if not n % step]
    axes.set_xticks(ticks, [_times(tick) for tick in ticks], fontsize=8, color=INK)
    axes.minorticks_off()
    axes.set_yticks([])
    axes.grid(axis="x", color="white", linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    top = axes.get_xaxis_transform()
    for at, text, side in (
        (1 / 1.08, "← the other is better", "right"),
        (1.08, "ours is better →", "left"),
    ):
        axes.text(at, 1.0, text, transform=top, ha=side, va="bottom", fontsize=8, color=FAINT)


def _draw_line(axes: Any, line: Line, place: int, peers: Sequence[str]) -> None:
    left = axes.get_yaxis_transform()
    if line.heading:
        axes.text(
            *(-0.39, place + 0.15, line.text),
            transform=left,
            fontsize=9.5,
            fontweight="bold",
            color=INK,
            va="center",
            clip_on=False,
        )
        return
    axes.text(
        -0.015, place, line.text, transform=left, ha="right", va="center", fontsize=8.5, color=INK
    )
    for point in line.points:
        number = peers.index(point.peer)
        colour = COLOURS[number % len(COLOURS)]
        # Side by side, so that equal ones do not hide each other.
        at = place + (number - (len(peers) - 1) / 2) * 0.36
        axes.plot([1, point.better], [at, at], color=colour, linewidth=2.2, alpha=0.55, zorder=2)
        if point.lowest < point.highest:
            axes.plot(
                [point.lowest, point.highest], [at, at], color=colour, linewidth=0.9, zorder=2
            )
        axes.plot(
            *([point.better], [at]),
            MARKERS[number % len(MARKERS)],
            color=colour,
            markerfacecolor="white" if point.doubtful else colour,
            markersize=5,
            zorder=3,
        )
        right = point.better >= 1
        axes.annotate(
            _times(point.better) + (" ?" if point.doubtful else ""),
            (max(point.highest, point.better) if right else min(point.lowest, point.better), at),
            xytext=(6 if right else -6, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=7,
            color=colour,
        )


def _legend(axes: Any, peers: Sequence[tuple[str, str]]) -> None:
    handles = [
        axes.plot(
            *([], [], MARKERS[number % len(MARKERS)]),
            color=COLOURS[number % len(COLOURS)],
            markersize=5,
            label=f"than {title}",
        )[0]
        for number, (_, title) in enumerate(peers)
    ]
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.03),
        ncols=len(peers),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        borderpad=0,
    )


def _times(value: float) -> str:
    """Write a factor with two digits that count; what is below 1 as a part of it."""
    return f"{_digits(value)}×" if value >= 1 else f"1/{_digits(1 / value)}×"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _caption(result: Comparison) -> str:
    machine = result.machine
    versions = " · ".join(version.split("-x86_64")[0] for version in result.versions.values())
    about = [
        f"medians of {result.rounds} rounds" if result.rounds > 1 else "one round",
        f"{machine['cpu']}, {machine['cores']} cores",
        machine["system"],
        f"Python {machine['python']}",
    ]
    if result.settings.scale != 1:
        about.insert(1, f"{result.settings.scale:g} of the thousands of clients")
    return f"{versions}\n{' · '.join(about)}"

"""What a run is to do: its options, and the named profiles that are sets of them.

Owns the options' names, defaults, limits and what they mean for rooms and roles. Knows neither
Locust nor sockets; every mistake of the user's is a `PlanError` with one readable sentence.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

MAX_SPAWN_RATE = 200.0
"""Connects a second: what a run never exceeds, so that the ramp is not the test."""
MAX_MESSAGE_BYTES = 350
"""Leaves room in IRC's line of 512 bytes for any server's prefix and our channel's name."""
MIN_CHURN_PERIOD = 1.0
"""Seconds between two leaves of one client: less, and it would be out more than in."""


ONE_PROCESS = "The swarm runs in one process: no --processes, --master or --worker."


class PlanError(ValueError):
    """The options ask for what can not be done. Its text is one sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of the command line and the web interface."""

    kind: type[int] | type[float] | type[str]
    help: str
    metavar: str
    choices: tuple[str, ...] | None = None


OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "room_size": Option(kind=int, metavar="N", help="clients in a room"),
        "rooms": Option(kind=int, metavar="N", help="rooms, instead of --room-size"),
        "senders": Option(
            kind=float, metavar="SHARE", help="share of the clients that speak, to 1"
        ),
        "rate": Option(kind=float, metavar="N", help="messages a second, of all senders together"),
        "message_bytes": Option(kind=int, metavar="N", help="bytes of a message's text"),
        "hold": Option(kind=float, metavar="SECONDS", help="how long the senders speak"),
        "churn": Option(
            kind=float, metavar="N", help="times a minute that a client leaves and joins"
        ),
        "tls_verify": Option(
            kind=str,
            metavar="on|off",
            choices=("on", "off"),
            help="whether the certificate of an ircs:// server is checked (off)",
        ),
        "max_lag": Option(
            kind=float,
            metavar="MS",
            help="the run is invalid when the generator itself lags more (p99, 20)",
        ),
        "max_cpu": Option(
            kind=float,
            metavar="PERCENT",
            help="the run is invalid when the generator uses more of a core (80)",
        ),
    }
)

_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {
        "users": 200,
        "spawn_rate": 100.0,
        "room_size": 20,
        "rooms": None,
        "senders": 1.0,
        "rate": 200.0,
        "message_bytes": 80,
        "hold": 15.0,
        "churn": 0.0,
        "tls_verify": "off",
        "max_lag": 20.0,
        "max_cpu": 80.0,
    }
)

PROFILES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "smoke": MappingProxyType({}),
        "steady": MappingProxyType(
            {"users": 500, "rate": 400.0, "senders": 0.5, "hold": 60.0, "churn": 60.0}
        ),
        "one-room": MappingProxyType(
            {"users": 200, "room_size": 200, "rate": 500.0, "senders": 0.5, "hold": 30.0}
        ),
        "many-rooms": MappingProxyType({"users": 1000, "rate": 1000.0, "hold": 30.0}),
        "pairs": MappingProxyType({"users": 1000, "room_size": 2, "rate": 2000.0, "hold": 30.0}),
    }
)
DEFAULT_PROFILE = "smoke"


class Role(enum.Enum):
    """What a client does once it is in its room."""

    SENDER = enum.auto()
    LISTENER = enum.auto()
    CHURNER = enum.auto()


@dataclass(frozen=True, kw_only=True)
class Target:
    """The server to load."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'ircs' if self.tls else 'irc'}://{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run's options, all resolved and checked. Times in seconds unless named otherwise."""

    users: int
    rooms: int
    spawn_rate: float
    senders: float
    rate: float
    message_bytes: int
    hold: float
    churn: float
    tls_verify: bool
    max_lag_ms: float
    max_cpu_percent: float

    def room_sizes(self) -> list[int]:
        """Return how many clients each room gets; they differ by one at most."""
        size, rest = divmod(self.users, self.rooms)
        return [size + (number < rest) for number in range(self.rooms)]

    def roles(self, size: int, *, hears_itself: bool) -> list[Role]:
        """Give the members of a room their roles; the first is its founder and never leaves.

        Where a sender does not hear itself nobody can tell where its own message stands among
        the others', so the founder, whose view must be whole, only listens. Raises `PlanError`
        when the room is too small for that.
        """
        listening = 0 if hears_itself else 1
        churning = 1 if self.churn else 0
        most = size - listening - churning
        if most < 1:
            needed = listening + churning + 1
            why = " on a server without echo-message" if listening else ""
            and_churn = " with --churn" if churning else ""
            raise PlanError(f"A room needs {needed} members or more{and_churn}{why}, not {size}.")
        senders = min(most, max(1, round(self.senders * size)))
        roles = [Role.LISTENER] * listening + [Role.SENDER] * senders
        roles += [Role.LISTENER] * (size - len(roles) - churning)
        return roles + [Role.CHURNER] * churning


def resolve(given: Mapping[str, object], profile: str | None = None) -> Plan:
    """Make a plan of what the user gave, over the profile's options, over the defaults.

    Options that are absent, None or empty (as the web interface sends them) are not given.
    Raises `PlanError`.
    """
    name = profile or DEFAULT_PROFILE
    if name not in PROFILES:
        raise PlanError(f"There is no profile {name!r}: choose among {', '.join(PROFILES)}.")
    for key, value in given.items():
        choices = OPTIONS[key].choices if key in OPTIONS else None
        if choices and value not in (None, "", *choices):
            raise PlanError(f"{_flag(key)} must be {' or '.join(choices)}, not {value!r}.")
    own = {key: value for key, value in given.items() if value not in (None, "")}
    values: dict[str, object] = {**_DEFAULTS, **PROFILES[name], **own}
    users = _count(values, "users")
    if "rooms" in own:
        rooms = _count(values, "rooms")
        if "room_size" in own:
            users = rooms * _count(values, "room_size")
            if "users" in own and users != _count(values, "users"):
                raise PlanError("Give two of --users, --rooms and --room-size: the third follows.")
    else:
        rooms = max(1, round(users / _count(values, "room_size")))
    if rooms > users:
        raise PlanError(f"{rooms} rooms need as many clients or more, not {users}.")
    plan = Plan(
        users=users,
        rooms=rooms,
        spawn_rate=_number(values, "spawn_rate", most=MAX_SPAWN_RATE),
        senders=_number(values, "senders", most=1),
        rate=_number(values, "rate"),
        message_bytes=_count(values, "message_bytes", most=MAX_MESSAGE_BYTES),
        hold=_number(values, "hold"),
        churn=_number(values, "churn", zero=True),
        tls_verify=values["tls_verify"] == "on",
        max_lag_ms=_number(values, "max_lag"),
        max_cpu_percent=_number(values, "max_cpu"),
    )
    if plan.churn > 60 / MIN_CHURN_PERIOD * rooms:
        most = 60 / MIN_CHURN_PERIOD * rooms
        raise PlanError(f"--churn can be {most:g} at most: one client in each room, once a second.")
    plan.roles(min(plan.room_sizes()), hears_itself=True)
    return plan


def target(host: str | None) -> Target:
    """Read `irc://HOST:PORT` or `ircs://HOST:PORT`. Raises `PlanError`."""
    if not host:
        raise PlanError("Say which server to load: --host irc://HOST:PORT.")
    wanted = "irc://HOST:PORT or ircs://HOST:PORT"
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError:
        raise PlanError(f"--host must be {wanted}, not {host!r}.") from None
    if parts.scheme not in ("irc", "ircs") or not parts.hostname or port == 0:
        raise PlanError(f"--host must be {wanted}, not {host!r}.")
    tls = parts.scheme == "ircs"
    return Target(host=parts.hostname, port=port or (6697 if tls else 6667), tls=tls)


def counted(number: int, noun: str) -> str:
    """Say how many there are of something."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rooms_in_words(clients: int, rooms: int) -> str:
    """Say how many rooms there are, and of what size: "3 rooms of 16 or 17"."""
    size, rest = divmod(clients, rooms)
    return f"{counted(rooms, 'room')} of {size:,}" + (f" or {size + 1:,}" if rest else "")


def _count(values: Mapping[str, object], key: str, *, most: float = math.inf) -> int:
    _number(values, key, most=most)
    try:
        # As strict as Locust, which reads the command line once more.
        return int(str(values[key]))
    except ValueError:
        raise PlanError(f"{_flag(key)} must be a whole number, not {values[key]!r}.") from None


def _number(
    values: Mapping[str, object], key: str, *, zero: bool = False, most: float = math.inf
) -> float:
    value = values[key]
    try:
        number = float(str(value))
    except ValueError:
        raise PlanError(f"{_flag(key)} must be a number, not {value!r}.") from None
    enough = number >= 0 if zero else number > 0
    if not (enough and number <= most and math.isfinite(number)):
        lower = "0 or more" if zero else "more than 0"
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise PlanError(f"{_flag(key)} must be {lower}{upper}, not {value}.")
    return number


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")

"""What Locust sees of the swarm: options, users, shape and exit code.

    locust -f loadtest/locustfile.py --host irc://HOST:PORT

Owns the one current run, and turns its verdict into the exit code: 0 proven; 1 lost, duplicated,
reordered, or any other failure; 2 options that make no sense; 3 invalid, because the generator was
the bottleneck. One process: all clients of a room must be where they can be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import pathlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

# Locust puts the working directory on the path, which may be another one.
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent))

import gevent
from gevent.event import Event as Signal
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.runners import LocalRunner

from loadtest.plan import (
    DEFAULT_PROFILE,
    ONE_PROCESS,
    OPTIONS,
    PROFILES,
    Plan,
    PlanError,
    resolve,
    target,
)
from loadtest.swarm import Swarm
from loadtest.table import Table
from loadtest.verdict import Outcome, Verdict

log = logging.getLogger("loadtest")


def given(options: Mapping[str, object]) -> dict[str, object]:
    """Pick the swarm's options out of Locust's."""
    values = {key: options.get(key) for key in OPTIONS}
    return {
        **values,
        "users": options.get("num_users"),
        "spawn_rate": options.get("spawn_rate"),
    }


class Session:
    """The runs of one Locust process: one when headless, one after the other in the browser."""

    environment: ClassVar[Environment | None] = None
    swarm: ClassVar[Swarm | None] = None
    end: ClassVar[gevent.Greenlet | None] = None
    """Ends the run when its time is over, if it has one."""
    misuse: ClassVar[str | None] = None
    """Why no run could be planned, in one sentence."""

    @classmethod
    def plan(cls) -> Plan:
        """Read the options. Raises `PlanError`."""
        environment = cls.environment
        if environment is None or not isinstance(environment.runner, LocalRunner):
            raise PlanError(ONE_PROCESS)
        options = vars(environment.parsed_options) if environment.parsed_options else {}
        target(environment.host)
        return resolve(given(options), options.get("profile"))

    @classmethod
    def begin(cls) -> None:
        """Start a run."""
        environment = cls.environment
        assert environment is not None
        cls.swarm = Swarm(cls.plan(), target(environment.host), Table(environment))
        cls.swarm.start()
        options = environment.parsed_options
        if options is not None and options.run_time:
            cls.end = gevent.spawn_later(options.run_time, cls._end, environment, cls.swarm)

    @staticmethod
    def _end(environment: Environment, swarm: Swarm) -> None:
        """End a run whose time is over: Locust leaves that to whoever has a shape."""
        options, runner = environment.parsed_options, environment.runner
        assert options is not None
        assert runner is not None
        swarm.close(f"--run-time ended it after {options.run_time} s")
        if options.headless:
            runner.quit()
        else:
            runner.stop()

    @classmethod
    def verdict(cls) -> Verdict | None:
        """How the latest run ended; None when there was none or it has not ended."""
        if cls.misuse is not None:
            return Verdict(outcome=Outcome.MISUSED, lines=[cls.misuse])
        return cls.swarm.verdict if cls.swarm is not None else None


class SwarmUser(User):
    """One client."""

    @task
    def live(self) -> None:
        """Be a client for the whole run, then wait for Locust to stop."""
        if Session.swarm is not None:
            Session.swarm.live()
        Signal().wait()


class SwarmShape(LoadTestShape):
    """Starts all clients, keeps them until the verdict, then ends the test."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Tell Locust how many users there are to be; None ends the test."""
        if Session.verdict() is not None and Session.swarm is not None:
            return None
        try:
            plan = Session.plan()
        except PlanError as error:
            Session.misuse = str(error)
            log.error("%s", error)
            return None
        return plan.users, plan.spawn_rate

    def reset_time(self) -> None:
        """Forget the run before: Locust calls this when it starts another one."""
        reset: Callable[[], None] = super().reset_time
        reset()
        Session.misuse = None
        Session.swarm = None


def _add_options(parser: Any) -> None:
    parse_args = parser.parse_args

    def parse_args_of_one_process(*args: Any, **kwargs: Any) -> argparse.Namespace:
        options: argparse.Namespace = parse_args(*args, **kwargs)
        if options.master or options.worker or options.processes:
            # Later a master waits for workers that never come, and a worker for a master.
            print(ONE_PROCESS, file=sys.stderr)
            sys.exit(int(Outcome.MISUSED))
        return options

    parser.parse_args = parse_args_of_one_process
    for key, option in OPTIONS.items():
        parser.add_argument(
            "--" + key.replace("_", "-"),
            type=option.kind,
            metavar=option.metavar,
            choices=option.choices,
            default=None,
            help=f"Swarm: {option.help}",
        )
    # Newer versions of Locust have a --profile, to name a run: here it names the set of options.
    with contextlib.suppress(argparse.ArgumentError):
        names = ", ".join(PROFILES)
        parser.add_argument(
            "--profile", help=f"Swarm: a named set of options: {names} ({DEFAULT_PROFILE})"
        )


def _on_init(environment: Environment, **_: object) -> None:
    Session.environment = environment
    options = environment.parsed_options
    if options is not None:
        # Locust would make it one user where none are given, and not tell that from one asked for.
        with contextlib.suppress(PlanError):
            plan = resolve(given(vars(options)), options.profile)
            options.num_users = plan.users
            options.spawn_rate = plan.spawn_rate


def _on_start(**_: object) -> None:
    Session.begin()


def _on_stop(environment: Environment, **_: object) -> None:
    if Session.end is not None:
        Session.end.kill(block=False)
        Session.end = None
    if Session.swarm is not None:
        Session.swarm.close()
        # In the browser nobody sees what is printed when Locust ends.
        if environment.web_ui is not None and Session.swarm.verdict is not None:
            for line in Session.swarm.verdict.lines:
                log.info("%s", line)


def _on_quitting(environment: Environment, **_: object) -> None:
    if Session.swarm is not None:
        Session.swarm.close()
    verdict = Session.verdict()
    if verdict is not None:
        environment.process_exit_code = int(verdict.outcome)


def _on_quit(**_: object) -> None:
    verdict = Session.verdict()
    if verdict is not None:
        options = Session.environment.parsed_options if Session.environment else None
        # What is asked for as JSON is read by a program, which wants nothing else there.
        out = sys.stderr if options is not None and options.json else sys.stdout
        print(*verdict.lines, sep="\n", file=out, flush=True)


_LISTENERS: tuple[tuple[Any, Callable[..., None]], ...] = (
    (events.init_command_line_parser, _add_options),
    (events.init, _on_init),
    (events.test_start, _on_start),
    (events.test_stop, _on_stop),
    (events.quitting, _on_quitting),
    (events.quit, _on_quit),
)
for _hook, _listener in _LISTENERS:
    _hook.add_listener(_listener)

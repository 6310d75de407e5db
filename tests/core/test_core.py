"""The core as a whole: our own mistakes, the end, determinism, and what it may import."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

import trio_chat
from tests.core.world import SERVER, START, World, codes
from trio_chat.core import commands
from trio_chat.core.commands import Command
from trio_chat.core.context import Context
from trio_chat.core.handlers import registration
from trio_chat.core.inputs import Connected, Disconnected, Elapsed, Received, ShutDown
from trio_chat.core.state import User
from trio_chat.wire.irc import Message


def test_a_mistake_of_ours_costs_one_user_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(ctx: Context, user: User, message: Message) -> None:
        raise RuntimeError("a bug")

    row = Command(
        name="CRASH",
        handler=crash,
        params=0,
        early=True,
        operator=False,
        personal=False,
        usage="",
        help="",
    )
    monkeypatch.setitem(commands.TABLE, "CRASH", row)
    world = World()
    world.irc("al", rooms="#a", caps="labeled-response batch")
    world.irc("bo", rooms="#a")
    effects = world.core.step(
        [world.lines("al", "@label=1 CRASH"), world.lines("bo", "PING still")], START
    )
    assert [str(error) for error in effects.failures] == ["a bug"]
    found = world.read(effects)
    assert found["al"] == ["ERROR :Closing link (Internal error)"]
    assert codes(found["bo"]) == ["QUIT", "PONG"]
    assert world.closed == {"al"}


def test_shutdown_sends_everybody_off() -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")
    world.step(world.add("new", plain=True))
    found = world.step(ShutDown(reason="Server shutting down"))
    assert found["al"] == found["bo"] == ["ERROR :Closing link (Server shutting down)"]
    assert found["new"] == ["Goodbye (Server shutting down)"]
    assert world.closed == {"al", "bo", "new"}
    assert world.core.state.users == {}
    assert list(world.core.state.channels) == ["#lobby"]


def test_the_same_inputs_have_the_same_effects() -> None:
    def run() -> list[bytes]:
        core = World().core
        inputs = [
            item
            for id in range(1, 20)
            for item in (
                Connected(user=id, plain=id % 3 == 0, host="h", since=START),
                Received(user=id, lines=[b"NICK u%d" % id, b"USER a 0 * :x", b"JOIN #a", b"hi"]),
                Received(user=id, lines=[b"u%d" % id, b"PRIVMSG #a :x", b"WHO #a", b"LUSERS"]),
            )
        ]
        effects = core.step(inputs, START)
        return [chunk.data(id) for id, chunks in effects.outputs for chunk in chunks]

    assert run() == run()


PURE = {"core", "wire", "addresses.py"}
FORBIDDEN = {"trio", "socket", "sqlite3", "time", "random", "logging", "os", "secrets", "ssl"}
BELOW = {
    "wire": {"wire"},
    "core": {"core", "wire"},
    "journal": {"journal", "core", "wire"},
    "addresses.py": set(),
    "config": {"config", "core", "wire", "addresses"},
    "server": {"server", "journal", "core", "wire", "config", "addresses", "__version__"},
    "client": {"client", "wire", "addresses", "__version__"},
}


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(Path(trio_chat.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FILES[0].parent)))
def test_imports_point_down_only(path: Path) -> None:
    floor = path.relative_to(Path(trio_chat.__file__).parent).parts[0]
    for name in imports_of(path):
        top, *rest = name.split(".")
        if floor in PURE:
            assert top not in FORBIDDEN, f"{path} imports {name}"
        if top == "trio_chat" and floor in BELOW and rest:
            assert rest[0] in BELOW[floor], f"{path} imports {name}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not within a function or for an annotation, either."""
    root = FILES[0].parent.parent
    dotted = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    below = {
        name: {
            # What is imported is a module, or in one.
            one if one in dotted else one.rpartition(".")[0]
            for one in imports_of(path)
        }
        & dotted.keys()
        for name, path in dotted.items()
    }
    # Raises `CycleError`, which names them.
    graphlib.TopologicalSorter(below).prepare()


def test_no_module_has_outgrown_a_reader() -> None:
    assert {path.name: n for path in FILES if (n := len(path.read_text().splitlines())) > 500} == {}


def test_version_is_what_the_server_says() -> None:
    world = World()
    world.irc("al")
    assert world.ask("al", "VERSION")[0].startswith(f":{SERVER} 351 al trio_chat-1.2.3 ")


def test_a_mistake_while_somebody_leaves_does_not_end_the_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.irc("al", rooms="#a")
    world.irc("bo", rooms="#a")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(world.core.context.output, "show", broken)
        effects = world.core.step([Disconnected(user=world.ids["al"], reason="x")], START)
    assert [str(error) for error in effects.failures] == ["a bug"]
    assert world.core.state.user_named("al") is None
    assert codes(world.ask("bo", "WHO #a")) == ["352", "315"]


def test_a_mistake_with_a_deadline_costs_that_user_only(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.irc("al")
    world.irc("bo")
    look_after = registration.look_after

    def broken(ctx: Context, user: User) -> float | None:
        if user.nickname == "al":
            raise RuntimeError("a bug")
        return look_after(ctx, user)

    monkeypatch.setattr(registration, "look_after", broken)
    world.now += 90
    effects = world.core.step([Elapsed()], world.now)
    assert len(effects.failures) == 1
    found = world.read(effects)
    assert found["al"] == ["ERROR :Closing link (Internal error)"]
    assert codes(found["bo"]) == ["PING"]
    assert world.core.next_deadline == world.now + 60

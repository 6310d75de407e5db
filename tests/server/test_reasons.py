"""The kinds of reasons: every text that there is has one, and there are few."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import trio_chat
from trio_chat.core.handlers import gateways, registration
from trio_chat.core.handlers.problems import Problem
from trio_chat.journal import JournalError
from trio_chat.server import reasons
from trio_chat.server.admission import Admission, AdmissionPolicy
from trio_chat.server.errands import _trouble
from trio_chat.server.mail import MailError
from trio_chat.server.meters import CUT_OFF, REFUSED
from trio_chat.server.passwords import PasswordError
from trio_chat.server.reasons import OTHER, kind

ROOT = Path(trio_chat.__file__).parent
EXPECTED = ("Quit: ",)
"""How reasons begin with which people leave by themselves."""


@pytest.mark.parametrize(
    ("event", "reason", "found"),
    [
        (CUT_OFF, "Ping timeout: 150 seconds", "ping timeout"),
        (CUT_OFF, "Killed by root: Ping timeout", "killed"),
        (CUT_OFF, "GHOST by al", "ghost"),
        (CUT_OFF, "You are banned (SendQ exceeded)", "banned"),
        (CUT_OFF, "whatever", OTHER),
        (CUT_OFF, "", OTHER),
        (REFUSED, "Too many connections", "too many connections"),
        (REFUSED, "Too many connections from your address", "too many of an address"),
        (REFUSED, "TLS handshake deadline", "TLS handshake"),
        (REFUSED, "TLS", "TLS not spoken here"),
        (REFUSED, "No route to host", OTHER),
        ("wrong password", "Wrong password", ""),
    ],
)
def test_kinds(event: str, reason: str, found: str) -> None:
    assert kind(event, reason) == found


def test_there_are_few() -> None:
    for event in (CUT_OFF, REFUSED):
        assert len(set(reasons.of(event))) < 20
        assert OTHER in reasons.of(event)


# --- None is missing


@functools.cache
def nodes() -> list[ast.AST]:
    """Return everything that stands in the code which knows reasons."""
    files = (path for floor in ("core", "server") for path in ROOT.glob(f"{floor}/**/*.py"))
    return [node for path in files for node in ast.walk(ast.parse(path.read_text()))]


def begins(node: ast.expr) -> str:
    """Return how a text begins that stands in the code; empty where it does not."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return begins(node.values[0])
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def calls(names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of functions or methods with these names, and of which."""
    for node in nodes():
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            if name in names:
                yield name, node


def test_whoever_is_cut_off_is_so_for_a_reason_that_is_counted() -> None:
    found = {
        text
        for name, call in calls({"close", "log_all_out", "_give_up", "_abandon"})
        for argument in call.args
        if (text := begins(argument)) and " " in text
    }
    found = {text for text in found if not text.startswith(EXPECTED)}
    assert len(found) >= 10
    others = {text for text in found if kind(CUT_OFF, text) == OTHER}
    assert others == set()


def test_so_it_is_where_the_reason_has_a_name() -> None:
    for text in (
        registration.ACCOUNT_REQUIRED,
        gateways._REFUSED,
        Problem.TOO_MANY_ATTEMPTS.value,
        Problem.NOT_CHECKED.value,
        *(begins(node) for node in whys()),
    ):
        assert kind(CUT_OFF, text) != OTHER, text


def whys() -> Iterator[ast.expr]:
    """Yield what those are told who are logged out, and may not stay without an account."""
    found = 0
    for node in nodes():
        match node:
            case ast.keyword(arg="why", value=ast.JoinedStr() as text):
                pass
            case ast.Assign(targets=[ast.Name(id="why")], value=ast.JoinedStr() as text):
                pass
            case _:
                continue
        found += 1
        yield text
    assert found >= 3


def test_whoever_is_not_let_in_is_not_for_a_reason_that_is_counted() -> None:
    found = {
        text
        for _, call in calls({"RefusedError", "_refuse"})
        if call.args and (text := begins(call.args[0]))
    }
    assert {"HTTP", "TLS", "silence"} <= found
    assert {text for text in found if kind(REFUSED, text) == OTHER} == set()


def test_nor_by_who_counts_them() -> None:
    plenty = AdmissionPolicy(total=9, per_address=9, new_per_minute=9, exempt=())
    told = set()
    for limit in ("total", "per_address", "new_per_minute"):
        policy = msgspec.structs.replace(plenty, **{limit: 1})
        admission = Admission(policy, lambda: 0.0)
        assert admission.admit("10.0.0.1") == ""
        if limit == "new_per_minute":
            admission.release("10.0.0.1")
        told.add(kind(REFUSED, admission.admit("10.0.0.1")))
    assert told == {
        "too many connections",
        "too many of an address",
        "too many new of an address",
    }


def test_every_trouble_is_known() -> None:
    found = {begins(call.args[0]) for _, call in calls({"count_trouble"})} - {""}
    assert len(found) >= 3
    for error in (MailError("x"), PasswordError("x"), JournalError("x")):
        found.add(_trouble(error))
    assert found == set(reasons.TROUBLES)

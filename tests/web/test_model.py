"""The parts of the page that know no page, tested in node: `*.test.mjs` beside this file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STATIC = HERE.parent.parent / "trio_chat" / "server" / "web" / "static"
NODE = shutil.which("node")
PURE = {"irc", "formatting", "requests", "registration", "conversation", "model", "commands"}
"""Modules that know no page, no network and no clock."""
LINES = 2500
"""Lines of JavaScript in all: the page is to be read, as everything else is."""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_model() -> None:
    assert NODE is not None
    tests = sorted(map(str, HERE.glob("*.test.mjs")))
    done = subprocess.run(
        [NODE, "--test", *tests],
        capture_output=True,
        text=True,
        timeout=300,
        # Colours are for people.
        env=os.environ | {"NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_is_short() -> None:
    # The dashboard is another page.
    files = [one for one in STATIC.glob("*.js") if not one.name.startswith("dashboard")]
    assert sum(len(file.read_text().splitlines()) for file in files) <= LINES


def test_the_model_knows_no_page_no_network_and_no_clock() -> None:
    outside = re.compile(
        r"\b(document|window|localStorage|location|navigator|WebSocket|fetch|setTimeout|setInterval|"
        r"Notification|performance)\b"
    )
    for name in PURE:
        code = re.sub(r"(?m)^\s*(//|/\*\*|\*).*$", "", (STATIC / f"{name}.js").read_text())
        imported = set(re.findall(r'from "\./(\w+)\.js"', code))
        assert imported <= PURE, name
        assert outside.search(code) is None, name


def test_what_others_write_is_never_markup() -> None:
    """All of it goes in as text: nothing in the page makes elements, or code, of a text."""
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    )
    for file in STATIC.glob("*.js"):
        text = file.read_text()
        assert not [word for word in forbidden if word in text], file.name

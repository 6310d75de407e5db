"""The page in a browser: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.served import PATIENCE

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(os.environ.get("AXE", "node_modules/axe-core/axe.min.js"))
"""The accessibility check: `npm install axe-core` in the current directory puts it there."""
SAID = "#items .message:not(.pending) .text"
WIDE = {"width": 1200, "height": 760}
PHONE = {"width": 390, "height": 780}


class Visitor:
    """Somebody who has the page open, in a browser profile of their own."""

    def __init__(self, browser: Any, port: int, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": WIDE} | options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        """What the page has done wrong, or wanted to do and may not."""
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.url = f"http://127.0.0.1:{port}/"

    def _heard(self, message: Any) -> None:
        # That there is no server for a while is what some tests are about.
        if message.type == "error" and "ERR_CONNECTION" not in message.text:
            self.faults.append(message.text)

    def enter(self, nick: str) -> Visitor:
        """Come in, until everything is there that was said before."""
        self.page.goto(self.url)
        self.page.fill("#nick", nick)
        self.page.press("#nick", "Enter")
        self.page.wait_for_selector("#items .event")
        return self

    def say(self, text: str) -> None:
        self.page.fill("#input", text)
        self.page.press("#input", "Enter")

    def hurry(self) -> None:
        """Have the page try at once to connect, if it has not done so by itself by now."""
        self.page.evaluate(
            "() => [...document.querySelectorAll('button')]"
            ".find((one) => one.textContent === 'Try now')?.click()"
        )

    def read(self) -> list[str]:
        """Return what was said, as it is shown."""
        found = self.page.eval_on_selector_all(SAID, "all => all.map(one => one.textContent)")
        return list(found)

    def until_said(self, text: str) -> None:
        """Wait until a message is shown."""
        exactly = re.compile(f"^{re.escape(text)}$")
        self.page.locator(SAID).filter(has_text=exactly).first.wait_for()

    def until(self, expression: str) -> None:
        """Wait until something is true of the page."""
        self.page.wait_for_function(expression)

    def complaints(self) -> list[str]:
        """Return what the accessibility check finds."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {json.dumps([node['html'][:120] for node in one['nodes']])}"
            for one in found["violations"]
        ]


@contextmanager
def visiting(browser: Any, port: int, nick: str = "", **options: Any) -> Iterator[Visitor]:
    """Open the page, and come in where there is a nickname. In the end the page was faultless."""
    visitor = Visitor(browser, port, **options)
    try:
        if nick:
            visitor.enter(nick)
        else:
            visitor.page.goto(visitor.url)
        yield visitor
        assert visitor.faults == []
    finally:
        visitor.context.close()


needs_axe = pytest.mark.skipif(not AXE.exists(), reason=f"there is no {AXE}")

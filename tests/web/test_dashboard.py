"""The dashboard in a real browser, against a real server: numbers that move, and an operator."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import argon2
import pytest

from tests.real_clients import needs
from tests.served import Client, Served, served
from tests.web.browser import ARGUMENTS, CHROMIUM, PHONE, Visitor, needs_axe, visiting

pytestmark = [pytest.mark.story, needs("chromium")]

HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("sesame")
CONFIG = f"""
[server]
name = "irc.test"
network = "Example"

[[listeners]]
address = "127.0.0.1:0"

[[operators]]
name = "root"
password = "{HASH}"

[limits]
sendq = 40000000

[flood]
exempt = ["127.0.0.0/8"]

[connections]
ping_after = 3600
ping_timeout = 7200
"""
ELSEWHERE = '[web]\nadmin = ["192.0.2.0/24"]\n'
"""Nobody is there where administrators are."""
PICTURES = os.environ.get("PICTURES")
"""Where pictures go: `docs`, to have those of the documentation taken anew."""
TEXT = "x" * 300
_THREE_RATES = """() => [...document.querySelectorAll('figure .value')].filter(
    (one) => one.textContent.endsWith('/s') && parseFloat(one.textContent) > 1).length >= 3"""
WIDE = {"width": 1400, "height": 1180}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def serving(tmp_path: Path, more: str = "") -> Iterator[Served]:
    path = tmp_path / "chat.toml"
    path.write_text(CONFIG + more)
    with served(tmp_path, "--config", str(path), listen=False) as server:
        yield server


@contextmanager
def looking(browser: Any, server: Served, **options: Any) -> Iterator[Visitor]:
    """Open the dashboard. In the end it was faultless."""
    visitor = Visitor(browser, server.port, **options)
    try:
        visitor.page.goto(f"{visitor.url}dashboard")
        yield visitor
        # That it is forbidden here is what some tests are about.
        assert [fault for fault in visitor.faults if "403" not in fault] == []
    finally:
        visitor.context.close()


class Traffic:
    """People who talk, and one who does not read what they say."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.clients: list[Client] = []
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def join(self, name: str, *rooms: str) -> Client:
        client = self.server.irc(name)
        for room in rooms:
            client.send(f"JOIN {room}")
            client.until(" 366 ")
        self.clients.append(client)
        return client

    def person(self, name: str) -> None:
        client = self.server.connect()
        client.send(name)
        client.until("#lobby")

    def begin(self) -> None:
        """Have people come, and talk until it is over."""
        self.person("norman")
        self.person("nora")
        for name in ("ada", "bea", "cem"):
            self.join(name, "#build", "#tea")
        slow = self.join("slowpoke", "#build")
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for client in self.clients[:3]:
            self._threads.append(threading.Thread(target=self._talk, args=(client,)))
        for client in self.clients[:3]:
            self._threads.append(threading.Thread(target=self._read, args=(client,)))
        for thread in self._threads:
            thread.start()

    def _talk(self, client: Client) -> None:
        # More than the system keeps for who does not read.
        client.send(*[f"PRIVMSG #build :{TEXT}"] * 4000)
        turn = 0
        while not self._over.wait(0.05):
            turn += 1
            room = ("#build", "#lobby", "#build", "#tea")[turn % 4]
            client.send(*[f"PRIVMSG {room} :{TEXT}"] * (1 + turn // 20 % 4))

    def _read(self, client: Client) -> None:
        client.sock.settimeout(1)
        while not self._over.is_set():
            try:
                client.sock.recv(1 << 16)
            except TimeoutError:
                continue

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def traffic(server: Served) -> Iterator[Traffic]:
    traffic = Traffic(server)
    traffic.begin()
    yield traffic
    traffic.end()


def log_in(visitor: Visitor, password: str = "sesame") -> None:
    visitor.page.fill("#oper-name", "root")
    visitor.page.fill("#oper-password", password)
    visitor.page.press("#oper-password", "Enter")


def tile(visitor: Visitor, title: str) -> str:
    """Return the text of a tile."""
    found = visitor.page.locator("#tiles > div").filter(has_text=title).locator(".figure")
    return str(found.text_content())


def test_numbers_move_and_name_who_is_slow_and_which_rooms_are_busy(
    browser: Any, server: Served, traffic: Traffic
) -> None:
    with looking(browser, server, viewport=WIDE) as admin:
        admin.page.wait_for_selector("#state.good")
        first = tile(admin, "Deliveries")
        admin.until(
            "() => document.querySelector('.plot path.line').getAttribute('d').includes('L')"
        )
        admin.until(_THREE_RATES)
        assert tile(admin, "Deliveries") != first
        assert tile(admin, "Users") == "6"
        busiest = admin.page.locator("#busiest tr").first.text_content()
        assert busiest.startswith(("#build", "#tea", "#lobby"))
        # Each picture says in words what it shows, and has a table.
        words = admin.page.locator("figure svg[role=img]").first.get_attribute("aria-label")
        assert words.startswith("Connections. IRC: now 4, from ")
        summary = admin.page.locator("figure summary").nth(2)
        summary.focus()
        summary.press("Enter")
        assert admin.page.locator("figure details[open] tbody tr").count() >= 1
        assert "/s" in admin.page.locator("figure details[open] tbody td").first.text_content()
        # Nothing of what is said is anywhere.
        assert "xxx" not in admin.page.content()


def test_an_operator_tells_everybody_and_closes_a_connection(
    browser: Any, server: Served, tmp_path: Path
) -> None:
    al = server.irc("al")
    with looking(browser, server) as admin:
        admin.page.click("#open-notice")
        log_in(admin, "wrong")
        admin.page.wait_for_selector("#login .error:not(:empty)")
        log_in(admin)
        # The keyboard is where one was going.
        admin.until("() => document.activeElement.id === 'notice-text'")
        admin.page.fill("#notice-text", "down at noon\nfor an hour")
        admin.page.click("#notice .primary")
        assert "NOTICE $irc.test :down at noon" in al.until("NOTICE")
        assert "for an hour" in al.until("NOTICE")
        admin.page.get_by_text("Everybody was told.").wait_for()
        # Now we are known, and nothing is asked again.
        admin.page.click("#open-kill")
        admin.page.fill("#kill-nick", "nobody")
        admin.page.fill("#kill-reason", "enough of it")
        admin.page.press("#kill-reason", "Enter")
        admin.page.wait_for_selector("#kill .error:not(:empty)")
        admin.page.fill("#kill-nick", "al")
        admin.page.press("#kill-reason", "Enter")
        assert "enough of it" in al.until("ERROR")
        admin.page.get_by_text("The connection of al is closed.").wait_for()
        # Who was cut off is shown, and not in what words.
        row = admin.page.locator("#cut-offs tr").filter(has_text="al")
        row.wait_for()
        assert row.locator("td").last.text_content() == "killed"
        assert "enough" not in row.text_content()


def test_who_is_nowhere_special_is_shown_nothing_until_they_are_an_operator(
    browser: Any, tmp_path: Path
) -> None:
    with serving(tmp_path, ELSEWHERE) as server, looking(browser, server) as admin:
        admin.page.wait_for_selector("#refused:not([hidden])")
        assert not admin.page.is_visible("#figures")
        admin.page.click("#open-login")
        log_in(admin)
        admin.page.wait_for_selector("#figures:not([hidden])")
        admin.until(
            "() => document.querySelector('.plot path.line').getAttribute('d').includes('L')"
        )
        assert tile(admin, "Users") == "1"
        admin.page.click("#log-out")
        admin.page.wait_for_selector("#refused:not([hidden])")
        assert not admin.page.is_visible("#figures")


def test_a_server_that_is_gone_is_said_to_be(browser: Any, server: Served) -> None:
    with looking(browser, server) as admin:
        admin.page.wait_for_selector("#state.good")
        server.process.kill()
        admin.page.wait_for_selector("#state.bad")
        assert admin.page.is_visible("#figures")


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_anybodys_way(
    browser: Any, server: Served, traffic: Traffic, tmp_path: Path, scheme: str
) -> None:
    with looking(browser, server, color_scheme=scheme) as admin:
        admin.page.wait_for_selector("#slowest tr")
        admin.page.locator("figure summary").first.click()
        assert admin.complaints() == []
        admin.page.click("#slowest button")
        assert admin.complaints() == []
    other = tmp_path / "other"
    other.mkdir()
    with serving(other, ELSEWHERE) as elsewhere, looking(browser, elsewhere) as admin:
        admin.page.wait_for_selector("#refused:not([hidden])")
        assert admin.complaints() == []


def test_on_a_phone_nothing_is_wider_than_it(browser: Any, server: Served) -> None:
    with looking(browser, server, viewport=PHONE) as admin:
        admin.page.wait_for_selector("#state.good")
        wide = admin.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]


def test_names_are_no_markup(browser: Any, server: Served) -> None:
    al = server.irc("al")
    al.send("JOIN #<img/src=x/onerror=alert(1)>")
    al.until(" 366 ")
    al.send("PRIVMSG #<img/src=x/onerror=alert(1)> :x")
    with looking(browser, server) as admin:
        admin.page.locator("#busiest bdi").get_by_text("<img/src=x").wait_for()
        assert admin.page.locator("#busiest img").count() == 0


def test_the_picture(browser: Any, server: Served, traffic: Traffic, tmp_path: Path) -> None:
    """What the README shows: a minute of it, where it is to be kept."""
    picture = Path(PICTURES or tmp_path) / "dashboard.png"
    root = server.irc("root")
    root.send("OPER root sesame")
    root.until(" 381 ")
    with (
        visiting(browser, server.port, "wendy"),
        looking(browser, server, viewport=WIDE) as admin,
    ):
        for nickname in ("spammer", "flooder", "stranger"):
            server.irc(nickname)
            root.send(f"KILL {nickname} :enough of it")
        admin.page.wait_for_selector("#slowest tr")
        admin.until("() => document.querySelectorAll('#cut-offs tr').length === 3")
        admin.page.wait_for_timeout(60_000 if PICTURES else 0)
        admin.page.screenshot(path=picture, full_page=True)
        assert picture.stat().st_size > 10_000

"""The page in a real browser, against a real server. Each test is a story."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.real_clients import needs
from tests.served import Client, Served, served
from tests.web.browser import ARGUMENTS, CHROMIUM, PHONE, SAID, WIDE, needs_axe, visiting

pytestmark = [pytest.mark.story, needs("chromium")]

MESSAGES = 5000
KILLS = 10
BURST = "1000000"
"""Lines at once: nobody here waits for flood control."""
SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, TRIO_CHAT_FLOOD_BURST=BURST) as server:
        yield server


def by_nc(server: Served, name: str) -> Client:
    client = server.connect()
    client.until("nickname")
    client.send(name)
    client.until("#lobby")
    return client


def test_two_pages_and_nc_talk(browser: Any, server: Served) -> None:
    nc = by_nc(server, "norman")
    with (
        visiting(browser, server.port, "wendy") as wendy,
        visiting(browser, server.port, "al") as al,
    ):
        nc.send("hello from nc")
        wendy.until_said("hello from nc")
        wendy.say("hello from a page")
        nc.until("hello from a page")
        al.until_said("hello from a page")
        al.say("two\nlines, wendy")
        wendy.until_said("two\nlines, wendy")
        nc.until("lines, wendy")
        said = ["hello from nc", "hello from a page", "two\nlines, wendy"]
        assert wendy.read() == al.read() == said
        # Who was meant sees it, and everybody sees who is there.
        assert wendy.page.locator(".message.meant").count() == 1
        members = wendy.page.locator("#member-list bdi").all_text_contents()
        assert members == ["al", "norman", "wendy"]


def test_a_direct_conversation_a_reply_a_reaction_and_a_message_taken_back(
    browser: Any, server: Served
) -> None:
    with (
        visiting(browser, server.port, "wendy") as wendy,
        visiting(browser, server.port, "al") as al,
    ):
        wendy.say("first")
        al.until_said("first")
        message = al.page.locator(".message").first
        message.hover()
        message.get_by_role("button", name="Reply").click()
        al.say("the second")
        wendy.until_said("the second")
        assert wendy.page.locator(".quote").inner_text() == "↩ wendy: first"
        message.hover()
        message.get_by_role("button", name="React").click()
        message.get_by_role("button", name="React with 🎉").click()
        mine = wendy.page.get_by_role("button", name="🎉: al")
        mine.wait_for()
        mine.click()
        al.page.get_by_role("button", name="🎉: al, wendy").wait_for()
        mine = wendy.page.locator(".message").first
        mine.hover()
        mine.get_by_role("button", name="Take back").click()
        al.page.get_by_text("Taken back by wendy").wait_for()
        al.say("/msg wendy just you")
        wendy.page.locator("#directs .count.meant").wait_for()
        wendy.page.locator("#directs button").click()
        wendy.until_said("just you")
        wendy.page.locator("#directs .count").wait_for(state="detached")
        al.page.fill("#input", "I am ty")
        wendy.page.get_by_text("al is typing…").wait_for()


def test_history_is_scrolled_through_without_jumps(browser: Any, server: Served) -> None:
    speaker = server.irc("speaker")
    for start in range(0, MESSAGES, 500):
        speaker.send(*(f"PRIVMSG #lobby :line {at}" for at in range(start, start + 500)), "PING x")
        speaker.until("PONG")
    with visiting(browser, server.port, "wendy") as wendy:
        wendy.until_said(f"line {MESSAGES - 1}")
        # What is looked at stays where it is when older messages come in above it.
        look = """async () => {
            const log = document.getElementById('log');
            const texts = () => document.querySelectorAll('#items .text').length;
            const jumps = [];
            const until = performance.now() + 120000;
            const isThere = () => document.querySelector('#items .text').textContent === 'line 0';
            while (!isThere() && performance.now() < until) {
                const before = texts();
                log.scrollTop = 300;
                const row = [...document.querySelectorAll('#items .message')].find(
                    (one) => one.getBoundingClientRect().top >= log.getBoundingClientRect().top);
                const frame = () => new Promise((done) => requestAnimationFrame(done));
                await frame();
                await frame();
                const at = row.getBoundingClientRect().top;
                while (texts() === before && performance.now() < until)
                    await new Promise((done) => setTimeout(done, 5));
                jumps.push(Math.abs(row.getBoundingClientRect().top - at));
            }
            return Math.max(...jumps);
        }"""
        assert wendy.page.evaluate(look) < 2
        assert wendy.read() == [f"line {at}" for at in range(MESSAGES)]
        # The end is one key away, and what comes is there.
        wendy.page.get_by_role("button", name="To the latest").click()
        speaker.send("PRIVMSG #lobby :the last one")
        wendy.until_said("the last one")
        wendy.until("""() => {
            const log = document.getElementById('log');
            return log.scrollHeight - log.scrollTop - log.clientHeight < 5;
        }""")


def test_killed_ten_times_every_message_is_there_once_and_in_order(
    browser: Any, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(served(tmp_path, TRIO_CHAT_FLOOD_BURST=BURST))
        again = ("--listen", f"127.0.0.1:{server.port}")
        wendy, al = (
            stack.enter_context(visiting(browser, server.port, name)) for name in ("wendy", "al")
        )
        expected: dict[str, list[str]] = {"wendy": [], "al": []}

        def talk(count: int) -> None:
            for _ in range(count):
                for name, visitor in (("wendy", wendy), ("al", al)):
                    text = f"{name} {len(expected[name])}"
                    visitor.say(text)
                    expected[name].append(text)

        for kill in range(KILLS):
            talk(2)
            server.process.kill()
            server.process.wait()
            talk(1)
            server = stack.enter_context(
                served(tmp_path, *again, listen=False, TRIO_CHAT_FLOOD_BURST=BURST)
            )
            for visitor in (wendy, al):
                visitor.hurry()
            talk(1)
            if kill % 2:
                # Else it is killed while they come back.
                wendy.until_said(expected["al"][-1])
        wendy.page.fill("#input", "what I was about to say")
        for visitor in (wendy, al):
            visitor.until_said(expected["wendy"][-1])
            visitor.until_said(expected["al"][-1])
            visitor.until("() => !document.querySelector('.pending')")
        assert wendy.read() == al.read()
        for name, texts in expected.items():
            assert [text for text in wendy.read() if text.startswith(name)] == texts
        assert wendy.page.input_value("#input") == "what I was about to say"


def test_what_is_typed_without_a_connection_waits_and_one_stays_where_one_was(
    browser: Any, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(served(tmp_path, TRIO_CHAT_FLOOD_BURST=BURST))
        speaker = server.irc("speaker")
        speaker.send(*(f"PRIVMSG #lobby :line {at}" for at in range(80)), "PING x")
        speaker.until("PONG")
        wendy = stack.enter_context(visiting(browser, server.port, "wendy"))
        wendy.until_said("line 79")
        wendy.page.evaluate("document.getElementById('log').scrollTop = 400")
        wendy.until("() => !document.getElementById('to-end').hidden")
        top = "() => document.querySelectorAll('#items .message')[20].getBoundingClientRect().top"
        before = wendy.page.evaluate(top)
        server.process.kill()
        server.process.wait()
        wendy.page.get_by_text("Trying again").wait_for()
        again = ("--listen", f"127.0.0.1:{server.port}")
        server = stack.enter_context(
            served(tmp_path, *again, listen=False, TRIO_CHAT_FLOOD_BURST=BURST)
        )
        speaker = server.irc("speaker")
        speaker.send("PRIVMSG #lobby :meanwhile")
        wendy.hurry()
        wendy.until_said("meanwhile")
        assert wendy.page.evaluate(top) == pytest.approx(before, abs=2)
        server.process.kill()
        server.process.wait()
        wendy.say("later")
        wendy.page.get_by_text("waits for the connection").wait_for()
        stack.enter_context(served(tmp_path, *again, listen=False, TRIO_CHAT_FLOOD_BURST=BURST))
        wendy.hurry()
        wendy.until_said("later")
        assert wendy.read().count("later") == 1


def test_a_phone(browser: Any, server: Served) -> None:
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    with visiting(browser, server.port, "wendy", **phone) as wendy:
        page = wendy.page
        wendy.say("from a phone, with a word as long as " + "x" * 300)
        page.locator(SAID).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert not page.locator("#side").is_visible()
        page.get_by_role("button", name="Conversations").tap()
        page.locator("#rooms button").wait_for()
        page.locator("#veil").tap(position={"x": PHONE["width"] - 20, "y": 400})
        page.locator("#side").wait_for(state="hidden")
        page.get_by_role("button", name="Members").tap()
        page.locator("#member-list bdi").wait_for()
        # Everything that is touched is large enough for that, and on the screen.
        page.locator("#veil").tap(position={"x": 20, "y": 400})
        box = page.get_by_role("button", name="Send").bounding_box()
        assert box["width"] >= 44
        assert box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_system_s_or_what_is_chosen(
    browser: Any, server: Served, scheme: str
) -> None:
    def background() -> int:
        found = wendy.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", found)[:3]))

    with visiting(browser, server.port, "wendy", color_scheme=scheme) as wendy:
        assert (background() < 3 * 64) == (scheme == "dark")
        other = "light" if scheme == "dark" else "dark"
        wendy.page.get_by_role("button", name="Settings").click()
        wendy.page.get_by_label("Theme").select_option(other)
        assert (background() < 3 * 64) == (other == "dark")
        wendy.page.reload()
        assert (background() < 3 * 64) == (other == "dark")


def test_by_keyboard_alone(browser: Any, server: Served) -> None:
    with visiting(browser, server.port) as wendy, visiting(browser, server.port, "al") as al:
        page = wendy.page
        keys = page.keyboard

        def focused(what: str) -> bool:
            return bool(page.evaluate("what => document.activeElement.matches(what)", what))

        def tab_to(what: str, key: str = "Tab") -> None:
            for _ in range(40):
                if focused(what):
                    return
                keys.press(key)
            raise AssertionError(f"{what} can not be reached")

        # The nickname has the focus, and then the message.
        keys.type("wendy")
        keys.press("Enter")
        page.wait_for_selector("#items .event")
        assert focused("#input")
        al.say("anybody there?")
        wendy.until_said("anybody there?")
        # The last message, its reply, and back.
        keys.press("ArrowUp")
        assert focused("li.message")
        keys.press("r")
        assert focused("#input")
        keys.type("yes, @a")
        page.locator("#completions li").first.wait_for()
        keys.press("Tab")
        assert page.input_value("#input") == "yes, al "
        keys.press("Enter")
        al.until_said("yes, al")
        assert al.page.locator(".quote").count() == 1
        keys.press("ArrowUp")
        keys.press("ArrowUp")
        keys.press("e")
        keys.press("Enter")
        al.page.get_by_role("button", name="👍: wendy").wait_for()
        keys.press("Escape")
        assert focused("#input")
        # Another room by its command, and back by the list.
        keys.type("/jo")
        keys.press("Enter")
        keys.type("other")
        keys.press("Enter")
        page.locator("#name", has_text="#other").wait_for()
        tab_to("#rooms button", "Shift+Tab")
        while page.evaluate("document.activeElement.textContent") != "#lobby":
            keys.press("Shift+Tab")
        keys.press("Enter")
        page.locator("#name", has_text="#lobby").wait_for()
        # Search, and to what was found.
        keys.press("Control+k")
        keys.type("anybody")
        keys.press("Enter")
        # What was said just now is in the index a little later.
        while page.locator("#search-state").inner_text() != "1 found":
            page.wait_for_timeout(200)
            keys.press("Enter")
        page.locator("#found button").wait_for()
        tab_to("#found button")
        keys.press("Enter")
        page.locator(".message.sought").wait_for()
        assert focused("li.message.sought")


def test_markup_and_control_characters_do_nothing(browser: Any, server: Served) -> None:
    evil = server.irc("evil")
    shown: list[str] = []
    with visiting(browser, server.port, "wendy") as wendy:
        wendy.page.on("dialog", lambda dialog: shown.append(dialog.message))
        evil.send(f"TOPIC #lobby :{SCRIPT}")
        wendy.page.locator("#topic", has_text=SCRIPT).wait_for()
        texts = [
            SCRIPT,
            "javascript:alert(3) https://a.example/?<script>",
            "\x02\x1d\x1f\x1e\x11\x16\x0304,02all of it\x0f \x1b[31m\x07\u202eturned\u2066",
            '"><style>*{display:none}</style>&lt;b&gt;',
        ]
        evil.send(*(f"PRIVMSG #lobby :{text}" for text in texts))
        evil.send(f"@+draft/reply=x;+draft/react={SCRIPT.replace(' ', '')} TAGMSG #lobby")
        evil.send(f"PRIVMSG #lobby :\x01ACTION {SCRIPT}\x01", "QUIT :" + SCRIPT, "PING x")
        wendy.page.get_by_text("left (").wait_for(state="attached")
        assert wendy.read()[:2] == texts[:2]
        assert wendy.read()[2] == "all of it [31mturned"
        # No element of theirs is there, and no attribute.
        assert wendy.page.locator("#items img, #items script, #items style, [onerror]").count() == 0
        links = wendy.page.locator("#items a")
        assert [link.get_attribute("href") for link in links.all()] == ["https://a.example/"]
        assert shown == []
    # What can not be a nickname is said to be none, and not more.
    with visiting(browser, server.port) as other:
        other.page.fill("#nick", SCRIPT[:20].replace(" ", ""))
        other.page.press("#nick", "Enter")
        other.page.locator("#entrance-error:not(:empty)").wait_for()


def test_an_account_is_made_and_signed_in_to(browser: Any, server: Served) -> None:
    password = "correct horse battery"
    with visiting(browser, server.port) as wendy:
        page = wendy.page
        page.fill("#nick", "wendy")
        page.get_by_text("I have an account").click()
        page.get_by_label("Make an account").check()
        page.fill("#password", password)
        page.get_by_role("button", name="Come in").click()
        page.get_by_text("wendy (signed in)").wait_for()
    with visiting(browser, server.port) as thief:
        page = thief.page
        page.fill("#nick", "wendy")
        page.press("#nick", "Enter")
        page.locator("#entrance-error:not(:empty)").wait_for()
    with visiting(browser, server.port) as wendy:
        page = wendy.page
        page.fill("#nick", "wendy")
        page.get_by_text("I have an account").click()
        page.fill("#password", "wrong")
        page.press("#password", "Enter")
        page.locator("#entrance-error:not(:empty)").wait_for()
        page.fill("#password", password)
        page.press("#password", "Enter")
        page.get_by_text("wendy (signed in)").wait_for()


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_check_finds_nothing(browser: Any, server: Served, scheme: str) -> None:
    bob = by_nc(server, "bob")
    with visiting(browser, server.port, color_scheme=scheme) as wendy:
        assert wendy.complaints() == []
        wendy.enter("wendy")
        bob.send("hello wendy", "and more: https://example.org/", "/me waves")
        wendy.until_said("waves")
        wendy.say("/nonsense")
        wendy.page.get_by_text("is no command").wait_for()
        wendy.page.fill("#input", "/j")
        wendy.page.locator(".message").first.hover()
        assert wendy.complaints() == []
        for button in ("Settings", "Go to", "Search"):
            wendy.page.get_by_role("button", name=button).first.click()
            assert wendy.complaints() == []
            wendy.page.keyboard.press("Escape")
    with visiting(browser, server.port, "phil", viewport=PHONE, color_scheme=scheme) as phil:
        assert phil.complaints() == []
        phil.page.get_by_role("button", name="Conversations").click()
        assert phil.complaints() == []


def test_a_picture_is_taken(browser: Any, server: Served, tmp_path: Path) -> None:
    """The picture of the README: with `PICTURES=docs` it is put there."""
    taken = Path(os.environ.get("PICTURES", tmp_path)) / "page.png"
    alice, bob = server.irc("Alice"), server.irc("bob")
    size = {"width": 860, "height": 560}
    with (
        visiting(browser, server.port, "wendy", viewport=WIDE | size) as light,
        visiting(browser, server.port, "carol", viewport=WIDE | size, color_scheme="dark") as dark,
    ):
        alice.send("TOPIC #lobby :Release 2.0: what is left, and who does it")
        alice.send("PRIVMSG #lobby :Good morning! The build is green again 🎉")
        alice.send("PRIVMSG #lobby :The list is at https://example.org/list (by size).")
        light.until_said("The list is at https://example.org/list (by size).")
        bob.send("PRIVMSG #lobby :Thanks. wendy, carol: who looks at the \x11parser()\x11?")
        light.until_said("Thanks. wendy, carol: who looks at the parser()?")
        light.page.locator(".message").first.hover()
        light.page.get_by_role("button", name="Reply").click()
        light.say("I do,\nand then the tests.")
        dark.until_said("I do,\nand then the tests.")
        first = dark.page.locator(".message").first
        first.hover()
        first.get_by_role("button", name="React").click()
        first.get_by_role("button", name="React with 👍").click()
        bob.send("PRIVMSG wendy :lunch?", "CAP REQ message-tags")
        bob.send("@+typing=paused TAGMSG #lobby")
        light.page.locator("#directs .count").wait_for()
        light.page.get_by_role("button", name="👍: carol").wait_for()
        shots = []
        for visitor in (light, dark):
            visitor.page.mouse.move(430, 20)
            visitor.page.locator("#typing", has_text="bob is typing").wait_for()
            shots.append(base64.b64encode(visitor.page.screenshot()).decode())
        # Side by side, by the browser itself.
        light.page.set_viewport_size({"width": 2 * size["width"] + 16, "height": size["height"]})
        light.page.evaluate(
            """shots => {
                const images = shots.map((shot) => {
                    const image = new Image();
                    image.src = `data:image/png;base64,${shot}`;
                    return image;
                });
                document.body.replaceChildren(...images);
                Object.assign(document.body.style, {display: "flex", gap: "16px"});
                return Promise.all(images.map((image) => image.decode()));
            }""",
            shots,
        )
        light.page.screenshot(path=taken)
    assert taken.stat().st_size > 20_000

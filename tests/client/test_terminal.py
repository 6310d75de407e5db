"""The terminal adapter, on a real pty."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import trio

from tests.client.emulator import Emulator
from trio_chat.client.editor import LineEditor
from trio_chat.client.keys import Key, Typed
from trio_chat.client.terminal import Screen, Terminal


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.close()


async def test_the_settings_come_back(emulator: Emulator) -> None:
    terminal = Terminal(emulator.inside, emulator.inside)
    before = emulator.settings()

    async def fail() -> None:
        with terminal.raw():
            assert emulator.is_raw()
            await emulator.until(lambda: "?2004" in emulator.modes)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert emulator.settings() == before
    await emulator.until(lambda: "?2004" not in emulator.modes)


async def test_keys_come_as_they_are_pressed(emulator: Emulator) -> None:
    terminal = Terminal(emulator.inside, emulator.inside)
    with terminal.raw():
        emulator.type("a\r\x03\x1a\x13")
        typed = b""
        while len(typed) < 5:
            typed += await terminal.read()
        assert typed == b"a\r\x03\x1a\x13"


async def test_a_terminal_that_goes() -> None:
    emulator = Emulator()
    terminal = Terminal(emulator.inside, emulator.inside)
    with terminal.raw():
        os.close(emulator.outside)
        assert await terminal.read() == b""
        await terminal.write("into the void")
    os.close(emulator.inside)


def test_the_width(emulator: Emulator) -> None:
    terminal = Terminal(emulator.inside, emulator.inside)
    assert terminal.columns == 40
    emulator.resize(132)
    assert terminal.columns == 132
    emulator.resize(0)
    assert terminal.columns == 80
    reading, writing = os.pipe()
    assert Terminal(reading, writing).columns == 80
    os.close(reading)
    os.close(writing)


async def test_lines_appear_above_what_is_typed(emulator: Emulator) -> None:
    terminal = Terminal(emulator.inside, emulator.inside)
    editor = LineEditor()
    screen = Screen(terminal, editor, lambda: "#a> ")
    editor.press(Typed("half typed"))
    editor.press(Key.LEFT)
    await screen.refresh()
    await emulator.until_bottom("#a> half type|d")
    await screen.show("12:03 <alice> hi", "12:03 <alice> there")
    await screen.show("12:04 <alice> " + "long " * 10)
    await emulator.until(lambda: len(emulator.lines) > 4)
    await emulator.until_bottom("#a> half type|d")
    assert emulator.lines[:3] == [
        "12:03 <alice> hi",
        "12:03 <alice> there",
        "12:04 <alice> long long long long long l",
    ]
    editor.press(Key.KILL_LINE)
    editor.press(Key.DELETE)
    await screen.clear()
    await emulator.until(lambda: emulator.lines == ["#a> "])
    assert emulator.bottom == "#a> |"


async def test_many_tasks_can_show(emulator: Emulator) -> None:
    screen = Screen(Terminal(emulator.inside, emulator.inside), LineEditor())
    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(screen.show, f"line {number}")
        await emulator.until(lambda: len(emulator.lines) > 50)
    assert sorted(emulator.lines[:50]) == sorted(f"line {number}" for number in range(50))

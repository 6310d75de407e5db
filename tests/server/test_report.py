"""What the server does, as one document and in lines: to an operator and over HTTP the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import argon2
import pytest
import trio

from tests.server.rig import Rig, running
from tests.server.test_run import PLAIN, read_until
from tests.server.test_run import running as serving
from trio_chat.server.collector import Collector
from trio_chat.server.readings import Readings
from trio_chat.server.report import LATEST, document, lines

_COLUMN = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|\S+)')


def read(text: list[str]) -> dict[str, Any]:
    """Make the document of its lines again, as whoever reads them does."""
    found: dict[str, Any] = {}
    for line in text:
        name, _, value = line.partition(": ")
        *path, last = name.split(".")
        inner = found
        for key in path:
            inner = inner.setdefault(key, {})
        if re.match(r"[a-z]+=", value):
            row = {key: json.loads(one) for key, one in _COLUMN.findall(value)}
            inner.setdefault(last, []).append(row)
        else:
            inner[last] = json.loads(value)
    return found


def readings(rig: Rig) -> Readings:
    return Readings(rig.hub, Collector(), limit=lambda: 500)


def test_numbers_texts_and_what_is_empty() -> None:
    found: dict[str, Any] = {
        "version": 'a "b"',
        "none": None,
        "off": False,
        "kinds": {},
        "slowest": [],
    }
    assert lines(found) == (
        'version: "a \\"b\\""',
        "none: null",
        "off: false",
        "kinds: {}",
        "slowest: []",
    )
    assert read([*lines(found)]) == found


def test_tables_and_what_is_within() -> None:
    found = {
        "ticks": {"counts": [0, 3, 1], "sum": 0.25},
        "reasons": {"too much unread": 2},
        "busiest": [{"room": "#a=b c", "members": 2}, {"room": "#é", "members": 1}],
    }
    assert lines(found) == (
        "ticks.counts: [0,3,1]",
        "ticks.sum: 0.25",
        "reasons.too much unread: 2",
        'busiest: room="#a=b c" members=2',
        'busiest: room="#é" members=1',
    )
    assert read([*lines(found)]) == found


async def test_lines_say_all_that_the_document_does(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a", "JOIN #é=\\")
        await rig.irc("bo", "JOIN #a")
        await al.send("PRIVMSG #é=\\ :x")
        await al.barrier()
        for number in range(LATEST + 1):
            peer = await rig.connect(host=f"10.0.0.{number}")
            await peer.send("GET / HTTP/1.1", "")
            await peer.rest()
        found = document(readings(rig))
        assert len(found["refusals"]["latest"]) == LATEST
        assert len(found["busiest"]) == 2
        assert read([*lines(found)]) == json.loads(json.dumps(found))


async def test_an_operator_is_answered_the_lines(tmp_path: Path) -> None:
    hashed = argon2.PasswordHasher(1, 8, 1).hash("sesame")
    text = f'{PLAIN}[[operators]]\nname = "root"\npassword = "{hashed}"\n'
    async with serving(tmp_path, text) as it:
        stream = await it.connect()
        await stream.send_all(b"NICK al\r\nUSER x 0 * :x\r\nOPER root sesame\r\n")
        await read_until(stream, b" 381 ")
        await stream.send_all(b"STATS t\r\n")
        answer = await read_until(stream, b" 219 al t ")
        said = [line.partition(" 249 al :")[2] for line in answer.decode().splitlines()]
        found = read([line for line in said if line])
        assert found["operators"] == 1
        assert found["connections"]["kinds"]["irc"] == {"plain": 1, "tls": 0}
        assert found.keys() == document(it.server.readings).keys()


async def asked(stream: trio.SocketStream, host: str) -> tuple[bytes, bytes]:
    """Ask for the document; return the head and the body of the answer."""
    request = f"GET /dashboard.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    await stream.send_all(request.encode())
    answer = b"".join([data async for data in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


async def test_administrators_are_shown_the_document(tmp_path: Path) -> None:
    async with serving(tmp_path, PLAIN) as it:
        head, body = await asked(await it.connect(), "localhost")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Content-Type: application/json\r\n" in head
        assert b"Cache-Control: no-store\r\n" in head
        found = json.loads(body)
        assert found["connections"]["kinds"] == {"http": {"plain": 1, "tls": 0}}
        head, body = await asked(await it.connect(), "elsewhere.example")
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"time" not in body


@pytest.mark.parametrize("key", ["dashboard = false", 'admin = ["192.0.2.0/24"]'])
async def test_nobody_is_shown_it_who_is_not_to_be(tmp_path: Path, key: str) -> None:
    async with serving(tmp_path, f"{PLAIN}[web]\n{key}\n") as it:
        head, _ = await asked(await it.connect(), "localhost")
        status = b"404" if "false" in key else b"403"
        assert head.startswith(b"HTTP/1.1 " + status)


async def test_a_new_configuration_decides_from_then_on(tmp_path: Path) -> None:
    async with serving(tmp_path, PLAIN) as it:
        for key, status in (("dashboard = false", b"404"), ("dashboard = true", b"200")):
            (tmp_path / "chat.toml").write_text(f"{PLAIN}[web]\n{key}\n")
            assert await it.server.reload() == ""
            head, _ = await asked(await it.connect(), "localhost")
            assert head.startswith(b"HTTP/1.1 " + status)

"""What only administrators are shown, as they ask for it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import trio

from tests.server.test_run import PLAIN, running
from tests.server.test_run import Running as It
from trio_chat.server.readiness import Readiness


async def get(it: It, path: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the content of an answer."""
    stream = await it.connect()
    await stream.send_all(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    data = b""
    async for more in stream:
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return int(status.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


async def test_what_there_is(tmp_path: Path) -> None:
    async with running(tmp_path, PLAIN) as it:
        status, headers, body = await get(it, "/metrics")
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"\ntrio_chat_build_info{" in body
        assert (await get(it, "/healthz"))[::2] == (200, b"OK: the server is up\n")
        assert (await get(it, "/readyz"))[::2] == (200, b"OK: the server is ready\n")
        status, headers, body = await get(it, "/dashboard.json")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert "connections" in msgspec.json.decode(body)


async def test_who_is_not_ready_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: Readiness) -> str:
        await trio.lowlevel.checkpoint()
        return "database or disk is full"

    async with running(tmp_path, PLAIN) as it:
        monkeypatch.setattr(Readiness, "why_not", full)
        said = b"Service Unavailable: database or disk is full\n"
        assert (await get(it, "/readyz"))[::2] == (503, said)
        assert (await get(it, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    ("off", "paths"),
    [("metrics", ["/metrics", "/healthz", "/readyz"]), ("dashboard", ["/dashboard.json"])],
)
async def test_each_can_be_turned_off(tmp_path: Path, off: str, paths: list[str]) -> None:
    async with running(tmp_path, f"{PLAIN}[web]\n{off} = false\n") as it:
        for path in paths:
            assert (await get(it, path))[0] == 404

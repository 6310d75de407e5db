"""The server behind nginx, set up as docs/web.md says."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served import PATIENCE, free_port, served
from tests.server.web.frames import Reader, frame

# Not on everybody's path.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]

DOCUMENT = Path(__file__).parent.parent / "docs" / "web.md"
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: chat.example.org\r\nOrigin: http://chat.example.org\r\n"
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def block(language: str) -> str:
    """Return what the document says in the first block of this language."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return blocks[0]


@contextmanager
def nginx(directory: Path, port: int, upstream: int) -> Iterator[None]:
    """Run nginx with the document's block, which only has other ports here."""
    text = block("nginx").replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("http://127.0.0.1:55555", f"http://127.0.0.1:{upstream}")
    paths = "".join(
        f"{kind}_temp_path {directory};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = directory / "nginx.conf"
    path.write_text(
        f"daemon off; pid {directory}/pid; error_log {directory}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{paths}{text}}}\n"
    )
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(directory), "-c", str(path)])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, (directory / "error.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def test_a_websocket_and_a_page_through_nginx(tmp_path: Path) -> None:
    config = tmp_path / "chat.toml"
    config.write_text(f'{block("toml")}\n[[listeners]]\naddress = "127.0.0.1:0"\n')
    options = ["--config", str(config), "--name", "chat.example.org"]
    port = free_port()
    with (
        served(tmp_path, *options, listen=False) as server,
        nginx(tmp_path, port, server.port),
    ):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/page.json", timeout=PATIENCE) as page:
            assert page.status == 200
        sock = socket.create_connection(
            ("127.0.0.1", port), timeout=PATIENCE, source_address=("127.0.0.7", 0)
        )
        with sock:
            sock.sendall(HANDSHAKE.encode())
            data = b""
            while b"\r\n\r\n" not in data:
                data += sock.recv(65_536)
            head, _, data = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            reader = Reader()
            seen = reader.feed(data)
            sock.sendall(frame("NICK al") + frame("USER al 0 * :Al") + frame("WHOIS al"))
            while not any(" 318 " in str(line) for line in seen):
                seen += reader.feed(sock.recv(65_536))
            (line,) = [str(line) for line in seen if " 311 " in str(line)]
            assert " al ~al 127.0.0.7 * :Al" in line
            # Nor has it TLS because it says so.
            assert not any(" 671 " in str(line) for line in seen)
        forged = urllib.request.Request(
            f"http://127.0.0.1:{port}/page.json", headers={"Forwarded": "for=192.0.2.1"}
        )
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(forged, timeout=PATIENCE)

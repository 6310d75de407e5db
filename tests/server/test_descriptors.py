"""How many connections there are file descriptors for, and what is said where they are few."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.served import SERVE, served
from trio_chat.server.descriptors import for_connections, raise_limit
from trio_chat.server.errors import StartError


def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert raise_limit() == hard
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard


def test_a_limit_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    infinite = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, infinite))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    assert raise_limit() == sys.maxsize

    def refuse(*_: object) -> None:
        raise ValueError("not allowed to exceed maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_limit() == 256
    monkeypatch.setattr(resource, "getrlimit", lambda _: (infinite, infinite))
    assert raise_limit() == sys.maxsize


@pytest.mark.parametrize(
    ("limit", "listening", "connections"),
    [
        (20_000, 1, 20_000 - 256 - 1),
        (4096, 2, 4096 - 256 - 2),
        (1024, 1, 1024 - 128 - 1),
        (256, 1, 256 - 32 - 1),
        (64, 1, 64 - 32 - 1),
        (34, 1, 1),
        (sys.maxsize, 4, sys.maxsize - 256 - 4),
    ],
)
def test_some_are_kept_in_reserve(limit: int, listening: int, connections: int) -> None:
    assert for_connections(limit, listening) == connections


def test_none_is_left() -> None:
    with pytest.raises(StartError, match="only 33 files may be open at once"):
        for_connections(33, 1)


def test_a_server_with_few_serves_as_many_as_it_says(tmp_path: Path) -> None:
    with served(tmp_path, limit=64) as server:
        log = server.log.read_text()
        assert "few connections are possible: few files may be open possible=31 " in log
        assert "ulimit -n" in log
        clients = [server.irc(f"al{number}") for number in range(31)]
        refused = server.connect()
        assert refused.until("ERROR") == "ERROR :Closing link (Too many connections)"
        # All of them are served, and files can be opened still.
        clients[0].send("PRIVMSG #lobby :hello")
        for client in clients[1:]:
            assert client.until("PRIVMSG").endswith("#lobby :hello")


@pytest.mark.parametrize("limit", [12, 33])
def test_a_server_that_could_serve_nobody_says_so(limit: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *SERVE, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"trio-chat: only {limit} files may be open at once, which leaves none for connections; "
        "raise that limit (ulimit -n, or LimitNOFILE= in a unit of systemd)\n"
    )


def test_a_server_with_plenty_says_nothing(tmp_path: Path) -> None:
    with served(tmp_path, limit=2000) as server:
        server.irc("al")
        assert "few connections" not in server.log.read_text()

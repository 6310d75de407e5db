"""Real IRC clients beside people with `nc`: what each sees of the others.

irssi has a screen, which tmux reads and types on; WeeChat without a screen takes commands from a
pipe and writes what it shows into log files.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.served import Client, Served, served

DEADLINE = 30.0
"""Seconds. The clients have a pace of their own; nothing here measures it."""


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def wait_for(read: Callable[[], str], *wanted: str) -> str:
    """Return what is shown once all of these are in it."""
    deadline = time.monotonic() + DEADLINE
    while True:
        text = read()
        if all(word in text for word in wanted):
            return text
        if time.monotonic() > deadline:
            missing = [word for word in wanted if word not in text]
            raise AssertionError(f"not shown: {missing}\n{text}")
        # These programs cannot be waited on.
        time.sleep(0.05)


class Irssi:
    """irssi on a screen of its own."""

    def __init__(self, home: Path, port: int, nick: str) -> None:
        self._tmux = ["tmux", "-S", str(home / "tmux"), "-f", "/dev/null"]
        self._home = home
        command = f"irssi --home={home}/irssi -c 127.0.0.1 -p {port} -n {nick}"
        self._run("new-session", "-d", "-x", "120", "-y", "50", "-s", "irssi", command)
        self.wait("Welcome to the trio_chat Network")
        # Its own flood protection would spread a few commands over half a minute.
        self.type("/set cmd_queue_speed 10msec", "/set cmds_max_at_once 100")

    def _run(self, *arguments: str) -> str:
        command = [*self._tmux, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def type(self, *lines: str) -> None:
        for line in lines:
            self._run("send-keys", "-t", "irssi", "-l", line)
            self._run("send-keys", "-t", "irssi", "Enter")

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-J", "-t", "irssi")

    def wait(self, *wanted: str) -> str:
        return wait_for(self.screen, *wanted)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


class WeeChat:
    """WeeChat without a screen."""

    def __init__(self, home: Path, port: int, nick: str) -> None:
        self._home = home
        self._pipe = home / "pipe"
        settings = [
            "/set logger.file.flush_delay 0",
            f"/set fifo.file.path {self._pipe}",
            "/fifo enable",
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set irc.server_default.capabilities *,echo-message,batch,labeled-response",
            f"/server add it 127.0.0.1/{port} -notls",
            f"/set irc.server.it.nicks {nick}",
            "/set irc.server.it.autojoin #lobby",
            "/connect it",
        ]
        command = ["weechat-headless", "-d", str(home)]
        for setting in settings:
            command += ["-r", setting]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.wait(f"{nick} (", "has joined #lobby")

    def type(self, *lines: str) -> None:
        with self._pipe.open("w") as pipe:
            for line in lines:
                pipe.write(f"irc.it.#lobby *{line}\n")

    def log(self) -> str:
        files = sorted((self._home / "logs").glob("irc.*.weechatlog"))
        return "".join(path.read_text(errors="replace") for path in files)

    def wait(self, *wanted: str) -> str:
        return wait_for(self.log, *wanted)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as one:
        yield one


def person(server: Served, name: str) -> Client:
    """Somebody with `nc`."""
    client = server.connect()
    client.until("Type a nickname")
    client.send(name)
    client.until("In #lobby")
    return client


@needs("irssi", "tmux", "weechat-headless")
def test_irssi_weechat_and_people_with_nc_talk(server: Served, tmp_path: Path) -> None:
    (tmp_path / "i").mkdir()
    (tmp_path / "w").mkdir()
    alice = person(server, "alice")
    irssi = Irssi(tmp_path / "i", server.port, "iris")
    weechat = None
    try:
        irssi.type("/join #lobby")
        irssi.wait("[Users #lobby]", "alice")
        alice.until("iris joined")
        weechat = WeeChat(tmp_path / "w", server.port, "wendy")
        alice.until("wendy joined")
        irssi.wait("wendy [~", "has joined #lobby")

        # What each says, and does, the others see.
        alice.send("hello from nc", "/me waves")
        irssi.wait("< alice> hello from nc", "* alice waves")
        weechat.wait("alice\thello from nc", "alice waves")
        irssi.type("hello from irssi")
        alice.until("<iris> hello from irssi")
        weechat.wait("iris\thello from irssi")
        weechat.type("hello from weechat", "/me dances")
        alice.until("<wendy> hello from weechat")
        alice.until("* wendy dances")
        irssi.wait("< wendy> hello from weechat", "* wendy dances")

        # Topics, names, private messages.
        weechat.type("/topic Tea at four")
        alice.until("wendy set the topic of #lobby: Tea at four")
        irssi.wait("wendy changed the topic of #lobby to: Tea at four")
        irssi.type("/nick iris2")
        alice.until("iris is now known as iris2")
        weechat.wait("iris is now known as iris2")
        alice.send("/nick ally", "/msg iris2 psst")
        weechat.wait("alice is now known as ally")
        irssi.wait("alice is now known as ally")
        irssi.type("/window 3")
        irssi.wait("<ally> psst")
        irssi.type("/msg ally you too")
        alice.until("[iris2 → you] you too")

        # Questions that clients ask.
        irssi.type("/window 1", "/whois wendy", "/list -yes", "/mode iris2 -i")
        irssi.wait("wendy [~", "End of WHOIS", "#lobby 3 Tea at four", "Mode change [-i]")

        # Leaving, with the reasons.
        irssi.type("/window 2", "/part #lobby back soon")
        alice.until("iris2 left (back soon)")
        weechat.wait("iris2 (", "has left #lobby (back soon)")
        weechat.type("/quit gone home")
        alice.until("wendy left (gone home)")
        irssi.type("/join #lobby")
        irssi.wait("Topic for #lobby: Tea at four")
        alice.send("/quit good night")
        screen = irssi.wait("has quit [Quit: good night]")
        assert "Unknown command" not in screen
        assert "Unknown command" not in weechat.log()
    finally:
        irssi.close()
        if weechat is not None:
            weechat.close()
    assert "Traceback" not in server.log.read_text()

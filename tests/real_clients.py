"""irssi and WeeChat as their users run them: what is typed, what they show, what they were sent.

irssi has a screen, which tmux reads and types on. WeeChat without a screen takes commands from a
pipe. Both write what they show into logs, and what the server sent them into another.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

DEADLINE = 60.0
"""Seconds. The clients have a pace of their own; nothing here measures it."""

ENVIRONMENT = os.environ | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

PLAIN_ENOUGH = (
    "001 002 003 004 005 219 242 251 252 253 254 255 256 257 258 259 265 266 302 305 306 321 322 "
    "323 347 349 351 364 365 371 372 374 375 376 381 382 391 396 404 406 464 470"
)
"""Numerics that can be read as they come: their parameters in a row make a sentence, or nearly."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@dataclass(frozen=True)
class Line:
    """A line that a client was sent."""

    command: str
    params: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Line:
        """Read a line: tags and source are left out."""
        while text[:1] in ("@", ":"):
            text = text.partition(" ")[2]
        head, colon, trailing = text.partition(" :")
        command, *params = head.split()
        return cls(command, (*params, trailing) if colon else tuple(params))

    @property
    def as_it_came(self) -> str:
        """How a client shows the line when it has no idea what it means."""
        return " ".join(self.params[1:])


class RealClient(ABC):
    """A client with a log of what it shows, in one file or several."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    @abstractmethod
    def logs(self) -> Mapping[str, str]:
        """Return what was shown, by the file it is in."""

    @abstractmethod
    def lines(self) -> Iterator[Line]:
        """Return the lines that the server sent."""

    @abstractmethod
    def statements(self) -> set[str]:
        """Return what is shown as coming from the server, or from the client itself."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """Return what the client could not make sense of, or failed to do."""

    def until(self, *wanted: str) -> None:
        """Wait until each of these is shown, after what was waited for before."""
        for words in wanted:
            self.until_all(words)

    def until_all(self, *wanted: str) -> None:
        """Wait until all of these are shown, in any order, after what was waited for before."""
        deadline = time.monotonic() + DEADLINE
        ends: list[tuple[str, int]] = []
        for words in wanted:
            while (end := self._find(words)) is None:
                if time.monotonic() > deadline:
                    raise AssertionError(f"not shown: {words!r}\n{self._unseen()}")
                # These programs cannot be waited on.
                time.sleep(0.02)
            ends.append(end)
        for name, place in ends:
            self._seen[name] = max(place, self._seen.get(name, 0))

    def _find(self, words: str) -> tuple[str, int] | None:
        """Return in which log words end, and where."""
        for name, text in self.logs().items():
            place = text.find(words, self._seen.get(name, 0))
            if place >= 0:
                return name, place + len(words)
        return None

    def _unseen(self) -> str:
        return "\n".join(
            f"{name}: {text[self._seen.get(name, 0) :]}" for name, text in self.logs().items()
        )

    def shown_as_it_came(self) -> set[str]:
        """Return the numerics that the client shows without knowing what they mean.

        Those whose parameters are a sentence anyway are left out.
        """
        shown = self.statements()
        return {
            line.command
            for line in self.lines()
            if line.command.isdecimal()
            and line.command not in PLAIN_ENOUGH
            and line.as_it_came.strip() in shown
        }

    def refusals(self) -> list[str]:
        """Return the errors that the server sent, in order."""
        return [
            f"{line.command} {line.as_it_came}"
            for line in self.lines()
            if re.fullmatch(r"[45]\d\d|FAIL|WARN", line.command)
            # irssi asks for something before it is registered, to see whether CAP is answered.
            and line != Line("451", ("*", "You have not registered"))
        ]


class Irssi(RealClient):
    """irssi on a screen of its own. `network` is what its configuration says of that besides;
    `certificate` is the client's own, with its key."""

    def __init__(
        self,
        home: Path,
        port: int,
        nick: str,
        authority: Path | None = None,
        *,
        network: str = "",
        certificate: Path | None = None,
    ) -> None:
        super().__init__()
        home.mkdir()
        self._tmux = ["tmux", "-u", "-S", str(home / "tmux"), "-f", "/dev/null"]
        self._log = home / "log"
        self._raw = home / "raw"
        tls = f'use_tls = "yes"; tls_verify = "yes"; tls_cafile = "{authority}";'
        if certificate is not None:
            tls += f' tls_cert = "{certificate}";'
        (home / "config").write_text(f"""
            servers = ({{
                address = "localhost"; port = "{port}"; chatnet = "it"; autoconnect = "yes";
                {tls if authority else ""}
            }});
            chatnets = {{ it = {{
                type = "IRC"; autosendcmd = "/rawlog open {self._raw}"; {network}
            }}; }};
            logs = {{ "{self._log}" = {{ auto_open = "yes"; level = "ALL"; }}; }};
            settings = {{
                core = {{ nick = "{nick}"; user_name = "{nick}"; real_name = "{nick} of irssi"; }};
                # Its own flood protection would spread a few commands over half a minute.
                "irc/core" = {{ cmd_queue_speed = "10msec"; cmds_max_at_once = "100"; }};
                "irc/notifylist" = {{ notify_check_time = "1sec"; }};
                # What is shown late, and together with other things, is hard to wait for.
                "fe-common/irc" = {{ group_multi_mode = "no"; }};
                "fe-text" = {{ paste_verify_line_count = "0"; }};
            }};
            """)
        command = f"irssi --home={home} --config={home}/config"
        self._run("new-session", "-d", "-x", "120", "-y", "50", "-s", "irssi", command)

    def _run(self, *arguments: str) -> str:
        command = [*self._tmux, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=ENVIRONMENT
        ).stdout

    def type(self, *lines: str) -> None:
        """Type lines into the window that is shown."""
        keys: list[str] = []
        for line in lines:
            keys += ["send-keys", "-t", "irssi", "-l", line, ";"]
            keys += ["send-keys", "-t", "irssi", "Enter", ";"]
        self._run(*keys[:-1])

    def screen(self) -> str:
        """Return what is on the screen now."""
        return self._run("capture-pane", "-p", "-J", "-t", "irssi")

    def logs(self) -> Mapping[str, str]:
        return {"log": self._log.read_text() if self._log.exists() else ""}

    def lines(self) -> Iterator[Line]:
        for line in self._raw.read_text(errors="replace").splitlines():
            if line.startswith(">> "):
                yield Line.parse(line[3:])

    def statements(self) -> set[str]:
        found = re.findall(r"^\d\d:\d\d (?:\S+: )?-!- (.*)$", self.logs()["log"], re.MULTILINE)
        return {text.strip() for text in found}

    def complaints(self) -> list[str]:
        # It shows a command that it does not know as it came, without tags and source. So it
        # does with ERROR, which has a text for people.
        unknown = {
            " ".join([line.command, *line.params]).replace(":", "")
            for line in self.lines()
            if not line.command.isdecimal() and line.command != "ERROR"
        }
        return [
            text
            for text in sorted(self.statements())
            if re.match("Irssi: (Unknown|Not enough|Critical|Warning)", text, re.IGNORECASE)
            or text.replace(":", "") in unknown
        ]

    def close(self) -> None:
        """End irssi, if it has not ended."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


class WeeChat(RealClient):
    """WeeChat without a screen. `settings` are typed once it knows the server, which is `it`."""

    def __init__(
        self,
        home: Path,
        port: int,
        nick: str,
        authority: Path | None = None,
        *,
        settings: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._home = home
        self._pipe = home / "pipe"
        tls = "on" if authority else "off"
        typed = [
            "/set logger.file.flush_delay 0",
            f"/set fifo.file.path {self._pipe}",
            "/fifo enable",
            f"/set weechat.network.gnutls_ca_user {authority or ''}",
            # In WeeChat 4 it is called tls.
            f"/set irc.server_default.ssl {tls}",
            f"/set irc.server_default.tls {tls}",
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set irc.server_default.capabilities *",
            f"/set irc.server_default.username {nick}",
            f"/set irc.server_default.realname {nick} of WeeChat",
            f"/server add it localhost/{port}",
            f"/set irc.server.it.nicks {nick}",
            *settings,
            "/server raw",
            "/command -buffer irc.irc_raw core /buffer set localvar_del_no_log 1",
            "/connect it",
        ]
        command = ["weechat-headless", "-d", str(home)]
        for setting in typed:
            command += ["-r", setting]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
        )

    def type(self, *lines: str, on: str = "") -> None:
        """Type lines into the buffer of a channel, or of the server."""
        buffer = f"irc.it.{on}" if on else "irc.server.it"
        # Opened so, it fails when WeeChat is gone.
        with open(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK), "w") as pipe:
            for line in lines:
                pipe.write(f"{buffer} *{line}\n")

    def logs(self) -> Mapping[str, str]:
        files = (self._home / "logs").glob("irc.*.weechatlog")
        texts = {path.name: path.read_text(errors="replace") for path in sorted(files)}
        texts.pop("irc.irc_raw.weechatlog", None)
        return texts

    def lines(self) -> Iterator[Line]:
        raw = self._home / "logs" / "irc.irc_raw.weechatlog"
        for line in raw.read_text(errors="replace").splitlines():
            _, direction, text = line.split("\t", 2)
            if direction.startswith("-->"):
                yield Line.parse(text)

    def _shown_with(self, prefix: str) -> list[str]:
        pattern = re.compile(rf"^[^\t]+\t{re.escape(prefix)}\t(.*)$", re.MULTILINE)
        return [text.strip() for log in self.logs().values() for text in pattern.findall(log)]

    def statements(self) -> set[str]:
        return set(self._shown_with("--"))

    def complaints(self) -> list[str]:
        return self._shown_with("=!=")

    def close(self) -> None:
        """End WeeChat, if it has not ended."""
        self._process.terminate()
        self._process.wait(timeout=DEADLINE)

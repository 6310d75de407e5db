"""Clients of other people's that are written in JavaScript: over WebSocket, and The Lounge.

They come from the npm registry, into a directory of the test's.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.served import PATIENCE, free_port, served

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

# What Kiwi IRC and The Lounge are made on. It asks for text.ircv3.net.
FRAMEWORK = r"""
global.WebSocket = require("ws");
const { Client } = require("irc-framework");
const client = new Client();
client.connect({
  host: "127.0.0.1", port: Number(process.argv[2]), path: "/ws", nick: "carol",
  transport: require("irc-framework/src/transports/websocket"), auto_reconnect: false,
});
client.on("registered", () => client.join("#lobby"));
client.on("join", (event) => {
  if (event.nick === "carol") client.say("#lobby", "hé, is anybody there?");
});
client.on("privmsg", (event) => {
  console.log(`${event.nick} ${event.target} ${event.message}`);
  client.quit("bye");
});
client.on("close", () => process.exit(0));
setTimeout(() => process.exit(3), 50000);
"""


def install(directory: Path, *packages: str) -> None:
    """Install packages with their scripts left out: nothing is built."""
    (directory / "package.json").write_text('{"private": true}')
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages],
        cwd=directory,
        check=True,
        capture_output=True,
        timeout=300,
    )


def test_a_client_over_websocket(tmp_path: Path) -> None:
    install(tmp_path, "irc-framework@4", "ws@8")
    script = tmp_path / "client.cjs"
    script.write_text(FRAMEWORK)
    with served(tmp_path) as server:
        al = server.irc("al")
        with subprocess.Popen(
            ["node", str(script), str(server.port)], stdout=subprocess.PIPE, text=True
        ) as client:
            assert al.until("PRIVMSG").endswith(" PRIVMSG #lobby :hé, is anybody there?")
            al.send("PRIVMSG #lobby :here I am")
            assert client.wait(PATIENCE) == 0
            assert client.stdout is not None
            assert client.stdout.read() == "al #lobby here I am\n"
        assert "QUIT :Quit: bye" in al.until("QUIT")


# What its page does: it says what to connect to, joins, and says a line.
LOUNGE = r"""
const socket = require("socket.io-client")(process.argv[2], { transports: ["websocket"] });
socket.on("init", () => {
  const network = { name: "x", host: "127.0.0.1", port: process.argv[3], join: "#lobby" };
  socket.emit("conn", { ...network, nick: "louise", username: "louise", realname: "L" });
});
let lobby;
socket.on("network", ({ networks }) => {
  lobby = networks[0].channels.find((one) => one.name === "#lobby").id;
});
socket.on("msg", ({ chan, msg }) => {
  if (chan !== lobby) return;
  if (msg.type === "join") socket.emit("input", { target: lobby, text: "hé, is anybody there?" });
  if (msg.type === "message" && msg.from && !msg.self) {
    console.log(`${msg.from} ${msg.text}`);
    socket.emit("input", { target: lobby, text: "/quit bye" });
  }
});
socket.on("quit", () => process.exit(0));
setTimeout(() => process.exit(3), 50000);
"""


def test_the_lounge(tmp_path: Path) -> None:
    # Later ones want a later Node.js than Debian has.
    install(tmp_path, "thelounge@2", "socket.io-client@2")
    port = free_port()
    package = tmp_path / "node_modules" / "thelounge"
    config = (package / "defaults" / "config.js").read_text()
    for before, after in [
        ("public: false,", "public: true,"),
        ("host: undefined,", 'host: "127.0.0.1",'),
        ("port: 9000,", f"port: {port},"),
    ]:
        assert before in config
        config = config.replace(before, after, 1)
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.js").write_text(config)
    script = tmp_path / "drive.cjs"
    script.write_text(LOUNGE)
    run = ["node", str(package / "index.js"), "start", "--home", str(home)]
    with (
        served(tmp_path) as server,
        subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as lounge,
    ):
        try:
            al = server.irc("al")
            drive = ["node", str(script), f"http://127.0.0.1:{port}", str(server.port)]
            with subprocess.Popen(drive, stdout=subprocess.PIPE, text=True) as page:
                assert al.until("PRIVMSG").endswith(" PRIVMSG #lobby :hé, is anybody there?")
                al.send("PRIVMSG #lobby :here I am")
                assert page.wait(PATIENCE) == 0
                assert page.stdout is not None
                assert page.stdout.read() == "al here I am\n"
            assert "QUIT :Quit: bye" in al.until("QUIT")
        finally:
            lounge.terminate()

"""Real IRC clients log in to their accounts, as their own documentation says that they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import authority, write_self_signed
from tests.real_clients import Irssi, WeeChat, needs
from tests.seeding import seed_account
from tests.served import Served, served

pytestmark = [pytest.mark.story, needs("irssi", "tmux", "weechat-headless")]

PASSWORD = "correct horse battery"
CONFIG = """
[[listeners]]
address = "127.0.0.1:0"

[[listeners]]
address = "127.0.0.1:0"
tls = { certificate = "cert.pem", key = "key.pem" }
"""


@dataclass
class Site:
    """A server where iris and wendy have accounts, and certificates that are known to be theirs."""

    server: Served
    port: int
    authority: Path
    certificates: dict[str, Path]

    def logged_in(self, name: str) -> None:
        """Check that somebody has the nickname of their account, and is logged in to it."""
        asker = self.server.irc("asker")
        asker.send(f"WHOIS {name}")
        lines = asker.lines_until(" 318 ")
        assert any(f" 330 asker {name} {name} :" in line for line in lines), lines


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    issued = authority().issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority().cert_pem.write_to_path(tmp_path / "authority.pem")
    certificates = {name: tmp_path / f"{name}.pem" for name in ("iris", "wendy")}
    for name, path in certificates.items():
        fingerprint = write_self_signed(path)
        seed_account(tmp_path / "data", name, PASSWORD, certificates=(fingerprint,))
    config = tmp_path / "chat.toml"
    config.write_text(CONFIG)
    with served(tmp_path, "--config", str(config), listen=False) as server:
        found = re.search(r":(\d+), with TLS", server.banner[1])
        assert found is not None
        yield Site(server, int(found[1]), tmp_path / "authority.pem", certificates)


# It knows SCRAM since 1.5 only.
@pytest.mark.parametrize("mechanism", ["PLAIN", "EXTERNAL"])
def test_irssi(site: Site, tmp_path: Path, mechanism: str) -> None:
    external = mechanism == "EXTERNAL"
    sasl = f'sasl_mechanism = "{mechanism}"; '
    if not external:
        sasl += f'sasl_username = "iris"; sasl_password = "{PASSWORD}";'
    certificate = site.certificates["iris"] if external else None
    with closing(
        Irssi(
            tmp_path / "i", site.port, "iris", site.authority, network=sasl, certificate=certificate
        )
    ) as iris:
        iris.until("SASL authentication succeeded", "Welcome to the trio_chat Network, iris!")
        site.logged_in("iris")


def test_irssi_with_a_wrong_password(site: Site, tmp_path: Path) -> None:
    sasl = 'sasl_mechanism = "PLAIN"; sasl_username = "iris"; sasl_password = "wrong";'
    with closing(
        Irssi(tmp_path / "i", site.port, "somebody", site.authority, network=sasl)
    ) as iris:
        # It hangs up by itself then, if nobody tells it otherwise.
        iris.until("SASL authentication failed", "Connection lost to localhost")


@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-256", "external"])
def test_weechat(site: Site, tmp_path: Path, mechanism: str) -> None:
    server = "/set irc.server.it."
    settings = [f"{server}sasl_mechanism {mechanism}"]
    if mechanism == "external":
        # In WeeChat 4 it is called tls.
        settings += [f"{server}{kind}_cert {site.certificates['wendy']}" for kind in ("ssl", "tls")]
    else:
        settings += [f"{server}sasl_username wendy", f"{server}sasl_password {PASSWORD}"]
    with closing(
        WeeChat(tmp_path / "w", site.port, "wendy", site.authority, settings=settings)
    ) as wendy:
        wendy.until("You are now logged in as wendy", "SASL authentication successful")
        wendy.until("Welcome to the trio_chat Network, wendy!")
        site.logged_in("wendy")


def test_clients_without_sasl_say_the_server_password(site: Site, tmp_path: Path) -> None:
    settings = [f"/set irc.server.it.password wendy:{PASSWORD}"]
    with closing(
        WeeChat(tmp_path / "w", site.port, "wendy", site.authority, settings=settings)
    ) as wendy:
        wendy.until("You are now logged in as wendy", "Welcome to the trio_chat Network, wendy!")
        site.logged_in("wendy")

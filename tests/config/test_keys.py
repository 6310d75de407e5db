"""What the core is told of the configuration."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import inspect

from tests.config.files import HASH, from_toml, write
from trio_chat.config import Config, ConfigError
from trio_chat.config.keys import KINDS, Connections, Gateways, History, Server, host_name
from trio_chat.core.settings import AccountPolicy, Gateway, Limits, Operator, Settings


def test_settings_are_what_the_core_needs(tmp_path: Path) -> None:
    words = "word " * 100
    motd = write(tmp_path, f"\ufeffHello\r\n\n  you  \n{words}", "motd.txt")
    operators = (Operator(name="root", password=HASH),)
    gateways = (Gateway(host=(ip_network("192.0.2.7"),), password=HASH),)
    config = Config(
        server=Server(
            name="a.example",
            network="Net",
            description="The chat",
            lobby="#a",
            password=HASH,
            motd=motd,
            admin=("here", "us"),
        ),
        operators=operators,
        gateways=Gateways(webirc=gateways),
        history=History(page=70, on_join=7),
        limits=Limits(nickname=9),
        connections=Connections(
            registration_timeout=1.0, registration_lines=2, ping_after=3.0, ping_timeout=4.0
        ),
    )
    settings = config.settings()
    assert settings.motd[:3] == ("Hello", "", "  you")
    assert " ".join(settings.motd[3:]) == words.rstrip()
    assert all(len(line) <= 390 for line in settings.motd)
    assert msgspec.structs.replace(settings, motd=()) == Settings(
        name="a.example",
        network="Net",
        description="The chat",
        lobby="#a",
        password=HASH,
        admin=("here", "us"),
        operators=operators,
        gateways=gateways,
        durable=True,
        history=True,
        history_page=70,
        history_on_join=7,
        retention_days=90,
        accounts=AccountPolicy(),
        limits=Limits(nickname=9),
        registration_timeout=1.0,
        registration_lines=2,
        ping_after=3.0,
        ping_timeout=4.0,
    )


def test_a_server_without_a_description_is_described_by_its_network() -> None:
    assert Config(server=Server(network="Net")).settings().description == "Net"


def test_settings_without_a_motd() -> None:
    assert Config().settings() == Settings(
        name=host_name(),
        durable=True,
        history=True,
        retention_days=90,
        accounts=AccountPolicy(),
    )


def test_settings_without_history() -> None:
    settings = Config(history=History(enabled=False)).settings()
    assert (settings.history, settings.durable) == (False, True)
    assert settings.accounts == AccountPolicy()
    settings = Config(server=Server(data=None)).settings()
    assert (settings.history, settings.durable) == (False, False)
    assert settings.accounts is None


def test_settings_with_a_motd_that_is_gone(tmp_path: Path) -> None:
    config = Config(server=Server(motd=tmp_path / "motd.txt"))
    with pytest.raises(ConfigError) as caught:
        config.settings()
    assert str(caught.value) == (
        f"server.motd is {tmp_path}/motd.txt, which can not be read: No such file or directory"
    )


NUMBERS = {
    key: kind for key, kind in KINDS.items() if (get_args(kind) or (kind,))[0] in (int, float)
}
"""The keys that are numbers, whether or not these have ends."""


def test_there_are_numbers() -> None:
    assert {"limits.sendq", "flood.rate", "sts.port", "connections.total"} <= set(NUMBERS)


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_has_two_ends(tmp_path: Path, key: str) -> None:
    kind = inspect.type_info(NUMBERS[key])
    assert isinstance(kind, inspect.IntType | inspect.FloatType)
    assert kind.ge is not None
    assert kind.le is not None
    section, name = key.split(".")
    step = 1 if isinstance(kind, inspect.IntType) else 1e-3
    beyond = [kind.ge - step, kind.le + step, 10**15, -(10**15), "nan", "inf"]
    for value in beyond if kind.ge == 0 else [*beyond, "1e-320"]:
        with pytest.raises(ConfigError, match=rf"{key} is .*; expected a .*number, at least "):
            from_toml(tmp_path, f"[{section}]\n{name} = {value}")
    for value in (kind.ge, kind.le):
        # Together with others it may be wrong all the same.
        assert msgspec.convert(value, NUMBERS[key]) == value

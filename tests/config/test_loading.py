"""What is loaded, from where, and what nobody has set."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.certificates import write_certificate
from tests.config.files import HASH, HOME, from_toml, write
from trio_chat.config import (
    Config,
    ConfigError,
    Listener,
    Override,
    TcpAddress,
    Tls,
    UnixAddress,
    load,
)
from trio_chat.config.keys import (
    Connections,
    Flood,
    Gateways,
    History,
    Server,
    Sts,
    data_directory,
    host_name,
)
from trio_chat.config.listening import FileMode
from trio_chat.core.settings import AccountPolicy, Gateway, Limits, Operator

FLAG = Override(flag="--flag", key="server.name", value="flag.example")


def test_nothing_set_is_the_documented_defaults() -> None:
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert load(None, HOME) == Config(
        server=Server(
            name=host_name(),
            network="trio_chat",
            description="",
            data=Path("/home/alice/.local/share/trio-chat"),
            password="",
            motd=None,
            admin=(),
            lobby="#lobby",
            prompt_delay=0.3,
        ),
        listeners=(Listener(address=TcpAddress("127.0.0.1", 55555), tls=None),),
        operators=(),
        accounts=AccountPolicy(
            registration="open", before_connect=True, require_email=False, password_min_length=8
        ),
        history=History(
            enabled=True,
            sync="full",
            retention_days=90,
            max_per_channel=100_000,
            page=1000,
            on_join=20,
        ),
        limits=Limits(),
        flood=Flood(burst=10, rate=4.0, exempt=loopback),
        connections=Connections(
            total=0,
            per_address=64,
            new_per_minute=64,
            exempt=loopback,
            registration_timeout=60.0,
            registration_lines=1024,
            ping_after=90.0,
            ping_timeout=150.0,
            handshake_timeout=10.0,
            drain_timeout=5.0,
        ),
        gateways=Gateways(webirc=(), proxy=()),
        sts=Sts(enabled=False, port=0, duration=2_592_000, preload=False),
    )


def test_a_whole_file(tmp_path: Path) -> None:
    write_certificate(tmp_path, "full.pem")
    for name in ("motd.txt",):
        write(tmp_path, "text", name)
    config = from_toml(
        tmp_path,
        f"""
        [server]
        name = "chat.example.org"
        network = "Example"
        description = "An example, and more"
        data = "data"
        password = "{HASH}"
        motd = "motd.txt"
        admin = ["Lyon, France", "us"]
        lobby = "#salon"
        prompt_delay = 1
        [[listeners]]
        address = "[::]:6697"
        tls = {{ certificate = "full.pem", key = "{tmp_path}/key.pem", only = true }}
        [[listeners]]
        address = "unix:chat.sock"
        mode = "0660"
        group = "33"
        [[operators]]
        name = "root"
        password = "{HASH}"
        [accounts]
        registration = "closed"
        [history]
        sync = "off"
        [limits]
        nickname = 16
        [flood]
        exempt = []
        [connections]
        total = 5
        [gateways]
        webirc = [{{ host = ["192.0.2.7"], password = "{HASH}" }}]
        proxy = ["10.0.0.0/8"]
        [sts]
        enabled = true
        preload = true
        """,
    )
    assert config == Config(
        server=Server(
            name="chat.example.org",
            network="Example",
            description="An example, and more",
            data=tmp_path / "data",
            password=HASH,
            motd=tmp_path / "motd.txt",
            admin=("Lyon, France", "us"),
            lobby="#salon",
            prompt_delay=1.0,
        ),
        listeners=(
            Listener(
                address=TcpAddress("::", 6697),
                tls=Tls(certificate=tmp_path / "full.pem", key=tmp_path / "key.pem", only=True),
            ),
            Listener(address=UnixAddress(tmp_path / "chat.sock"), mode=FileMode(0o660), group="33"),
        ),
        operators=(Operator(name="root", password=HASH),),
        accounts=AccountPolicy(registration="closed"),
        history=History(sync="off"),
        limits=Limits(nickname=16),
        flood=Flood(exempt=()),
        connections=Connections(total=5),
        gateways=Gateways(
            webirc=(Gateway(host=(ip_network("192.0.2.7"),), password=HASH),),
            proxy=(ip_network("10.0.0.0/8"),),
        ),
        sts=Sts(enabled=True, preload=True),
    )


def test_relative_paths_begin_at_the_directory_of_a_file_named_relatively(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    write(tmp_path / "etc", '[server]\ndata = "data"')
    monkeypatch.chdir(tmp_path)
    assert load(Path("etc/chat.toml"), HOME).server.data == tmp_path / "etc" / "data"


def test_relative_paths_of_environment_and_flags_begin_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variable = load(None, {"TRIO_CHAT_SERVER_DATA": "data"})
    flag = load(None, HOME, [Override(flag="--data", key="server.data", value="data")])
    assert variable.server.data == flag.server.data == tmp_path / "data"


def test_flags_win_over_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\nname = "file.example"\nnetwork = "FileNet"')
    environ = HOME | {"TRIO_CHAT_SERVER_NAME": "environment.example"}
    assert load(path, HOME).server.name == "file.example"
    assert load(path, environ).server.name == "environment.example"
    assert load(path, environ, [FLAG]).server.name == "flag.example"
    assert load(path, environ, [FLAG]).server.network == "FileNet"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_any_line_ends_do_no_harm(tmp_path: Path, newline: str) -> None:
    path = write(tmp_path, f'\ufeff[server]{newline}name = "a.example"{newline}')
    assert load(path, HOME).server.name == "a.example"


def test_an_empty_motd_unsets_it(tmp_path: Path) -> None:
    path = write(tmp_path, '[server]\nmotd = "nowhere.txt"')
    assert load(path, HOME | {"TRIO_CHAT_SERVER_MOTD": ""}).server.motd is None


def test_an_empty_directory_is_none(tmp_path: Path) -> None:
    flag = Override(flag="--no-data", key="server.data", value="")
    path = write(tmp_path, '[server]\ndata = "here"')
    for config in (
        from_toml(tmp_path, '[server]\ndata = ""'),
        load(None, HOME | {"TRIO_CHAT_SERVER_DATA": ""}),
        load(None, HOME | {"TRIO_CHAT_SERVER_DATA": "there"}, [flag]),
        load(tmp_path / path, HOME, [flag]),
    ):
        assert config.server.data is None
        assert not config.settings().durable


def test_history_is_switched_off_by_a_flag(tmp_path: Path) -> None:
    flag = Override(flag="--no-history", key="history.enabled", value=False)
    path = write(tmp_path, "[history]\npage = 5")
    assert load(path, HOME).settings().history
    assert not load(path, HOME, [flag]).settings().history
    assert load(path, HOME, [flag]).settings().durable


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"HOME": "/home/a", "XDG_DATA_HOME": "/data"}, "/data/trio-chat"),
        ({"HOME": "/home/a", "XDG_DATA_HOME": "data"}, "/home/a/.local/share/trio-chat"),
        ({"HOME": "/home/a", "XDG_DATA_HOME": ""}, "/home/a/.local/share/trio-chat"),
        ({}, str(Path.home() / ".local/share/trio-chat")),
    ],
)
def test_the_data_directory(environ: dict[str, str], directory: str) -> None:
    assert str(data_directory(environ)) == directory
    assert load(None, environ).server.data == Path(directory)


def test_a_user_without_a_home_has_to_name_a_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(ConfigError, match=r"^server\.data is not set; expected a directory"):
        load(None, {})
    assert load(None, {"TRIO_CHAT_SERVER_DATA": "/data"}).server.data == Path("/data")
    assert load(None, {"TRIO_CHAT_SERVER_DATA": ""}).server.data is None


@pytest.mark.parametrize(
    ("hostname", "name"),
    [("chat.example", "chat.example"), ("", "localhost"), ("a b", "localhost")],
)
def test_the_host_s_name(monkeypatch: pytest.MonkeyPatch, hostname: str, name: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: hostname)
    assert host_name() == name
    assert load(None, HOME).server.name == name


def test_a_pipe_is_read_once_and_never_again(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    os.mkfifo(path)
    with ThreadPoolExecutor() as threads:
        writing = threads.submit(path.write_text, '[server]\nname = "a.example"')
        assert load(path, HOME).server.name == "a.example"
        writing.result()
    with pytest.raises(ConfigError) as caught:
        load(path, HOME, again=True)
    assert str(caught.value) == f"{path}: can not be read: it is not a regular file"
    path.unlink()
    path.write_text('[server]\nname = "b.example"')
    assert load(path, HOME, again=True).server.name == "b.example"


def test_a_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConfigError) as caught:
        load(None, HOME)
    assert str(caught.value) == (
        "the current directory can not be found: No such file or directory"
    )

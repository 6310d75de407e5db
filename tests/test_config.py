from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from tests.certificates import write_certificate
from trio_chat.addresses import Address, TcpAddress, UnixAddress
from trio_chat.config import (
    SECTIONS,
    Accounts,
    Config,
    ConfigError,
    Connections,
    Flood,
    Gateways,
    History,
    Listener,
    Override,
    Server,
    Sts,
    Tls,
    data_directory,
    host_name,
    load,
)
from trio_chat.config_checks import check
from trio_chat.core.networks import NETWORK_FORM
from trio_chat.core.settings import Gateway, Limits, Operator, Settings
from trio_chat.core.settings import Sts as StsPolicy

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
HOME = {"HOME": "/home/alice"}
FLAG = Override(flag="--flag", key="server.name", value="flag.example")


def write(directory: Path, text: str | bytes, name: str = "chat.toml") -> Path:
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def from_toml(directory: Path, text: str) -> Config:
    return load(write(directory, text), HOME)


def faults(directory: Path, text: str | bytes) -> list[str]:
    """What is said about a file, without its name, which has to stand in front of all of it."""
    path = write(directory, text)
    with pytest.raises(ConfigError) as caught:
        load(path, HOME)
    assert str(caught.value) == "\n".join(caught.value.faults)
    said = [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]
    assert not set(said) & set(caught.value.faults)
    return said


# What is loaded


def test_nothing_set_is_the_documented_defaults() -> None:
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert load(None, HOME) == Config(
        server=Server(
            name=host_name(),
            network="trio_chat",
            data=Path("/home/alice/.local/share/trio-chat"),
            password="",
            motd=None,
            admin=(),
            lobby="#lobby",
            prompt_delay=0.3,
        ),
        listeners=(Listener(address=TcpAddress("127.0.0.1", 55555), tls=None),),
        operators=(),
        accounts=Accounts(
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
        sections_set=frozenset(),
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
        data = "data"
        password = "{HASH}"
        motd = "motd.txt"
        admin = ["Lyon, France", "us"]
        lobby = "#salon"
        prompt_delay = 1
        [[listeners]]
        address = "[::]:6697"
        tls = {{ certificate = "full.pem", key = "{tmp_path}/key.pem" }}
        [[listeners]]
        address = "unix:chat.sock"
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
                tls=Tls(certificate=tmp_path / "full.pem", key=tmp_path / "key.pem"),
            ),
            Listener(address=UnixAddress(tmp_path / "chat.sock")),
        ),
        operators=(Operator(name="root", password=HASH),),
        accounts=Accounts(registration="closed"),
        history=History(sync="off"),
        limits=Limits(nickname=16),
        flood=Flood(exempt=()),
        connections=Connections(total=5),
        gateways=Gateways(
            webirc=(Gateway(host=(ip_network("192.0.2.7"),), password=HASH),),
            proxy=(ip_network("10.0.0.0/8"),),
        ),
        sts=Sts(enabled=True, preload=True),
        sections_set=frozenset(SECTIONS),
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


# What concerns several keys, and files


def test_certificates_keys_and_motd_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "key.pem").mkdir()
    assert faults(
        tmp_path,
        """
        [server]
        motd = "motd.txt"
        [[listeners]]
        address = "127.0.0.1:1"
        [[listeners]]
        address = "127.0.0.1:2"
        tls = { certificate = "none.pem", key = "key.pem" }
        """,
    ) == [
        f"listeners[1].tls.certificate is {tmp_path}/none.pem, "
        "which can not be read: No such file or directory",
        f"listeners[1].tls.key is {tmp_path}/key.pem, which can not be read: Is a directory",
        f"server.motd is {tmp_path}/motd.txt, which can not be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("data", "said"), [(b"\xff", "it is not UTF-8"), (b"a\0", "it has a NUL in it")]
)
def test_a_motd_that_is_no_text(tmp_path: Path, data: bytes, said: str) -> None:
    path = write(tmp_path, data, "motd.txt")
    assert faults(tmp_path, '[server]\nmotd = "motd.txt"') == [
        f"server.motd is {path}, which can not be read: {said}"
    ]


def found_by_check(config: Config) -> list[str]:
    said = list(check(config))
    assert all(text.startswith(where) or where == "listeners" for where, text in said)
    return [text for _, text in said]


def test_the_defaults_pass_the_checks() -> None:
    assert found_by_check(Config()) == []


def test_there_has_to_be_a_listener() -> None:
    assert found_by_check(Config(listeners=())) == [
        "listeners is empty; expected one address at least"
    ]


def test_addresses_of_listeners_are_different() -> None:
    addresses: list[Address] = [
        TcpAddress("::1", 0),
        TcpAddress("::1", 0),
        TcpAddress("::1", 1),
        UnixAddress(Path("/a")),
        TcpAddress("::1", 1),
        UnixAddress(Path("/a")),
    ]
    config = Config(listeners=tuple(Listener(address=address) for address in addresses))
    expected = "expected an address of its own"
    assert found_by_check(config) == [
        f'listeners[4].address is "[::1]:1", as is listeners[2].address; {expected}',
        f'listeners[5].address is "unix:/a", as is listeners[3].address; {expected}',
    ]


def test_the_path_of_a_socket_has_a_length() -> None:
    paths = [Path("/" + "a" * 106), Path("/" + "ä" * 53 + "a")]
    listeners = tuple(Listener(address=UnixAddress(path)) for path in paths)
    assert found_by_check(Config(listeners=listeners)) == [
        f'listeners[1].address is "unix:{paths[1]}"; expected a path of at most 107 bytes'
    ]


@pytest.mark.parametrize("password", ["secret", "$argon2id$...", HASH[:40], HASH[:-22]])
def test_passwords_are_hashes_and_are_not_shown(password: str) -> None:
    config = Config(
        server=Server(password=password),
        operators=(Operator(name="root", password=password),),
        gateways=Gateways(webirc=(Gateway(host=(), password=password),)),
    )
    assert found_by_check(config) == [
        f"{where} is not an argon2 hash; make one with `trio-chat hash-password`"
        for where in ("server.password", "operators[0].password", "gateways.webirc[0].password")
    ]


def test_an_operator_has_a_password() -> None:
    assert len(found_by_check(Config(operators=(Operator(name="root", password=""),)))) == 1


def test_names_of_operators_are_different() -> None:
    operators = tuple(Operator(name=name, password=HASH) for name in ("a", "b", "a", "a"))
    assert found_by_check(Config(operators=operators)) == [
        f'operators[{index}].name is "a", as is operators[0].name; expected a name of its own'
        for index in (2, 3)
    ]


@pytest.mark.parametrize(("after", "timeout", "fine"), [(5, 5, False), (5, 4, False), (5, 6, True)])
def test_a_ping_comes_before_the_end(after: float, timeout: float, fine: bool) -> None:
    config = Config(connections=Connections(ping_after=after, ping_timeout=timeout))
    assert (found_by_check(config) == []) is fine


@pytest.mark.parametrize(
    ("admin", "said"),
    [
        (("a", "b", "c"), []),
        (("é" * 195,), []),
        (
            ("a", "b", "c", "d"),
            ["server.admin is a list of 4; expected at most 3 texts"],
        ),
        (
            ("a", "é" * 195 + "x"),
            ["server.admin[1] is 391 bytes long; expected at most 390"],
        ),
    ],
)
def test_what_admin_says_is_short(admin: tuple[str, ...], said: list[str]) -> None:
    assert found_by_check(Config(server=Server(admin=admin))) == said


def test_what_admin_says_can_be_shown(tmp_path: Path) -> None:
    expected = "expected a text, not empty, without control characters"
    assert faults(tmp_path, '[server]\nadmin = ["a\\u0007", "fine", "", 5]') == [
        f'server.admin[0] is "a\\u0007"; {expected}',
        f'server.admin[2] is ""; {expected}',
        f"server.admin[3] is 5; {expected}",
    ]
    assert faults(tmp_path, '[server]\nadmin = "me"') == ['server.admin is "me"; expected a list']


FILES = Tls(certificate=Path("/c"), key=Path("/k"))
UNIX = Listener(address=UnixAddress(Path("/a")), tls=FILES)
OPEN = Listener(address=TcpAddress("::", 6667))
ANY = Listener(address=TcpAddress("::", 0), tls=FILES)
SECURE = Listener(address=TcpAddress("::", 6697), tls=FILES)
SECOND = Listener(address=TcpAddress("::", 7000), tls=FILES)


@pytest.mark.parametrize(
    ("sts", "listeners", "port"),
    [
        (Sts(enabled=True), (OPEN, UNIX, SECURE, SECOND), 6697),
        (Sts(enabled=True), (ANY, SECOND), 7000),
        (Sts(enabled=True, port=443), (OPEN, SECURE), 443),
        (Sts(enabled=True, port=443), (ANY,), 443),
        (Sts(enabled=False, port=443), (SECURE,), None),
    ],
)
def test_the_policy_names_the_port_of_tls(
    sts: Sts, listeners: tuple[Listener, ...], port: int | None
) -> None:
    config = Config(sts=sts, listeners=listeners)
    assert found_by_check(config) == []
    policy = config.settings().sts
    if port is None:
        assert policy is None
    else:
        assert policy == StsPolicy(port=port, duration=2_592_000, preload=False)


def test_the_policy_can_be_taken_back() -> None:
    config = Config(sts=Sts(enabled=True, duration=0, preload=True), listeners=(SECURE,))
    assert config.settings().sts == StsPolicy(port=6697, duration=0, preload=True)


@pytest.mark.parametrize(
    ("sts", "listeners", "said"),
    [
        (Sts(enabled=True), (OPEN,), "sts.enabled is true; expected a listener with TLS on a TCP"),
        (Sts(enabled=True, port=443), (OPEN,), "sts.enabled is true; expected a listener with TLS"),
        (Sts(enabled=True), (OPEN, UNIX), "sts.enabled is true; expected a listener with TLS"),
        (Sts(enabled=True), (OPEN, ANY), "sts.port is 0; expected a port, as every listener"),
    ],
)
def test_there_is_no_policy_without_tls(
    sts: Sts, listeners: tuple[Listener, ...], said: str
) -> None:
    config = Config(sts=sts, listeners=listeners)
    (fault,) = found_by_check(config)
    assert fault.startswith(said)
    assert found_by_check(msgspec.structs.replace(config, sts=Sts())) == []


def test_values_of_the_policy_and_of_gateways(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        """
        [sts]
        enabled = 1
        port = 65536
        duration = -1
        preload = "yes"
        [gateways]
        proxy = ["10.0.0.1/8", "example.org"]
        webirc = [{ host = "192.0.2.7", password = 5, name = "x" }, {}]
        """,
    ) == [
        "sts.enabled is 1; expected true or false",
        "sts.port is 65536; expected a whole number, at least 0, at most 65535",
        "sts.duration is -1; expected a whole number, at least 0",
        'sts.preload is "yes"; expected true or false',
        f'gateways.proxy[0] is "10.0.0.1/8"; expected {NETWORK_FORM}',
        f'gateways.proxy[1] is "example.org"; expected {NETWORK_FORM}',
        'gateways.webirc[0].host is "192.0.2.7"; expected a list',
        "gateways.webirc[0].password is not a text; expected a text",
        "gateways.webirc[0].name is not a known key; "
        "the nearest known one is gateways.webirc[0].host",
        "gateways.webirc[1].host is missing; expected a list",
        "gateways.webirc[1].password is missing; expected a text",
    ]


# What the rest of the program is told


def test_settings_are_what_the_core_needs(tmp_path: Path) -> None:
    words = "word " * 100
    motd = write(tmp_path, f"\ufeffHello\r\n\n  you  \n{words}", "motd.txt")
    operators = (Operator(name="root", password=HASH),)
    gateways = (Gateway(host=(ip_network("192.0.2.7"),), password=HASH),)
    config = Config(
        server=Server(
            name="a.example",
            network="Net",
            lobby="#a",
            password=HASH,
            motd=motd,
            admin=("here", "us"),
        ),
        operators=operators,
        gateways=Gateways(webirc=gateways),
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
        lobby="#a",
        password=HASH,
        admin=("here", "us"),
        operators=operators,
        gateways=gateways,
        limits=Limits(nickname=9),
        registration_timeout=1.0,
        registration_lines=2,
        ping_after=3.0,
        ping_timeout=4.0,
    )


def test_settings_without_a_motd() -> None:
    assert Config().settings() == Settings(name=host_name())


@pytest.mark.parametrize("broken", ["nonsense", ""])
def test_a_certificate_that_can_not_be_used_is_a_fault(tmp_path: Path, broken: str) -> None:
    write_certificate(tmp_path)
    toml = '[[listeners]]\naddress = "[::1]:1"\n'
    toml += 'tls = { certificate = "cert.pem", key = "key.pem" }'
    from_toml(tmp_path, toml)
    # The key of another certificate.
    write_certificate(tmp_path, "cert.pem", "other.pem")
    for content in ((tmp_path / "key.pem").read_text(), broken):
        (tmp_path / "key.pem").write_text(content)
        with pytest.raises(ConfigError) as caught:
            from_toml(tmp_path, toml)
        assert "listeners[0].tls is " in str(caught.value)
        assert "expected a certificate and the key that belongs to it" in str(caught.value)


def test_settings_with_a_motd_that_is_gone(tmp_path: Path) -> None:
    config = Config(server=Server(motd=tmp_path / "motd.txt"))
    with pytest.raises(ConfigError) as caught:
        config.settings()
    assert str(caught.value) == (
        f"server.motd is {tmp_path}/motd.txt, which can not be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("toml", "sections"),
    [
        ("", []),
        ("[history]\n[accounts]\n[limits]\nnickname = 5", []),
        ("[history]\nenabled = true", []),
        ("[history]\npage = 5", ["history"]),
        ("[history]\nenabled = false\npage = 5", []),
        ('[accounts]\nregistration = "open"', []),
        ('[accounts]\nregistration = "closed"', ["accounts"]),
        ('[gateways]\nproxy = ["::1"]\n[accounts]\nrequire_email = true', ["accounts"]),
    ],
)
def test_what_is_set_and_not_there_yet(tmp_path: Path, toml: str, sections: list[str]) -> None:
    assert from_toml(tmp_path, toml).not_there_yet() == sections


def test_history_switched_off_by_a_flag_is_not_missed(tmp_path: Path) -> None:
    flag = Override(flag="--no-history", key="history.enabled", value=False)
    path = write(tmp_path, "[history]\npage = 5")
    assert load(path, HOME).not_there_yet() == ["history"]
    assert load(path, HOME, [flag]).not_there_yet() == []


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


@pytest.mark.parametrize(
    ("hostname", "name"),
    [("chat.example", "chat.example"), ("", "localhost"), ("a b", "localhost")],
)
def test_the_host_s_name(monkeypatch: pytest.MonkeyPatch, hostname: str, name: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: hostname)
    assert host_name() == name
    assert load(None, HOME).server.name == name

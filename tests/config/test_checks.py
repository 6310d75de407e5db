"""What concerns several keys, and the files that they name."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from tests.certificates import write_certificate
from tests.config.files import HASH, faults, from_toml, write
from trio_chat.config import Address, Config, ConfigError, Listener, TcpAddress, Tls, UnixAddress
from trio_chat.config.checks import check
from trio_chat.config.keys import Connections, Gateways, Server, Sts
from trio_chat.config.listening import FileMode
from trio_chat.core.networks import NETWORK_FORM
from trio_chat.core.settings import AccountPolicy, Gateway, Limits, Operator
from trio_chat.core.settings import Sts as StsPolicy


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


def test_a_file_that_keeps_its_readers_waiting_is_not_read(tmp_path: Path) -> None:
    for name in ("cert.pem", "motd.txt"):
        os.mkfifo(tmp_path / name)
    found = faults(
        tmp_path,
        """
        [server]
        motd = "motd.txt"
        [[listeners]]
        address = "localhost:1"
        tls = { certificate = "cert.pem", key = "/dev/zero" }
        """,
    )
    said = "which can not be read: it is not a regular file"
    assert found == [
        f"listeners[0].tls.certificate is {tmp_path}/cert.pem, {said}",
        f"listeners[0].tls.key is /dev/zero, {said}",
        f"server.motd is {tmp_path}/motd.txt, {said}",
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


def test_only_a_socket_in_the_file_system_has_a_mode_and_a_group() -> None:
    listeners = tuple(
        Listener(address=address, mode=FileMode(0o60), group="33")
        for address in (UnixAddress(Path("/a")), TcpAddress("::1", 0))
    )
    why = "expected none, as [::1]:0 has no file: only an address with unix: has"
    assert found_by_check(Config(listeners=listeners)) == [
        f'listeners[1].mode is "0060"; {why}',
        f'listeners[1].group is "33"; {why}',
    ]


def test_accounts_can_not_be_required_where_there_are_none() -> None:
    config = Config(accounts=AccountPolicy(required=True))
    assert found_by_check(config) == []
    assert found_by_check(msgspec.structs.replace(config, server=Server(data=None))) == [
        "accounts.required is true; expected false, as nothing is kept on disk (server.data is "
        "empty), and so there are no accounts"
    ]


def test_a_message_is_never_too_much_for_who_is_sent_it() -> None:
    limits = Limits(sendq=60_000, multiline_bytes=10_000, multiline_lines=100)
    assert found_by_check(Config(limits=limits)) == [
        "limits.sendq is 60000; expected at least 61200, which is what one message can take "
        "(limits.multiline_bytes is 10000, limits.multiline_lines 100)"
    ]
    assert found_by_check(Config(limits=msgspec.structs.replace(limits, sendq=61_200))) == []


@pytest.mark.parametrize(
    ("costs", "fine"),
    [
        ("m=65536,t=3,p=4", True),
        ("m=1048576,t=100,p=64", True),
        ("m=1048577,t=3,p=4", False),
        ("m=65536,t=4294967295,p=4", False),
        ("m=65536,t=3,p=65", False),
    ],
)
def test_a_password_does_not_take_for_ever(costs: str, fine: bool) -> None:
    text = HASH.replace("m=65536,t=3,p=4", costs)
    found = found_by_check(Config(server=Server(password=text)))
    assert [fault.partition(":")[0] for fault in found] == (
        [] if fine else ["server.password takes too much work"]
    )


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


def test_a_description_is_short_and_can_be_shown(tmp_path: Path) -> None:
    assert found_by_check(Config(server=Server(description="é" * 100))) == []
    assert found_by_check(Config(server=Server(description="é" * 100 + "x"))) == [
        "server.description is 201 bytes long; expected at most 200"
    ]
    assert faults(tmp_path, '[server]\ndescription = "a\\nb"') == [
        'server.description is "a\\nb"; expected a text without control characters'
    ]


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
        "sts.duration is -1; expected a whole number, at least 0, at most 315360000",
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


def test_a_code_that_nothing_would_mail(tmp_path: Path) -> None:
    assert faults(tmp_path, "[accounts]\nrequire_email = true") == [
        "accounts.require_email is true; expected accounts.mail_command, as a code has to be mailed"
    ]

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.certificates import write_certificate
from tests.config.files import HASH, HOME, faults, write
from trio_chat.config import Config, ConfigError, Override, load
from trio_chat.config.conversion import variable_of
from trio_chat.config.keys import KINDS
from trio_chat.config.listening import ADDRESS_FORM, MODE_FORM
from trio_chat.config.origins import parse_origin
from trio_chat.core.networks import NETWORK_FORM
from trio_chat.core.settings import Gateway, Operator

LISTENER = "[[listeners]]\naddress = 'a:1'"
UNKNOWN = "is not a known key; the nearest known one is"
NOT_TOML = "is not TOML:"
NICKNAME = "expected a whole number, at least 1, at most 64"
GROUP = "expected the name or the number of a group, as a text"
PAGE = "expected a whole number, at least 1, at most 10000"
RATE = "expected a number, at least 0.01, at most 1000000"
WHOWAS = "expected a whole number, at least 0, at most 100000"


def faults_of_environment(**variables: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(None, HOME | variables)
    return list(caught.value.faults)


# The environment

TEXTS = {
    "server.name": ("a.example", "a.example"),
    "server.network": ("Net", "Net"),
    "server.description": ("The chat, here", "The chat, here"),
    "server.data": ("/data", Path("/data")),
    "server.password": (HASH, HASH),
    "server.motd": ("", None),
    "server.admin": ("Lyon, us", ("Lyon", "us")),
    "server.lobby": ("#a", "#a"),
    "server.prompt_delay": ("0", 0.0),
    "accounts.registration": ("closed", "closed"),
    "accounts.mail_command": ("sendmail, -i", ("sendmail", "-i")),
    "accounts.rooms": ("operators", "operators"),
    "history.sync": ("normal", "normal"),
    "flood.rate": ("1.5", 1.5),
    "connections.ping_timeout": ("1e3", 1000.0),
    "web.listen": ("all", "all"),
    "web.websocket": ("/irc, /", ("/irc", "/")),
    "web.origins": (
        "https://a.example, b.example",
        (parse_origin("https://a.example"), parse_origin("b.example")),
    ),
    "web.title": ("The chat", "The chat"),
    "web.accent": ("#00ff00", "#00ff00"),
    "web.icon": ("", None),
}


@pytest.mark.parametrize("key", [key for key in KINDS if "." in key])
def test_every_key_can_be_set_in_the_environment(tmp_path: Path, key: str) -> None:
    section, name = key.split(".")
    default = getattr(getattr(Config(), section), name)
    if key in TEXTS:
        text, value = TEXTS[key]
    elif isinstance(default, bool):
        text, value = str(not default).lower(), not default
    elif isinstance(default, int | float):
        text, value = str(default // 2 + 1), type(default)(default // 2 + 1)
    elif key == "gateways.webirc":
        text = json.dumps([{"host": ["::1"], "password": HASH}])
        value = (Gateway(host=(ip_network("::1"),), password=HASH),)
    else:
        text, value = "192.0.2.0/24, ::1", (ip_network("192.0.2.0/24"), ip_network("::1"))
    write_certificate(tmp_path)
    path = tmp_path / "chat.toml"
    # The policy for TLS takes a listener with it.
    # So does a code that is to be mailed.
    mail = '[accounts]\nmail_command = ["sendmail"]\n' if key == "accounts.require_email" else ""
    path.write_text(f'{mail}{LISTENER}\ntls = {{ certificate = "cert.pem", key = "key.pem" }}')
    config = load(path, HOME | {variable_of(key): text})
    assert getattr(getattr(config, section), name) == value
    assert key in ("server.motd", "web.icon") or value != default


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("127.0.0.1:1", ["127.0.0.1:1"]),
        ("127.0.0.1:1, [::1]:2,unix:/run/chat", ["127.0.0.1:1", "[::1]:2", "unix:/run/chat"]),
        ("[::1]:2", ["[::1]:2"]),
        ('[{ address = "127.0.0.1:1" }, { address = "[::1]:2" }]', ["127.0.0.1:1", "[::1]:2"]),
        ('[{"address": "127.0.0.1:1"}]', ["127.0.0.1:1"]),
    ],
)
def test_listeners_in_the_environment(text: str, addresses: list[str]) -> None:
    config = load(None, HOME | {"TRIO_CHAT_LISTENERS": text})
    assert [str(listener.address) for listener in config.listeners] == addresses


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"name": "root", "password": HASH}]),
        f'[{{ name = "root", password = "{HASH}" }}]',
    ],
)
def test_operators_in_the_environment(text: str) -> None:
    config = load(None, HOME | {"TRIO_CHAT_OPERATORS": text})
    assert config.operators == (Operator(name="root", password=HASH),)


@pytest.mark.parametrize("text", ["", " ", "[]"])
def test_empty_lists_in_the_environment(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f'[[operators]]\nname = "root"\npassword = "{HASH}"')
    assert load(path, HOME | {"TRIO_CHAT_OPERATORS": text}).operators == ()


def test_no_networks_in_the_environment() -> None:
    assert load(None, HOME | {"TRIO_CHAT_FLOOD_EXEMPT": ""}).flood.exempt == ()


def test_faults_of_the_environment() -> None:
    assert faults_of_environment(
        TRIO_CHAT_SERVER_NAEM="x",
        TRIO_CHAT_LIMITS_NICKNAME="many",
        TRIO_CHAT_FLOOD_EXEMPT="::1,10.0.0.1/8",
        TRIO_CHAT_LISTENERS="127.0.0.1:1,here",
        TRIO_CHAT_OPERATORS="root:secret",
        TRIO_CHAT_HISTORY_ENABLED="maybe",
        TRIO_CHAT_SERVER_NETWORK="\udcff",
        PATH="/bin",
    ) == [
        f"environment variable TRIO_CHAT_SERVER_NAEM {UNKNOWN} TRIO_CHAT_SERVER_NAME",
        'TRIO_CHAT_LIMITS_NICKNAME: limits.nickname is "many"; '
        "expected a whole number, at least 1, at most 64",
        'TRIO_CHAT_FLOOD_EXEMPT: flood.exempt[1] is "10.0.0.1/8"; '
        "expected a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32",
        f'TRIO_CHAT_LISTENERS: listeners[1].address is "here"; expected {ADDRESS_FORM}',
        'TRIO_CHAT_OPERATORS: operators is "root:secret"; '
        "expected a list of tables, as JSON or as TOML",
        'TRIO_CHAT_HISTORY_ENABLED: history.enabled is "maybe"; expected true or false',
        'TRIO_CHAT_SERVER_NETWORK: server.network is "\\udcff"; expected UTF-8',
    ]


def test_a_fault_of_several_keys_names_the_one_that_was_given() -> None:
    assert faults_of_environment(TRIO_CHAT_CONNECTIONS_PING_TIMEOUT="80") == [
        "TRIO_CHAT_CONNECTIONS_PING_TIMEOUT: connections.ping_timeout is 80.0; "
        "expected more than connections.ping_after, which is 90.0"
    ]
    assert faults_of_environment(TRIO_CHAT_CONNECTIONS_PING_AFTER="200") == [
        "connections.ping_timeout is 150.0; "
        "expected more than connections.ping_after, which is 200.0"
    ]


def test_a_fault_of_a_flag_names_it() -> None:
    flag = Override(flag="--name", key="server.name", value="a b")
    with pytest.raises(ConfigError, match=r'^--name: server\.name is "a b"; expected a name'):
        load(None, HOME, [flag])


# Faults of a file


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[limits]\nnickname = 100", f"limits.nickname is 100; {NICKNAME}"),
        ("[limits]\nnickname = 2.5", f"limits.nickname is 2.5; {NICKNAME}"),
        ("[limits]\nwhowas = -1", f"limits.whowas is -1; {WHOWAS}"),
        ("[limits]\nwhowas = true", f"limits.whowas is true; {WHOWAS}"),
        ("[flood]\nrate = 0", f"flood.rate is 0; {RATE}"),
        ("[flood]\nrate = nan", f"flood.rate is nan; {RATE}"),
        ("[flood]\nrate = inf", f"flood.rate is inf; {RATE}"),
        ("[connections]\nexempt = 5", "connections.exempt is 5; expected a list"),
        ("[connections]\nexempt = [5]", f"connections.exempt[0] is 5; expected {NETWORK_FORM}"),
        ("[history]\nenabled = 1", "history.enabled is 1; expected true or false"),
        ('[history]\nsync = "on"', 'history.sync is "on"; expected "full" or "normal" or "off"'),
        ("[history]\npage = 2020-01-01", f"history.page is 2020-01-01; {PAGE}"),
        ("[server]\nlobby = 5", "server.lobby is 5; expected a text"),
        ("[server]\nlobby = []", "server.lobby is a list; expected a text"),
        ("[server.lobby]", "server.lobby is a table; expected a text"),
        ("[server]\ndata = 5", "server.data is 5; expected a path"),
        ("[server]\npassword = 12345", "server.password is not a text; expected a text"),
        ("server = 5", "server is 5; expected a table, [server]"),
        ("[[server]]", "server is a list; expected a table, [server]"),
        ("[listeners]", "listeners is a table; expected a list of tables"),
        ('listeners = ["a:1"]', 'listeners[0] is "a:1"; expected a table'),
        ("[[listeners]]", f"listeners[0].address is missing; expected {ADDRESS_FORM}"),
        (f"{LISTENER}\ntls = true", "listeners[0].tls is true; expected a table"),
        (
            f"{LISTENER}\ntls = {{ certificate = 'a' }}",
            "listeners[0].tls.key is missing; expected a path",
        ),
        (
            f"{LISTENER}\n{LISTENER}\ntls = {{ certificate = 'a', key = 1 }}",
            "listeners[1].tls.key is 1; expected a path",
        ),
        (
            f"{LISTENER}\ntls = {{ certificate = 'a', key = 'b', only = 'yes' }}",
            'listeners[0].tls.only is "yes"; expected true or false',
        ),
        (
            f"{LISTENER}\ntls = {{ certificate = 'a', key = 'b', olny = true }}",
            f"listeners[0].tls.olny {UNKNOWN} listeners[0].tls.only",
        ),
        (f"{LISTENER}\nmode = 660", f"listeners[0].mode is 660; expected {MODE_FORM}"),
        (f"{LISTENER}\nmode = '0680'", f'listeners[0].mode is "0680"; expected {MODE_FORM}'),
        (f"{LISTENER}\nmode = '1777'", f'listeners[0].mode is "1777"; expected {MODE_FORM}'),
        (f"{LISTENER}\nmode = 'rw'", f'listeners[0].mode is "rw"; expected {MODE_FORM}'),
        (f"{LISTENER}\ngroup = 33", f"listeners[0].group is 33; {GROUP}"),
        (f"{LISTENER}\ngroup = 'a b'", f'listeners[0].group is "a b"; {GROUP}'),
        ('[[operators]]\nname = "root"', "operators[0].password is missing; expected a text"),
        ("[sever]", f"sever {UNKNOWN} server"),
        ("[server]\nnmae = 1", f"server.nmae {UNKNOWN} server.name"),
        (f"{LISTENER}\nadress = 'a'", f"listeners[0].adress {UNKNOWN} listeners[0].address"),
        (
            "[gateways]\nwebirc = [{ host = [], password = '', pasword = '' }]",
            f"gateways.webirc[0].pasword {UNKNOWN} gateways.webirc[0].password",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    tmp_path: Path, toml: str, said: str
) -> None:
    assert faults(tmp_path, toml) == [said]


def test_a_wrong_name_of_an_operator_is_described(tmp_path: Path) -> None:
    operator = f'[[operators]]\nname = ":root"\npassword = "{HASH}"'
    (said,) = faults(tmp_path, operator)
    expected = "a name without spaces that does not begin with ':'"
    assert said == f'operators[0].name is ":root"; expected {expected}'


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, f'[server]\nname = "{"a" * 64}"')
    assert said.startswith(f'server.name is "{"a" * 60}…"; expected a name of at most 63')


@pytest.mark.parametrize("name", ["", ":a", "a b", "a!b", "a@b", "a\tb", "a\n", "a\x9bb"])
def test_what_can_not_be_the_name_of_a_server(tmp_path: Path, name: str) -> None:
    assert faults(tmp_path, f"[server]\nname = {json.dumps(name)}") == [
        f"server.name is {json.dumps(name)}; "
        "expected a name of at most 63 characters without spaces, '!' and '@' "
        "that does not begin with ':'"
    ]


@pytest.mark.parametrize("name", ["", "My Net", "a\n", "a" * 64])
def test_what_can_not_be_the_name_of_a_network(tmp_path: Path, name: str) -> None:
    (said,) = faults(tmp_path, f"[server]\nnetwork = {json.dumps(name)}")
    assert said.endswith("; expected a name of at most 63 characters without spaces")


@pytest.mark.parametrize("lobby", ["", "#", "lobby", "#a b", "#a,b", "#a:b", "#a\x07", "#" * 11])
def test_what_can_not_be_the_lobby(tmp_path: Path, lobby: str) -> None:
    (said,) = faults(tmp_path, f"[limits]\nchannel = 10\n[server]\nlobby = {json.dumps(lobby)}")
    assert said.startswith('server.lobby is "')
    assert said.endswith(
        '; expected the name of a channel: "#", then at most 9 characters (limits.channel is 10) '
        "without spaces, ',' and ':'"
    )


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    assert faults(
        tmp_path, "[limits]\nnickname = 0\ntopc = 1\n[flood]\nburst = 0\nexempt = [1, '::1', 2]"
    ) == [
        "limits.topc is not a known key; the nearest known one is limits.topic",
        "limits.nickname is 0; expected a whole number, at least 1, at most 64",
        "flood.burst is 0; expected a whole number, at least 1, at most 1000000",
        *(
            f"flood.exempt[{index}] is {value}; expected a network or an address, "
            "such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"
            for index, value in [(0, 1), (2, 2)]
        ),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[flood]\nrate 5", f"line 2, column 6 {NOT_TOML} Expected '=' after a key"),
        (b"[server", f"end of document {NOT_TOML} Expected ']' at the end of a table declaration"),
        (b"[flood]\n[flood]", f"line 2, column 7 {NOT_TOML} Cannot declare ('flood',) twice"),
        (b"\n\nx = '\xff'", "line 3 is not UTF-8"),
        (b"x = " + b"[" * 100_000, "its values are nested too deeply"),
        (b"x = 1" + b"0" * 5000, f"somewhere {NOT_TOML} Exceeds the limit"),
    ],
)
def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    (fault,) = faults(tmp_path, data)
    assert fault.startswith(said)


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml", HOME)
    assert str(caught.value) == f"{tmp_path}/none.toml: can not be read: No such file or directory"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, HOME)
    assert str(caught.value) == f"{tmp_path}: can not be read: Is a directory"
    with pytest.raises(ConfigError, match="can not be read: embedded null byte"):
        load(Path("a\0b"), HOME)

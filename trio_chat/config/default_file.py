"""The configuration as a file to begin with: every key, what it is for, and its default.

Owns what people read about the keys. Which keys there are, their order and their defaults come from
the structures in `keys`; a key that nothing is written about here is an error.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import get_args

import msgspec
from msgspec.structs import fields

from trio_chat.config.conversion import variable_of
from trio_chat.config.keys import SECTIONS, Config
from trio_chat.config.listening import Address
from trio_chat.core.networks import Network, network_text

_WIDTH = 98

_HEAD = f"""\
The configuration of trio_chat. Every key is here, with its default where it has one; what is \
commented out is an example. Relative paths begin at this file's directory.

Every key can also be set in the environment, which wins over this file: \
{variable_of("server.name")} for the name in [server], and so on. A list of texts is written with \
commas between them; {variable_of("listeners")} takes addresses, and every list of tables takes \
JSON or TOML. Flags win over both."""

_EXAMPLE_HASH = "$argon2id$..."

EXAMPLES = {
    "server.name": '"chat.example.org"',
    "server.description": '"The chat of the Example Society"',
    "server.data": '"/var/lib/trio-chat"',
    "server.motd": '"motd.txt"',
    "server.admin": '["Lyon, France", "The Example Society", "admin@chat.example.org"]',
    "listeners.tls": '{ certificate = "fullchain.pem", key = "privkey.pem" }',
    "listeners.mode": '"0660"',
    "listeners.group": '"www-data"',
    "listeners.web": "true",
    "web.icon": '"icon.svg"',
    "operators.name": '"root"',
    "operators.password": f'"{_EXAMPLE_HASH}"',
    "accounts.mail_command": '["sendmail", "-i"]',
    "gateways.webirc": f'[{{ host = ["192.0.2.7"], password = "{_EXAMPLE_HASH}" }}]',
}
"""In TOML, for keys whose default does not show what to write."""

NOTES = {
    "server": "The server itself.",
    "server.name": "The source of its replies. By default the host's name.",
    "server.network": "What clients show as the name of the network.",
    "server.description": "What this server is: LINKS and WHOIS say so. Empty: the network's name.",
    "server.data": "The directory of what it keeps. By default trio-chat in the user's data "
    "directory (XDG_DATA_HOME, or ~/.local/share). Empty: nothing is kept on disk, so there is no "
    "history, and nothing outlives the end of the server.",
    "server.password": "The hash of a password that every client is asked for, made by "
    "`trio-chat hash-password`. Empty: none is.",
    "server.motd": "The message of the day: a text file.",
    "server.admin": "What ADMIN says, in up to three texts: where the server is, who runs it, how "
    "to reach them.",
    "server.lobby": "The room that people without an IRC client begin in. It is always there.",
    "server.prompt_delay": "Seconds that a silent client is given before it is asked for a "
    "nickname; where TLS is spoken, 3 at least.",
    "listeners": "Where to listen; as many of these as you like.",
    "listeners.address": "host:port, [v6]:port, *:port for every address (IPv4 and IPv6), or "
    "unix:/path. Port 0 is any free one.",
    "listeners.tls": "TLS, beside everything else on the same port: files in PEM. With only = true "
    "beside them nothing else is spoken there.",
    "listeners.mode": "Of a unix: socket: its permissions, in octal. Who may write may connect. By "
    "default what the umask leaves.",
    "listeners.group": "Of a unix: socket: its group, by name or number.",
    "listeners.web": "Whether HTTP is answered there, whatever [web] says.",
    "operators": "Who may become an operator with OPER; as many of these as you like.",
    "operators.name": "",
    "operators.password": "A hash made by `trio-chat hash-password`.",
    "accounts": "Accounts that people make for themselves. They are kept in server.data: without "
    "that there are none.",
    "accounts.registration": "open, or closed: then only `trio-chat accounts add` makes accounts.",
    "accounts.before_connect": "Whether an account can be made while connecting; where the server "
    "has a password, by who has said it.",
    "accounts.require_email": "Whether it takes an address of mail, and a code that is sent there.",
    "accounts.mail_command": "What sends a mail with a code then: a program with its arguments. It "
    "is given the message on its standard input, and the address as the last argument.",
    "accounts.password_min_length": "Characters.",
    "accounts.per_address": "Accounts that can be made from one address in a day.",
    "accounts.required": "Whether nobody gets in without one, whose password they say by SASL or "
    "/login. Accounts are then made while connecting, or by `trio-chat accounts add`.",
    "accounts.exempt": "Networks from where people get in without one all the same.",
    "accounts.rooms": "Who can register a room: everybody (with an account), or operators.",
    "accounts.rooms_per_account": "Rooms that one account can register.",
    "accounts.attempts": "Wrong passwords from one address, and for one account: so many at once, "
    "and after that in a minute, one at a time (5: one each 12 seconds).",
    "history": "What was said, kept on disk.",
    "history.enabled": "Whether what is said is kept. What else has to last (accounts, "
    "rooms, bans, topics) is kept in either case, where server.data is not empty.",
    "history.sync": "How sure it is on disk before anybody sees it: full (a power cut loses "
    "nothing), normal or off.",
    "history.retention_days": "0: for ever.",
    "history.max_per_channel": "Messages kept for each channel.",
    "history.page": "Messages that one query can ask for.",
    "history.on_join": "Messages shown on joining to people without an IRC client, and to IRC "
    "clients that do not ask for history.",
    "history.redact_within": "Seconds in which people can take back what they said; 0: they can "
    "not. Channel operators always can.",
    "limits": "Names are measured in characters, texts (topic, kick, away, real name) in bytes.",
    "limits.nickname": "A nickname.",
    "limits.channel": "A channel's name, with its #.",
    "limits.topic": "A topic.",
    "limits.kick": "The reason of a KICK.",
    "limits.away": "An away message.",
    "limits.username": "A user name, with the ~ in front.",
    "limits.realname": "A real name; less where a line of WHO has no room for so much beside the "
    "longest names.",
    "limits.channels_per_user": "Channels that one user can be in.",
    "limits.targets": "Targets of one message.",
    "limits.list_entries": "Entries in a channel's lists (bans, exceptions, invitations) together.",
    "limits.monitor": "Nicknames that one user can watch with MONITOR.",
    "limits.whowas": "Nicknames that WHOWAS remembers, in all.",
    "limits.sendq": "Bytes that may wait for one client that does not read; then it is closed.",
    "limits.client_tags": "Bytes of client-only tags.",
    "limits.multiline_bytes": "Bytes of a message of several lines.",
    "limits.multiline_lines": "Lines of it.",
    "limits.metadata_keys": "Keys of the metadata of one user or channel.",
    "limits.metadata_value": "A value of it; less where names can be so long that it would not fit "
    "into a line beside them.",
    "limits.metadata_subs": "Keys of metadata that one client can be subscribed to.",
    "flood": "How fast one client's lines are taken. What comes faster waits; nothing is dropped.",
    "flood.burst": "Lines at once.",
    "flood.rate": "Lines a second after that.",
    "flood.exempt": "Networks where this does not count.",
    "connections": "Who may connect, and how long things may take. Times are in seconds.",
    "connections.total": "0: as many as the limit of open files allows.",
    "connections.per_address": "Connections from one address.",
    "connections.new_per_minute": "New connections from one address.",
    "connections.exempt": "Networks where the two above do not count.",
    "connections.registration_timeout": "Until a client has said who it is.",
    "connections.registration_lines": "Lines that it may take for that.",
    "connections.ping_after": "Silence after which an IRC client is sent a PING.",
    "connections.ping_timeout": "Silence after which it is gone: more than ping_after.",
    "connections.handshake_timeout": "For a TLS handshake.",
    "connections.drain_timeout": "For sending what is queued when a connection or the server ends.",
    "gateways": "Gateways that are believed when they say whom they speak for. Whoever that is "
    "counts in the gateway's place, by their own address.",
    "gateways.webirc": "By WEBIRC, from these networks and with a password (a hash made by "
    "`trio-chat hash-password`).",
    "gateways.proxy": "By a PROXY header (version 1 or 2): networks. From anywhere else a header "
    "is refused.",
    "gateways.http": "By Forwarded, or X-Forwarded-For and X-Forwarded-Proto, in a request for the "
    "page or a WebSocket: networks of proxies.",
    "web": "What browsers find here: a page to chat with, and more.",
    "web.listen": "At which listeners HTTP is answered: loopback (where only this host connects, "
    "which a unix: socket counts as), all or none.",
    "web.page": "Whether there is a page to chat with, at /.",
    "web.websocket": "The paths at which there is IRC over WebSocket; empty: nowhere, and then the "
    "page does not work.",
    "web.metrics": "Whether there is /metrics, for Prometheus, with /healthz and /readyz.",
    "web.dashboard": "Whether there is /dashboard, on which an operator sees what the server does.",
    "web.admin": "Networks to which these two are shown. An operator sees the dashboard from "
    "anywhere.",
    "web.origins": "Whose pages may connect, besides those of this host, of the addresses that it "
    "listens on and of server.name: names, or origins such as https://chat.example.org. Pages "
    "of anybody else are refused, as they would act for whoever looks at them.",
    "web.title": "What the page is called. Empty: the network's name.",
    "web.accent": "The colour of what stands out on the page.",
    "web.icon": "The page's icon: a file in SVG or PNG. By default one of ours.",
    "sts": "The policy that clients should come with TLS only, and remember that (IRCv3 sts). Then "
    "their users can not get around a certificate that is not valid.",
    "sts.enabled": "It takes a listener with TLS.",
    "sts.port": "Where TLS is, as seen from outside. 0: the port of the first listener with TLS.",
    "sts.duration": "Seconds for which clients remember it. 0 makes them forget it.",
    "sts.preload": "Whether it may be built into clients: then it is hard to take back.",
}
"""What people are told about each section and each key; empty where the name says it."""


def default_toml() -> str:
    """Return a configuration file in which every key is at its default."""
    return "\n".join([*_comment(_HEAD), *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    defaults = Config()
    for section, kind in SECTIONS.items():
        yield ""
        yield from _comment(NOTES[section])
        value = getattr(defaults, section)
        if not isinstance(value, tuple):
            yield f"[{section}]"
            yield from _keys(section, kind, value)
            continue
        for table in value:
            yield f"[[{section}]]"
            yield from _keys(section, type(table), table)
        if not value:
            (item, _) = get_args(kind)
            yield f"# [[{section}]]"
            yield from _keys(section, item, None)


def _keys(section: str, kind: type[msgspec.Struct], table: msgspec.Struct | None) -> Iterator[str]:
    for field in fields(kind):
        key = f"{section}.{field.name}"
        yield from _comment(NOTES[key])
        value = getattr(table, field.name, None)
        # What a factory makes is this host's or this user's: not for a file that may travel.
        if value is not None and field.default_factory is msgspec.NODEFAULT:
            yield f"{field.name} = {toml_value(value)}"
        if key in EXAMPLES:
            yield f"# {field.name} = {EXAMPLES[key]}"


def toml_value(value: object) -> str:
    """Write `value`, which a key of the configuration can have, in TOML."""
    match value:
        case tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case _ if isinstance(value, Network):
            return json.dumps(network_text(value))
        case _:
            # JSON's texts, numbers and truth values are TOML's too.
            return json.dumps(str(value) if isinstance(value, Address) else value)


def _comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from textwrap.wrap(line, _WIDTH, initial_indent="# ", subsequent_indent="# ") or ["#"]

"""What the server speaks, as a document: made from the tables that it works by.

`nox -s docs` writes it to `docs/protocol.md`; a test fails when that file says something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from trio_chat.config.default_file import NOTES
from trio_chat.core import commands, isupport, modes
from trio_chat.core.capabilities import CAPABILITIES, Link, offered
from trio_chat.core.handlers.plain_commands import COMMANDS
from trio_chat.core.modes import Kind
from trio_chat.core.services.table import SERVICES, Row
from trio_chat.core.settings import AccountPolicy, Limits, Settings, Sts

_HEAD = """\
# What trio_chat speaks

Everything here is made from the tables in the code by `nox -s docs`; change it there.

The protocol is [Modern IRC](https://modern.ircdocs.horse/) with the extensions of
[IRCv3](https://ircv3.net/irc/) named below. Lines are UTF-8 and nothing else; names are compared
with CASEMAPPING `ascii`; a nickname has letters and digits of one script, and must not look like
one that is in use. `nc` and `telnet` get plain text instead, in the same rooms."""

_KINDS = {
    Kind.LIST: "a list of masks",
    Kind.KEY: "always with a parameter",
    Kind.PARAMETER: "with a parameter to set it",
    Kind.FLAG: "on or off",
}


_PRIVATE = ", ".join(
    f"+{row.letter}" for row in modes.CHANNEL_MODES.values() if row.bit & modes.PRIVATE
)

_CHOICES = (
    "NAMES of several channels ends with a 366 for each of them, and not with one for all.",
    "LIST shows channels that somebody is in, the lobby like the others, by name or without; and "
    "LUSERS counts those.",
    "KICK takes one channel, or as many as users (RFC 2812); with another number it is a 461. "
    "TARGMAX counts the pairs.",
    "A name that is twice in a list, in whatever letters, is taken once: the first time.",
    "MODE answers an empty parameter with 696, and whoever is no operator with 482 before that.",
    "When the last member has left, a channel's operators, modes and lists are gone. What was said "
    f"there and its topic stay with its name, unless it was private ({_PRIVATE}) at that moment: "
    "then nobody reads it any more, and whoever makes the channel anew finds nothing. All channels "
    "are left in this way when the server ends, however that happens.",
    "A registered room is there when all have left, with its modes, lists and topic; nobody is its "
    "operator by being the first. While nobody is in it, it is not listed, and MODE and TOPIC "
    "show what they would with somebody there: to everybody, but for +s. An operator by access, or "
    "half-operator, enters whatever is set. What somebody is by access they are not any more when "
    "they log out.",
    "Only the founder of a registered room, and its owners by access, can RENAME it: it takes its "
    "registration along. No channel takes the name of a registered one.",
    "Bans of KLINE and DLINE outlive a restart, with the time that they have left. Whoever has put "
    "one in force, or lifted it, when that could not be stored is told so: by WARN with the code "
    "COULD_NOT_BE_STORED, or by a notice.",
    "PRIVMSG and NOTICE of an operator's to `$` and a mask that fits the server's name (`$*`) go "
    "to everybody who is in, whomever they ignore, as to `$` and that name. As WALLOPS, they are "
    "in no history.",
    "STATS t: what the server does now and has done since its start, a number a line (249), as "
    "`name: value` with the value in JSON; of a table each row is a line, with its columns as "
    "`name=value`. There may be more lines in later versions.",
    "A message of several lines has its client-only tags on every line where it goes out as "
    "several messages, and its id on the first.",
    "REDACT: what was taken back is not in history any more; that it was is there for clients with "
    "draft/message-redaction, and does not count towards the limit of a page. "
    "Whoever may not know of a message is told UNKNOWN_MSGID.",
    "MARKREAD: without an account a marker lasts as long as the connection does.",
    "AUTHENTICATE takes the capability sasl, and works at any time, for who is logged in already "
    "too (sasl-3.2); what fails changes nothing. EXTERNAL is offered over TLS. A response of more "
    "than 1,200 characters is answered with 904, and so are too many wrong passwords, with when to "
    "try again.",
    "PASS is `account:password` where the server has no password of its own, for clients without "
    "SASL; one before the colon that can not be an account's name is ignored.",
    "REGISTER: an account is called as the nickname. Before the connection is complete it can be "
    "made where the server has no password; the code that is mailed, where one is, is good for a "
    "day, in which nobody else can have the name, and is not sent twice.",
    "Where an account is required (draft/ACCOUNTREQUIRED in 005) whoever completes the connection "
    "without one is sent FAIL * ACCOUNT_REQUIRED, and then ERROR.",
    "SEARCH finds messages that have all the words of `text`, whole and in any order; words in "
    "quotes stand one behind the other. Case and accents count for nothing. `after` and `before` "
    "are times as in the tag `time`, and excluded; of more than `limit` the newest are found.",
    "METADATA: what users say of themselves everybody sees, what is said of a channel its members "
    "and operators of the server; a channel's operators (`@` and above) set it, and operators of "
    "the server set everything. That of an account is kept and is so of all its clients, that of a "
    "registered channel is the channel's, whoever is there; who logs in takes along what they have "
    "said of themselves before, and who logs out keeps nothing. Of others it lasts as long as they "
    "do.",
    "METADATA: SET is answered with the nickname in place of `*`; CLEAR in version 2 with empty "
    "values; a notification that a key is not set any more has no value there. Values have no "
    "control characters, and nothing that turns the direction of text. Members are told of the "
    "metadata of who joins, too. On joining a channel of more than 200, and on subscribing while "
    "in one, it is 774 and then SYNC; in version 3 that is so on every SUB. What is not stored is "
    "refused with COULD_NOT_BE_STORED.",
)
"""Where the specifications leave it to the server."""


def markdown() -> str:
    """Return the document."""
    return "\n".join(
        [
            _HEAD,
            *_section(
                "Commands", "In IRC clients: `/quote HELP COMMAND` says the same.", _commands()
            ),
            *_section(
                "Choices",
                "Where the specifications leave it to the server:",
                (f"- {choice}" for choice in _CHOICES),
            ),
            *_section(
                "Commands with nc",
                "What has no `/` in front is said in the current room; `//text` says `/text`.",
                _plain_commands(),
            ),
            *_section(
                "Services",
                "NickServ and ChanServ are no users, and nobody else can be called that. They take "
                "what is sent to them with PRIVMSG, also to `NickServ@server.name`, with the "
                "commands NS and CS, and with nc `/ns` and `/cs`; they answer with NOTICE, and do "
                "nothing about one. Who has echo-message gets back what they have said with `***` "
                "in place of what may be a password; nothing of it is stored. They hear no batch "
                "of several lines.",
                _services(),
            ),
            *_section(
                "Capabilities",
                "What can be negotiated with CAP. Those about history and accounts are offered "
                "where a server keeps any.",
                _capabilities(),
            ),
            *_section("Channel modes", "", _channel_modes()),
            *_section(
                "Masks",
                "A mask of KLINE, +b, +e and +I is `nickname!user@host`, with `*` for anything and "
                "`?` for one character. The host can be an address, IPv6 in any spelling, or a "
                "network such as `192.0.2.0/24`. A part alone is a nickname, or a host where it "
                "has a `.`, `:` or `/` in it.",
                [],
            ),
            *_section(
                "Extended masks",
                "In the lists +b, +e and +I, besides `nickname!user@host`; they can be nested, as "
                "in `~m:~a:name`.",
                _table(
                    ("mask", "whom it is about"),
                    [
                        ("`~a:account`", "whoever is logged in to that account"),
                        ("`~m:mask`", "as the mask says, but for speaking only: they can join"),
                    ],
                ),
            ),
            *_section("Members", "What a member can have in front of their name.", _prefixes()),
            *_section("User modes", "", _user_modes()),
            *_section(
                "ISUPPORT", "The tokens of 005, with the limits at their defaults.", _isupport()
            ),
            *_section("Limits", "Keys of the section `[limits]` of the configuration.", _limits()),
        ]
    )


def _section(title: str, text: str, body: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    if text:
        yield text
        yield ""
    yield from body


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _commands() -> Iterator[str]:
    def who(row: commands.Command) -> str:
        if row.operator:
            return "server operators"
        if row.early:
            return "everybody, before registration too"
        if row.early_with:
            names = [one.name for one in CAPABILITIES.values() if one.bit & row.early_with]
            return f"users; before registration with {', '.join(map(_code, names))}"
        return "users"

    rows = sorted(commands.TABLE.values(), key=lambda row: row.name)
    return _table(
        ("usage", "what it does", "who may"),
        ((f"<code>{_html(row.usage)}</code>", _html(row.help), who(row)) for row in rows),
    )


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain_commands() -> Iterator[str]:
    rows = COMMANDS.values()
    return _table(("type", "to"), ((_code(row.usage), row.help) for row in rows))


def _services() -> Iterator[str]:
    def who(row: Row) -> str:
        if row.operator:
            return "server operators"
        return "who is logged in" if row.account else "users"

    for place, service in enumerate(SERVICES):
        if place:
            yield ""
        yield from _table(
            (f"to {service.name}", "what it does", "who may"),
            (
                (f"<code>{_html(row.usage)}</code>", _html(row.help), who(row))
                for _, row in sorted(service.rows.items())
            ),
        )


def _capabilities() -> Iterator[str]:
    settings = Settings(
        sts=Sts(port=6697, duration=2_592_000), history=True, accounts=AccountPolicy()
    )
    values = offered(settings, Link.PLAIN)
    secure = offered(settings, Link.NAMED)

    def value(name: str) -> str:
        shown = [one for one in dict.fromkeys((values[name], secure[name])) if one]
        return " or ".join(map(_code, shown))

    return _table(
        ("name", "what for", "value"),
        ((_code(row.name), row.help, value(row.name)) for row in CAPABILITIES.values()),
    )


def _channel_modes() -> Iterator[str]:
    return _table(
        ("letter", "what it does", "how it is set"),
        (
            (_code(f"+{row.letter}"), row.help, _KINDS[row.kind])
            for row in modes.CHANNEL_MODES.values()
        ),
    )


def _prefixes() -> Iterator[str]:
    names = {row.bit: row.help for row in modes.PREFIXES}
    return _table(
        ("mode", "prefix", "what it makes them", "who gives and takes it"),
        (
            (_code(f"+{row.letter}"), _code(row.symbol), row.help, f"{names[row.needs]} or above")
            for row in modes.PREFIXES
        ),
    )


def _user_modes() -> Iterator[str]:
    def how(row: modes.UserMode) -> str:
        if row.settable:
            return "by users themselves"
        return "by the server; can be laid down" if row.removable else "by the server"

    return _table(
        ("letter", "what it means", "set"),
        ((_code(f"+{row.letter}"), row.help, how(row)) for row in modes.USER_MODES.values()),
    )


def _isupport() -> Iterator[str]:
    yield "    " + "\n    ".join(isupport.tokens(Settings(history=True)))


def _limits() -> Iterator[str]:
    return _table(
        ("key", "default", "what it limits"),
        (
            (_code(field.name), f"{field.default:,}", NOTES[f"limits.{field.name}"])
            for field in msgspec.structs.fields(Limits)
        ),
    )


def main(path: Path = Path("docs/protocol.md")) -> None:
    """Write the document."""
    path.write_text(markdown() + "\n")


if __name__ == "__main__":
    main()

"""The services and their commands, as tables: one row says what is checked before a handler is
called.

A module adds its rows with the decorator `row`; HELP, the checks and the docs derive from them.
`serve` does the checks. What is said to a service may be a password: it is neither stored nor
shown to anybody, its sender included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from trio_chat.core import events, modes, names
from trio_chat.core.context import Context, Replies
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.state import User
from trio_chat.wire.text import split, wrapped

Handler: TypeAlias = Callable[[Context, User, list[str]], Replies | None]
"""Carries out a command, of which it is given the words after its name. One that may have much to
say is a generator: wherever it yields, others may have their turn (`Context.page`)."""

_SPACE = (
    "There is a space too many: between two words is one, and none is in front of the first or "
    "behind the last. Spaces would be part of a password."
)
HIDDEN = "***"
"""What is shown in place of what may be a password."""
_IMPOSTORS = ("AuthServ", "BotServ", "HelpServ", "HistServ", "HostServ", "MemoServ", "OperServ")
"""What services are called elsewhere: who were called so would be told passwords."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a service."""

    name: str
    handler: Handler
    params: int
    """The least number of words after its name."""
    most: int | None
    """The greatest; None: there is no such thing, the last are a text."""
    account: bool
    """Whether it is for who is logged in only."""
    operator: bool
    """Whether it is for operators of the server only."""
    secret: bool
    """Whether there is a password among its words: then there is one space between two of them, and
    any other is part of a password, or a slip."""
    exact: int | None
    """After how many words a text follows that is taken exactly as it stands, spaces and all, as a
    last word; None: all are words without spaces."""
    option: str
    """What a further word in front of all may begin with; empty: there is none."""
    new: bool
    """Whether that text is to be a password: a space at its beginning or its end is a slip."""
    usage: str
    help: str


class Service(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One service."""

    name: str
    """Its nickname. In capitals it is the command of IRC that reaches it too."""
    alias: str
    """Another such command, and that of people: `/ns`."""
    purpose: str
    rows: dict[str, Row] = msgspec.field(default_factory=dict)

    @property
    def plain(self) -> str:
        """The command with which people reach it."""
        return f"/{self.alias.lower()}"

    def host(self, server: str) -> str:
        """Return where it is said to be, on a server of this name. No user is there."""
        return f"services.{server}"

    def prefix(self, server: str) -> str:
        """Return what its messages come from. Users have a `~` in front of their user names."""
        return f"{self.name}!{self.name}@{self.host(server)}"


NICKSERV = Service(
    name="NickServ", alias="NS", purpose="accounts, and the nicknames that are theirs"
)
CHANSERV = Service(name="ChanServ", alias="CS", purpose="rooms that are registered")
SERVICES = (NICKSERV, CHANSERV)

_BY_NAME = {names.fold(service.name): service for service in SERVICES}
_RESERVED = frozenset(map(names.likeness, (*_BY_NAME, *_IMPOSTORS)))


def row(
    service: Service,
    name: str,
    *,
    usage: str,
    help: str,
    params: int = 0,
    most: int | None = None,
    account: bool = False,
    operator: bool = False,
    secret: bool = False,
    exact: int | None = None,
    option: str = "",
    new: bool = False,
) -> Callable[[Handler], Handler]:
    """Add a row for the function below."""

    def add(handler: Handler) -> Handler:
        service.rows[name] = Row(
            name=name,
            handler=handler,
            params=params,
            most=most,
            account=account,
            operator=operator,
            secret=secret,
            exact=exact,
            option=option,
            new=new,
            usage=usage,
            help=help,
        )
        return handler

    return add


def is_reserved(nickname: str) -> bool:
    """Whether a nickname is a service's, looks like one, or would be taken for one."""
    return names.likeness(nickname) in _RESERVED


def named(nickname: str) -> Service | None:
    """Return the service that has this nickname."""
    return _BY_NAME.get(names.fold(nickname))


def called(ctx: Context, target: str) -> Service | None:
    """Return the service that a message to `target` is for: `NickServ`, or `NickServ@irc.test`."""
    name, at, server = target.partition("@")
    service = _BY_NAME.get(names.fold(name))
    if service is None or not at:
        return service
    here = names.fold(ctx.settings.name)
    return service if names.fold(server) in (here, service.host(here)) else None


def tell(ctx: Context, user: User, service: Service, text: str) -> None:
    """Have a service say something to a user: in notices that fit into a line, and to people as
    any other answer, which nobody else can make."""
    if user.plain:
        ctx.tell(user, text)
        return
    prefix = service.prefix(ctx.settings.name)
    source = events.Source(prefix=prefix, bot=True)
    target = user.nickname or "*"
    room = BODY_LIMIT - len(f":{prefix} NOTICE {target} :".encode())
    for piece in split(text, room):
        event = events.Said(time=ctx.now, source=source, kind="NOTICE", target=target, text=piece)
        ctx.send(user, event)


def hidden(service: Service, text: str) -> str:
    """Return what somebody said to a service without what may be a password in it."""
    name, _, _ = text.strip(" ").partition(" ")
    found = service.rows.get(name.upper())
    if found is None:
        # Whoever has forgotten to say what to do with it.
        return HIDDEN
    return f"{name} {HIDDEN}" if found.secret else text


def is_secret(service: Service, text: str) -> bool:
    """Whether there is a password in what is said to a service, if it is a command."""
    found = service.rows.get(text.lstrip(" ").partition(" ")[0].upper())
    return found is not None and found.secret


def has_too_few_or_many(row: Row, rest: str) -> bool:
    """Whether what stands after the name of a command can not be the words of it."""
    words = [word for word in _words(row, rest) if word]
    return len(words) < row.params + _has_option(row, rest) or (
        row.most is not None and len(words) > row.most
    )


def _has_option(row: Row, text: str) -> bool:
    return bool(row.option) and text[: len(row.option)].lower() == row.option


def _words(row: Row, rest: str) -> list[str]:
    """Return the words after the name of a command. Where a space may be part of a password, some
    are empty if there is one too many."""
    if not row.secret:
        # Not at other spaces.
        return [word for word in rest.split(" ") if word]
    exact = row.exact + _has_option(row, rest) if row.exact is not None else -1
    return rest.split(" ", exact) if rest else []


def _most(row: Row, params: Sequence[str]) -> int:
    """Return how many parameters there can be, the name of the command included, where a password
    has no spaces in it. An address of mail can stand in front of it, or behind it."""
    option = _has_option(row, "".join(params[1:2])) or (bool(row.option) and "@" in params[-1])
    return (row.exact or 0) + option + 2


def serve_params(
    ctx: Context, user: User, service: Service, params: Sequence[str]
) -> Replies | None:
    """Do what `serve` does with what somebody says as the parameters of a command of IRC."""
    found = service.rows.get(params[0].upper()) if params else None
    if found is not None and found.exact is not None and len(params) > _most(found, params):
        # It is not known any more how many spaces stood between them.
        text = "A password with spaces in it stands behind a colon: "
        tell(ctx, user, service, f"{text}{service.alias} {found.name} ... :my password")
        return None
    return serve(ctx, user, service, " ".join(params))


def how(user: User, service: Service, usage: str) -> str:
    """Return how a user says that to a service."""
    return f"{service.plain} {usage}" if user.plain else usage


def serve(ctx: Context, user: User, service: Service, text: str) -> Replies | None:
    """Check what somebody says to a service against its row, and call the handler of that."""
    name, _, rest = text.lstrip(" ").partition(" ")
    found = service.rows.get(name.upper() or "HELP")
    if found is None:
        # It is not repeated: it may be a password.
        after = how(user, service, "HELP")
        tell(ctx, user, service, f"There is no such command. {after} says what there is.")
    elif found.operator and not user.modes & modes.OPERATOR:
        tell(ctx, user, service, f"{found.name} is for operators of this server.")
    elif ctx.settings.accounts is None and found.name != "HELP":
        tell(ctx, user, service, "This server keeps no accounts.")
    elif found.account and not user.account:
        after = "/login" if user.plain else "/msg NickServ IDENTIFY"
        tell(ctx, user, service, f"{found.name} needs an account: log in to yours ({after}).")
    elif has_too_few_or_many(found, rest):
        tell(ctx, user, service, f"It is {how(user, service, found.usage)}")
    elif not all(words := _words(found, rest)) or (found.new and words[-1] != words[-1].strip(" ")):
        tell(ctx, user, service, _SPACE)
    else:
        return found.handler(ctx, user, words)
    return None


def _add_help(service: Service) -> None:
    @row(
        service, "HELP", most=1, usage="HELP [<command>]", help="see the commands, or what one does"
    )
    def help_(ctx: Context, user: User, words: Sequence[str]) -> Replies:
        lines = _about(user, service, words[0].upper()) if words else _list(user, service)
        for line in lines:
            tell(ctx, user, service, line)
            yield None


def _list(user: User, service: Service) -> Iterator[str]:
    yield f"{service.name} is there for {service.purpose}."
    found = sorted(row.name for row in service.rows.values() if may(user, row))
    width = max(map(len, found))
    for name in found:
        yield from wrapped(f"{name:{width}}  {service.rows[name].help}", width + 2)
    yield f"{how(user, service, 'HELP <command>')} says how one is used."


def _about(user: User, service: Service, name: str) -> Iterator[str]:
    found = service.rows.get(name)
    if found is None:
        yield "There is no such command."
        return
    yield from wrapped(f"{how(user, service, found.usage)}: {found.help}")


def may(user: User, row: Row) -> bool:
    """Whether a command is for this user, as long as they log in."""
    return not row.operator or bool(user.modes & modes.OPERATOR)


for _service in SERVICES:
    _add_help(_service)

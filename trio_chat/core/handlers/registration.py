"""Coming and going: PASS, NICK, USER, PING, PONG, QUIT, and the deadlines of a connection.

Specification: Modern IRC, "Connection Registration" and "Connection Messages".
"""

from __future__ import annotations

from collections.abc import Callable

from trio_chat.core import modes, names, numerics, rooms
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import channels, naming, owning, server, syncing, waiting
from trio_chat.core.handlers.common import echo, tell_modes, word
from trio_chat.core.handlers.problems import Outcome, Problem
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

PASSWORD_ATTEMPTS = 3
"""Wrong passwords after which a connection is closed."""


ACCOUNT_REQUIRED = "This server is for people with an account, who log in to it first"

WELCOME = 200
"""What it costs to welcome somebody, as `Output.cost` counts it."""


@command(
    "PASS",
    params=1,
    early=True,
    usage="PASS <password>|<account>:<password>",
    help="give the server's password; where it has none, log in to an account",
)
def pass_(ctx: Context, user: User, message: Message) -> None:
    if user.registration is None:
        ctx.reply(user, numerics.ERR_ALREADYREGISTERED)
        return
    password = message.params[0]
    if ctx.settings.password:
        user.registration.password = password
        try_to_register(ctx, user)
        return
    account, colon, password = password.partition(":")
    # What can not be an account was meant for somebody else, such as a bouncer.
    is_login = colon and names.nickname(account, ctx.settings.limits.nickname) is not None
    if ctx.settings.accounts is not None and is_login:

        def then(outcome: Outcome) -> None:
            if outcome.problem is not None:
                refuse_password(ctx, user, outcome)
            try_to_register(ctx, user)

        owning.log_in_with_password(ctx, user, account, password, then)


@command(
    "NICK",
    personal=True,
    early=True,
    usage="NICK <nickname>",
    help="take a nickname, or another one",
)
def nick(ctx: Context, user: User, message: Message) -> None:
    wanted = message.params[0] if message.params else ""
    if not wanted:
        ctx.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    limit = ctx.settings.limits.nickname
    shown = word(user, wanted, 2 * limit) if user.plain else echo(ctx, user, wanted)
    nickname = names.nickname(wanted, limit)
    if nickname is None:
        ctx.reply(user, numerics.ERR_ERRONEUSNICKNAME, shown)
        return
    refusal = naming.refusal(ctx, user, nickname)
    may_log_in = refusal in naming.RESERVED and user.registration is not None
    if may_log_in and not rooms.is_taken(ctx.state, nickname, user):
        # It is decided when nothing else is missing.
        refusal = None
    if refusal is not None:
        naming.refuse(ctx, user, refusal, shown)
    elif user.registration is None:
        naming.change(ctx, user, nickname)
    elif nickname != user.nickname:
        rooms.rename(ctx.state, user, nickname)
        try_to_register(ctx, user)


@command(
    "USER",
    params=4,
    early=True,
    usage="USER <username> 0 * <realname>",
    help="say who you are, once, when you connect",
)
def user_(ctx: Context, user: User, message: Message) -> None:
    if user.registration is None:
        ctx.reply(user, numerics.ERR_ALREADYREGISTERED)
        return
    wanted, realname = message.params[0], message.params[3]
    if not wanted or not realname.strip():
        # An empty one is none (Modern IRC, "USER message").
        ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "USER")
        return
    limits = ctx.settings.limits
    user.username = names.username(wanted, limits.username)
    user.realname = cut(realname, ctx.settings.realname_limit)
    user.registration.username_given = True
    if user.nickname:
        user.set_name(user.nickname)
    try_to_register(ctx, user)


@command("PING", early=True, usage="PING <token>", help="have the server answer with PONG")
def ping(ctx: Context, user: User, message: Message) -> None:
    if not message.params or not message.params[0]:
        ctx.reply(user, numerics.ERR_NOORIGIN)
        return
    ctx.protocol(user, "PONG", ctx.settings.name, message.params[0])


@command("PONG", early=True, usage="PONG <token>", help="answer a PING")
def pong(ctx: Context, user: User, message: Message) -> None:
    """That a line came is what counts, and that is noted for every line."""


@command("QUIT", personal=True, early=True, usage="QUIT [<reason>]", help="leave the server")
def quit_(ctx: Context, user: User, message: Message) -> None:
    reason = f"Quit: {cut(message.params[0] if message.params else '', 390)}"
    ctx.close(user, reason)


def try_to_register(ctx: Context, user: User) -> None:
    """Complete a registration, if nothing is missing any more."""
    registration = user.registration
    if (
        registration is None
        or registration.negotiating
        or not registration.username_given
        or not user.nickname
    ):
        return
    if user.exchange is not None:
        # Whoever does not wait for its end does not want it (sasl-3.1).
        user.exchange = None
        ctx.reply(user, numerics.ERR_SASLABORTED)
    if naming.is_reserved(ctx, user, user.nickname):
        naming.take_away(ctx, user)
        return

    def then(right: bool) -> None:
        if right:
            try_to_register(ctx, user)

    if lacks_password(ctx, user):
        if registration.password is not None:
            prove_password(ctx, user, then)
        elif user.plain:
            ctx.tell(user, "This server has a password. Type it, or /quit:")
        else:
            ctx.reply(user, numerics.ERR_PASSWDMISMATCH)
    elif owning.needs_account(ctx, user):
        _ask_for_account(ctx, user)
    else:
        welcome(ctx, user)


def lacks_password(ctx: Context, user: User) -> bool:
    """Whether somebody has to prove yet that they know the server's password."""
    registration = user.registration
    return bool(ctx.settings.password) and registration is not None and not registration.verified


def prove_password(ctx: Context, user: User, then: Callable[[bool], None]) -> None:
    """Have the server's password checked, as somebody who is connecting has said it, if they have.
    `then` is told whether it is right; they are told if it is not."""
    registration = user.registration
    if registration is None or registration.password is None:
        then(False)
        return
    hash, password = ctx.settings.password, registration.password

    def proved(outcome: Outcome) -> None:
        registration.password = None
        registration.verified = outcome.problem is None
        if outcome.problem is not None:
            refuse_password(ctx, user, outcome)
        then(registration.verified)

    owning.prove(
        ctx, user, "", lambda resume: ctx.check_password(user, hash, password, resume), proved
    )


def refuse_password(ctx: Context, user: User, outcome: Outcome) -> None:
    """Say why a password was not taken, and end the connection when too many were wrong."""
    if outcome.problem is not Problem.WRONG:
        ctx.reply(user, numerics.ERR_TOOMANYATTEMPTS, outcome.text)
        return
    user.wrong_passwords += 1
    ctx.reply(user, numerics.ERR_PASSWDMISMATCH)
    if user.wrong_passwords >= PASSWORD_ATTEMPTS:
        ctx.close(user, "Too many wrong passwords")


def _ask_for_account(ctx: Context, user: User) -> None:
    """Say that nobody gets in without an account (draft/account-registration)."""
    if user.plain:
        ways = ["/login NAME PASSWORD"]
        policy = ctx.settings.accounts
        if ctx.settings.accounts_before_connect and policy and policy.registration == "open":
            email = " EMAIL" if policy.require_email else ""
            ways.append(f"/register PASSWORD{email} to make an account {user.nickname}")
        ctx.tell(user, f"{ACCOUNT_REQUIRED}: {', '.join(ways)}, or /quit:")
        return
    ctx.fail(user, "*", "ACCOUNT_REQUIRED", text=ACCOUNT_REQUIRED)
    ctx.close(user, ACCOUNT_REQUIRED)


def welcome(ctx: Context, user: User) -> None:
    """Count a user in, and send what a client waits for before it does anything else."""
    settings = ctx.settings
    # As many masks as there are have been compared.
    ctx.output.cost += 2 * len(ctx.state.bans.masks)
    ban = ctx.state.bans.on_mask(user.prefixes, ctx.monotonic)
    if ban is not None:
        ctx.reply(user, numerics.ERR_YOUREBANNEDCREEP)
        ctx.close(user, f"You are banned ({ban.reason})")
        return
    rooms.register(ctx.state, user)
    user.named_at = ctx.position
    ctx.output.cost += WELCOME
    ctx.tell_online(user)
    syncing.on_online(ctx, user)
    user.last_said = ctx.monotonic
    if user.plain:
        if settings.motd:
            server.send_motd(ctx, user)
        ctx.tell(user, f"Hello {user.nickname}. /help shows what you can do.")
        waiting.tell(ctx, user)
        ctx.page(user, channels.join(ctx, user, settings.lobby, ""))
        return
    ctx.reply(
        user,
        numerics.RPL_WELCOME,
        f"Welcome to the {settings.network} Network, {user.prefix}",
    )
    ctx.reply(
        user,
        numerics.RPL_YOURHOST,
        f"Your host is {settings.name}, running version trio_chat-{ctx.version}",
    )
    ctx.reply(
        user,
        numerics.RPL_CREATED,
        f"This server was started at {server.date_and_time(ctx.started)}",
    )
    channel_letters = "".join(sorted(modes.CHANNEL_MODES | modes.PREFIX_OF_LETTER))
    with_parameter = "".join(
        sorted(
            [row.letter for row in modes.CHANNEL_MODES.values() if row.kind is not modes.Kind.FLAG]
            + list(modes.PREFIX_OF_LETTER)
        )
    )
    ctx.reply(
        user,
        numerics.RPL_MYINFO,
        settings.name,
        f"trio_chat-{ctx.version}",
        "".join(sorted(modes.USER_MODES)),
        channel_letters,
        with_parameter,
    )
    server.send_isupport(ctx, user)
    server.send_lusers(ctx, user)
    syncing.on_welcome(ctx, user)
    server.send_motd(ctx, user)
    if user.secure:
        rooms.set_user_modes(ctx.state, user, user.modes | modes.SECURE)
    if user.modes:
        tell_modes(ctx, user, modes.user_mode_letters(user.modes))
    waiting.tell(ctx, user)


def look_after(ctx: Context, user: User) -> float | None:
    """See to a user's deadlines; return when the next one is, or None for a user who is gone.

    People with `nc` can not answer a PING: for them the transport notices that the peer is gone.
    """
    settings, now = ctx.settings, ctx.monotonic
    if user.registration is not None:
        due = user.connected_at + settings.registration_timeout
        if now < due:
            return due
        if user.requests:
            # It is the server that takes its time.
            return now + settings.registration_timeout
        ctx.close(user, f"Not registered within {settings.registration_timeout:g} seconds")
        return None
    if user.plain:
        return now + settings.ping_after
    due = user.last_seen + settings.ping_after
    if now < due:
        return due
    if user.pinged_at is None:
        user.pinged_at = now
        ctx.protocol(user, "PING", settings.name)
    # Counted from the PING: whoever was not asked, because the server could not, is not late.
    due = user.pinged_at + settings.ping_timeout - settings.ping_after
    if now < due:
        return due
    ctx.close(user, f"Ping timeout: {settings.ping_timeout:g} seconds")
    return None

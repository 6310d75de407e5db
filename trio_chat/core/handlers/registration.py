"""Coming and going: PASS, NICK, USER, PING, PONG, QUIT, and the deadlines of a connection.

Specification: Modern IRC, "Connection Registration" and "Connection Messages".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import events, modes, names, numerics, rooms
from trio_chat.core.commands import command
from trio_chat.core.handlers import channels, monitor, server
from trio_chat.core.inputs import Completed
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core

PASSWORD_ATTEMPTS = 3
"""Wrong passwords after which a connection is closed."""


@command("PASS", params=1, early=True, usage="PASS <password>", help="give the server's password")
def pass_(core: Core, user: User, message: Message) -> None:
    if user.registration is None:
        core.reply(user, numerics.ERR_ALREADYREGISTERED)
        return
    user.registration.password = message.params[0]
    try_to_register(core, user)


@command("NICK", early=True, usage="NICK <nickname>", help="take a nickname, or another one")
def nick(core: Core, user: User, message: Message) -> None:
    wanted = message.params[0] if message.params else ""
    if not wanted:
        core.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    limit = core.settings.limits.nickname
    # What the nickname was to be goes into the reply, where only one word fits.
    shown = cut(wanted, 2 * limit).replace(" ", "_").lstrip(":") or "*"
    nickname = names.nickname(wanted, limit)
    if nickname is None:
        core.reply(user, numerics.ERR_ERRONEUSNICKNAME, shown)
        return
    if rooms.is_taken(core.state, nickname, user):
        core.reply(user, numerics.ERR_NICKNAMEINUSE, shown)
        return
    if nickname == user.nickname:
        return
    if user.registration is not None:
        rooms.rename(core.state, user, nickname)
        try_to_register(core, user)
        return
    event = events.NickChanged(
        time=core.now, source=user.source, id=core.new_id(), nickname=nickname
    )
    core.notify(rooms.witnesses(user), event, user)
    core.remember(user)
    before = user.nickname
    rooms.rename(core.state, user, nickname)
    if names.fold(before) != names.fold(nickname):
        monitor.tell_offline(core, before)
        monitor.tell_online(core, user)


@command(
    "USER",
    params=4,
    early=True,
    usage="USER <username> 0 * <realname>",
    help="say who you are, once, when you connect",
)
def user_(core: Core, user: User, message: Message) -> None:
    if user.registration is None:
        core.reply(user, numerics.ERR_ALREADYREGISTERED)
        return
    wanted, realname = message.params[0], message.params[3]
    if not wanted:
        core.reply(user, numerics.ERR_NEEDMOREPARAMS, "USER")
        return
    limits = core.settings.limits
    user.username = names.username(wanted, limits.username)
    user.realname = realname[: limits.realname]
    user.registration.username_given = True
    if user.nickname:
        user.set_name(user.nickname)
    try_to_register(core, user)


@command("PING", early=True, usage="PING <token>", help="have the server answer with PONG")
def ping(core: Core, user: User, message: Message) -> None:
    if not message.params or not message.params[0]:
        core.reply(user, numerics.ERR_NOORIGIN)
        return
    core.protocol(user, "PONG", core.settings.name, message.params[0])


@command("PONG", early=True, usage="PONG <token>", help="answer a PING")
def pong(core: Core, user: User, message: Message) -> None:
    """That a line came is what counts, and that is noted for every line."""


@command("QUIT", early=True, usage="QUIT [<reason>]", help="leave the server")
def quit_(core: Core, user: User, message: Message) -> None:
    reason = f"Quit: {cut(message.params[0] if message.params else '', 390)}"
    core.close(user, reason)


def try_to_register(core: Core, user: User) -> None:
    """Complete a registration, if nothing is missing any more."""
    registration = user.registration
    if (
        registration is None
        or registration.negotiating
        or not registration.username_given
        or not user.nickname
    ):
        return
    if not core.settings.password or registration.verified:
        welcome(core, user)
        return
    if registration.password is None:
        core.reply(user, numerics.ERR_PASSWDMISMATCH)
        return

    def resume(done: Completed) -> None:
        registration.password = None
        if done.result:
            registration.verified = True
            try_to_register(core, user)
            return
        refuse_password(core, user)

    core.check_password(user, core.settings.password, registration.password, resume)


def refuse_password(core: Core, user: User) -> None:
    """Say that a password was wrong, and end the connection when there were too many."""
    user.wrong_passwords += 1
    core.reply(user, numerics.ERR_PASSWDMISMATCH)
    if user.wrong_passwords >= PASSWORD_ATTEMPTS:
        core.close(user, "Too many wrong passwords")


def welcome(core: Core, user: User) -> None:
    """Count a user in, and send what a client waits for before it does anything else."""
    settings = core.settings
    ban = core.state.bans.on_mask(user.prefix, core.now)
    if ban is not None:
        core.reply(user, numerics.ERR_YOUREBANNEDCREEP)
        core.close(user, f"You are banned ({ban.reason})")
        return
    rooms.register(core.state, user)
    monitor.tell_online(core, user)
    user.last_said = core.now
    if user.plain:
        if settings.motd:
            server.send_motd(core, user)
        core.tell(user, f"Hello {user.nickname}. /help shows what you can do.")
        channels.join(core, user, settings.lobby, "")
        return
    core.reply(
        user,
        numerics.RPL_WELCOME,
        f"Welcome to the {settings.network} Network, {user.prefix}",
    )
    core.reply(
        user,
        numerics.RPL_YOURHOST,
        f"Your host is {settings.name}, running version trio_chat-{core.version}",
    )
    core.reply(
        user,
        numerics.RPL_CREATED,
        f"This server was started at {server.date_and_time(core.started)}",
    )
    channel_letters = "".join(sorted(modes.CHANNEL_MODES | modes.PREFIX_OF_LETTER))
    with_parameter = "".join(
        sorted(
            [row.letter for row in modes.CHANNEL_MODES.values() if row.kind is not modes.Kind.FLAG]
            + list(modes.PREFIX_OF_LETTER)
        )
    )
    core.reply(
        user,
        numerics.RPL_MYINFO,
        settings.name,
        f"trio_chat-{core.version}",
        "".join(sorted(modes.USER_MODES)),
        channel_letters,
        with_parameter,
    )
    server.send_isupport(core, user)
    server.send_lusers(core, user)
    server.send_motd(core, user)
    if user.secure:
        rooms.set_user_modes(core.state, user, user.modes | modes.SECURE)
        letters = modes.user_mode_letters(user.modes)
        event = events.ModeChanged(
            time=core.now, source=user.source, target=user.nickname, changes=(letters,)
        )
        core.send(user, event)


def look_after(core: Core, user: User) -> float | None:
    """See to a user's deadlines; return when the next one is, or None for a user who is gone.

    People with `nc` can not answer a PING: for them the transport notices that the peer is gone.
    """
    settings, now = core.settings, core.now
    if user.registration is not None:
        due = user.connected_at + settings.registration_timeout
        if now < due:
            return due
        if user.requests:
            # It is the server that takes its time.
            return now + settings.registration_timeout
        core.close(user, f"Not registered within {settings.registration_timeout:g} seconds")
        return None
    if user.plain:
        return now + settings.ping_after
    due = user.last_seen + settings.ping_after
    if now < due:
        return due
    if user.pinged_at is None:
        user.pinged_at = now
        core.protocol(user, "PING", settings.name)
    # Counted from the PING: whoever was not asked, because the clock has jumped, is not late.
    due = user.pinged_at + settings.ping_timeout - settings.ping_after
    if now < due:
        return due
    core.close(user, f"Ping timeout: {settings.ping_timeout:g} seconds")
    return None

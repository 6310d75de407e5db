"""What people with `nc` can do in their rooms, and about each other: /kick, /op, /ignore, …"""

from __future__ import annotations

from trio_chat.core import masks, names
from trio_chat.core.context import Context
from trio_chat.core.handlers.plain_commands import NO_ROOM, needs, room_and_rest, row, run
from trio_chat.core.state import User


def _with_name(ctx: Context, user: User, rest: str, command: str) -> tuple[str, str, str] | None:
    """Return the room, the name and what follows it; or say what is missing."""
    room, rest = room_and_rest(user, rest)
    name, _, rest = rest.partition(" ")
    if not room:
        ctx.tell(user, NO_ROOM)
    elif not name:
        needs(ctx, user, command)
    else:
        return room, name, rest.strip()
    return None


@row("/kick [#ROOM] NAME [REASON]", "remove somebody from a room")
def _kick(ctx: Context, user: User, rest: str) -> None:
    found = _with_name(ctx, user, rest, "/kick")
    if found is not None:
        room, name, reason = found
        run(ctx, user, "KICK", room, name.split(",")[0], reason)


@row("/ban [#ROOM] NAME", "keep somebody out of a room; alone, see who is")
def _ban(ctx: Context, user: User, rest: str) -> None:
    room, name = room_and_rest(user, rest)
    if not room:
        ctx.tell(user, NO_ROOM)
    elif not name:
        channel = ctx.state.channel_named(room)
        if channel is not None and not channel.lists.get("b"):
            ctx.tell(user, f"Nobody is banned from {channel.name}.")
        run(ctx, user, "MODE", room, "b")
    else:
        run(ctx, user, "MODE", room, "+b", _mask(ctx, name))


def _mask(ctx: Context, name: str) -> str:
    """Return the mask that a ban on somebody is, or what was given if it names nobody.

    A nickname alone would be got round by taking another, and behind one host there may be a whole
    classroom: so it is user name and host.
    """
    target = ctx.state.user_named(name)
    return name if target is None else masks.normalise(f"*!{target.username}@{target.host}")


@row("/unban [#ROOM] NAME", "let somebody into a room again")
def _unban(ctx: Context, user: User, rest: str) -> None:
    found = _with_name(ctx, user, rest, "/unban")
    if found is None:
        return
    room, name, _ = found
    channel = ctx.state.channel_named(room)
    bans = channel.lists.get("b", {}) if channel is not None else {}
    for mask in (name, masks.normalise(name), _mask(ctx, name)):
        if names.fold(mask) in bans:
            run(ctx, user, "MODE", room, "-b", mask)
            return
    ctx.tell(user, f"{name} is not banned from {room}.")


def _give(ctx: Context, user: User, rest: str, command: str, change: str) -> None:
    found = _with_name(ctx, user, rest, command)
    if found is not None:
        run(ctx, user, "MODE", found[0], change, found[1])


@row("/op [#ROOM] NAME", "make somebody an operator of a room")
def _op(ctx: Context, user: User, rest: str) -> None:
    _give(ctx, user, rest, "/op", "+o")


@row("/deop [#ROOM] NAME", "make somebody no operator any more")
def _deop(ctx: Context, user: User, rest: str) -> None:
    _give(ctx, user, rest, "/deop", "-o")


@row("/voice [#ROOM] NAME", "let somebody speak in a moderated room")
def _voice(ctx: Context, user: User, rest: str) -> None:
    _give(ctx, user, rest, "/voice", "+v")


@row("/devoice [#ROOM] NAME", "take that away again")
def _devoice(ctx: Context, user: User, rest: str) -> None:
    _give(ctx, user, rest, "/devoice", "-v")


@row("/mode [#ROOM] [CHANGES]", "see or change what is set in a room, as IRC writes it: +m, -i")
def _mode(ctx: Context, user: User, rest: str) -> None:
    room, changes = room_and_rest(user, rest)
    if room:
        run(ctx, user, "MODE", room, *changes.split())
    else:
        ctx.tell(user, NO_ROOM)


@row("/invite NAME [#ROOM]", "invite somebody to a room")
def _invite(ctx: Context, user: User, rest: str) -> None:
    name, _, rest = rest.partition(" ")
    room, _ = room_and_rest(user, rest.strip())
    if not name:
        needs(ctx, user, "/invite")
    elif not room:
        ctx.tell(user, NO_ROOM)
    else:
        run(ctx, user, "INVITE", name, room)


@row("/ignore [NAME]", "read nothing of somebody any more; alone, see of whom")
def _ignore(ctx: Context, user: User, rest: str) -> None:
    ignores = ctx.state.ignores
    limit = ctx.settings.limits.monitor
    listed = ignores.listed(user)
    if not rest:
        ignored = ", ".join(listed)
        ctx.tell(user, f"You ignore {ignored}." if ignored else "You ignore nobody.")
        return
    nickname = names.nickname(rest, ctx.settings.limits.nickname)
    if nickname is None:
        ctx.tell(user, f"Nobody can be called {rest}.")
    elif (whom := ctx.state.user_named(nickname)) is user:
        ctx.tell(user, "That is you: nobody ignores themselves.")
    elif len(listed) >= limit and names.key(nickname) not in map(names.key, listed):
        ctx.tell(user, f"You ignore {limit} people already; that is as many as there can be.")
    else:
        ignores.add(user, nickname, whom)
        ctx.tell(user, f"You ignore {nickname} now. /unignore {nickname} ends it.")


@row("/unignore NAME", "read what somebody says again")
def _unignore(ctx: Context, user: User, rest: str) -> None:
    if not rest:
        needs(ctx, user, "/unignore")
    elif ctx.state.ignores.remove(user, rest):
        ctx.tell(user, f"You do not ignore {rest} any more.")
    else:
        ctx.tell(user, f"You do not ignore {rest}.")

"""ChanServ: registered rooms, whose they are and who is what in them by their account.

What is done to those who are in a room is in `moderation.py`. Nobody is told that there is a room
that they may not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from trio_chat.core import metadata, modes, names, rooms
from trio_chat.core.accounts import Account, Suspension
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import founding, holding
from trio_chat.core.handlers.common import visible, word
from trio_chat.core.handlers.founding import Problem, Then
from trio_chat.core.handlers.holding import Outcome
from trio_chat.core.handlers.server import date_and_time
from trio_chat.core.registered import OFFERED, Offer, RegisteredRoom
from trio_chat.core.services.table import CHANSERV, how, row, tell
from trio_chat.core.state import User
from trio_chat.wire.text import cut


def say(ctx: Context, user: User, text: str) -> None:
    """Have ChanServ say something to a user."""
    tell(ctx, user, CHANSERV, text)


def room_for(
    ctx: Context, user: User, name: str, needed: int, *, operators: bool = False
) -> RegisteredRoom | None:
    """Return the registered room of this name, if a user has this standing there by access; or say
    why not. `operators`: an operator of the server needs none."""
    room = ctx.registered.get(name)
    if room is None or not _may_see(ctx, user, room):
        say(ctx, user, f"{word(user, name)} is not registered.")
        return None
    standing = room.standing_of(user.account)
    if standing >= needed or (operators and user.modes & modes.OPERATOR):
        return room
    if needed == modes.OWNER:
        say(ctx, user, f"That is for the founder of {room.name}, and its owners by access.")
    else:
        least = next(prefix.help for prefix in modes.PREFIXES if prefix.bit == needed)
        say(ctx, user, f"That needs access to {room.name}, as {least} at least.")
    return None


def _may_see(ctx: Context, user: User, room: RegisteredRoom) -> bool:
    """Whether a user may know that a room is there."""
    if room.standing_of(user.account) or user.modes & modes.OPERATOR:
        return True
    channel = ctx.state.channel_named(room.name)
    # Also with nobody in it, +s alone hides it.
    return visible(user, channel) if channel is not None else not ctx.keeping.is_secret(room.name)


def _answer(ctx: Context, user: User, text: str) -> Then:
    """Return what says that something is done, or why not."""

    def then(problem: Problem | None) -> None:
        say(ctx, user, text if problem is None else f"{problem.value}.")

    return then


def _account(ctx: Context, user: User, name: str) -> Account | None:
    """Return the account of this name, or say that there is none."""
    found = ctx.accounts.get(name)
    if found is None or not found.is_verified:
        # Whose a name will be that is only held is not known yet.
        say(ctx, user, f"There is no account called {word(user, name)}.")
        return None
    return found


def _name(ctx: Context, account: str) -> str:
    """Return an account (its key) as its owner writes it."""
    found = ctx.accounts.get(account)
    return found.name if found is not None else account


# --- Registration


@row(
    CHANSERV,
    "REGISTER",
    params=1,
    account=True,
    usage="REGISTER <channel> [<description>]",
    help="have a channel in which you are an operator be yours for good",
)
def register(ctx: Context, user: User, words: list[str]) -> None:
    channel = ctx.state.channel_named(words[0])
    if channel is None or not visible(user, channel):
        say(ctx, user, f"There is no channel called {word(user, words[0])}: join it first.")
        return
    done = f"{channel.name} is registered now, and yours. HELP says what you can do with it."
    text = " ".join(words[1:])
    if _can_describe(ctx, user, text, ctx.metadata.of(channel)):
        founding.register(ctx, user, channel, text, _answer(ctx, user, done))


def _can_describe(ctx: Context, user: User, text: str, values: Mapping[str, str]) -> bool:
    """Whether a room of which these are said can have this description, or none; or say why not."""
    limit, keys = ctx.settings.metadata_value_limit, ctx.settings.limits.metadata_keys
    if not metadata.is_value(text, limit):
        say(ctx, user, f"A description has at most {limit} bytes, and no control characters.")
        return False
    if text and metadata.DESCRIPTION not in values and len(values) >= keys:
        say(ctx, user, f"There can be {keys} keys of METADATA, and no more.")
        return False
    return True


@row(
    CHANSERV,
    "DROP",
    params=1,
    most=2,
    usage="DROP <channel> <channel>",
    help="have a channel of yours be registered no longer; its name is said twice",
)
def drop(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.OWNER, operators=True)
    if room is None:
        return
    if not room.is_founder(user.account) and not user.modes & modes.OPERATOR:
        say(ctx, user, f"Only the founder of {room.name} can do that.")
    elif names.fold(words[-1]) != room.key or len(words) < 2:
        say(ctx, user, f"This can not be undone. To be sure: DROP {room.name} {room.name}")
    else:
        founding.drop(ctx, user, room, _answer(ctx, user, f"{room.name} is not registered now."))


@row(
    CHANSERV,
    "TRANSFER",
    params=2,
    most=2,
    account=True,
    usage="TRANSFER <channel> <account>",
    help="offer a channel of yours to another account, which has a day to ACCEPT it; with "
    "your own, take the offer back",
)
def transfer(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.OWNER)
    if room is None:
        return
    account = _account(ctx, user, words[1])
    if account is None:
        return
    if not room.is_founder(user.account):
        say(ctx, user, f"Only the founder of {room.name} can do that.")
    elif account.key == room.founder:
        ctx.registered.offers.pop(room.key, None)
        say(ctx, user, f"{room.name} is yours, and offered to nobody.")
    elif founding.has_all(ctx, account.key):
        say(ctx, user, f"{account.name} has as many channels as an account can have.")
    else:
        # Nobody is made to answer for what they do not want, or has their rooms used up by others.
        before = ctx.registered.offers.get(room.key)
        ctx.registered.offers[room.key] = Offer(
            founder=room.founder,
            registered_at=room.registered_at,
            party=account.party,
            until=ctx.monotonic + OFFERED,
        )
        say(ctx, user, f"{room.name} is yours until {account.name} says ACCEPT, within a day.")
        if before is not None and _stands(ctx, before, room, account):
            # They know.
            return
        offer = f"{user.account} offers you {room.name}: it is yours when you say"
        for client in ctx.state.accounts.get(account.key, ()):
            say(ctx, client, f"{offer} {how(client, CHANSERV, f'ACCEPT {room.name}')}")


@row(
    CHANSERV,
    "ACCEPT",
    params=1,
    most=1,
    account=True,
    usage="ACCEPT <channel>",
    help="have a channel be yours that its founder has offered you (TRANSFER)",
)
def accept(ctx: Context, user: User, words: list[str]) -> None:
    room, account = ctx.registered.get(words[0]), ctx.accounts.get(user.account)
    offer = ctx.registered.offers.get(room.key) if room is not None else None
    if room is None or account is None or offer is None or not _stands(ctx, offer, room, account):
        say(ctx, user, f"{word(user, words[0])} is not offered to you.")
    elif founding.has_all(ctx, account.key):
        say(ctx, user, "You have as many channels as an account can have.")
    else:
        before = list(ctx.state.accounts.get(room.founder, ()))

        def then(problem: Problem | None) -> None:
            _answer(ctx, user, f"{room.name} is yours now.")(problem)
            if problem is None:
                ctx.registered.offers.pop(room.key, None)
                for client in filter(ctx.is_here, before):
                    say(ctx, client, f"{account.name} has accepted {room.name}.")

        founding.change(ctx, user, room, room.founded_by(account.key), then)


def _stands(ctx: Context, offer: Offer, room: RegisteredRoom, account: Account) -> bool:
    """Whether an offer is about this room, and to this account."""
    return (
        ctx.monotonic < offer.until
        and offer.party == account.party
        and (offer.founder, offer.registered_at) == (room.founder, room.registered_at)
    )


@row(
    CHANSERV,
    "INFO",
    params=1,
    most=1,
    usage="INFO <channel>",
    help="see whose a channel is, since when, and what for",
)
def info(ctx: Context, user: User, words: list[str]) -> Replies:
    room = room_for(ctx, user, words[0], 0)
    if room is not None:
        for line in _about(ctx, user, room):
            say(ctx, user, line)
            yield None


def _about(ctx: Context, user: User, room: RegisteredRoom) -> Iterator[str]:
    founder = _name(ctx, room.founder) or "nobody"
    yield f"{room.name} is {founder}'s, since {date_and_time(int(room.registered_at))}."
    description = ctx.metadata.get(room.key).get(metadata.DESCRIPTION)
    if description:
        yield f"Description: {description}"
    if room.suspended is not None:
        yield f"It is suspended: {room.suspended.reason}"
    own = room.standing_of(user.account)
    if own:
        yield f"Your access: {_letters(own)}"
    if own >= modes.HALFOP or user.modes & modes.OPERATOR:
        yield f"Accounts with access: {len(room.access)}"
        if room.successor:
            yield f"Successor: {_name(ctx, room.successor)}"


@row(CHANSERV, "LIST", most=0, account=True, usage="LIST", help="see the channels of your account")
def list_(ctx: Context, user: User, words: list[str]) -> Replies:
    account = names.fold(user.account)
    ctx.output.cost += ctx.registered.looking
    found = [room for room in ctx.registered.of(account) if room.standing_of(account)]
    for room in found:
        what = "founder" if room.founder == account else _letters(room.standing_of(account))
        say(ctx, user, f"{room.name}: {what}")
        yield None
    say(ctx, user, "Those are all." if found else "You have access to no channel.")


_SETTINGS = ("DESCRIPTION", "SUCCESSOR")


@row(
    CHANSERV,
    "SET",
    params=2,
    account=True,
    usage="SET <channel> DESCRIPTION [<text>], SET <channel> SUCCESSOR [<account>]",
    help="say what a channel is for, or whose it is when your account is dropped",
)
def set_(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.OWNER)
    if room is None:
        return
    what, rest = words[1].upper(), words[2:]
    if what not in _SETTINGS:
        say(ctx, user, f"What can be set: {', '.join(_SETTINGS)}.")
    elif what == "DESCRIPTION":
        _describe(ctx, user, room, " ".join(rest))
    elif not room.is_founder(user.account):
        say(ctx, user, f"Only the founder of {room.name} can do that.")
    elif not rest:
        after = msgspec.structs.replace(room, successor="")
        done = f"{room.name} has no successor to you now."
        founding.change(ctx, user, room, after, _answer(ctx, user, done))
    else:
        account = _account(ctx, user, rest[0])
        if account is not None and account.key == room.founder:
            say(ctx, user, "Nobody succeeds themselves.")
        elif account is not None:
            after = msgspec.structs.replace(room, successor=account.key)
            done = f"{account.name} has {room.name} when your account is dropped."
            founding.change(ctx, user, room, after, _answer(ctx, user, done))


def _describe(ctx: Context, user: User, room: RegisteredRoom, text: str) -> None:
    """Have a room be described in its metadata, where METADATA sets it too."""
    if not _can_describe(ctx, user, text, ctx.metadata.get(room.key)):
        return
    done = f"The description of {room.name} is {'set' if text else 'removed'}."

    def again() -> None:
        # It may be somebody else's by then.
        found = room_for(ctx, user, room.name, modes.OWNER)
        if found is not None:
            _describe(ctx, user, found, text)

    def then(outcome: Outcome) -> None:
        stored = outcome is Outcome.DONE
        _answer(ctx, user, done)(None if stored else Problem.TEMPORARILY_UNAVAILABLE)

    # For that time it is there, though nobody be in it.
    channel = ctx.channel(room.name)
    if holding.is_free(ctx, user, channel, again):
        holding.change(ctx, user, channel, {metadata.DESCRIPTION: text or None}, then)
    if not rooms.is_there(channel):
        rooms.drop(ctx.state, channel)


# --- Access


@row(
    CHANSERV,
    "AMODE",
    params=1,
    most=3,
    account=True,
    usage="AMODE <channel> [<account> [<modes>]]",
    help="see who is what by account, or change it: AMODE #room bob +o",
)
def amode(ctx: Context, user: User, words: list[str]) -> Replies:
    if len(words) == 3:
        _change_access(ctx, user, *words)
        return
    room = room_for(ctx, user, words[0], modes.VOICE, operators=True)
    if room is None:
        return
    account = _account(ctx, user, words[1]) if len(words) == 2 else None
    if account is not None:
        standing = room.standing_of(account.key)
        what = _letters(standing) if standing else "no access"
        say(ctx, user, f"{account.name} has {what} in {room.name}.")
    elif len(words) == 1:
        yield from _listed(ctx, user, room)


def _listed(ctx: Context, user: User, room: RegisteredRoom) -> Replies:
    say(ctx, user, f"{_letters(modes.OWNER)} {_name(ctx, room.founder)} (founder)")
    for key, standing in room.access.items():
        say(ctx, user, f"{_letters(standing)} {_name(ctx, key)}")
        yield None
    say(ctx, user, f"Those have access to {room.name}.")


@row(
    CHANSERV,
    "ACCESS",
    params=1,
    most=2,
    account=True,
    usage="ACCESS <channel> [LIST]",
    help="see who is what by account, as AMODE does",
)
def access(ctx: Context, user: User, words: list[str]) -> Replies:
    if words[1:] and words[1].upper() != "LIST":
        say(ctx, user, "AMODE changes who has access.")
        return
    room = room_for(ctx, user, words[0], modes.VOICE, operators=True)
    if room is not None:
        yield from _listed(ctx, user, room)


def _letters(standing: int) -> str:
    return "+" + "".join(prefix.letter for prefix in modes.PREFIXES if prefix.bit & standing)


def _change_access(ctx: Context, user: User, name: str, account_name: str, changes: str) -> None:
    room = room_for(ctx, user, name, modes.VOICE)
    account = _account(ctx, user, account_name) if room is not None else None
    if room is None or account is None:
        return
    before = room.access.get(account.key, 0)
    after = _changed(before, changes)
    own = room.standing_of(user.account)
    lays_down = (
        account.key == names.fold(user.account) and after is not None and not after & ~before
    )
    if after is None:
        letters = "".join(prefix.letter for prefix in modes.PREFIXES)
        say(ctx, user, f"Access is + or - and some of the letters {letters}.")
    elif account.key == room.founder:
        say(ctx, user, f"{account.name} is the founder of {room.name}: TRANSFER changes that.")
    elif own < max((p.needs for p in modes.PREFIXES if p.bit & (before ^ after)), default=0) and (
        not lays_down
    ):
        say(ctx, user, f"Your access to {room.name} does not let you give or take that.")
    elif after == before:
        say(ctx, user, f"{account.name} has that already.")
    elif not before and len(room.access) >= ctx.settings.limits.list_entries:
        say(ctx, user, f"The access list of {room.name} is full.")
    else:
        what = _letters(after) if after else "no access"
        done = f"{account.name} has {what} in {room.name} now."
        changed = room.with_access(account.key, after)
        founding.change(ctx, user, room, changed, _answer(ctx, user, done))


def _changed(standing: int, changes: str) -> int | None:
    """Return a standing as changes such as `+o-v` make it; None: they say something else."""
    adding = True
    for letter in changes:
        prefix = modes.PREFIX_OF_LETTER.get(letter)
        if letter in "+-":
            adding = letter == "+"
        elif prefix is None:
            return None
        else:
            standing = standing | prefix.bit if adding else standing & ~prefix.bit
    return standing


# --- For operators of the server


@row(
    CHANSERV,
    "SUSPEND",
    params=2,
    operator=True,
    usage="SUSPEND <channel> <reason>",
    help="let nobody into a channel; whoever is there stays",
)
def suspend(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], 0)
    if room is not None:
        reason = cut(" ".join(words[1:]), ctx.settings.limits.kick)
        suspended = Suspension(user.nickname, reason, ctx.now)
        after = msgspec.structs.replace(room, suspended=suspended)
        founding.change(ctx, user, room, after, _answer(ctx, user, f"{room.name} is suspended."))


@row(
    CHANSERV,
    "UNSUSPEND",
    params=1,
    most=1,
    operator=True,
    usage="UNSUSPEND <channel>",
    help="let people into a channel again",
)
def unsuspend(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], 0)
    if room is not None:
        after = msgspec.structs.replace(room, suspended=None)
        done = f"{room.name} is not suspended any more."
        founding.change(ctx, user, room, after, _answer(ctx, user, done))

"""What is said to one person: whoever has the nickname, or the account whose nickname it is.

- Whoever has the nickname is sent it. If nobody has it, and it is that of an account, all clients
  of the account are; and if there are none, it waits for them in the history.
- The other clients of an account that takes part are shown it too, those that can show such a
  message where it belongs: they have echo-message, or are people's. To those of the sender's
  account it comes from themselves, as their own messages do. Bots (+B) are shown what is to them,
  and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from trio_chat.core import attempts, events, modes, numerics
from trio_chat.core.accounts import Account
from trio_chat.core.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from trio_chat.core.context import Context
from trio_chat.core.entries import ELSEWHERE
from trio_chat.core.events import Said
from trio_chat.core.handlers import access, services, speech
from trio_chat.core.handlers.common import echo
from trio_chat.core.handlers.speech import Draft
from trio_chat.core.inputs import Completed
from trio_chat.core.services import table
from trio_chat.core.state import User
from trio_chat.wire.text import cut

LATER = "Not connected, and will find this on coming back"
"""What somebody is told who writes to an account that nobody is here of."""


def say(ctx: Context, user: User, name: str, draft: Draft) -> None:
    """Send one message to whoever is called `name`, and its echo to who wants one; or say why
    not."""
    holder = ctx.state.user_named(name)
    if holder is not None:
        _to(ctx, user, [holder], holder.nickname, draft)
        return
    service = table.called(ctx, name)
    if service is not None:
        texts = [text for text, _ in draft.lines] or [draft.text]
        services.hear(ctx, user, service, draft.kind, texts)
        return
    account = ctx.accounts.get(name)
    if account is None or account.suspended is not None or not account.is_verified:
        speech.refuse(ctx, user, draft, numerics.ERR_NOSUCHNICK, echo(ctx, user, name))
        return
    clients = ctx.clients(account.key)
    if clients:
        _to(ctx, user, clients, account.name, draft)
    elif ctx.settings.history:
        _leave(ctx, user, account, draft)
    else:
        speech.refuse(ctx, user, draft, numerics.ERR_NOSUCHNICK, echo(ctx, user, name))


def _to(ctx: Context, user: User, addressed: list[User], target: str, draft: Draft) -> None:
    """Send a message to some who are here: to one, or to all clients of one account."""
    open_to = [one for one in addressed if one is user or _accepts(one, user)]
    if not open_to:
        speech.refuse(ctx, user, draft, numerics.ERR_NEEDREGGEDNICK, target)
        return
    hearing = [one for one in open_to if not _ignores(ctx, one, user)]
    first = (hearing or open_to)[0]
    theirs = ctx.party(first)
    key = access.conversation(ctx, user, theirs, first.nickname) if hearing else ELSEWHERE
    event = speech.said(ctx, user, target, draft, (key,))
    if ctx.settings.history and hearing:
        access.note_partner(ctx, user, theirs, target)
        for one in hearing:
            access.note_partner(ctx, one, ctx.party(user), user.nickname)
    away = [one.away for one in open_to if one.away is not None]
    if len(away) == len(open_to) and draft.kind == "PRIVMSG":
        ctx.reply(user, numerics.RPL_AWAY, target, away[0])
    if hearing:
        shown = dict.fromkeys(hearing)
        if first.account:
            others = _others(ctx, first.account, shown, draft)
            shown |= dict.fromkeys(
                one
                for one in others
                if one is not user and _accepts(one, user) and not _ignores(ctx, one, user)
            )
        own = [one for one in _own(ctx, user, draft) if one not in addressed]
        _show(ctx, event, [one for one in shown if one not in own], own)
    if user.caps & ECHO_MESSAGE:
        ctx.send(user, event)


def _show(ctx: Context, event: Said, audience: Iterable[User], own: Iterable[User]) -> None:
    """Show a message to some, and to others as their own."""
    needed = MESSAGE_TAGS if event.kind == "TAGMSG" else 0
    for one in audience:
        if one.caps & needed == needed:
            # By itself: to whom it is said, it is said to "you".
            ctx.output.send(one, event)
    for one in own:
        ctx.output.send(one, _as_own(one, event))


def _leave(ctx: Context, user: User, account: Account, draft: Draft) -> None:
    """Keep a message for an account nobody of whom is here; its sender is told, once in an hour."""
    if draft.kind == "TAGMSG":
        # What programs tell each other is of the moment.
        return
    sender = (user.account and ctx.party(user)) or attempts.origin(user.address)
    wait = ctx.letters.wait(sender, account.key, ctx.monotonic)
    if wait:
        text = f"Begin to write to fewer who are not here; wait {math.ceil(wait)} seconds"
        speech.refuse(ctx, user, draft, numerics.ERR_TARGETTOOFAST, account.name, text)
        return
    begins = ctx.letters.begin(sender, account.key, ctx.monotonic)
    key = access.conversation(ctx, user, account.party, account.name)
    event = speech.said(ctx, user, account.name, draft, (key,))
    access.note_partner(ctx, user, account.party, account.name)
    _show(ctx, event, (), _own(ctx, user, draft))
    if user.caps & ECHO_MESSAGE:
        ctx.send(user, event)
    if begins and draft.kind == "PRIVMSG":

        def stored(done: Completed) -> None:
            if done.result:
                ctx.reply(user, numerics.RPL_AWAY, account.name, LATER)

        ctx.commit(user, (), lambda _: None, stored)


def _accepts(recipient: User, user: User) -> bool:
    """Whether somebody is sent what a user says to them (+R)."""
    return bool(user.account) or not recipient.modes & modes.ACCOUNTS_ONLY


def _ignores(ctx: Context, recipient: User, user: User) -> bool:
    ignores = ctx.state.ignores
    return bool(ignores) and ignores.has(recipient, user)


def _others(ctx: Context, account: str, but: Iterable[User], draft: Draft) -> list[User]:
    """Return the clients of an account that can show a message that is not to themselves."""
    needed = MESSAGE_TAGS if draft.kind == "TAGMSG" else 0
    return [
        one
        for one in ctx.clients(account)
        if one not in but
        and (one.plain or one.caps & ECHO_MESSAGE)
        and one.caps & needed == needed
        and not one.modes & modes.BOT
    ]


def _own(ctx: Context, user: User, draft: Draft) -> list[User]:
    """Return the other clients of who says something."""
    return _others(ctx, user.account, (user,), draft) if user.account else []


def _as_own(client: User, event: Said) -> Said:
    """Return a message as its sender's other client is shown it: as something that it has said."""
    limit = speech.text_limit(client, event.kind, event.target)
    if isinstance(event, events.SaidInLines):
        lines = tuple((cut(line, limit), concat) for line, concat in event.lines)
        return msgspec.structs.replace(event, source=client.source, lines=lines)
    return msgspec.structs.replace(event, source=client.source, text=cut(event.text, limit))

"""AUTHENTICATE: logging in to an account (IRCv3 sasl-3.1, sasl-3.2).

Before registration and after it: who is logged in already can log in again, or to another account
(sasl-3.2, "SASL Reauthentication"). What fails changes nothing, and is no reason not to try again.
"""

from __future__ import annotations

from trio_chat.core import names, numerics, sasl
from trio_chat.core.accounts import Account
from trio_chat.core.capabilities import SASL, mechanisms
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning, registration
from trio_chat.core.handlers.problems import Outcome, Problem
from trio_chat.core.inputs import Completed
from trio_chat.core.sasl import SaslError, Scram
from trio_chat.core.secrets import Offer
from trio_chat.core.state import Exchange, User
from trio_chat.wire.irc import Message
from trio_chat.wire.sasl import CHUNK, EXTERNAL, PLAIN, chunks

_RESPONSE_LIMIT = 3 * CHUNK
"""Characters of the longest response: a name, another and the longest password have 900."""
_WITHIN = 60.0
"""Seconds that an exchange may take: the secret that it goes by may not be the account's then."""


@command(
    "AUTHENTICATE",
    params=1,
    early=True,
    usage="AUTHENTICATE <mechanism>|<response>|*",
    help="log in to an account",
)
def authenticate(ctx: Context, user: User, message: Message) -> None:
    text, exchange = message.params[0], user.exchange
    if text == "*":
        user.exchange = None
        ctx.reply(user, numerics.ERR_SASLABORTED)
    elif len(text) > CHUNK:
        user.exchange = None
        ctx.reply(user, numerics.ERR_SASLTOOLONG)
    elif exchange is None:
        _begin(ctx, user, text.upper())
    elif ctx.monotonic - exchange.since > _WITHIN:
        _fail(ctx, user, "it took too long")
    else:
        _go_on(ctx, user, exchange, text)


def _begin(ctx: Context, user: User, mechanism: str) -> None:
    offered = mechanisms(ctx.settings, user.link)
    if mechanism not in offered:
        ctx.reply(user, numerics.RPL_SASLMECHS, ",".join(offered) or "*")
        _fail(ctx, user)
    elif not user.caps & SASL:
        _fail(ctx, user, "the capability sasl has to be asked for first")
    else:
        user.exchange = Exchange(mechanism, monotonic=ctx.monotonic)
        _say(ctx, user, b"")


def _go_on(ctx: Context, user: User, exchange: Exchange, text: str) -> None:
    """Take a piece of a response; once it is whole, what the mechanism makes of it."""
    if text != "+":
        exchange.size += len(text)
        if exchange.size > _RESPONSE_LIMIT:
            _fail(ctx, user, "the response is too long")
            return
        exchange.chunks.append(text)
        if len(text) == CHUNK:
            return
    whole = "".join(exchange.chunks)
    exchange.chunks.clear()
    exchange.size = 0
    try:
        response = sasl.decode(whole.encode())
        if exchange.mechanism == PLAIN:
            _plain(ctx, user, response)
        elif exchange.mechanism == EXTERNAL:
            _external(ctx, user, response)
        elif exchange.proved:
            _scram_end(ctx, user, exchange, response)
        elif exchange.scram is None:
            _scram_first(ctx, user, exchange, response)
        else:
            _scram_final(ctx, user, exchange, exchange.scram, response)
    except SaslError as error:
        _fail(ctx, user, str(error))


def _plain(ctx: Context, user: User, response: bytes) -> None:
    said = sasl.plain(response)
    _check_authorization(said.authorization, said.name)
    user.exchange = None

    def then(outcome: Outcome) -> None:
        _end(ctx, user, outcome)

    owning.log_in_with_password(ctx, user, said.name, said.password, then)


def _external(ctx: Context, user: User, response: bytes) -> None:
    """Log in whose TLS certificate it is. There is nothing to guess, so that is not counted."""
    account = ctx.accounts.by_certificate(user.certfp) if user.certfp else None
    if account is None:
        raise SaslError("no account has your certificate")
    try:
        _check_authorization(response.decode(), account.name)
    except UnicodeDecodeError:
        raise SaslError("that is no name") from None
    _accept(ctx, user, account)


# --- SCRAM: three messages of the client's, the last of them empty


def _scram_first(ctx: Context, user: User, exchange: Exchange, response: bytes) -> None:
    scram = Scram(response)
    _check_authorization(scram.authorization, scram.name)
    account = ctx.accounts.get(scram.name)
    if account is None:
        _end(ctx, user, owning.wrong(ctx, user, ""))
        return
    away = owning.kept_out(ctx, user, account.key)
    if away is not None:
        _end(ctx, user, away)
        return

    exchange.stamp = ctx.accounts.stamp(account.name)

    def resume(done: Completed) -> None:
        if user.exchange is not exchange or not isinstance(done.answer, Offer):
            _end(ctx, user, Outcome(Problem.NOT_CHECKED))
            return
        exchange.since = ctx.monotonic
        exchange.scram = scram
        try:
            _say(ctx, user, scram.challenge(done.answer))
        except SaslError as error:
            _fail(ctx, user, str(error))

    ctx.begin_scram(user, account.name, resume)


def _scram_final(
    ctx: Context, user: User, exchange: Exchange, scram: Scram, response: bytes
) -> None:
    account = ctx.accounts.get(scram.name)
    # It counts until it is right, whatever is wrong with it.
    about = account.key if account is not None else ""
    away = owning.turned_away(ctx, user, about)
    if away is not None:
        _end(ctx, user, away)
        return
    mine = scram.verify(response)
    if mine is None or account is None or ctx.accounts.stamp(account.name) is not exchange.stamp:
        # What was said to begin with may be true of somebody else by now.
        _end(ctx, user, owning.wrong(ctx, user, about, counted=True))
        return
    owning.was_right(ctx, user, account.key)
    problem = owning.obstacle(ctx, account)
    if problem is not None:
        _end(ctx, user, Outcome(problem))
        return
    exchange.proved = account.name
    _say(ctx, user, mine)


def _scram_end(ctx: Context, user: User, exchange: Exchange, response: bytes) -> None:
    account = ctx.accounts.get(exchange.proved)
    if response or account is None:
        raise SaslError("nothing is to be said any more")
    if ctx.accounts.stamp(account.name) is not exchange.stamp:
        raise SaslError("the account has been changed")
    _accept(ctx, user, account)


# --- What came of it


def _check_authorization(wanted: str, name: str) -> None:
    """See that nobody wants to be taken for somebody else (RFC 4616, section 2)."""
    if wanted and names.key(wanted) != names.key(name):
        raise SaslError("nobody can be logged in as somebody else")


def _accept(ctx: Context, user: User, account: Account) -> None:
    """Log in who has proved to be the owner of an account."""
    problem = owning.obstacle(ctx, account)
    if problem is None:
        owning.log_in(ctx, user, account)
    _end(ctx, user, Outcome(problem))


def _end(ctx: Context, user: User, outcome: Outcome) -> None:
    user.exchange = None
    if outcome.problem is None:
        ctx.reply(user, numerics.RPL_SASLSUCCESS)
        registration.try_to_register(ctx, user)
    elif outcome.problem is Problem.WRONG:
        _fail(ctx, user)
    elif outcome.problem is Problem.SUSPENDED:
        ctx.reply(user, numerics.ERR_NICKLOCKED, outcome.text)
    else:
        _fail(ctx, user, outcome.text)


def _fail(ctx: Context, user: User, why: str = "") -> None:
    user.exchange = None
    text = "SASL authentication failed"
    ctx.reply(user, numerics.ERR_SASLFAIL, f"{text}: {why}" if why else text)


def _say(ctx: Context, user: User, message: bytes) -> None:
    """Send a message of the server's, in as many pieces as it takes."""
    for text in chunks(message):
        ctx.protocol(user, "AUTHENTICATE", text)

"""NickServ: what people change about their own account, or do away with it.

Password, address of mail, certificates; `amending.py` does it, as for every other way to them.
"""

from __future__ import annotations

from trio_chat.core.accounts import Account
from trio_chat.core.context import Context
from trio_chat.core.handlers import amending, owning
from trio_chat.core.handlers.problems import Outcome
from trio_chat.core.services.nickserv import answer, own, refusal, say
from trio_chat.core.services.table import NICKSERV, how, row
from trio_chat.core.state import User

_PROVED = 300.0
"""Seconds for which somebody who has said their password can give themselves another."""


@row(
    NICKSERV,
    "PASSWD",
    account=True,
    params=2,
    most=2,
    secret=True,
    usage="PASSWD <old password> <new password>, or OLDPASS <old password> and then NEWPASS "
    "<new password>",
    help="give your account another password; where one of them has spaces in it, or a line does "
    "not hold both, each has a command of its own",
)
def passwd(ctx: Context, user: User, words: list[str]) -> None:
    old, new = words

    def checked(outcome: Outcome) -> None:
        if outcome.problem is not None or outcome.account is None:
            say(ctx, user, refusal(ctx, outcome))
            return
        done = answer(ctx, user, f"{outcome.account.name} has another password now.")
        amending.set_password(ctx, user, outcome.account, new, done)

    owning.check(ctx, user, user.account, old, checked)


@row(
    NICKSERV,
    "OLDPASS",
    account=True,
    params=1,
    secret=True,
    exact=0,
    usage="OLDPASS <password>",
    help="say the password that you have, so that you can give yourself another (NEWPASS)",
)
def oldpass(ctx: Context, user: User, words: list[str]) -> None:
    def checked(outcome: Outcome) -> None:
        if outcome.problem is not None or outcome.account is None:
            say(ctx, user, refusal(ctx, outcome))
            return
        stamp = ctx.accounts.stamp(outcome.account.name)
        user.proved = (stamp, ctx.monotonic + _PROVED)
        after = how(user, NICKSERV, "NEWPASS <password>")
        say(ctx, user, f"That is right. Within 5 minutes, say the new one: {after}")

    owning.check(ctx, user, user.account, words[0], checked)


@row(
    NICKSERV,
    "NEWPASS",
    account=True,
    params=1,
    secret=True,
    exact=0,
    new=True,
    usage="NEWPASS <password>",
    help="give your account another password, when you have said the one that you have (OLDPASS)",
)
def newpass(ctx: Context, user: User, words: list[str]) -> None:
    account = own(ctx, user)
    if account is None:
        return
    stamp, until = user.proved or (None, 0.0)
    # Whatever has been changed about the account since then, it has to be said again.
    if ctx.accounts.stamp(account.name) is not stamp or ctx.monotonic >= until:
        before = how(user, NICKSERV, "OLDPASS <password>")
        say(ctx, user, f"First say the password that you have: {before}")
        return
    done = answer(ctx, user, f"{account.name} has another password now.")
    amending.set_password(ctx, user, account, words[0], done)


@row(
    NICKSERV,
    "SET",
    account=True,
    params=2,
    secret=True,
    usage="SET EMAIL <address>|NONE or SET PASSWORD <old> <new>",
    help="change something about your account",
)
def set_(ctx: Context, user: User, words: list[str]) -> None:
    what, *rest = words
    if what.upper() == "PASSWORD" and len(rest) == 2:
        passwd(ctx, user, rest)
    elif what.upper() == "PASSWORD":
        say(ctx, user, f"It is {how(user, NICKSERV, NICKSERV.rows['PASSWD'].usage)}")
    elif what.upper() == "EMAIL" and len(rest) == 1:
        _set_email(ctx, user, "" if rest[0].upper() == "NONE" else rest[0])
    else:
        say(ctx, user, f"It is {how(user, NICKSERV, NICKSERV.rows['SET'].usage)}")


def _set_email(ctx: Context, user: User, email: str) -> None:
    if (account := own(ctx, user)) is None:
        return
    if ctx.settings.accounts is not None and ctx.settings.accounts.require_email:
        text = "Your address of mail was proved when you registered: only operators change it."
        say(ctx, user, text)
        return
    done = f"Your address of mail is {email}." if email else "You have no address of mail now."
    amending.set_email(ctx, user, account, email, answer(ctx, user, done))


@row(
    NICKSERV,
    "CERT",
    account=True,
    params=1,
    most=2,
    usage="CERT ADD|DEL|LIST [<fingerprint>]",
    help="let the owner of a TLS certificate log in to your account (SASL EXTERNAL): you ADD the "
    "one that you are connected with; without a fingerprint (SHA-256) it is that one",
)
def cert(ctx: Context, user: User, words: list[str]) -> None:
    if (account := own(ctx, user)) is None:
        return
    what = words[0].upper()
    if what == "LIST" and not words[1:]:
        for one in account.certificates:
            here = " (you are connected with it)" if one == user.certfp else ""
            say(ctx, user, f"{one}{here}")
        if not account.certificates:
            say(ctx, user, "No certificate logs in to your account.")
        return
    if what not in ("ADD", "DEL"):
        say(ctx, user, f"It is {how(user, NICKSERV, NICKSERV.rows['CERT'].usage)}")
        return
    given = words[1] if words[1:] else user.certfp
    found = amending.fingerprint(given)
    if not given:
        say(ctx, user, "You are connected without a certificate.")
    elif found is None:
        say(ctx, user, "A fingerprint (SHA-256) has 64 hexadecimal digits.")
    elif what == "ADD" and found != user.certfp:
        # Everybody can read a fingerprint: only its owner can connect with the certificate.
        say(ctx, user, "You are not connected with that certificate: connect with it, then add it.")
    else:
        (_add_certificate if what == "ADD" else _drop_certificate)(ctx, user, account, found)


def _add_certificate(ctx: Context, user: User, account: Account, found: str) -> None:
    there = account.certificates
    if found in there:
        say(ctx, user, "That certificate logs in to your account already.")
    elif len(there) >= amending.CERTIFICATES:
        text = f"Your account has {len(there)} certificates; that is as many as there can be."
        say(ctx, user, text)
    else:
        done = answer(ctx, user, f"The certificate {found} logs in to your account now.")
        amending.set_certificates(ctx, user, account, (*there, found), done)


def _drop_certificate(ctx: Context, user: User, account: Account, found: str) -> None:
    left = tuple(one for one in account.certificates if one != found)
    if left == account.certificates:
        say(ctx, user, "That certificate does not log in to your account.")
    else:
        done = answer(ctx, user, f"The certificate {found} does not log in any more.")
        amending.set_certificates(ctx, user, account, left, done)


@row(
    NICKSERV,
    "DROP",
    account=True,
    params=1,
    secret=True,
    exact=0,
    usage="DROP <password>",
    help="do away with your account, so that anybody can take its nickname",
)
def drop(ctx: Context, user: User, words: list[str]) -> None:
    def checked(outcome: Outcome) -> None:
        if outcome.problem is not None or outcome.account is None:
            say(ctx, user, refusal(ctx, outcome))
            return
        done = answer(ctx, user, f"{outcome.account.name} is nobody's any more.")
        owning.drop(ctx, user, outcome.account, done)

    owning.check(ctx, user, user.account, words[0], checked)

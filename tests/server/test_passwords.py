"""Passwords are made into what they are checked against, a few at a time."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading

import trio

from trio_chat.server import passwords
from trio_chat.server.passwords import Passwords


async def test_a_secret_proves_its_password_in_both_ways() -> None:
    these = Passwords()
    secret = await these.make("correct horse")
    assert secret is not None
    assert await these.check(secret.hash, "correct horse") is True
    assert await these.check(secret.hash, "correct horsf") is False
    assert secret.hash.startswith("$argon2id$")
    # RFC 5802, section 3: what a client proves with that password.
    salted = hashlib.pbkdf2_hmac("sha256", b"correct horse", secret.salt, secret.iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    assert secret.stored_key == hashlib.sha256(client_key).digest()
    assert secret.server_key == hmac.digest(salted, b"Server Key", "sha256")
    assert secret.iterations == passwords.ITERATIONS
    another = await these.make("correct horse")
    assert another is not None
    assert another.salt != secret.salt


async def test_what_nobody_waits_for_is_not_made() -> None:
    assert await Passwords().make("x", wanted=lambda: False) is None


async def test_whoever_checks_gives_way_and_nobody_else_does() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before, these = niceness(), Passwords()
    assert await these.make("x") is not None
    assert await these._run(niceness) == min(19, before + passwords.NICE)
    assert await these._run(niceness) == min(19, before + passwords.NICE)
    assert await trio.to_thread.run_sync(niceness) == niceness() == before


async def test_a_password_is_the_same_however_it_is_written() -> None:
    these = Passwords()
    secret = await these.make("Ze\u0308bra\u00a0crossing")
    assert secret is not None
    assert await these.check(secret.hash, "Zëbra crossing") is True
    # As SASLprep has it (RFC 5802, section 2.2).
    salted = hashlib.pbkdf2_hmac(
        "sha256", "Zëbra crossing".encode(), secret.salt, secret.iterations
    )
    assert secret.server_key == hmac.digest(salted, b"Server Key", "sha256")

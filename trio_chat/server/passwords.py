"""Checking passwords against their hashes, in threads: each check takes a while on purpose."""

from __future__ import annotations

from collections.abc import Callable

import argon2
import structlog
import trio

log = structlog.get_logger()

AT_ONCE = 2
"""Checks under way at once. Each takes 64 MB and a core for as long as it lasts."""


class Passwords:
    """Checks passwords, a few at a time."""

    def __init__(self) -> None:
        self._turns = trio.Semaphore(AT_ONCE, max_value=AT_ONCE)

    async def check(
        self, hash: str, password: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> bool | None:
        """Whether `password` is the one that `hash` was made of.

        None when `wanted` says, once it is this one's turn, that nobody wants to know any more.
        """
        async with self._turns:
            if not wanted():
                return None
            return await trio.to_thread.run_sync(_verify, hash, password)


def _verify(hash: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(hash, password)
    except argon2.exceptions.VerifyMismatchError:
        return False
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError) as error:
        log.warning("a password hash of the configuration can not be used", error=str(error))
        return False

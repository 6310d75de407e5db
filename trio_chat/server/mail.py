"""Mailing a code to the owner of an account, by a command that whoever runs the server has named.

The command is given the message on its standard input and the address as its last argument, as
`sendmail` takes them. Owns the code, the text, and how long that may take.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from email.message import EmailMessage
from email.utils import formatdate

import structlog
import trio

log = structlog.get_logger()

DEADLINE = 30.0
"""Seconds that the command may take."""
AT_ONCE = 4
"""Commands that run at once."""
_CODE = 10
"""Bytes of a code: sixteen letters and digits to be typed, and not to be guessed in a day."""
_NO_SUCH_ADDRESS = {os.EX_DATAERR, os.EX_NOUSER, os.EX_NOHOST}
"""What the command exits with where it is the address that is wrong (sysexits)."""
_SHOWN = 300
"""Characters of what the command complains about that get into the log."""
_TOLD = 3
"""Letters of a code in a row that may get there: the command may repeat what it was given, whole,
cut short or wrapped."""


class MailError(Exception):
    """No mail can be sent now. The text says why."""


class Mail:
    """Sends mails, a few at a time."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._turns = trio.CapacityLimiter(AT_ONCE)

    async def send_code(self, command: tuple[str, ...], *, account: str, address: str) -> str:
        """Mail a new code; return it, or an empty one where nothing can be sent to that address.

        Raises `MailError`.
        """
        code = base64.b32encode(secrets.token_bytes(_CODE)).decode().lower()
        message = _message(account, address, code)
        async with self._turns:
            with trio.move_on_after(self._deadline):
                return code if await _run([*command, address], message, code) else ""
        raise MailError(f"{command[0]} has not ended after {self._deadline:g} seconds")


async def _run(command: list[str], message: bytes, code: str) -> bool:
    """Run the command; whether it has taken the message, which has this code in it. Raises
    `MailError`."""
    try:
        done = await trio.run_process(
            command,
            stdin=message,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            start_new_session=True,
        )
    except OSError as error:
        raise MailError(f"{command[0]} can not be run: {error.strerror}") from None
    if done.returncode == 0:
        return True
    said = _without(code, done.stderr.decode(errors="replace")).strip()[:_SHOWN]
    if done.returncode in _NO_SUCH_ADDRESS:
        log.info("an address of mail was refused", address=command[-1], said=said)
        return False
    raise MailError(f"{command[0]} has failed with {done.returncode}: {said}")


def _without(code: str, text: str) -> str:
    """Return a text without a code, and without parts of it."""
    length = _TOLD + 1
    parts = {code[begin : begin + length] for begin in range(len(code) - _TOLD)}
    # Where a part begins a word is a code's from there on.
    return re.sub(f"(?:{'|'.join(parts)})[a-z2-7]*", "[code]", text, flags=re.IGNORECASE)


def _message(account: str, address: str, code: str) -> bytes:
    """Write what the owner of an account is told. Who it is from is up to the command."""
    message = EmailMessage()
    message["To"] = address
    message["Subject"] = "Your account"
    message["Date"] = formatdate(localtime=True)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"Somebody, you hopefully, has made the account {account}.\n\n"
        f"It is yours once you say this in the chat, within a day:\n\n"
        f"    /quote VERIFY {account} {code}\n\n"
        "If it was not you there is nothing to do: the account will be gone then.\n"
    )
    return message.as_bytes()

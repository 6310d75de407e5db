"""Codes are mailed by a command, which may refuse, fail, hang, or not be there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import trio

from trio_chat.server.mail import Mail, MailError

KEEP = "import sys; open(sys.argv[1], 'w').write(sys.argv[2] + '\\n' + sys.stdin.read())"
HANGS = "import signal; signal.pause()"


def command(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script, *arguments)


async def test_a_code_is_mailed(tmp_path: Path) -> None:
    kept = tmp_path / "mail"
    codes = [
        await Mail().send_code(command(KEEP, str(kept)), account="Zoë", address="zoe@example.org")
        for _ in range(2)
    ]
    address, *lines = kept.read_text().splitlines()
    assert address == "zoe@example.org"
    assert "To: zoe@example.org" in lines
    assert any(f" {codes[1]}" in line for line in lines)
    assert codes[0] != codes[1]
    assert all(re.fullmatch("[a-z2-7]{16}", code) for code in codes)


@pytest.mark.parametrize("status", [os.EX_NOUSER, os.EX_NOHOST, os.EX_DATAERR])
async def test_an_address_that_the_command_refuses(status: int) -> None:
    refuses = command(f"raise SystemExit({status})")
    assert await Mail().send_code(refuses, account="al", address="al@example.org") == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (command("raise SystemExit('it is full')"), "has failed with 1: it is full"),
        (command(f"raise SystemExit({os.EX_TEMPFAIL})"), f"has failed with {os.EX_TEMPFAIL}: "),
        (("/nowhere/sendmail",), "/nowhere/sendmail can not be run: No such file or directory"),
    ],
)
async def test_a_command_that_fails(command: tuple[str, ...], said: str) -> None:
    with pytest.raises(MailError) as caught:
        await Mail().send_code(command, account="al", address="al@example.org")
    assert said in str(caught.value)


async def test_a_command_that_does_not_end() -> None:
    with pytest.raises(MailError, match=r"has not ended after 0\.01 seconds"):
        await Mail(deadline=0.01).send_code(command(HANGS), account="al", address="al@example.org")


async def test_a_few_at_a_time(tmp_path: Path) -> None:
    mail = Mail(deadline=5)
    done: list[str] = []

    async def send(number: int) -> None:
        kept = tmp_path / str(number)
        done.append(
            await mail.send_code(command(KEEP, str(kept)), account="al", address="a@example.org")
        )

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(send, number)
    assert len(set(done)) == 6

"""Codes are mailed by a command, which may refuse, fail, hang, or not be there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs

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


REPEATS = """
import sys
message = sys.stdin.read().partition(chr(10) * 2)[2]
code = message.split("VERIFY", 1)[1].split()[1]
open(sys.argv[1], "w").write(code)
sys.stderr.write({
    "whole": message,
    "shouted": message.upper(),
    "cut short": "x" * 280 + " VERIFY al " + code,
    "in part": "refused: " + code[:9] + "...",
    "wrapped": code[:5] + chr(10) + code[5:],
    "glued": "VERIFY=" + code + "=" + code,
}[sys.argv[2]])
raise SystemExit(int(sys.argv[3]))
"""


@pytest.mark.parametrize("status", [1, os.EX_NOUSER])
@pytest.mark.parametrize("how", ["whole", "shouted", "cut short", "in part", "wrapped", "glued"])
async def test_a_code_that_the_command_repeats_is_not_logged(
    tmp_path: Path, status: int, how: str
) -> None:
    """Whoever reads the log could have the account otherwise."""
    kept = tmp_path / "code"
    repeats = command(REPEATS, str(kept), how, str(status))
    with capture_logs() as logs:
        try:
            await Mail().send_code(repeats, account="al", address="al@example.org")
            said = str(logs)
        except MailError as error:
            assert not logs
            said = str(error)
    code = kept.read_text()
    assert "[code]" in said
    told = said.lower()
    assert not any(code[begin : begin + 4] in told for begin in range(len(code) - 3))


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

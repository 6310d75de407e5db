"""What the parts of the command line share: how they fail, and how they read a password."""

from __future__ import annotations

import sys

import click

PROGRAM = "trio-chat"


class Failure(click.ClickException):
    """Ends the command with sentences on stderr, one a line."""

    def show(self, file: object = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"{PROGRAM}: {line}", err=True)


class Misuse(Failure):
    """What was asked for can not be done, and will not be when it is asked for again."""

    exit_code = 2


def is_terminal() -> bool:
    """Whether somebody can be asked something."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_password() -> str:
    """Read a password from a pipe (one line), or ask for it twice on a terminal. It is not empty.
    Raises `Failure`."""
    if sys.stdin is None:
        raise Failure("there is no standard input to read the password from")
    password: str
    if is_terminal():
        password = click.prompt(
            "Password",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt="The same again",
            err=True,
        )
    else:
        try:
            password = sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Failure("the password is not UTF-8") from None
        except OSError as error:
            raise Failure(f"the password can not be read: {error.strerror}") from None
    if not password:
        raise Failure("the password is empty")
    return password

"""The one error that reading bytes can raise."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Problem(enum.Enum):
    """What was wrong with a line that a peer sent."""

    TOO_LONG = "Input line was too long"
    NOT_UTF8 = "Message rejected, this server takes UTF-8 only"
    FORBIDDEN_BYTE = "A line can not contain NUL or CR"
    NO_COMMAND = "A line needs a command"
    BAD_COMMAND = "A command is a word of letters, or three digits"


class ProtocolError(ValueError):
    """A peer's bytes are not a message.

    `problem` says why; `command` and `tags` are what could be told of the line all the same (or are
    empty), so that a reply can name it.
    """

    def __init__(
        self, problem: Problem, command: str = "", tags: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.command = command
        self.tags = tags if tags is not None else {}

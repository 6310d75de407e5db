"""What the tables of who may do what are made of: kinds of users, and what each may do.

A row says what is set in a room and what somebody does there; a cell what comes of it for one kind
of user: `yes`, or what they are answered.
"""

from __future__ import annotations

import msgspec

YES = "yes"
"""It is done."""
EMPTY = "-"
"""It is not done, and nothing is said of that."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of user, who is called `who`."""

    name: str
    account: bool = False
    """Whether they are logged in, to an account of that name."""
    access: str = ""
    """Letters that they have in the registered room by access; `founder`: it is theirs."""
    inside: bool = False
    """Whether they are in the room."""
    standing: str = ""
    """Letters that an operator has given them there."""
    ruled: tuple[str, ...] = ()
    """What an operator has done about them."""
    operator: bool = False
    """Whether they are an operator of the server."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody does, and what comes of it for each kind of user."""

    name: str
    set: tuple[str, ...] = ()
    """What an owner of the room does before."""
    does: str
    """The line."""
    shows: str
    """What is in the answer where it is done."""
    cells: str
    """For each kind of user, with spaces between: `yes`, or the command or numeric that they are
    answered."""
    registered: bool = True
    """Whether the room is."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows about the same kinds of users."""

    title: str
    text: str
    actors: tuple[Actor, ...]
    rows: tuple[Row, ...]

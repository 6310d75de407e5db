"""A world that keeps what is said, and what its users read of it."""

from __future__ import annotations

from tests.core.world import SERVER, World
from tests.journal.rig import File
from trio_chat.core.settings import Settings

CAPS = "batch server-time message-tags draft/chathistory"
ALL = f"{CAPS} draft/event-playback draft/multiline draft/channel-rename labeled-response"
EVER = "timestamp=2020-01-01T00:00:00.000Z timestamp=2030-01-01T00:00:00.000Z"


def keeping(file: File, *, on_join: int = 0, page: int = 1000, replies: int = 200) -> World:
    """Return a world with a journal; nobody is shown anything on joining, if nothing is said."""
    settings = Settings(name=SERVER, history=True, history_page=page, history_on_join=on_join)
    return World(settings, journal=file, page=replies)


def log_in(world: World, name: str, account: str) -> None:
    """Have somebody be logged in to an account, which is made if there is none."""
    world.identify(account, name)


def texts(lines: list[str]) -> list[str]:
    """Return what was said in lines that somebody was sent."""
    said = (line.partition(" PRIVMSG ")[2] for line in lines)
    return [one.partition(" :")[2] for one in said if one]


def tag(line: str, key: str) -> str:
    """Return the value of a tag of a line."""
    tags = line[1:].partition(" ")[0].split(";")
    return next(one.partition("=")[2] for one in tags if one.partition("=")[0] == key)


def said(world: World, name: str, text: str, target: str = "#a") -> str:
    """Have somebody say something, a second after what was before; return its id.

    They have to be shown ids, and their own messages.
    """
    world.now += 1
    line, *_ = world.ask(name, f"PRIVMSG {target} :{text}")
    return tag(line, "msgid")


def read(world: World, name: str, target: str = "#a", rest: str = "LATEST {} * 100") -> list[str]:
    """Return what somebody finds to have been said."""
    return texts(world.ask(name, f"CHATHISTORY {rest.format(target)}"))

"""A world with accounts and registered rooms, whose records go into a file."""

from __future__ import annotations

from tests.core.test_keeping import CAPS, Durable
from tests.core.world import SERVER, START
from tests.journal.rig import File
from trio_chat.core.accounts import Account
from trio_chat.core.handlers import founding, owning
from trio_chat.core.handlers.founding import Problem
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.settings import AccountPolicy, Settings
from trio_chat.core.state import Channel, User

SETTINGS = Settings(name=SERVER, accounts=AccountPolicy(), history=True, history_on_join=0)
CHANSERV = f"ChanServ!ChanServ@services.{SERVER}"


class Registering(Durable):
    """Users who have accounts of their names, and register rooms. `restarted` keeps all of it."""

    def __init__(self, file: File, *, now: float = START, settings: Settings | None = None) -> None:
        super().__init__(file, now=now, settings=settings or SETTINGS)
        self.answers: list[Problem | None] = []

    def restarted(self, *, after: float = 60.0, settings: Settings | None = None) -> Registering:
        return Registering(self.file, now=self.now + after, settings=settings)

    def user(self, name: str) -> User:
        return self.core.state.users[self.ids[name]]

    def log_in(self, name: str, account: str = "") -> dict[str, list[str]]:
        """Log a user in, to an account of this name that is made if there is none."""
        ctx = self.core.context
        found = ctx.accounts.get(account or name)
        if found is None:
            found = Account(name=account or name, registered_at=self.now)
            ctx.accounts.put(found)
        owning.log_in(ctx, self.user(name), found)
        return self.step()

    def come(self, name: str, *rooms: str, caps: str = CAPS) -> list[str]:
        """Connect somebody, log them in to an account of their name, and have them join rooms;
        return what the last of these answers."""
        self.step(self.add(name), self.lines(name, f"CAP REQ :{caps}", f"NICK {name}"))
        self.log_in(name)
        self.send(name, f"USER {name} 0 * :Real {name}", "CAP END")
        return [line for room in rooms for line in self.ask(name, f"JOIN {room}")]

    def register(self, name: str, room: str = "#a", description: str = "") -> Problem | None:
        channel = self.core.state.channel_named(room)
        assert channel is not None
        founding.register(
            self.core.context, self.user(name), channel, description, self.answers.append
        )
        self.said = self.step()
        return self.answers.pop()

    def room(self, name: str = "#a") -> RegisteredRoom:
        found = self.core.context.registered.get(name)
        assert found is not None
        return found

    def change(self, name: str, after: RegisteredRoom) -> Problem | None:
        founding.change(
            self.core.context, self.user(name), self.room(after.name), after, self.answers.append
        )
        self.said = self.step()
        return self.answers.pop()

    def give(self, account: str, standing: int, *, room: str = "#a") -> Problem | None:
        """Have an account be something in a room by access."""
        by = next(iter(self.ids))
        return self.change(by, self.room(room).with_access(account, standing))

    def drop(self, name: str, room: str = "#a") -> Problem | None:
        founding.drop(self.core.context, self.user(name), self.room(room), self.answers.append)
        self.said = self.step()
        return self.answers.pop()

    def channel(self, name: str = "#a") -> Channel:
        found = self.core.state.channel_named(name)
        assert found is not None
        return found

    def standing(self, name: str, room: str = "#a") -> int:
        return self.channel(room).members[self.user(name)]

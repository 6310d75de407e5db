"""A core with users around it: what each sends goes in, what each is sent comes back as lines."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from tests.journal.rig import File
from trio_chat.core import secrets
from trio_chat.core.accounts import Account
from trio_chat.core.attempts import Rejected
from trio_chat.core.context import PAGE
from trio_chat.core.core import Core
from trio_chat.core.entries import Kept, Moved, Redacted
from trio_chat.core.feed import write
from trio_chat.core.handlers.presence import change_account
from trio_chat.core.inputs import Completed, Connected, Disconnected, Input, Received
from trio_chat.core.output import Effects
from trio_chat.core.passwords import prepared
from trio_chat.core.requests import (
    AwaitSent,
    AwaitStored,
    BeginScram,
    CheckLogin,
    CheckPassword,
    HashPassword,
    LookUp,
    Request,
    SendMail,
)
from trio_chat.core.secrets import SECRET, Mailed, Offer, Secret
from trio_chat.core.settings import Settings
from trio_chat.journal.readers import Deadline
from trio_chat.journal.store import look_up
from trio_chat.wire import sasl

START = 1_700_000_000.0
"""Seconds since the epoch: 2023-11-14 22:13:20 UTC."""
SERVER = "irc.test"
RECORDING = Settings(name=SERVER, durable=True, history=True, history_on_join=0)
"""A server that has everything stored, and shows nobody any of it who does not ask."""


NONCE = "nonce-of-the-server"
ITERATIONS = 4096
"""The fewest that there may be (RFC 7677)."""
CODE = "abcdefgh23456789"
"""What is mailed to whoever makes an account."""
_AT_ONCE = (AwaitStored, HashPassword, CheckLogin, BeginScram, SendMail)
"""Requests that are answered at once, but where a world is slow."""


@functools.cache
def secret_of(password: str) -> Secret:
    """Return what proves a password, without the hash that takes its time."""
    salt = b"salt of a test"
    keys = sasl.keys(password, salt, ITERATIONS)
    return Secret(
        hash=f"as it is: {prepared(password) or password}",
        salt=salt,
        iterations=ITERATIONS,
        stored_key=keys.stored,
        server_key=keys.server,
    )


class World:
    """Users are known by the names that the test gives them, and stay so when they change nick."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        page: int = PAGE,
        journal: File | None = None,
        now: float = START,
        last: int = 0,
        kept: Mapping[str, Mapping[str, bytes]] | None = None,
    ) -> None:
        self.core = Core(
            settings or Settings(name=SERVER),
            last=last,
            kept=kept,
            version="1.2.3",
            started=now,
            page=page,
        )
        self.now = now
        self.jumped = 0.0
        """By how much the clock on the wall has been set, which does not change how much time goes
        by."""
        self.ids: dict[str, int] = {}
        self.closed: set[str] = set()
        self.requests: list[Request] = []
        self.rejected: list[Rejected] = []
        """What was wrong, or not looked at, as the log has it."""
        self.logins = 0
        """How often somebody was logged in."""
        self.last: Effects | None = None
        self.journal = journal
        """What is stored, and is asked what was; None: nothing is."""
        self.secrets: dict[str, Secret] = {}
        """What proves who owns an account (its key), as `secret_of` makes it of a password."""
        self.mails: list[SendMail] = []
        """What was to be mailed, the last one last."""
        self.mailing: Mailed | None = Mailed(CODE)
        """What comes of that; None: it fails."""
        self.full = False
        """Whether nothing can be stored."""
        self.slow = False
        """Whether nobody takes what they are sent, until `complete` says so."""

    def step(self, *inputs: Input) -> dict[str, list[str]]:
        """Take inputs in one step; return what each user is sent, as lines."""
        effects = self.turn(list(inputs))
        found: dict[str, list[str]] = {}
        while True:
            assert effects.failures == []
            for name, lines in self.read(effects).items():
                found.setdefault(name, []).extend(lines)
            asked = [item for item in self.requests if isinstance(item, LookUp)]
            if asked and self.journal is not None and not self.slow:
                self.requests = [item for item in self.requests if item not in asked]
                effects = self.turn([self.looked_up(item) for item in asked])
                continue
            if not self.slow:
                done = [self.done(item) for item in self.requests if isinstance(item, _AT_ONCE)]
                if done:
                    self.requests = [
                        item for item in self.requests if not isinstance(item, _AT_ONCE)
                    ]
                    effects = self.turn(done)
                    continue
            waiting = [item for item in self.requests if isinstance(item, AwaitSent)]
            if self.core.busy:
                effects = self.turn([])
                continue
            if not waiting or self.slow:
                return found
            # Everybody takes at once what they are sent.
            self.requests = [item for item in self.requests if item not in waiting]
            done = [Completed(request=item.id, result=True) for item in waiting]
            effects = self.turn(done)

    def turn(self, inputs: Iterable[Input]) -> Effects:
        """Take one step, and nothing that follows from it."""
        effects = self.core.step(inputs, self.now + self.jumped, monotonic=self.now)
        self.logins += effects.logins
        if self.full and effects.records:
            self.core.withhold(effects)
            return effects
        for record in effects.records:
            if isinstance(record, Kept) and record.table == SECRET:
                self.keep_secret(record)
        if self.journal is not None and effects.records:
            self.store(self.journal, effects)
            self.core.stored(effects)
        return effects

    def store(self, journal: File, effects: Effects) -> None:
        journal.store(*effects.records, number=effects.number)
        if any(isinstance(record, Moved | Redacted) for record in effects.records):
            # As it is before a commit returns.
            journal.file()

    def keep_secret(self, record: Kept) -> None:
        if record.value is None:
            self.secrets.pop(record.key, None)
        else:
            self.secrets[record.key] = secrets.decode(record.value)

    def done(self, request: Request) -> Completed:
        """Answer a request about an account, or one that waits until something is stored."""
        if isinstance(request, AwaitStored):
            return Completed(request=request.id, result=request.stored)
        if isinstance(request, HashPassword):
            answer = secret_of(request.password)
            return Completed(request=request.id, result=True, answer=answer)
        if isinstance(request, BeginScram):
            found = self.secrets.get(request.account)
            return Completed(request=request.id, result=True, answer=Offer(found, NONCE))
        if isinstance(request, SendMail):
            self.mails.append(request)
            is_sent = self.mailing is not None and bool(self.mailing.code)
            return Completed(request=request.id, result=is_sent, answer=self.mailing)
        assert isinstance(request, CheckLogin)
        known = self.secrets.get(request.account)
        right = known is not None and known.hash == secret_of(request.password).hash
        return Completed(request=request.id, result=right)

    def looked_up(self, request: LookUp) -> Completed:
        """Have the journal answer a request."""
        assert self.journal is not None
        answer = look_up(self.journal.connection, Deadline(60), request.question)
        return Completed(request=request.id, result=True, answer=answer)

    def read(self, effects: Effects) -> dict[str, list[str]]:
        self.last = effects
        names = {id: name for name, id in self.ids.items()}
        self.closed |= {names[id] for id, *_ in effects.closes}
        self.requests += effects.requests
        self.rejected += effects.rejected
        found: dict[str, list[str]] = {}
        for id, chunks in effects.outputs:
            text = write(chunks, id).decode()
            assert text == "" or text.endswith("\r\n")
            found[names[id]] = lines = text.split("\r\n")[:-1]
            for line in lines:
                body = line.partition(" ")[2] if line.startswith("@") else line
                user = self.core.state.users.get(id)
                assert user is None or user.plain or len(body.encode()) <= 510, line
        return found

    def add(self, name: str, *, plain: bool = False, host: str = "10.0.0.1") -> Connected:
        """Make a user, to be connected by the input that this returns."""
        self.ids[name] = len(self.ids) + 1
        return Connected(user=self.ids[name], plain=plain, host=host, since=self.now)

    def lines(self, name: str, *lines: str | bytes) -> Received:
        encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
        return Received(user=self.ids[name], lines=encoded)

    def send(self, name: str, *lines: str | bytes) -> dict[str, list[str]]:
        """Have a user send lines in one step."""
        return self.step(self.lines(name, *lines))

    def ask(self, name: str, *lines: str | bytes) -> list[str]:
        """Have a user send lines; return what that user is answered."""
        return self.send(name, *lines).get(name, [])

    def irc(self, name: str, *, caps: str = "", rooms: str = "") -> list[str]:
        """Connect and register an IRC user."""
        lines = [f"CAP REQ :{caps}"] if caps else []
        lines += [f"NICK {name}", f"USER {name} 0 * :Real {name}", "CAP END"]
        if rooms:
            lines.append(f"JOIN {rooms}")
        return self.step(self.add(name), self.lines(name, *lines)).get(name, [])

    def person(self, name: str) -> list[str]:
        """Connect somebody with `nc`, by that nickname."""
        return self.step(self.add(name, plain=True), self.lines(name, name)).get(name, [])

    def quit(self, name: str, reason: str = "Connection closed") -> dict[str, list[str]]:
        return self.step(Disconnected(user=self.ids[name], reason=reason))

    def identify(self, account: str, *names: str) -> None:
        """Have users be logged in to an account, which is made if there is none: nobody is shown
        anything of it."""
        context = self.core.context
        if context.accounts.get(account) is None:
            context.accounts.put(Account(name=account, registered_at=self.now))
        for name in names:
            user = context.state.users[self.ids[name]]
            change_account(context, user, account)
        self.step()

    @property
    def passwords(self) -> list[CheckPassword]:
        """Passwords that are to be checked."""
        return [item for item in self.requests if isinstance(item, CheckPassword)]

    def complete(self, result: bool) -> dict[str, list[str]]:
        """Answer the oldest request."""
        return self.step(Completed(request=self.requests.pop(0).id, result=result))


def codes(lines: list[str]) -> list[str]:
    """Return the command or numeric of each line."""
    return [
        next(word for word in line.split(" ") if not word.startswith(("@", ":"))) for line in lines
    ]


def prefix(name: str) -> str:
    return f":{name}!~{name}@10.0.0.1"

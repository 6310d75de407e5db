"""One client of a drill: joins, catches up, is shown things, speaks.

What it was shown goes into the ledger, its own
messages included (IRCv3 echo-message), by the ids that they have (message-tags).
"""

from __future__ import annotations

from collections.abc import Sequence

from loadtest.drill.ledger import Ledger, Message
from loadtest.drill.session import Session, UnexpectedError
from trio_chat.wire import irc

NEEDED = ("echo-message", "message-tags", "server-time", "batch")
HISTORY = "draft/chathistory"
PAGE = 100
"""Messages that are asked for at once, where the server does not say that it gives fewer."""
FILLER = "the quick brown fox jumps over the lazy dog "


class Client(Session):
    """A client that talks."""

    def __init__(self, name: str, rooms: Sequence[str], ledger: Ledger) -> None:
        self.rooms = rooms
        self.caught_up = False
        """Whether it has ever fetched what it had missed."""
        self._ledger = ledger
        self._said = 0
        super().__init__(name, needed=NEEDED, wanted=(HISTORY,))

    def begin(self) -> None:
        super().begin()
        self._page = PAGE
        self._to_join = set(self.rooms)
        self._waiting: dict[str, list[Message]] = {}
        """By room: what is shown while it fetches what came before."""
        self._fetched: dict[str, list[Message]] = {}
        """By room: the page that is coming."""
        self._known: dict[str, set[str]] = {}
        """By room: the ids of all that it has fetched."""
        self._batch: dict[str, str] = {}
        """Of batches that are open: their rooms."""

    @property
    def is_ready(self) -> bool:
        """Whether it is where it belongs, and can speak."""
        return not self._to_join and not self._waiting

    def say(self, target: str, lines: int = 1) -> None:
        """Say something there, each line unlike any other that was ever said."""
        for _ in range(lines):
            self._said += 1
            text = f"{self.name}.{self._said} {FILLER[: self._said % len(FILLER)]}".rstrip()
            self._send(f"PRIVMSG {target} :{text}")
            self.under_way += 1

    def _heard(self, message: irc.Message) -> None:
        command, params = message.command, message.params
        if command == "PRIVMSG":
            self._said_to(message)
        elif command == "001":
            self._send(f"JOIN {','.join(self.rooms)}")
        elif command == "005":
            for word in params[1:-1]:
                key, _, value = word.partition("=")
                if key.lower().endswith("chathistory") and value.isdecimal() and int(value):
                    self._page = min(PAGE, int(value))
        elif command == "366":
            self._joined(params[1])
        elif command == "BATCH":
            self._batched(params)

    def _joined(self, room: str) -> None:
        self._to_join.discard(room)
        last = self._ledger.last(self.name, room)
        if HISTORY in self.capabilities and last:
            self._waiting[room] = []
            self._known[room] = set()
            self._fetch(room, last)

    # --- What is shown

    def _said_to(self, message: irc.Message) -> None:
        target, text = message.params
        id = message.tags.get("msgid")
        if not id:
            raise UnexpectedError(f"{self.name} was shown a message without an id")
        sender = message.source.partition("!")[0]
        place = target if target.startswith("#") else sender if target == self.name else target
        shown = Message(id, sender, text)
        batch = message.tags.get("batch")
        if batch is not None:
            # History: what was asked for, or what everybody is given who joins.
            self._ledger.meet(shown)
            if batch in self._batch:
                self._fetched[self._batch[batch]].append(shown)
            return
        if sender == self.name:
            self.under_way -= 1
        if place in self._waiting:
            # It is shown, even if what was before it never comes.
            self._ledger.meet(shown)
            self._waiting[place].append(shown)
        else:
            self._ledger.show(self.name, place, shown)

    # --- What was missed (IRCv3 draft/chathistory)

    def _fetch(self, room: str, after: str) -> None:
        self._send(f"CHATHISTORY AFTER {room} msgid={after} {self._page}")

    def _batched(self, params: Sequence[str]) -> None:
        reference = params[0][1:]
        if params[0][:1] == "+":
            if params[1] == "chathistory" and params[2] in self._waiting:
                self._batch[reference] = params[2]
                self._fetched[params[2]] = []
            return
        room = self._batch.pop(reference, None)
        if room is None:
            return
        page = self._fetched.pop(room)
        known = self._known[room]
        for shown in page:
            known.add(shown.id)
            self._ledger.show(self.name, room, shown)
        if len(page) >= self._page:
            self._fetch(room, page[-1].id)
            return
        for shown in self._waiting.pop(room):
            if shown.id not in known:
                self._ledger.show(self.name, room, shown)
        self.caught_up = True

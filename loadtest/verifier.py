"""Proves that every member of a room sees the same, once, in one order, and nothing else.

A room keeps one *log*: what its members are shown, in the order of whoever got there first. Every
member stands somewhere in it. What a member is sent must be what the log holds at its place (bytes
are compared; lines are parsed only where bytes differ), or, at the log's end, what its sender has
to say next, text for text; then it is appended. So, as long as nothing differs:

- each member's view is a segment of the one log, from its own JOIN to its own PART: the same for
  all, without a gap, a repetition or another order;
- in the log, each sender's messages stand as they were said, each once.

And when at the end the log holds the last message of every sender, and every member stands at its
end, then every member has seen everything, exactly once, in one order. At the first difference the
room *diverges*: from there on each member's view is written down, and `diagnosis` tells what was
wrong; a room that has diverged is never proven.

Two kinds of members can not say what comes next, and wait for others to say it: one that is just
joining (it does not know where in the log its JOIN stands) and one that does not hear itself (it
does not know where in the log its own messages stand). Therefore a room's founder, who joins first
and does not leave, must be neither.

Pure: no sockets, no clock, no gevent. Knows of IRC only which lines are a room's events.
"""

from __future__ import annotations

from loadtest.diagnosis import Fault, Key, Kind, View, diagnose
from loadtest.membership import Entry, Event, Member, Said, Samples, Stay, words
from loadtest.payload import Payload, read_text
from trio_chat.wire import irc
from trio_chat.wire.errors import ProtocolError

LINE_LIMIT = 16_384
"""Bytes without a line's end after which a peer is not speaking IRC."""


class NotIrcError(Exception):
    """A peer sent more bytes than any line can have."""


class Room:
    """One room's log and members. `name` is compared as the server sends it."""

    def __init__(self, name: str, samples: Samples, *, run: str, hears_itself: bool) -> None:
        self.name = name
        self.members: dict[str, Member] = {}
        self.divergence: str | None = None
        """The first difference that was seen, in words."""
        self._samples = samples
        self._run = run
        self._hears_itself = hears_itself
        self._bytes = bytearray()
        self._entries: list[Entry] = []
        self._cut_bytes = 0
        self._cut_entries = 0
        self._present: set[Member] = set()
        self._waiting: dict[Member, None] = {}
        self._has_grown = False
        self._said: dict[str, Said] = {}
        """By text, everything said that is in question, once the room has diverged."""

    def add(self, nickname: str, *, sends: bool = False, permanent: bool = True) -> Member:
        """Add a client; the first is the founder, and joins before the others do."""
        founder = not self.members
        deaf = sends and not self._hears_itself
        if founder and (deaf or not permanent):
            raise ValueError("a founder hears everything and does not leave")
        if nickname in self.members or (sends and not permanent):
            raise ValueError(f"{nickname} is there already, or would speak and leave")
        member = Member(
            nickname=nickname,
            sends=sends,
            is_founder=founder,
            is_deaf=deaf,
            is_permanent=permanent,
        )
        self.members[nickname] = member
        return member

    # What a client is about to do.

    def joining(self, member: Member) -> None:
        """Note that a member's JOIN is about to be sent."""
        member.stay = Stay.JOINING

    def say(
        self, member: Member, text: str, *, intended: float, sent: float, is_end: bool = False
    ) -> None:
        """Note what a member is about to send; `is_end` for its last message, which is not timed.

        Texts must differ, and be those of `loadtest.payload`.
        """
        said = Said(member, member.said_count, text, 0.0 if is_end else intended, sent)
        member.said_count += 1
        member.has_ended = is_end
        member.pending.append(said)
        if self.divergence is not None:
            self._said[text] = said

    def gone(self, member: Member) -> None:
        """Note that a member's connection has ended: nothing more is expected of or for it."""
        member.is_gone = True
        member.stay = Stay.OUT
        member.index = None
        member.backlog.clear()
        self._waiting.pop(member, None)

    # What a client is sent.

    def feed(self, member: Member, data: bytes, now: float) -> list[irc.Message]:
        """Take what a member's connection has brought; return the messages not of the room.

        Raises `NotIrcError`.
        """
        if member.tail:
            data = member.tail + data
            member.tail = b""
        if not data.endswith(b"\n"):
            end = data.rfind(b"\n") + 1
            member.tail = data[end:]
            if len(member.tail) > LINE_LIMIT:
                raise NotIrcError(f"{len(member.tail)} bytes without a line's end")
            data = data[:end]
        rest = self._match(member, data, now) if data else b""
        if not rest:
            return []
        others = []
        lines = rest.split(b"\n")
        lines.pop()
        for line in lines:
            raw = line + b"\n"
            if not self._match(member, raw, now):
                continue
            try:
                message = irc.parse(line.removesuffix(b"\r"))
            except ProtocolError:
                continue
            event = self._event(message)
            if event is None:
                others.append(message)
            else:
                self._take(member, event, raw, now)
        if self._has_grown:
            self._drain()
        return others

    def _event(self, message: irc.Message) -> Event | None:
        """Say what a message means to this room; None when it is not of the room."""
        command = message.command
        params = message.params
        if command == "QUIT":
            return command, irc.nickname_of(message.source), ""
        if not params or params[0] != self.name or command not in ("PRIVMSG", "JOIN", "PART"):
            return None
        text = params[1] if command == "PRIVMSG" and len(params) > 1 else ""
        return command, irc.nickname_of(message.source), text

    def _match(self, member: Member, data: bytes, now: float) -> bytes:
        """Advance a member over whole lines, if the log has the same bytes at its place.

        Returns what is left to look at: all of it when the bytes differ.
        """
        if member.index is None or member.backlog or self.divergence is not None:
            return data
        if member.is_deaf:
            self._skip_own(member)
        if not self._bytes.startswith(data, member.offset - self._cut_bytes):
            return data
        end = member.offset + len(data)
        return data[len(data) - (end - self._advance(member, end, now)) :]

    def _advance(self, member: Member, end: int, now: float) -> int:
        """Move a member on to where `end` is, or to its own PART if that comes first."""
        assert member.index is not None
        position = member.index - self._cut_entries
        entries = self._entries
        samples = self._samples
        while True:
            entry = entries[position]
            position += 1
            if entry.about is member and entry.said is None:
                if entry.event[0] != "JOIN":
                    member.stay = Stay.OUT
                    member.index = None
                    return entry.end
                member.stay = Stay.IN
            elif entry.intended:
                entry.last_seen = now
                samples.deliver.add(now - entry.intended)
                if entry.about is member and entry.said is not None:
                    samples.echo.add(now - entry.said.sent)
            if entry.end == end:
                break
        member.index = position + self._cut_entries
        member.offset = end
        return end

    def _skip_own(self, member: Member) -> None:
        """Move a member that does not hear itself past what it has said."""
        assert member.index is not None
        position = member.index - self._cut_entries
        while position < len(self._entries):
            entry = self._entries[position]
            if entry.about is not member or entry.said is None:
                break
            member.offset = entry.end
            position += 1
        member.index = position + self._cut_entries

    def _take(self, member: Member, event: Event, raw: bytes, now: float) -> None:
        """Take one event that a member was sent."""
        if self.divergence is not None:
            self._note(member, event, now)
        elif member.backlog or not self._check(member, event, raw, now):
            member.backlog.append((event, raw, now))
            self._waiting[member] = None

    def _check(self, member: Member, event: Event, raw: bytes, now: float) -> bool:
        """Check the next event of a member. False: only what others see next can tell."""
        if member.index is None:
            if member.stay is not Stay.JOINING or event != ("JOIN", member.nickname, ""):
                why = f"{member.nickname} was sent {words(event)} without being in the room"
                self._diverge(why, member, event, now)
                return True
            if not member.is_founder:
                return False
            if not self._append(event, raw):
                self._diverge(f"{member.nickname} joined twice", member, event, now)
                return True
        elif member.is_deaf:
            self._skip_own(member)
        position = member.index - self._cut_entries if member.index is not None else 0
        if position == len(self._entries):
            if member.is_deaf:
                return False
            if not self._append(event, raw):
                why = f"{member.nickname} was sent {words(event)}, which is not what comes next"
                self._diverge(why, member, event, now)
                return True
        entry = self._entries[position]
        if entry.event == event:
            self._advance(member, entry.end, now)
        else:
            why = (
                f"{member.nickname} was sent {words(event)} where others were sent "
                f"{words(entry.event)}"
            )
            self._diverge(why, member, event, now)
        return True

    def _append(self, event: Event, raw: bytes) -> bool:
        """Put an event at the log's end. False: it can not come next."""
        command, nickname, text = event
        about = self.members.get(nickname)
        said = None
        if command == "PRIVMSG":
            if about is None or not about.pending or about.pending[0].text != text:
                return False
            said = about.pending.popleft()
        elif about is not None and command == "JOIN":
            if about in self._present or about.is_gone or about.stay is not Stay.JOINING:
                return False
            self._present.add(about)
            about.joined_at = about.index = self._cut_entries + len(self._entries)
            about.offset = self._cut_bytes + len(self._bytes)
        elif about is not None:
            if about not in self._present:
                return False
            self._present.remove(about)
        self._bytes += raw
        end = self._cut_bytes + len(self._bytes)
        intended = said.intended if said is not None else 0.0
        self._entries.append(Entry(event, end, about, said, intended))
        self._has_grown = True
        return True

    def _drain(self) -> None:
        """Let those go on who waited for the log to grow."""
        while self._has_grown:
            self._has_grown = False
            for member in list(self._waiting):
                backlog = member.backlog
                while backlog:
                    head = backlog.popleft()
                    if self.divergence is not None:
                        self._note(member, head[0], head[2])
                    elif not self._check(member, *head):
                        backlog.appendleft(head)
                        break
                if not backlog:
                    self._waiting.pop(member, None)

    # After the first difference.

    def _diverge(
        self, why: str, member: Member | None = None, event: Event | None = None, now: float = 0.0
    ) -> None:
        """Give up comparing: write down what each has seen, and what it sees from now on."""
        if self.divergence is None:
            self.divergence = why
            for each in self.members.values():
                self._open_view(each)
                for said in each.pending:
                    self._said[said.text] = said
            for entry in self._entries:
                if entry.said is not None:
                    self._said[entry.said.text] = entry.said
        if member is not None and event is not None:
            self._note(member, event, now)
        for each in self.members.values():
            while each.backlog:
                waited = each.backlog.popleft()
                self._note(each, waited[0], waited[2])
        self._waiting.clear()

    def _open_view(self, member: Member) -> None:
        view = View(
            member=member.nickname, is_permanent=member.is_permanent, is_deaf=member.is_deaf
        )
        if member.index is not None:
            first = max(member.joined_at - self._cut_entries, 0)
            for entry in self._entries[first : member.index - self._cut_entries]:
                if entry.said is not None and not (member.is_deaf and entry.about is member):
                    view.spans[0].append(Key(entry.said.sender.nickname, entry.said.number))
        member.view = view

    def _note(self, member: Member, event: Event, now: float) -> None:
        """Write down what a member has seen."""
        view = member.view
        assert view is not None
        command, nickname, text = event
        if nickname == member.nickname and command == "JOIN":
            member.stay = Stay.IN
            if view.spans[-1] and not view.is_permanent:
                view.spans.append([])
        elif nickname == member.nickname and command == "PART":
            member.stay = Stay.OUT
        elif command == "PRIVMSG":
            said = self._said.get(text)
            payload = read_text(text)
            if member.stay is not Stay.IN:
                view.strange.append(f"{words(event)} arrived while it was not in the room")
            elif said is not None and said.sender.nickname == nickname:
                view.spans[-1].append(Key(nickname, said.number))
                if said.intended:
                    self._samples.deliver.add(now - said.intended)
            elif payload is not None and self._is_settled(nickname, payload):
                view.spans[-1].append(Key(nickname, payload.sequence))
            else:
                view.strange.append(f"{words(event)}, which nobody said")

    def _is_settled(self, nickname: str, payload: Payload) -> bool:
        """Whether a text is one that has reached everyone before the room diverged."""
        sender = self.members.get(nickname)
        return (
            sender is not None
            and payload.run == self._run
            and payload.sender == nickname
            and payload.sequence < sender.settled
        )

    # What has been shown.

    def settle(self) -> None:
        """Forget the part of the log that every member has passed. For calling now and then."""
        if self.divergence is not None:
            return
        end = self._cut_entries + len(self._entries)
        for member in self.members.values():
            if member.index is not None:
                if member.is_deaf:
                    self._skip_own(member)
                end = min(end, member.index)
        count = end - self._cut_entries
        if count == 0:
            return
        for entry in self._entries[:count]:
            if entry.said is not None:
                entry.said.sender.settled += 1
                if entry.last_seen:
                    self._samples.last.add(entry.last_seen - entry.intended)
        size = self._entries[count - 1].end - self._cut_bytes
        del self._entries[:count]
        del self._bytes[:size]
        self._cut_entries = end
        self._cut_bytes += size

    def has_finished(self) -> bool:
        """Whether every sender has said its last, and every member has seen it."""
        living = [member for member in self.members.values() if not member.is_gone]
        senders = [member for member in living if member.sends]
        if any(not sender.has_ended for sender in senders):
            return False
        if any(member.stay is Stay.JOINING for member in living):
            return False
        if self.divergence is None:
            return not any(sender.pending for sender in senders) and not any(
                self._is_behind(member) for member in living
            )
        ends = {Key(sender.nickname, sender.said_count - 1) for sender in senders}
        for member in living:
            if member.stay is Stay.IN and member.view is not None:
                missing = ends.difference(*member.view.spans)
                if any(not (member.is_deaf and key.sender == member.nickname) for key in missing):
                    return False
        return True

    def _is_behind(self, member: Member) -> bool:
        if member.backlog:
            return True
        if member.index is None:
            return False
        if member.is_deaf:
            self._skip_own(member)
        return member.index < self._cut_entries + len(self._entries)

    def progress(self) -> int:
        """Return a number that changes whenever a member has seen something."""
        return sum(
            (member.index or 0)
            + len(member.backlog)
            + (sum(map(len, member.view.spans)) if member.view is not None else 0)
            for member in self.members.values()
        )

    def faults(self) -> list[Fault]:
        """Return what was wrong in this room, once the run is over; empty: proven."""
        if self.divergence is None:
            if self.has_finished():
                return []
            self._diverge("not everything had arrived when the run ended")
        views = [
            member.view
            for member in self.members.values()
            if member.view is not None and not member.is_gone
        ]
        seen = {key for view in views for span in view.spans for key in span}
        said = {}
        for member in self.members.values():
            if member.sends:
                end = member.said_count
                if member.is_gone:
                    # What it sent last may never have reached the server.
                    numbers = [key.number for key in seen if key.sender == member.nickname]
                    end = max((number + 1 for number in numbers), default=member.settled)
                said[member.nickname] = range(member.settled, max(end, member.settled))
        faults = diagnose(self.name, said, views)
        if not faults and self.divergence is not None:
            faults.append(Fault(Kind.UNEXPECTED, self.name, "everyone", self.divergence))
        return faults

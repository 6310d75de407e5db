"""Answers to labelled commands, and batches (IRCv3 labeled-response, batch).

While a command with a label is carried out, what its user is sent is collected here; when all of it
is known, it goes out as one logical message: alone, as a batch, or as an ACK. Whatever stands in a
batch is tagged with it, labelled or not.

Must not know commands or state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from trio_chat.core.capabilities import BATCH, LABELED_RESPONSE
from trio_chat.core.entries import event_of
from trio_chat.core.events import Event, Protocol, Redaction, Said
from trio_chat.core.output import Answered, Output
from trio_chat.core.state import User
from trio_chat.wire import irc

LABEL_LIMIT = 64
"""Bytes of a label (labeled-response, "Tag value")."""
_BATCH_TYPE = "labeled-response"
_BOTH = LABELED_RESPONSE | BATCH
"""A label needs both: an answer of several lines is a batch (labeled-response, "Dependencies")."""


class Answer:
    """What a user is answered to one labelled command, until all of it is known."""

    __slots__ = ("batch", "events", "label", "recorded", "requests", "user")

    def __init__(self, user: User, label: str, *, recorded: int) -> None:
        self.user = user
        self.label = label
        self.events: list[tuple[Event, str]] = []
        """Each with the reference of the batch that it stands in, or an empty one."""
        self.batch = ""
        """The reference of the batch around all of it, once that has been opened."""
        self.requests = 0
        """Requests under way that will add to it."""
        self.recorded = recorded
        """How much the step had put down for the journal before."""


class Answers:
    """Sends events to users, by way of the answer that they belong to.

    `line` makes a line that only IRC has, `new_id` a reference that nothing else has.
    """

    def __init__(
        self, output: Output, *, line: Callable[..., Protocol], new_id: Callable[[], str]
    ) -> None:
        self._output = output
        self._line = line
        self._new_id = new_id
        self._batch: tuple[User, str] | None = None
        self.current: Answer | None = None
        """The answer to the command at hand, if it has a label."""

    def begin(self, user: User, tags: Mapping[str, str]) -> None:
        """Collect what a command is answered, if the client has put a label on it."""
        label = tags.get("label", "")
        if label and user.caps & _BOTH == _BOTH and len(label.encode()) <= LABEL_LIMIT:
            self.current = self._new(user, label)

    def _new(self, user: User, label: str) -> Answer:
        return Answer(user, label, recorded=len(self._output.records))

    def forget(self) -> None:
        """Drop what was collected: the command has failed half-way."""
        self.current = self._batch = None

    def withhold(self, user: User) -> str:
        """Answer nothing to the command at hand yet; return its label, or an empty one."""
        answer = self.current
        if answer is None or answer.user is not user:
            return ""
        self.current = None
        return answer.label

    @contextmanager
    def under(self, user: User, label: str) -> Iterator[None]:
        """Answer something earlier meanwhile, which had this label, or none."""
        at_hand, self.current = self.current, self._new(user, label) if label else None
        try:
            yield
            self.finish()
        finally:
            self.current = at_hand
            if at_hand is not None:
                at_hand.recorded = len(self._output.records)

    def labelled(self, user: User) -> bool:
        """Whether the command at hand is this user's and has a label."""
        return self.current is not None and self.current.user is user

    def are_free(self, user: User) -> bool:
        """Whether a user is sent things as they are, with no label and in no batch."""
        in_batch = self._batch is not None and self._batch[0] is user
        return not in_batch and not self.labelled(user)

    def send(self, user: User, event: Event, batch: str = "") -> None:
        """Send an event to a user; to who gave the command, as part of the answer to it.

        `batch` is the reference of the one that it belongs into (`open_batch`).
        """
        if self._batch is not None and self._batch[0] is user:
            batch = self._batch[1]
        answer = self.current
        if answer is not None and answer.user is user:
            answer.events.append((event, batch))
        else:
            self._output.send(user, event, tags=f"batch={batch}" if batch else "")

    @contextmanager
    def batch(self, user: User, kind: str, *params: str) -> Iterator[None]:
        """Put what is sent to a user meanwhile into a batch, if the client knows batches."""
        reference = "" if self._batch is not None else self.open_batch(user, kind, *params)
        if not reference:
            yield
            return
        self._batch = user, reference
        try:
            yield
        finally:
            self._batch = None
        self.close_batch(user, reference)

    def open_batch(self, user: User, kind: str, *params: str) -> str:
        """Begin a batch that is not finished at once; return its reference, or an empty one where
        the client does not know batches. What belongs into it is sent with that reference."""
        if not user.caps & BATCH:
            return ""
        reference = self._new_id()
        self.send(user, self._line("BATCH", f"+{reference}", kind, *params))
        return reference

    def close_batch(self, user: User, reference: str) -> None:
        """End a batch, if one was begun."""
        if reference:
            self.send(user, self._line("BATCH", f"-{reference}"))

    def finish(self) -> None:
        """Send what a labelled command was answered.

        While a request is under way it is not complete. What there is goes out all the same, in a
        batch that stays open: others will do something meanwhile, and nothing that happened before
        may be behind that.
        """
        answer, self.current = self.current, None
        if answer is None:
            return
        output, user = self._output, answer.user
        if answer.requests or answer.batch:
            if answer.events:
                self._send_in_batch(answer)
            if answer.batch and not answer.requests:
                output.send(user, self._line("BATCH", f"-{answer.batch}"))
            return
        first = output.place + 1
        for event, tags in lines(answer.label, answer.events, line=self._line, new_id=self._new_id):
            output.send(user, event, tags=tags)
        recorded = map(event_of, output.records[answer.recorded :])
        ids = [one.id for one in recorded if isinstance(one, Said | Redaction)]
        if ids:
            output.answered.append(
                Answered(
                    user=user.id,
                    encoding=user.encoding,
                    nickname=user.nickname,
                    label=answer.label,
                    events=answer.events,
                    ids=ids,
                    first=first,
                    last=output.place,
                )
            )

    def _send_in_batch(self, answer: Answer) -> None:
        send = self._output.send
        if not answer.batch:
            answer.batch = self._new_id()
            begin = self._line("BATCH", f"+{answer.batch}", _BATCH_TYPE)
            send(answer.user, begin, tags=_label_tag(answer.label))
        for event, batch in answer.events:
            send(answer.user, event, tags=f"batch={batch or answer.batch}")
        answer.events.clear()


def lines(
    label: str,
    events: Sequence[tuple[Event, str]],
    *,
    line: Callable[..., Protocol],
    new_id: Callable[[], str],
) -> list[tuple[Event, str]]:
    """Return what is sent as the whole answer to a label, each with its tags.

    `events` are given with the batch that each stands in, or an empty reference. `line` makes a
    line that only IRC has, `new_id` a reference that nothing else has.
    """
    tag = _label_tag(label)
    if not events:
        return [(line("ACK"), tag)]
    if len(events) == 1:
        return [(events[0][0], tag)]
    if _are_one_batch(events):
        # All of it is in one batch already, which takes the label.
        return [
            (event, f"batch={batch}" if batch and place else "" if place else tag)
            for place, (event, batch) in enumerate(events)
        ]
    outer = new_id()
    return [
        (line("BATCH", f"+{outer}", _BATCH_TYPE), tag),
        *((event, f"batch={batch or outer}") for event, batch in events),
        (line("BATCH", f"-{outer}"), ""),
    ]


def _are_one_batch(events: Sequence[tuple[Event, str]]) -> bool:
    """Whether the first of these begins a batch that the last ends, and that has all the others."""
    first, last = events[0][0], events[-1][0]
    if not (isinstance(first, Protocol) and isinstance(last, Protocol)):
        return False
    if (first.command, last.command) != ("BATCH", "BATCH"):
        return False
    reference = first.params[0].removeprefix("+")
    return last.params == (f"-{reference}",) and all(
        batch == reference for _, batch in events[1:-1]
    )


def _label_tag(label: str) -> str:
    return f"label={irc.escape_tag(label)}"

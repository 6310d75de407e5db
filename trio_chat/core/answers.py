"""Answers to labelled commands, and batches (IRCv3 labeled-response, batch).

While a command with a label is carried out, what its user is sent is collected here; when all of it
is known, it goes out as one logical message: alone, as a batch, or as an ACK. Whatever stands in a
batch is tagged with it, labelled or not.

Must not know commands or state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from trio_chat.core.capabilities import BATCH, LABELED_RESPONSE
from trio_chat.core.events import Event, Protocol
from trio_chat.core.output import Output
from trio_chat.core.state import User
from trio_chat.wire import irc

LABEL_LIMIT = 64
"""Bytes of a label (labeled-response, "Tag value")."""


class Answer:
    """What a user is answered to one labelled command, until all of it is known."""

    __slots__ = ("batch", "events", "label", "requests", "user")

    def __init__(self, user: User, label: str) -> None:
        self.user = user
        self.label = label
        self.events: list[tuple[Event, str]] = []
        """Each with the reference of the batch that it stands in, or an empty one."""
        self.batch = ""
        """The reference of the batch around all of it, once that has been opened."""
        self.requests = 0
        """Requests under way that will add to it."""


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
        if label and user.caps & LABELED_RESPONSE and len(label.encode()) <= LABEL_LIMIT:
            self.current = Answer(user, label)

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
        at_hand, self.current = self.current, Answer(user, label) if label else None
        try:
            yield
            self.finish(page=0, here=lambda _: True)
        finally:
            self.current = at_hand

    def labelled(self, user: User) -> bool:
        """Whether the command at hand is this user's and has a label."""
        return self.current is not None and self.current.user is user

    def are_free(self, user: User) -> bool:
        """Whether a user is sent things as they are, with no label and in no batch."""
        in_batch = self._batch is not None and self._batch[0] is user
        return not in_batch and not self.labelled(user)

    def send(self, user: User, event: Event) -> None:
        """Send an event to a user; to who gave the command, as part of the answer to it."""
        batch = self._batch[1] if self._batch is not None and self._batch[0] is user else ""
        answer = self.current
        if answer is not None and answer.user is user:
            answer.events.append((event, batch))
        else:
            self._output.send(user, event, tags=f"batch={batch}" if batch else "")

    @contextmanager
    def batch(self, user: User, kind: str, *params: str) -> Iterator[None]:
        """Put what is sent to a user meanwhile into a batch, if the client knows batches."""
        if not user.caps & BATCH or self._batch is not None:
            yield
            return
        reference = self._new_id()
        self.send(user, self._line("BATCH", f"+{reference}", kind, *params))
        self._batch = user, reference
        try:
            yield
        finally:
            self._batch = None
        self.send(user, self._line("BATCH", f"-{reference}"))

    def finish(self, *, page: int, here: Callable[[User], bool]) -> None:
        """Send what a labelled command was answered.

        While a request is under way it is not complete: then only a long part of it is sent, of
        more than `page` events.
        """
        answer, self.current = self.current, None
        if answer is None or not here(answer.user):
            return
        if answer.requests:
            if len(answer.events) >= page:
                self._send_in_batch(answer)
        elif answer.batch or len(answer.events) > 1:
            if not answer.batch and self._is_one_batch(answer):
                self._send_as_it_is(answer)
                return
            self._send_in_batch(answer)
            self._output.send(answer.user, self._line("BATCH", f"-{answer.batch}"))
        else:
            ((event, _),) = answer.events or ((self._line("ACK"), ""),)
            self._output.send(answer.user, event, tags=_label_tag(answer))

    def _is_one_batch(self, answer: Answer) -> bool:
        """Whether the whole answer is in one batch already, which then takes the label."""
        inner = {batch for _, batch in answer.events[1:-1]}
        return len(inner) == 1 and "" not in inner

    def _send_as_it_is(self, answer: Answer) -> None:
        for place, (event, batch) in enumerate(answer.events):
            tags = _label_tag(answer) if place == 0 else f"batch={batch}" if batch else ""
            self._output.send(answer.user, event, tags=tags)

    def _send_in_batch(self, answer: Answer) -> None:
        send = self._output.send
        if not answer.batch:
            answer.batch = self._new_id()
            begin = self._line("BATCH", f"+{answer.batch}", "labeled-response")
            send(answer.user, begin, tags=_label_tag(answer))
        for event, batch in answer.events:
            send(answer.user, event, tags=f"batch={batch or answer.batch}")
        answer.events.clear()


def _label_tag(answer: Answer) -> str:
    return f"label={irc.escape_tag(answer.label)}"

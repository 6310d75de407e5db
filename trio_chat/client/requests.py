"""What we asked the server and it has not answered yet.

Owns the pending requests and finds, for each message that arrives, the one that it answers. There
are three ways to know, from the best to the only one that every server has:

- *labels* (IRCv3 labeled-response): the answer carries the label of the question, alone or as a
  batch;
- *content*: a JOIN ends with the list of names of its room, an echo has our name and its target;
- *order*: a server deals with our lines one after the other, so all errors that come before the
  PONG to a PING that we sent behind the question belong to it (or to an earlier one).

Knows no stream. At most `WINDOW` requests are pending: `open` waits for room. Nothing here outlives
the connection: `fail_all` ends every request with the reason.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer
from trio_chat.client.registration import refusal_of
from trio_chat.client.support import Support
from trio_chat.wire.irc import Message

WINDOW = 32
"""Requests that can be pending at a time."""
_BATCHES = 64
"""Batches that a server may have open at a time; it can not make us remember more."""
_HISTORY = frozenset(("chathistory", "draft/chathistory", "znc.in/playback"))
_ANSWERS = frozenset(("chathistory", "draft/chathistory", "draft/chathistory-targets"))
_END_OF_NAMES = "366"


class Receipt:
    """The answer to one request, perhaps yet to come."""

    __slots__ = (
        "_done",
        "_failure",
        "_on_done",
        "_timeout",
        "keeps_replies",
        "label",
        "replies",
        "said",
        "sent",
        "swallows",
        "tells",
        "unconfirmed",
    )

    def __init__(
        self,
        *,
        timeout: float,
        keeps_replies: bool = False,
        said: Message | None = None,
        tells: bool = False,
    ) -> None:
        self.replies: list[Message] = []
        """What has come in answer so far."""
        self.keeps_replies = keeps_replies
        """Whether whoever asked reads `replies`, so that they are no events as well."""
        self.said = said
        """What we said, if this is the answer to a message of ours."""
        self.tells = tells
        """Whether the server will not tell us in its place among the events what we said."""
        self.swallows = False
        """Whether nothing in the answer is an event."""
        self.sent = False
        """Whether the request is on its way, as far as we know."""
        self.unconfirmed = False
        """Whether the connection went before the answer, and it is being found out what became of
        the request."""
        self.label = ""
        self._done = trio.Event()
        self._failure: ChatError | None = None
        self._timeout = timeout
        self._on_done: Callable[[Receipt], None] | None = None

    @property
    def answered(self) -> bool:
        """Whether `wait` would return or raise at once."""
        return self._done.is_set()

    @property
    def taken(self) -> bool:
        """Whether the answer is there, and is no error."""
        return (
            self._done.is_set()
            and self._failure is None
            and not any(refusal_of(message) for message in self.replies)
        )

    async def wait(self) -> list[Message]:
        """Return the replies when all of them are there.

        Raises `Refused` when one of them is an error, `ConnectionLost`, or `NoAnswer` when the
        server takes longer than the timeout, which counts from this call. Once a wait has ended,
        however it did, the request is over: a late answer to it is nobody's. While it is
        `unconfirmed` there is no server whose time could count, and so no timeout.
        """
        try:
            with trio.move_on_after(self._timeout):
                await self._done.wait()
            if self.unconfirmed:
                await self._done.wait()
        finally:
            # Does nothing when it is done. A wait that is cancelled must free its place too.
            self.finish(NoAnswer(f"no answer from the server in {self._timeout:g} seconds"))
        if self._failure is not None:
            raise self._failure
        for message in self.replies:
            if refusal := refusal_of(message):
                raise refusal
        return self.replies

    def claims(self, message: Message, mine: bool) -> bool:
        """Whether `message`, which has no label, answers this. `mine`: we are its source."""
        return False

    def completes(self, message: Message) -> bool:
        """Whether `message`, which this has claimed, is the last one."""
        return True

    def opens(self, message: Message) -> bool:
        """Whether `message`, the start of a batch that has no label, begins the answer to this."""
        return False

    def answer(self, message: Message, *, last: bool) -> None:
        """Add a reply; nothing more is to come after the `last` one."""
        self.replies.append(message)
        if last:
            self.finish()

    def finish(self, failure: ChatError | None = None) -> None:
        """End the request, unless it has ended: `failure` is what `wait` shall raise."""
        if not self._done.is_set():
            self._failure = failure
            self._done.set()
            if self._on_done is not None:
                self._on_done(self)

    def begin(self, on_done: Callable[[Receipt], None] | None) -> None:
        """Say what to call when the request has ended, if anything."""
        self._on_done = on_done


class UntilPong(Receipt):
    """Ended by the PONG to a PING that was sent behind it.

    It can also claim the errors that come before that, and all numerics if it keeps replies.
    """

    __slots__ = ("_claims_errors", "_token")

    def __init__(
        self,
        token: str,
        *,
        timeout: float,
        claims_errors: bool = False,
        keeps_replies: bool = False,
        said: Message | None = None,
        tells: bool = False,
    ) -> None:
        super().__init__(timeout=timeout, keeps_replies=keeps_replies, said=said, tells=tells)
        self._token = token
        self._claims_errors = claims_errors

    def claims(self, message: Message, mine: bool) -> bool:
        if message.command == "PONG":
            return message.params[-1:] == (self._token,)
        if self.keeps_replies and message.command.isdigit():
            return True
        return self._claims_errors and refusal_of(message) is not None

    def completes(self, message: Message) -> bool:
        return message.command == "PONG"


class UntilEcho(Receipt):
    """Ended by our own message coming back from the server, or by an error about its target.

    The text is not compared, as a server may take formatting out of it: echoes come in the order
    of the messages.
    """

    __slots__ = ("_command", "_support", "_target")

    def __init__(
        self,
        command: str,
        target: str,
        *,
        support: Support,
        timeout: float,
        said: Message | None = None,
    ) -> None:
        super().__init__(timeout=timeout, said=said)
        self._command = command
        self._support = support
        self._target = support.fold(target)

    def claims(self, message: Message, mine: bool) -> bool:
        fold = self._support.fold
        if mine and message.command == self._command:
            return fold(message.params[0]) == self._target if message.params else False
        if message.command == "FAIL":
            return message.params[:1] == (self._command,)
        if refusal_of(message) is None:
            return False
        subject = message.params[1:2]
        return bool(subject) and (fold(subject[0]) == self._target or subject[0] == self._command)


class UntilInside(Receipt):
    """A JOIN: ended by the end of the list of members, or by an error about the room."""

    __slots__ = ("_room", "_support")

    def __init__(self, room: str, *, support: Support, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._support = support
        self._room = support.fold(room)

    def claims(self, message: Message, mine: bool) -> bool:
        if message.command == "FAIL":
            return message.params[:1] == ("JOIN",)
        if message.command != _END_OF_NAMES and refusal_of(message) is None:
            return False
        subject = message.params[1:2]
        return bool(subject) and (
            self._support.fold(subject[0]) == self._room or subject[0] == "JOIN"
        )


class UntilBatch(Receipt):
    """A question about history: its answer is one batch, or an error. Nothing in it is an event."""

    __slots__ = ("_command",)

    def __init__(self, command: str, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.swallows = True
        self._command = command

    def claims(self, message: Message, mine: bool) -> bool:
        if message.command == "FAIL":
            return message.params[:1] == (self._command,)
        return refusal_of(message) is not None and message.params[1:2] == (self._command,)

    def opens(self, message: Message) -> bool:
        return not _ANSWERS.isdisjoint(message.params[1:2])


class _Batch:
    """A batch that the server has opened and not closed (IRCv3 batch)."""

    __slots__ = ("history", "receipt", "root")

    def __init__(self, *, receipt: Receipt | None, root: bool, history: bool) -> None:
        self.receipt = receipt
        self.root = root
        self.history = history


class Requests:
    """The pending requests of one connection, oldest first."""

    __slots__ = ("_batches", "_labelled", "_lost", "_ordered", "_slots")

    def __init__(self) -> None:
        self._slots = trio.Semaphore(WINDOW)
        self._labelled: dict[str, Receipt] = {}
        self._ordered: list[Receipt] = []
        self._batches: dict[str, _Batch] = {}
        self._lost = ""

    async def open(self, receipt: Receipt) -> None:
        """Add a request, before its line is sent. Waits while `WINDOW` of them are pending."""
        await self._slots.acquire()
        if self._lost:
            self._slots.release()
            raise ConnectionLost(self._lost)
        receipt.begin(self._close)
        if receipt.label:
            self._labelled[receipt.label] = receipt
        else:
            self._ordered.append(receipt)

    def _close(self, receipt: Receipt) -> None:
        self._slots.release()
        if receipt.label:
            del self._labelled[receipt.label]
        else:
            self._ordered.remove(receipt)

    def fail_all(self, reason: str, *, keep: bool = False) -> list[Receipt]:
        """The connection is over: end every request, and all that come, with `ConnectionLost`.

        With `keep`, messages that the server would have sent back to us (echo-message) stay open:
        what became of them can be read in its history. Returns these, oldest first.
        """
        self._lost = reason
        kept = []
        for receipt in [*self._labelled.values(), *self._ordered]:
            if keep and receipt.sent and receipt.said is not None and not receipt.tells:
                # No place of this connection's is taken by it any more.
                self._close(receipt)
                receipt.begin(None)
                receipt.unconfirmed = True
                kept.append(receipt)
            else:
                receipt.finish(ConnectionLost(reason))
        return kept

    def in_history(self, message: Message) -> bool:
        """Whether the message is part of a batch of what was said before."""
        batch = self._batches.get(message.tags.get("batch", ""))
        return batch is not None and batch.history

    def take(self, message: Message, *, mine: bool) -> Receipt | None:
        """Give a message to the request that it answers, if any, and return that."""
        if message.command == "BATCH" and message.params:
            return self._take_batch(message)
        if batch := self._batches.get(message.tags.get("batch", "")):
            if batch.receipt is not None:
                batch.receipt.answer(message, last=False)
            return batch.receipt
        if receipt := self._labelled.get(message.tags.get("label", "")):
            receipt.answer(message, last=True)
            return receipt
        for receipt in self._ordered:
            if receipt.claims(message, mine):
                receipt.answer(message, last=receipt.completes(message))
                return receipt
        return None

    def _take_batch(self, message: Message) -> Receipt | None:
        sign, reference = message.params[0][:1], message.params[0][1:]
        if sign == "-":
            closed = self._batches.pop(reference, None)
            if closed is not None and closed.root and closed.receipt is not None:
                closed.receipt.finish()
            return None
        if len(self._batches) < _BATCHES:
            # A batch inside another one answers the same request as that (batch, "Nested batches").
            outer = self._batches.get(message.tags.get("batch", ""))
            receipt = self._labelled.get(message.tags.get("label", ""))
            if receipt is None and outer is None:
                receipt = next((r for r in self._ordered if r.opens(message)), None)
            self._batches[reference] = _Batch(
                receipt=receipt or (outer.receipt if outer else None),
                root=receipt is not None,
                history=not _HISTORY.isdisjoint(message.params[1:2])
                or (outer is not None and outer.history),
            )
        return None

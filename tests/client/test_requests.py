"""Which answer belongs to which request. `test_chat` has the common cases, end to end."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from trio_chat.client import ConnectionLost, NoAnswer, Refused
from trio_chat.client.requests import (
    Receipt,
    Requests,
    UntilBatch,
    UntilEcho,
    UntilInside,
    UntilPong,
)
from trio_chat.client.support import Support
from trio_chat.wire import irc


def take(requests: Requests, line: str, *, mine: bool = False) -> Receipt | None:
    return requests.take(irc.parse(line.encode()), mine=mine)


async def labelled(requests: Requests, label: str) -> Receipt:
    receipt = Receipt(timeout=5)
    receipt.label = label
    await requests.open(receipt)
    return receipt


async def test_labels_find_their_request() -> None:
    requests = Requests()
    first, second = await labelled(requests, "1"), await labelled(requests, "2")
    assert take(requests, "@label=2 :s ACK") is second
    assert take(requests, "@label=1 :s 404 me #a :No") is first
    assert take(requests, "@label=1 :s ACK") is None
    await second.wait()
    with pytest.raises(Refused):
        await first.wait()
    with pytest.raises(Refused):
        await first.wait()


async def test_batches_are_whole_answers() -> None:
    requests = Requests()
    receipt = await labelled(requests, "1")
    take(requests, "@label=1 :s BATCH +x labeled-response")
    take(requests, "@batch=x :s 301 me bob :away")
    take(requests, "@batch=x :s BATCH +y chathistory #a")
    assert take(requests, "@batch=y :bob!b@h PRIVMSG #a :old") is receipt
    assert requests.in_history(irc.parse(b"@batch=y :bob!b@h PRIVMSG #a :old"))
    take(requests, ":s BATCH -y")
    assert not receipt.answered
    take(requests, ":s BATCH -x")
    assert receipt.taken
    assert [reply.command for reply in await receipt.wait()] == ["301", "PRIVMSG"]


async def test_batches_that_make_no_sense() -> None:
    requests = Requests()
    assert take(requests, ":s BATCH") is None
    assert take(requests, ":s BATCH -unheard-of") is None
    assert take(requests, "@batch=unheard-of :bob!b@h PRIVMSG #a :hi") is None
    for number in range(1000):
        take(requests, f":s BATCH +{number} netsplit a b")
    assert len(requests._batches) < 100
    assert take(requests, "@batch=1 :bob!b@h QUIT :a b") is None


async def test_echoes_come_in_order() -> None:
    requests, support = Requests(), Support()
    first, second, other = (
        UntilEcho("PRIVMSG", target, support=support, timeout=5) for target in ("#a", "#a", "#b")
    )
    for receipt in (first, second, other):
        await requests.open(receipt)
    assert take(requests, ":bob!b@h PRIVMSG #a :his") is None
    assert take(requests, ":me!b@h NOTICE #a :no", mine=True) is None
    assert take(requests, ":me!b@h PRIVMSG", mine=True) is None
    assert take(requests, ":s 404 me #b :No") is other
    assert take(requests, ":s 404 me #c :No") is None
    assert take(requests, ":me!b@h PRIVMSG #A :without formatting", mine=True) is first
    assert take(requests, ":s FAIL PRIVMSG X :No") is second
    assert take(requests, ":s FAIL PRIVMSG X :No") is None


async def test_a_join_ends_with_names_or_an_error() -> None:
    requests, support = Requests(), Support()
    first, second, third, fourth = (
        UntilInside(room, support=support, timeout=5) for room in ("#a", "#b", "#c", "#d")
    )
    for receipt in (first, second, third, fourth):
        await requests.open(receipt)
    assert take(requests, ":s 353 me = #a :me") is None
    assert take(requests, ":s 366 me #A :End") is first
    assert take(requests, ":s 461 me JOIN :Not enough parameters") is second
    assert take(requests, ":s FAIL JOIN NO :No") is third
    assert take(requests, ":s 401 me #a :No") is None
    assert take(requests, ":s 473 me #d :No") is fourth


async def test_errors_before_the_pong() -> None:
    requests = Requests()
    barrier = UntilPong("1", timeout=5)
    request = UntilPong("2", timeout=5, claims_errors=True)
    for receipt in (barrier, request):
        await requests.open(receipt)
    assert take(requests, ":s 404 me #a :No") is request
    assert take(requests, ":s 301 me bob :away") is None
    assert take(requests, ":s PONG s 3") is None
    assert take(requests, ":s PONG s 1") is barrier
    assert take(requests, ":s PONG s 2") is request
    assert barrier.taken
    assert not request.taken


async def test_a_cancelled_wait_makes_room() -> None:
    requests = Requests()
    receipt = await labelled(requests, "1")
    with trio.CancelScope() as scope:
        scope.cancel()
        await receipt.wait()
    assert take(requests, "@label=1 :s ACK") is None
    with pytest.raises(NoAnswer):
        await receipt.wait()


async def test_the_end_of_the_connection() -> None:
    requests = Requests()
    receipt = await labelled(requests, "1")
    requests.fail_all("gone")
    with pytest.raises(ConnectionLost, match="gone"):
        await receipt.wait()
    for _ in range(100):
        with pytest.raises(ConnectionLost, match="gone"):
            await labelled(requests, "2")


async def test_what_may_have_been_said_is_kept() -> None:
    requests, support = Requests(), Support()
    said = irc.Message(command="PRIVMSG", params=("#a", "hi"), source="me")
    receipts = {
        "said": Receipt(timeout=5, said=said),
        "echoed": UntilEcho("PRIVMSG", "#a", support=support, timeout=5, said=said),
        "not sent": Receipt(timeout=5, said=said),
        "does not come back": Receipt(timeout=5, said=said, tells=True),
        "no message": Receipt(timeout=5),
    }
    for name, receipt in receipts.items():
        receipt.label = "" if name == "echoed" else name
        await requests.open(receipt)
        receipt.sent = name != "not sent"
    assert requests.fail_all("gone", keep=True) == [receipts["said"], receipts["echoed"]]
    for name, receipt in receipts.items():
        assert receipt.unconfirmed == (name in ("said", "echoed"))
        assert receipt.answered == (not receipt.unconfirmed)
    # Their places are free: who waits for one is told.
    for _ in range(100):
        with pytest.raises(ConnectionLost, match="gone"):
            await labelled(requests, "2")


async def test_no_timeout_while_nothing_is_known(autojump_clock: MockClock) -> None:
    requests = Requests()
    receipt = Receipt(timeout=5, said=irc.Message(command="PRIVMSG", params=("#a", "hi")))
    receipt.label = "1"
    await requests.open(receipt)
    receipt.sent = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receipt.wait)
        await trio.sleep(3)
        requests.fail_all("gone", keep=True)
        await trio.sleep(1000)
        assert not receipt.answered
        receipt.finish()


async def test_history_is_an_answer_and_no_event() -> None:
    requests = Requests()
    first, second, third = (UntilBatch("CHATHISTORY", timeout=5) for _ in range(3))
    for receipt in (first, second, third):
        await requests.open(receipt)
    # Not every batch is one.
    assert take(requests, ":s BATCH +n netsplit a b") is None
    assert take(requests, "@batch=n :bob!b@h QUIT :a b") is None
    take(requests, ":s BATCH +x chathistory #a")
    assert take(requests, "@batch=x :bob!b@h PRIVMSG #a :old") is first
    take(requests, ":s BATCH -x")
    take(requests, ":s BATCH +y draft/chathistory-targets")
    take(requests, ":s BATCH -y")
    assert take(requests, ":s FAIL JOIN X :No") is None
    assert take(requests, ":s FAIL CHATHISTORY MESSAGE_ERROR #a :No") is third
    assert first.swallows
    assert [reply.params[-1] for reply in await first.wait()] == ["old"]
    assert await second.wait() == []
    with pytest.raises(Refused, match="No"):
        await third.wait()

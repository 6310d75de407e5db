"""What goes wrong: counted each time, logged now and then, and by few names."""

from __future__ import annotations

import structlog.testing
import trio

from trio_chat.server.incidents import Incidents
from trio_chat.server.meters import CUT_OFF, Meters

NOW = 1_700_000_000.0


async def test_what_differs_in_names_only_is_one_kind(autojump_clock: trio.abc.Clock) -> None:
    meters = Meters()
    incidents = Incidents(meters, lambda: NOW)
    with structlog.testing.capture_logs() as logs:
        for number in range(1000):
            incidents.count(CUT_OFF, f"GHOST by u{number}", host="10.0.0.1", nickname=f"n{number}")
        incidents.count(CUT_OFF, "Ping timeout: 150 seconds", host="10.0.0.2", nickname="al")
        await trio.sleep(1)
        incidents.count(CUT_OFF, "GHOST by bo", host="10.0.0.3", nickname="cy")
    # The log says why in full.
    assert [(log["event"], log["reason"], log["times"], log["host"]) for log in logs] == [
        ("closed", "GHOST by u0", 1, "10.0.0.1"),
        ("closed", "Ping timeout: 150 seconds", 1, "10.0.0.2"),
        ("closed", "GHOST by bo", 1001, "10.0.0.3"),
    ]
    assert meters.happened == {(CUT_OFF, "GHOST by"): 1001, (CUT_OFF, "Ping timeout"): 1}
    assert meters.by_reason(CUT_OFF)["ghost"] == 1001
    assert meters.cut_offs[-1] == (NOW, "10.0.0.3", "cy", "ghost")


async def test_what_differs_is_logged_and_may_be_one_kind(
    autojump_clock: trio.abc.Clock,
) -> None:
    meters = Meters()
    incidents = Incidents(meters, lambda: NOW)
    with structlog.testing.capture_logs() as logs:
        for reason in ("TLS handshake", "TLS handshake deadline", "TLS handshake"):
            incidents.count("refused", reason, host="10.0.0.1")
        for number in range(1000):
            incidents.count("refused", f"something else {number}")
    assert [(log["reason"], log["times"]) for log in logs] == [
        ("TLS handshake", 1),
        ("TLS handshake deadline", 1),
        ("something else 0", 1),
    ]
    found = meters.by_reason("refused")
    assert (found["TLS handshake"], found["other"]) == (3, 1000)
    assert len(meters.happened) == 3


async def test_whatever_the_words_a_trouble_is_one(autojump_clock: trio.abc.Clock) -> None:
    meters = Meters()
    incidents = Incidents(meters, lambda: NOW)
    with structlog.testing.capture_logs() as logs:
        for number in range(1000):
            incidents.count_trouble("could not send mail", f"message {number} was refused")
        incidents.count_trouble("could not store messages", "disk full", messages=1)
        await trio.sleep(1)
        incidents.count_trouble("could not send mail", "no such file")
    assert [(log["event"], log["reason"], log["times"]) for log in logs] == [
        ("could not send mail", "message 0 was refused", 1),
        ("could not store messages", "disk full", 1),
        ("could not send mail", "no such file", 1001),
    ]
    assert {log["log_level"] for log in logs} == {"error"}
    assert meters.failures()["could not send mail"] == 1001
    assert meters.failures()["could not store messages"] == 1
    assert len(meters.happened) == 2
    assert not meters.cut_offs
    assert not meters.refusals


async def test_the_same_reason_for_something_else_is_counted_apart(
    autojump_clock: trio.abc.Clock,
) -> None:
    meters = Meters()
    incidents = Incidents(meters, lambda: NOW)
    incidents.count("refused", "You are banned (spam)", host="10.0.0.1")
    incidents.count(CUT_OFF, "You are banned (spam)", host="10.0.0.2", nickname="al")
    assert meters.by_reason("refused")["banned"] == 1
    assert meters.by_reason(CUT_OFF)["banned"] == 1
    assert [one.host for one in meters.refusals] == ["10.0.0.1"]
    assert [one.host for one in meters.cut_offs] == ["10.0.0.2"]

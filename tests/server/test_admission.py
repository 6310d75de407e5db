"""Who may connect."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest

from trio_chat.core.networks import site
from trio_chat.server.admission import Admission, AdmissionPolicy

POLICY = AdmissionPolicy(
    total=10, per_address=3, new_per_minute=5, exempt=(ip_network("127.0.0.0/8"),)
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> Admission:
    return Admission(POLICY, clock)


def test_so_many_from_one_address(admission: Admission) -> None:
    assert [admission.admit("10.0.0.1") for _ in range(4)] == [
        *[""] * 3,
        "Too many connections from your address",
    ]
    assert admission.admit("10.0.0.2") == ""
    admission.release("10.0.0.1")
    assert admission.admit("10.0.0.1") == ""
    assert admission.total == 4


def test_so_many_new_ones_a_minute(admission: Admission, clock: Clock) -> None:
    for _ in range(5):
        assert admission.admit("10.0.0.1") == ""
        admission.release("10.0.0.1")
        clock.now += 10
    reason = "Too many new connections from your address; try again in a minute"
    assert admission.admit("10.0.0.1") == reason
    assert admission.admit("10.0.0.2") == ""
    clock.now = 60
    assert admission.admit("10.0.0.1") == ""
    assert admission.admit("10.0.0.1") == reason


def test_so_many_in_all_whoever_they_are(admission: Admission) -> None:
    assert [admission.admit("127.0.0.1") for _ in range(10)] == [""] * 10
    assert admission.admit("127.0.0.1") == "Too many connections"
    assert admission.admit("10.0.0.1") == "Too many connections"
    admission.release("127.0.0.1")
    assert admission.admit("") == ""


def test_a_new_policy_counts_at_once(admission: Admission) -> None:
    for _ in range(3):
        admission.admit("10.0.0.1")
    admission.policy = msgspec.structs.replace(POLICY, per_address=4)
    assert admission.admit("10.0.0.1") == ""
    admission.policy = msgspec.structs.replace(POLICY, total=2)
    assert admission.admit("10.0.0.9") == "Too many connections"


def test_nothing_is_kept_of_who_is_gone(admission: Admission, clock: Clock) -> None:
    for number in range(200):
        admission.admit(f"10.0.1.{number}")
        if admission.total:
            admission.release(f"10.0.1.{number}")
    clock.now = 61
    admission.admit("10.0.0.1")
    assert admission.total == 1
    assert len(admission._open) == len(admission._new) == len(admission._recent) == 1


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_what_an_address_is_counted_as(address: str, counted: str) -> None:
    assert site(address) == counted


def test_a_whole_network_of_ipv6_is_one(admission: Admission) -> None:
    reasons = [admission.admit(f"2001:db8::{number}") for number in range(1, 5)]
    assert reasons == [*[""] * 3, "Too many connections from your address"]
    for number in range(1, 4):
        admission.release(f"2001:db8::{number}")
    assert admission.total == 0
    assert admission.admit("2001:db8::9") == ""

"""Options and profiles: what they become, and what is said of those that make no sense."""

from __future__ import annotations

import pytest

from loadtest.plan import (
    OPTIONS,
    PROFILES,
    PlanError,
    Role,
    Target,
    counted,
    resolve,
    rooms_in_words,
    target,
)


def test_the_default_is_what_the_proof_asks_for() -> None:
    plan = resolve({})
    assert plan.users >= 200
    assert set(plan.room_sizes()) == {20}
    assert plan.hold == 15
    assert plan.max_lag_ms == 20
    assert plan.max_cpu_percent == 80


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("hears_itself", [True, False])
def test_every_profile_is_a_plan_for_every_server(profile: str, hears_itself: bool) -> None:
    plan = resolve({}, profile)
    assert sum(plan.room_sizes()) == plan.users
    for size in set(plan.room_sizes()):
        assert len(plan.roles(size, hears_itself=hears_itself)) == size


def test_what_is_given_is_over_the_profile() -> None:
    plan = resolve({"rate": 7.0, "hold": None, "users": ""}, "one-room")
    assert plan.rate == 7
    assert plan.hold == 30
    assert plan.room_sizes() == [200]


def test_the_web_interface_sends_text() -> None:
    plan = resolve({"users": "40", "room_size": "10", "rate": "12.5", "tls_verify": "on"})
    assert (plan.users, plan.rooms, plan.rate, plan.tls_verify) == (40, 4, 12.5, True)


def test_rooms_differ_by_one_client_at_most() -> None:
    assert resolve({"users": 50, "rooms": 3}).room_sizes() == [17, 17, 16]
    assert resolve({"users": 50, "room_size": 20}).room_sizes() == [25, 25]
    assert resolve({"users": 3, "room_size": 20}).room_sizes() == [3]


def test_two_of_users_rooms_and_room_size_make_the_third() -> None:
    assert resolve({"rooms": 3, "room_size": 5}).users == 15
    assert resolve({"rooms": 3, "room_size": 5, "users": 15}).users == 15
    with pytest.raises(PlanError, match="the third follows"):
        resolve({"rooms": 3, "room_size": 5, "users": 16})


@pytest.mark.parametrize(
    ("size", "senders", "churn", "hears_itself", "expected"),
    [
        (4, 1.0, 0, True, "SSSS"),
        (4, 0.5, 0, True, "SSLL"),
        (4, 0.01, 0, True, "SLLL"),
        (4, 1.0, 6, True, "SSSC"),
        (4, 1.0, 0, False, "LSSS"),
        (4, 0.5, 6, False, "LSSC"),
        (2, 1.0, 6, True, "SC"),
        (2, 1.0, 0, False, "LS"),
        (1, 1.0, 0, True, "S"),
    ],
)
def test_roles(size: int, senders: float, churn: float, hears_itself: bool, expected: str) -> None:
    plan = resolve({"users": 40, "room_size": 4, "senders": senders, "churn": churn})
    roles = plan.roles(size, hears_itself=hears_itself)
    assert "".join(role.name[0] for role in roles) == expected


def test_a_founder_stays_and_hears_everything() -> None:
    plan = resolve({"churn": 6})
    for size in range(3, 30):
        assert plan.roles(size, hears_itself=False)[0] is Role.LISTENER
        assert plan.roles(size, hears_itself=True)[0] is Role.SENDER


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"users": 0}, "--users must be more than 0, not 0"),
        ({"users": 2.5}, "--users must be a whole number"),
        ({"users": "10.0"}, "--users must be a whole number, not '10.0'"),
        ({"tls_verify": "yes"}, "--tls-verify must be on or off, not 'yes'"),
        ({"rate": "fast"}, "--rate must be a number, not 'fast'"),
        ({"rate": -1}, "--rate must be more than 0, not -1"),
        ({"rate": "inf"}, "--rate must be more than 0"),
        ({"rate": "nan"}, "--rate must be more than 0"),
        ({"senders": 1.5}, "--senders must be more than 0 and at most 1, not 1.5"),
        ({"spawn_rate": 201}, "--spawn-rate must be more than 0 and at most 200, not 201"),
        ({"message_bytes": 351}, "--message-bytes must be more than 0 and at most 350"),
        ({"churn": -1}, "--churn must be 0 or more"),
        ({"churn": 6000}, "--churn can be 600 at most"),
        ({"users": 2, "rooms": 3}, "3 rooms need as many clients"),
        ({"users": 1, "churn": 1}, "A room needs 2 members or more with --churn, not 1"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(given: dict[str, object], words: str) -> None:
    with pytest.raises(PlanError) as caught:
        resolve(given)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_room_too_small_for_a_server_without_echo() -> None:
    with pytest.raises(PlanError, match="2 members or more on a server without echo-message"):
        resolve({"users": 1}).roles(1, hears_itself=False)


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(PlanError, match="smoke, steady, one-room, many-rooms, pairs"):
        resolve({}, "storm")


def test_every_option_is_a_field_with_a_help_text() -> None:
    assert all(option.help and option.metavar for option in OPTIONS.values())
    known = {*OPTIONS, "users"}
    assert all(known.issuperset(values) for values in PROFILES.values())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("irc://127.0.0.1:6668", Target(host="127.0.0.1", port=6668, tls=False)),
        ("irc://chat.example", Target(host="chat.example", port=6667, tls=False)),
        ("ircs://chat.example", Target(host="chat.example", port=6697, tls=True)),
        ("ircs://[::1]:99", Target(host="::1", port=99, tls=True)),
    ],
)
def test_hosts(host: str, expected: Target) -> None:
    assert target(host) == expected


def test_a_host_is_written_as_it_is_read() -> None:
    for host in ("irc://127.0.0.1:6668", "ircs://[::1]:99"):
        assert str(target(host)) == host


@pytest.mark.parametrize(
    "host", ["", None, "127.0.0.1:6667", "http://x", "irc://", "irc://x:port", "irc://x:0"]
)
def test_hosts_that_are_none(host: str | None) -> None:
    with pytest.raises(PlanError, match="irc://HOST:PORT"):
        target(host)


@pytest.mark.parametrize(
    ("clients", "rooms", "words"),
    [
        (10, 1, "1 room of 10"),
        (10, 2, "2 rooms of 5"),
        (50, 3, "3 rooms of 16 or 17"),
        (5000, 1, "1 room of 5,000"),
    ],
)
def test_rooms_in_words(clients: int, rooms: int, words: str) -> None:
    assert rooms_in_words(clients, rooms) == words


def test_one_is_not_many() -> None:
    assert [counted(number, "client") for number in (1, 2000)] == ["1 client", "2,000 clients"]

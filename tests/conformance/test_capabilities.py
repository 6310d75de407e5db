"""The negotiation of capabilities: `CAP` and its subcommands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Line, Session, commands, one, only

Names = Callable[[str], str]

pytestmark = pytest.mark.capability("cap-notify", "echo-message", "multi-prefix")

_UNKNOWN = "example.org/nobody-has-this"


def _cap(session: Session, line: str) -> list[Line]:
    """Send a subcommand before registration, and return the lines of its answer."""
    session.send(line)
    found = session.until("CAP")
    while len(found[-1].params) > 3 and found[-1].params[2] == "*":
        found += session.until("CAP")
    return only(found, "CAP")


def _words(lines: list[Line]) -> list[str]:
    return [word for line in lines for word in line.text.split()]


def _enabled(session: Session) -> set[str]:
    """Return what CAP LIST says, apart from what version 302 brings with it."""
    return set(_words(_cap(session, "CAP LIST"))) - {"cap-notify"}


# --- LS


def test_ls(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LS": the client is `*` while it has no nickname."""
    answer = _cap(connect(), "CAP LS")
    assert [line.params[:2] for line in answer] == [["*", "LS"]]
    assert "echo-message" in _words(answer)


@pytest.mark.parametrize("version", ["", " 302"])
def test_names_of_capabilities(connect: Connect, version: str) -> None:
    """IRCv3 capability negotiation, "Rules for naming": no hyphen in front; none comes twice."""
    names = [word.partition("=")[0] for word in _words(_cap(connect(), f"CAP LS{version}"))]
    assert len(set(names)) == len(names)
    assert not [word for word in names if not word or word.startswith("-")]


def test_ls_without_a_version(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LS Version": no values, and one line."""
    session = connect()
    session.send("CAP LS", "CAP LIST")
    lines = session.until("CAP")
    while lines[-1].params[1] != "LIST":
        lines += session.until("CAP")
    answer = [line for line in lines if "LS" in line.params]
    assert [len(line.params) for line in answer] == [3]
    assert not [word for word in _words(answer) if "=" in word]


@pytest.mark.ours
def test_values(connect: Connect) -> None:
    """IRCv3 capability negotiation, "Capability Values": for those who ask for version 302."""
    assert [word for word in _words(_cap(connect(), "CAP LS 302")) if "=" in word]


def test_lines_of_version_302(connect: Connect) -> None:
    """IRCv3 capability negotiation, "Multiline replies": all but the last have an asterisk."""
    answer = _cap(connect(), "CAP LS 302")
    assert [line.params[2:-1] for line in answer] == [["*"]] * (len(answer) - 1) + [[]]


def test_a_version_of_the_future(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LS Version": a number; what is known of it is enabled."""
    known = _words(_cap(connect(), "CAP LS 302"))
    assert sorted(_words(_cap(connect(), "CAP LS 307"))) == sorted(known)


def test_a_lower_version_later(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LS Version": the answer is one of the lower version."""
    session = connect()
    _cap(session, "CAP LS 302")
    answer = _cap(session, "CAP LS")
    assert not [word for word in _words(answer) if "=" in word]
    assert [len(line.params) for line in answer] == [3]


def test_ls_after_registration(register: Register) -> None:
    """IRCv3 capability negotiation, "The CAP command": at any time; the client has its name."""
    user = register("al")
    answer = only(user.ask("CAP LS 302"), "CAP")
    assert answer
    assert {line.params[0] for line in answer} == {user.nick}
    assert "echo-message" in _words(answer)


# --- LIST


def test_list_of_nothing(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LIST": an empty parameter."""
    session = connect()
    session.send("CAP LIST")
    assert session.until("CAP")[-1].params == ["*", "LIST", ""]


def test_list(register: Register) -> None:
    """IRCv3 capability negotiation, "CAP LIST": what is enabled, and nothing else."""
    user = register("al", "echo-message", "multi-prefix")
    answer = one(user.ask("CAP LIST"), "CAP")
    assert answer.params[:2] == [user.nick, "LIST"]
    assert set(_words([answer])) - {"cap-notify"} == {"echo-message", "multi-prefix"}


# --- REQ, ACK and NAK


@pytest.mark.parametrize(
    "wanted",
    ["echo-message", ":echo-message", ":echo-message multi-prefix", ":multi-prefix echo-message "],
)
def test_req(connect: Connect, wanted: str) -> None:
    """IRCv3 capability negotiation, "CAP REQ": acknowledged as a whole."""
    session = connect()
    answer = _cap(session, f"CAP REQ {wanted}")
    assert [line.params[1] for line in answer] == ["ACK"]
    assert set(_words(answer)) == set(wanted.lstrip(":").split())
    assert _enabled(session) == set(wanted.lstrip(":").split())


@pytest.mark.parametrize(
    "wanted",
    [
        _UNKNOWN,
        f"echo-message {_UNKNOWN}",
        f"{_UNKNOWN} echo-message",
        "Echo-Message",
        pytest.param("sts", marks=pytest.mark.ours),
    ],
)
def test_req_of_something_unknown(connect: Connect, wanted: str) -> None:
    """IRCv3 capability negotiation, "CAP NAK": no change; names are case-sensitive."""
    session = connect()
    answer = _cap(session, f"CAP REQ :{wanted}")
    assert [line.params[1] for line in answer] == ["NAK"]
    assert _words(answer) == wanted.split()
    assert _enabled(session) == set()


def test_several_requests(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP REQ": each adds to what is enabled."""
    session = connect()
    for word in ("echo-message", _UNKNOWN, "multi-prefix"):
        _cap(session, f"CAP REQ {word}")
    assert _enabled(session) == {"echo-message", "multi-prefix"}


def test_disabling(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP REQ": a dash disables; the answer has it too."""
    session = connect()
    _cap(session, "CAP REQ :echo-message multi-prefix")
    answer = _cap(session, "CAP REQ :-echo-message")
    assert [line.params[1:] for line in answer] == [["ACK", "-echo-message"]]
    assert _enabled(session) == {"multi-prefix"}


def test_disabling_and_enabling_at_once(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP REQ": the dash belongs to one capability."""
    session = connect()
    _cap(session, "CAP REQ :echo-message")
    _cap(session, "CAP REQ :-echo-message multi-prefix")
    assert _enabled(session) == {"multi-prefix"}


def test_disabling_with_something_unknown(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP NAK": nothing is disabled either."""
    session = connect()
    _cap(session, "CAP REQ :echo-message")
    assert _cap(session, f"CAP REQ :-echo-message {_UNKNOWN}")[-1].params[1] == "NAK"
    assert _enabled(session) == {"echo-message"}


def test_enabling_twice(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP REQ": what is enabled already is a success."""
    session = connect()
    _cap(session, "CAP REQ :echo-message")
    assert _cap(session, "CAP REQ :echo-message")[-1].params[1] == "ACK"
    assert _enabled(session) == {"echo-message"}


def test_disabling_what_is_not_enabled(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP REQ": that is a success."""
    session = connect()
    assert _cap(session, "CAP REQ :-echo-message")[-1].params[1:] == ["ACK", "-echo-message"]
    assert _enabled(session) == set()


def test_from_left_to_right(connect: Connect) -> None:
    """IRCv3 capability negotiation, "The CAP command": the last word on a capability counts."""
    session = connect()
    assert _cap(session, "CAP REQ :echo-message -echo-message")[-1].params[1] == "ACK"
    assert _enabled(session) == set()


def test_everything_that_is_advertised(connect: Connect, target: Target) -> None:
    """IRCv3 capability negotiation, "CAP LS": what is listed can be had, if it has no vendor."""
    session = connect()
    vendors = {word for word in target.capabilities if "/" in word and word[:6] != "draft/"}
    wanted = set(target.capabilities) - vendors - {"sts", "cap-notify"}
    for word in wanted:
        assert _cap(session, f"CAP REQ :{word}")[-1].params[1:] == ["ACK", word]
    assert _enabled(session) == wanted


def test_req_after_registration(register: Register) -> None:
    """IRCv3 capability negotiation, "The CAP command": enabled at once, and disabled."""
    user = register("al")
    assert one(user.ask("CAP REQ :echo-message"), "CAP").params[:2] == [user.nick, "ACK"]
    assert one(user.ask(f"PRIVMSG {user.nick} :one", "CAP LIST"), "CAP").text
    assert len(only(user.ask(f"NOTICE {user.nick} :two"), "NOTICE")) == 2
    user.ask("CAP REQ :-echo-message")
    assert len(only(user.ask(f"NOTICE {user.nick} :three"), "NOTICE")) == 1


# --- Registration waits


@pytest.mark.parametrize("opening", ["CAP LS", "CAP LS 302", "CAP REQ :echo-message"])
def test_registration_waits_for_the_end(connect: Connect, name: Names, opening: str) -> None:
    """IRCv3 capability negotiation, "Connection Registration": until CAP END."""
    session, nick = connect(), name("al")
    _cap(session, opening)
    session.send(f"NICK {nick}", "USER al 0 * :Al", "CAP LIST")
    assert "001" not in commands(session.until("CAP"))
    session.send("CAP END")
    assert session.until("001")[-1].params[0] == nick


def test_a_refusal_makes_it_wait_as_well(connect: Connect, name: Names) -> None:
    """IRCv3 capability negotiation, "CAP REQ": suspended, whatever the answer is."""
    session, nick = connect(), name("al")
    _cap(session, f"CAP REQ :{_UNKNOWN}")
    session.send(f"NICK {nick}", "USER al 0 * :Al", "CAP LIST")
    assert "001" not in commands(session.until("CAP"))
    session.send("CAP END")
    assert session.until("001")[-1].params[0] == nick


def test_negotiation_between_nick_and_user(connect: Connect, name: Names) -> None:
    """IRCv3 capability negotiation, "CAP LS": while registration is in progress."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", "CAP REQ :echo-message", "USER al 0 * :Al", "CAP LIST")
    found = session.until("CAP")
    found += session.until("CAP")
    assert "001" not in commands(found)
    session.send("CAP END")
    assert session.until("001")[-1].params[0] == nick


def test_the_end_comes_before_the_nickname(connect: Connect, name: Names) -> None:
    """IRCv3 capability negotiation, "CAP END": registration goes on as usual."""
    session, nick = connect(), name("al")
    _cap(session, "CAP LS 302")
    session.send("CAP END", f"NICK {nick}", "USER al 0 * :Al")
    assert session.until("001")[-1].params[0] == nick


def test_the_end_after_registration(register: Register) -> None:
    """IRCv3 capability negotiation, "CAP END": ignored."""
    assert register("al").ask("CAP END") == []


# --- What is no subcommand


@pytest.mark.parametrize("word", ["FOO", "NEW", "DEL"])
def test_an_invalid_subcommand(connect: Connect, word: str) -> None:
    """IRCv3 capability negotiation, "The CAP command": 410 with the subcommand, before `NICK`."""
    session = connect()
    session.send(f"CAP {word} :x")
    assert session.until("410")[-1].params[:2] == ["*", word]


def test_an_invalid_subcommand_of_a_user(register: Register) -> None:
    """IRCv3 capability negotiation, "The CAP command": 410 with the nickname."""
    user = register("al")
    assert one(user.ask("CAP FOO"), "410").params[:2] == [user.nick, "FOO"]


def test_no_subcommand(register: Register) -> None:
    """IRCv3 capability negotiation, "The CAP command": it is required."""
    user = register("al")
    assert only(user.ask("CAP"), "410", "461")[0].params[0] == user.nick


# --- cap-notify


def test_cap_notify_can_be_requested(connect: Connect) -> None:
    """IRCv3 capability negotiation, "cap-notify": acknowledged, after version 302 as well."""
    session = connect()
    _cap(session, "CAP LS 302")
    assert _cap(session, "CAP REQ :cap-notify")[-1].params[1:] == ["ACK", "cap-notify"]


def test_cap_notify_can_be_disabled(connect: Connect) -> None:
    """IRCv3 capability negotiation, "cap-notify": by those without version 302."""
    session = connect()
    _cap(session, "CAP REQ :cap-notify")
    assert "cap-notify" in _words(_cap(session, "CAP LIST"))
    assert _cap(session, "CAP REQ :-cap-notify")[-1].params[1:] == ["ACK", "-cap-notify"]
    assert "cap-notify" not in _words(_cap(session, "CAP LIST"))


def test_version_302_keeps_cap_notify(connect: Connect) -> None:
    """IRCv3 capability negotiation, "cap-notify": servers must not disable it then."""
    session = connect()
    _cap(session, "CAP LS 302")
    before = "cap-notify" in _words(_cap(session, "CAP LIST"))
    refused = _cap(session, "CAP REQ :-cap-notify")[-1].params[1] == "NAK"
    assert refused or ("cap-notify" in _words(_cap(session, "CAP LIST"))) == before


@pytest.mark.ours
def test_version_302_brings_cap_notify(connect: Connect) -> None:
    """IRCv3 capability negotiation, "cap-notify": enabled without a request."""
    session = connect()
    _cap(session, "CAP LS 302")
    assert "cap-notify" in _words(_cap(session, "CAP LIST"))

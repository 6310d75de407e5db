"""How many there are (Modern IRC, "LUSERS message")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import argon2
import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only
from tests.served import Served, served

_CONFIG = """
[server]
name = "irc.test"

[[listeners]]
address = "127.0.0.1:0"

[[operators]]
name = "root"
password = "{oper}"
"""

Alone = Callable[[str], Session]


@pytest.fixture(scope="module")
def quiet(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of our own that no other module's tests use."""
    if not target.ours:
        pytest.skip("only our own server can be started")
    tmp_path = tmp_path_factory.mktemp("quiet")
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    config = tmp_path / "chat.toml"
    config.write_text(_CONFIG.format(oper=hasher.hash("sesame")))
    with served(tmp_path, "--config", str(config), listen=False) as process:
        yield process


@pytest.fixture
def server(quiet: Served) -> Target:
    """A server that nobody is connected to."""
    quiet.clear()
    return Target("127.0.0.1", quiet.port, process=quiet)


@pytest.fixture
def alone(server: Target, sessions: list[Session]) -> Alone:
    """Become a user there: `alone("al")`."""

    def become(nick: str) -> Session:
        session = server.open()
        sessions.append(session)
        session.register(nick)
        return session

    return become


def _numbers(line: Line) -> list[int]:
    """Return the numbers of a line: of its text, or else of its parameters."""
    return [int(number) for number in re.findall(r"\d+", " ".join(line.params[1:]))]


def _count(session: Session, numeric: str, index: int = 0) -> int:
    """Return one number that LUSERS tells; none at all is 0."""
    lines = only(session.ask("LUSERS"), numeric)
    return _numbers(lines[0])[index] if lines else 0


def test_what_is_told(register: Register) -> None:
    """Modern IRC, "LUSERS message": 251 and 255 in any case."""
    user = register("al")
    lines = user.ask("LUSERS")
    assert len(_numbers(one(lines, "251"))) == 3
    assert len(_numbers(one(lines, "255"))) >= 2
    assert {line.params[0] for line in lines} == {user.nick}


def test_numbers_are_parameters(register: Register) -> None:
    """Modern IRC, "RPL_LUSEROP (252)", 253, 254: what is counted is the second parameter."""
    for line in only(register("al").ask("LUSERS"), "252", "253", "254"):
        assert len(line.params) == 3
        assert line.params[1].isdigit()


@pytest.mark.ours
@pytest.mark.parametrize("numeric", ["265", "266"])
def test_the_most_there_have_been(register: Register, numeric: str) -> None:
    """Modern IRC, "RPL_LOCALUSERS (265)", "RPL_GLOBALUSERS (266)": both numbers as parameters."""
    line = one(register("al").ask("LUSERS"), numeric)
    assert len(line.params) == 4
    assert 0 < int(line.params[1]) <= int(line.params[2])


def test_the_welcome_has_it(register: Register) -> None:
    """Modern IRC, "Connection Setup": as if LUSERS had been sent."""
    welcome = commands(register("al").welcome)
    assert {"251", "255"} <= set(welcome)
    end = "376" if "376" in welcome else "422"
    assert welcome.index("005") < welcome.index("251") < welcome.index(end)


@pytest.mark.ours
@pytest.mark.parametrize("numeric", ["255", "265", "266"])
def test_users_come_and_go(alone: Alone, numeric: str) -> None:
    """Modern IRC, "RPL_LUSERME (255)", 265, 266: those who are there now."""
    al = alone("al")
    assert _count(al, numeric) == 1
    bo = alone("bo")
    assert _count(al, numeric) == 2
    bo.send("QUIT")
    bo.until_closed()
    assert _count(al, numeric) == 1


@pytest.mark.ours
@pytest.mark.parametrize("numeric", ["265", "266"])
def test_the_maximum_stays(alone: Alone, numeric: str) -> None:
    """Modern IRC, "RPL_LOCALUSERS (265)", 266: the most at one time."""
    # More than any other test here has at one time.
    al, *others = [alone(f"u{number}") for number in range(10)]
    for other in others:
        other.send("QUIT")
        other.until_closed()
    assert one(al.ask("LUSERS"), numeric).params[1:3] == ["1", "10"]


@pytest.mark.ours
def test_invisible_users(alone: Alone) -> None:
    """Modern IRC, "RPL_LUSERCLIENT (251)": how many of them are invisible."""
    al, bo = alone("al"), alone("bo")
    before = _count(al, "251", 1)
    bo.ask("MODE bo +i")
    assert _count(al, "251", 1) == before + 1
    bo.ask("MODE bo -i")
    assert _count(al, "251", 1) == before


@pytest.mark.ours
def test_an_invisible_user_leaves(alone: Alone) -> None:
    """Modern IRC, "RPL_LUSERCLIENT (251)": who has gone is not counted."""
    al, bo = alone("al"), alone("bo")
    before = _count(al, "251", 1)
    bo.ask("MODE bo +i")
    bo.send("QUIT")
    bo.until_closed()
    assert _count(al, "251", 1) == before


@pytest.mark.ours
def test_operators(alone: Alone) -> None:
    """Modern IRC, "RPL_LUSEROP (252)": while they are operators."""
    al, bo = alone("al"), alone("bo")
    assert _count(al, "252") == 0
    bo.send("OPER root sesame")
    bo.until("381")
    bo.read()
    assert _count(al, "252") == 1
    bo.ask("MODE bo -o")
    assert _count(al, "252") == 0


@pytest.mark.ours
def test_an_operator_leaves(alone: Alone) -> None:
    """Modern IRC, "RPL_LUSEROP (252)": who has gone is not counted."""
    al, bo = alone("al"), alone("bo")
    bo.send("OPER root sesame")
    bo.until("381")
    bo.read()
    bo.send("QUIT")
    bo.until_closed()
    assert _count(al, "252") == 0


@pytest.mark.ours
def test_connections_that_are_not_registered(
    server: Target, alone: Alone, sessions: list[Session]
) -> None:
    """Modern IRC, "RPL_LUSERUNKNOWN (253)": until they are, or leave."""
    al = alone("al")
    assert _count(al, "253") == 0
    session = server.open()
    sessions.append(session)
    session.send("CAP LS 302")
    session.until("CAP")
    assert _count(al, "253") == 1
    session.register("bo", capabilities=["setname"])
    assert _count(al, "253") == 0


@pytest.mark.ours
def test_channels(alone: Alone) -> None:
    """Modern IRC, "RPL_LUSERCHANNELS (254)": those that exist."""
    al, bo = alone("al"), alone("bo")
    before = _count(al, "254")
    bo.ask("JOIN #one", "JOIN #two")
    assert _count(al, "254") == before + 2
    bo.ask("PART #one")
    assert _count(al, "254") == before + 1
    bo.send("QUIT")
    bo.until_closed()
    assert _count(al, "254") == before

"""Who may register a room, and have ChanServ do something in it."""

from __future__ import annotations

from trio_chat.permissions.table import Actor, Row, Table


def _tell(name: str, text: str, shows: str, cells: str, *set: str) -> Row:
    return Row(name=name, set=set, does=f"CHANSERV {text}", shows=shows, cells=cells)


def _amode(letter: str, cells: str) -> Row:
    return _tell(
        f"AMODE: give +{letter}", f"AMODE #a other +{letter}", f"other has +{letter}", cells
    )


ASKING = Table(
    title="ChanServ",
    text="What decides is access to the registered room, by account; not what one is in it, nor "
    "whether one is in it. Who may not see the room (+s) is told that it is not registered.",
    actors=(
        Actor(name="no account"),
        Actor(name="no access", account=True),
        Actor(name="operator there, no access", account=True, inside=True, standing="o"),
        Actor(name="access +v", account=True, access="v"),
        Actor(name="access +h", account=True, access="h"),
        Actor(name="access +o", account=True, access="o"),
        Actor(name="access +a", account=True, access="a"),
        Actor(name="access +q", account=True, access="q"),
        Actor(name="founder", account=True, access="founder"),
        Actor(name="server operator", operator=True, account=True),
    ),
    rows=(
        _tell("INFO", "INFO #a", "#a is ", "yes yes yes yes yes yes yes yes yes yes"),
        _tell(
            "INFO, with +s",
            "INFO #a",
            "#a is owner",
            "NOTICE NOTICE yes yes yes yes yes yes NOTICE yes",
            "MODE #a +s",
        ),
        _tell(
            "AMODE, ACCESS: see the list",
            "AMODE #a",
            "Those have access",
            "NOTICE NOTICE NOTICE yes yes yes yes yes yes yes",
        ),
        _amode("v", "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE"),
        _amode("h", "NOTICE NOTICE NOTICE NOTICE NOTICE yes yes yes yes NOTICE"),
        _amode("o", "NOTICE NOTICE NOTICE NOTICE NOTICE yes yes yes yes NOTICE"),
        _amode("a", "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes NOTICE"),
        _amode("q", "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes NOTICE"),
        _tell(
            "VOICE, DEVOICE",
            "VOICE #a other",
            "other has +v",
            "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE",
        ),
        _tell(
            "OP, HALFOP and the contrary",
            "OP #a other",
            "other has +o",
            "NOTICE NOTICE NOTICE NOTICE NOTICE yes yes yes yes NOTICE",
        ),
        _tell(
            "OWNER, ADMIN and the contrary",
            "OWNER #a other",
            "other has +q",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes NOTICE",
        ),
        _tell(
            "KICK",
            "KICK #a other",
            "other is not in #a any more",
            "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE",
        ),
        _tell(
            "BAN, UNBAN",
            "BAN #a x!*@*",
            "is banned from #a",
            "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE",
        ),
        _tell(
            "INVITE",
            "INVITE #a stranger",
            " 341 ",
            "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE",
        ),
        _tell(
            "GETKEY",
            "GETKEY #a",
            "The key of #a is key",
            "NOTICE NOTICE NOTICE NOTICE yes yes yes yes yes NOTICE",
            "MODE #a +k key",
        ),
        _tell(
            "CLEAR",
            "CLEAR #a BANS",
            "is cleared",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes NOTICE",
        ),
        _tell(
            "SET DESCRIPTION",
            "SET #a DESCRIPTION x",
            "is set",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes NOTICE",
        ),
        _tell(
            "SET SUCCESSOR",
            "SET #a SUCCESSOR other",
            "when your account is dropped",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes NOTICE",
        ),
        _tell(
            "TRANSFER",
            "TRANSFER #a other",
            "#a is yours until other says ACCEPT",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes NOTICE",
        ),
        _tell(
            "DROP",
            "DROP #a #a",
            "#a is not registered now",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes yes",
        ),
        _tell(
            "SUSPEND, UNSUSPEND",
            "SUSPEND #a x",
            "is suspended",
            "NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE yes",
        ),
    ),
)

REGISTERING = Table(
    title="Registering",
    text="ChanServ's REGISTER of a room that is not registered. An account has at most "
    "`accounts.rooms_per_account` rooms; with `accounts.rooms = operators` an operator of the "
    "server has to be the one who asks. Nobody can register the lobby.",
    actors=(
        Actor(name="no account, operator", inside=True, standing="o"),
        Actor(name="outside", account=True),
        Actor(name="member", account=True, inside=True),
        Actor(name="half-operator", account=True, inside=True, standing="h"),
        Actor(name="operator", account=True, inside=True, standing="o"),
        Actor(name="owner", account=True, inside=True, standing="q"),
        Actor(name="server operator", account=True, operator=True),
    ),
    rows=(
        Row(
            name="REGISTER",
            does="CHANSERV REGISTER #a",
            shows="#a is registered now",
            cells="NOTICE NOTICE NOTICE NOTICE yes yes NOTICE",
            registered=False,
        ),
        Row(
            name="REGISTER of one that is registered",
            does="CHANSERV REGISTER #a",
            shows="#a is registered now",
            cells="NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE",
        ),
    ),
)

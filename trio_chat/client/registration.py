"""How a client introduces itself: capabilities and nickname, up to the server's welcome.

Sans I/O: messages from the server go in, messages for the server come out. Knows IRCv3
capability-negotiation (version 302) and Modern IRC, "Connection Registration"; how we log in to an
account is `login`'s. A server that knows no capabilities answers 421 or nothing to CAP, and
registers us all the same, but where we were to log in.
"""

from __future__ import annotations

from trio_chat.client.errors import ConnectionLost, Refused
from trio_chat.client.login import LOGIN, NO_LOGIN, Login
from trio_chat.wire.irc import Message

WANTED = frozenset(
    (
        "away-notify",
        "batch",
        "cap-notify",
        "draft/chathistory",
        "echo-message",
        "extended-join",
        "labeled-response",
        "message-tags",
        "multi-prefix",
        "server-time",
        "standard-replies",
    )
)
"""The capabilities that this client makes use of."""
_WITH_ACCOUNT = frozenset(("account-tag", "sasl"))
"""And those for who logs in."""
_ALTERNATIVES = 3

NICK_TAKEN = frozenset(("433", "436", "437"))
"""Codes of refusals that may be over soon."""
_REFUSALS = frozenset(("432", "463", "464", "465", "466"))


def refusal_of(message: Message) -> Refused | None:
    """Return the error that a numeric from 400 to 599 or a FAIL tells of, or None.

    The sentence begins with what it is about, where the server says so:
    `#secret: Cannot join channel (+k)`.
    """
    params = message.params
    if message.command == "FAIL":
        code = params[1] if len(params) > 2 else "FAIL"
        return Refused(params[-1] if params else "refused", code)
    if not "400" <= message.command <= "599" or message.command == _NO_MOTD:
        return None
    # The first parameter is our own nickname.
    text = params[-1] if len(params) > 1 else f"error {message.command}"
    subject = " ".join(params[1:-1])
    return Refused(f"{subject}: {text}" if subject else text, message.command)


_NO_MOTD = "422"
"""An error by its number, but it refuses nothing."""


class Capabilities:
    """Which capabilities the connection has. `enabled` is what the server has acknowledged."""

    __slots__ = ("_login", "_mechanisms", "_offered", "enabled", "settled")

    def __init__(self, login: Login | None = None) -> None:
        self._login = login
        self._mechanisms = ""
        self._offered: set[str] = set()
        self.enabled: set[str] = set()
        self.settled = False
        """Whether the negotiation before registration is over."""

    def take(self, params: tuple[str, ...]) -> list[Message]:
        """Take one CAP from the server; return what to answer.

        Raises `Refused` where we are to log in, and can not.
        """
        if len(params) < 3:
            return []
        subcommand, *rest = params[1:]
        values = dict(word.partition("=")[::2] for word in rest[-1].split())
        names = set(values)
        if subcommand == "LS":
            self._offered |= names
            self._mechanisms = values.get("sasl", self._mechanisms)
            # A `*` says that the list goes on in the next line.
            return [] if rest[0] == "*" and len(rest) > 1 else self._request(self._offered)
        if subcommand == "NEW":
            return self._request(names)
        if subcommand == "DEL":
            self.enabled -= names
            return []
        if subcommand == "ACK":
            self.enabled |= {name for name in names if name[0] != "-"}
            self.enabled -= {name[1:] for name in names if name[0] == "-"}
        if subcommand in ("ACK", "NAK"):
            return self._end()
        return []

    def _request(self, offered: set[str]) -> list[Message]:
        wanted = (
            offered & (WANTED | _WITH_ACCOUNT if self._login is not None else WANTED)
        ) - self.enabled
        if "labeled-response" in wanted and not {"batch"} <= offered | self.enabled:
            # Its answers of several lines come as a batch (labeled-response, "Dependencies").
            wanted.remove("labeled-response")
        if not wanted:
            return self._end()
        return [Message(command="CAP", params=("REQ", " ".join(sorted(wanted))))]

    def take_login(self, message: Message) -> list[Message]:
        """Take a message that may be about the login; return what to answer. Raises `Refused`."""
        if self._login is None or self._login.done:
            return []
        answer = self._login.take(message)
        return self._end() if self._login.done else answer

    @property
    def needs_login(self) -> bool:
        """Whether we are to log in, and are not yet."""
        return self._login is not None and not self._login.done

    def _end(self) -> list[Message]:
        if self.settled:
            return []
        if self._login is not None and not self._login.done:
            if self._login.mechanism:
                return []
            if "sasl" not in self.enabled:
                raise Refused(NO_LOGIN, "sasl")
            return self._login.begin(self._mechanisms)
        self.settled = True
        return [Message(command="CAP", params=("END",))]


class Registration:
    """The first part of a connection, until the server's 001.

    `nick` is the nickname asked for last, and the one that the server has given us in the end.
    With `alternatives`, a nickname that is taken is tried again as `nick_`, `nick__`, `nick___`.
    """

    __slots__ = ("_alternatives", "_opening", "capabilities", "nick", "registered")

    def __init__(
        self,
        *,
        nick: str,
        username: str,
        realname: str,
        password: str,
        alternatives: bool,
        login: Login | None = None,
    ) -> None:
        self.nick = nick
        self.capabilities = Capabilities(login)
        self.registered = False
        self._alternatives = _ALTERNATIVES if alternatives else 0
        self._opening = [
            Message(command="CAP", params=("LS", "302")),
            *([Message(command="PASS", params=(password,))] if password else []),
            Message(command="NICK", params=(nick,)),
            Message(command="USER", params=(username, "0", "*", realname)),
        ]

    def open(self) -> list[Message]:
        """Return what a client says first."""
        return self._opening

    def take(self, message: Message) -> list[Message]:
        """Take a message from the server; return what to answer.

        Raises `Refused` when the server will not have us, `ConnectionLost` when it hangs up.
        """
        command = message.command
        capabilities = self.capabilities
        if command == "001" and message.params:
            if capabilities.needs_login:
                raise Refused(NO_LOGIN, "sasl")
            self.registered = True
            self.nick = message.params[0]
        elif command in NICK_TAKEN and self._alternatives:
            self._alternatives -= 1
            self.nick += "_"
            return [Message(command="NICK", params=(self.nick,))]
        elif command in LOGIN:
            return capabilities.take_login(message)
        elif command in NICK_TAKEN or command in _REFUSALS or command == "FAIL":
            refusal = refusal_of(message)
            assert refusal is not None
            raise refusal
        elif command == "ERROR":
            raise ConnectionLost(message.params[-1] if message.params else "the server hung up")
        return []

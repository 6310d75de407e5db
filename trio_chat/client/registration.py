"""How a client introduces itself: capabilities and nickname, up to the server's welcome.

Sans I/O: messages from the server go in, messages for the server come out. Knows IRCv3
capability-negotiation (version 302), Modern IRC, "Connection Registration", and for an account SASL
PLAIN (IRCv3 sasl-3.1, RFC 4616); a server that knows no capabilities answers 421 or nothing to CAP,
and registers us all the same, but where we were to log in.
"""

from __future__ import annotations

import base64

from trio_chat.client.errors import ConnectionLost, Refused
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
_ALTERNATIVES = 3

NICK_TAKEN = frozenset(("433", "436", "437"))
"""Codes of refusals that may be over soon."""
_LOGGED_IN = frozenset(("903", "907"))
_NOT_LOGGED_IN = frozenset(("902", "904", "905", "906", "908"))
_CHUNK = 400
"""Bytes of a message that AUTHENTICATE has in one line."""
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


NO_LOGIN = "the server does not let us log in (SASL PLAIN)"
_NO_MOTD = "422"
"""An error by its number, but it refuses nothing."""


class Capabilities:
    """Which capabilities the connection has. `enabled` is what the server has acknowledged."""

    __slots__ = ("_account", "_logging_in", "_offered", "_password", "enabled", "settled")

    def __init__(self, account: str = "", password: str = "") -> None:
        self._account = account
        self._password = password
        self._logging_in = False
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
        names = {word.partition("=")[0] for word in rest[-1].split()}
        if subcommand == "LS":
            self._offered |= names
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
        wanted = (offered & (WANTED | {"sasl"} if self._account else WANTED)) - self.enabled
        if "labeled-response" in wanted and not {"batch"} <= offered | self.enabled:
            # Its answers of several lines come as a batch (labeled-response, "Dependencies").
            wanted.remove("labeled-response")
        if not wanted:
            return self._end()
        return [Message(command="CAP", params=("REQ", " ".join(sorted(wanted))))]

    def authenticate(self) -> list[Message]:
        """Return what says who we are, once the server waits for that."""
        if not self._logging_in:
            return []
        plain = f"\0{self._account}\0{self._password}".encode()
        data = base64.b64encode(plain).decode()
        chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
        if len(chunks[-1]) == _CHUNK:
            # Otherwise the server would wait for more.
            chunks.append("+")
        return [Message(command="AUTHENTICATE", params=(chunk,)) for chunk in chunks]

    def logged_in(self) -> list[Message]:
        """Note that we are logged in; return what comes next."""
        self._account = ""
        return self._end()

    @property
    def needs_login(self) -> bool:
        """Whether we are to log in, and are not yet."""
        return bool(self._account)

    def _end(self) -> list[Message]:
        if self.settled or (self._logging_in and self._account):
            return []
        if self._account:
            if "sasl" not in self.enabled:
                raise Refused(NO_LOGIN, "sasl")
            self._logging_in = True
            return [Message(command="AUTHENTICATE", params=("PLAIN",))]
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
        account: str = "",
        account_password: str = "",
    ) -> None:
        self.nick = nick
        self.capabilities = Capabilities(account, account_password)
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
        elif command == "AUTHENTICATE" and message.params == ("+",):
            return capabilities.authenticate()
        elif command in _LOGGED_IN:
            return capabilities.logged_in()
        elif command in _NOT_LOGGED_IN:
            raise Refused(message.params[-1] if message.params else NO_LOGIN, command)
        elif command in NICK_TAKEN or command in _REFUSALS or command == "FAIL":
            refusal = refusal_of(message)
            assert refusal is not None
            raise refusal
        elif command == "ERROR":
            raise ConnectionLost(message.params[-1] if message.params else "the server hung up")
        return []

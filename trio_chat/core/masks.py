"""Masks such as `*!*@10.0.?.*`, and whom they match; extended masks such as `~a:account`.

An extended mask is `~`, a letter and what that letter is about (ISUPPORT, EXTBAN): `~a:name` is
whoever is logged in to that account, `~m:mask` keeps those it matches from speaking, and from
nothing else; its mask can be an extended one itself.

What is compared again and again is read once, and kept where the mask is.
"""

from __future__ import annotations

from trio_chat.core.globs import Glob
from trio_chat.core.names import fold
from trio_chat.core.networks import (
    NETWORK_FORM,
    Network,
    in_networks,
    is_slip,
    normal_host,
    parse_network,
)

LIMIT = 256
"""Characters of the longest mask that is looked for."""
LIST_LIMIT = 200
"""Bytes of the longest mask that a list can have: one MODE has to show it."""


EXTENDED = "~"
"""What extended masks begin with."""
EXTENDED_TYPES = "am"


def is_extended(mask: str) -> bool:
    """Whether a mask is an extended one; `~bob@*` is not."""
    return mask[:1] == EXTENDED and mask[2:3] == ":"


def is_mask(mask: str) -> bool:
    """Whether a normalised mask can be in a list: an extended one has to be of a known type, and
    another about somebody who can be there."""
    if " " in mask or mask[:1] in ("", ":") or len(mask.encode()) > LIST_LIMIT:
        return False
    if not is_extended(mask):
        return _has_three_parts(mask) and not is_slip(_host(mask))
    kind, inner = mask[1], mask[3:]
    if kind not in EXTENDED_TYPES or not inner:
        return False
    # A mute of a mute would say nothing that a mute does not.
    return is_mask(inner) and inner[:3] != "~m:" if kind == "m" else True


def hint(mask: str) -> str:
    """Say what a normalised mask lacks that can not be in a list."""
    while mask[:3] == f"{EXTENDED}m:":
        mask = mask[3:]
    if is_slip(_host(mask)):
        return f"The host of a mask is a name, or {NETWORK_FORM}"
    if not is_extended(mask) and not _has_three_parts(mask):
        return "A mask is nickname!user@host, with one ! and one @"
    return f"A mask has no spaces, at most {LIST_LIMIT} bytes, or is ~a: or ~m:"


def _has_three_parts(mask: str) -> bool:
    """Whether what divides a mask, `nickname!user@host`, is in none of its parts: nobody would be
    called so."""
    nickname, _, rest = mask.partition("!")
    host = rest.partition("@")[2]
    return not ("@" in nickname or "!" in rest or "@" in host)


class Rule:
    """A mask of a list, made ready to be compared with many users."""

    __slots__ = ("_by_account", "_glob", "_networks", "_speaking")

    def __init__(self, mask: str) -> None:
        self._speaking = self._by_account = False
        while is_extended(mask):
            if mask[1] == "m":
                self._speaking = True
            else:
                self._by_account = True
            mask = mask[3:]
            if self._by_account:
                break
        network = None
        if not self._by_account:
            mask, network = split_network(mask)
        self._networks = (network,) if network is not None else ()
        """That which the host has to be in, if any."""
        self._glob = read(mask)

    @property
    def cost(self) -> int:
        """What comparing costs, in rough microseconds."""
        return self._glob.cost + 4 * len(self._networks)

    def covers(self, prefix: str, account: str, *, speaking: bool) -> bool:
        """Whether the mask is about a user; `~m` only is about who speaks.

        The prefix, `nickname!user@host`, and the account are folded.
        """
        if self._speaking and not speaking:
            return False
        if self._by_account:
            return bool(account) and self._glob.fits(account)
        if not self._glob.fits(prefix):
            return False
        return not self._networks or in_networks(_host(prefix), self._networks)


def _host(mask: str) -> str:
    return mask.rpartition("@")[2]


def split_network(mask: str) -> tuple[str, Network | None]:
    """Return a normalised mask with any host, and the network that has the host; or the mask as it
    is, and None, where it names no network."""
    host = _host(mask)
    if "/" not in host:
        return mask, None
    try:
        network = parse_network(host)
    except ValueError:
        return mask, None
    return f"{mask[: -len(host)]}*", network


def normalise(mask: str) -> str:
    """Complete what was typed to `nickname!user@host`, and collapse runs of `*`.

    Modern IRC, "Ban channel mode": a bare nickname is `nickname!*@*`, a bare `user@host` is
    `*!user@host`. What can not be a nickname is a host. Addresses and networks are written in one
    way. Extended masks keep their letter.
    """
    if is_extended(mask):
        letter, inner = mask[1:2], mask[3:]
        return f"{EXTENDED}m:{normalise(inner)}" if letter == "m" else mask
    nickname, user, host = "*", "*", "*"
    if "!" in mask:
        nickname, _, rest = mask.partition("!")
        user, _, host = rest.partition("@")
    elif "@" in mask:
        user, _, host = mask.partition("@")
    elif any(character in ".:/" for character in mask):
        host = mask
    else:
        nickname = mask
    whole = f"{nickname or '*'}!{user or '*'}@{normal_host(host) or '*'}"
    while "**" in whole:
        whole = whole.replace("**", "*")
    return whole


def read(mask: str) -> Glob:
    """Make a mask ready to be compared with folded names."""
    return Glob(fold(mask[:LIMIT]))


def matches(mask: str, name: str) -> bool:
    """Whether the glob `mask` matches all of `name`, case folded: `*` is any run, `?` any one."""
    return read(mask).fits(fold(name))

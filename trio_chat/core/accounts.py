"""The accounts: whose they are, and what is decided by that.

What proves that somebody is the owner (`secrets.py`) is kept beside them, is not held in memory,
and is read by whoever checks it. An account is changed in two steps: the new value goes into the
records of a step, and comes into force when that has been stored (`Context.commit`), so that nobody
is told of what a power cut takes back.

Must not know commands, nor how anything is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from trio_chat.core import ids, layouts, names
from trio_chat.core.entries import Change, Forgotten, Kept
from trio_chat.core.secrets import SECRET, Secret

ACCOUNT = "account"
"""The table that they are kept in, by folded name."""
VERIFY_WITHIN = 86_400.0
"""Seconds for which the name of an account is held that is not verified."""
METADATA = "metadata"
"""The table of what they say of themselves, by the same; and registered rooms (`metadata.py`)."""
LAYOUT = 1
"""How a value is laid out: the first of its values."""


class Suspension(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why nobody can log in to an account."""

    by: str
    reason: str
    at: float
    """Seconds since the epoch."""


class Account(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """An account. Its name is a nickname, and nobody else can have that."""

    layout: int = LAYOUT
    name: str
    """As its owner writes it."""
    registered_at: float
    """Seconds since the epoch."""
    email: str = ""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints of TLS certificates whose owner may log in, in hexadecimal."""
    suspended: Suspension | None = None
    code: str = ""
    """The digest (`digest`) of what its owner has to say before the account is theirs (VERIFY);
    empty: it is."""

    @property
    def key(self) -> str:
        """What it is found by."""
        return names.fold(self.name)

    @property
    def party(self) -> str:
        """What it is called where history is kept: not as an account of the same name that was
        there before (`entries.py`)."""
        return f"{self.key}/{ids.milliseconds(self.registered_at)}"

    @property
    def is_verified(self) -> bool:
        return not self.code


def digest(code: str) -> str:
    """Return what is kept of a code that the owner of an account has been mailed."""
    return hashlib.sha256(code.encode()).hexdigest()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Account).decode


class Accounts:
    """All of them, as bytes: a hundred thousand take some 20 MB. Starts with what was kept, by key.

    What can not be read has no effect, and is named in `unreadable`.
    """

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.unreadable: list[str] = []
        self._values = dict(kept)
        self._by_certificate: dict[str, str] = {}
        self._lookalikes: dict[str, str] = {}
        """Keys, by the form in which look-alikes are equal (`names.likeness`), where it differs."""
        self._unverified: dict[str, float] = {}
        """Keys of those that are not verified: until when they are held, the first first."""
        self._changing: dict[str, tuple[str, ...]] = {}
        """Keys of those of which a change is on its way to the journal, each with the certificates
        that it is to have then."""
        bad: list[str] = []
        for key, value in self._values.items():
            try:
                self._index(key, _read(value))
            except (msgspec.DecodeError, ValueError) as error:
                self.unreadable.append(f"{ACCOUNT} {key}: {error}")
                bad.append(key)
        for key in bad:
            del self._values[key]
        self._unverified = dict(sorted(self._unverified.items(), key=lambda item: item[1]))

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Account]:
        return map(_read, self._values.values())

    def get(self, name: str) -> Account | None:
        """Return the account of this name, however that is written."""
        value = self._values.get(names.key(name))
        return _read(value) if value is not None else None

    def stamp(self, name: str) -> object:
        """Return something that is another one (`is not`) once an account of this name has been
        changed in any way, its password included, or dropped and made anew."""
        return self._values.get(names.key(name))

    def by_certificate(self, fingerprint: str) -> Account | None:
        """Return the account that the owner of a TLS certificate may log in to."""
        return self._named(self._by_certificate.get(fingerprint))

    def has_other(self, fingerprint: str, name: str) -> bool:
        """Whether a certificate is that of another account than this, or is about to be."""
        key = names.key(name)
        return self._by_certificate.get(fingerprint, key) != key or any(
            fingerprint in certificates and other != key
            for other, certificates in self._changing.items()
        )

    def owner(self, nickname: str) -> Account | None:
        """Return the account whose nickname this is, or looks the same as."""
        found = self.get(nickname)
        if found is None and self._values:
            looks = names.likeness(nickname)
            found = self._named(looks) or self._named(self._lookalikes.get(looks))
        return found

    def is_coming(self, nickname: str) -> bool:
        """Whether a change is on its way to the journal of the account whose nickname this is, or
        looks the same as: it may be there in a moment, or gone."""
        if not self._changing:
            return False
        looks = names.likeness(nickname)
        return any(names.likeness(key) == looks for key in self._changing)

    def is_changing(self, name: str) -> bool:
        """Whether a change of the account of this name is on its way to the journal: another one
        would not know what it changes."""
        return names.key(name) in self._changing

    def begin(self, name: str, certificates: tuple[str, ...] = ()) -> None:
        """Note that such a change begins, after which the account has these certificates."""
        self._changing[names.key(name)] = certificates

    def end(self, name: str) -> None:
        """Note that it has ended, stored or not."""
        self._changing.pop(names.key(name), None)

    @property
    def expiry(self) -> float | None:
        """When the next account is to be dropped that nobody has verified, in seconds since the
        epoch."""
        return next((at for key, at in self._unverified.items() if key not in self._changing), None)

    def expired(self, now: float) -> list[Account]:
        """Return the accounts that nobody has verified in time."""
        found = [
            self._named(key)
            for key, at in self._unverified.items()
            if at <= now and key not in self._changing
        ]
        return [account for account in found if account is not None]

    def put(self, account: Account) -> None:
        """Have an account be as this says: it has been stored."""
        self.drop(account.name)
        self._values[account.key] = _encode(account)
        self._index(account.key, account)

    def drop(self, name: str) -> None:
        """Have no account of this name: that has been stored."""
        key = names.key(name)
        value = self._values.pop(key, None)
        if value is None:
            return
        self._unverified.pop(key, None)
        for fingerprint in _read(value).certificates:
            if self._by_certificate.get(fingerprint) == key:
                del self._by_certificate[fingerprint]
        looks = names.likeness(key)
        if self._lookalikes.get(looks) == key:
            del self._lookalikes[looks]

    def _named(self, key: str | None) -> Account | None:
        value = self._values.get(key) if key is not None else None
        return _read(value) if value is not None else None

    def _index(self, key: str, account: Account) -> None:
        for fingerprint in account.certificates:
            self._by_certificate[fingerprint] = key
        looks = names.likeness(key)
        if looks != key:
            self._lookalikes[looks] = key
        if not account.is_verified:
            self._unverified[key] = account.registered_at + VERIFY_WITHIN


def kept(account: Account, secret: Secret | None = None) -> list[Kept]:
    """Return what is stored of an account, with what proves whose it is, if that changes."""
    changes = [Kept(ACCOUNT, account.key, _encode(account))]
    if secret is not None:
        changes.append(Kept(SECRET, account.key, secret.encoded()))
    return changes


def gone(account: Account) -> list[Change]:
    """Return what is stored of an account that is dropped."""
    return [
        *(Kept(table, account.key, None) for table in (ACCOUNT, SECRET, METADATA)),
        Forgotten(account.party),
    ]


def _read(value: bytes) -> Account:
    account = _decode(value)
    layouts.check(account.layout, LAYOUT)
    return account

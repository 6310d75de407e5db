"""Lists of what users watch: nicknames (IRCv3 monitor), and keys of metadata.

Both directions are here: what is on a user's list, and who has a nickname on theirs. A nickname is
on a list whether or not anybody has it. Keys are names that are ASCII and lower case already.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from trio_chat.core.names import key

Watcher = TypeVar("Watcher")


class Watch(Generic[Watcher]):
    """The lists of all who have one."""

    __slots__ = ("_watchers", "lists")

    def __init__(self) -> None:
        self.lists: dict[Watcher, dict[str, str]] = {}
        """By user, then by folded nickname: the nickname as it was written."""
        self._watchers: dict[str, dict[Watcher, None]] = {}
        """By folded nickname."""

    def listed(self, user: Watcher) -> list[str]:
        """Return the nicknames on a user's list, as they were written."""
        return list(self.lists.get(user, {}).values())

    def watchers(self, nickname: str) -> Collection[Watcher]:
        """Return the users who have this nickname on their list."""
        return self._watchers.get(key(nickname), ())

    def has(self, user: Watcher, nickname: str) -> bool:
        """Whether the nickname is on the user's list."""
        return user in self._watchers.get(key(nickname), ())

    def add(self, user: Watcher, nickname: str) -> None:
        """Put a nickname on a user's list."""
        folded = key(nickname)
        self.lists.setdefault(user, {}).setdefault(folded, nickname)
        self._watchers.setdefault(folded, {})[user] = None

    def remove(self, user: Watcher, nickname: str) -> bool:
        """Take a nickname off a user's list; return whether it was there."""
        folded = key(nickname)
        listed = self.lists.get(user, {})
        if folded not in listed:
            return False
        del listed[folded]
        if not listed:
            del self.lists[user]
        watchers = self._watchers[folded]
        del watchers[user]
        if not watchers:
            del self._watchers[folded]
        return True

    def clear(self, user: Watcher) -> None:
        """Empty a user's list."""
        for nickname in self.listed(user):
            self.remove(user, nickname)

"""Who may do what in a room, as tables: by account, mode, access and ban.

Everything here is said once: `nox -s docs` makes `docs/permissions.md` of it (`document.py`), and
`tests/test_permissions.py` plays each cell against the core.
"""

from trio_chat.permissions.by_access import ASKING, REGISTERING
from trio_chat.permissions.in_rooms import ENTERING, READING, RULING, SPEAKING

TABLES = (ENTERING, SPEAKING, RULING, READING, REGISTERING, ASKING)

__all__ = ["TABLES"]

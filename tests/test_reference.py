"""The document about the protocol says what the tables say."""

from __future__ import annotations

import html
from pathlib import Path

from trio_chat import reference
from trio_chat.core import commands
from trio_chat.core.handlers.plain_commands import COMMANDS
from trio_chat.core.services.table import SERVICES

DOCUMENT = Path(__file__).parent.parent / "docs" / "protocol.md"


def test_the_document_is_not_stale() -> None:
    assert DOCUMENT.read_text() == reference.markdown() + "\n", "run `nox -s docs`"


def test_writing_it(tmp_path: Path) -> None:
    reference.main(tmp_path / "protocol.md")
    assert (tmp_path / "protocol.md").read_text() == reference.markdown() + "\n"


def test_every_command_is_explained() -> None:
    text = reference.markdown()
    for row in commands.TABLE.values():
        assert f"| {html.escape(row.help, quote=False)} |" in text
        assert row.name in row.usage
    for name in COMMANDS:
        assert f"| `{name}" in text
    for service in SERVICES:
        for one in service.rows.values():
            assert f"| {html.escape(one.help, quote=False)} |" in text
            assert one.usage.startswith(one.name)

"""Configuration files, and what is said about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trio_chat.config import Config, ConfigError, load

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
HOME = {"HOME": "/home/alice"}


def write(directory: Path, text: str | bytes, name: str = "chat.toml") -> Path:
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def from_toml(directory: Path, text: str) -> Config:
    return load(write(directory, text), HOME)


def faults(directory: Path, text: str | bytes) -> list[str]:
    """What is said about a file, without its name, which has to stand in front of all of it."""
    path = write(directory, text)
    with pytest.raises(ConfigError) as caught:
        load(path, HOME)
    assert str(caught.value) == "\n".join(caught.value.faults)
    said = [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]
    assert not set(said) & set(caught.value.faults)
    return said

"""File names as texts: for databases, which take no other, and for people."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

_UNDECODABLE = "bytes:"


def path_text(path: Path) -> str:
    """A path as a text that every database takes; ``path_from_text`` undoes it.

    Names of old platforms are often GBK, which is no valid text here: they are kept byte by byte.
    """
    text = os.path.abspath(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _UNDECODABLE + quote_from_bytes(os.fsencode(text))
    return text


def path_from_text(text: str) -> Path:
    """The path that ``path_text`` wrote down."""
    if text.startswith(_UNDECODABLE):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_UNDECODABLE))))
    return Path(text)


def readable_name(text: str) -> str:
    """A file name as a text for people, whatever its bytes are."""
    raw = os.fsencode(text)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def readable_path(text: str) -> str:
    """A path that ``path_text`` wrote, for people."""
    return readable_name(str(path_from_text(text)))

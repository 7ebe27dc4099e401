"""A font with Chinese characters on this machine, for PDF; none is shipped, since it would be twenty megabytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTLibError

PLACES = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts",
    "/System/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
NAMES = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf", "SourceHanSans-Regular.ttc", "SourceHanSansCN-Regular.otf", "wqy-microhei.ttc",
    "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "msyh.ttc", "simhei.ttf",
    "STHeiti Light.ttc", "Hiragino Sans GB.ttc",
)  # fmt: skip
SIMPLIFIED = ("SC", "CN", "Hei", "YaHei", "GB")
"""Endings of the names of those faces in a collection whose characters are shaped as in China."""


@dataclass(frozen=True, slots=True)
class Font:
    """A font file, and which face of it where it is a collection."""

    path: Path
    face: int = 0


def chinese_font(path: str = "") -> Font | None:
    """The font of the setting, or the first known one that this machine has; None where there is none."""
    if path:
        return _font(Path(path)) if Path(path).is_file() else None
    return _installed()


@cache
def _installed() -> Font | None:
    there = {file.name: file for file in reversed(list(_files()))}
    return next((_font(there[name]) for name in NAMES if name in there), None)


def _files() -> Iterator[Path]:
    for place in PLACES:
        for folder, _, names in os.walk(Path(place).expanduser()):
            yield from (Path(folder) / name for name in sorted(names))


def _font(path: Path) -> Font:
    if path.suffix.lower() != ".ttc":
        return Font(path)
    try:
        with TTCollection(path, lazy=True) as collection:
            names = [str(face["name"].getDebugName(1)) for face in collection.fonts]
    except (TTLibError, OSError):
        return Font(path)
    return Font(path, next((at for at, name in enumerate(names) if name.endswith(SIMPLIFIED)), 0))

"""The rulebook by which a call was judged, found again by its digest."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from config.django import settings_in_force
from pipeline.errors import RulebookError
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.shelf import Shelf, open_shelf


def shelf() -> Shelf:
    """The rulebooks of the setting, read again when their files change.

    Raises:
        RulebookError: they cannot be read.
    """
    place = settings_in_force().rulebook_place
    return _shelf(place, _changed(place))


def rulebook_of(name: str, sha256: str) -> tuple[Rulebook | None, bool]:
    """The rulebook of this name and digest, and whether it is the very one; None when none of that name is left.

    Where the file was changed after the call was judged, the newest of that name stands in for it.
    """
    books: list[Rulebook] = []
    for place in (settings_in_force().rulebook_place, name):
        try:
            books += _shelf(place, _changed(place)).rulebooks
        except RulebookError:
            continue
    same = [book for book in books if book.sha256 == sha256]
    if same:
        return same[0], True
    named = [book for book in books if book.name == name]
    return (named[-1], False) if named else (None, False)


def limits(rulebook: Rulebook) -> dict[str, list[MeasureIs]]:
    """What the rulebook's rules ask of each measure, by the measure's name.

    Only rules that are about the measure and nothing else: a limit inside a longer condition is no norm of its own.
    """
    found: dict[str, list[MeasureIs]] = {}
    for rule in rulebook.ordered:
        operator = getattr(rule.parameters.when, "measure", None)
        if isinstance(operator, MeasureIs):
            found.setdefault(operator.name, []).append(operator)
    return found


def _changed(place: str) -> tuple[float, ...]:
    path = Path(place)
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
        return tuple(file.stat().st_mtime for file in files)
    except OSError:
        return ()


@lru_cache(maxsize=16)
def _shelf(place: str, _times: tuple[float, ...]) -> Shelf:
    return open_shelf(place)

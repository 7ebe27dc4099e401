"""Which rulebook a call is judged by: one that was named, or of a folder of versions the one in force when it began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from pipeline.errors import RulebookError
from pipeline.rules.loading import load_rulebook
from pipeline.rules.rulebook import Period, Rulebook

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Rulebooks in order of the time from which they are in force.

    Attributes:
        place: the name, file or folder that was given.
        rulebooks: one, or several versions of one rulebook whose periods do not overlap.
        places: where each of them lies, in the same order; ``load_rulebook`` takes it.
        told: whether one rulebook was named, which then judges every call whatever its own period says.
    """

    place: str
    rulebooks: tuple[Rulebook, ...]
    places: tuple[str, ...]
    told: bool

    def at(self, started_at: datetime | None, now: datetime) -> Rulebook:
        """The rulebook for a call that began then; of a call whose beginning nobody knows, the one in force ``now``.

        Raises:
            RulebookError: none was in force at that time.
        """
        return self.rulebooks[self._number_at(started_at, now)]

    def place_at(self, started_at: datetime | None, now: datetime) -> str:
        """Where the rulebook of such a call lies.

        Raises:
            RulebookError: as ``at``.
        """
        return self.places[self._number_at(started_at, now)]

    def _number_at(self, started_at: datetime | None, now: datetime) -> int:
        if self.told:
            return 0
        moment = started_at or now
        for number, rulebook in enumerate(self.rulebooks):
            if rulebook.period.holds(moment):
                return number
        known = ", ".join(f"{one.version} ({_period(one)})" for one in self.rulebooks)
        raise RulebookError(
            f"rulebooks {self.place}: none is in force on {moment.isoformat()}; expected one whose effective_from and "
            f"effective_until hold that day; there are {known}; add one, correct these, or name one by --rulebook"
        )


def open_shelf(path_or_name: str | Path) -> Shelf:
    """Load one rulebook by name or file, or every version in a folder.

    Raises:
        RulebookError: as ``load_rulebook``; or the folder holds no rulebook, two different ones, or two versions that
            are in force at the same time.
    """
    path = Path(path_or_name)
    if not path.is_dir():
        return Shelf(str(path_or_name), (load_rulebook(path_or_name),), (str(path_or_name),), told=True)
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith("."))
    if not files:
        raise RulebookError(
            f"rulebooks {path}: the folder holds no rulebook; expected files such as mobile_2026.yaml; put them there"
        )
    loaded = [(load_rulebook(file), file.name) for file in files]
    _check(path, loaded)
    ordered = sorted(loaded, key=lambda item: _start(item[0]))
    places = tuple(str(path / name) for _, name in ordered)
    return Shelf(str(path_or_name), _one_after_the_other([one for one, _ in ordered]), places, told=False)


def check_shelf(rulebooks: Sequence[Rulebook], place: str) -> None:
    """Whether these would stand together in one folder, before one of them is put there.

    Raises:
        RulebookError: as ``open_shelf`` says it of a folder.
    """
    _check(Path(place), [(one, one.version) for one in rulebooks])


def _one_after_the_other(ordered: Sequence[Rulebook]) -> tuple[Rulebook, ...]:
    """A version that names no end is in force until the next begins: publishing one changes no other file."""
    ended = [
        replace(one, period=Period(one.period.start, following.period.start)) if one.period.end is None else one
        for one, following in pairwise(ordered)
    ]
    return (*ended, ordered[-1])


def _check(path: Path, loaded: Sequence[tuple[Rulebook, str]]) -> None:
    (first, first_file), *others = loaded
    for other, file in others:
        if other.name != first.name:
            raise RulebookError(
                f"rulebooks {path}: {first_file} is {first.name} and {file} is {other.name}; expected versions of one "
                f"rulebook; put the other into a folder of its own"
            )
    ordered = sorted(loaded, key=lambda item: _start(item[0]))
    for (earlier, earlier_file), (later, later_file) in pairwise(ordered):
        end, start = earlier.period.end, later.period.start
        if start is None or start == earlier.period.start or (end is not None and end > start):
            raise RulebookError(
                f"rulebooks {path}: {earlier_file} ({_period(earlier)}) and {later_file} ({_period(later)}) are in "
                f"force at the same time; expected one after the other; set effective_until of the one or "
                f"effective_from of the other"
            )


def _start(rulebook: Rulebook) -> float:
    return float("-inf") if rulebook.period.start is None else rulebook.period.start.timestamp()


def _period(rulebook: Rulebook) -> str:
    header = rulebook.header
    return f"{header.effective_from or 'ever'} to {header.effective_until or 'ever'}"

"""A report as sections with tables and charts, in Chinese or English: what every renderer draws, each in its own way.

Numbers stay numbers here, with the kind that says how they are shown, so that a spreadsheet can calculate with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from quality.report_types import Value

Cell = str | int | float | None

Say = Callable[[str, str], str]
"""Takes the Chinese and the English, gives the one that is wanted."""


class Show(StrEnum):
    """How a column's numbers are shown."""

    TEXT = "text"
    COUNT = "count"
    POINTS = "points"
    SHARE = "share"
    CHANGE = "change"
    NUMBER = "number"
    MINUTES = "minutes"


class ChartKind(StrEnum):
    """What a chart draws over its categories."""

    BARS = "bars"
    LINES = "lines"
    PARETO = "pareto"
    INTERVALS = "intervals"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with how it is shown."""

    name: str
    show: Show = Show.TEXT


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars; ``column`` is where the table has its numbers."""

    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over rows of its table.

    Attributes:
        kind: bars and lines draw each series; pareto bars of the first and a line of the second (a share); intervals
            a point (first) between its ends (second and third).
        title: what it shows.
        label: column of the categories.
        series: what is drawn.
        rows: first row and number of rows; None takes all.
    """

    kind: ChartKind
    title: str
    label: int
    series: tuple[Series, ...]
    rows: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; ``empty`` is said in its place where it has no rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report; ``key`` names it, ``about_reviewers`` says that it judges colleagues."""

    key: str
    title: str
    grids: tuple[Grid, ...]
    notes: tuple[str, ...] = ()
    about_reviewers: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """One number at the head of the report, with a line below it."""

    title: str
    value: Cell
    show: Show
    below: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole report as it is shown."""

    title: str
    subtitle: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()


def say_in(language: str) -> Say:
    """Chinese unless the language is English."""
    english = language.lower().startswith("en")
    return lambda chinese, in_english: in_english if english else chinese


def written(value: Cell, show: Show) -> str:
    """A cell as text; a dash where there is nothing."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value or "–"
    if show is Show.COUNT:
        return f"{value:,.0f}"
    if show is Show.POINTS:
        return f"{round(value, 1) + 0.0:.1f}"
    if show is Show.SHARE:
        return f"{value:.1%}"
    if show is Show.CHANGE:
        return f"{round(100 * value, 1) + 0.0:+.1f}"
    if show is Show.MINUTES:
        return f"{int(value) // 60}:{int(value) % 60:02d}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def three(value: Value) -> tuple[Cell, Cell, Cell]:
    """Value and the ends of its interval, for three columns."""
    return value.value, value.low, value.high

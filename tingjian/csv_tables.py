"""Tables that people bring as CSV: read as rows of text with their line numbers, and values understood or explained."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.errors import UsageError

YES = ("1", "true", "yes", "y", "是", "有")
NO = ("0", "false", "no", "n", "否", "无", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: values by column, without the empty ones, and where it stands."""

    place: str
    values: dict[str, str]

    def text(self, column: str) -> str:
        """A value that must be there.

        Raises:
            UsageError: it is empty.
        """
        value = self.values.get(column, "")
        if not value:
            raise UsageError(f"{self.place}: {column} is empty; expected a value. Fill it in, or remove the row.")
        return value

    def number(self, column: str, low: float, high: float) -> float | None:
        """A number within limits, None where it is empty.

        Raises:
            UsageError: it is something else.
        """
        text = self.values.get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise UsageError(f"{self.place}: {column} is {text!r}; expected a number from {low:g} to {high:g}.")
        return value

    def whole(self, column: str, low: int, high: int) -> int:
        """A whole number within limits.

        Raises:
            UsageError: it is something else or empty.
        """
        self.text(column)
        value = self.number(column, low, high)
        if value is None or value != int(value):
            raise UsageError(f"{self.place}: {column} is {self.values[column]!r}; expected a whole number.")
        return int(value)

    def yes(self, column: str) -> bool:
        """Yes or no; empty is no.

        Raises:
            UsageError: it is something else.
        """
        text = self.values.get(column, "").lower()
        if text not in YES + NO:
            raise UsageError(f"{self.place}: {column} is {text!r}; expected 1 or 0, yes or no, 是 or 否.")
        return text in YES

    def moment(self, column: str, zone: ZoneInfo) -> datetime:
        """A date and time; without a zone, in the centre's.

        Raises:
            UsageError: it is something else or empty.
        """
        text = self.text(column)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(
                f"{self.place}: {column} is {text!r}; expected a time such as 2026-03-02T09:30:00+08:00."
            ) from None
        return value if value.tzinfo else value.replace(tzinfo=zone)

    def day(self, column: str) -> date:
        """A day.

        Raises:
            UsageError: it is something else or empty.
        """
        text = self.text(column)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UsageError(f"{self.place}: {column} is {text!r}; expected a day such as 2026-03-02.") from None


def read_rows(
    path: Path, *, required: Collection[str], known: Collection[str], prefixes: Iterable[str] = ()
) -> list[Row]:
    """Read a CSV file with a header: UTF-8, or the GBK that spreadsheets in Chinese offices save.

    Args:
        path: the file; commas, semicolons or tabs separate.
        required: columns that must be there.
        known: all columns that have a meaning, the required ones among them.
        prefixes: beginnings of further columns that have a meaning, such as ``item:``.

    Raises:
        UsageError: naming the file, the line, and what was expected.
    """
    text = _text_of(path)
    header_line = text.splitlines()[0] if text.strip() else ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header_line.count), strict=True)
    rows = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, path, required, known, tuple(prefixes))
        for fields in reader:
            place = f"{path.name} line {reader.line_num}"
            if not any(field.strip() for field in fields):
                continue
            if any(field.strip() for field in fields[len(header) :]):
                raise UsageError(f"{place}: {len(fields)} fields under {len(header)} columns; expected as many.")
            pairs = zip(header, fields, strict=False)
            rows.append(Row(place, {name: field.strip() for name, field in pairs if name and field.strip()}))
    except csv.Error as error:
        raise UsageError(f"{path.name} line {reader.line_num}: not CSV ({error}); expected one row a line.") from error
    return rows


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); expected a CSV file. Correct the path.") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UsageError(f"{path.name} is not text in UTF-8 or GBK; expected a CSV file. Export it as CSV UTF-8.")


def _check_header(
    header: list[str], path: Path, required: Collection[str], known: Collection[str], prefixes: tuple[str, ...]
) -> None:
    place = f"{path.name} line 1"
    missing = [name for name in required if name not in header]
    if missing:
        raise UsageError(f"{place}: no column {missing[0]}; expected a header with {', '.join(required)}.")
    for name in filter(None, header):
        if header.count(name) > 1:
            raise UsageError(f"{place}: column {name} stands there twice; expected each column once.")
        if name not in known and not name.startswith(prefixes):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known columns: {', '.join(known)}."
            raise UsageError(f"{place}: column {name!r} has no meaning here. {hint} Rename or remove it.")

"""``export``: a table as CSV or Parquet, a few rows at a time, for the centre's own reports."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from store.export_columns import Column, Kind, table_named
from tingjian import render

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 20_000

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so would be calculated by a spreadsheet; it gets an apostrophe before it."""


def run_export(name: str, month: str | None, out: Path, *, with_words: bool, as_json: bool) -> int:
    """Write one table into a file, in the place of an earlier one only when it is whole."""
    table = table_named(name)
    if table.only_words and not with_words:
        raise UsageError(
            f"the table {name} is what people said in calls; expected --with-words, so that nobody exports it unawares."
        )
    writer = {".csv": _write_csv, ".parquet": _write_parquet}.get(out.suffix.lower())
    if writer is None:
        raise UsageError(f"--out {out}: the ending says nothing; expected a file that ends in .csv or .parquet.")
    if writer is _write_parquet:
        _arrow()
    setup_django(load_settings())
    from store.database import migrate
    from store.exports import columns_of, rows_of
    from store.months import zone

    migrate()
    columns = columns_of(table, words=with_words)
    rows = rows_of(table, month, words=with_words)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        try:
            count = writer(part, columns, rows, zone())
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written ({error.strerror}); expected a folder that exists and a file that may be "
            f"made. Close it where it is open, or choose another place."
        ) from error
    if as_json:
        render.print_json({"table": name, "month": month, "rows": count, "file": str(out)})
    else:
        of_month = f" of {month}" if month else ""
        render.stdout_console().print(f"{count} rows of {name}{of_month} in {out}", markup=False)
    return 0


def _write_csv(place: Path, columns: Sequence[Column], rows: Iterator[tuple[Any, ...]], zone: ZoneInfo) -> int:
    """UTF-8 with a mark, so that Excel shows Chinese; times in the centre's own time."""
    count = 0
    with place.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in columns])
        for row in rows:
            writer.writerow([_text(value, zone) for value in row])
            count += 1
    return count


def _text(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(STARTS_FORMULA):
        return "'" + value
    return value


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError(
            "Parquet needs the library pyarrow, which is not installed; expected it, or a file that ends in .csv. "
            "Install it with: pip install 'tingjian[parquet]'"
        ) from None
    return pyarrow


def _write_parquet(place: Path, columns: Sequence[Column], rows: Iterator[tuple[Any, ...]], zone: ZoneInfo) -> int:
    """Typed columns, a row group for every few thousand rows; times with the centre's zone."""
    arrow = _arrow()
    kinds: dict[Kind, pyarrow.DataType] = {
        Kind.TEXT: arrow.string(),
        Kind.WHOLE: arrow.int64(),
        Kind.NUMBER: arrow.float64(),
        Kind.YES: arrow.bool_(),
        Kind.MOMENT: arrow.timestamp("us", tz=str(zone)),
        Kind.DAY: arrow.date32(),
    }
    schema = arrow.schema([(column.name, kinds[column.kind]) for column in columns])
    count = 0
    with arrow.parquet.ParquetWriter(place, schema, compression="zstd") as writer:
        while some := list(islice(rows, ROWS_AT_ONCE)):
            by_column = zip(*some, strict=True)
            arrays = [arrow.array(list(values), type=kind.type) for values, kind in zip(by_column, schema, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            count += len(some)
    return count

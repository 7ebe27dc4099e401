"""``queue import-reviews``: what people wrote in spreadsheets, so that statistics need no web pages."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from quality.types import Purpose, Review
from tingjian import render
from tingjian.csv_tables import Row, read_rows

COLUMNS = (
    "recording_id",
    "call_id",
    "rater",
    "submitted_at",
    "score",
    "fatal",
    "blind",
    "purpose",
    "session",
    "listened_s",
)
ITEM_PREFIX = "item:"


def run_import_reviews(path: Path, *, as_json: bool) -> int:
    """Store the reviews of a CSV file, all or none; the same file may be imported again."""
    setup_django(load_settings())
    from store.database import migrate
    from store.reviews import record_reviews

    migrate()
    reviews = read_reviews(path)
    new = record_reviews(reviews, source=f"import {path.name}")
    if as_json:
        render.print_json({"read": len(reviews), "new": new, "stored_before": len(reviews) - new})
    else:
        render.stdout_console().print(
            f"{new} reviews stored, {len(reviews) - new} of the file's {len(reviews)} were there before."
        )
    return 0


def read_reviews(path: Path) -> list[Review]:
    """The reviews of a CSV file; calls may be named by the platform's id where that names one recording.

    Raises:
        UsageError: naming line and column, what was expected and what to do.
    """
    from store.calls import recordings_of_calls
    from store.months import zone

    rows = read_rows(path, required=("rater", "submitted_at", "score"), known=COLUMNS, prefixes=(ITEM_PREFIX,))
    if not rows:
        raise UsageError(f"{path.name} holds no reviews; expected one row for each review under the header.")
    by_call = recordings_of_calls(
        row.values["call_id"] for row in rows if "recording_id" not in row.values and "call_id" in row.values
    )
    centre = zone()
    return [_review(row, _recording(row, by_call), centre) for row in rows]


def _recording(row: Row, by_call: dict[str, list[str]]) -> str:
    if "recording_id" in row.values:
        return row.values["recording_id"]
    call_id = row.text("call_id")
    found = by_call.get(call_id, [])
    if not found:
        raise UsageError(
            f"{row.place}: there is no recording of call {call_id!r}; expected a call that a nightly run has found."
        )
    if len(found) > 1:
        raise UsageError(
            f"{row.place}: {len(found)} recordings have the call id {call_id!r}; "
            f"expected one. Say which in the column recording_id: {', '.join(found)}."
        )
    return found[0]


def _review(row: Row, recording_id: str, centre: ZoneInfo) -> Review:
    score, fatal = row.number("score", 0, 100), row.yes("fatal")
    if fatal and score:
        raise UsageError(
            f"{row.place}: fatal is yes but score is {score:g}; expected 0, since a fatal violation takes all points."
        )
    purpose = row.values.get("purpose", Purpose.REVIEW.value)
    if purpose not in list(Purpose):
        raise UsageError(f"{row.place}: purpose is {purpose!r}; expected {', '.join(Purpose)}.")
    items = [column for column in row.values if column.startswith(ITEM_PREFIX)]
    return Review(
        recording_id=recording_id,
        rater=row.text("rater"),
        submitted_at=row.moment("submitted_at", centre),
        score=0.0 if fatal else score,
        fatal=fatal,
        deductions={column.removeprefix(ITEM_PREFIX): row.number(column, 0, 100) or 0.0 for column in items},
        blind=row.yes("blind"),
        purpose=Purpose(purpose),
        session=row.values.get("session", ""),
        listened_s=row.number("listened_s", 0, 86_400),
    )

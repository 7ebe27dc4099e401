"""``report``: a month or a week in one document: spreadsheet, page to send, and kept for the review pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from quality.report_layout import Grid, Layout, written
from tingjian import render

if TYPE_CHECKING:
    from quality.report_types import PeriodReport

SUFFIXES = (".xlsx", ".html", ".json")
SHOWN_ROWS = 10


def run_monthly(month: str, *, out: list[Path], language: str, as_json: bool) -> int:
    """Compute a month's report, keep it for the page, and write the files."""
    _check(out)
    _ready()
    from flows.period_report import monthly_report

    return _done(monthly_report(month, load_settings()), out, language, as_json)


def run_weekly(week: str, *, out: list[Path], language: str, as_json: bool) -> int:
    """The same of a week, in short."""
    _check(out)
    _ready()
    from flows.period_report import weekly_report

    return _done(weekly_report(week, load_settings()), out, language, as_json)


def run_test_calls(month: str, *, language: str, as_json: bool) -> int:
    """The announced test calls of a month."""
    _ready()
    from dataclasses import asdict

    from flows.period_report import titles_of
    from flows.report_parts import announced_of
    from quality.report_layout import say_in
    from quality.report_measure_sections import announced_grids
    from store.months import bounds_of_month

    titles = titles_of(load_settings())
    found = announced_of(*bounds_of_month(month), titles.questions, titles.test_calls)
    if as_json:
        render.print_json({"month": month, **asdict(found)})
        return 0
    console = render.stdout_console()
    if not found.calls:
        console.print(
            f"No test call of {month} is in the store; expected calls whose manifest says call_type test (明访).",
            markup=False,
        )
        return 0
    for grid in announced_grids(found, say_in(language)):
        _print_grid(grid, console, all_rows=True)
    return 0


def _check(out: list[Path]) -> None:
    for place in out:
        if place.suffix.lower() not in SUFFIXES:
            raise UsageError(
                f"--out {place}: the ending says nothing; expected a file that ends in {', '.join(SUFFIXES)}."
            )
        if not place.absolute().parent.is_dir():
            raise UsageError(
                f"--out {place}: there is no folder {place.absolute().parent}; expected one. Make it first."
            )


def _ready() -> None:
    setup_django(load_settings())
    from store.database import migrate

    migrate()


def _done(report: PeriodReport, out: list[Path], language: str, as_json: bool) -> int:
    from quality.report_sections import layout_of
    from store.reports import report_document, save_report

    save_report(report)
    layout = layout_of(report, language)
    for place in out:
        _write(report, layout, place, language)
    if as_json:
        render.print_json(report_document(report))
        return 0
    console = render.stdout_console()
    console.print(Text(layout.title, style="bold"), Text(layout.subtitle, style="dim"))
    for tile in layout.tiles:
        console.print(f"  {tile.title}  {written(tile.value, tile.show)}  {tile.below}", markup=False)
    for note in layout.notes:
        console.print(f"  {note}", style="yellow", markup=False)
    for section in layout.sections:
        for grid in section.grids[:1]:
            _print_grid(grid, console)
    for place in out:
        console.print(f"Written: {place}", markup=False)
    console.print("Kept for the page /reports/" + report.name, style="dim", markup=False)
    return 0


def _write(report: PeriodReport, layout: Layout, place: Path, language: str) -> None:
    try:
        if place.suffix.lower() == ".xlsx":
            from review.report_sheet import write_sheet

            write_sheet(layout, place)
        elif place.suffix.lower() == ".html":
            from review.report_page import report_file

            place.write_text(report_file(layout, language), encoding="utf-8")
        else:
            import json

            from store.reports import report_document

            place.write_text(json.dumps(report_document(report), ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{place} cannot be written ({error.strerror}); expected a file that may be made. "
            f"Close it where it is open, or choose another place."
        ) from error


def _print_grid(grid: Grid, console: Console, *, all_rows: bool = False) -> None:
    """The head of a table in the terminal; the columns that have room."""
    if not grid.rows:
        console.print(f"{grid.title}: {grid.empty}", style="dim", markup=False)
        return
    columns = grid.columns[:12]
    table = Table(title=Text(grid.title), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(Text(column.name), justify="left" if column.show == "text" else "right")
    shown = grid.rows if all_rows else grid.rows[:SHOWN_ROWS]
    for row in shown:
        table.add_row(*(Text(written(cell, column.show)) for cell, column in zip(row, columns, strict=False)))
    console.print(table)
    if len(shown) < len(grid.rows):
        console.print(f"  … {len(grid.rows) - len(shown)} more", style="dim")

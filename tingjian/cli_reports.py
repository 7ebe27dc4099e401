"""``tingjian report`` and ``tingjian export``: what each sub-command takes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from store.export_columns import TABLES
from tingjian.cli_options import Format, FormatOption, MonthOption

report_app = typer.Typer(
    help="The report of a month or a week: spreadsheet, page to send, and the page /reports.", no_args_is_help=True
)


class Language(StrEnum):
    """In which language a report is written."""

    ZH = "zh"
    EN = "en"


# The tables name themselves; mypy reads members of an enumeration from literals alone.
ExportName = StrEnum("ExportName", {table.name: table.name for table in TABLES})  # type: ignore[misc]

OutOption = Annotated[
    list[Path] | None,
    typer.Option("--out", metavar="FILE", help="Also write it: .xlsx, .html or .json; repeat for several."),
]
LanguageOption = Annotated[Language, typer.Option("--language", help="Language of the report: zh or en.")]
ReportMonthOption = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month.")]


@report_app.command("monthly")
def report_monthly(
    month: ReportMonthOption,
    out: OutOption = None,
    language: LanguageOption = Language.ZH,
    format: FormatOption = Format.TEXT,
) -> int:
    """The month: service, estimates with intervals, deductions, rules, errors, reviewers, appeals, balance, trends."""
    from tingjian.commands.report import run_monthly

    return run_monthly(month, out=out or [], language=language.value, as_json=format is Format.JSON)


@report_app.command("weekly")
def report_weekly(
    week: Annotated[str, typer.Option("--week", metavar="YYYY-Www", help="The ISO week, such as 2026-W10.")],
    out: OutOption = None,
    language: LanguageOption = Language.ZH,
    format: FormatOption = Format.TEXT,
) -> int:
    """The week in short: service, deductions with change, measures, reviews done, appeals."""
    from tingjian.commands.report import run_weekly

    return run_weekly(week, out=out or [], language=language.value, as_json=format is Format.JSON)


@report_app.command("test-calls")
def report_test_calls(
    month: ReportMonthOption, language: LanguageOption = Language.ZH, format: FormatOption = Format.TEXT
) -> int:
    """Announced test calls of a month (明访): which standard questions were answered, by agent and call."""
    from tingjian.commands.report import run_test_calls

    return run_test_calls(month, language=language.value, as_json=format is Format.JSON)


def export(
    table: Annotated[ExportName, typer.Argument(metavar="TABLE", help=" ".join(table.name for table in TABLES))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="File that ends in .csv or .parquet.")],
    month: MonthOption = None,
    with_words: Annotated[
        bool, typer.Option("--with-words", help="Also what people said: quotes, comments, reasons of appeals.")
    ] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Write a table as CSV (opens in Excel) or Parquet for your own reports; docs/exports.md names every column."""
    from tingjian.commands.export import run_export

    return run_export(table.value, month, out, with_words=with_words, as_json=format is Format.JSON)

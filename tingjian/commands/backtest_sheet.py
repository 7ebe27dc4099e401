"""A back-test as a spreadsheet, in Chinese, for the people who decide whether a rulebook goes live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from flows.backtest import BacktestReport
from pipeline.errors import UsageError
from quality.backtest import Sample
from quality.verdicts import Precision
from tingjian import render

Cell = str | int | float | None

_OUTCOMES = {"upheld": "申诉成立", "dismissed": "申诉驳回"}
_VERDICTS = {"": "", "confirm": "确认", "reject": "否定", "unsure": "说不准"}


def write_backtest(report: BacktestReport, path: Path) -> None:
    """Write one workbook; words are always text, so that nothing said in a call becomes a formula.

    Raises:
        UsageError: the file cannot be written.
    """
    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
    bold = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for name, head, rows in (
        ("概要", ("项目", "原规则册", "新规则册"), _summary(report)),
        ("规则", _RULE_HEAD, _rules(report)),
        ("命中变化样例", ("规则", "变化", "通话", "时刻", "原话", "人工结论"), _rule_samples(report)),
        ("分数变化", ("分数变化（分，取整）", "通话数"), _changes(report)),
        ("变化最大的通话", ("变化", "通话", "原分数", "新分数"), _calls(report)),
        (
            "申诉用例",
            ("规则", "通话", "时刻", "裁定", "理由", "原规则册命中", "新规则册命中", "通过"),
            _appeals(report),
        ),
    ):
        _write(book, name, (bold, wrapped), head, rows)
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise UsageError(
            f"--out {path} cannot be written ({error}); expected a folder that can be written and a file that is "
            f"not open elsewhere."
        ) from error


_A4 = 9
_WIDEST = 60
_WIDEST_HEAD = 12
_LINE_POINTS = 15


def _write(book: Any, name: str, formats: tuple[Any, Any], head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    bold, wrapped = formats
    sheet = book.add_worksheet(name)
    widths = [min(_width(text), _WIDEST_HEAD) for text in head]
    for column, text in enumerate(head):
        sheet.write_string(0, column, text, bold)
    sheet.set_row(0, _LINE_POINTS * max(map(_lines, head, widths)))
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(last, column, cell, wrapped)
            elif cell is not None:
                sheet.write_number(last, column, cell, wrapped)
            widths[column] = min(_WIDEST, max(widths[column], _width("" if cell is None else str(cell))))
        # Some programmes leave a row as low as it is, whatever is wrapped in it.
        sheet.set_row(last, _LINE_POINTS * max(_lines(cell, _WIDEST) if isinstance(cell, str) else 1 for cell in row))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width + 2)
    sheet.freeze_panes(1, 0)
    # On paper: one page wide, A4 across, the head on every page.
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    if last:
        sheet.autofilter(0, 0, last, len(head) - 1)


def _lines(text: str, width: int) -> int:
    return max(1, -(-_width(text) // max(1, width)))


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _summary(report: BacktestReport) -> list[Sequence[Cell]]:
    tally = report.tally
    both, days = tally.scored_both, max(len(tally.days), 1)
    return [
        ("规则册", report.before, report.after),
        ("通话数", tally.calls, tally.calls),
        ("天数", len(tally.days), len(tally.days)),
        ("平均分", *(round(total / both, 2) if both else None for total in (tally.sum_before, tally.sum_after))),
        ("必听通话", tally.review_before, tally.review_after),
        ("每天必听", round(tally.review_before / days, 2), round(tally.review_after / days, 2)),
        ("新进入必听", None, tally.review_gained),
        ("不再必听", None, tally.review_lost),
        ("失去分数的通话", None, tally.scored_only_before),
        ("新得到分数的通话", None, tally.scored_only_after),
        ("与裁定相符的申诉", None, sum(case.passed for case in report.appeals)),
        ("申诉成立却再次命中", None, len(report.broken_appeals)),
        ("无法判断的通话", None, len(report.failed)),
    ]


_RULE_HEAD = (
    "规则", "标题", "原命中", "新命中", "原命中通话", "新命中通话", "新增", "减少",
    "原准确率", "原下限", "原上限", "原已判", "新准确率", "新下限", "新上限", "新已判",
    "减少中人工确认的", "减少中人工否定的",
)  # fmt: skip


def _rules(report: BacktestReport) -> list[Sequence[Cell]]:
    return [
        (
            rule,
            report.titles.get(rule, ""),
            one.hits_before,
            one.hits_after,
            one.calls_before,
            one.calls_after,
            one.gained,
            one.lost,
            *_precision(one.precision_before()),
            *_precision(one.precision_after()),
            one.verdicts_lost["confirm"],
            one.verdicts_lost["reject"],
        )
        for rule, one in sorted(report.tally.rules.items())
    ]


def _precision(one: Precision) -> tuple[Cell, Cell, Cell, Cell]:
    value, low, high = (None if number is None else round(number, 4) for number in (one.value, one.low, one.high))
    return value, low, high, one.judged


def _rule_samples(report: BacktestReport) -> list[Sequence[Cell]]:
    return [
        (rule, change, sample.call_id, render.clock(sample.start_s), sample.quote, _VERDICTS[sample.verdict])
        for rule, one in sorted(report.tally.rules.items())
        for change, samples in (("新增", one.samples_gained), ("减少", one.samples_lost))
        for sample in samples.kept
    ]


def _changes(report: BacktestReport) -> list[Sequence[Cell]]:
    return [(change, count) for change, count in sorted(report.tally.changes.items())]


def _calls(report: BacktestReport) -> list[Sequence[Cell]]:
    tally = report.tally
    groups: tuple[tuple[str, list[Sample]], ...] = (
        ("降分最多", tally.falls.kept),
        ("升分最多", tally.rises.kept),
        ("新进入必听", tally.samples_review_gained.kept),
        ("不再必听", tally.samples_review_lost.kept),
    )
    return [(what, one.call_id, one.before, one.after) for what, samples in groups for one in samples]


def _appeals(report: BacktestReport) -> list[Sequence[Cell]]:
    return [
        (
            case.appeal.rule,
            case.appeal.call_id,
            render.clock(case.appeal.start_s),
            _OUTCOMES[case.appeal.outcome.value],
            case.appeal.reason,
            "是" if case.found_before else "否",
            "是" if case.found_after else "否",
            "是" if case.passed else "否",
        )
        for case in report.appeals
    ]

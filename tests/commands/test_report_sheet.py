"""The spreadsheet as its readers open it: LibreOffice converts it, and the XML says what Excel would find."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from quality.report_layout import Chart, ChartKind, Column, Grid, Layout, Section, Series, Show, Tile
from review.report_sheet import write_sheet

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def a_layout() -> Layout:
    """Every kind of number and chart, a long table, a text like a formula, an empty table."""
    columns = (
        Column("坐席"),
        Column("通话", Show.COUNT),
        Column("得分", Show.POINTS),
        Column("下限", Show.POINTS),
        Column("上限", Show.POINTS),
        Column("占比", Show.SHARE),
        Column("变化", Show.CHANGE),
        Column("时长", Show.MINUTES),
    )
    rows = tuple((f"A{n:02d}", 1200 + n, 90.0 + n / 10, 88.0, 94.0, n / 60, -0.01, 75.5) for n in range(30))
    short = (("=1+1", 1, 90.0, 88.0, 92.0, 0.5, None, 3.0), *rows[:5])
    three = (Series("得分", 2), Series("下限", 3), Series("上限", 4))
    charts = (
        Chart(ChartKind.INTERVALS, "得分与区间", 0, three),
        Chart(ChartKind.PARETO, "帕累托", 0, (Series("通话", 1), Series("占比", 5))),
    )
    days = tuple((f"2026-03-{day:02d}", 100 + day) for day in range(1, 8))
    by_day = Grid(
        "按日",
        (Column("日期"), Column("通话", Show.COUNT)),
        days,
        "",
        (
            Chart(ChartKind.LINES, "按日", 0, (Series("通话", 1),)),
            Chart(ChartKind.BARS, "按日", 0, (Series("通话", 1),)),
        ),
    )
    section = Section(
        "a",
        "得分 [估计]/坐席?",
        (
            Grid("短表", columns, short, "", charts),
            Grid("长表", columns, rows, ""),
            Grid("空表", columns, (), "数据不足"),
            by_day,
        ),
        ("说明",),
    )
    return Layout("质检月报 2026-03", "第 1 版", (Tile("通话", 60_000, Show.COUNT, "上期 59,000"),), (section, section))


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sheet") / "report.xlsx"
    write_sheet(a_layout(), place)
    return place


def parts(sheet: Path, pattern: str) -> Iterator[str]:
    with zipfile.ZipFile(sheet) as book:
        for name in sorted(book.namelist()):
            if re.fullmatch(pattern, name):
                yield book.read(name).decode()


def test_libreoffice_opens_it_and_draws_every_chart(sheet: Path, tmp_path: Path) -> None:
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf:calc_pdf_Export", "--outdir", str(tmp_path), str(sheet)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.pdf").read_bytes()
    assert page.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", page)) >= 5
    assert sum("<c:chart>" in part for part in parts(sheet, r"xl/charts/chart\d+\.xml")) == 8


def test_numbers_are_numbers_with_formats_and_texts_are_no_formulas(sheet: Path) -> None:
    with zipfile.ZipFile(sheet) as book:
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    formats = {one.get("formatCode") for one in styles.iter(f"{MAIN}numFmt")}
    assert {"0.0", "0.0%", "+0.0%;-0.0%;0.0%", "[m]:ss", "yyyy-mm-dd"} <= formats
    worksheets = [ElementTree.fromstring(part) for part in parts(sheet, r"xl/worksheets/sheet\d+\.xml")]
    assert not [cell for one in worksheets for cell in one.iter(f"{MAIN}f")]
    values = {cell.find(f"{MAIN}v").text for one in worksheets for cell in one.iter(f"{MAIN}c") if cell.get("t") is None
              and cell.find(f"{MAIN}v") is not None}  # fmt: skip
    assert {"60000", "1200", "1229", "46083"} <= values, "46083 is 2026-03-02"


def test_headers_stay_in_view_and_sheets_have_lawful_names(sheet: Path) -> None:
    panes = [part for part in parts(sheet, r"xl/worksheets/sheet\d+\.xml") if 'state="frozen"' in part]
    assert len(panes) == 4, "all but the first"
    (book,) = parts(sheet, r"xl/workbook\.xml")
    names = [one.get("name") or "" for one in ElementTree.fromstring(book).iter(f"{MAIN}sheet")]
    assert len(set(map(str.lower, names))) == len(names) == 5
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)

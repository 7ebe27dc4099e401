"""A report as a spreadsheet: real numbers with their formats, frozen headers, charts that Excel draws."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

from quality.report_layout import Cell, Chart, ChartKind, Grid, Layout, Section, Show

LONG = 25
"""Rows from which on a table gets a sheet of its own, so that its header can stay in view."""

CHART_ROWS = 19
"""Height of a chart in rows of the sheet."""

CHART_COLUMNS = 7

NARROW = 10
"""Columns up to which charts stand beside their table; beside a wider one nobody would find them."""

FORMATS = {
    Show.TEXT: "@",
    Show.COUNT: "#,##0",
    Show.POINTS: "0.0",
    Show.SHARE: "0.0%",
    Show.CHANGE: "+0.0%;-0.0%;0.0%",
    Show.NUMBER: "#,##0.00",
    Show.MINUTES: "[m]:ss",
}

COLOURS = ("#1F5FA8", "#C26A00", "#1D6B3F", "#8A4FA8", "#B3261E", "#4D5969")

MOST_WIDE, LEAST_WIDE = 44, 7


class _Book:
    """The workbook with its formats and the names of its sheets."""

    def __init__(self, place: Path | BytesIO) -> None:
        """Open it; nothing that looks like a formula or an address is taken for one."""
        options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
        self.book = xlsxwriter.Workbook(str(place) if isinstance(place, Path) else place, options)
        font = {"font_name": "Microsoft YaHei", "font_size": 10}
        self.cells = {show: self.book.add_format({**font, "num_format": text}) for show, text in FORMATS.items()}
        # Texts stand after numbers that end at the edge of their cell.
        self.cells[Show.TEXT].set_indent(1)
        self.day = self.book.add_format({**font, "num_format": "yyyy-mm-dd", "align": "left"})
        self.wrapped = self.book.add_format({**font, "text_wrap": True, "valign": "top"})
        self.header = self.book.add_format(
            {**font, "bold": True, "bg_color": "#E6EFFA", "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        )
        self.title = self.book.add_format({**font, "bold": True, "font_size": 12})
        self.note = self.book.add_format({**font, "font_color": "#4D5969", "italic": True})
        self.head = self.book.add_format({**font, "bold": True, "font_size": 16})
        self._names: set[str] = set()

    def sheet(self, name: str) -> Any:
        """A further sheet; its name is cut and made unique as spreadsheets demand."""
        plain = "".join(" " if character in "[]:*?/\\" else character for character in name).strip("' ")[:28] or "-"
        unique, number = plain, 2
        while unique.lower() in self._names:
            unique, number = f"{plain[:26]} {number}", number + 1
        self._names.add(unique.lower())
        return self.book.add_worksheet(unique)


def write_sheet(layout: Layout, place: Path | BytesIO) -> None:
    """Write a report as an .xlsx file, or into memory.

    Raises:
        OSError: the file cannot be written.
    """
    made = _Book(place)
    made.book.set_properties({"title": layout.title})
    _overview(made, layout)
    for section in layout.sections:
        _section(made, section)
    try:
        made.book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(error.args[0].errno, error.args[0].strerror) from error


def _overview(made: _Book, layout: Layout) -> None:
    sheet = made.sheet(layout.title)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 60)
    sheet.write_string(0, 0, layout.title, made.head)
    sheet.write_string(1, 0, layout.subtitle, made.note)
    row = 3
    for tile in layout.tiles:
        sheet.write_string(row, 0, tile.title, made.title)
        _write(made, sheet, row, 1, tile.value, tile.show)
        sheet.write_string(row, 2, tile.below, made.note)
        row += 1
    row += 1
    for note in layout.notes:
        sheet.write_string(row, 0, note, made.note)
        row += 1
    for section in layout.sections:
        row += 1
        sheet.write_string(row, 0, section.title, made.title)
        for note in section.notes:
            row += 1
            sheet.write_string(row, 0, note, made.note)
    _on_paper(sheet)


def _section(made: _Book, section: Section) -> None:
    """Long tables on sheets of their own; the others below each other, with the charts of all."""
    sheet = made.sheet(section.title)
    sheet.write_string(0, 0, section.title, made.head)
    row = 1
    for note in section.notes:
        sheet.write_string(row, 0, note, made.note)
        row += 1
    sheet.freeze_panes(1, 1)
    widths: dict[int, int] = {}
    long = [grid for grid in section.grids if len(grid.rows) >= LONG]
    for grid in section.grids:
        if grid not in long:
            row = _grid(made, sheet, grid, row + 1, widths)
    for grid in long:
        own = made.sheet(grid.title)
        its_widths: dict[int, int] = {}
        _long(made, own, grid, its_widths)
        _set_widths(own, its_widths)
        _on_paper(own)
        sheet.write_string(row + 1, 0, grid.title, made.title)
        sheet.write_url(row + 2, 0, f"internal:'{own.get_name()}'!A1", string=f"→ {own.get_name()}")
        for number, chart in enumerate(grid.charts):
            _chart(made, sheet, own.get_name(), grid, chart, 0, (row + 3, number * CHART_COLUMNS))
        row += 4 + (CHART_ROWS if grid.charts else 0)
    _set_widths(sheet, widths)
    _on_paper(sheet)


def _set_widths(sheet: Any, widths: Mapping[int, int]) -> None:
    for column, width in widths.items():
        sheet.set_column(column, column, width)


def _on_paper(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _grid(made: _Book, sheet: Any, grid: Grid, row: int, widths: dict[int, int]) -> int:
    """One table from a row on, with its charts to the right; returns the row below."""
    sheet.write_string(row, 0, grid.title, made.title)
    row += 1
    for note in grid.notes:
        sheet.write_string(row, 0, note, made.note)
        row += 1
    if not grid.rows:
        sheet.write_string(row, 0, grid.empty, made.note)
        return row + 2
    _table(made, sheet, grid, row, widths)
    below = row + len(grid.rows) + 2
    if not grid.charts:
        return below
    beside = len(grid.columns) <= NARROW
    for number, chart in enumerate(grid.charts):
        across = number * CHART_COLUMNS
        at = (row, len(grid.columns) + 1 + across) if beside else (below, across)
        _chart(made, sheet, sheet.get_name(), grid, chart, row, at)
    return max(below, row + CHART_ROWS) if beside else below + CHART_ROWS


def _long(made: _Book, sheet: Any, grid: Grid, widths: dict[int, int]) -> None:
    """A table with its header in the first row, where it stays in view; notes to the right."""
    _table(made, sheet, grid, 0, widths)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(grid.rows), len(grid.columns) - 1)
    sheet.repeat_rows(0)
    for number, note in enumerate(grid.notes):
        sheet.write_string(1 + number, len(grid.columns) + 1, note, made.note)


def _table(made: _Book, sheet: Any, grid: Grid, row: int, widths: dict[int, int]) -> None:
    for column, heading in enumerate(grid.columns):
        sheet.write_string(row, column, heading.name, made.header)
        widths[column] = max(widths.get(column, LEAST_WIDE), min(MOST_WIDE, _width(heading.name) // 2 + 4))
    for down, cells in enumerate(grid.rows, start=row + 1):
        for column, (cell, heading) in enumerate(zip(cells, grid.columns, strict=True)):
            _write(made, sheet, down, column, cell, heading.show)
            if isinstance(cell, str):
                widths[column] = max(widths[column], min(MOST_WIDE, _width(cell) + 2))


def _write(made: _Book, sheet: Any, row: int, column: int, cell: Cell, show: Show) -> None:
    if cell is None:
        sheet.write_blank(row, column, None, made.cells[Show.TEXT])
    elif isinstance(cell, str):
        day = _day(cell)
        if day is not None:
            sheet.write_datetime(row, column, datetime.combine(day, time()), made.day)
        else:
            sheet.write_string(row, column, cell, made.cells[Show.TEXT])
    else:
        number = cell / 86_400 if show is Show.MINUTES else cell
        whole = show is Show.NUMBER and isinstance(cell, int)
        sheet.write_number(row, column, number, made.cells[Show.COUNT if whole else show])


def _lowest(grid: Grid, chart: Chart) -> float:
    """Where an axis begins that need not begin at 0: a round number below what is drawn."""
    first, count = chart.rows or (0, len(grid.rows))
    columns = [one.column for one in chart.series]
    cells = [row[column] for row in grid.rows[first : first + count] for column in columns]
    drawn = [float(cell) for cell in cells if isinstance(cell, int | float)]
    if not drawn or max(drawn) <= min(drawn):
        return 0.0
    step = 10.0 ** math.floor(math.log10(max(drawn) - min(drawn)))
    return max(0.0 if min(drawn) >= 0 else -math.inf, math.floor(min(drawn) / step) * step)


def _day(text: str) -> date | None:
    if len(text) != 10 or text[4] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _chart(made: _Book, sheet: Any, name: str, grid: Grid, chart: Chart, header: int, at: tuple[int, int]) -> None:
    """A chart of the rows below a header on the sheet of that name, put at a cell of this one."""
    first, count = chart.rows or (0, len(grid.rows))
    count = min(count, len(grid.rows) - first)
    if count < 1:
        return
    top, bottom = header + 1 + first, header + first + count

    def series(number: int, column: int, **more: Any) -> Mapping[str, Any]:
        return {
            "name": chart.series[number].name,
            "categories": [name, top, chart.label, bottom, chart.label],
            "values": [name, top, column, bottom, column],
            **more,
        }

    columns = [one.column for one in chart.series]
    if chart.kind is ChartKind.INTERVALS:
        drawn = made.book.add_chart({"type": "stock"})
        # High, low, close: the order that spreadsheets expect of such a chart.
        drawn.add_series(series(2, columns[2], marker={"type": "none"}))
        drawn.add_series(series(1, columns[1], marker={"type": "none"}))
        point = {"type": "diamond", "size": 7, "fill": {"color": COLOURS[0]}, "border": {"color": COLOURS[0]}}
        drawn.add_series(series(0, columns[0], marker=point))
        drawn.set_high_low_lines({"line": {"color": COLOURS[0], "width": 1.5}})
    elif chart.kind is ChartKind.LINES:
        drawn = made.book.add_chart({"type": "line"})
        for number, column in enumerate(columns):
            colour = COLOURS[number % len(COLOURS)]
            drawn.add_series(series(number, column, line={"color": colour, "width": 1.75}))
        drawn.show_blanks_as("gap")
    else:
        drawn = made.book.add_chart({"type": "column"})
        bars = columns[:1] if chart.kind is ChartKind.PARETO else columns
        for number, column in enumerate(bars):
            drawn.add_series(series(number, column, fill={"color": COLOURS[number]}, gap=60))
        if chart.kind is ChartKind.PARETO:
            line = made.book.add_chart({"type": "line"})
            line.add_series(series(1, columns[1], line={"color": COLOURS[1], "width": 2}, y2_axis=True))
            line.set_y2_axis({"min": 0, "max": 1, "num_format": "0%"})
            drawn.combine(line)
    drawn.set_title({"name": chart.title, "name_font": {"size": 11}})
    drawn.set_legend({"position": "bottom"} if len(columns) > 1 else {"none": True})
    show = grid.columns[columns[0]].show
    axis: dict[str, Any] = {
        "num_format": FORMATS[show],
        "major_gridlines": {"visible": True, "line": {"color": "#DFE3E8"}},
    }
    axis["min"] = 0 if chart.kind in (ChartKind.BARS, ChartKind.PARETO) or show is Show.COUNT else _lowest(grid, chart)
    drawn.set_y_axis(axis)
    days = isinstance(grid.rows[first][chart.label], str) and _day(str(grid.rows[first][chart.label])) is not None
    names: dict[str, Any] = {"date_axis": True, "num_format": "mm-dd"} if days else {"text_axis": True}
    drawn.set_x_axis({**names, "num_font": {"size": 8}})
    drawn.set_size({"width": 560, "height": 340})
    sheet.insert_chart(*at, drawn)

"""A report's layout as HTML: in the pages, and as one file that needs nothing else."""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from quality.report_layout import Cell, Chart, ChartKind, Grid, Layout, Section, Show, say_in, written

SHORT = 12
"""Rows of a table below its charts that a page shows at once; longer ones fold open."""

FOLDED = 18
"""Characters from which on a text may take several lines."""

NARROW = 7
"""Columns up to which a table stands beside its chart where the window is wide."""

STYLES = ("review/app.css", "review/report.css")
SCRIPTS = ("vendor/echarts.simple.min.js", "review/report.js")


def page_context(layout: Layout, language: str) -> dict[str, Any]:
    """What the template needs: sections with their tables as text, and the charts as data for ECharts."""
    say = say_in(language)
    charts: dict[str, dict[str, Any]] = {}
    sections = []
    for section in layout.sections:
        grids = [_grid(section, number, grid, charts) for number, grid in enumerate(section.grids)]
        sections.append({"key": section.key, "title": section.title, "notes": section.notes, "grids": grids})
    tiles = [
        {"title": tile.title, "value": written(tile.value, tile.show), "below": tile.below} for tile in layout.tiles
    ]
    return {
        "layout": layout,
        "tiles": tiles,
        "sections": sections,
        "charts": charts,
        "unfold": say("展开", "Show"),
        "rows_word": say("行", "rows"),
        "contents": say("目录", "Contents"),
    }


def report_file(layout: Layout, language: str) -> str:
    """The report as one HTML file: styles and scripts inside, nothing loaded from anywhere."""
    context = page_context(layout, language)
    context["styles"] = "\n".join(filter(None, map(_text_of, STYLES)))
    scripts = [_text_of(name) for name in SCRIPTS]
    # Without ECharts (the pages' scripts were never installed) the tables alone are the report.
    context["scripts"] = scripts if all(scripts) else []
    context["language"] = "en" if language.startswith("en") else "zh"
    with translation.override("en" if language.startswith("en") else "zh-hans"):
        return render_to_string("review/report_file.html", context)


def _text_of(name: str) -> str:
    place = finders.find(name)
    if not isinstance(place, str):
        return ""
    with open(place, encoding="utf-8") as file:
        # The end of a script must not stand inside one.
        return file.read().replace("</script", "<\\/script")


def _grid(section: Section, number: int, grid: Grid, charts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    names = []
    for place, chart in enumerate(grid.charts):
        name = f"{section.key}-{number}-{place}"
        charts[name] = _chart(grid, chart)
        names.append((name, chart.title, charts[name]["legend"], _height(charts[name])))
    rows = [
        [
            (written(cell, column.show), _class(cell, column.show))
            for cell, column in zip(row, grid.columns, strict=True)
        ]
        for row in grid.rows
    ]
    return {
        "title": grid.title,
        "notes": grid.notes,
        "columns": [(column.name, column.show is not Show.TEXT) for column in grid.columns],
        "rows": rows,
        "long": len(rows) > SHORT,
        "beside": len(names) == 1 and len(grid.columns) <= NARROW and 0 < len(rows) <= SHORT,
        "empty": grid.empty,
        "charts": names,
    }


def _class(cell: Cell, show: Show) -> str:
    """Numbers to the right, long texts with room to fold."""
    if show is not Show.TEXT:
        return "right"
    return "words" if isinstance(cell, str) and len(cell) > FOLDED else ""


def _height(chart: dict[str, Any]) -> str:
    """A chart with a line for each name grows with them."""
    if chart["kind"] != ChartKind.INTERVALS.value:
        return "usual"
    count = len(chart["labels"])
    return "low" if count <= 7 else "usual" if count <= 12 else "high" if count <= 24 else "tall"


def _chart(grid: Grid, chart: Chart) -> dict[str, Any]:
    first, count = chart.rows or (0, len(grid.rows))
    rows = grid.rows[first : first + count]
    columns = [one.column for one in chart.series]
    if chart.kind is ChartKind.INTERVALS:
        rows = tuple(row for row in rows if row[columns[0]] is not None)
    show = grid.columns[columns[0]].show
    many = len(chart.series) > 1 and chart.kind is not ChartKind.INTERVALS
    return {
        "kind": chart.kind.value,
        "title": chart.title,
        "show": show.value,
        "labels": [str(row[chart.label]) for row in rows],
        "series": [{"name": one.name, "values": [row[one.column] for row in rows]} for one in chart.series],
        "legend": [(number % 6, one.name) for number, one in enumerate(chart.series)] if many else [],
    }

"""The spreadsheet of a pack: the stretches, who has the error and how often, the rules in full."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

import xlsxwriter

from training.contents import SCOPES, Excerpt, Pack, scope_key
from training.sentences import ROLES, about_scope, facts

LINE_POINTS = 15


def sheet(pack: Pack) -> bytes:
    """The spreadsheet."""
    target = BytesIO()
    # What was said may begin with "=": it is text.
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    year, month = (int(part) for part in pack.month.split("-"))
    book.set_properties({"title": f"{pack.name} · 培训要点", "created": datetime(year, month, 1)})
    kinds = {
        "head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EFEE", "valign": "top"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top", "align": "left"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top", "align": "left"}),
        "seconds": book.add_format({"num_format": "0.0", "valign": "top"}),
        "share": book.add_format({"num_format": "0.00%", "valign": "top"}),
        "left share": book.add_format({"num_format": "0.00%", "valign": "top", "align": "left"}),
        "bold": book.add_format({"bold": True, "valign": "top"}),
    }
    _summary(book.add_worksheet("概要"), pack, kinds)
    _stretches(book.add_worksheet("片段"), pack, kinds)
    _people(book.add_worksheet("坐席与班组"), pack, kinds)
    _months(book, book.add_worksheet("趋势"), pack, kinds)
    _rules(book.add_worksheet("规则"), pack, kinds)
    book.close()
    return target.getvalue()


def _summary(page: xlsxwriter.worksheet.Worksheet, pack: Pack, kinds: dict) -> None:
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 90)
    rows = [
        ("问题", pack.name),
        ("月份", pack.month),
        ("编号", pack.number),
        ("典型说法", pack.quote),
        ("范围", SCOPES[scope_key(pack.scope)][0]),
        ("说明", about_scope(pack)),
        *facts(pack),
    ]
    for row, (what, value) in enumerate(rows):
        page.write(row, 0, what, kinds["bold"])
        if str(value).endswith("%"):
            page.write_number(row, 1, float(str(value)[:-1]) / 100, kinds["left share"])
        elif str(value).isdigit():
            page.write_number(row, 1, int(value), kinds["wrap"])
        else:
            page.write(row, 1, value, kinds["wrap"])
    _on_paper(page)


def _stretches(page: xlsxwriter.worksheet.Worksheet, pack: Pack, kinds: dict) -> None:
    heads = [
        ("片段", 16), ("坐席", 12), ("班组", 12), ("业务", 12), ("日期", 12), ("秒", 8), ("规则", 12),
        ("人工确认", 10), ("对话", 80), ("说明", 30),
    ]  # fmt: skip
    if pack.options.names:
        heads.append(("录音编号", 24))
    _head(page, heads, kinds)
    shown = [*pack.excerpts, *([pack.good] if pack.good else [])]
    for row, one in enumerate(shown, start=1):
        page.write(row, 0, one.file, kinds["wrap"])
        page.write(row, 1, one.agent, kinds["wrap"])
        page.write(row, 2, one.team, kinds["wrap"])
        page.write(row, 3, one.business_type, kinds["wrap"])
        if one.day:
            day = datetime.combine(date.fromisoformat(one.day), datetime.min.time())
            page.write_datetime(row, 4, day, kinds["day"])
        if one.clip:
            page.write_number(row, 5, one.clip.duration_s, kinds["seconds"])
        page.write(row, 6, one.rule or "做得对的例子", kinds["wrap"])
        page.write(row, 7, ("是" if one.confirmed else "否") if one.rule else "", kinds["wrap"])
        page.write(row, 8, _dialogue(one), kinds["wrap"])
        page.set_row(row, LINE_POINTS * max(1, len(one.lines)))
        page.write(row, 9, one.problem, kinds["wrap"])
        if pack.options.names:
            page.write(row, 10, one.recording_id)
    page.autofilter(0, 0, len(shown), len(heads) - 1)


def _dialogue(one: Excerpt) -> str:
    return "\n".join(f"{ROLES[line.role]}：{line.text}{'  ←' if line.flagged else ''}" for line in one.lines)


def _people(page: xlsxwriter.worksheet.Worksheet, pack: Pack, kinds: dict) -> None:
    heads = [("坐席", 16), ("通话", 10), ("", 4), ("班组", 16), ("通话", 10), ("", 4), ("业务", 16), ("通话", 10)]
    _head(page, heads, kinds)
    for column, rows in ((0, pack.agents), (3, pack.teams), (6, pack.business_types)):
        for row, (name, count) in enumerate(rows, start=1):
            page.write(row, column, name)
            page.write_number(row, column + 1, count)


def _months(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet, pack: Pack, kinds: dict) -> None:
    _head(page, [("月份", 12), ("通话", 10), ("占全部通话", 12)], kinds)
    for row, one in enumerate(pack.history, start=1):
        page.write(row, 0, one.month)
        page.write_number(row, 1, one.calls)
        page.write_number(row, 2, one.share, kinds["share"])
    if len(pack.history) > 1:
        chart = book.add_chart({"type": "column"})
        last = len(pack.history)
        chart.add_series({
            "name": "占全部通话",
            "categories": ["趋势", 1, 0, last, 0],
            "values": ["趋势", 1, 2, last, 2],
            "fill": {"color": "#0B6B63"},
        })  # fmt: skip
        chart.set_y_axis({"num_format": "0.0%"})
        chart.set_legend({"none": True})
        chart.set_title({"name": "占全部通话的比例"})
        page.insert_chart("E2", chart)


def _rules(page: xlsxwriter.worksheet.Worksheet, pack: Pack, kinds: dict) -> None:
    _head(page, [("规则", 12), ("标题", 24), ("命中", 8), ("规范说法", 50), ("规则怎样判", 90)], kinds)
    for row, rule in enumerate(pack.rules, start=1):
        page.write(row, 0, rule.id, kinds["wrap"])
        page.write(row, 1, rule.title, kinds["wrap"])
        page.write_number(row, 2, rule.hits, kinds["wrap"])
        page.write(row, 3, "\n".join([*rule.say, *([rule.note] if rule.note else [])]), kinds["wrap"])
        page.write(row, 4, "\n".join(rule.explained), kinds["wrap"])
        # Excel allows a row 409 points.
        page.set_row(row, min(400, LINE_POINTS * max(1, len(rule.explained), len(rule.say) + 1)))


def _head(page: xlsxwriter.worksheet.Worksheet, heads: list[tuple[str, int]], kinds: dict) -> None:
    for column, (name, width) in enumerate(heads):
        page.set_column(column, column, width)
        page.write(0, column, name, kinds["head"])
    page.freeze_panes(1, 0)
    _on_paper(page)


def _on_paper(page: xlsxwriter.worksheet.Worksheet) -> None:
    """A4 across, as wide as one sheet."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)

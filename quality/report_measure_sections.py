"""The sections of a report that rest on measures: trends, spread, announced test calls."""

from __future__ import annotations

from collections.abc import Sequence

from quality.report_layout import Cell, Chart, ChartKind, Column, Grid, Say, Section, Series, Show, three
from quality.report_types import AnnouncedCalls, MeasurePoint, PeriodReport
from quality.report_words import MEASURES, reason_in

TREND_TEAMS = 6
"""Teams with a line of their own in a chart; more could not be told apart."""


def measures_section(report: PeriodReport, say: Say) -> Section:
    """Measures by team over the weeks, and over the months."""
    grids: list[Grid] = []
    for measure, (words, show) in MEASURES.items():
        title = say(*words)
        for points, over in ((report.weeks, say("按周", "by week")), (report.months, say("按月", "by month"))):
            mine = [one for one in points if one.measure == measure]
            if mine:
                grids.append(_trend(f"{title}{say('，', ', ')}{over}", mine, show, say))
        last = [one for one in report.months or report.weeks if one.measure == measure and one.team]
        if last:
            grids.append(_spread(title, last, show, say))
    if not grids:
        nothing = reason_in(report.reasons.get("measures", ""), say) or say("没有数据", "No data")
        grids.append(Grid(say("各项测量", "Measures"), (Column(say("时间", "Time")),), (), nothing))
    return Section("measures", say("测量的走势", "Measures over time"), tuple(grids))


def _trend(title: str, points: Sequence[MeasurePoint], show: Show, say: Say) -> Grid:
    """Median and quartiles of all calls, and each team's median, one row a week or month."""
    periods = list(dict.fromkeys(one.period for one in points))
    whole = {one.period: one for one in points if not one.team}
    sizes: dict[str, int] = {}
    for one in points:
        if one.team:
            sizes[one.team] = sizes.get(one.team, 0) + one.calls
    known = {(one.period, one.team): one.median for one in points}
    largest = sorted(sorted(sizes, key=lambda team: (-sizes[team], team))[:TREND_TEAMS])
    teams = [*largest, *sorted(set(sizes) - set(largest))]
    columns = (
        Column(say("时间", "Time")),
        Column(say("通话", "Calls"), Show.COUNT),
        Column(say("第 25 百分位", "25th percentile"), show),
        Column(say("中位数", "Median"), show),
        Column(say("第 75 百分位", "75th percentile"), show),
        *(Column(team, show) for team in teams),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            period,
            whole[period].calls,
            whole[period].p25,
            whole[period].median,
            whole[period].p75,
            *(known.get((period, team)) for team in teams),
        )
        for period in periods
    )
    spread = (
        Series(say("第 25 百分位", "25th"), 2),
        Series(say("中位数", "Median"), 3),
        Series(say("第 75 百分位", "75th"), 4),
    )
    of_teams = tuple(Series(team, number) for number, team in enumerate(largest, start=5))
    charts = [Chart(ChartKind.LINES, title, 0, spread)]
    if len(largest) > 1:
        medians = say("，各班组的中位数", ", median of each team")
        charts.append(Chart(ChartKind.LINES, title + medians, 0, of_teams))
    return Grid(title, columns, rows, say("没有数据", "No data"), tuple(charts) if len(rows) > 1 else ())


def _spread(title: str, points: Sequence[MeasurePoint], show: Show, say: Say) -> Grid:
    """Median and quartiles of each team in each period, the latest period first, which the chart shows."""
    newest = points[-1].period
    ordered = sorted(points, key=lambda one: one.team)
    ordered.sort(key=lambda one: one.period, reverse=True)
    now = sum(one.period == newest for one in points)
    columns = (
        Column(say("班组", "Team")),
        Column(say("时间", "Time")),
        Column(say("通话", "Calls"), Show.COUNT),
        Column(say("中位数", "Median"), show),
        Column(say("第 25 百分位", "25th percentile"), show),
        Column(say("第 75 百分位", "75th percentile"), show),
    )
    series = (
        Series(say("中位数", "Median"), 3),
        Series(say("第 25 百分位", "25th"), 4),
        Series(say("第 75 百分位", "75th"), 5),
    )
    words = say(f"{title}，各班组的中位数与四分位", f"{title}, median and quartiles of each team")
    chart = Chart(ChartKind.INTERVALS, f"{words} {newest}", 0, series, (0, now))
    rows = tuple((one.team, one.period, one.calls, one.median, one.p25, one.p75) for one in ordered)
    return Grid(words, columns, rows, "", (chart,) if now > 1 else ())


def announced_section(found: AnnouncedCalls, say: Say) -> Section:
    """Announced test calls: questions, agents, each call."""
    return Section(
        "test_calls",
        say("公告拨测", "Announced test calls"),
        announced_grids(found, say),
        (
            say(
                "拨测按自己的计分册给分，不计入坐席的得分估计，也不进抽样。",
                "Test calls have a rulebook of their own; they count for no estimate and are never drawn.",
            ),
        ),
    )


def announced_grids(found: AnnouncedCalls, say: Say) -> tuple[Grid, ...]:
    """The tables of the test calls."""
    nothing = say("没有拨测通话", "No test calls")
    questions = Grid(
        say("各题", "Questions"),
        (
            Column(say("题号", "Rule")),
            Column(say("问题", "Question")),
            Column(say("拨测", "Calls"), Show.COUNT),
            Column(say("答对", "Right"), Show.COUNT),
            Column(say("答对率", "Share right"), Show.SHARE),
            Column(say("下限", "Low"), Show.SHARE),
            Column(say("上限", "High"), Show.SHARE),
        ),
        tuple((one.rule, one.title, one.calls, one.right, *three(one.share)) for one in found.questions),
        nothing,
        (Chart(ChartKind.BARS, say("答对率", "Share right"), 1, (Series(say("答对率", "Share right"), 4),)),)
        if found.questions
        else (),
    )
    agents = Grid(
        say("各坐席", "Agents"),
        (
            Column(say("坐席", "Agent")),
            Column(say("姓名", "Name")),
            Column(say("班组", "Team")),
            Column(say("拨测", "Calls"), Show.COUNT),
            Column(say("平均分", "Mean score"), Show.POINTS),
            Column(say("最低分", "Lowest"), Show.POINTS),
        ),
        tuple((one.agent, one.label, one.team, one.calls, one.mean, one.lowest) for one in found.agents),
        nothing,
    )
    calls = Grid(
        say("各通拨测", "Each test call"),
        (
            Column(say("通话", "Call")),
            Column(say("日期", "Day")),
            Column(say("坐席", "Agent")),
            Column(say("班组", "Team")),
            Column(say("得分", "Score"), Show.POINTS),
            *(Column(one.rule) for one in found.questions),
            Column(say("扣分项", "Deductions")),
        ),
        tuple(
            (
                one.call_id,
                one.day,
                one.label or one.agent,
                one.team,
                one.score,
                *(("–" if not one.answers else "✓" if one.answers[q.rule] else "✗") for q in found.questions),
                " ".join(one.deductions),
            )
            for one in found.calls
        ),
        nothing,
    )
    return questions, agents, calls

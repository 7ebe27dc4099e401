"""A report in its order, and the section of the service itself; the other sections have modules of their own."""

from __future__ import annotations

from collections.abc import Sequence

from quality.report_layout import (
    Chart,
    ChartKind,
    Column,
    Grid,
    Layout,
    Say,
    Section,
    Series,
    Show,
    Tile,
    say_in,
    written,
)
from quality.report_measure_sections import announced_section, measures_section
from quality.report_people_sections import appeals_section, balance_section, estimates_section, reviewers_section
from quality.report_rule_sections import errors_section, fatal_note, health_section, rules_section
from quality.report_types import CallGroup, Kind, PeriodReport
from quality.report_words import DIRECTIONS, reason_in


def layout_of(report: PeriodReport, language: str = "zh") -> Layout:
    """The report in sections; a week has those that need no month of reviews."""
    say = say_in(language)
    month = report.kind is Kind.MONTH
    sections = [service_section(report, say)]
    if month:
        sections.append(estimates_section(report, say))
    sections += [rules_section(report, say), *([health_section(report, say)] if month else [])]
    if month:
        sections.append(errors_section(report, say))
    sections += [measures_section(report, say), reviewers_section(report, say), appeals_section(report, say)]
    if month:
        sections.append(balance_section(report, say))
    if report.test_calls is not None:
        sections.append(announced_section(report.test_calls, say))
    name = say("质检月报", "Quality report of the month") if month else say("质检周报", "Quality report of the week")
    state = ""
    if month:
        closed = say("已结账", "closed") if report.closed else say("未结账", "still open")
        state = say(f"第 {report.version} 版，{closed}；", f"version {report.version}, {closed}; ")
    books = say("、", ", ").join(report.rulebooks) or "–"
    subtitle = state + say(
        f"计分册 {books}；算于 {report.computed_at[:16].replace('T', ' ')}",
        f"rulebook {books}; computed {report.computed_at[:16].replace('T', ' ')}",
    )
    notes = []
    if report.rulebooks_before and report.rulebooks_before != report.rulebooks:
        past = say("、", ", ").join(report.rulebooks_before)
        notes.append(
            say(
                f"上期的计分册是 {past}：与本期不同，各规则次数的变化可能来自规则本身。",
                f"The period before was judged by {past}: changes in counts may be the rules' own.",
            )
        )
    return Layout(f"{name} {report.name}", subtitle, _tiles(report, say), tuple(sections), tuple(notes))


def _tiles(report: PeriodReport, say: Say) -> tuple[Tile, ...]:
    total = report.service.total
    before = "" if total.before is None else say(f"上期 {total.before:,}", f"before {total.before:,}")
    tiles = [Tile(say("通话", "Calls"), total.calls, Show.COUNT, before)]
    if report.centre is not None:
        score = report.centre.score
        ends = "" if score.low is None else f"{written(score.low, Show.POINTS)}–{written(score.high, Show.POINTS)}"
        tiles.append(Tile(say("全中心得分（估计）", "Score of the centre (estimate)"), score.value, Show.POINTS, ends))
    if report.fatal is not None:
        tiles.append(
            Tile(
                say("致命率（机器）", "Fatal rate (machine)"),
                report.fatal.machine_share,
                Show.SHARE,
                fatal_note(report.fatal, say),
            )
        )
    if report.reviewing is not None:
        done = sum(line.reviews for line in report.reviewing.lines)
        planned = [line.planned for line in report.reviewing.lines if line.planned is not None]
        below = say(f"计划 {sum(planned):,}", f"planned {sum(planned):,}") if planned else say("没有计划", "no plan")
        tiles.append(Tile(say("人工评听", "Reviews"), done, Show.COUNT, below))
    if report.appeals is not None:
        below = say(f"改判 {report.appeals.upheld}", f"upheld {report.appeals.upheld}")
        tiles.append(Tile(say("申诉", "Appeals"), report.appeals.filed, Show.COUNT, below))
    return tuple(tiles)


def service_section(report: PeriodReport, say: Say) -> Section:
    """Calls, lengths, by day, hour, type, direction and team."""
    service = report.service

    def grid(title: str, first: str, groups: Sequence[CallGroup], kind: ChartKind) -> Grid:
        columns = (
            Column(first),
            Column(say("通话", "Calls"), Show.COUNT),
            Column(say("上期", "Before"), Show.COUNT),
            Column(say("占比", "Share"), Show.SHARE),
            Column(say("平均时长", "Mean length"), Show.MINUTES),
            Column(say("时长中位数", "Median length"), Show.MINUTES),
            Column(say("时长第 90 百分位", "90th percentile"), Show.MINUTES),
        )
        whole = service.total.calls or 1
        rows = tuple(
            (
                say(*DIRECTIONS.get(one.name, (one.name, one.name))),
                one.calls,
                one.before,
                one.calls / whole,
                one.mean_s,
                one.median_s,
                one.p90_s,
            )
            for one in groups
        )
        chart = Chart(kind, title, 0, (Series(say("通话", "Calls"), 1),))
        return Grid(title, columns, rows, say("没有通话", "No calls"), (chart,) if len(rows) > 1 else ())

    total = service.total
    answer, ended = service.answer_s, service.hung_up_by_agent
    whole = Grid(
        say("总计", "Total"),
        (Column(say("指标", "Figure")), Column(say("数值", "Value"), Show.NUMBER), Column(say("单位", "Unit"))),
        (
            (say("通话", "Calls"), total.calls, say("通", "calls")),
            (say("上期通话", "Calls in the period before"), total.before, say("通", "calls")),
            (say("已评定", "Assessed"), report.assessed, say("通", "calls")),
            (say("不能评定的录音", "Recordings set aside"), service.set_aside, say("通", "calls")),
            (say("录音总长", "Recorded"), service.hours_recorded, say("小时", "hours")),
            (say("平均时长", "Mean length"), total.mean_s, say("秒", "s")),
            (say("时长中位数", "Median length"), total.median_s, say("秒", "s")),
            (say("接通等待中位数", "Median wait for an answer"), answer.value, say("秒", "s")),
            (say("接通等待第 90 百分位", "90th percentile of the wait"), answer.high, say("秒", "s")),
            (say("坐席先挂机的占比", "Ended by the agent"), _percent(ended.value), "%"),
        ),
        "",
        notes=tuple(reason_in(one.reason, say) for one in (answer, ended) if one.value is None and one.reason),
    )
    lengths = Grid(
        say("时长分布（分钟）", "Lengths (minutes)"),
        (Column(say("分钟", "Minutes")), Column(say("通话", "Calls"), Show.COUNT)),
        service.lengths,
        say("没有通话", "No calls"),
        (Chart(ChartKind.BARS, say("时长分布", "Lengths"), 0, (Series(say("通话", "Calls"), 1),)),),
    )
    return Section(
        "service",
        say("服务量", "Service"),
        (
            whole,
            grid(say("按日", "By day"), say("日期", "Day"), service.by_day, ChartKind.LINES),
            grid(say("按小时", "By hour"), say("小时", "Hour"), service.by_hour, ChartKind.BARS),
            lengths,
            grid(say("按业务类型", "By type"), say("业务类型", "Type"), service.by_type, ChartKind.BARS),
            grid(say("按呼叫方向", "By direction"), say("方向", "Direction"), service.by_direction, ChartKind.BARS),
            grid(say("按班组", "By team"), say("班组", "Team"), service.by_team, ChartKind.BARS),
        ),
        (say("拨测通话不在其内。", "Test calls are not among them."),),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share

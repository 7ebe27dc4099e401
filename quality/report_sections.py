"""The sections of a report that count calls, and the whole in its order; ``report_people_sections`` has the others."""

from __future__ import annotations

from collections.abc import Sequence

from quality.report_layout import (
    Cell,
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
    three,
    written,
)
from quality.report_people_sections import (
    appeals_section,
    balance_section,
    estimates_section,
    fatal_note,
    health_section,
    reviewers_section,
)
from quality.report_types import AnnouncedCalls, CallGroup, Kind, MeasurePoint, PeriodReport, RuleLine, ScopeLine
from quality.report_words import DIRECTIONS, MEASURES, SCOPES, SEVERITIES, reason_in

PARETO_ROWS = 15
TREND_TEAMS = 6
"""Teams with a line of their own in a chart; more could not be told apart."""


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


def rules_section(report: PeriodReport, say: Say) -> Section:
    """Deductions and warnings by frequency with change, and the Pareto of the points."""
    columns = (
        Column(say("规则", "Rule")),
        Column(say("名称", "Title")),
        Column(say("级别", "Severity")),
        Column(say("通话", "Calls"), Show.COUNT),
        Column(say("占比", "Share"), Show.SHARE),
        Column(say("上期通话", "Before"), Show.COUNT),
        Column(say("变化（百分点）", "Change (points)"), Show.CHANGE),
        Column(say("变化下限", "Change, low"), Show.CHANGE),
        Column(say("变化上限", "Change, high"), Show.CHANGE),
        Column(say("判断", "Verdict")),
    )
    rows = tuple(
        (
            one.rule,
            one.title,
            say(*SEVERITIES.get(one.severity, (one.severity, one.severity))),
            one.calls,
            one.share,
            one.calls_before,
            *three(one.change),
            _verdict(one, say),
        )
        for one in report.rules
    )
    most = Chart(
        ChartKind.BARS, say("最常见的规则", "Most frequent rules"), 0, (Series(say("通话", "Calls"), 3),), (0, 20)
    )
    frequency = Grid(
        say("各规则的次数与变化", "Rules by frequency, with change"),
        columns,
        rows,
        say("没有规则触发", "No rule hit"),
        (most,) if rows else (),
        (
            say(
                "机器在全部通话里的发现；可信程度见“规则的准确与遗漏”。变化的区间不含 0 才说“升”或“降”。",
                "What the machine found in all calls; see precision and recall. A change is called up or down only "
                "where its interval leaves 0 out.",
            ),
        ),
    )
    pareto = [one for one in report.rules if one.of_points]
    points = Grid(
        say("扣分的帕累托", "Pareto of the points taken"),
        (
            Column(say("规则", "Rule")),
            Column(say("名称", "Title")),
            Column(say("扣分合计", "Points"), Show.POINTS),
            Column(say("占扣分", "Of all points"), Show.SHARE),
            Column(say("累计", "Cumulative"), Show.SHARE),
        ),
        tuple((one.rule, one.title, one.points, one.of_points, one.cumulative) for one in pareto),
        say("没有扣分", "No points were taken"),
        (
            Chart(
                ChartKind.PARETO,
                say("扣分的帕累托", "Pareto of the points"),
                0,
                (Series(say("扣分", "Points"), 2), Series(say("累计", "Cumulative"), 4)),
                (0, min(PARETO_ROWS, len(pareto))),
            ),
        )
        if pareto
        else (),
        (say("致命项不在其内，另列为致命率。", "Fatal items are left out: they are a rate of their own."),),
    )
    grids: list[Grid] = [frequency, points]
    if report.fatal is not None:
        fatal = report.fatal
        grids.append(
            Grid(
                say("致命率", "Fatal rate"),
                (
                    Column(say("依据", "By")),
                    Column(say("通话", "Calls"), Show.COUNT),
                    Column(say("占比", "Share"), Show.SHARE),
                    Column(say("下限", "Low"), Show.SHARE),
                    Column(say("上限", "High"), Show.SHARE),
                ),
                (
                    (say("机器，全部通话", "Machine, all calls"), fatal.machine_calls, fatal.machine_share, None, None),
                    (say("机器，上期", "Machine, before"), None, fatal.before_share, None, None),
                    (say("人工抽样估计", "People, estimated"), None, *three(fatal.estimated)),
                ),
                "",
                notes=(reason_in(fatal.estimated.reason, say),)
                if fatal.estimated.value is None and fatal.estimated.reason
                else (),
            )
        )
    return Section("rules", say("扣分与提示", "Deductions and warnings"), tuple(grids))


def _verdict(one: RuleLine, say: Say) -> str:
    if one.change.value is None or one.change.low is None or one.change.high is None:
        return say("没有上期", "nothing before")
    if one.change.low > 0:
        return say("升", "up")
    if one.change.high < 0:
        return say("降", "down")
    return say("看不出变化", "no clear change")


def errors_section(report: PeriodReport, say: Say) -> Section:
    """Common errors, and whose error each rule is."""
    clusters = Grid(
        say("常见错误", "Common errors"),
        (
            Column(say("编号", "No."), Show.COUNT),
            Column(say("错误", "Error")),
            Column(say("典型话语", "Most typical")),
            Column(say("规则", "Rules")),
            Column(say("通话", "Calls"), Show.COUNT),
            Column(say("占比", "Share"), Show.SHARE),
            Column(say("上期通话", "Before"), Show.COUNT),
            Column(say("范围", "Whose")),
            Column(say("是谁", "Who")),
        ),
        tuple(
            (
                one.number,
                one.name,
                one.quote,
                " ".join(one.rules[:3]),
                one.calls,
                one.share,
                one.calls_before,
                _scope(one.scope, say),
                _who(one.scope, say),
            )
            for one in report.clusters
        ),
        reason_in(report.reasons.get("clusters", ""), say) or say("没有常见错误", "No common error"),
        (Chart(ChartKind.BARS, say("常见错误", "Common errors"), 1, (Series(say("通话", "Calls"), 4),), (0, 15)),)
        if report.clusters
        else (),
    )
    scopes = Grid(
        say("各规则是谁的问题", "Whose error each rule is"),
        (
            Column(say("规则", "Rule")),
            Column(say("名称", "Title")),
            Column(say("占比", "Share"), Show.SHARE),
            Column(say("除去突出者", "Without those"), Show.SHARE),
            Column(say("范围", "Whose")),
            Column(say("是谁", "Who")),
        ),
        tuple(
            (one.name, one.title, one.rate, one.remaining_rate, _scope(one, say), _who(one, say))
            for one in report.scopes
        ),
        reason_in(report.reasons.get("scopes", ""), say) or say("数据不足", "Not enough data"),
        notes=(say("按机器在全部通话里的发现检验。", "Tested on what the machine found in all calls."),),
    )
    return Section("errors", say("常见错误与范围", "Common errors and whose they are"), (clusters, scopes))


def _scope(one: ScopeLine, say: Say) -> str:
    if one.scope == "none" and not one.enough:
        return say("数据不足", "not enough data")
    return say(*SCOPES.get(one.scope, (one.scope, one.scope)))


def _who(one: ScopeLine, say: Say) -> str:
    names = one.groups if one.scope == "group" else one.agents if one.scope == "individual" else ()
    shown = say("、", ", ").join(names[:5])
    return shown + (say(f" 等 {len(names)} 人", f" and {len(names) - 5} more") if len(names) > 5 else "")


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

"""The sections of a report on rules: how often they hit, how far they can be believed, common errors."""

from __future__ import annotations

from quality.report_layout import Chart, ChartKind, Column, Grid, Say, Section, Series, Show, three, written
from quality.report_types import Fatal, PeriodReport, RuleLine, ScopeLine, Value
from quality.report_words import SCOPES, SEVERITIES, reason_in

PARETO_ROWS = 15


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


def health_section(report: PeriodReport, say: Say) -> Section:
    """Rules by precision and recall; items, and those that no longer deduct."""
    rules = Grid(
        say("规则的准确与遗漏", "Rules by precision and recall"),
        (
            Column(say("规则", "Rule")),
            Column(say("名称", "Title")),
            Column(say("触发的通话", "Flagged"), Show.COUNT),
            Column(say("评过（触发）", "Reviewed, flagged"), Show.COUNT),
            Column(say("评过（未触发）", "Reviewed, clear"), Show.COUNT),
            Column(say("漏掉", "Missed"), Show.COUNT),
            Column(say("准确率", "Precision"), Show.SHARE),
            Column(say("准确下限", "Precision, low"), Show.SHARE),
            Column(say("准确上限", "Precision, high"), Show.SHARE),
            Column(say("查全率", "Recall"), Show.SHARE),
            Column(say("查全下限", "Recall, low"), Show.SHARE),
            Column(say("查全上限", "Recall, high"), Show.SHARE),
            Column(say("说明", "Remark")),
        ),
        tuple(
            (
                one.rule,
                one.title,
                one.flagged,
                one.reviewed_flagged,
                one.reviewed_clear,
                one.missed,
                *three(one.precision),
                *three(one.recall),
                _short(one.precision, one.recall, say),
            )
            for one in report.health
        ),
        reason_in(report.reasons.get("health", ""), say) or say("数据不足", "Not enough data"),
        (Chart(ChartKind.INTERVALS, say("准确率与区间", "Precision with intervals"), 0,
               (Series(say("准确率", "Precision"), 6), Series(say("下限", "Low"), 7), Series(say("上限", "High"), 8)),
               (0, min(20, len(report.health)))),)
        if any(one.precision.value is not None for one in report.health)
        else (),
    )  # fmt: skip
    columns = (
        Column(say("项目", "Item")),
        Column(say("名称", "Title")),
        Column(say("评听", "Reviews"), Show.COUNT),
        Column(say("扣分的评听", "Fails"), Show.COUNT),
        Column(say("扣分率", "Fail rate"), Show.SHARE),
        Column(say("扣分率上限", "Fail rate, upper bound"), Show.SHARE),
        Column(say("占次数", "Of count"), Show.SHARE),
        Column(say("占扣分", "Of points"), Show.SHARE),
        Column(say("占总分的变异", "Of variance"), Show.SHARE),
        Column(say("建议", "Proposal")),
    )
    rows = tuple(
        (
            one.item,
            one.title,
            one.reviews,
            one.fails,
            one.rate,
            one.rate_high,
            one.of_count,
            one.of_points,
            one.of_variance,
            say("改为提示", "make it a warning") if one.proposal else "",
        )
        for one in report.items
    )
    nothing = reason_in(report.reasons.get("items", ""), say) or say("数据不足", "Not enough data")
    items = Grid(say("各项目的作用", "What each item does"), columns, rows, nothing)
    idle = tuple(row for row, one in zip(rows, report.items, strict=True) if one.proposal)
    no_longer = Grid(
        say("不再扣分的项目", "Items that no longer deduct"),
        columns,
        idle,
        say("没有（或评听不够，不能这样说）", "None, or too few reviews to say so") if report.items else nothing,
        notes=(
            say(
                "95% 把握扣分率低于 0.5%、且不到总分变异的 0.5% 才列入：要有约 600 次没有扣分的评听。",
                "Listed where the fail rate is below .5 % with 95 % confidence and the item makes less than .5 % of "
                "the variance: that takes about 600 reviews without a deduction.",
            ),
        ),
    )
    return Section("health", say("规则与项目", "Rules and items"), (rules, items, no_longer))


def _short(precision: Value, recall: Value, say: Say) -> str:
    return say("数据不足", "not enough data") if precision.value is None and recall.value is None else ""


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


def fatal_note(fatal: Fatal, say: Say) -> str:
    """People's word on the fatal rate in one line."""
    one = fatal.estimated
    if one.value is None:
        return say("人工估计：数据不足", "people: not enough data")
    ends = f"{written(one.low, Show.SHARE)}–{written(one.high, Show.SHARE)}"
    return say(f"人工估计 {one.value:.1%}（{ends}）", f"people {one.value:.1%} ({ends})")

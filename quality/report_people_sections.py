"""The sections of a report that rest on people's reviews: estimates, reviewers, appeals, balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quality.report_layout import Cell, Chart, ChartKind, Column, Grid, Say, Section, Series, Show, three, written
from quality.report_types import EstimateLine, PeriodReport
from quality.report_words import DIMENSIONS, LEFT_OUT, METHODS, USES, reason_in

INTERVAL_ROWS = 40
"""Agents in the chart of intervals, the lowest first."""


def estimates_section(report: PeriodReport, say: Say) -> Section:
    """Score, pass rate and fatal rate of centre, teams and agents with their intervals and the method."""
    nothing = reason_in(report.reasons.get("estimates", ""), say) or say("数据不足", "Not enough data")
    columns = (
        Column(say("坐席", "Agent")),
        Column(say("姓名", "Name")),
        Column(say("班组", "Team")),
        Column(say("通话", "Calls"), Show.COUNT),
        Column(say("评听", "Reviews"), Show.COUNT),
        Column(say("必听", "Certain"), Show.COUNT),
        Column(say("得分", "Score"), Show.POINTS),
        Column(say("下限", "Low"), Show.POINTS),
        Column(say("上限", "High"), Show.POINTS),
        Column(say("上月", "Before"), Show.POINTS),
        Column(say("合格率", "Pass rate"), Show.SHARE),
        Column(say("合格率下限", "Pass, low"), Show.SHARE),
        Column(say("合格率上限", "Pass, high"), Show.SHARE),
        Column(say("致命率", "Fatal rate"), Show.SHARE),
        Column(say("致命率下限", "Fatal, low"), Show.SHARE),
        Column(say("致命率上限", "Fatal, high"), Show.SHARE),
        Column(say("方法", "Method")),
        Column(say("可用于", "For")),
        Column(say("说明", "Remark")),
    )

    everybody = [one.reason for one in (*report.teams, *report.agents)]
    # What is the same for all is said once, above.
    shared = everybody[0] if len(everybody) > 1 and len(set(everybody)) == 1 else ""

    def rows(lines: Sequence[EstimateLine]) -> tuple[tuple[Cell, ...], ...]:
        return tuple(
            (
                one.name or "–",
                one.label,
                one.team,
                one.calls,
                one.reviews,
                one.certain,
                *three(one.score),
                one.before,
                *three(one.pass_rate),
                *three(one.fatal_rate),
                say(*METHODS.get(one.method, (one.method, one.method))),
                say("、", ", ").join(say(*USES[use]) for use in one.uses if use in USES),
                "" if one.reason == shared else one.reason,
            )
            for one in lines
        )

    series = (Series(say("得分", "Score"), 6), Series(say("下限", "Low"), 7), Series(say("上限", "High"), 8))
    centre = Grid(
        say("全中心与班组", "Centre and teams"),
        columns,
        rows(
            [
                *([_named(report.centre, say("全中心", "Centre"))] if report.centre else []),
                *(_named(one, one.name) for one in report.teams),
            ]
        ),
        nothing,
        (Chart(ChartKind.INTERVALS, say("班组得分与区间", "Teams' scores with intervals"), 0, series),)
        if report.teams
        else (),
        (
            say(
                "每个数都是按抽样概率对全部通话的估计；被标记通话的平均分不在此列。",
                "Every number is an estimate over all calls by the probabilities of the draw, never a mean of "
                "flagged calls.",
            ),
        ),
    )
    lowest = sorted(report.agents, key=lambda one: (one.score.value is None, one.score.value or 0.0, one.name))
    known = sum(one.score.value is not None for one in lowest)
    agents = Grid(
        say("坐席（得分由低到高）", "Agents, the lowest first"),
        columns,
        rows(lowest),
        nothing,
        (
            Chart(
                ChartKind.INTERVALS,
                say(f"得分最低的坐席与区间（至多 {INTERVAL_ROWS} 人）", f"The lowest agents (at most {INTERVAL_ROWS})"),
                0,
                series,
                (0, min(INTERVAL_ROWS, known)),
            ),
        )
        if known
        else (),
    )
    notes = [shared] if shared else []
    notes += [
        say(f"{number} {chinese}。", f"{number} {english}.")
        for name, number in report.left_out.items()
        for chinese, english in [LEFT_OUT.get(name, (name, name))]
    ]
    if report.learned is not None:
        one = report.learned
        notes.append(
            say(
                f"所学：此前 {one.months} 个月的 {one.reviews} 次抽样评听（至少 500 次）。",
                f"Learned from {one.reviews} random reviews of {one.months} months before (500 are needed).",
            )
        )
        if one.correlation.value is not None:
            ends = f"{written(one.correlation.low, Show.NUMBER)}–{written(one.correlation.high, Show.NUMBER)}"
            notes.append(
                say(
                    f"机器分与人工分在坐席内的相关 {one.correlation.value:.2f}（{ends}）。",
                    f"Machine and people correlate within agents: {one.correlation.value:.2f} ({ends}).",
                )
            )
        if one.multiplier is not None:
            notes.append(
                say(
                    f"同样的精度比教科书公式少听 {one.multiplier:.1f} 倍。",
                    f"The same precision takes {one.multiplier:.1f} times fewer reviews than the textbook formula.",
                )
            )
    return Section("estimates", say("得分估计", "Score estimates"), (centre, agents), tuple(notes))


def _named(one: EstimateLine, name: str) -> EstimateLine:
    return replace(one, name=name, label="", team="", uses=())


def reviewers_section(report: PeriodReport, say: Say) -> Section:
    """Reviewers: plan and actual, severity, agreement, deducting nothing, the level of their groups, appeals."""
    found = report.reviewing
    nothing = say("没有评听", "No reviews")
    lines = found.lines if found else ()
    yes, no, unknown = say("是", "yes"), say("否", "no"), say("数据不足", "not enough data")

    def said(value: bool | None) -> str:
        return unknown if value is None else yes if value else no

    table = Grid(
        say("质检员", "Reviewers"),
        (
            Column(say("质检员", "Reviewer")),
            Column(say("计划", "Planned"), Show.COUNT),
            Column(say("实际", "Actual"), Show.COUNT),
            Column(say("完成率", "Done"), Show.SHARE),
            Column(say("听了录音的", "Listened"), Show.SHARE),
            Column(say("偏严（分）", "Severity (points)"), Show.POINTS),
            Column(say("下限", "Low"), Show.POINTS),
            Column(say("上限", "High"), Show.POINTS),
            Column(say("突出", "Stands out")),
            Column(say("走样", "Drift")),
            Column(say("双评", "Double-scored"), Show.COUNT),
            Column(say("一致性 ICC", "Agreement ICC"), Show.NUMBER),
            Column(say("本月几乎不扣分", "Deducts nothing")),
            Column(say("上月也是", "Month before too")),
            Column(say("所管班组", "Groups")),
            Column(say("所管班组水平（机器分）", "Level of the groups (machine)"), Show.POINTS),
            Column(say("申诉", "Appealed"), Show.COUNT),
            Column(say("改判", "Upheld"), Show.COUNT),
        ),
        tuple(
            (
                one.reviewer,
                one.planned,
                one.reviews,
                one.reviews / one.planned if one.planned else None,
                one.median_listened,
                *three(one.severity),
                yes if one.stands_out else "",
                {"stricter": say("变严", "stricter"), "milder": say("变宽", "milder")}.get(one.drift, ""),
                one.double_scored,
                one.icc.value,
                said(one.deducts_nothing),
                said(one.deducted_nothing_before),
                say("、", ", ").join(one.groups),
                one.group_level,
                one.appealed,
                one.upheld,
            )
            for one in lines
        ),
        nothing,
        (
            Chart(
                ChartKind.BARS,
                say("计划与实际", "Plan and actual"),
                0,
                (Series(say("计划", "Planned"), 1), Series(say("实际", "Actual"), 2)),
            ),
        )
        if lines
        else (),
        (
            say(
                "偏严：对同样的通话比别人多扣的分，以机器分为准绳；区间含 0 就不能说严或宽。"
                "连续两个月几乎不扣分才值得复听。",
                "Severity: points taken beyond the others on like calls, anchored on the machine's score. Deducting "
                "nothing is worth a second hearing only in the second month running.",
            ),
        ),
    )
    days = Grid(
        say("每日计划与实际", "Plan and actual by day"),
        (
            Column(say("日期", "Day")),
            Column(say("计划", "Planned"), Show.COUNT),
            Column(say("实际", "Actual"), Show.COUNT),
        ),
        found.by_day if found else (),
        nothing,
        (
            Chart(
                ChartKind.LINES,
                say("每日计划与实际", "Plan and actual by day"),
                0,
                (Series(say("计划", "Planned"), 1), Series(say("实际", "Actual"), 2)),
            ),
        )
        if found and len(found.by_day) > 1
        else (),
    )
    notes = []
    if found and found.agreement.value is not None:
        one = found.agreement
        ends = f"{written(one.low, Show.NUMBER)}–{written(one.high, Show.NUMBER)}"
        notes.append(
            say(
                f"双评总分的一致性（Krippendorff α）{one.value:.2f}（{ends}）；.80 以上为好。",
                f"Agreement on totals (Krippendorff's alpha) {one.value:.2f} ({ends}); .80 or more is good.",
            )
        )
    notes += [reason_in(one, say) for one in report.reasons.get("raters", "").split("；") if one]
    return Section(
        "reviewers", say("质检员", "Reviewers"), (table, days), tuple(dict.fromkeys(notes)), about_reviewers=True
    )


def appeals_section(report: PeriodReport, say: Say) -> Section:
    """Appeals that were filed, by rule, and what became of them."""
    found = report.appeals
    rows = found.by_rule if found else ()
    table = Grid(
        say("各规则的申诉", "Appeals by rule"),
        (
            Column(say("规则", "Rule")),
            Column(say("名称", "Title")),
            Column(say("申诉", "Filed"), Show.COUNT),
            Column(say("待决定", "Open"), Show.COUNT),
            Column(say("支持", "Upheld"), Show.COUNT),
            Column(say("驳回", "Dismissed"), Show.COUNT),
        ),
        tuple((one.rule or "–", one.title or "–", one.filed, one.open, one.upheld, one.dismissed) for one in rows),
        say("没有申诉", "No appeals"),
        (
            Chart(
                ChartKind.BARS,
                say("各规则的申诉", "Appeals by rule"),
                0,
                (Series(say("支持", "Upheld"), 4), Series(say("驳回", "Dismissed"), 5)),
                (0, min(15, len(rows))),
            ),
        )
        if rows
        else (),
    )
    notes = []
    if found:
        notes.append(
            say(f"本期 {found.filed} 件，上期 {found.before} 件。", f"{found.filed} filed, {found.before} before.")
        )
        if found.upheld_share.value is not None:
            low, high = found.upheld_share.low, found.upheld_share.high
            ends = f"{written(low, Show.SHARE)}–{written(high, Show.SHARE)}"
            notes.append(
                say(
                    f"已决定的改判率 {found.upheld_share.value:.1%}（{ends}）。",
                    f"Of those decided {found.upheld_share.value:.1%} were upheld ({ends}).",
                )
            )
        if found.days_median is not None:
            notes.append(
                say(
                    f"从提出到决定的中位数 {found.days_median:.1f} 天。",
                    f"Median {found.days_median:.1f} days to decide.",
                )
            )
    return Section("appeals", say("申诉", "Appeals"), (table,), tuple(notes))


def balance_section(report: PeriodReport, say: Say) -> Section:
    """Whether each sample is like the calls it stands for."""
    found = report.balance
    nothing = reason_in(report.reasons.get("balance", ""), say) or say("数据不足", "Not enough data")
    unusual = Grid(
        say("样本与本人通话不像的坐席", "Agents whose sample is unlike their calls"),
        (
            Column(say("坐席", "Agent")),
            Column(say("通话", "Calls"), Show.COUNT),
            Column(say("样本", "Sample"), Show.COUNT),
            Column(say("在哪方面", "In what")),
        ),
        tuple(
            (
                one.agent or "–",
                one.calls,
                one.sample,
                say("、", ", ").join(say(*DIMENSIONS.get(name, (name, name))) for name in one.dimensions),
            )
            for one in (found.unusual if found else ())
        ),
        say("没有：样本与各人的通话没有超出巧合的差别", "None: no sample differs beyond chance") if found else nothing,
    )
    margins = Grid(
        say("全部样本与全部通话", "All samples beside all calls"),
        (
            Column(say("方面", "Dimension")),
            Column(say("类", "Class")),
            Column(say("占通话", "Of calls"), Show.SHARE),
            Column(say("占样本（加权）", "Of the sample (weighted)"), Show.SHARE),
            Column(say("标准化差", "SMD"), Show.NUMBER),
        ),
        tuple(
            (
                say(*DIMENSIONS.get(one.dimension, (one.dimension,) * 2)),
                one.level or "–",
                one.of_calls,
                one.of_sample,
                one.smd,
            )
            for one in (found.margins if found else ())
        ),
        nothing,
    )
    notes = []
    if found:
        notes.append(
            say(
                f"检查了 {found.checked} 名坐席的样本，{found.unchecked} 名没有可比的；共 {found.sample} 通。",
                f"{found.checked} agents' samples were checked, {found.unchecked} could not be; {found.sample} calls.",
            )
        )
    return Section("balance", say("样本的平衡", "Balance of the samples"), (unusual, margins), tuple(notes))

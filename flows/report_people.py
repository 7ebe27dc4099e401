"""Parts of a month's report that rest on people's reviews: estimates, rules and items, reviewers, balance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

import numpy as np

from flows.agent_estimates import Months
from flows.quality_health import Sample, health_of_items, health_of_rules, scope_of_errors
from flows.queue_balance import balance_of_draw
from flows.rater_health import RaterReport, report_on_raters
from flows.report_periods import Period
from pipeline.errors import StatisticsError, UsageError
from quality.agent_month import AgentMonth, Quantity, Reviews
from quality.error_scope import ErrorScope
from quality.estimates import AgentReport, Estimate, EstimateOptions, estimate_agents
from quality.groups import together
from quality.report_types import (
    BalanceLine,
    BalanceOfSamples,
    EstimateLine,
    HealthLine,
    ItemLine,
    Learned,
    MarginLine,
    ReviewerLine,
    Reviewing,
    ScopeLine,
    Value,
)
from quality.rule_health import Share
from store import estimates as kept_estimates
from store import report_data
from store.months import zone
from store.plans import plans_between

CENTRE = ""
"""Name of the whole centre among the groups."""


def estimates_of(
    month: str, months: Months, names: Mapping[str, str]
) -> tuple[EstimateLine | None, tuple[EstimateLine, ...], tuple[EstimateLine, ...], Learned, dict[str, int]]:
    """The centre, its teams, its agents, what the estimates rest on, and what was left out of them.

    A team (and the centre) is the sum of its agents, each of whom was drawn from separately; where an agent has no
    estimate that can be added, it is estimated like one agent who had all of its calls.

    Raises:
        StatisticsError: no call of the month was drawn from.
    """
    read = months.read(month, calls=True)
    if not read.agents:
        raise StatisticsError(
            f"no call of {month} was drawn from; expected a month with draws. Run `tingjian queue draw` first."
        )
    earlier = months.before(month, with_calls=0)
    options = EstimateOptions()
    centre = [_together(CENTRE, read.agents)]
    by_team: dict[str, list[AgentMonth]] = defaultdict(list)
    for one in read.agents:
        by_team[one.team].append(one)
    teams = [_together(team, mine) for team, mine in sorted(by_team.items()) if team]
    before = {row.agent_id: row.value for row in kept_estimates.listed(_before(month), Quantity.SCORE.value)}

    reports = [estimate_agents(read.agents, earlier, quantity, options) for quantity in Quantity]
    kept_estimates.save_estimates(one for report in reports for one in report.estimates)
    of_agents = [{one.agent: one for one in report.estimates} for report in reports]

    def group(month_together: AgentMonth, members: Sequence[AgentMonth]) -> EstimateLine:
        """Agents' estimates added up; where that cannot be, the group as one agent who had all calls."""
        name = month_together.agent
        found = []
        for quantity, by_name in zip(Quantity, of_agents, strict=True):
            mine = [by_name[one.agent] for one in members if one.agent in by_name]
            added = together(name, mine, maximum=options.scale.of(quantity)) if len(mine) == len(members) else None
            whole = (
                estimate_agents([month_together], earlier, quantity, options).estimates[0] if added is None else added
            )
            found.append(whole)
        return _line(found[0], found[1], found[2], "", None)

    pool = reports[list(Quantity).index(Quantity.SCORE)]
    left_out = {name: number for name, number in asdict(read.left_out).items() if number}
    agents = tuple(
        _line(*(by_name[name] for by_name in of_agents), names.get(name, ""), before.get(name)) for name in of_agents[0]
    )
    in_teams = tuple(group(team, by_team[team.agent]) for team in teams)
    return group(centre[0], read.agents), in_teams, agents, _learned(pool), left_out


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - (number == 1)}-{(number - 2) % 12 + 1:02d}"


def _together(name: str, agents: Sequence[AgentMonth]) -> AgentMonth:
    """Several agents' months as one."""
    reviews = Reviews(
        *(
            np.concatenate([getattr(one.reviews, part) for one in agents])
            for part in ("machine", "human", "probability", "fatal")
        )
    )
    counts = [np.ones(one.machine.size, dtype=np.int64) if one.count is None else one.count for one in agents]
    picked = [one.picked for one in agents]
    return AgentMonth(
        agent=name,
        month=agents[0].month,
        machine=np.concatenate([one.machine for one in agents]),
        probability=np.concatenate([one.probability for one in agents]),
        reviews=reviews,
        team=name,
        count=np.concatenate(counts),
        picked=None if None in picked else sum(one or 0 for one in picked),
    )


def _line(score: Estimate, passed: Estimate, fatal: Estimate, label: str, before: float | None) -> EstimateLine:
    return EstimateLine(
        name=score.agent,
        label=label,
        team=score.team,
        calls=score.calls,
        reviews=score.reviews,
        certain=score.certain,
        method=score.method.value if score.method else "",
        uses=tuple(use.value for use in score.uses),
        score=_value(score),
        pass_rate=_value(passed),
        fatal_rate=_value(fatal),
        before=before,
        reason="；".join(filter(None, (score.reason, *score.remarks))),
    )


def _value(one: Estimate) -> Value:
    if one.interval is None:
        return Value(None, reason=one.reason or "")
    return Value(one.interval.value, one.interval.low, one.interval.high, one.reason or "")


def _learned(report: AgentReport) -> Learned:
    pool = report.pool
    known = pool.correlation
    correlation = Value(None) if known is None else Value(known.value, known.low, known.high)
    return Learned(pool.reviews, pool.months, pool.ready, correlation, pool.saving.multiplier, pool.saving.reason or "")


def health_lines(sample: Sample, titles: Mapping[str, str]) -> tuple[HealthLine, ...]:
    """Every rule's precision and recall, the most flagged first."""
    found = [
        HealthLine(
            one.rule,
            titles.get(one.rule, one.rule),
            one.flagged,
            one.reviewed_flagged,
            one.reviewed_clear,
            one.missed,
            _share(one.precision),
            _share(one.recall),
        )
        for one in health_of_rules(sample)
    ]
    return tuple(sorted(found, key=lambda one: (-one.flagged, one.rule)))


def _share(share: Share) -> Value:
    return Value(share.value, share.low, share.high, share.reason or "")


def item_lines(
    sample: Sample, titles: Mapping[str, str], fatal: Sequence[str], compliance: Sequence[str]
) -> tuple[ItemLine, ...]:
    """The items of the score sheet, those that take most points first."""
    report = health_of_items(sample, fatal=fatal, compliance=compliance, changes=(), line=80.0, basis={})
    return tuple(
        ItemLine(
            item=one.item,
            title=titles.get(one.item, one.item),
            reviews=one.reviews,
            fails=one.fails,
            rate=one.rate,
            rate_high=one.rate_high,
            of_count=one.of_count,
            of_points=one.of_points,
            of_variance=one.of_variance,
            fatal=one.fatal,
            compliance=one.compliance,
            proposal=one.proposal or "",
            reason=one.reason,
        )
        for one in report.found
    )


def scope_lines(sample: Sample, titles: Mapping[str, str], target: float) -> tuple[ScopeLine, ...]:
    """Whose error each rule is, by the machine's hits on all calls of the month."""
    report = scope_of_errors(sample, target=target, targets={}, by_machine=True)
    return tuple(scope_line(one, titles.get(one.item, one.item)) for one in report.scopes)


def scope_line(one: ErrorScope, title: str) -> ScopeLine:
    """A scope for the report."""
    return ScopeLine(
        one.item,
        title,
        one.scope.value,
        one.rate,
        one.remaining_rate,
        tuple(unit.name for unit in one.agents),
        tuple(unit.name for unit in one.groups),
        one.enough,
    )


def balance_of(month: str) -> BalanceOfSamples:
    """Whether each agent's sample is like the agent's own calls.

    Raises:
        UsageError: the month was not drawn.
    """
    report = balance_of_draw(month)
    unusual = [one for one in report.found if one.unusual]
    return BalanceOfSamples(
        checked=sum(one.reason is None for one in report.found),
        unchecked=sum(one.reason is not None for one in report.found),
        sample=report.pool_size,
        unusual=tuple(BalanceLine(one.name, one.calls, one.sample, one.unusual) for one in unusual),
        margins=tuple(MarginLine(*(getattr(one, name) for name in _MARGIN)) for one in report.pool),
    )


_MARGIN = ("dimension", "level", "of_calls", "of_sample", "smd")


def reviewing_of(period: Period, now: datetime, month: str | None, reasons: dict[str, str]) -> Reviewing:
    """Reviewers: plan and actual; with a month also severity, drift, agreement and the level of their groups."""
    done = report_data.reviews_between(period.begin, period.end)
    plans = plans_between(period.begin.date(), period.end.date())
    until = min(now, period.end).astimezone(zone()).date()
    planned: Counter[str] = Counter()
    days: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for plan in plans:
        days[plan.day.isoformat()][0] += plan.calls
        if plan.day <= until:
            planned[plan.reviewer] += plan.calls
    reviews: Counter[str] = Counter()
    played: dict[str, list[float]] = defaultdict(list)
    teams: dict[str, Counter[str]] = defaultdict(Counter)
    for row in done:
        reviews[row.rater] += 1
        days[row.submitted_at.astimezone(zone()).date().isoformat()][1] += 1
        if row.listened_s is not None and row.duration_s:
            played[row.rater].append(row.listened_s / row.duration_s)
        teams[row.rater][row.team or "–"] += 1
    found: RaterReport | None = None
    if month is not None:
        try:
            found = report_on_raters(month, 3, tolerance=5.0, required=0.7, by_item=False)
            if found.reasons:
                reasons["raters"] = "；".join(found.reasons)
        except (StatisticsError, UsageError) as error:
            reasons["raters"] = str(error)
    names = sorted(reviews.keys() | planned.keys() | ({name for name, _ in found.raters} if found else set()))
    lines = [
        ReviewerLine(
            reviewer=name,
            planned=planned[name] if any(plan.reviewer == name for plan in plans) else None,
            reviews=reviews[name],
            median_listened=float(np.median(played[name])) if played[name] else None,
            severity=Value(None),
            stands_out=False,
            drift="",
            icc=Value(None),
            double_scored=0,
            deducts_nothing=None,
            deducted_nothing_before=None,
            group_level=None,
            groups=tuple(team for team, _ in teams[name].most_common(3)),
            appealed=0,
            upheld=0,
        )
        for name in names
    ]
    if found is not None:
        levels = dict(found.team_levels)
        lines = [_with_health(line, found, levels, teams[line.reviewer]) for line in lines]
    agreed = Value(None, reason="no call was scored by two people")
    if found is not None and found.totals is not None:
        agreed = Value(found.totals.value, found.totals.low, found.totals.high)
    by_day = tuple((day, plan, did) for day, (plan, did) in sorted(days.items()))
    return Reviewing(tuple(lines), agreed, by_day)


def _with_health(
    line: ReviewerLine, found: RaterReport, levels: Mapping[str, float], heard: Counter[str]
) -> ReviewerLine:
    severity = dict(found.raters).get(line.reviewer)
    drift = next((one for name, one, _ in found.drifts if name == line.reviewer), None)
    pair = next((one for one in found.pairs if one.rater == line.reviewer), None)
    silent = next((one for one in found.silent if one.rater == line.reviewer), None)
    appeals = next((one for one in found.appeals if one.rater == line.reviewer), None)
    known = {team: number for team, number in heard.items() if team in levels}
    return replace(
        line,
        severity=Value(None) if severity is None else Value(severity.severity, severity.low, severity.high),
        stands_out=bool(severity and severity.stands_out),
        drift="" if drift is None or drift.signal is None else "stricter" if drift.stricter else "milder",
        icc=Value(None) if pair is None else Value(pair.icc.value, pair.icc.low, pair.icc.high, pair.advice),
        double_scored=0 if pair is None else pair.calls,
        deducts_nothing=None if silent is None else silent.verdicts.suspicious,
        deducted_nothing_before=None if silent is None else silent.before,
        group_level=sum(levels[team] * number for team, number in known.items()) / sum(known.values())
        if known
        else None,
        appealed=0 if appeals is None or appeals.of_appealed is None else appeals.of_appealed.n,
        upheld=0 if appeals is None or appeals.of_appealed is None else appeals.of_appealed.hits,
    )

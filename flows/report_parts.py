"""Parts of a report that count every call: service, rules by frequency, measures over time, appeals, test calls."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from flows.report_periods import Period, month_period, week_period
from quality.intervals import Counts, wilson
from quality.report_types import (
    AnnouncedAgent,
    AnnouncedCall,
    AnnouncedCalls,
    AppealLine,
    Appeals,
    CallGroup,
    MeasurePoint,
    QuestionLine,
    RuleLine,
    Service,
    Value,
)
from store import call_measures, report_data
from store.months import zone
from store.report_data import CallRow, Judged, RuleCount

LENGTHS = ((1.0, "<1"), (3.0, "1-3"), (5.0, "3-5"), (10.0, "5-10"), (math.inf, ">10"))
"""Upper ends in minutes, and names."""

WEEKS, MONTHS = 8, 6
"""Looked back for trends."""

UNKNOWN = "–"

NO_BEFORE = "no calls in the period before"


def service_of(period: Period) -> Service:
    """What the manifest knows of the calls."""
    now = list(report_data.calls_between(period.begin, period.end, with_metadata=True))
    before = list(report_data.calls_between(*period.before))
    earlier = before if before else None

    def groups(name: Callable[[CallRow], str], *, by_size: bool = False, compare: bool = True) -> tuple[CallGroup, ...]:
        past = Counter(map(name, earlier)) if earlier and compare else None
        held: dict[str, list[CallRow]] = defaultdict(list)
        for row in now:
            held[name(row)].append(row)
        order = sorted(held, key=(lambda one: (-len(held[one]), one)) if by_size else str)
        return tuple(_group(one, held[one], None if past is None else past.get(one, 0)) for one in order)

    where = zone()
    waits = np.array([row.answered_s for row in now if row.answered_s is not None])
    ended = Counter(row.hung_up_by for row in now if row.hung_up_by in ("agent", "customer"))
    lengths: Counter[str] = Counter()
    for row in now:
        if row.duration_s is not None:
            lengths[next(name for upper, name in LENGTHS if row.duration_s / 60 < upper)] += 1
    return Service(
        total=_group("", now, len(before) if earlier else None),
        by_day=groups(lambda row: f"{row.began.astimezone(where):%Y-%m-%d}", compare=False),
        by_hour=groups(lambda row: f"{row.began.astimezone(where):%H}"),
        by_type=groups(lambda row: row.business_type or UNKNOWN, by_size=True),
        by_direction=groups(lambda row: row.direction or UNKNOWN, by_size=True),
        by_team=groups(lambda row: row.team or UNKNOWN),
        lengths=tuple((name, lengths[name]) for _, name in LENGTHS),
        answer_s=_quantiles(waits),
        hung_up_by_agent=share_of(ended["agent"], sum(ended.values()), "the manifest does not say who hung up"),
        hours_recorded=sum(row.duration_s or 0.0 for row in now) / 3600,
        set_aside=report_data.set_aside_between(period.begin, period.end),
    )


def _group(name: str, rows: Sequence[CallRow], before: int | None) -> CallGroup:
    lengths = np.array([row.duration_s for row in rows if row.duration_s is not None])
    if not lengths.size:
        return CallGroup(name, len(rows), before, None, None, None)
    median, p90 = np.quantile(lengths, (0.5, 0.9))
    return CallGroup(name, len(rows), before, float(lengths.mean()), float(median), float(p90))


def _quantiles(values: np.ndarray) -> Value:
    if not values.size:
        return Value(None, reason="the manifest does not say when calls were answered")
    return Value(float(np.median(values)), None, float(np.quantile(values, 0.9)))


def share_of(yes: int, n: int, nothing: str) -> Value:
    """A share with Wilson's interval, or why there is none."""
    if n == 0:
        return Value(None, reason=nothing)
    return Value(yes / n, *wilson(Counts(float(yes), float(n))))


def rules_of(period: Period, titles: Mapping[str, str], now: Judged, before: Judged) -> tuple[RuleLine, ...]:
    """Every rule that hit in the period or the one before, the gravest severity and the most calls first."""
    counts = {(one.rule, one.severity): one for one in report_data.rules_between(period.begin, period.end)}
    past = {(one.rule, one.severity): one for one in report_data.rules_between(*period.before)}
    order = ("fatal", "deduct", "warn", "add")
    keys = sorted(
        counts.keys() | past.keys(),
        key=lambda key: (
            order.index(key[1]) if key[1] in order else len(order),
            -(counts[key].points if key[1] == "deduct" and key in counts else 0),
            -(counts[key].calls if key in counts else 0),
            key[0],
        ),
    )
    taken = sum(one.points for (_, severity), one in counts.items() if severity == "deduct")
    lines, so_far = [], 0.0
    for rule, severity in keys:
        one = counts.get((rule, severity), RuleCount(rule, severity, 0, 0.0))
        earlier = past.get((rule, severity), RuleCount(rule, severity, 0, 0.0))
        part = one.points / taken if severity == "deduct" and taken > 0 else None
        so_far += part or 0.0
        lines.append(
            RuleLine(
                rule=rule,
                title=titles.get(rule, rule),
                severity=severity,
                calls=one.calls,
                share=one.calls / now.calls if now.calls else 0.0,
                calls_before=earlier.calls if before.calls else None,
                change=_change(one.calls, now.calls, earlier.calls, before.calls),
                points=one.points,
                of_points=part,
                cumulative=so_far if part is not None else None,
            )
        )
    return tuple(lines)


def _change(yes: int, n: int, yes_before: int, n_before: int) -> Value:
    """The difference of two shares with Newcombe's interval (method 10; Statistics in Medicine 17, 1998)."""
    if not n or not n_before:
        return Value(None, reason=NO_BEFORE)
    p, q = yes / n, yes_before / n_before
    (l1, u1), (l2, u2) = wilson(Counts(float(yes), float(n))), wilson(Counts(float(yes_before), float(n_before)))
    return Value(p - q, p - q - math.hypot(p - l1, u2 - q), p - q + math.hypot(u1 - p, q - l2))


def measures_of(period: Period) -> tuple[tuple[MeasurePoint, ...], tuple[MeasurePoint, ...]]:
    """Measures by team, of the last weeks up to the period's end, and of the last months; median and quartiles."""
    months = [month_period((period.end - timedelta(seconds=1)).strftime("%Y-%m"))]
    while len(months) < MONTHS:
        months.append(month_period(months[-1].before_name))
    last = week_period(_week_name(period.end - timedelta(seconds=1)))
    # A week that goes on after the period would be shown by its beginning alone.
    weeks = [last if last.end <= period.end else week_period(last.before_name)]
    while len(weeks) < WEEKS:
        weeks.append(week_period(weeks[-1].before_name))
    begin = min(months[-1].begin, weeks[-1].begin)
    call_measures.fill_missing(begin, period.end)
    rows = list(call_measures.measures_between(begin, period.end))
    if not rows:
        return (), ()
    began = np.array([row[0].timestamp() for row in rows])
    teams = np.array([row[1] or UNKNOWN for row in rows], dtype=np.str_)
    values = np.array([row[2:] for row in rows], dtype=np.float64)
    return _points(weeks, began, teams, values), _points(months, began, teams, values)


def _points(
    periods: Sequence[Period], began: np.ndarray, teams: np.ndarray, values: np.ndarray
) -> tuple[MeasurePoint, ...]:
    found = []
    for column, measure in enumerate(call_measures.FOLLOWED):
        known = np.isfinite(values[:, column])
        for period in reversed(periods):
            inside = known & (began >= period.begin.timestamp()) & (began < period.end.timestamp())
            here = np.unique(teams[inside])
            for team in ("", *here.tolist()):
                mine = values[inside if not team else inside & (teams == team), column]
                if mine.size:
                    p25, median, p75 = (float(one) for one in np.quantile(mine, (0.25, 0.5, 0.75)))
                    found.append(MeasurePoint(measure, period.name, team, int(mine.size), median, p25, p75))
    return tuple(found)


def _week_name(moment: datetime) -> str:
    year, week, _ = moment.astimezone(zone()).isocalendar()
    return f"{year}-W{week:02d}"


def appeals_of(period: Period, titles: Mapping[str, str]) -> Appeals:
    """Appeals that were filed in the period."""
    rows = report_data.appeals_between(period.begin, period.end)
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        by_rule[row.rule][row.outcome or "open"] += 1
    total: Counter[str] = sum(by_rule.values(), Counter())
    days = [(row.decided_at - row.filed_at).total_seconds() / 86_400 for row in rows if row.decided_at]
    lines = [
        AppealLine(rule, titles.get(rule, rule), found.total(), found["open"], found["upheld"], found["dismissed"])
        for rule, found in sorted(by_rule.items(), key=lambda item: (-item[1].total(), item[0]))
    ]
    return Appeals(
        filed=len(rows),
        before=len(report_data.appeals_between(*period.before)),
        open=total["open"],
        upheld=total["upheld"],
        dismissed=total["dismissed"],
        upheld_share=share_of(total["upheld"], total["upheld"] + total["dismissed"], "no appeal was decided"),
        days_median=float(np.median(days)) if days else None,
        by_rule=tuple(lines),
    )


def announced_of(begin: datetime, end: datetime, questions: Mapping[str, str], rulebook: str) -> AnnouncedCalls:
    """The test calls of a time: which standard questions were answered as the standard says.

    Args:
        begin: of the time.
        end: of the time.
        questions: titles of the rules that give points for an answer, in the rulebook's order.
        rulebook: its name; calls that another one judged have no answers.
    """
    rows, hits = report_data.announced_calls(begin, end)
    calls = []
    for row in rows:
        found = hits.get(row.assessment_id or 0, [])
        judged = row.assessment_id is not None and row.rulebook == rulebook
        answered = {rule for rule, severity in found if severity == "add"}
        calls.append(
            AnnouncedCall(
                call_id=row.call_id,
                day=f"{row.began.astimezone(zone()):%Y-%m-%d}",
                agent=row.agent_id,
                label=row.agent_name,
                team=row.team,
                score=row.score,
                answers={rule: rule in answered for rule in questions} if judged else {},
                deductions=tuple(sorted({rule for rule, severity in found if severity in ("deduct", "fatal")})),
            )
        )
    return AnnouncedCalls(rulebook, tuple(_questions(calls, questions)), tuple(_agents(calls)), tuple(calls))


def _questions(calls: Iterable[AnnouncedCall], questions: Mapping[str, str]) -> Iterable[QuestionLine]:
    asked = [call for call in calls if call.answers]
    for rule, title in questions.items():
        right = sum(call.answers[rule] for call in asked)
        yield QuestionLine(rule, title, len(asked), right, share_of(right, len(asked), "no test call"))


def _agents(calls: Iterable[AnnouncedCall]) -> Iterable[AnnouncedAgent]:
    by_agent: dict[str, list[AnnouncedCall]] = defaultdict(list)
    for call in calls:
        by_agent[call.agent].append(call)
    for agent, mine in sorted(by_agent.items()):
        scores = [call.score for call in mine if call.score is not None]
        mean = sum(scores) / len(scores) if scores else None
        yield AnnouncedAgent(agent, mine[-1].label, mine[-1].team, len(mine), mean, min(scores, default=None))

"""The report of a month or a week: every part computed from the store, or the reason why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils import timezone

from config.settings import Settings
from flows import report_parts, report_people
from flows.agent_estimates import Months
from flows.quality_health import Sample, sample_of
from flows.report_periods import Period, month_period, week_period
from pipeline.errors import StatisticsError, TingjianError, UsageError
from pipeline.personal.masking import masked_text
from pipeline.rules.shelf import open_shelf
from pipeline.types import Severity
from quality.error_scope import Scope
from quality.report_types import ClusterLine, Fatal, Kind, PeriodReport, ScopeLine, Value
from store import report_data
from store.draws import report_version
from store.stretches import StoredCluster, clusters_until

TARGET = 0.02
"""Share of calls with one error that is accepted where nobody says otherwise."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Titles:
    """What the rulebooks in use call their rules, which of them are fatal, and the standard questions of test calls."""

    of_rules: Mapping[str, str]
    fatal: tuple[str, ...]
    questions: Mapping[str, str]
    test_calls: str


def monthly_report(month: str, settings: Settings) -> PeriodReport:
    """The report of a month ``YYYY-MM``.

    Raises:
        UsageError: the month is not written so, or it has no call at all.
    """
    period = month_period(month)
    titles = titles_of(settings)
    reasons: dict[str, str] = {}
    parts = _common(period, titles, reasons)
    months = Months()
    names = report_data.names_of_agents(period.begin, period.end)
    estimated = _part("estimates", reasons, lambda: report_people.estimates_of(month, months, names))
    if estimated is not None:
        centre, teams, agents, learned, left_out = estimated
        parts |= {"centre": centre, "teams": teams, "agents": agents, "learned": learned, "left_out": left_out}
        if centre is not None and parts["fatal"] is not None:
            parts["fatal"] = _with_estimate(parts["fatal"], centre.fatal_rate)
    sample = sample_of([month])
    parts |= _of_sample(sample, titles, reasons)
    parts["clusters"] = _clusters(month, reasons)
    parts["reviewing"] = report_people.reviewing_of(period, timezone.now(), month, reasons)
    parts["balance"] = _part("balance", reasons, lambda: report_people.balance_of(month))
    version, closed = report_version(month)
    return _assembled(period, parts, reasons, version, closed)


def weekly_report(week: str, settings: Settings) -> PeriodReport:
    """The short form for an ISO week ``YYYY-Www``: what is counted; estimates need a month.

    Raises:
        UsageError: the week is not written so, or it has no call at all.
    """
    period = week_period(week)
    reasons = {"estimates": "a week has too few reviews for estimates; see the monthly report"}
    parts = _common(period, titles_of(settings), reasons)
    parts["reviewing"] = report_people.reviewing_of(period, timezone.now(), None, reasons)
    return _assembled(period, parts, reasons, 1, False)


def titles_of(settings: Settings) -> Titles:
    """What the rulebooks in use say of their rules; a rulebook that does not load only costs the titles."""
    of_rules: dict[str, str] = {}
    fatal: list[str] = []
    questions: dict[str, str] = {}
    test_calls = ""
    try:
        announced = open_shelf(settings.test_call_rulebook).rulebooks[-1]
        test_calls = announced.name
        for rule in announced.rules:
            of_rules[rule.id] = rule.title
            if rule.severity is Severity.ADD:
                questions[rule.id] = rule.title
        for book in open_shelf(settings.rulebook_place).rulebooks:
            of_rules |= {rule.id: rule.title for rule in book.rules}
            fatal += [rule.id for rule in book.rules if rule.severity is Severity.FATAL]
    except TingjianError:
        pass
    return Titles(of_rules, tuple(sorted(set(fatal))), questions, test_calls)


def _common(period: Period, titles: Titles, reasons: dict[str, str]) -> dict[str, Any]:
    """What is counted of every call, in a month and in a week."""
    service = report_parts.service_of(period)
    announced = report_parts.announced_of(period.begin, period.end, titles.questions, titles.test_calls)
    if not service.total.calls and not announced.calls:
        raise UsageError(
            f"no call of {period.name} is in the store; expected a {period.kind.value} with calls. "
            f"Run `tingjian nightly` over its recordings first."
        )
    now = report_data.judged_between(period.begin, period.end)
    before = report_data.judged_between(*period.before)
    weeks, months = report_parts.measures_of(period)
    if not weeks and not months:
        reasons["measures"] = "no call was measured"
    fatal = Fatal(
        machine_calls=now.fatal,
        machine_share=now.fatal / now.calls if now.calls else None,
        before_share=before.fatal / before.calls if before.calls else None,
        estimated=Value(None, reason="a week has too few reviews for an estimate"),
    )
    return {
        "service": service,
        "assessed": now.calls,
        "rulebooks": now.rulebooks,
        "rulebooks_before": before.rulebooks,
        "rules": report_parts.rules_of(period, titles.of_rules, now, before),
        "fatal": fatal,
        "appeals": report_parts.appeals_of(period, titles.of_rules),
        "weeks": weeks,
        "months": months if period.kind is Kind.MONTH else (),
        "test_calls": announced if announced.calls else None,
    }


def _of_sample(sample: Sample, titles: Titles, reasons: dict[str, str]) -> dict[str, Any]:
    return {
        "health": _part("health", reasons, lambda: report_people.health_lines(sample, titles.of_rules)) or (),
        "items": _part("items", reasons, lambda: report_people.item_lines(sample, titles.of_rules, titles.fatal, ()))
        or (),
        "scopes": _part("scopes", reasons, lambda: report_people.scope_lines(sample, titles.of_rules, TARGET)) or (),
    }


def _part(name: str, reasons: dict[str, str], compute: Callable[[], T]) -> T | None:
    """A part, or None with the reason noted."""
    try:
        return compute()
    except (StatisticsError, UsageError) as error:
        reasons[name] = str(error)
        return None


def _with_estimate(fatal: Fatal, estimated: Value) -> Fatal:
    return Fatal(fatal.machine_calls, fatal.machine_share, fatal.before_share, estimated)


def _clusters(month: str, reasons: dict[str, str]) -> tuple[ClusterLine, ...]:
    known = clusters_until(month)
    found = [one for one in known if one.month == month]
    if not found:
        reasons["clusters"] = (
            f"no common errors were looked for in {month}; run `tingjian training clusters {month}` first"
        )
    return tuple(_cluster(one) for one in found)


def _cluster(one: StoredCluster) -> ClusterLine:
    document = one.document
    details = document.get("scope_details") or {}
    scope = ScopeLine(
        name=str(one.number),
        title=one.name,
        scope=str(document.get("scope", Scope.NONE.value)),
        rate=float(details.get("rate") or 0.0),
        remaining_rate=details.get("remaining_rate"),
        agents=tuple(unit["name"] for unit in details.get("agents", ())),
        groups=tuple(unit["name"] for unit in details.get("groups", ())),
        enough=bool(details.get("enough")),
    )
    return ClusterLine(
        number=one.number,
        name=one.name,
        quote=masked_text(one.quote),
        rules=tuple(rule for rule, _ in document.get("rules", ())),
        calls=one.calls,
        share=float(document.get("share") or 0.0),
        calls_before=document.get("calls_before"),
        new=bool(document.get("new")),
        scope=scope,
    )


def _assembled(
    period: Period, parts: Mapping[str, Any], reasons: Mapping[str, str], version: int, closed: bool
) -> PeriodReport:
    return PeriodReport(
        kind=period.kind,
        name=period.name,
        before=period.before_name,
        computed_at=timezone.localtime().isoformat(timespec="seconds"),
        version=version,
        closed=closed,
        reasons=dict(reasons),
        **parts,
    )

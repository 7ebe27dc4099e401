"""The scope of errors as the pages show it: of each error, of each agent, of each team."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import Any

from flows.quality_health import ScopeReport
from quality.error_scope import ErrorScope, Funnel

Documents = dict[str, dict[str, Any]]


def by_error(report: ScopeReport, months: tuple[str, ...]) -> Documents:
    """Each error with its scope and who stands out, the most frequent first by ``order``."""
    return {
        one.item: {**asdict(one), "order": number, "by": report.by, "months": list(months)}
        for number, one in enumerate(report.scopes)
    }


def by_agent(report: ScopeReport, months: tuple[str, ...]) -> Documents:
    """Each agent's errors with the rate, the limits within which it is chance and usual spread, and whether alone."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for scope, funnel in zip(report.scopes, report.funnels, strict=True):
        alone = {unit.name: unit for unit in scope.agents}
        for point in funnel.points:
            if point.rate > 0 or point.name in alone:
                limits = {"low": point.low_95, "high": point.high_95}
                found[point.name].append(_row(scope, funnel, point.rate, point.reviews, point.name in alone, limits))
    return {agent: _document(report, months, rows) for agent, rows in found.items()}


def by_team(report: ScopeReport, months: tuple[str, ...]) -> Documents:
    """Each team's errors with the rate over its agents, and whether the team stands out."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for scope, funnel in zip(report.scopes, report.funnels, strict=True):
        apart = {unit.name for unit in scope.groups}
        totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for point in funnel.points:
            totals[point.group][0] += point.rate * point.reviews
            totals[point.group][1] += point.reviews
        for team, (fails, reviews) in totals.items():
            if fails > 0 or team in apart:
                found[team].append(_row(scope, funnel, fails / reviews, reviews, team in apart, {}))
    return {team: _document(report, months, rows) for team, rows in found.items()}


def _row(
    scope: ErrorScope, funnel: Funnel, rate: float, reviews: float, alone: bool, limits: dict[str, float]
) -> dict[str, Any]:
    return {
        "item": scope.item,
        "scope": scope.scope.value,
        "rate": rate,
        "reviews": round(reviews, 1),
        "everybody": funnel.centre,
        "target": scope.target,
        "stands_out": alone,
        **limits,
    }


def _document(report: ScopeReport, months: tuple[str, ...], rows: list[dict[str, Any]]) -> dict[str, Any]:
    rows.sort(key=lambda row: (not row["stands_out"], -row["rate"], row["item"]))
    return {"by": report.by, "months": list(months), "errors": rows}

"""Estimates of agents' months, kept as they were last computed, for the pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from pipeline.metadata import ANNOUNCED
from quality.estimates import Estimate
from store.models import AgentEstimate, Assessment, Finding, Recording

ROWS_AT_ONCE = 500
KEPT = ("agent_name", "team", "method", "value", "low", "high", "calls", "reviews", "certain", "uses", "reason",
        "computed_at")  # fmt: skip


def save_estimates(estimates: Iterable[Estimate]) -> int:
    """Keep estimates; an earlier one of the same agent, month and quantity is replaced. Returns how many."""
    now = timezone.now()
    given = list(estimates)
    names: dict[str, str] = {}
    ids = sorted({one.agent for one in given})
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = Recording.objects.filter(agent_id__in=ids[start : start + ROWS_AT_ONCE]).exclude(agent_name="")
        names.update(rows.values_list("agent_id").annotate(Max("agent_name")))
    rows_new = [
        AgentEstimate(
            month=one.month,
            agent_id=one.agent,
            agent_name=names.get(one.agent, ""),
            team=one.team,
            quantity=one.quantity.value,
            method=one.method.value if one.method else "",
            value=one.interval.value if one.interval else None,
            low=one.interval.low if one.interval else None,
            high=one.interval.high if one.interval else None,
            calls=one.calls,
            reviews=one.reviews,
            certain=one.certain,
            uses=[use.value for use in one.uses],
            reason=one.reason or "",
            computed_at=now,
        )
        for one in given
    ]
    with transaction.atomic():
        AgentEstimate.objects.bulk_create(
            rows_new,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["month", "agent_id", "quantity"],
            update_fields=list(KEPT),
        )
    return len(rows_new)


def months() -> list[str]:
    """Months with estimates, the newest first."""
    return list(AgentEstimate.objects.order_by("-month").values_list("month", flat=True).distinct()[:36])


def teams(month: str) -> list[str]:
    """The teams of a month."""
    rows = AgentEstimate.objects.filter(month=month, quantity="score").exclude(team="")
    return list(rows.order_by("team").values_list("team", flat=True).distinct())


def listed(month: str, quantity: str, team: str = "") -> QuerySet[AgentEstimate]:
    """The estimates of a month, by team and agent."""
    rows = AgentEstimate.objects.filter(month=month, quantity=quantity)
    return (rows.filter(team=team) if team else rows).order_by("team", "agent_id")


def history(agent_id: str) -> list[AgentEstimate]:
    """An agent's months, the earliest first."""
    return list(AgentEstimate.objects.filter(agent_id=agent_id).order_by("month", "quantity"))


def findings_by_rule(agent_id: str, limit: int) -> list[tuple[str, int]]:
    """How often each rule was found in an agent's calls, the most frequent first.

    Of calls that were judged more than once every judgement is counted; the numbers rank, they are no estimate.
    Announced test calls are left out.
    """
    found = Finding.objects.filter(agent_id=agent_id).exclude(severity="warn")
    # Test calls are few: theirs are looked up to be left out, instead of every finding's call to be taken in.
    tests = Assessment.objects.filter(recording__call_type=ANNOUNCED).values("id")
    rows = found.exclude(assessment__in=tests).order_by().values_list("rule")
    return list(rows.annotate(count=Count("rule")).order_by("-count", "rule")[:limit])

"""Reviewers' plans: how many calls each is to hear on each day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Sum

from store.models import ReviewerPlan
from store.months import bounds_of_month


@dataclass(frozen=True, slots=True)
class Plan:
    """One reviewer's calls on one day; 0 is a day off."""

    reviewer: str
    day: date
    calls: int


def set_plans(plans: Sequence[Plan]) -> int:
    """Enter plans; a reviewer's earlier plan of the same day is replaced. Returns how many were entered."""
    last = {(plan.reviewer, plan.day): plan for plan in plans}
    rows = [ReviewerPlan(reviewer=plan.reviewer, day=plan.day, calls=plan.calls) for plan in last.values()]
    with transaction.atomic():
        ReviewerPlan.objects.bulk_create(
            rows,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["reviewer", "day"],
            update_fields=["calls"],
        )
    return len(rows)


def plans_of_month(month: str) -> list[Plan]:
    """The plans of a month (``YYYY-MM``) in order of day and reviewer."""
    begin, end = bounds_of_month(month)
    return plans_between(begin.date(), end.date())


def plans_between(first: date, after: date) -> list[Plan]:
    """The plans from one day up to and without another."""
    rows = ReviewerPlan.objects.filter(day__gte=first, day__lt=after).order_by("day", "reviewer")
    return [Plan(*row) for row in rows.values_list("reviewer", "day", "calls")]


def capacity_of_month(month: str) -> int:
    """Calls that the plans of a month add up to."""
    begin, end = bounds_of_month(month)
    rows = ReviewerPlan.objects.filter(day__gte=begin.date(), day__lt=end.date())
    return int(rows.aggregate(total=Sum("calls"))["total"] or 0)

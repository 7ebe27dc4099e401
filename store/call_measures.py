"""The measures that trends follow: written beside each assessment, read by team and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from store.calls import READ_AT_ONCE, between
from store.models import Assessment, CallMeasures

FOLLOWED = {
    "agent_speaking_rate_cpm": "speaking_rate",
    "greeting_latency_s": "greeting",
    "silence_ratio": "silence",
    "interruption_count": "interruptions",
}
"""Columns by the measures' names."""


def followed(values: Mapping[str, Any]) -> tuple[float | None, ...]:
    """The followed measures, from values by name, in order of the columns; None where there is no number."""
    found = map(values.get, FOLLOWED)
    return tuple(
        [float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None for value in found]
    )


def fill_missing(begin: datetime, end: datetime) -> int:
    """Write the rows of assessments that were stored before there were any; returns how many."""
    rows = (
        Assessment.objects.filter(recording__in=between(begin, end).values("id"), measured__isnull=True)
        .order_by("id")
        .values_list("id", "own_document__measures", "ground__own_document__measures")
    )
    written = 0
    while some := list(rows[:READ_AT_ONCE]):
        CallMeasures.objects.bulk_create(
            [
                CallMeasures(
                    assessment_id=number,
                    **dict(zip(FOLLOWED.values(), followed(_values(own or of_ground)), strict=True)),
                )
                for number, own, of_ground in some
            ],
            batch_size=500,
            ignore_conflicts=True,
        )
        written += len(some)
    return written


def _values(measures: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    return {name: (measure or {}).get("value") for name, measure in (measures or {}).items()}


def measures_between(begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    """When a call began, its team, and the followed measures by its newest assessment, in no order."""
    newest = (
        Assessment.objects.filter(recording=OuterRef("assessment__recording"))
        .order_by()
        .values("recording")
        .annotate(newest=Max("id"))
        .values("newest")
    )
    rows = CallMeasures.objects.filter(
        assessment__recording__in=between(begin, end).values("id"), assessment_id=Subquery(newest)
    ).annotate(
        began=Coalesce(F("assessment__recording__started_at"), F("assessment__recording__enrolled_at")),
        team=F("assessment__recording__team"),
    )
    yield from rows.values_list("began", "team", *FOLLOWED.values()).iterator(chunk_size=READ_AT_ONCE)

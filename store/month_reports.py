"""What commands computed of a month, kept for the pages: teams' estimates, balance of samples, scope of errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from store.models import MonthReport

TEAM, DRAWN, HEARD = "team", "balance_drawn", "balance_heard"
CLUSTERS = "clusters"
SCOPE, AGENT_ERRORS, TEAM_ERRORS = "scope", "agent_errors", "team_errors"
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Report:
    """One document with its month and when it was computed."""

    month: str
    subject: str
    document: Mapping[str, Any]
    computed_at: datetime


def save(month: str, kind: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep a month's documents by subject in place of those that were kept before."""
    now = timezone.now()
    rows = [
        MonthReport(month=month, kind=kind, subject=subject, document=dict(document), computed_at=now)
        for subject, document in documents.items()
    ]
    with transaction.atomic():
        MonthReport.objects.filter(month=month, kind=kind).delete()
        MonthReport.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)


def of_month(month: str, kind: str) -> list[Report]:
    """A month's documents in order of subject."""
    return _reports(month=month, kind=kind)


def of_subject(kind: str, subject: str) -> list[Report]:
    """A subject's documents, the earliest month first."""
    return _reports(kind=kind, subject=subject)


def newest_month(kind: str) -> str:
    """The newest month with documents of a kind; empty without any."""
    rows = MonthReport.objects.filter(kind=kind).order_by("-month").values_list("month", flat=True)
    return rows.first() or ""


def months(kind: str) -> list[str]:
    """The months with documents of a kind, the newest first."""
    rows = MonthReport.objects.filter(kind=kind).order_by("-month").values_list("month", flat=True)
    return list(rows.distinct()[:36])


def _reports(**which: str) -> list[Report]:
    rows = MonthReport.objects.filter(**which).order_by("month", "subject")
    return [Report(*row) for row in rows.values_list("month", "subject", "document", "computed_at")]

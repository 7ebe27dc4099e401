"""Reports as they were last computed, for the page: saved by the command, read back whole."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from quality.report_types import Kind, PeriodReport
from store.models import StoredReport


@cache
def _adapter() -> TypeAdapter[PeriodReport]:
    return TypeAdapter(PeriodReport)


def report_document(report: PeriodReport) -> dict[str, Any]:
    """A report as JSON."""
    document: dict[str, Any] = _adapter().dump_python(report, mode="json")
    return document


def save_report(report: PeriodReport) -> None:
    """Keep a report in the place of an earlier one of the same time."""
    StoredReport.objects.update_or_create(
        name=report.name,
        defaults={"kind": report.kind.value, "document": report_document(report), "computed_at": timezone.now()},
    )


def report_named(name: str) -> PeriodReport | None:
    """A kept report; None where there is none, or where it is of an older version of the programme."""
    row = StoredReport.objects.filter(name=name).first()
    if row is None:
        return None
    try:
        return _adapter().validate_python(row.document)
    except ValidationError:
        return None


def reports_kept() -> list[tuple[str, str, Any]]:
    """Name, kind and time of every kept report, months first, the newest first."""
    rows = StoredReport.objects.order_by("kind", "-name").values_list("name", "kind", "computed_at")
    return list(rows)


def months_kept() -> list[str]:
    """Months of which a report is kept, the newest first."""
    rows = StoredReport.objects.filter(kind=Kind.MONTH.value).order_by("-name")
    return list(rows.values_list("name", flat=True))

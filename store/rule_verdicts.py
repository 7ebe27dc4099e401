"""What people said of each rule's findings, counted for the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count

from quality.verdicts import Precision, precision
from store.models import AddedViolation, Appeal, FindingVerdict, RuleNote


@dataclass(slots=True)
class RuleWords:
    """Verdicts on a rule: counts by verdict, reasons of rejections, missed ones, appeals that were upheld."""

    verdicts: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    upheld: int = 0

    @property
    def precision(self) -> Precision:
        """Share of judged hits that people confirmed, with its interval."""
        confirmed, rejected = self.verdicts.get("confirm", 0), self.verdicts.get("reject", 0)
        return precision(sum(self.verdicts.values()), confirmed, rejected)


def words_on_rules(since: datetime) -> dict[str, RuleWords]:
    """What people said since then, by rule."""
    found: dict[str, RuleWords] = {}
    rows = FindingVerdict.objects.filter(given_at__gte=since).order_by().values_list("rule", "verdict")
    for rule, verdict, count in rows.annotate(Count("id")):
        found.setdefault(rule, RuleWords()).verdicts[verdict] = count
    # What an appeal took away again was not missed.
    added = AddedViolation.objects.filter(review__submitted_at__gte=since).order_by().values_list("rule")
    added = added.exclude(pk__in=Appeal.objects.filter(outcome="upheld", added__isnull=False).values("added"))
    for rule, count in added.annotate(Count("id")):
        found.setdefault(rule, RuleWords()).missed = count
    upheld = Appeal.objects.filter(outcome="upheld", decided_at__gte=since, finding__isnull=False).order_by()
    for rule, count in upheld.values_list("rule").annotate(Count("id")):
        found.setdefault(rule, RuleWords()).upheld = count
    return found


def reasons_of(rule: str, since: datetime) -> list[tuple[str, int]]:
    """Why people rejected a rule's findings, the most frequent first."""
    rows = FindingVerdict.objects.filter(rule=rule, verdict="reject", given_at__gte=since).order_by()
    return list(rows.values_list("comment").annotate(count=Count("id")).order_by("-count")[:10])


def notes_on(rule: str) -> list[RuleNote]:
    """How a clause is to be read, the newest first."""
    return list(RuleNote.objects.filter(rule=rule).select_related("session").order_by("-at"))

"""Common errors as those who teach look at them: a month's, one over the months, its stretches, and good calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, FloatField, Max, OuterRef, Q, Subquery
from django.utils import timezone

from quality.types import Lane, Purpose
from quality.verdicts import Verdict, adjudicated, verdict_at
from store import month_reports
from store.calls import READ_AT_ONCE, between, newest_findings
from store.models import (
    Assessment,
    DrawnCall,
    ErrorCluster,
    Finding,
    NotAssessable,
    Recording,
    Review,
    RuleScope,
    Transcript,
)
from store.months import bounds_of_month
from store.stretches import StoredCluster
from store.verdicts import verdicts_of


@dataclass(frozen=True, slots=True)
class ErrorMonth:
    """One month of a common error."""

    month: str
    calls: int
    share: float


@dataclass(frozen=True, slots=True)
class ScopeOfRule:
    """Whose error the hits of a rule are, in one month; ``document`` is as a cluster's: scope, details, funnel."""

    rule: str
    calls: int
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaughtStretch:
    """One flagged stretch that may be played to others; seconds are of the recording."""

    finding_id: int
    recording_id: str
    call_id: str
    path: str
    agent_id: str
    agent_name: str
    team: str
    business_type: str
    started_at: datetime | None
    rule: str
    start_s: float
    end_s: float
    quote: str
    confirmed: bool


def months_looked_at() -> list[str]:
    """Months whose common errors were looked for, found or not, the latest first."""
    found = set(ErrorCluster.objects.values_list("month", flat=True))
    return sorted(found | set(month_reports.months(month_reports.CLUSTERS)), reverse=True)


def looked_at(month: str) -> tuple[Mapping[str, Any], datetime] | None:
    """How many calls and flagged stretches the search of a month had (``calls``, ``stretches``), and when it was."""
    kept = month_reports.of_month(month, month_reports.CLUSTERS)
    return (kept[0].document, kept[0].computed_at) if kept else None


def clusters_of(month: str) -> list[tuple[StoredCluster, datetime]]:
    """The common errors of a month, the heaviest first, with when they were found."""
    rows = ErrorCluster.objects.filter(month=month).order_by("-weight", "number")
    return [(_cluster(row), row.found_at) for row in rows]


def cluster_in(number: int, month: str = "") -> StoredCluster | None:
    """A common error in a month, or in the latest month that has it."""
    rows = ErrorCluster.objects.filter(number=number)
    row = (rows.filter(month=month) if month else rows).order_by("-month").first()
    return None if row is None else _cluster(row)


def _cluster(row: ErrorCluster) -> StoredCluster:
    fingerprint = tuple(row.fingerprint)
    return StoredCluster(row.month, row.number, row.name, row.quote, row.weight, row.calls, fingerprint, row.document)


def rule_hits(month: str) -> Iterator[tuple[str, str]]:
    """Recording and rule of every hit against an agent in a month's calls, once each, as the newest assessments say.

    Hits that people rejected are left out where all of the rule's in the call were.
    """
    rows = newest_findings(month).exclude(role="customer").order_by("assessment__recording", "rule")
    hits = list(rows.values_list("assessment__recording", "rule").distinct())
    words = verdicts_of({recording_id for recording_id, _ in hits})
    for recording_id, rule in hits:
        said = adjudicated(one for one in words.get(recording_id, ()) if one.rule == rule)
        if said is not Verdict.REJECT:
            yield recording_id, rule


def save_rule_scopes(month: str, scopes: Sequence[ScopeOfRule]) -> None:
    """Put a month's rules in the place of what an earlier run found, in one transaction."""
    now = timezone.now()
    with transaction.atomic():
        RuleScope.objects.filter(month=month).delete()
        RuleScope.objects.bulk_create(
            RuleScope(month=month, rule=one.rule, calls=one.calls, document=dict(one.document), found_at=now)
            for one in scopes
        )


def rule_scopes(month: str) -> list[ScopeOfRule]:
    """The rules of a month, the most frequent first."""
    rows = RuleScope.objects.filter(month=month).order_by("-calls", "rule")
    return [ScopeOfRule(row.rule, row.calls, row.document) for row in rows]


def rule_history(rule: str, until: str) -> list[ErrorMonth]:
    """Every month of a rule up to one, the earliest first."""
    rows = RuleScope.objects.filter(rule=rule, month__lte=until).order_by("month")
    return [ErrorMonth(row.month, row.calls, float(row.document["share"])) for row in rows]


def agent_names(agent_ids: Sequence[str]) -> dict[str, str]:
    """The name of each agent that has one."""
    rows = Recording.objects.filter(agent_id__in=agent_ids).exclude(agent_name="")
    return dict(rows.order_by().values_list("agent_id").annotate(Max("agent_name")))


def history_of(numbers: Sequence[int], until: str) -> dict[int, list[ErrorMonth]]:
    """Every month of these errors up to one, the earliest first; a month in which it was not found counts none."""
    rows = ErrorCluster.objects.filter(month__lte=until)
    months = sorted(set(rows.values_list("month", flat=True)))
    known: dict[int, dict[str, ErrorMonth]] = {}
    for row in rows.filter(number__in=numbers).only("month", "number", "calls", "document"):
        known.setdefault(row.number, {})[row.month] = ErrorMonth(row.month, row.calls, float(row.document["share"]))
    return {
        number: [own.get(month, ErrorMonth(month, 0, 0.0)) for month in months if month >= min(own)]
        for number, own in known.items()
    }


def taught_stretches(finding_ids: Sequence[int]) -> list[TaughtStretch]:
    """Findings in the given order, but those that people rejected since, and those of calls still to be heard blind.

    A reviewer who may be given such a call must not come across it here.
    """
    fields = (
        "id", "assessment__recording", "assessment__recording__call_id", "assessment__recording__path", "agent_id",
        "assessment__recording__agent_name", "assessment__recording__team", "assessment__recording__business_type",
        "assessment__recording__started_at", "rule", "start_s", "end_s", "quote",
    )  # fmt: skip
    rows: dict[int, tuple[Any, ...]] = {}
    for start in range(0, len(finding_ids), READ_AT_ONCE):
        some = Finding.objects.filter(id__in=finding_ids[start : start + READ_AT_ONCE])
        rows |= {row[0]: row for row in some.values_list(*fields)}
    recordings = {row[1] for row in rows.values()}
    words, withheld = verdicts_of(recordings), blind_calls(recordings)
    found = []
    for finding_id in finding_ids:
        row = rows.get(finding_id)
        if row is None or row[1] in withheld:
            continue
        verdict = verdict_at(words.get(row[1], ()), row[9], row[10], row[11])
        if verdict is not Verdict.REJECT:
            found.append(TaughtStretch(*row, verdict is Verdict.CONFIRM))
    return found


def blind_calls(recording_ids: Sequence[str] | set[str]) -> set[str]:
    """Those of these calls that the probability lane holds and nobody has reviewed yet."""
    ids = sorted(recording_ids)
    found: set[str] = set()
    for start in range(0, len(ids), READ_AT_ONCE):
        rows = Recording.objects.filter(id__in=ids[start : start + READ_AT_ONCE]).filter(_BLIND)
        found |= set(rows.values_list("id", flat=True))
    return found


_REVIEWED = Exists(Review.objects.filter(recording=OuterRef("pk"), purpose=Purpose.REVIEW.value))
_PICKED_BLIND = Exists(DrawnCall.objects.filter(recording=OuterRef("pk"), picked=True, lane=Lane.PROBABILITY.value))
_BLIND = Q(_PICKED_BLIND) & ~Q(_REVIEWED)


def calls_heard(recording_ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The newest stored call (speech turns and transcript) of each recording that has one."""
    newest = Transcript.objects.filter(recording__in=recording_ids).values("recording").annotate(newest=Max("id"))
    rows = Transcript.objects.filter(id__in=newest.values("newest")).values_list("recording", "call")
    yield from rows.iterator(chunk_size=100)


def recording_of(recording_id: str) -> Recording:
    """One recording."""
    return Recording.objects.get(id=recording_id)


def calls_without(month: str, rules: Sequence[str], business_type: str, limit: int) -> list[str]:
    """Recordings of a month in which none of these rules hit though all could be judged, the best first.

    Calls that a person has reviewed come before the others; calls still to be heard blind are not among them.
    """
    newest = Assessment.objects.filter(recording=OuterRef("pk")).order_by("-id")
    own = Recording.objects.filter(pk__in=between(*bounds_of_month(month)).values("pk"))
    if business_type:
        own = own.filter(business_type=business_type)
    rows = own.annotate(
        newest=Subquery(newest.values("id")[:1]),
        machine=Subquery(newest.values("score")[:1], output_field=FloatField()),
        heard=_REVIEWED,
    ).filter(machine__isnull=False)
    rows = rows.exclude(_BLIND)
    rows = rows.exclude(Exists(Finding.objects.filter(assessment=OuterRef("newest"), rule__in=rules)))
    rows = rows.exclude(Exists(NotAssessable.objects.filter(assessment=OuterRef("newest"), rule__in=rules)))
    return list(rows.order_by("-heard", "-machine", "id").values_list("id", flat=True)[:limit])

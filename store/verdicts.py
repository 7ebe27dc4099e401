"""What people say of findings: verdicts and appeals, added once, never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import Purpose
from quality.verdicts import AppealOutcome, DecidedAppeal, FindingVerdict, Verdict
from store import models
from store.calls import between

ROWS_AT_ONCE = 500


def record_verdict(
    finding_id: int,
    verdict: Verdict,
    reviewer: str,
    *,
    comment: str = "",
    source: str = "",
    given_at: datetime | None = None,
) -> int:
    """Add one person's word on a finding and return the row's id; an earlier word of the same person stays beside it.

    Args:
        finding_id: the finding.
        verdict: what is said.
        reviewer: who says it.
        comment: why, in the reviewer's words.
        source: by what way it came in, such as the page or an import.
        given_at: when; now by default.

    Raises:
        UsageError: there is no such finding, or nobody is named.
    """
    finding = _finding(finding_id, reviewer)
    row = models.FindingVerdict.objects.create(
        finding=finding,
        recording_id=finding.assessment.recording_id,
        rule=finding.rule,
        start_s=finding.start_s,
        end_s=finding.end_s,
        verdict=Verdict(verdict).value,
        reviewer=reviewer,
        comment=comment,
        source=source,
        given_at=given_at or timezone.now(),
    )
    return int(row.pk)


def file_appeal(finding_id: int, filed_by: str, reason: str = "", *, filed_at: datetime | None = None) -> int:
    """Open an appeal against a finding and return its id.

    Raises:
        UsageError: there is no such finding, nobody is named, or an appeal of that person against it is open.
    """
    finding = _finding(finding_id, filed_by)
    if models.Appeal.objects.filter(finding=finding, filed_by=filed_by, outcome="").exists():
        raise UsageError(f"finding {finding_id}: an appeal of {filed_by} is open already; expected one at a time.")
    row = models.Appeal.objects.create(
        finding=finding,
        recording_id=finding.assessment.recording_id,
        rule=finding.rule,
        start_s=finding.start_s,
        end_s=finding.end_s,
        filed_by=filed_by,
        reason=reason,
        filed_at=filed_at or timezone.now(),
    )
    return int(row.pk)


def decide_appeal(
    appeal_id: int, outcome: AppealOutcome, decided_by: str, reason: str = "", *, decided_at: datetime | None = None
) -> None:
    """Decide an open appeal, once.

    Raises:
        UsageError: there is no such appeal, it was decided before, or nobody is named.
    """
    if not decided_by.strip():
        raise UsageError("the appeal names nobody who decides; expected a name.")
    open_one = models.Appeal.objects.filter(id=appeal_id, outcome="")
    decided = open_one.update(
        outcome=AppealOutcome(outcome).value,
        decided_by=decided_by,
        decision_reason=reason,
        decided_at=decided_at or timezone.now(),
    )
    if not decided:
        known = models.Appeal.objects.filter(id=appeal_id).exists()
        what = "was decided before; a decision is never changed" if known else "is not known; expected an appeal's id"
        raise UsageError(f"appeal {appeal_id} {what}.")


def verdicts_of(recording_ids: Collection[str]) -> dict[str, list[FindingVerdict]]:
    """Every word on findings of these recordings, by recording; those without any are left out."""
    found: dict[str, list[FindingVerdict]] = {}
    ids = sorted(recording_ids)
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = models.FindingVerdict.objects.filter(recording__in=ids[start : start + ROWS_AT_ONCE])
        fields = ("recording_id", "rule", "start_s", "end_s", "verdict", "reviewer", "given_at")
        for recording_id, rule, start_s, end_s, verdict, reviewer, given_at in rows.order_by("id").values_list(*fields):
            one = FindingVerdict(recording_id, rule, start_s, end_s, Verdict(verdict), reviewer, given_at)
            found.setdefault(recording_id, []).append(one)
    return found


def decided_appeals() -> list[DecidedAppeal]:
    """Every decided appeal against a finding, the machine's or a person's, the oldest first; none against a score."""
    rows = models.Appeal.objects.exclude(rule="").exclude(outcome="").order_by("decided_at", "id")
    fields = (
        "recording_id",
        "recording__call_id",
        "rule",
        "start_s",
        "end_s",
        "outcome",
        "decision_reason",
        "decided_at",
        "added_id",
    )
    return [
        DecidedAppeal(*place, AppealOutcome(outcome), reason, decided_at, added_id is not None)
        for *place, outcome, reason, decided_at, added_id in rows.values_list(*fields)
    ]


def appealed_by_rater(begin: datetime, end: datetime) -> dict[str, tuple[int, int]]:
    """Decided appeals against findings of calls of a time, and how many were upheld, by who had let them stand.

    That is whoever confirmed the finding; where nobody had, who reviewed the call.
    """
    rows = models.Appeal.objects.exclude(outcome="").filter(recording__in=between(begin, end).values("id"))
    appeals = list(rows.values_list("finding_id", "recording_id", "outcome"))
    ids = sorted({recording_id for _, recording_id, _ in appeals})
    confirmed: dict[int, set[str]] = {}
    reviewed: dict[str, set[str]] = {}
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        words = models.FindingVerdict.objects.filter(recording__in=some, verdict=Verdict.CONFIRM.value)
        for finding_id, reviewer in words.values_list("finding_id", "reviewer"):
            confirmed.setdefault(finding_id, set()).add(reviewer)
        heard = models.Review.objects.filter(recording__in=some, purpose=Purpose.REVIEW.value)
        for recording_id, rater in heard.values_list("recording_id", "rater"):
            reviewed.setdefault(recording_id, set()).add(rater)
    counts: dict[str, tuple[int, int]] = {}
    for finding_id, recording_id, outcome in appeals:
        for rater in confirmed.get(finding_id or 0) or reviewed.get(recording_id, set()):
            appealed, upheld = counts.get(rater, (0, 0))
            counts[rater] = (appealed + 1, upheld + (outcome == AppealOutcome.UPHELD.value))
    return counts


def _finding(finding_id: int, person: str) -> models.Finding:
    if not person.strip():
        raise UsageError(f"finding {finding_id}: nobody is named; expected who speaks.")
    try:
        return models.Finding.objects.select_related("assessment").get(id=finding_id)
    except models.Finding.DoesNotExist:
        raise UsageError(f"finding {finding_id} is not known; expected the id of a stored finding.") from None

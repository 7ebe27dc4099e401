"""Appeals as the pages use them: what an agent may still appeal, what is open, and what a decision changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import Purpose
from quality.verdicts import AppealOutcome
from store import models, webhooks


@dataclass(frozen=True, slots=True)
class Target:
    """What is appealed: a finding of the machine, a violation that the reviewer added, or with neither the score."""

    finding_id: int | None = None
    added_id: int | None = None


def last_review(recording_id: str) -> models.Review | None:
    """The review of a call that counts for its agent now."""
    rows = models.Review.objects.filter(recording=recording_id, purpose=Purpose.REVIEW.value)
    return rows.order_by("-submitted_at", "-id").first()


def reviews_of_agent(agent_id: str) -> QuerySet[models.Review]:
    """The reviews of an agent's calls, the newest first."""
    rows = models.Review.objects.filter(recording__agent_id=agent_id, purpose=Purpose.REVIEW.value)
    return rows.select_related("recording").order_by("-submitted_at", "-id")


def deadline(review: models.Review, days: int) -> datetime:
    """Until when a review may be appealed; a correction after an appeal opens no new time."""
    first = models.Review.objects.filter(recording=review.recording_id, purpose=Purpose.REVIEW.value)
    began = first.order_by("submitted_at").values_list("submitted_at", flat=True).first()
    return (began or review.submitted_at) + timedelta(days=days)


def file(review: models.Review, target: Target, filed_by: str, reason: str, days: int) -> models.Appeal:
    """Open an appeal.

    Raises:
        UsageError: the time is over, no reason is given, what is appealed is not of this call, or it is being appealed.
    """
    now = timezone.now()
    if now > deadline(review, days):
        raise UsageError(f"the {days} days in which this review may be appealed are over.")
    if not reason.strip():
        raise UsageError("an appeal needs a reason.")
    with transaction.atomic():
        # Two clicks at once must not open two appeals: the call's row is held meanwhile.
        models.Recording.objects.select_for_update().filter(id=review.recording_id).first()
        row = _row(review, target)
        same = models.Appeal.objects.filter(
            recording=review.recording_id, finding=row.finding, added=row.added, filed_by=filed_by
        )
        if same.exists():
            raise UsageError("this has been appealed before; a decision is final.")
        row.filed_by, row.reason, row.filed_at = filed_by, reason.strip()[:2000], now
        row.save()
    return row


def _row(review: models.Review, target: Target) -> models.Appeal:
    row = models.Appeal(recording_id=review.recording_id, review=review, rule="", start_s=0.0, end_s=0.0)
    place: models.Finding | models.AddedViolation | None = None
    if target.finding_id is not None:
        findings = models.Finding.objects.filter(assessment__recording=review.recording_id)
        place = row.finding = findings.filter(id=target.finding_id).first()
    elif target.added_id is not None:
        added = models.AddedViolation.objects.filter(recording=review.recording_id, id=target.added_id)
        place = row.added = added.first()
    else:
        return row
    if place is None:
        raise UsageError("what is appealed is not of this call.")
    row.rule, row.start_s, row.end_s = place.rule, place.start_s, place.end_s
    return row


def decide(
    appeal_id: int, outcome: AppealOutcome, decided_by: str, reason: str, corrected: models.Review | None = None
) -> bool:
    """Decide an open appeal once, with the corrected review where it changes the score; False when it was decided.

    Raises:
        UsageError: no reason is given.
    """
    if not reason.strip():
        raise UsageError("a decision needs a reason.")
    with transaction.atomic():
        rows = models.Appeal.objects.filter(id=appeal_id, outcome="")
        done = rows.update(
            outcome=outcome.value,
            decided_by=decided_by,
            decision_reason=reason.strip()[:2000],
            decided_at=timezone.now(),
        )
        if done and corrected is not None:
            corrected.save()
            webhooks.announce(webhooks.VERDICT_FINAL, webhooks.review_payload(corrected))
    return done == 1


def open_appeals() -> QuerySet[models.Appeal]:
    """Appeals that wait for a decision, the oldest first."""
    return _with_parts(models.Appeal.objects.filter(outcome="")).order_by("filed_at", "id")


def decided(limit: int) -> QuerySet[models.Appeal]:
    """The appeals that were decided last."""
    return _with_parts(models.Appeal.objects.exclude(outcome="")).order_by("-decided_at", "-id")[:limit]


def _with_parts(rows: QuerySet[models.Appeal]) -> QuerySet[models.Appeal]:
    return rows.select_related("recording", "finding", "added", "review")

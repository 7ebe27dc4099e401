"""One person's work on one call: events that are only ever added, and what is stored when they submit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import Purpose
from quality.verdicts import Verdict
from store import models, webhooks
from store.busy import again_when_busy


class StaleSittingError(UsageError):
    """Somebody (another tab) has gone on with the sitting since the page was read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done."""

    number: int
    kind: str
    payload: Mapping[str, Any]
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Who does it, and from where."""

    person: str
    address: str = ""
    agent_string: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a sitting comes to, ready to be stored.

    ``verdicts`` are (finding id, verdict, comment), ``added`` and ``corrections`` values of the rows' columns.
    """

    score: float | None
    fatal: bool
    deductions: Mapping[str, float]
    verdicts: Sequence[tuple[int, Verdict, str]]
    added: Sequence[Mapping[str, Any]]
    corrections: Sequence[Mapping[str, Any]]


def open_sitting(
    recording_id: str,
    assessment_id: int | None,
    user: Any,
    *,
    blind: bool,
    purpose: Purpose = Purpose.REVIEW,
    session: str = "",
) -> models.Sitting:
    """The sitting that a person has open on a call, a new one where there is none."""
    sitting, _ = models.Sitting.objects.get_or_create(
        recording_id=recording_id,
        reviewer=user,
        purpose=purpose.value,
        session=session,
        submitted_at=None,
        defaults={"assessment_id": assessment_id, "blind": blind, "started_at": timezone.now()},
    )
    return sitting


def newest_sitting(
    recording_id: str, user: Any, purpose: Purpose = Purpose.REVIEW, session: str = ""
) -> models.Sitting | None:
    """A person's last sitting on a call, open or submitted."""
    rows = models.Sitting.objects.filter(recording=recording_id, reviewer=user, purpose=purpose.value, session=session)
    return rows.order_by("-id").first()


def events_of(sitting: models.Sitting) -> list[Event]:
    """Everything that was done in a sitting, in order."""
    fields = ("number", "kind", "payload", "person", "at")
    rows = models.SittingEvent.objects.filter(sitting=sitting).order_by("number").values_list(*fields)
    return [Event(*row) for row in rows]


@again_when_busy
def add_event(
    sitting: models.Sitting, seen_version: int, kind: str, payload: Mapping[str, Any], origin: Origin
) -> Event:
    """Add one event to an open sitting.

    Args:
        sitting: the sitting.
        seen_version: number of the last event that the person had seen.
        kind: what was done.
        payload: its particulars.
        origin: who, and from where.

    Raises:
        StaleSittingError: another tab was quicker, or the sitting is submitted.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            rows = models.Sitting.objects.filter(id=sitting.id, version=seen_version, submitted_at__isnull=True)
            if not rows.update(version=F("version") + 1):
                raise StaleSittingError("another tab has gone on with this call; read it again.")
            event = models.SittingEvent.objects.create(
                sitting=sitting,
                number=seen_version + 1,
                kind=kind,
                payload=dict(payload),
                person=origin.person,
                address=origin.address[:64],
                agent_string=origin.agent_string[:200],
                at=now,
            )
    except IntegrityError as error:
        raise StaleSittingError("another tab has gone on with this call; read it again.") from error
    sitting.version = seen_version + 1
    return Event(event.number, event.kind, event.payload, event.person, event.at)


@again_when_busy
def add_listened(sitting_id: int, seconds: float) -> None:
    """Count seconds of playing time."""
    models.Sitting.objects.filter(id=sitting_id, submitted_at__isnull=True).update(
        listened_s=F("listened_s") + max(0.0, seconds)
    )


@again_when_busy
def submit(sitting: models.Sitting, seen_version: int, result: Submission, origin: Origin) -> models.Review:
    """Store what a sitting comes to, all of it or nothing: the review, its verdicts, what was added and corrected.

    Raises:
        StaleSittingError: another tab was quicker, or it was submitted before.
    """
    with transaction.atomic():
        add_event(sitting, seen_version, "submit", {}, origin)
        now = timezone.now()
        sitting.refresh_from_db()
        review = models.Review.objects.create(
            recording_id=sitting.recording_id,
            rater=origin.person,
            purpose=sitting.purpose,
            session=sitting.session,
            score=result.score,
            fatal=result.fatal,
            deductions=dict(result.deductions),
            blind=sitting.blind,
            listened_s=round(sitting.listened_s, 1),
            submitted_at=now,
            source="page",
            recorded_at=now,
        )
        findings = models.Finding.objects.in_bulk([finding_id for finding_id, _, _ in result.verdicts])
        models.FindingVerdict.objects.bulk_create(
            models.FindingVerdict(
                finding=findings[finding_id],
                recording_id=sitting.recording_id,
                rule=findings[finding_id].rule,
                start_s=findings[finding_id].start_s,
                end_s=findings[finding_id].end_s,
                verdict=verdict.value,
                reviewer=origin.person,
                comment=comment,
                source="page",
                given_at=now,
            )
            for finding_id, verdict, comment in result.verdicts
        )
        models.AddedViolation.objects.bulk_create(
            models.AddedViolation(review=review, recording_id=sitting.recording_id, **item) for item in result.added
        )
        models.LineCorrection.objects.bulk_create(
            models.LineCorrection(
                review=review, recording_id=sitting.recording_id, person=origin.person, at=now, **item
            )
            for item in result.corrections
        )
        sitting.submitted_at = now
        sitting.review = review
        sitting.save(update_fields=["submitted_at", "review"])
        if sitting.purpose == Purpose.REVIEW.value:
            webhooks.announce(webhooks.VERDICT_FINAL, webhooks.review_payload(review))
    return review


def record_reveal(recording_id: str, origin: Origin, *, before_review: bool, reason: str = "") -> None:
    """Note that a person sees what the machine says of a blind call."""
    models.Reveal.objects.create(
        recording_id=recording_id,
        person=origin.person,
        before_review=before_review,
        reason=reason,
        address=origin.address[:64],
        at=timezone.now(),
    )


def revealed_to(recording_id: str, person: str) -> bool:
    """Whether a person has seen what the machine says of this blind call."""
    return models.Reveal.objects.filter(recording=recording_id, person=person).exists()

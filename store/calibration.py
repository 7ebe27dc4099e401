"""Calibration sessions: several raters score the same calls blind; the standard score; what is compared afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import Purpose
from store import models


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's word on one call of a session."""

    recording_id: str
    rater: str
    score: float | None
    fatal: bool
    deductions: dict[str, float]


def create(
    name: str, created_by: str, recording_ids: Sequence[str], raters: Sequence[Any], tolerance: float
) -> models.CalibrationSession:
    """Set a session up.

    Raises:
        UsageError: the name is taken or empty, or there is no call or no rater.
    """
    if not name.strip() or not recording_ids or not raters:
        raise UsageError("a session needs a name, at least one call and at least one rater.")
    if not 0 < tolerance <= 100:
        raise UsageError("the tolerance is in points of the score; expected more than 0 and at most 100.")
    try:
        with transaction.atomic():
            session = models.CalibrationSession.objects.create(
                name=name.strip()[:100], created_by=created_by, created_at=timezone.now(), tolerance=tolerance
            )
            models.CalibrationCall.objects.bulk_create(
                models.CalibrationCall(session=session, recording_id=recording_id)
                for recording_id in dict.fromkeys(recording_ids)
            )
            session.raters.set(raters)
    except IntegrityError as error:
        raise UsageError(f"there is a session {name.strip()!r} already; expected another name.") from error
    return session


def may_rate(session: models.CalibrationSession, user: Any, recording_id: str) -> bool:
    """Whether a person scores this call in this session."""
    return (
        session.raters.filter(pk=user.pk).exists()
        and models.CalibrationCall.objects.filter(session=session, recording=recording_id).exists()
    )


def ratings(session: models.CalibrationSession) -> list[Rating]:
    """Every rater's last word on every call of a session."""
    rows = models.Review.objects.filter(purpose=Purpose.CALIBRATION.value, session=session.name).order_by("id")
    last = {
        (row[0], row[1]): Rating(*row)
        for row in rows.values_list("recording_id", "rater", "score", "fatal", "deductions")
    }
    return list(last.values())


def set_standard(
    call: models.CalibrationCall, decided_by: str, score: float, deductions: dict[str, float], discussion: str
) -> None:
    """Store the score that a session agreed on for one call; a later one takes its place.

    Raises:
        UsageError: the score is out of range, or nothing was written down.
    """
    if not 0 <= score <= 100:
        raise UsageError("the standard score lies between 0 and 100.")
    now = timezone.now()
    with transaction.atomic():
        call.standard = models.Review.objects.create(
            recording_id=call.recording_id,
            rater=decided_by,
            purpose=Purpose.STANDARD.value,
            session=call.session.name,
            score=score,
            fatal=score == 0 and any(points >= 100 for points in deductions.values()),
            deductions=deductions,
            blind=False,
            submitted_at=now,
            source="page",
            recorded_at=now,
        )
        call.discussion = discussion.strip()[:4000]
        call.save(update_fields=["standard", "discussion"])


def add_note(
    session: models.CalibrationSession | None, rulebook: str, rule: str, text: str, person: str
) -> models.RuleNote:
    """Write down how a clause is to be read.

    Raises:
        UsageError: nothing is written.
    """
    if not text.strip():
        raise UsageError("the note is empty.")
    return models.RuleNote.objects.create(
        rulebook=rulebook, rule=rule, text=text.strip()[:2000], person=person, session=session, at=timezone.now()
    )

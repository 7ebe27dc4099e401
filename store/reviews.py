"""What people said of calls: recorded once, never changed, read by the month of the call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import MonthCall, Purpose, Review, ReviewedCall
from store import models, webhooks
from store.calls import between, month_calls_by_id
from store.months import bounds_of_month

ROWS_AT_ONCE = 500


def record_review(review: Review, source: str = "") -> bool:
    """Store one review; False when this very submission was stored before.

    Raises:
        UsageError: there is no such recording.
    """
    return record_reviews([review], source) == 1


def record_reviews(reviews: Sequence[Review], source: str = "") -> int:
    """Store reviews, all or none; return how many were new.

    A submission is known by recording, rater, purpose, session and time, so the same file can be imported again.

    Raises:
        UsageError: a review speaks of a recording that does not exist.
    """
    with transaction.atomic():
        wanted = {review.recording_id for review in reviews}
        known: set[str] = set()
        stored: set[tuple[object, ...]] = set()
        for some in _chunks(sorted(wanted)):
            known.update(models.Recording.objects.filter(id__in=some).values_list("id", flat=True))
            rows = models.Review.objects.filter(recording__in=some)
            stored.update(rows.values_list("recording_id", "rater", "purpose", "session", "submitted_at"))
        missing = sorted(wanted - known)
        if missing:
            raise UsageError(
                f"review of recording {missing[0]!r}: there is no such recording ({len(missing)} such in all); "
                f"expected recordings that a nightly run has found."
            )
        now = timezone.now()
        new = []
        for review in reviews:
            key = (review.recording_id, review.rater, review.purpose.value, review.session, review.submitted_at)
            if key not in stored:
                stored.add(key)
                new.append(_row(review, source, now))
        models.Review.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
        _tell([row for row in new if row.purpose == Purpose.REVIEW.value])
    return len(new)


def _tell(rows: Sequence[models.Review]) -> None:
    """Have the centre's systems told of reviews that count."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        recordings = models.Recording.objects.in_bulk({row.recording_id for row in some})
        for row in some:
            row.recording = recordings[row.recording_id]
        webhooks.announce_all(webhooks.VERDICT_FINAL, [webhooks.review_payload(row) for row in some])


def reviews_of_month(
    month: str, *, purposes: Collection[Purpose] = (Purpose.REVIEW,), every_version: bool = False
) -> Iterator[ReviewedCall]:
    """Reviews of the calls of a month (``YYYY-MM``, by the call's time), each with its call and how it was drawn.

    Args:
        month: the month.
        purposes: which kinds of review.
        every_version: also those that the same rater corrected by a later one; else the last word only.

    Yields:
        In order of call time, recording, rater and submission.
    """
    begin, end = bounds_of_month(month)
    rows = models.Review.objects.filter(purpose__in=[purpose.value for purpose in purposes])
    calls = month_calls_by_id(begin, end, reviewed_only=True)
    found = list(_in_month(rows, calls))
    if not every_version:
        last = {
            (row.recording_id, row.rater, row.purpose, row.session): row
            for row in sorted(found, key=lambda row: (row.submitted_at, row.id))
        }
        found = list(last.values())
    found.sort(key=lambda row: (calls[row.recording_id].started_at, row.recording_id, row.rater, row.submitted_at))
    for row in found:
        yield ReviewedCall(_review(row), calls[row.recording_id])


def reviewed_recordings(month: str) -> set[str]:
    """The recordings of a month's calls that somebody has reviewed for the agent's score."""
    calls = between(*bounds_of_month(month)).values("id")
    rows = models.Review.objects.filter(recording__in=calls, purpose=Purpose.REVIEW.value)
    return set(rows.values_list("recording_id", flat=True))


def _in_month(rows: QuerySet[models.Review], calls: dict[str, MonthCall]) -> Iterator[models.Review]:
    for some in _chunks(sorted(calls)):
        yield from rows.filter(recording__in=some)


def _row(review: Review, source: str, now: object) -> models.Review:
    return models.Review(
        recording_id=review.recording_id,
        rater=review.rater,
        purpose=review.purpose.value,
        session=review.session,
        score=review.score,
        fatal=review.fatal,
        deductions=dict(review.deductions),
        blind=review.blind,
        listened_s=review.listened_s,
        submitted_at=review.submitted_at,
        source=source,
        recorded_at=now,
    )


def _review(row: models.Review) -> Review:
    return Review(
        recording_id=row.recording_id,
        rater=row.rater,
        submitted_at=row.submitted_at,
        score=row.score,
        fatal=row.fatal,
        deductions=row.deductions,
        blind=row.blind,
        purpose=Purpose(row.purpose),
        session=row.session,
        listened_s=row.listened_s,
    )


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield items[start : start + ROWS_AT_ONCE]

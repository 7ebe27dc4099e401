"""Which calls are still to be heard without the machine's result: picked at random, and nobody's review is in."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from quality.types import Lane, Purpose
from store.models import DrawnCall, QueueItem, Review

Rows = TypeVar("Rows", bound=Model)


def withheld_among(recording_ids: Collection[str]) -> set[str]:
    """Those of some recordings whose machine result is withheld from whoever may yet hear them."""
    heard = Review.objects.filter(recording=OuterRef("recording"), purpose=Purpose.REVIEW.value)
    lane = Lane.PROBABILITY.value
    found: set[str] = set()
    for rows in (DrawnCall.objects.filter(picked=True, lane=lane), QueueItem.objects.filter(lane=lane)):
        mine = rows.filter(~Exists(heard), recording__in=list(recording_ids))
        found.update(mine.values_list("recording_id", flat=True))
    return found


def without_withheld(rows: QuerySet[Rows], recording: str) -> QuerySet[Rows]:
    """Rows whose recording (named by its column) is not withheld."""
    heard = Review.objects.filter(recording=OuterRef(recording), purpose=Purpose.REVIEW.value)
    lane = Lane.PROBABILITY.value
    drawn = DrawnCall.objects.filter(recording=OuterRef(recording), picked=True, lane=lane)
    queued = QueueItem.objects.filter(recording=OuterRef(recording), lane=lane)
    return rows.filter(Exists(heard) | (~Exists(drawn) & ~Exists(queued)))

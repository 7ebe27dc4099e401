"""The queue of calls that people hear: filled from the draw, claimed by leases, counted against the plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from pipeline.errors import UsageError
from quality.types import Lane, Purpose
from store.busy import again_when_busy
from store.models import Assessment, DrawnCall, HandPick, QueueItem, Review, ReviewerPlan
from store.months import midnight

ROWS_AT_ONCE = 500
PRIORITIES = {Lane.MUST: 10, Lane.PROBABILITY: 20, Lane.RISK: 30, Lane.HAND: 40}
"""What is heard first: what a rule demands, then the random sample on which the estimates rest."""
CANDIDATES = 8
"""Items looked at when others claim at the same moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A day's work: calls done and planned; ``planned`` is None where nobody made a plan."""

    done: int
    planned: int | None

    @property
    def percent(self) -> int:
        """Share done in percent, at most 100; 0 without a plan."""
        return 0 if not self.planned else min(100, round(100 * self.done / self.planned))


def fill_queue() -> int:
    """Put everything that was drawn or picked by hand into the queue, once; return how many calls are new in it.

    Calls whose review came in by another way are left out.
    """
    heard = Review.objects.filter(recording=OuterRef("recording"), purpose=Purpose.REVIEW.value)
    drawn = DrawnCall.objects.filter(~Exists(heard), picked=True, recording__queue_item__isnull=True)
    picked = HandPick.objects.filter(~Exists(heard), recording__queue_item__isnull=True)
    added = 0
    while rows := list(drawn.select_related("recording")[:ROWS_AT_ONCE]):
        added += _enqueue({row.recording_id: (row.recording, Lane(row.lane), "") for row in rows})
    while rows_by_hand := list(picked.select_related("recording").order_by("id")[:ROWS_AT_ONCE]):
        added += _enqueue({row.recording_id: (row.recording, Lane.HAND, row.reason) for row in rows_by_hand})
    return added


def _enqueue(wanted: Mapping[str, tuple[Any, Lane, str]]) -> int:
    now = timezone.now()
    reasons: dict[str, str] = {}
    must = [recording_id for recording_id, (_, lane, _reason) in wanted.items() if lane is Lane.MUST]
    newest = Assessment.objects.filter(recording__in=must).order_by("id")
    for recording_id, route in newest.values_list("recording_id", "own_document__route"):
        reasons[recording_id] = "；".join((route or {}).get("reasons", ())[:3])
    risky = [recording_id for recording_id, (_, lane, _reason) in wanted.items() if lane is Lane.RISK]
    scored = Assessment.objects.filter(recording__in=risky, score__isnull=False).order_by("id")
    for recording_id, score in scored.values_list("recording_id", "score"):
        reasons[recording_id] = f"机器 {score:.4g} 分"
    items = [
        QueueItem(
            recording=recording,
            call_id=recording.call_id,
            lane=lane.value,
            reason=reason or reasons.get(recording_id, ""),
            priority=PRIORITIES[lane],
            agent_id=recording.agent_id,
            agent_name=recording.agent_name,
            team=recording.team,
            business_type=recording.business_type,
            duration_s=recording.duration_s,
            started_at=recording.started_at,
            queued_at=now,
        )
        for recording_id, (recording, lane, reason) in wanted.items()
    ]
    before = QueueItem.objects.filter(recording__in=list(wanted)).count()
    QueueItem.objects.bulk_create(items, ignore_conflicts=True)
    return QueueItem.objects.filter(recording__in=list(wanted)).count() - before


def open_items() -> QuerySet[QueueItem]:
    """What is still to be heard, in the order in which it is."""
    return QueueItem.objects.filter(done_at__isnull=True).order_by("priority", "queued_at", "id")


def _free(user: Any, now: datetime) -> Q:
    nobody = Q(claimed_by__isnull=True) | Q(lease_until__lt=now) | Q(claimed_by=user)
    return nobody & (Q(reserved_for__isnull=True) | Q(reserved_for=user))


@again_when_busy
def claim_next(user: Any, lease: timedelta, filters: Mapping[str, str] | None = None) -> QueueItem | None:
    """Take the next call that is free, for so long; the call in hand comes first. None when there is nothing.

    Two people never get the same call: the row is locked where the database can, and taken by an update that asks
    once more whether it is free.

    Args:
        user: who claims.
        lease: for how long without a sign of life.
        filters: values that columns must have, such as ``{"team": "A"}``.
    """
    now = timezone.now()
    mine = open_items().filter(claimed_by=user, lease_until__gte=now).first()
    if mine is not None:
        QueueItem.objects.filter(id=mine.id, claimed_by=user).update(lease_until=now + lease)
        return mine
    with transaction.atomic():
        rows = open_items().filter(_free(user, now), **(filters or {}))
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        # What was handed to this person is theirs to do first.
        for item in sorted(rows[:CANDIDATES], key=lambda one: one.reserved_for_id is None):
            if _take(item.id, user, now, lease):
                return QueueItem.objects.get(id=item.id)
    return None


@again_when_busy
def claim(item_id: int, user: Any, lease: timedelta) -> bool:
    """Take one certain call; False when another person has it or it is done."""
    return _take(item_id, user, timezone.now(), lease)


def _take(item_id: int, user: Any, now: datetime, lease: timedelta) -> bool:
    rows = QueueItem.objects.filter(_free(user, now), id=item_id, done_at__isnull=True)
    return rows.update(claimed_by=user, lease_until=now + lease) == 1


@again_when_busy
def renew(recording_id: str, user: Any, lease: timedelta) -> bool:
    """Keep a call in hand for longer; False when somebody else has it now.

    A lease that ran out while nobody else wanted the call is taken up again.
    """
    now = timezone.now()
    rows = QueueItem.objects.filter(_free(user, now), recording=recording_id, done_at__isnull=True)
    return rows.filter(claimed_by=user).update(lease_until=now + lease) == 1


@again_when_busy
def release(item_id: int, user: Any, *, anybody: bool = False) -> bool:
    """Give a call back; with ``anybody`` also another person's."""
    rows = QueueItem.objects.filter(id=item_id, done_at__isnull=True)
    if not anybody:
        rows = rows.filter(claimed_by=user)
    return rows.update(claimed_by=None, lease_until=None, reserved_for=None) == 1


@again_when_busy
def hand_over(item_id: int, user: Any, to: Any, *, anybody: bool = False) -> bool:
    """Keep a call for another person, who finds it first; with ``anybody`` also one that another has in hand."""
    rows = QueueItem.objects.filter(id=item_id, done_at__isnull=True)
    if not anybody:
        rows = rows.filter(claimed_by=user)
    return rows.update(claimed_by=None, lease_until=None, reserved_for=to) == 1


def holds(recording_id: str, user: Any) -> bool:
    """Whether a person has this call in hand now."""
    rows = QueueItem.objects.filter(recording=recording_id, claimed_by=user, done_at__isnull=True)
    return rows.filter(lease_until__gte=timezone.now()).exists()


@again_when_busy
def finish(recording_id: str, user: Any) -> bool:
    """Take a call off the queue as done; False when it is not in this person's hands."""
    rows = QueueItem.objects.filter(recording=recording_id, done_at__isnull=True, claimed_by=user)
    return rows.update(done_at=timezone.now(), done_by=user, lease_until=None) == 1


def pick(recording_id: str, user: Any, reason: str) -> QueueItem:
    """Put a call into the queue that a person chose.

    Raises:
        UsageError: it is there already.
    """
    if QueueItem.objects.filter(recording=recording_id).exists():
        raise UsageError("the call is in the queue already, or was.")
    HandPick.objects.get_or_create(
        recording_id=recording_id,
        picked_by=user.get_username(),
        defaults={"reason": reason, "picked_at": timezone.now()},
    )
    fill_queue()
    return QueueItem.objects.get(recording=recording_id)


def lanes_left() -> dict[str, int]:
    """How many calls of each lane are still to be heard."""
    return dict(open_items().order_by().values_list("lane").annotate(Count("id")))


def values_left(column: str, most: int = 200) -> list[str]:
    """The different values of a column of the open items, for the filters, in order; not more than ``most``."""
    rows = open_items().order_by(column).exclude(**{column: ""}).values_list(column, flat=True)
    return list(rows.distinct()[:most])


def progress(day: date, user: Any) -> tuple[Progress, Progress]:
    """What a person and everybody have done of a day's plan."""
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    done = QueueItem.objects.filter(done_at__gte=begin, done_at__lt=end).aggregate(
        mine=Count("id", filter=Q(done_by=user)), everybody=Count("id")
    )
    planned = ReviewerPlan.objects.filter(day=day).aggregate(
        mine=Sum("calls", filter=Q(reviewer=user.get_username())), everybody=Sum("calls")
    )
    return Progress(done["mine"], planned["mine"]), Progress(done["everybody"], planned["everybody"])


def team_progress(day: date) -> list[tuple[str, int, int | None]]:
    """Each reviewer's calls done and planned on a day, the busiest first."""
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    rows = QueueItem.objects.filter(done_at__gte=begin, done_at__lt=end, done_by__isnull=False)
    done = dict(rows.values_list("done_by__username").annotate(Count("id")))
    plans = dict(ReviewerPlan.objects.filter(day=day).values_list("reviewer", "calls"))
    names = sorted({*done, *plans}, key=lambda name: (-done.get(name, 0), name))
    return [(name, done.get(name, 0), plans.get(name)) for name in names]

"""Telling the centre's systems: messages are written with what they tell of, and delivered afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from store.api_tables import Webhook, WebhookMessage

ROWS_AT_ONCE = 500
NIGHT_FINISHED, VERDICT_FINAL = "night.finished", "verdict.final"
_WANTED = {NIGHT_FINISHED: "night_finished", VERDICT_FINAL: "verdict_final"}

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 24
"""The waits double from 15 s to 6 h: about three and a half days in all, so that a weekend's outage loses nothing."""
IN_WORK_FOR = timedelta(minutes=2)
"""A message taken for delivery is not taken by anybody else meanwhile; who dies with it delays it by so much."""


@dataclass(frozen=True, slots=True)
class Due:
    """One message to be delivered now."""

    id: str
    url: str
    secret: str
    event: str
    payload: Mapping[str, Any]
    created_at: str
    attempts: int


def announce(event: str, payload: Mapping[str, Any]) -> int:
    """Write a message for every address that wants to know; inside the caller's transaction. Returns how many."""
    return announce_all(event, [payload])


def announce_all(event: str, payloads: Sequence[Mapping[str, Any]]) -> int:
    """The same for many at once, in their order."""
    now = timezone.now()
    hooks = list(Webhook.objects.filter(active=True, **{_WANTED[event]: True}).values_list("id", flat=True))
    rows = [
        WebhookMessage(webhook_id=hook, event=event, payload=dict(payload), created_at=now, next_try_at=now)
        for payload in payloads
        for hook in hooks
    ]
    WebhookMessage.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
    return len(rows)


def take_due(limit: int = 20) -> list[Due]:
    """Messages whose time has come, taken so that nobody else delivers them meanwhile."""
    now = timezone.now()
    rows = WebhookMessage.objects.filter(next_try_at__lte=now, webhook__active=True).select_related("webhook")
    taken = []
    for row in rows.order_by("next_try_at")[:limit]:
        mine = WebhookMessage.objects.filter(pk=row.pk, next_try_at=row.next_try_at)
        if mine.update(next_try_at=now + IN_WORK_FOR, attempts=row.attempts + 1):
            hook = row.webhook
            at = row.created_at.isoformat()
            taken.append(Due(str(row.pk), hook.url, hook.secret, row.event, row.payload, at, row.attempts + 1))
    return taken


def delivered(message_id: str) -> None:
    """Note that a message has arrived."""
    WebhookMessage.objects.filter(pk=message_id).update(delivered_at=timezone.now(), next_try_at=None, last_error="")


def not_delivered(message_id: str, attempts: int, error: str) -> None:
    """Note that a message has not arrived; it is tried again later, or given up after the last attempt."""
    now = timezone.now()
    rows = WebhookMessage.objects.filter(pk=message_id)
    if attempts >= MOST_ATTEMPTS:
        rows.update(next_try_at=None, given_up_at=now, last_error=error[:200])
    else:
        rows.update(next_try_at=now + wait_after(attempts), last_error=error[:200])


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20))


def try_again(message_ids: list[Any]) -> int:
    """Make messages that were given up due now, from their first attempt on."""
    rows = WebhookMessage.objects.filter(pk__in=message_ids, delivered_at__isnull=True)
    return rows.update(next_try_at=timezone.now(), given_up_at=None, attempts=0)


def review_payload(review: Any) -> dict[str, Any]:
    """What is told of a review that counts: numbers and names of the centre's own, no word that was spoken."""
    return {
        "review_id": review.pk,
        "recording_id": review.recording_id,
        "call_id": review.recording.call_id,
        "agent_id": review.recording.agent_id,
        "score": review.score,
        "fatal": review.fatal,
        "deductions": {rule: points for rule, points in review.deductions.items() if points},
        "rater": review.rater,
        "blind": review.blind,
        # Of an import the name of its file stays inside.
        "source": "import" if review.source.startswith("import ") else review.source,
        "submitted_at": review.submitted_at.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Address:
    """One address with what became of its messages."""

    name: str
    url: str
    events: tuple[str, ...]
    active: bool
    delivered: int
    waiting: int
    given_up: int
    last_error: str

    def to_document(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "events": list(self.events)}


def addresses() -> list[Address]:
    """Every address by name."""
    rows = Webhook.objects.order_by("name").annotate(
        arrived=Count("messages", filter=Q(messages__delivered_at__isnull=False)),
        waiting=Count("messages", filter=Q(messages__next_try_at__isnull=False)),
        given_up=Count("messages", filter=Q(messages__given_up_at__isnull=False)),
    )
    found = []
    for row in rows:
        trouble = row.messages.exclude(last_error="").order_by("-created_at").values_list("last_error", flat=True)
        events = tuple(event for event, column in _WANTED.items() if getattr(row, column))
        counts = (row.arrived, row.waiting, row.given_up)
        found.append(Address(row.name, row.url, events, row.active, *counts, trouble.first() or ""))
    return found

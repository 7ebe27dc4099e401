"""The queue and verdicts: what people are to hear, and what they say of findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from ninja.errors import HttpError

from quality.verdicts import Verdict
from review.api import schemas
from review.api.access import needs, system_name
from review.api.pages import chosen, page_of
from store import models, queue, verdicts
from store.blindness import withheld_among

queue_router = Router(tags=["queue"])
verdict_router = Router(tags=["verdicts"])
Answer = Mapping[str, Any]


class _System:
    """Stands where the queue wants to know who picked."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_username(self) -> str:
        return self.name


@queue_router.get("", response=schemas.QueuePage, summary="Calls that people are to hear")
@needs("judge_calls", "manage_queue")
def items(request: HttpRequest, query: Query[schemas.QueueQuery]) -> Answer:
    """Items in the order in which they came; ``state`` says whether open ones (the default), done ones or all."""
    rows = models.QueueItem.objects.select_related("claimed_by", "done_by")
    rows = chosen(rows, lane=query.lane, team=query.team)
    if query.state != "all":
        rows = rows.filter(done_at__isnull=query.state == "open")
    found, following = page_of(rows, query.after, query.limit)
    return {"items": [_item(row) for row in found], "next": following}


@queue_router.post("", response={201: schemas.QueueRow}, summary="Put a call into the queue")
@needs("manage_queue")
def add(request: HttpRequest, body: schemas.QueueRequest) -> Status[Answer]:
    """By hand, so that it counts for no estimate. 409 where it is in the queue already, or was."""
    rows = models.Recording.objects.all()
    if bool(body.recording_id) == bool(body.call_id):
        raise HttpError(422, "name the call by recording_id or by call_id; expected one of the two")
    rows = rows.filter(id=body.recording_id) if body.recording_id else rows.filter(call_id=body.call_id)
    found = list(rows[:2])
    if not found:
        raise Http404
    if len(found) > 1:
        raise HttpError(409, "several recordings carry this call id; name one by recording_id")
    if models.QueueItem.objects.filter(recording=found[0]).exists():
        raise HttpError(409, "the call is in the queue already, or was")
    return Status(201, _item(queue.pick(found[0].id, _System(system_name(request)), body.reason)))


@verdict_router.get("", response=schemas.VerdictPage, summary="What people said of findings")
@needs("see_calls", "judge_calls")
def said(request: HttpRequest, query: Query[schemas.VerdictQuery]) -> Answer:
    """Verdicts as they came in; nothing is ever changed, so the cursor alone keeps another system up to date."""
    rows = models.FindingVerdict.objects.select_related("recording")
    found, following = page_of(chosen(rows, rule=query.rule, reviewer=query.reviewer), query.after, query.limit)
    return {"items": [_verdict(row) for row in found], "next": following}


@verdict_router.post(
    "", response={200: schemas.VerdictRow, 201: schemas.VerdictRow}, summary="Record a verdict given elsewhere"
)
@needs("judge_calls")
def add_verdict(request: HttpRequest, body: schemas.VerdictRequest) -> Status[Answer]:
    """Added beside every earlier word, signed with the token's name. The same one sent again (200) adds nothing.

    409 for a call that is to be heard without the machine's findings and nobody has reviewed yet.
    """
    finding = models.Finding.objects.select_related("assessment").filter(id=body.finding_id).first()
    if finding is None:
        raise Http404
    if withheld_among([finding.assessment.recording_id]):
        raise HttpError(409, "the call is to be heard without the machine's findings and is not reviewed yet")
    if body.given_at is not None and body.given_at.tzinfo is None:
        raise HttpError(422, "given_at has no time zone; expected such as 2026-03-02T09:00:00+08:00")
    if body.given_at is not None and body.given_at > timezone.now():
        raise HttpError(422, "given_at is in the future")
    with transaction.atomic():
        # Two requests at once must not both find nothing: the call's row is held meanwhile.
        models.Recording.objects.select_for_update().filter(id=finding.assessment.recording_id).first()
        same = models.FindingVerdict.objects.filter(
            finding=finding, verdict=body.verdict, reviewer=body.reviewer, given_at=body.given_at
        )
        known = same.first() if body.given_at is not None else None
        pk = known.pk if known is not None else verdicts.record_verdict(
            finding.pk, Verdict(body.verdict), body.reviewer, comment=body.comment,
            source=system_name(request), given_at=body.given_at,
        )  # fmt: skip
    row = models.FindingVerdict.objects.select_related("recording").get(pk=pk)
    return Status(200 if known else 201, _verdict(row))


def _item(row: models.QueueItem) -> dict[str, Any]:
    names = ("recording_id", "call_id", "lane", "reason", "agent_id", "team", "business_type", "duration_s",
             "queued_at", "done_at")  # fmt: skip
    return {
        "item_id": row.pk,
        "in_hand_of": row.claimed_by.get_username() if row.held and row.claimed_by else "",
        "done_by": row.done_by.get_username() if row.done_by else "",
        **{name: getattr(row, name) for name in names},
    }


def _verdict(row: models.FindingVerdict) -> dict[str, Any]:
    names = ("finding_id", "recording_id", "rule", "start_s", "end_s", "verdict", "reviewer", "comment", "source",
             "given_at")  # fmt: skip
    return {"verdict_id": row.pk, "call_id": row.recording.call_id, **{name: getattr(row, name) for name in names}}

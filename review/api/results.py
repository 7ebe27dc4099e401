"""Results: calls, findings, reviews, estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest
from ninja import Query, Router

from quality.types import Purpose
from review.api import schemas
from review.api.access import needs
from review.api.pages import chosen, page_of
from store import models
from store.blindness import withheld_among, without_withheld

router = Router(tags=["results"])
Answer = Mapping[str, Any]
OF_FINDINGS = ("rule", "category", "severity", "points", "role", "start_s", "end_s", "quote", "match", "confidence",
               "message")  # fmt: skip


def _in_force() -> QuerySet[models.Assessment]:
    """The newest assessment of each recording."""
    later = models.Assessment.objects.filter(recording=OuterRef("recording"), id__gt=OuterRef("id"))
    return models.Assessment.objects.filter(~Exists(later)).select_related("recording", "ground")


@router.get("/calls", response=schemas.CallPage, summary="Calls with their machine score, as they were assessed")
@needs("see_calls")
def calls(request: HttpRequest, query: Query[schemas.CallQuery]) -> Answer:
    """Assessments in force in the order in which they were stored; a call that is judged anew comes again."""
    rows = chosen(
        _in_force().select_related(None).select_related("recording").defer("own_document"),
        recording__started_at__gte=query.since,
        recording__started_at__lt=query.until,
        recording__agent_id=query.agent_id,
        recording__team=query.team,
        recording__call_id=query.call_id,
        must_review=query.must_review,
    )
    if query.must_review is not None:
        # Whether rules send a call to a person is part of what is withheld.
        rows = without_withheld(rows, "recording")
    found, following = page_of(rows, query.after, query.limit)
    counts = _counts([row.pk for row in found])
    hidden = withheld_among([row.recording_id for row in found])
    return {
        "items": [_summary(row, counts.get(row.pk, 0), withheld=row.recording_id in hidden) for row in found],
        "next": following,
    }


@router.get("/calls/{recording_id}", response=schemas.CallDetail, summary="One call with everything said of it")
@needs("see_calls")
def call(request: HttpRequest, recording_id: str, transcript: bool = False) -> Answer:
    """Score by category, measures, findings, reviews; of a call that is to be heard blind the reviews alone."""
    row = _in_force().filter(recording=recording_id).first()
    if row is None:
        raise Http404
    document = row.document
    hidden = bool(withheld_among([recording_id]))
    findings = list(models.Finding.objects.filter(assessment=row).order_by("id"))
    reviews = models.Review.objects.filter(recording=recording_id, purpose=Purpose.REVIEW.value)
    shown: dict[str, Any] = {
        **_summary(row, len(findings), withheld=hidden),
        "reviews": [_review(one) for one in reviews.select_related("recording").order_by("id")],
        "transcript": document.get("transcript", {}).get("utterances", []) if transcript else None,
    }
    if not hidden:
        shown["categories"] = document.get("score", {}).get("categories", [])
        shown["measures"] = document.get("measures", {})
        shown["not_assessable"] = document.get("not_assessable", [])
        shown["finding_rows"] = [_finding(one, row.recording) for one in findings]
    return shown


@router.get("/findings", response=schemas.FindingPage, summary="What the machine found")
@needs("see_calls")
def findings(request: HttpRequest, query: Query[schemas.FindingQuery]) -> Answer:
    """Findings of the assessments in force; those of calls that are to be heard blind come once they are reviewed."""
    later = models.Assessment.objects.filter(
        recording=OuterRef("assessment__recording"), id__gt=OuterRef("assessment_id")
    )
    rows = models.Finding.objects.filter(~Exists(later)).select_related("assessment__recording")
    rows = rows.defer("assessment__own_document")
    rows = chosen(rows, rule=query.rule, agent_id=query.agent_id, severity=query.severity)
    found, following = page_of(without_withheld(rows, "assessment__recording"), query.after, query.limit)
    return {"items": [_finding(row, row.assessment.recording) for row in found], "next": following}


@router.get("/reviews", response=schemas.ReviewPage, summary="What people scored")
@needs("see_calls")
def reviews(request: HttpRequest, query: Query[schemas.ReviewQuery]) -> Answer:
    """Reviews as they came in; a correction, such as after an appeal, is a later row of the same call."""
    rows = models.Review.objects.filter(purpose=Purpose.REVIEW.value).select_related("recording")
    rows = chosen(rows, recording__agent_id=query.agent_id, rater=query.rater)
    found, following = page_of(rows, query.after, query.limit)
    return {"items": [_review(row) for row in found], "next": following}


@router.get("/estimates", response=schemas.EstimatePage, summary="Agents' months as people would have scored them")
@needs("see_agents")
def estimates(request: HttpRequest, query: Query[schemas.EstimateQuery]) -> Answer:
    """What `tingjian estimate agents` computed last: value, interval, method, what it may be used for."""
    rows = chosen(
        models.AgentEstimate.objects.all(),
        month=query.month,
        agent_id=query.agent_id,
        team=query.team,
        quantity=query.quantity,
    )
    found, following = page_of(rows, query.after, query.limit)
    return {"items": [_values(row, schemas.EstimateRow) for row in found], "next": following}


def _counts(assessment_ids: list[int]) -> dict[int, int]:
    rows = models.Finding.objects.filter(assessment__in=assessment_ids).order_by().values_list("assessment")
    return dict(rows.annotate(Count("id")))


def _summary(row: models.Assessment, findings: int, *, withheld: bool) -> dict[str, Any]:
    recording = row.recording
    result: dict[str, Any] = {"score": row.score, "fatal": row.fatal, "must_review": row.must_review}
    return {
        "recording_id": recording.id,
        "call_id": recording.call_id,
        "agent_id": recording.agent_id,
        "agent_name": recording.agent_name,
        "team": recording.team,
        "business_type": recording.business_type,
        "direction": recording.direction,
        "started_at": recording.started_at,
        "duration_s": recording.duration_s,
        "assessed_at": row.created_at,
        "withheld": withheld,
        "rulebook": row.rulebook,
        "rulebook_version": row.rulebook_version,
        **({} if withheld else {**result, "findings": findings}),
    }


def _finding(row: models.Finding, recording: models.Recording) -> dict[str, Any]:
    return {
        "finding_id": row.pk,
        "recording_id": recording.id,
        "call_id": recording.call_id,
        "agent_id": row.agent_id,
        **{name: getattr(row, name) for name in OF_FINDINGS},
    }


def _review(row: models.Review) -> dict[str, Any]:
    about = {"call_id": row.recording.call_id, "agent_id": row.recording.agent_id}
    names = ("recording_id", "rater", "score", "fatal", "deductions", "blind", "source", "submitted_at")
    return {"review_id": row.pk, **about, **{name: getattr(row, name) for name in names}}


def _values(row: Any, schema: type[schemas.Schema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}

"""Stored calls read in bulk to be judged again, and new judgements beside the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from store.calls import between
from store.models import Assessment, Batch, Transcript
from store.records import save_parts
from store.values import JudgedAgain, StoredCall

ROWS_AT_ONCE = 400
"""Rows of one query: below every database's limit on parameters."""

DOCUMENTS_AT_ONCE = 20


def newest_transcripts(begin: datetime, end: datetime, at_once: int) -> Iterator[list[int]]:
    """Ids of the newest transcript of every recording of a time, so many at once, in order of recording."""
    newest = Transcript.objects.filter(recording=OuterRef("pk")).order_by("-id").values("id")[:1]
    rows = between(begin, end).annotate(transcript=Subquery(newest)).filter(transcript__isnull=False)
    ids = rows.order_by("id").values_list("transcript", flat=True).iterator(chunk_size=2000)
    while some := list(islice(ids, at_once)):
        yield some


def count_transcripts(begin: datetime, end: datetime) -> int:
    """How many recordings of a time have a transcript."""
    return between(begin, end).filter(transcripts__isnull=False).distinct().count()


def transcripts_of(recording_ids: Iterable[str]) -> list[int]:
    """Ids of the newest transcript of each of these recordings; those without one are left out."""
    found: list[int] = []
    ids = sorted(set(recording_ids))
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = Transcript.objects.filter(recording__in=ids[start : start + ROWS_AT_ONCE])
        found += [last for _, last in rows.values_list("recording").annotate(Max("id"))]
    return sorted(found)


def stored_calls(transcript_ids: Sequence[int], *, with_document: bool) -> Iterator[StoredCall]:
    """Stored calls by their transcripts in order, each with the assessment in force where there is one.

    Documents are read a few at a time: hundreds of them at once would take longer to find memory for than to read.

    Args:
        transcript_ids: the transcripts; at most ``ROWS_AT_ONCE``.
        with_document: whether the assessment's whole document is wanted too, which takes as long to read as the call.
    """
    rows = Transcript.objects.filter(id__in=transcript_ids).order_by("id")
    fields = ("id", "recording_id", "recording__call_id", "recording__agent_id", "inputs_digest", "engine")
    stages: dict[int, set[str]] = {}
    newest: dict[int, int] = {}
    of_these = Assessment.objects.filter(transcript__in=transcript_ids)
    for assessment_id, transcript_id, stage in of_these.order_by("id").values_list(
        "id", "transcript_id", "stage_version"
    ):
        stages.setdefault(transcript_id, set()).add(stage)
        newest[transcript_id] = assessment_id
    columns = ["transcript_id", "stage_version", *(["document"] if with_document else [])]
    judged = Assessment.objects.filter(id__in=newest.values()).order_by("transcript_id")
    in_force = judged.values_list(*columns).iterator(chunk_size=DOCUMENTS_AT_ONCE)
    for row in rows.values_list(*fields, "model_digest", "call").iterator(chunk_size=DOCUMENTS_AT_ONCE):
        transcript_id, recording_id, call_id, agent_id, inputs_digest, engine, model_digest, call = row
        _, stage, *document = next(in_force) if transcript_id in newest else (transcript_id, "")
        yield StoredCall(
            transcript_id=transcript_id,
            recording_id=recording_id,
            call_id=call_id,
            agent_id=agent_id,
            inputs_digest=inputs_digest,
            engine=engine,
            model_digest=model_digest,
            call=call,
            stage_version=stage,
            document=document[0] if document else None,
            stages=frozenset(stages.get(transcript_id, ())),
        )


def recipes(stage_versions: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the runs of these stage versions worked with, as far as a run is still known."""
    rows = Batch.objects.filter(stage_version__in=set(stage_versions)).order_by("started_at")
    return {stage: dict(recipe) for stage, recipe in rows.values_list("stage_version", "recipe") if recipe}


def save_judgements(judged: Sequence[JudgedAgain]) -> int:
    """Store new assessments beside the old ones, all or none, and return how many were new.

    One that is there already (same recording, inputs and stage version) is left as it is.
    """
    with transaction.atomic():
        stages = {one.stage_version for one in judged}
        rows = Assessment.objects.filter(
            recording__in=[one.recording_id for one in judged], stage_version__in=stages
        ).values_list("recording_id", "stage_version", "inputs_digest")
        known = set(rows)
        new = [one for one in judged if (one.recording_id, one.stage_version, one.inputs_digest) not in known]
        now = timezone.now()
        stored = Assessment.objects.bulk_create(_row(one, now) for one in new)
        save_parts((row.pk, one.document) for row, one in zip(stored, new, strict=True))
    return len(new)


def _row(judged: JudgedAgain, now: datetime) -> Assessment:
    document: Mapping[str, Any] = judged.document
    provenance = document["provenance"]
    return Assessment(
        recording_id=judged.recording_id,
        transcript_id=judged.transcript_id,
        stage_version=judged.stage_version,
        inputs_digest=judged.inputs_digest,
        engine=provenance["engine"],
        model_digest=provenance["model_digest"],
        rulebook=provenance["rulebook"],
        rulebook_version=provenance["rulebook_version"],
        rulebook_sha256=provenance["rulebook_sha256"],
        code_version=provenance["code_version"],
        score=document["score"]["total"],
        fatal=document["score"]["fatal"],
        must_review=document["route"]["must_review"],
        document=dict(document),
        created_at=now,
    )

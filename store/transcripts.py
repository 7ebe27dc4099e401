"""Stored calls read in bulk to be judged again, and new judgements beside the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from pipeline.stored_measures import values_of
from pipeline.version import CODE_VERSION
from store.calls import between
from store.models import Assessment, Batch, Finding, MeasuredValues, Transcript
from store.quick_json import dumps, loads
from store.records import insert, save_parts, save_values
from store.values import InForce, JudgedAgain, StoredCall

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


def stored_calls(transcript_ids: Sequence[int]) -> Iterator[StoredCall]:
    """Stored calls by their transcripts in order, each with the assessment in force where there is one.

    Documents are read a few at a time: hundreds of them at once would take longer to find memory for than to read.

    Args:
        transcript_ids: the transcripts; at most ``ROWS_AT_ONCE``.
    """
    in_force, stages = _in_force(transcript_ids)
    rows = Transcript.objects.filter(id__in=transcript_ids).order_by("id")
    fields = ("id", "recording_id", "recording__call_id", "recording__agent_id", "inputs_digest", "engine")
    for row in rows.values_list(*fields, "model_digest", "call").iterator(chunk_size=DOCUMENTS_AT_ONCE):
        yield StoredCall(*row, in_force.get(row[0]), frozenset(stages.get(row[0], ())))


def _in_force(transcript_ids: Sequence[int]) -> tuple[dict[int, InForce], dict[int, set[str]]]:
    """The newest assessment by transcript, and the stage versions of all."""
    columns = ("transcript_id", "id", "ground_id", "stage_version", "rulebook_sha256", "code_version", "score",
               "must_review")  # fmt: skip
    stages: dict[int, set[str]] = {}
    newest: dict[int, tuple[Any, ...]] = {}
    of_these = Assessment.objects.filter(transcript__in=transcript_ids).order_by("id")
    for transcript_id, *row in of_these.values_list(*columns):
        stages.setdefault(transcript_id, set()).add(row[2])
        # Where nothing is said of a ground it is its own.
        newest[transcript_id] = (row[0], row[1] or row[0], *row[2:])
    ids = [row[0] for row in newest.values()]
    found: dict[int, list[tuple[str, float, float, float, str]]] = {}
    of_findings = ("assessment_id", "rule", "start_s", "end_s", "points", "severity")
    for assessment_id, *finding in Finding.objects.filter(assessment__in=ids).values_list(*of_findings):
        found.setdefault(assessment_id, []).append(tuple(finding))
    values = _values([row[1] for row in newest.values() if row[4] == CODE_VERSION])
    return {
        transcript_id: InForce(*row, tuple(sorted(found.get(row[0], ()))), values.get(row[1]))
        for transcript_id, row in newest.items()
    }, stages


def _values(ground_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """The values of the measures by assessment; those that older code did not keep apart are, from now on."""
    rows = MeasuredValues.objects.filter(assessment__in=ground_ids).values_list("assessment_id", "document")
    known = dict(rows.iterator(chunk_size=ROWS_AT_ONCE))
    others = Assessment.objects.filter(id__in=[one for one in ground_ids if one not in known])
    added = []
    for ground_id, document in others.values_list("id", "own_document").iterator(chunk_size=DOCUMENTS_AT_ONCE):
        try:
            known[ground_id] = values_of(document["measures"])
        except (KeyError, TypeError, AttributeError):
            # A document of another time: who asks for its measures is told so.
            continue
        added.append(MeasuredValues(assessment_id=ground_id, document=known[ground_id]))
    MeasuredValues.objects.bulk_create(added, ignore_conflicts=True)
    return known


def whole_assessment(assessment_id: int) -> dict[str, Any]:
    """The document of one assessment that stands alone."""
    # A query that is put together anew for every call would take as long as judging it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT document FROM store_assessment WHERE id = %s", [assessment_id])
        (text,) = cursor.fetchone()
    return dict(loads(text))


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
        of_these = Assessment.objects.filter(
            recording__in=[one.of.recording_id for one in judged], stage_version__in=stages
        )
        key = ("recording_id", "stage_version", "inputs_digest")
        known = set(of_these.values_list(*key))
        new = [one for one in judged if (one.of.recording_id, one.stage_version, one.of.inputs_digest) not in known]
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        insert(Assessment, _COLUMNS, [_row(one, now) for one in new])
        ids = {row[1:]: row[0] for row in of_these.values_list("id", *key)}
        stored = [ids[one.of.recording_id, one.stage_version, one.of.inputs_digest] for one in new]
        whole = [(row, one.document) for row, one in zip(stored, new, strict=True) if one.ground_id is None]
        values: dict[int, Mapping[str, Any] | None] = dict(zip(dict(whole), save_values(whole), strict=True))
        for row, one in zip(stored, new, strict=True):
            if one.ground_id is not None and one.of.in_force is not None and one.of.in_force.values is not None:
                values[row] = one.of.in_force.values["values"]
        save_parts(
            (row, one.of.call["recording"]["metadata"].get("agent_id", ""), values.get(row), one.document)
            for row, one in zip(stored, new, strict=True)
        )
    return len(new)


_COLUMNS = (
    "recording", "transcript", "stage_version", "inputs_digest", "engine", "model_digest", "rulebook",
    "rulebook_version", "rulebook_sha256", "code_version", "score", "fatal", "must_review", "own_document", "ground",
    "created_at",
)  # fmt: skip


def _row(judged: JudgedAgain, now: Any) -> tuple[Any, ...]:
    call, document = judged.of, judged.document
    provenance, score = document["provenance"], document["score"]
    return (
        call.recording_id,
        call.transcript_id,
        judged.stage_version,
        call.inputs_digest,
        call.engine,
        call.model_digest,
        provenance["rulebook"],
        provenance["rulebook_version"],
        provenance["rulebook_sha256"],
        provenance["code_version"],
        score["total"],
        score["fatal"],
        document["route"]["must_review"],
        dumps(document),
        judged.ground_id,
        now,
    )

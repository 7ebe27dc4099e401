"""Assessments: written with their findings and the ledger's word in one transaction, and read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from pipeline.call_columns import columns_of
from pipeline.stored_measures import values_of
from store.call_measures import FOLLOWED, followed
from store.models import (
    Assessment,
    CallMeasures,
    Finding,
    HeardColumns,
    LedgerEntry,
    LedgerState,
    MeasuredValues,
    NotAssessable,
    Recording,
    Transcript,
    whole_document,
)
from store.quick_json import dumps
from store.quick_rows import insert


def save_assessment(
    batch_id: str,
    recording_id: str,
    stage_version: str,
    assessment: Mapping[str, Any],
    call: Mapping[str, Any],
    hearing: str = "",
) -> bool:
    """Store one assessment, its transcript and its findings, and mark the recording done, all or nothing.

    Args:
        batch_id: the run that claimed the recording.
        recording_id: the recording.
        stage_version: what it was assessed with.
        assessment: the document of ``pipeline.serialise.assessment_to_document``.
        call: the document of ``pipeline.serialise.call_to_document``.
        hearing: name of how it was heard, by which ``heard_call`` finds it again.

    Returns:
        False, with nothing written, when the recording is no longer claimed by this run: it was stored before, or
        another run took over.
    """
    provenance = assessment["provenance"]
    with transaction.atomic():
        mine = LedgerEntry.objects.filter(
            recording=recording_id, stage_version=stage_version, state=LedgerState.CLAIMED, claimed_by=batch_id
        )
        inputs_digest = mine.values_list("inputs_digest", flat=True).first()
        done = mine.update(
            state=LedgerState.DONE,
            claimed_by=None,
            finished_at=timezone.now(),
            error_code="",
            error_message="",
        )
        if not done or inputs_digest is None:
            return False
        key = {"recording_id": recording_id, "inputs_digest": inputs_digest}
        if Assessment.objects.filter(**key, stage_version=stage_version).exists():
            return False
        transcript, added = Transcript.objects.get_or_create(
            **key,
            engine=provenance["engine"],
            model_digest=provenance["model_digest"],
            options_digest=_options_digest(provenance),
            hearing=hearing,
            defaults={
                "sha256": provenance["recording_sha256"],
                "call": dict(call),
                "created_at": timezone.now(),
            },
        )
        if added:
            save_columns([(transcript.pk, columns_of(dumps(call)))])
        stored = Assessment.objects.create(
            **key,
            transcript=transcript,
            stage_version=stage_version,
            engine=provenance["engine"],
            model_digest=provenance["model_digest"],
            rulebook=provenance["rulebook"],
            rulebook_version=provenance["rulebook_version"],
            rulebook_sha256=provenance["rulebook_sha256"],
            code_version=provenance["code_version"],
            score=assessment["score"]["total"],
            fatal=assessment["score"]["fatal"],
            must_review=assessment["route"]["must_review"],
            own_document=dict(assessment),
            created_at=timezone.now(),
        )
        _save_parts(stored, assessment)
    return True


def assessments_of(batch_id: str) -> Iterator[dict[str, Any]]:
    """The assessments of every recording that the batch found, whichever run made them, in order of call id.

    The documents are those of ``pipeline.serialise.assessment_to_document``; they are read a few at a time.
    """
    rows = Assessment.objects.filter(
        recording__ledger__batch=batch_id,
        recording__ledger__state=LedgerState.DONE,
        recording__ledger__stage_version=F("stage_version"),
        recording__ledger__inputs_digest=F("inputs_digest"),
    ).order_by("recording__call_id", "recording_id")
    for own, ground in rows.values_list("own_document", "ground__own_document").iterator(chunk_size=200):
        yield whole_document(own, ground)


def heard_call(sha256: str, hearing: str, inputs_digest: str | None = None) -> dict[str, Any] | None:
    """What was heard in the same sound in the same way before, or None.

    The call may be another's (the same file under another name) and its metadata older: the caller puts its own in.

    Args:
        sha256: of the recording; empty finds nothing.
        hearing: how it is to be heard, as ``save_assessment`` was told.
        inputs_digest: also the same inputs beside the sound, for an engine that reads a transcript beside it.
    """
    if not sha256 or not hearing:
        return None
    rows = Transcript.objects.filter(sha256=sha256, hearing=hearing)
    if inputs_digest is not None:
        rows = rows.filter(inputs_digest=inputs_digest)
    return rows.order_by("-created_at", "-id").values_list("call", flat=True).first()


def all_heard(batch_id: str, hearing: str) -> bool:
    """Whether every recording that the batch has left to do was heard in this way before."""
    heard = Transcript.objects.filter(hearing=hearing, sha256=OuterRef("recording__sha256"))
    left = LedgerEntry.objects.filter(batch=batch_id, state__in=(LedgerState.NEW, LedgerState.FAILED))
    return not left.filter(~Exists(heard)).exists()


def stored_call(recording_id: str, engine: str, model_digest: str) -> dict[str, Any] | None:
    """The newest stored call (turns and transcript) of a recording by this engine and model, or None."""
    rows = Transcript.objects.filter(recording=recording_id, engine=engine, model_digest=model_digest)
    return rows.order_by("-created_at", "-id").values_list("call", flat=True).first()


def _save_parts(stored: Assessment, assessment: Mapping[str, Any]) -> None:
    recording = assessment["recording"]
    Recording.objects.filter(id=stored.recording_id).update(
        duration_s=recording["duration_s"],
        sample_rate_hz=recording["sample_rate_hz"],
        channels=recording["channels"],
        channel_layout=recording["channel_layout"],
    )
    values = values_of(assessment.get("measures") or {})
    save_values([(stored.pk, values)])
    save_parts([(stored.pk, parts_of(recording["metadata"].get("agent_id", ""), values["values"], assessment))])


class Parts(NamedTuple):
    """What belongs to an assessment, as rows without its id: findings, rules not assessable, measures of trends."""

    findings: list[tuple[Any, ...]]
    unknown: list[tuple[str, str]]
    measured: tuple[float | None, ...] | None


def parts_of(agent_id: str, values: Mapping[str, Any] | None, document: Mapping[str, Any]) -> Parts:
    """The parts of an assessment.

    Args:
        agent_id: whose call it was.
        values: of its measures by name, None where they are not at hand.
        document: of the assessment.
    """
    return Parts(
        [(agent_id, *_OF_FINDINGS(item)) for item in document["findings"]],
        [(item["rule"], item["reason"]) for item in document["not_assessable"]],
        None if values is None else followed(values),
    )


def save_parts(stored: Sequence[tuple[int, Parts]]) -> None:
    """Write what belongs to assessments, each with its id."""
    findings = [(number, *row) for number, parts in stored for row in parts.findings]
    measured = [(number, *parts.measured) for number, parts in stored if parts.measured is not None]
    unknown = [(number, *row) for number, parts in stored for row in parts.unknown]
    insert(Finding, ("assessment", "agent_id", *_FINDING_COLUMNS), findings)
    insert(CallMeasures, ("assessment", *FOLLOWED.values()), measured)
    insert(NotAssessable, ("assessment", "rule", "reason"), unknown)


def save_values(stored: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Keep apart what ``values_of`` says of assessments that stand alone, by their ids."""
    insert(MeasuredValues, ("assessment", "document"), [(number, dumps(values)) for number, values in stored])


def save_columns(stored: Iterable[tuple[int, str | None]]) -> None:
    """Keep calls in columns, by the ids of their transcripts; None is passed over, and what is there stays."""
    rows = [(number, columns) for number, columns in stored if columns is not None]
    insert(HeardColumns, ("transcript", "document"), rows, ignore_conflicts=True)


_FINDING_COLUMNS = (
    "rule",
    "category",
    "severity",
    "points",
    "role",
    "start_s",
    "end_s",
    "quote",
    "match",
    "confidence",
    "message",
)
_OF_FINDINGS = itemgetter(*_FINDING_COLUMNS)


def _options_digest(provenance: Mapping[str, Any]) -> str:
    what = [provenance["decode_options"], provenance["speech_detector"]]
    return hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

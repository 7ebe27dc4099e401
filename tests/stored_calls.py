"""Calls in the store as a night leaves them, from lines of dialogue: for tests that judge again, compare and appeal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.recipe import Recipe
from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules import Rulebook, judge
from pipeline.rules.example_calls import call_from_lines
from pipeline.serialise import assessment_to_document, call_to_document
from pipeline.types import Assessment, Provenance
from pipeline.version import CODE_VERSION
from store import ledger, records
from store.values import Enrolment

STARTED_AT = "2026-03-02T09:00:00+08:00"


def recipe_of(rulebook: Rulebook, code_version: str = CODE_VERSION) -> Recipe:
    return Recipe(
        engine="example",
        model_digest="",
        detector="example",
        rulebook=rulebook.name,
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
        default_agent_channel=0,
        code_version=code_version,
        initialiser="",
        settings={},
    )


def documents(
    rulebook: Rulebook, call_id: str, *lines: str, code_version: str = CODE_VERSION, **metadata: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Assessment and call of one dialogue."""
    given = parse_metadata({"call_id": call_id, "started_at": STARTED_AT, "agent_id": "A1", **metadata}, "test")
    call = call_from_lines(lines, metadata=given)
    call = replace(call, recording=replace(call.recording, id=f"id-{call_id}", sha256=f"{call_id:0<64}"))
    measures = measure_call(call)
    provenance = Provenance(
        recording_sha256=call.recording.sha256,
        engine="example",
        model_digest="",
        decode_options={},
        speech_detector="example 1",
        rulebook=rulebook.name,
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
        code_version=code_version,
        seconds={"judge": 0.001},
    )
    assessment = Assessment(call, measures, judge(call, measures, rulebook), provenance)
    return assessment_to_document(assessment), call_to_document(call)


def store_call(
    rulebook: Rulebook, call_id: str, *lines: str, code_version: str = CODE_VERSION, **metadata: str
) -> Mapping[str, Any]:
    """Store one dialogue as a night would, judged by a rulebook; returns the assessment's document."""
    assessment, call = documents(rulebook, call_id, *lines, code_version=code_version, **metadata)
    recipe = recipe_of(rulebook, code_version)
    stage = recipe.stage_version
    process = {"host": "h", "boot_id": "b", "process_id": 1, "process_started": "1"}
    batch_id = ledger.open_batch("/r", stage, recipe.contents(), **process)
    about = assessment["recording"]["metadata"]
    item = Enrolment(f"id-{call_id}", call_id, f"{call_id:0<64}", f"/r/{call_id}", 1, 1, "inputs", about)
    ledger.enrol(batch_id, stage, [item])
    assert ledger.claim(batch_id, item.recording_id, stage)
    assert records.save_assessment(batch_id, item.recording_id, stage, assessment, call)
    return assessment

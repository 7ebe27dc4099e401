"""What a worker process does with one recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flows.paths import path_from_text
from pipeline.serialise import (
    assessment_to_document,
    call_from_document,
    call_to_document,
    metadata_from_document,
)

if TYPE_CHECKING:
    from pipeline.assess import Assessor

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]

INITIALISER = f"{__name__}:load_assessor"


def make_job(
    recording_id: str, path: str, metadata: Mapping[str, Any], known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The message that asks a worker for one assessment.

    Args:
        recording_id: the id to carry.
        path: as ``flows.paths.path_text`` writes it.
        metadata: document of what the platform says.
        known: document of the call as it was heard before with the same engine, model and options.
    """
    return {"recording_id": recording_id, "path": path, "metadata": dict(metadata), "known": known}


def load_assessor(**settings: Any) -> Handler:
    """Load model, detector and rulebook once; ``settings`` are those of ``pipeline.assess.make_assessor``.

    Returns:
        As ``handler``.
    """
    from pipeline.assess import make_assessor

    return handler(make_assessor(**settings))


def handler(assessor: Assessor) -> Handler:
    """A function from a job to ``{"assessment": document, "call": document, "heard": bool}``.

    ``heard`` is false where a call that was heard before has spared the engine its work.
    """

    def assess(job: Mapping[str, Any]) -> dict[str, Any]:
        metadata = metadata_from_document(job["metadata"])
        known = None if job["known"] is None else call_from_document(job["known"])
        assessment = assessor.assess(path_from_text(job["path"]), metadata, job["recording_id"], known)
        return {
            "assessment": assessment_to_document(assessment),
            "call": call_to_document(assessment.call),
            "heard": "transcribe" in assessment.provenance.seconds,
        }

    return assess

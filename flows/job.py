"""What a worker process does with one recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flows.paths import path_from_text
from pipeline.serialise import assessment_to_document, call_to_document, metadata_from_document

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]

INITIALISER = f"{__name__}:load_assessor"


def make_job(recording_id: str, path: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The message that asks a worker for one assessment; ``path`` as ``flows.paths.path_text`` writes it."""
    return {"recording_id": recording_id, "path": path, "metadata": dict(metadata)}


def load_assessor(**settings: Any) -> Handler:
    """Load model, detector and rulebook once; ``settings`` are those of ``pipeline.assess.make_assessor``.

    Returns:
        A function from a job to ``{"assessment": document, "call": document}``.
    """
    from pipeline.assess import make_assessor

    assessor = make_assessor(**settings)

    def assess(job: Mapping[str, Any]) -> dict[str, Any]:
        metadata = metadata_from_document(job["metadata"])
        assessment = assessor.assess(path_from_text(job["path"]), metadata, job["recording_id"])
        return {"assessment": assessment_to_document(assessment), "call": call_to_document(assessment.call)}

    return assess

"""What a worker process does with one recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.audio.decode import decode
from pipeline.audio.listening import prepare_listening
from pipeline.errors import RecordingError
from pipeline.serialise import (
    assessment_to_document,
    call_from_document,
    call_to_document,
    metadata_from_document,
)
from store.listening import copy_file, peaks_file
from store.paths import path_from_text

if TYPE_CHECKING:
    from pipeline.assess import Assessor

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]

INITIALISER = f"{__name__}:load_assessor"


def make_job(
    recording_id: str,
    path: str,
    metadata: Mapping[str, Any],
    known: Mapping[str, Any] | None = None,
    listening_dir: str = "",
) -> dict[str, Any]:
    """The message that asks a worker for one assessment.

    Args:
        recording_id: the id to carry.
        path: as ``store.paths.path_text`` writes it.
        metadata: document of what the platform says.
        known: document of the call as it was heard before with the same engine, model and options.
        listening_dir: where the files go that the review pages play and draw; empty makes none.
    """
    return {
        "recording_id": recording_id,
        "path": path,
        "metadata": dict(metadata),
        "known": known,
        "listening_dir": listening_dir,
    }


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
        if job["listening_dir"]:
            _prepare_listening(job)
        return {
            "assessment": assessment_to_document(assessment),
            "call": call_to_document(assessment.call),
            "heard": "transcribe" in assessment.provenance.seconds,
        }

    return assess


def _prepare_listening(job: Mapping[str, Any]) -> None:
    folder, path = Path(job["listening_dir"]), path_from_text(job["path"])
    peaks = peaks_file(folder, job["recording_id"])
    if peaks.exists():
        return
    try:
        prepare_listening(decode(path), path, peaks, copy_file(folder, job["recording_id"]))
    except (OSError, RecordingError):
        # The assessment stands without them; the pages make them when somebody listens, or say why they cannot.
        return

"""Bundled calls in the store with their sound, heard from what was really said in them: for the tests in a browser."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import samples
from pipeline.assess import make_assessor
from pipeline.metadata import parse_metadata
from pipeline.serialise import assessment_to_document, call_to_document
from store import ledger, models, records
from store.values import Enrolment

BUNDLED = Path(samples.__file__).resolve().parent


def store_bundled(folder: Path, call_ids: list[str]) -> dict[str, str]:
    """Copy, assess and store bundled calls; returns their recordings' ids by call id."""
    with (BUNDLED / "manifest.csv").open(encoding="utf-8") as file:
        rows = {row["call_id"]: row for row in csv.DictReader(file)}
    assessor = make_assessor(engine="sidecar", model=None, detector="webrtcvad", rulebook="mobile_service")
    process = {"host": "h", "boot_id": "b", "process_id": 1, "process_started": "1"}
    batch_id = ledger.open_batch("/r", "stage", {}, **process)
    found = {}
    for call_id in call_ids:
        sound = folder / Path(rows[call_id]["file"]).name
        shutil.copy(BUNDLED / rows[call_id]["file"], sound)
        shutil.copy(BUNDLED / "calls" / f"{call_id}.truth.json", folder / f"{call_id}.json")
        row = {key: value for key, value in rows[call_id].items() if value and key != "file"}
        metadata = parse_metadata(row, "test")
        recording_id = f"{int(call_id[-3:]):020x}"
        assessment = assessor.assess(sound, metadata, recording_id)
        document = assessment_to_document(assessment)
        about = document["recording"]["metadata"]
        item = Enrolment(recording_id, call_id, document["recording"]["sha256"], str(sound), 1, 1, "inputs", about)
        ledger.enrol(batch_id, "stage", [item])
        assert ledger.claim(batch_id, recording_id, "stage")
        assert records.save_assessment(batch_id, recording_id, "stage", document, call_to_document(assessment.call))
        found[call_id] = recording_id
    ledger.close_batch(batch_id, {"assessed": len(found)})
    assert models.Assessment.objects.count() >= len(found)
    return found

"""Calls in the store for tests of statistics: recordings with an assessment, without any sound."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from typing import Any

from store import ledger, records
from store.values import Enrolment
from tests.flows.fake_jobs import fine_result

STAGE = "stage-1"
ZONE = timezone(timedelta(hours=8))
FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)


def enrol(batch_id: str, name: str, **metadata: Any) -> str:
    """Enter one recording; returns its id."""
    known = {"call_id": name, "agent_id": "A1", "started_at": FIRST.isoformat()} | metadata
    known = {key: value for key, value in known.items() if value is not None}
    item = Enrolment(f"id-{name}", known["call_id"], f"sha-{name}", f"/r/{name}", 1, 1, "inputs", known)
    ledger.enrol(batch_id, STAGE, [item])
    return item.recording_id


def open_batch() -> str:
    """A run of a night."""
    return ledger.open_batch("/r", STAGE, {}, host="h", boot_id="b", process_id=1, process_started="1")


def assessed(
    batch_id: str,
    name: str,
    *,
    score: float | None = 90.0,
    fatal: bool = False,
    must: bool = False,
    duration_s: float = 120.0,
    **metadata: Any,
) -> str:
    """One recording with its assessment; returns its id."""
    recording_id = enrol(batch_id, name, **metadata)
    assert ledger.claim(batch_id, recording_id, STAGE)
    result = copy.deepcopy(fine_result(recording_id, f"sha-{name}", {"call_id": name, "agent_id": "A1"} | metadata))
    document = result["assessment"]
    document["recording"]["duration_s"] = duration_s
    document["score"].update(total=score, fatal=fatal)
    document["route"]["must_review"] = must
    assert records.save_assessment(batch_id, recording_id, STAGE, document, result["call"])
    return recording_id

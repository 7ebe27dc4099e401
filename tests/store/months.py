"""Calls in the store for tests of statistics: recordings with an assessment, without any sound."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import timezone as fixed_zone
from typing import Any

from django.utils import timezone

from store import ledger, models, records
from store.values import Enrolment
from tests.flows.fake_jobs import fine_result

STAGE = "stage-1"
ZONE = fixed_zone(timedelta(hours=8))
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
    known = {key: value for key, value in ({"call_id": name, "agent_id": "A1"} | metadata).items() if value is not None}
    result = copy.deepcopy(fine_result(recording_id, f"sha-{name}", known))
    document = result["assessment"]
    document["recording"]["duration_s"] = duration_s
    document["score"].update(total=score, fatal=fatal)
    document["route"]["must_review"] = must
    assert records.save_assessment(batch_id, recording_id, STAGE, document, result["call"])
    return recording_id


@dataclass(frozen=True)
class Made:
    """One call of ``many``."""

    name: str
    agent_id: str = "A1"
    started_at: datetime = FIRST
    score: float | None = 90.0
    fatal: bool = False
    must: bool = False
    duration_s: float = 120.0
    business_type: str = ""
    team: str = ""


def many(calls: Iterable[Made]) -> list[str]:
    """Assessed calls, written at once and without findings; returns their recording ids."""
    calls, now = list(calls), timezone.now()
    recordings = [
        models.Recording(
            id=f"id-{call.name}",
            call_id=call.name,
            sha256=f"sha-{call.name}",
            path=f"/r/{call.name}",
            agent_id=call.agent_id,
            team=call.team,
            business_type=call.business_type,
            started_at=call.started_at,
            duration_s=call.duration_s,
            enrolled_at=now,
        )
        for call in calls
    ]
    models.Recording.objects.bulk_create(recordings)
    models.Assessment.objects.bulk_create(
        models.Assessment(
            recording=recording,
            stage_version=STAGE,
            score=call.score,
            fatal=call.fatal,
            must_review=call.must,
            own_document={"measures": {}},
            created_at=now,
        )
        for recording, call in zip(recordings, calls, strict=True)
    )
    return [recording.id for recording in recordings]

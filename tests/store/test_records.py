from __future__ import annotations

import copy
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from store import ledger, records
from store.database import database_health, migrate
from store.models import Assessment, Finding, NotAssessable, Recording, Transcript
from store.values import Enrolment
from tests.flows.fake_jobs import fine_result

STAGE = "stage-1"
METADATA = {"call_id": "c1", "agent_id": "A1"}


def claimed(call_id: str = "c1", inputs_digest: str = "inputs", stage: str = STAGE) -> str:
    batch_id = ledger.open_batch("/r", stage, {}, host="h", boot_id="b", process_id=1, process_started="1")
    item = Enrolment(f"id-{call_id}", call_id, "sha", f"/r/{call_id}", 1, 1, inputs_digest, METADATA)
    ledger.enrol(batch_id, stage, [item])
    assert ledger.claim(batch_id, f"id-{call_id}", stage)
    return batch_id


def save(batch_id: str, result: dict[str, Any], call_id: str = "c1", stage: str = STAGE) -> bool:
    return records.save_assessment(batch_id, f"id-{call_id}", stage, result["assessment"], result["call"])


@pytest.fixture
def result() -> dict[str, Any]:
    return fine_result("id-c1", "sha", METADATA)


@pytest.mark.django_db
def test_save_when_claimed_then_everything_is_stored(result: dict[str, Any]) -> None:
    batch_id = claimed()
    assert save(batch_id, result)
    assert list(records.assessments_of(batch_id)) == [result["assessment"]]
    assert ledger.count_by_state(batch_id)["done"] == 1
    finding = Finding.objects.get()
    assert (finding.rule, finding.agent_id, finding.points) == ("LANG.03", "A1", 10.0)
    assert NotAssessable.objects.get().rule == "SPEED.01"
    assert Recording.objects.get().duration_s == 30.0
    assert records.stored_call("id-c1", "fake", "d" * 64) == result["call"]
    assert records.stored_call("id-c1", "fake", "other") is None


@pytest.mark.django_db
def test_save_when_stored_before_then_nothing_is_stored_twice(result: dict[str, Any]) -> None:
    batch_id = claimed()
    assert save(batch_id, result)
    assert not save(batch_id, result)
    assert (Assessment.objects.count(), Finding.objects.count(), Transcript.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
def test_save_when_claim_went_to_another_run_then_refused(result: dict[str, Any]) -> None:
    first = claimed()
    ledger.release_claims_of_dead([first], 25, "worker_died", "")
    second = claimed()
    assert not save(first, result)
    assert Assessment.objects.count() == 0
    assert save(second, result)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: document["findings"][0].pop("rule"), id="finding without rule"),
        pytest.param(lambda document: document["not_assessable"][0].update(reason=None), id="no reason"),
        pytest.param(lambda document: document["score"].pop("total"), id="no score"),
    ],
)
def test_save_when_a_part_fails_then_nothing_is_stored(spoil: Any, result: dict[str, Any]) -> None:
    from django.db import IntegrityError

    batch_id = claimed()
    spoilt = copy.deepcopy(result)
    spoil(spoilt["assessment"])
    with pytest.raises((KeyError, IntegrityError)):
        save(batch_id, spoilt)
    counts = [model.objects.count() for model in (Assessment, Finding, NotAssessable, Transcript)]
    assert counts == [0, 0, 0, 0]
    assert ledger.count_by_state(batch_id)["claimed"] == 1
    assert save(batch_id, result), "the claim is still ours"


@pytest.mark.django_db
def test_assessments_of_when_other_rulebook_then_the_transcript_is_shared(result: dict[str, Any]) -> None:
    save(claimed(), result)
    second = claimed(stage="stage-2")
    later = copy.deepcopy(result)
    later["assessment"]["score"]["total"] = 50.0
    assert save(second, later, stage="stage-2")
    assert [document["score"]["total"] for document in records.assessments_of(second)] == [50.0]
    assert Transcript.objects.count() == 1
    assert Assessment.objects.count() == 2


@pytest.mark.django_db
def test_assessments_of_when_metadata_changed_then_only_the_new_one(result: dict[str, Any]) -> None:
    save(claimed(), result)
    second = claimed(inputs_digest="changed")
    later = copy.deepcopy(result)
    later["assessment"]["score"]["total"] = 70.0
    assert save(second, later)
    assert [document["score"]["total"] for document in records.assessments_of(second)] == [70.0]
    assert Transcript.objects.count() == 2, "roles come from metadata, so the call is another one"


@pytest.mark.django_db
def test_migrations_when_tables_are_compared_then_none_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.django_db
def test_migrate_when_up_to_date_then_does_nothing(result: dict[str, Any]) -> None:
    assert not migrate()
    save(claimed(), result)
    health = database_health()
    assert (health.pending_migrations, health.assessments) == (0, 1)
    assert health.where.startswith(f"{connection.vendor} ")

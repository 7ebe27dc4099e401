from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from store import ledger
from store.values import Enrolment

STAGE = "stage-1"


def a_batch(process_id: int = 1) -> str:
    return ledger.open_batch(
        "/recordings", STAGE, {}, host="here", boot_id="boot", process_id=process_id, process_started="1"
    )


def an_item(name: str, **changes: Any) -> Enrolment:
    item = Enrolment(
        recording_id=f"id-{name}",
        call_id=name,
        sha256=f"{name}-sha",
        path=f"/recordings/{name}.wav",
        size_bytes=100,
        modified_ns=5,
        inputs_digest="inputs",
        metadata={"call_id": name, "agent_id": "A1", "started_at": "2026-03-02T09:30:00+08:00"},
    )
    return dataclasses.replace(item, **changes)


@pytest.fixture
def batch(db: None) -> str:
    batch_id = a_batch()
    ledger.enrol(batch_id, STAGE, [an_item("a"), an_item("b")])
    return batch_id


def test_enrol_when_run_twice_then_nothing_changes(batch: str) -> None:
    assert ledger.claim(batch, "id-a", STAGE)
    ledger.mark_quarantined(batch, "id-a", STAGE, "silent", "no sound")
    again = a_batch()
    assert ledger.enrol(again, STAGE, [an_item("a"), an_item("b")]) == 2
    assert ledger.count_by_state(again) == {"new": 1, "claimed": 0, "done": 0, "failed": 0, "quarantined": 1}
    assert ledger.pending(again) == ["id-b"]
    assert ledger.count_by_state(batch)["new"] == 0, "a recording belongs to the latest batch that found it"


def test_enrol_when_metadata_changed_then_recording_is_new_again(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    ledger.mark_quarantined(batch, "id-a", STAGE, "silent", "no sound")
    ledger.enrol(batch, STAGE, [an_item("a", inputs_digest="other", metadata={"call_id": "a"})])
    assert "id-a" in ledger.pending(batch)
    claim = ledger.claim(batch, "id-a", STAGE)
    assert claim is not None
    assert claim.metadata == {"call_id": "a"}
    assert claim.attempts == 1


def test_enrol_when_another_stage_then_recording_is_new_there(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    ledger.mark_quarantined(batch, "id-a", STAGE, "silent", "no sound")
    other = a_batch()
    ledger.enrol(other, "stage-2", [an_item("a")])
    assert ledger.pending(other) == ["id-a"]


def test_enrol_when_unreadable_then_set_aside_at_once_and_counted_once(batch: str) -> None:
    problem = an_item("c", sha256="", problem=("not_a_file", "it is a folder"))
    ledger.enrol(batch, STAGE, [problem])
    assert [(item.call_id, item.code, item.message) for item in ledger.set_aside(batch)] == [
        ("c", "not_a_file", "it is a folder")
    ]
    assert ledger.count_set_aside_by(batch) == 1
    later = a_batch()
    ledger.enrol(later, STAGE, [problem])
    assert len(ledger.set_aside(later)) == 1
    assert ledger.count_set_aside_by(later) == 0


def test_enrol_when_more_than_one_transaction_then_all_are_entered(db: None) -> None:
    batch_id = a_batch()
    count = ledger.ROWS_AT_ONCE * 2 + 1
    assert ledger.enrol(batch_id, STAGE, (an_item(str(i)) for i in range(count))) == count
    assert len(ledger.pending(batch_id)) == count
    known = ledger.fingerprints(f"/recordings/{i}.wav" for i in range(count))
    assert len(known) == count
    assert known["/recordings/7.wav"].sha256 == "7-sha"


def test_claim_when_taken_then_none_for_others(batch: str) -> None:
    assert ledger.claim(batch, "id-a", STAGE) is not None
    assert ledger.claim(a_batch(), "id-a", STAGE) is None
    assert ledger.claim(batch, "id-a", STAGE) is None
    assert ledger.claim(batch, "nobody", STAGE) is None


def test_failed_when_tried_again_then_attempts_add_up_and_it_comes_last(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    assert ledger.mark_failed(batch, "id-a", STAGE, "worker_died", "it died")
    assert ledger.pending(batch) == ["id-b", "id-a"]
    claim = ledger.claim(batch, "id-a", STAGE)
    assert claim is not None
    assert claim.attempts == 2


def test_mark_when_claim_is_not_ours_then_refused(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    other = a_batch()
    assert not ledger.mark_quarantined(other, "id-a", STAGE, "silent", "no sound")
    assert not ledger.mark_failed(batch, "id-b", STAGE, "silent", "no sound")
    assert ledger.count_by_state(batch)["claimed"] == 1


def test_give_back_when_stopped_then_attempt_does_not_count(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    assert ledger.give_back(a_batch(), ["id-a"], STAGE) == 0
    assert ledger.give_back(batch, ["id-a", "id-b"], STAGE) == 1
    claim = ledger.claim(batch, "id-a", STAGE)
    assert claim is not None
    assert claim.attempts == 1


def test_release_when_run_died_then_free_again_until_the_limit(batch: str) -> None:
    for _ in range(2):
        dead = a_batch()
        ledger.claim(dead, "id-a", STAGE)
        assert [process.batch_id for process in ledger.batches_with_claims()] == [dead]
        assert ledger.release_claims_of_dead([dead], 3, "worker_died", "three runs") == 1
        assert ledger.pending(batch) == ["id-b", "id-a"], "what was in work when a run ended comes last"
    claim = ledger.claim(dead, "id-a", STAGE)
    assert claim is not None
    assert claim.attempts == 1, "interruptions are not attempts"
    assert ledger.release_claims_of_dead([dead], 3, "worker_died", "three runs") == 0
    assert [(item.code, item.message) for item in ledger.set_aside(batch)] == [("worker_died", "three runs")]


def test_retry_quarantined_when_asked_then_new_without_history(batch: str) -> None:
    ledger.claim(batch, "id-a", STAGE)
    ledger.mark_quarantined(batch, "id-a", STAGE, "silent", "no sound")
    assert ledger.retry_quarantined(batch) == 1
    claim = ledger.claim(batch, "id-a", STAGE)
    assert claim is not None
    assert claim.attempts == 1


@pytest.mark.django_db(transaction=True)
def test_claim_when_threads_race_then_each_recording_goes_to_one() -> None:
    batch_id = a_batch()
    ids = [f"id-{i}" for i in range(20)]
    ledger.enrol(batch_id, STAGE, (an_item(str(i)) for i in range(20)))

    def take_all(_: int) -> list[str]:
        try:
            return [name for name in ids if ledger.claim(batch_id, name, STAGE)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        taken = Counter(name for names in threads.map(take_all, range(6)) for name in names)
    assert taken == Counter(ids)


RACER = """
import sys
from pathlib import Path
from config.django import setup_django
from config.settings import load_settings
setup_django(load_settings(var_dir=Path(sys.argv[1])))
from store import ledger
sys.stdin.read(1)
print("\\n".join(name for name in ledger.pending(sys.argv[2]) if ledger.claim(sys.argv[2], name, "stage-1")))
"""

PREPARE = """
import sys
from pathlib import Path
from config.django import setup_django
from config.settings import load_settings
setup_django(load_settings(var_dir=Path(sys.argv[1])))
from store.database import migrate
assert migrate() and not migrate()
from store import ledger
from store.values import Enrolment
batch = ledger.open_batch("/r", "stage-1", {}, host="h", boot_id="b", process_id=1, process_started="1")
ledger.enrol(batch, "stage-1", [Enrolment(f"id-{i}", str(i), str(i), f"/r/{i}", 1, 1, "x") for i in range(40)])
print(batch)
"""


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
        environment |= {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        return subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def test_claim_when_processes_race_then_each_recording_goes_to_one(
    tmp_path: Path, python: Callable[..., subprocess.Popen[str]]
) -> None:
    batch_id = python(PREPARE, str(tmp_path)).communicate()[0].strip()
    racers = [python(RACER, str(tmp_path), batch_id) for _ in range(3)]
    taken: Counter[str] = Counter()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("g")
        racer.stdin.flush()
    for racer in racers:
        taken.update(racer.communicate()[0].split())
        assert racer.returncode == 0
    assert taken == Counter(f"id-{i}" for i in range(40))


def test_settings_when_sqlite_then_writers_wait_for_each_other(tmp_path: Path) -> None:
    from config.django_settings import _database

    options = _database(f"sqlite:///{tmp_path}/t.sqlite3")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.chunk import NightFailedError, time_limit_s
from flows.processes import only_one
from flows.progress import LogProgress
from flows.run import _lock_file, run_night
from flows.summary import NightSummary
from pipeline.errors import ModelNotFoundError, UsageError
from store import records
from store.models import Assessment, Batch, LedgerEntry
from store.values import Claim
from tests.flows.nights import a_recipe, inline_scheduler, no_scheduler, some_settings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def any_database(monkeypatch: pytest.MonkeyPatch) -> None:
    # Django is set up already; every test has a var_dir of its own.
    monkeypatch.setattr("flows.run.setup_django", lambda settings: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def night(tmp_path: Path, folder: Path) -> Callable[..., NightSummary]:
    def run(**options: Any) -> NightSummary:
        settings = some_settings(tmp_path / "var", **options.pop("settings", {}))
        options = {"recipe": a_recipe(), "scheduler": inline_scheduler, **options}
        return run_night(folder, settings, **options)

    return run


def write(folder: Path, **contents: str) -> None:
    for name, content in contents.items():
        (folder / f"{name}.wav").write_text(content)


def reasons(summary: NightSummary) -> dict[str, str]:
    return {item.call_id: item.code for item in summary.set_aside}


def test_night_when_some_recordings_are_bad_then_each_has_its_reason_and_no_other_is_lost(
    folder: Path, night: Any
) -> None:
    good = {f"good{i}": f"fine {i}" for i in range(6)}
    write(folder, **good, crash="crash ", leaves="exit ", bad="bad ", bug="bug ", nonsense="nonsense ")
    (folder / "folder.wav").mkdir()
    summary = night()
    assert summary.found == 12
    assert summary.assessed == 6
    assert summary.audio_s == 180.0
    assert reasons(summary) == {
        "crash.wav": "worker_died",
        "leaves.wav": "worker_died",
        "bad.wav": "not_audio",
        "bug.wav": "internal_error",
        "nonsense.wav": "internal_error",
        "folder.wav": "not_a_file",
    }
    assert all(item.message for item in summary.set_aside)
    assert not any("customer" in item.message for item in summary.set_aside), "no words of an error reach the ledger"
    assert (summary.newly_set_aside, summary.exit_code, summary.did_nothing) == (6, 1, False)
    assert summary.worker_bytes > 0
    stored = [document["recording"]["metadata"]["call_id"] for document in records.assessments_of(summary.batch_id)]
    assert stored == sorted(f"{name}.wav" for name in good)
    attempts = dict(LedgerEntry.objects.values_list("recording__call_id", "attempts"))
    assert (attempts["crash.wav"], attempts["bad.wav"], attempts["good0.wav"]) == (2, 1, 1)


def test_night_when_a_recording_hangs_then_only_it_is_set_aside(folder: Path, night: Any) -> None:
    write(folder, hang="hang ", fine="fine ")
    summary = night(settings={"recording_timeout_s": 5.0, "max_attempts": 1})
    assert reasons(summary) == {"hang.wav": "worker_timeout"}
    assert summary.assessed == 1


def test_night_when_run_again_then_nothing_is_done_or_even_started(folder: Path, night: Any) -> None:
    write(folder, a="fine a", b="fine b", bad="bad ")
    (folder / "folder.wav").mkdir()
    first = night()
    before = list(Assessment.objects.values_list("id", "created_at"))
    second = night(recipe=a_recipe("refuse"), scheduler=no_scheduler)
    assert second.did_nothing
    assert (second.already_done, second.assessed, second.newly_set_aside) == (2, 0, 0)
    assert reasons(second) == reasons(first)
    assert second.exit_code == 1
    assert list(Assessment.objects.values_list("id", "created_at")) == before
    assert len(list(records.assessments_of(second.batch_id))) == 2, "the second run can show the first one's results"


def test_night_when_everything_is_fine_then_exit_code_0(folder: Path, night: Any) -> None:
    write(folder, a="fine a")
    assert night().exit_code == 0
    assert night(scheduler=no_scheduler).exit_code == 0


def test_night_when_folder_is_empty_then_nothing_is_done(night: Any) -> None:
    summary = night(scheduler=no_scheduler)
    assert (summary.found, summary.did_nothing, summary.exit_code) == (0, True, 0)


def add_a_file(folder: Path) -> None:
    write(folder, c="fine c")


def change_content(folder: Path) -> None:
    write(folder, a="fine changed")


def change_metadata(folder: Path) -> None:
    (folder / "manifest.csv").write_text("call_id,file,agent_id\na.wav,a.wav,A7\n")


def move_with_call_id(folder: Path) -> None:
    (folder / "manifest.csv").write_text("call_id,file\na.wav,moved.wav\n")
    (folder / "a.wav").rename(folder / "moved.wav")


@pytest.mark.parametrize(
    ("change", "assessed"),
    [
        pytest.param(add_a_file, 1, id="new file"),
        pytest.param(change_content, 1, id="other sound"),
        pytest.param(change_metadata, 1, id="other metadata"),
        pytest.param(move_with_call_id, 0, id="same call elsewhere"),
    ],
)
def test_night_when_something_changed_then_only_that_is_done(
    folder: Path, night: Any, change: Callable[[Path], None], assessed: int
) -> None:
    write(folder, a="fine a", b="fine b")
    night()
    change(folder)
    assert night().assessed == assessed


def test_night_when_the_rulebook_changed_then_everything_is_done_again(folder: Path, night: Any) -> None:
    write(folder, a="fine a", b="fine b")
    night()
    assert night(recipe=a_recipe(rulebook_sha256="changed")).assessed == 2
    assert night(scheduler=no_scheduler).did_nothing, "the first rulebook's results are still there"


def test_night_when_asked_to_retry_then_quarantined_recordings_are_tried_again(folder: Path, night: Any) -> None:
    write(folder, a="fine a", bad="bad ")
    night()
    again = night(retry_quarantined=True)
    assert (again.assessed, again.newly_set_aside) == (0, 1)


def test_night_when_the_installation_is_at_fault_then_it_stops_and_the_rest_is_left(folder: Path, night: Any) -> None:
    write(folder, **{f"bug{i:02}": f"bug {i}" for i in range(40)})
    with pytest.raises(NightFailedError, match=r"stopped: \d+ of \d+ recordings failed, most with internal_error"):
        night(settings={"failure_threshold_minimum": 4, "workers": 1})
    states = list(LedgerEntry.objects.values_list("state", flat=True))
    assert states.count("quarantined") < 40
    assert "new" in states
    assert "claimed" not in states
    batch = Batch.objects.get()
    assert batch.finished_at is not None
    assert (batch.summary["found"], "internal_error" in batch.summary["stopped"]) == (40, True)


def test_night_when_many_recordings_are_bad_then_that_is_no_fault_of_the_installation(folder: Path, night: Any) -> None:
    write(folder, a="fine a", **{f"bad{i:02}": f"bad {i}" for i in range(15)})
    summary = night()
    assert (summary.assessed, summary.newly_set_aside) == (1, 15)


def test_night_when_the_model_is_missing_then_its_error_and_nothing_is_blamed(folder: Path, night: Any) -> None:
    write(folder, a="fine a", b="fine b")
    with pytest.raises(ModelNotFoundError):
        night(recipe=a_recipe("refuse"))
    assert set(LedgerEntry.objects.values_list("state", "attempts")) == {("new", 0)}


def test_night_when_stopped_in_the_middle_then_the_next_one_finishes(folder: Path, night: Any) -> None:
    write(folder, **{f"c{i}": f"fine {i}" for i in range(8)})
    stop: list[Callable[[], None]] = []

    class StopAfterThree(LogProgress):
        def assessed(self, audio_s: float) -> None:
            super().assessed(audio_s)
            if self._tally.done == 3:
                stop[0]()

    def remember(var_dir: Path) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def scheduler() -> Any:
            with inline_scheduler(var_dir) as run:

                def run_and_tell(night: Any) -> int:
                    stop.append(night.stop)
                    return run(night)

                yield run_and_tell

        return scheduler()

    first = night(progress=StopAfterThree, scheduler=remember)
    assert 3 <= first.assessed < 8
    assert first.elsewhere == 0, "what was in hand is given back"
    second = night()
    assert first.assessed + second.assessed == 8
    assert Assessment.objects.count() == 8
    assert set(LedgerEntry.objects.values_list("attempts", flat=True)) == {1}


def test_night_when_another_is_at_work_then_refused(folder: Path, tmp_path: Path, night: Any) -> None:
    write(folder, a="fine a")
    lock = _lock_file(some_settings(tmp_path / "var"))
    with only_one(lock, "a nightly run"), pytest.raises(UsageError, match="a nightly run is already running"):
        night()
    assert night().assessed == 1


def test_night_when_not_on_a_terminal_then_log_lines(
    folder: Path, night: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, "flows")
    write(folder, a="fine a", bad="bad ")
    night()
    assert "2 recordings to assess" in caplog.messages
    assert any(message.startswith("2 of 2 calls, 0.01 h of audio") for message in caplog.messages)
    assert any("1 set aside" in message for message in caplog.messages)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("duration_s", "size_bytes", "expected"),
    [
        pytest.param(60.0, 10**9, 600.0, id="short by the manifest"),
        pytest.param(3600.0, 10, 10800.0, id="long by the manifest"),
        pytest.param(None, 10_000, 600.0, id="small file"),
        pytest.param(None, 16_000 * 3600, 10800.0, id="large file"),
    ],
)
def test_time_limit_when_a_recording_is_long_then_it_gets_more(
    tmp_path: Path, duration_s: float | None, size_bytes: int, expected: float
) -> None:
    metadata = {} if duration_s is None else {"duration_s": duration_s}
    claim = Claim("id", "c", "/c", size_bytes, metadata, 1)
    assert time_limit_s(claim, some_settings(tmp_path, recording_timeout_s=600.0)) == expected


def test_recipe_when_the_model_lies_elsewhere_then_the_same_stage_and_else_another() -> None:
    recipe = a_recipe()
    assert dataclasses.replace(recipe, settings={"model": "/elsewhere"}).stage_version == recipe.stage_version
    for name in ("engine", "model_digest", "detector", "rulebook_sha256", "code_version"):
        assert dataclasses.replace(recipe, **{name: "other"}).stage_version != recipe.stage_version
    assert dataclasses.replace(recipe, default_agent_channel=1).stage_version != recipe.stage_version

"""A folder of rulebook versions: which calls a night judges by which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from flows.discover import discover
from flows.nights import run_nights
from pipeline.errors import RulebookError
from tests.flows.nights import some_settings
from tests.rules.test_shelf import write as write_version

MANIFEST = """call_id,file,started_at
old,old.wav,2026-03-08T23:00:00+08:00
new,new.wav,2026-03-09T00:00:00+08:00
unknown,unknown.wav,
"""


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("old", "new", "unknown"):
        (folder / f"{name}.wav").write_bytes(b"sound")
    (folder / "manifest.csv").write_text(MANIFEST)
    return folder


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    write_version(folder, "b.yaml", "2", begin="2026-03-09")
    write_version(folder, "a.yaml", "1", end="2026-03-08")
    return folder


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What each batch would judge by which rulebook."""
    batches: list[tuple[str, list[str]]] = []

    def run_night(folder: Path, settings: Settings, *, manifest: Any, day: Any, choose: Any = None) -> str:
        calls = [item.metadata for item in discover(folder, manifest, day)]
        chosen = sorted(call.call_id for call in calls if choose is None or choose(call))
        batches.append((Path(settings.rulebook).name, chosen))
        return "summary"

    monkeypatch.setattr("flows.nights.run_night", run_night)
    return batches


def test_each_call_is_judged_by_the_version_in_force_when_it_began(
    recordings: Path, versions: Path, judged: list[Any], tmp_path: Path
) -> None:
    summaries = run_nights(recordings, some_settings(tmp_path / "var", rulebook=str(versions)))
    assert judged == [("a.yaml", ["old"]), ("b.yaml", ["new", "unknown"])]
    assert [Path(place).name for place, _ in summaries] == ["a.yaml", "b.yaml"]


def test_rulebook_that_is_named_judges_every_call_in_one_batch(
    recordings: Path, versions: Path, judged: list[Any], tmp_path: Path
) -> None:
    run_nights(recordings, some_settings(tmp_path / "var", rulebook=str(versions / "a.yaml")))
    assert judged == [("a.yaml", ["new", "old", "unknown"])]


def test_empty_folder_is_one_empty_batch(versions: Path, judged: list[Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run_nights(tmp_path / "empty", some_settings(tmp_path / "var", rulebook=str(versions)))
    assert judged == [("b.yaml", [])]


def test_call_of_a_time_without_a_rulebook_stops_the_night(recordings: Path, versions: Path, tmp_path: Path) -> None:
    write_version(versions, "a.yaml", "1", begin="2026-03-08", end="2026-03-08")
    (recordings / "manifest.csv").write_text(MANIFEST.replace("2026-03-08T23", "2026-03-07T23"))
    with pytest.raises(RulebookError, match="none is in force on 2026-03-07"):
        run_nights(recordings, some_settings(tmp_path / "var", rulebook=str(versions)))


TEST_CALLS = """call_id,file,started_at,call_type
old,old.wav,2026-03-08T23:00:00+08:00,
new,new.wav,2026-03-09T00:00:00+08:00,明访
unknown,unknown.wav,,客户
"""


def test_announced_test_calls_are_judged_by_their_own_rulebook(
    recordings: Path, judged: list[Any], tmp_path: Path
) -> None:
    (recordings / "manifest.csv").write_text(TEST_CALLS)
    run_nights(recordings, some_settings(tmp_path / "var"))
    assert judged == [("mobile_service", ["old", "unknown"]), ("announced_test_call", ["new"])]


def test_folder_of_test_calls_alone_needs_no_other_rulebook(
    recordings: Path, versions: Path, judged: list[Any], tmp_path: Path
) -> None:
    (recordings / "manifest.csv").write_text("file,call_type\nold.wav,test\nnew.wav,test\nunknown.wav,test\n")
    run_nights(recordings, some_settings(tmp_path / "var", rulebook=str(versions)))
    assert judged == [("announced_test_call", ["new.wav", "old.wav", "unknown.wav"])]

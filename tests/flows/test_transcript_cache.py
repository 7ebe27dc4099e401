"""What was heard once is not heard again: engine calls counted over whole nights."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.recipe import Recipe
from flows.run import run_night
from flows.summary import NightSummary
from store import records
from store.models import Transcript
from tests.flows.fake_hearing import write_recording
from tests.flows.nights import a_recipe, inline_scheduler, some_settings

pytestmark = pytest.mark.django_db(transaction=True)

BUNDLED = Path(__file__).resolve().parents[2] / "pipeline" / "rules" / "rulebooks" / "mobile_service.yaml"


@pytest.fixture(autouse=True)
def any_database(monkeypatch: pytest.MonkeyPatch) -> None:
    # Django is set up already; every test has a var_dir of its own.
    monkeypatch.setattr("flows.run.setup_django", lambda settings: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for seed, name in enumerate(("a", "b")):
        write_recording(folder / f"{name}.wav", seed)
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
def recipe(journal: Path) -> Callable[..., Recipe]:
    def make(rulebook: str = "mobile_service", rulebook_sha256: str = "1", **parts: Any) -> Recipe:
        engine = parts.get("engine", "counting")
        made = a_recipe("load_counting", rulebook_sha256, journal=str(journal), engine=engine, rulebook=rulebook)
        return dataclasses.replace(made, initialiser="tests.flows.fake_hearing:load_counting", **parts)

    return make


@pytest.fixture
def night(tmp_path: Path, folder: Path) -> Callable[[Recipe], NightSummary]:
    def run(recipe: Recipe) -> NightSummary:
        return run_night(folder, some_settings(tmp_path / "var", workers=1), recipe=recipe, scheduler=inline_scheduler)

    return run


def lines(journal: Path) -> list[str]:
    """What the engine did since it was last asked."""
    done = journal.read_text(encoding="utf-8").split("\n")[:-1]
    journal.write_text("")
    return done


def documents(summary: NightSummary) -> list[dict[str, Any]]:
    """Assessments without what may differ between two runs."""
    found = []
    for document in records.assessments_of(summary.batch_id):
        provenance = {key: value for key, value in document["provenance"].items() if key != "seconds"}
        found.append({**document, "provenance": provenance})
    return found


def test_another_rulebook_judges_anew_without_hearing_and_without_loading_the_model(
    night: Any, recipe: Any, journal: Path, tmp_path: Path
) -> None:
    first = night(recipe())
    assert lines(journal) == ["loaded", "heard a.wav", "heard b.wav"]
    assert (first.assessed, first.reused) == (2, 0)
    mine = tmp_path / "mine.yaml"
    mine.write_text(BUNDLED.read_text("utf-8").replace('version: "', 'version: "9.'), "utf-8")
    again = night(recipe(rulebook_sha256="2"))
    assert documents(again) == documents(first), "the stored call gives the same bytes as the sound"
    second = night(recipe(rulebook=str(mine), rulebook_sha256="3"))
    assert lines(journal) == []
    assert (second.assessed, second.reused, second.set_aside) == (2, 2, ())
    assert all(document["provenance"]["rulebook_version"].startswith("9.") for document in documents(second))


def test_another_engine_hears_again_and_keeps_both_transcripts(night: Any, recipe: Any, journal: Path) -> None:
    night(recipe())
    lines(journal)
    assert night(recipe(engine="other")).reused == 0
    assert lines(journal) == ["loaded", "heard a.wav", "heard b.wav"]
    assert Transcript.objects.count() == 4


def test_new_metadata_judge_anew_and_only_the_agents_channel_hears_again(
    night: Any, recipe: Any, journal: Path, folder: Path
) -> None:
    night(recipe())
    lines(journal)
    manifest = folder / "manifest.csv"
    manifest.write_text("call_id,file,hung_up_by\na.wav,a.wav,agent\nb.wav,b.wav,customer\n", encoding="utf-8")
    summary = night(recipe())
    assert (summary.reused, lines(journal)) == (2, [])
    assert [document["measures"]["hang_up_by"]["value"] for document in documents(summary)] == ["agent", "customer"]
    manifest.write_text("call_id,file,agent_channel\na.wav,a.wav,1\nb.wav,b.wav,\n", encoding="utf-8")
    summary = night(recipe())
    assert (summary.reused, lines(journal)) == (1, ["loaded", "heard a.wav"])
    assert [document["recording"]["agent_channel"] for document in documents(summary)] == [1, 0]
    shutil.copy(folder / "b.wav", folder / "copy.wav")
    summary = night(recipe())
    assert (summary.assessed, summary.reused, lines(journal)) == (1, 1, []), "the same sound under another name"


def test_a_transcript_beside_the_recording_is_read_again_when_it_changed(
    night: Any, recipe: Any, journal: Path, folder: Path
) -> None:
    (folder / "a.json").write_text("{}")
    (folder / "b.json").write_text("{}")
    night(recipe(engine="sidecar"))
    lines(journal)
    (folder / "b.json").write_text('{"utterances": []}')
    summary = night(recipe(engine="sidecar", rulebook_sha256="2"))
    assert summary.reused == 1
    assert "heard b.wav" in lines(journal)

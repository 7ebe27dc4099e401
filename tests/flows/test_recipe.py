from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from flows.recipe import Recipe, make_recipe
from pipeline.errors import ModelNotFoundError, RulebookError
from tests.flows.nights import some_settings


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    path.write_bytes(b"weights")
    return path


def recipe(tmp_path: Path, model: Path, **settings: Any) -> Recipe:
    return make_recipe(some_settings(tmp_path, model=str(model), **settings))


def test_recipe_when_nothing_changed_then_the_same_stage_and_plain_settings(tmp_path: Path, model: Path) -> None:
    first, second = recipe(tmp_path, model), recipe(tmp_path, model)
    assert first.stage_version == second.stage_version
    assert first.settings["model"] == str(model)
    assert (first.engine, first.rulebook) == ("faster-whisper", "mobile_service")
    assert len(first.rulebook_sha256) == 64


def test_recipe_when_model_or_profile_changed_then_another_stage(tmp_path: Path, model: Path) -> None:
    stages = {recipe(tmp_path, model).stage_version}
    model.with_suffix(".json").write_text("{}")
    stages.add(recipe(tmp_path, model).stage_version)
    model.write_bytes(b"other weights")
    stages.add(recipe(tmp_path, model).stage_version)
    stages.add(recipe(tmp_path, model, vad="webrtcvad").stage_version)
    stages.add(recipe(tmp_path, model, default_agent_channel=1).stage_version)
    stages.add(recipe(tmp_path, model, engine="whisper").stage_version)
    stages.add(recipe(tmp_path, model, precision="float32").stage_version)
    assert len(stages) == 7


def test_recipe_when_model_is_a_folder_then_its_files_count(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "models" / "zh"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    by_name, by_path = recipe(tmp_path, Path("zh")), recipe(tmp_path, folder)
    assert by_name.model_digest == by_path.model_digest != ""
    (folder / "model.bin").write_bytes(b"other weights")
    assert recipe(tmp_path, folder).stage_version != by_path.stage_version


def test_recipe_when_model_was_only_moved_then_the_same_stage(tmp_path: Path, model: Path) -> None:
    before = recipe(tmp_path, model).stage_version
    moved = model.rename(tmp_path / "moved.pt")
    assert recipe(tmp_path, moved).stage_version == before


def test_recipe_when_engine_has_no_model_then_sidecars_count(tmp_path: Path, model: Path) -> None:
    made = recipe(tmp_path, model, engine="sidecar")
    assert made.hears_sidecars
    assert (made.model_digest, made.settings["model"]) == ("", None)


def test_recipe_when_something_is_missing_then_its_own_error(tmp_path: Path, model: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        recipe(tmp_path, tmp_path / "none.pt")
    with pytest.raises(RulebookError):
        recipe(tmp_path, model, rulebook="no_such_rulebook")


def test_recipe_hearing_is_named_by_engine_model_detector_and_channel_and_not_by_the_rulebook(
    tmp_path: Path, model: Path
) -> None:
    rulebook = Path(__file__).resolve().parents[2] / "pipeline" / "rules" / "rulebooks" / "mobile_service.yaml"
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(rulebook.read_bytes() + b"# ours\n")
    first, judged_otherwise = recipe(tmp_path, model), recipe(tmp_path, model, rulebook=str(mine))
    assert judged_otherwise.stage_version != first.stage_version
    assert judged_otherwise.hearing == first.hearing
    others = [
        recipe(tmp_path, model, engine=f"whisper:{model}"),
        recipe(tmp_path, model, vad="webrtcvad"),
        recipe(tmp_path, model, default_agent_channel=1),
        dataclasses.replace(first, code_version="9"),
    ]
    model.write_bytes(b"other weights")
    others.append(recipe(tmp_path, model))
    assert len({first.hearing, *(other.hearing for other in others)}) == 6


def test_recipe_with_hot_words_is_heard_otherwise_and_a_rulebook_with_the_same_phrases_is_not(
    tmp_path: Path, model: Path
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("胜太路\n", encoding="utf-8")
    plain, listed = recipe(tmp_path, model), recipe(tmp_path, model, hot_words=str(words))
    assert "hot_words" not in plain.contents()
    assert listed.settings["hot_words"] == ["胜太路"]
    rulebook = Path(__file__).resolve().parents[2] / "pipeline" / "rules" / "rulebooks" / "mobile_service.yaml"
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(rulebook.read_bytes() + b"# ours\n")
    from_rulebook = recipe(tmp_path, model, hot_words=str(words), hot_words_from_rulebook=True)
    same_phrases = recipe(tmp_path, model, hot_words=str(words), hot_words_from_rulebook=True, rulebook=str(mine))
    assert from_rulebook.hot_words[0] == "胜太路"
    assert len(from_rulebook.hot_words) > 5
    assert same_phrases.hearing == from_rulebook.hearing
    assert len({plain.hearing, listed.hearing, from_rulebook.hearing}) == 3

import json
import shutil
from pathlib import Path

import pytest

from pipeline.features.catalogue import CATALOGUE
from tingjian.cli import EXIT_DONE, EXIT_WRONG_USE, run

CALLS = Path(__file__).parents[2] / "samples" / "calls"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A bundled recording with its true words as the transcript."""
    monkeypatch.setenv("TINGJIAN_VAR_DIR", str(tmp_path / "var"))
    shutil.copy(CALLS / "20260302-001.wav", tmp_path)
    truth = json.loads((CALLS / "20260302-001.truth.json").read_text(encoding="utf-8"))
    utterances = [
        {key: one[key] for key in ("role", "channel", "start_s", "end_s", "text")} for one in truth["utterances"]
    ]
    words = tmp_path / "words.json"
    words.write_text(json.dumps({"utterances": utterances}), encoding="utf-8")
    return ["--call", str(tmp_path / "20260302-001.wav"), "--transcript", str(words)], truth["measures"]


def test_explain_shows_the_norm_by_all_four_definitions(capsys):
    assert run(["measures", "explain"]) == EXIT_DONE
    out = capsys.readouterr().out
    for name in (
        "agent_articulation_rate_cpm",
        "agent_speaking_rate_cpm",
        "agent_call_rate_cpm",
        "agent_word_rate_wpm",
    ):
        assert f"when: {{measure: {{name: {name}, above: 120}}}}" in out
    assert "全都“过快”" in out
    assert "这通电话" not in out


def test_explain_of_a_call_gives_its_figures_and_the_quantities_of_the_formula(capsys, call):
    arguments, truth = call
    assert run(["measures", "explain", *arguments, "--format", "json"]) == EXIT_DONE
    readings = {one["measure"]: one for one in json.loads(capsys.readouterr().out)["readings"]}
    speaking = readings["agent_speaking_rate_cpm"]
    assert speaking["value"] == pytest.approx(truth["agent_speaking_rate_cpm"], rel=0.03)
    assert speaking["verdict"] == "within"
    assert speaking["inputs"]["characters"] == truth["agent_character_count"]
    assert readings["agent_articulation_rate_cpm"]["verdict"] == "above"


def test_explain_of_one_measure_shows_definition_value_and_evidence(capsys, call):
    arguments, _ = call
    assert run(["measures", "explain", "greeting_latency_s", *arguments]) == EXIT_DONE
    out = capsys.readouterr().out
    assert CATALOGUE["greeting_latency_s"].definition in out
    assert "这通电话" in out
    assert "first_speech_s = " in out


def test_list_names_every_measure(capsys):
    assert run(["measures", "list", "--format", "json"]) == EXIT_DONE
    assert list(json.loads(capsys.readouterr().out)["measures"]) == list(CATALOGUE)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["agent_peak_rate"], "agent_peak_rate_cpm"),
        (["--norm", "120-100"], "100-120"),
        (["--norm", "fast"], "100-120"),
        (["--transcript", "words.json"], "--call"),
    ],
    ids=["unknown measure", "norm the wrong way round", "norm in words", "transcript without recording"],
)
def test_wrong_use_is_explained(capsys, arguments, told):
    assert run(["measures", "explain", *arguments]) == EXIT_WRONG_USE
    assert told in capsys.readouterr().err

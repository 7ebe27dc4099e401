"""A model that writes Chinese alone, converted without the tokens of other writing: the same text for less work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.asr.conversion import convert_checkpoint
from pipeline.asr.engine import EngineSettings, make_engine
from pipeline.asr.vocabulary import is_chinese
from pipeline.errors import EngineError
from pipeline.types import Audio, Role, Span, Turn
from tests.asr.test_engines import save

# The first two share a window, in which the model has to write timestamps.
TURNS = tuple(Turn(Role.AGENT, 0, at, at + length, (Span(at, at + length),)) for at, length in ((0.5, 1.0), (3.0, 2.0)))


@pytest.mark.parametrize(
    ("token", "kept"),
    [
        ("您好".encode(), True),
        (" 您".encode(), True),
        ("，".encode(), True),
        (b"\xe6\x82", True),
        (b"\xa8", True),
        (b"2024", True),
        (b" A", True),
        (b"\xd0", True),
        (b" the", False),
        (b"OK", False),
        ("дом".encode(), False),
        ("é".encode(), False),
        (" \uadf8".encode()[:-1], False),
    ],
)
def test_is_chinese_keeps_what_chinese_text_is_made_of(token, kept) -> None:
    assert is_chinese(token) is kept


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[Path]:
    """The same checkpoint with all its tokens, and as one that writes Chinese alone."""
    made = []
    for profile in ({}, {"chinese_only": True}):
        checkpoint = save(tmp_path_factory.mktemp("model") / "tiny.pt")
        checkpoint.with_suffix(".json").write_text(json.dumps({"name": "tiny", **profile}), "utf-8")
        made.append(convert_checkpoint(checkpoint, checkpoint.parent / "converted"))
    return made


@pytest.fixture(scope="module")
def engines(folders):
    return [make_engine("faster-whisper", model=str(folder), threads=1) for folder in folders]


@pytest.mark.parametrize("turns", [TURNS[:1], TURNS], ids=["without timestamps", "with timestamps"])
@pytest.mark.parametrize("hot_words", [(), ("套餐", "iPhone")], ids=["no hot words", "hot words in two scripts"])
def test_model_without_tokens_of_other_writing_hears_the_same(engines, turns, hot_words) -> None:
    audio = Audio(np.random.default_rng(0).uniform(-0.1, 0.1, (1, 48_000)).astype(np.float32), 8000)
    whole, chinese = (engine.transcribe(audio, turns, Path("call.wav"), hot_words).utterances for engine in engines)
    assert [(one.text, one.start_s, one.end_s) for one in whole] == [(o.text, o.start_s, o.end_s) for o in chinese]
    assert any("好" in one.text for one in whole)
    # Where the scores of nothing compete, a little more is left for what is written.
    for one, other in zip(whole, chinese, strict=True):
        assert other.confidence == pytest.approx(one.confidence, abs=0.02)


def test_model_without_tokens_of_other_writing_has_a_tenth_of_the_rows(folders) -> None:
    whole, chinese = (json.loads((folder / "vocabulary.json").read_text("utf-8")) for folder in folders)
    assert len(whole) == 51_865
    assert len(chinese) < 0.15 * len(whole)
    assert chinese[-1608:] == whole[-1608:]  # languages, marks and timestamps


def test_model_without_its_list_of_tokens_is_refused(folders, tmp_path) -> None:
    folder = Path(shutil.copytree(folders[1], tmp_path / "model"))
    (folder / "vocabulary.json").write_text("no list", "utf-8")
    with pytest.raises(EngineError, match="cannot be loaded"):
        make_engine("faster-whisper", model=str(folder), threads=1)


def test_profile_with_anything_but_true_or_false_is_refused(tmp_path) -> None:
    checkpoint = save(tmp_path / "tiny.pt")
    checkpoint.with_suffix(".json").write_text('{"chinese_only": "yes"}', "utf-8")
    with pytest.raises(EngineError, match="chinese_only"):
        make_engine("faster-whisper", model=str(checkpoint), settings=EngineSettings(model_cache=tmp_path))


def test_converted_folder_is_the_same_whichever_process_makes_it(folders) -> None:
    for folder in folders:
        languages = json.loads((folder / "config.json").read_text("utf-8"))["lang_ids"]
        # The tokenizer gives languages in an order that differs with the hash seed.
        assert languages == sorted(set(languages))
        assert len(languages) == 99

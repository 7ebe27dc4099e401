"""What is peculiar to sherpa-onnx: two kinds of models, tokens with times, folders that are not what they should be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.asr.engine import EngineSettings, make_engine
from pipeline.asr.sherpa_engine import heard_units
from pipeline.asr.windows import Window, WindowPiece
from pipeline.errors import EngineError, ModelNotFoundError
from pipeline.types import Audio, Role, Span, Turn
from tests.asr import tiny_onnx

WINDOW = Window((WindowPiece(0, 0, Span(1.0, 3.0), Span(0.75, 3.25), 0.0),))


@pytest.fixture(scope="module")
def sense_voice(tmp_path_factory) -> Path:
    return tiny_onnx.sense_voice(tmp_path_factory.mktemp("model") / "sense")


@pytest.fixture(scope="module")
def paraformer(tmp_path_factory) -> Path:
    return tiny_onnx.paraformer(tmp_path_factory.mktemp("model") / "para")


def engine_of(folder: Path, **settings):
    return make_engine("sherpa-onnx", model=str(folder), threads=1, settings=EngineSettings(**settings))


def test_sense_voice_gives_the_time_of_every_character_inside_its_turn(sense_voice) -> None:
    engine = engine_of(sense_voice)
    audio = Audio(np.zeros((2, 40_000), np.float32), 8000)
    turn = Turn(Role.CUSTOMER, 1, 2.0, 4.0, (Span(2.0, 4.0),))
    (said,) = engine.transcribe(audio, (turn,), Path("call.wav")).utterances
    assert engine.capabilities.character_times
    assert (said.role, said.channel) == (Role.CUSTOMER, 1)
    assert set(said.text) == {"好"}
    # The model begins one every 0.24 s; the window begins 0.25 s before the turn.
    starts = [span.start_s for span in said.characters]
    assert (starts[0], starts[2], starts[3]) == pytest.approx((2.0, 2.23, 2.47), abs=0.02)
    assert starts == sorted(starts)
    assert starts[-1] <= 4.0


def test_paraformer_without_times_says_so_and_hears_each_turn_for_itself(paraformer) -> None:
    engine = engine_of(paraformer)
    audio = Audio(np.zeros((1, 48_000), np.float32), 8000)
    turns = tuple(Turn(Role.AGENT, 0, start, end, (Span(start, end),)) for start, end in ((0.5, 1.0), (1.2, 5.5)))
    short, long = engine.transcribe(audio, turns, Path("call.wav")).utterances
    assert not engine.capabilities.character_times
    assert short.characters is long.characters is None
    assert len(short.text) < len(long.text)  # what is longer does not lengthen what is heard with it
    assert (short.start_s, long.end_s) == (0.5, 5.5)


def test_turn_of_a_few_milliseconds_is_heard_without_harm(sense_voice) -> None:
    audio = Audio(np.zeros((1, 80), np.float32), 8000)
    engine = engine_of(sense_voice)
    engine.transcribe(audio, (Turn(Role.AGENT, 0, 0.0, 0.01, (Span(0.0, 0.01),)),), Path("call.wav"))


def test_number_of_windows_at_once_does_not_change_the_text(sense_voice) -> None:
    audio = Audio(np.zeros((1, 80_000), np.float32), 8000)
    turns = tuple(Turn(Role.AGENT, 0, at, at + 0.3 * at, (Span(at, 1.3 * at),)) for at in (1.0, 2.0, 4.0, 7.0))
    texts = {
        tuple(
            one.text for one in engine_of(sense_voice, windows_at_once=n).transcribe(audio, turns, Path("c")).utterances
        )
        for n in (1, 2, 8)
    }
    assert len(texts) == 1


def test_units_of_latin_words_and_marks_read_as_words() -> None:
    written = heard_units("x", ["<|HAPPY|>", "▁hel", "lo", "好"], [0.0, 0.1, 0.2, 0.3], WINDOW)
    assert "".join(unit.text for unit in written) == " hello好"
    written = heard_units("x", ["hel@@", "lo", "world", "好"], [0.0, 0.1, 0.2, 0.3], WINDOW, pieces=True)
    assert "".join(unit.text for unit in written) == "hello world好"


def test_units_without_a_time_for_each_token_are_one_text() -> None:
    (unit,) = heard_units("你好", ["你", "好"], [0.1], WINDOW)
    assert (unit.text, unit.start_s) == ("你好", None)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "model.onnx").write_bytes(b"no model"), "cannot be read"),
        (lambda folder: (folder / "tokens.txt").write_text("好 0\n", "utf-8"), "1 tokens and the model beside it 6"),
    ],
    ids=["damaged", "tokens of another"],
)
def test_make_engine_of_a_spoilt_folder_says_what_is_wrong(tmp_path, spoil, told) -> None:
    folder = tiny_onnx.sense_voice(tmp_path / "model")
    spoil(folder)
    with pytest.raises(EngineError, match=told):
        engine_of(folder)


def test_make_engine_of_another_kind_of_model_does_not_end_the_process(tmp_path) -> None:
    folder = tiny_onnx.save(tmp_path / "model", tiny_onnx.SENSE_VOICE, tiny_onnx.SENSE_VOICE_TOKENS, {}, plain=True)
    with pytest.raises(EngineError, match="neither a Paraformer nor a SenseVoice"):
        engine_of(folder)


def test_make_engine_of_a_model_that_fails_when_it_runs_is_refused_at_once(tmp_path) -> None:
    broken = tiny_onnx.SENSE_VOICE.replace("wide = {6}", "wide = {5}")
    with pytest.raises(EngineError, match="does not run"):
        engine_of(tiny_onnx.sense_voice(tmp_path / "model", broken))


def test_what_goes_wrong_inside_the_library_does_not_pass_for_silence(sense_voice, monkeypatch) -> None:
    engine = engine_of(sense_voice)

    class GivesNothing:
        """As the library does after an error that it caught."""

        create_stream = engine._recogniser.create_stream

        def decode_streams(self, streams) -> None: ...

    monkeypatch.setattr(engine, "_recogniser", GivesNothing())
    audio = Audio(np.zeros((1, 16_000), np.float32), 8000)
    with pytest.raises(EngineError, match=r"call\.wav"):
        engine.transcribe(audio, (Turn(Role.AGENT, 0, 0.5, 1.5, (Span(0.5, 1.5),)),), Path("call.wav"))


def test_paraformer_that_fails_on_a_turn_does_not_pass_for_silence(tmp_path, capfd) -> None:
    engine = engine_of(tiny_onnx.paraformer(tmp_path / "model", most_frames=30))
    audio = Audio(np.zeros((1, 80_000), np.float32), 8000)
    short, long = (Turn(Role.AGENT, 0, 0.5, end, (Span(0.5, end),)) for end in (1.5, 6.5))
    assert engine.transcribe(audio, (short,), Path("call.wav")).utterances
    with pytest.raises(EngineError, match=r"call\.wav"):
        engine.transcribe(audio, (long,), Path("call.wav"))
    assert "Caught exception" in capfd.readouterr().err  # what the library says of it stays to be read


def test_paraformer_that_hears_nothing_in_a_turn_gives_no_text(tmp_path) -> None:
    engine = engine_of(tiny_onnx.paraformer(tmp_path / "model", writes="</s>"))
    audio = Audio(np.zeros((1, 80_000), np.float32), 8000)
    turn = Turn(Role.AGENT, 0, 0.5, 1.5, (Span(0.5, 1.5),))
    assert engine.transcribe(audio, (turn,), Path("call.wav")).utterances == ()


@pytest.mark.parametrize("model", [None, "no-such-model"])
def test_make_engine_without_its_folder_says_what_belongs_there(model, tmp_path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"model\.int8\.onnx and tokens\.txt"):
        make_engine("sherpa-onnx", model=model, settings=EngineSettings(model_cache=tmp_path))


def test_make_engine_of_an_incomplete_folder_says_what_is_missing(tmp_path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelNotFoundError, match=r"without model\.int8\.onnx or model\.onnx, or without tokens\.txt"):
        make_engine("sherpa-onnx", model="model", settings=EngineSettings(model_cache=tmp_path))


def test_make_engine_without_the_extra_says_how_to_install_it(sense_voice, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(EngineError, match=r"pip install 'tingjian\[sherpa\]'"):
        engine_of(sense_voice)

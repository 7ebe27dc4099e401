"""Device, half precision and batches by setting: what the engines ask of their libraries, told by doubles of these."""

from __future__ import annotations

from pathlib import Path

import ctranslate2
import faster_whisper
import numpy as np
import pytest
import sherpa_onnx
import torch
import whisper

from pipeline.asr.engine import EngineSettings, make_engine
from pipeline.errors import ConfigurationError, EngineError
from pipeline.types import Audio, Role, Span, Turn
from tests.asr import tiny_onnx
from tests.asr.test_engines import save

# Long enough that no two share a window.
TURNS = tuple(Turn(Role.AGENT, 0, at, at + 20.0, (Span(at, at + 20.0),)) for at in (1.0, 22.0, 43.0, 64.0, 85.0))
AUDIO = Audio(np.zeros((1, 110 * 8000), np.float32), 8000)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "tiny-random.pt")


@pytest.fixture
def loaded(monkeypatch) -> dict[str, object]:
    """What faster-whisper is asked to load; it is loaded on the processor all the same."""
    asked: dict[str, object] = {}
    load = faster_whisper.WhisperModel

    def double(path, **options):
        asked.update(options)
        return load(path, **{**options, "device": "cpu", "compute_type": "float32"})

    monkeypatch.setattr(faster_whisper, "WhisperModel", double)
    return asked


@pytest.mark.parametrize(
    ("settings", "cards", "expected"),
    [
        ({"device": "cuda"}, 1, ("cuda", "float16")),
        ({"device": "auto"}, 1, ("cuda", "float16")),
        ({"device": "auto"}, 0, ("cpu", "int8")),
        ({"device": "cpu"}, 1, ("cpu", "int8")),
        ({"device": "cuda", "precision": "int8_float16"}, 1, ("cuda", "int8_float16")),
    ],
)
def test_faster_whisper_asks_for_the_device_and_precision_that_were_set(
    checkpoint, tmp_path, loaded, monkeypatch, settings, cards, expected
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: cards)
    engine = make_engine(
        "faster-whisper", model=str(checkpoint), threads=2, settings=EngineSettings(**settings, model_cache=tmp_path)
    )
    assert (loaded["device"], loaded["compute_type"]) == expected
    assert loaded["cpu_threads"] == 2
    assert engine.options["precision"] == expected[1]


@pytest.mark.parametrize(("at_once", "sizes"), [(4, [4, 1]), (2, [2, 2, 1])])
def test_faster_whisper_decodes_as_many_windows_at_once_as_were_set(
    checkpoint, tmp_path, loaded, at_once, sizes
) -> None:
    settings = EngineSettings(device="cuda", windows_at_once=at_once, model_cache=tmp_path)
    engine = make_engine("faster-whisper", model=str(checkpoint), threads=1, settings=settings)
    model, batches = engine._model, []

    class Watched:
        encode, align = model.encode, model.align

        def generate(self, states, prompts, **options):
            batches.append(len(prompts))
            return model.generate(states, prompts, **options)

    engine._model = Watched()
    assert engine.transcribe(AUDIO, TURNS, Path("call.wav")).utterances
    assert batches == sizes


def test_whisper_computes_in_half_precision_on_a_card(checkpoint, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    load, asked = whisper.load_model, []
    monkeypatch.setattr(whisper, "load_model", lambda path, device: (asked.append(device), load(path, device="cpu"))[1])
    engine = make_engine("whisper", model=str(checkpoint), threads=1, settings=EngineSettings(device="auto"))
    decode, options = engine._whisper.decode, []
    monkeypatch.setattr(engine._whisper, "decode", lambda *given: (options.append(given[2]), decode(*given))[1])
    assert engine.transcribe(AUDIO, TURNS[:1], Path("call.wav")).utterances
    assert asked == ["cuda"]
    assert options[0].fp16
    assert engine.options["precision"] == "float16"
    assert next(engine._model.parameters()).dtype == torch.float16


def test_whisper_without_a_card_says_what_is_missing(checkpoint, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="no graphics card"):
        make_engine("whisper", model=str(checkpoint), settings=EngineSettings(device="cuda"))


def test_faster_whisper_without_a_card_says_where_it_failed(checkpoint, tmp_path) -> None:
    assert ctranslate2.get_cuda_device_count() == 0
    with pytest.raises(EngineError, match="on cuda in float16"):
        make_engine(
            "faster-whisper", model=str(checkpoint), settings=EngineSettings(device="cuda", model_cache=tmp_path)
        )


@pytest.mark.parametrize(("device", "provider"), [("cuda", "cuda"), ("cpu", "cpu")])
def test_sherpa_asks_for_the_provider_of_the_device(tmp_path, monkeypatch, device, provider) -> None:
    load, asked = sherpa_onnx.OfflineRecognizer.from_sense_voice, []

    def double(**options):
        asked.append(options["provider"])
        return load(**{**options, "provider": "cpu"})

    monkeypatch.setattr(sherpa_onnx.OfflineRecognizer, "from_sense_voice", double)
    make_engine("sherpa-onnx", model=str(tiny_onnx.sense_voice(tmp_path / "m")), settings=EngineSettings(device=device))
    assert asked == [provider]


@pytest.mark.parametrize("wrong", [{"device": "tpu"}, {"precision": "int3"}, {"windows_at_once": 0}])
def test_settings_that_no_engine_knows_are_refused(wrong) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        EngineSettings(**wrong)

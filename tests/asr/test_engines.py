"""One contract over every engine, and what is peculiar to openai-whisper."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper

from pipeline.asr.engine import EngineSettings, LateEngine, make_engine
from pipeline.asr.hot_words import takes_hot_words
from pipeline.asr.normalise import normalise
from pipeline.asr.whisper_model import whisper_tokenizer
from pipeline.errors import ConfigurationError, EngineError, ModelNotFoundError
from pipeline.types import Audio, Role, Span, Turn
from tests.asr import tiny_onnx

TURNS = (
    Turn(Role.AGENT, 0, 0.5, 2.0, (Span(0.5, 1.2), Span(1.5, 2.0))),
    Turn(Role.CUSTOMER, 1, 2.5, 3.5, (Span(2.5, 3.5),)),
    Turn(Role.AGENT, 0, 4.0, 5.0, (Span(4.0, 5.0),)),
)
DIMENSIONS = {
    "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": 64, "n_audio_head": 1, "n_audio_layer": 1, "n_vocab": 51865,
    "n_text_ctx": 448, "n_text_state": 64, "n_text_head": 1, "n_text_layer": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def audio() -> Audio:
    return Audio(np.random.default_rng(0).uniform(-0.1, 0.1, (2, 48_000)).astype(np.float32), 8000)


def save(path: Path, **dimensions: int) -> Path:
    """A Whisper of random weights that writes one character over and over, by the ordinary way."""
    dims = DIMENSIONS | dimensions
    torch.manual_seed(0)
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**dims))
    (good,) = whisper_tokenizer(99).encode("好")
    with torch.no_grad():
        model.decoder.positional_embedding.normal_(std=0.1)  # the library leaves it as memory was
        # Whatever the decoder computes, the last layer sees this one direction, in which one token stands out.
        model.decoder.ln.weight.zero_()
        model.decoder.ln.bias.copy_(torch.sign(torch.randn(dims["n_text_state"])))
        model.decoder.token_embedding.weight[good] = model.decoder.ln.bias
    torch.save({"dims": dims, "model_state_dict": model.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "tiny-random.pt")


ENGINES_UNDER_CONTRACT = (
    "whisper",
    "whisper, one turn a window",
    "faster-whisper",
    "faster-whisper, one turn a window",
    "sherpa-onnx, Paraformer",
    "sherpa-onnx, Paraformer with times",
    "sherpa-onnx, SenseVoice",
    "sidecar",
)


@pytest.fixture(scope="module", params=ENGINES_UNDER_CONTRACT)
def engine_and_source(request, tmp_path_factory, checkpoint):
    folder = tmp_path_factory.mktemp("engine")
    source = folder / "call.wav"
    if request.param == "sidecar":
        said = [
            {"role": "agent", "start_s": 0.5, "end_s": 2.0, "text": "您好，請問需要什麼", "confidence": 0.9},
            {"channel": 1, "start_s": 2.5, "end_s": 3.5, "text": "查話費", "confidence": 0.8},
        ]
        (folder / "call.json").write_text(json.dumps({"utterances": said}), "utf-8")
        return make_engine("sidecar"), source
    if "SenseVoice" in request.param:
        return make_engine("sherpa-onnx", model=str(tiny_onnx.sense_voice(folder / "sense")), threads=1), source
    if "Paraformer" in request.param:
        model = tiny_onnx.paraformer(folder / "para", with_times="times" in request.param)
        return make_engine("sherpa-onnx", model=str(model), threads=1), source
    model = folder / "model.pt"
    model.write_bytes(checkpoint.read_bytes())
    if "one turn" in request.param:
        model.with_suffix(".json").write_text(json.dumps({"max_turns_per_window": 1, "margin_s": 0.1, "silence_s": 2}))
    settings = EngineSettings(model_cache=folder / "converted", windows_at_once=2)
    return make_engine(request.param.partition(",")[0], model=str(model), threads=1, settings=settings), source


def test_transcribe_by_any_engine_fulfils_the_contract(engine_and_source, audio) -> None:
    engine, source = engine_and_source
    transcript = engine.transcribe(audio, TURNS, source)
    assert (transcript.engine, transcript.model) == (engine.name, engine.model)
    assert transcript.options == engine.options
    assert transcript.options["language"] == transcript.language == "zh"
    assert len(transcript.model_digest) == 64
    assert transcript.audio_s == pytest.approx(audio.duration_s)
    assert transcript.speech_s == pytest.approx(sum(turn.speech_s for turn in TURNS))
    assert transcript.utterances
    assert list(transcript.utterances) == sorted(transcript.utterances, key=lambda one: one.start_s)
    for one in transcript.utterances:
        assert 0 <= one.start_s <= one.end_s <= audio.duration_s
        assert (one.role, one.channel) in {(Role.AGENT, 0), (Role.CUSTOMER, 1)}
        assert one.text == normalise(one.text) != ""
        assert (0 <= one.confidence <= 1) if engine.capabilities.confidence else one.confidence is None
        if engine.capabilities.character_times:
            assert len(one.characters) == len(one.text)
            edges = [edge for span in one.characters for edge in (span.start_s, span.end_s)]
            assert edges == sorted(edges)
            assert one.start_s <= edges[0] <= edges[-1] <= one.end_s
        else:
            assert one.characters is None
    assert {(one.role, one.channel) for one in transcript.utterances} == {(Role.AGENT, 0), (Role.CUSTOMER, 1)}


def test_transcribe_twice_by_any_engine_gives_the_same(engine_and_source, audio) -> None:
    engine, source = engine_and_source
    assert engine.transcribe(audio, TURNS, source) == engine.transcribe(audio, TURNS, source)


def test_transcribe_of_no_turns_by_whisper_gives_no_utterances(checkpoint, audio) -> None:
    engine = make_engine(f"whisper:{checkpoint}", threads=1)
    assert engine.transcribe(audio, (), Path("call.wav")).utterances == ()


def test_whisper_engine_reports_the_model_file_and_the_profile(checkpoint, tmp_path) -> None:
    model = tmp_path / "demo.pt"
    model.write_bytes(checkpoint.read_bytes())
    profile = {"name": "demo speech", "max_turns_per_window": 1, "margin_s": 0.1}
    model.with_suffix(".json").write_text(json.dumps(profile))
    engine = make_engine("whisper", model=str(model), threads=1)
    assert engine.model == "demo speech"
    assert engine.digest == hashlib.sha256(model.read_bytes()).hexdigest()
    assert engine.options["max_turns_per_window"] == 1
    assert engine.options["margin_s"] == 0.1


def test_faster_whisper_computes_a_short_silence_and_lets_it_stand_for_the_rest(checkpoint, tmp_path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(checkpoint.read_bytes())
    model.with_suffix(".json").write_text('{"silence_s": 2.0}')
    engine = make_engine("faster-whisper", model=str(model), threads=1, settings=EngineSettings(model_cache=tmp_path))
    asked: list[tuple[int, ...]] = []
    encode = engine._model.encode

    class Watched:
        def encode(self, features, to_cpu=False):
            asked.append(tuple(features.shape))
            return encode(features, to_cpu=to_cpu)

    engine._model = Watched()
    rng = np.random.default_rng(0)
    sounds = [rng.uniform(-0.1, 0.1, round(seconds * 16_000)).astype(np.float32) for seconds in (1.0, 4.0)]
    states = np.array(engine._encoded(sounds))
    assert states.shape[:2] == (2, 300)  # 20 ms each, 2 s longer than the longest
    assert [shape[0] for shape in asked] == [1, 1]
    assert [shape[2] for shape in asked] == [132, 432]
    for state, heard in zip(states, (1.0, 4.0), strict=True):
        end = round((heard + 0.3) / 0.02) - 1
        assert np.all(state[end:] == state[end])
        assert not np.all(state[end // 2] == state[end])


def test_whisper_engine_sets_the_threads_it_was_given(checkpoint, audio) -> None:
    before = torch.get_num_threads()
    try:
        engine = make_engine("whisper", model=str(checkpoint), threads=2)
        torch.set_num_threads(1)
        engine.transcribe(audio, TURNS[:1], Path("call.wav"))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class Heard:
    """A model that writes given results, one a window, and notes what it was asked for."""

    def __init__(self, monkeypatch, engine, *results: dict) -> None:
        self.options: list[whisper.DecodingOptions] = []
        waiting = list(results)

        def decode(_, mels, options):
            self.options.append(options)
            return [self.result(**waiting.pop(0)) for _ in mels]

        monkeypatch.setattr(engine._whisper, "decode", decode)

    @staticmethod
    def result(text: str = "", segments=(), avg_logprob: float = -0.1, no_speech_prob: float = 0.0):
        tokenizer = whisper_tokenizer(99)
        tokens: list[int] = tokenizer.encode(text)
        for start_s, words, end_s in segments:
            tokens += [
                tokenizer.timestamp_begin + round(start_s / 0.02),
                *tokenizer.encode(words),
                *([] if end_s is None else [tokenizer.timestamp_begin + round(end_s / 0.02)]),
            ]
        return whisper.DecodingResult(
            None, "zh", tokens=tokens, text=text, avg_logprob=avg_logprob, no_speech_prob=no_speech_prob
        )


@pytest.fixture
def one_by_one(checkpoint, tmp_path):
    model = tmp_path / "model.pt"
    model.write_bytes(checkpoint.read_bytes())
    model.with_suffix(".json").write_text('{"max_turns_per_window": 1}')
    return make_engine("whisper", model=str(model), threads=1)


@pytest.fixture
def together(checkpoint):
    return make_engine("whisper", model=str(checkpoint), threads=1)


def test_whisper_with_one_turn_a_window_gives_the_turns_own_times(one_by_one, audio, monkeypatch) -> None:
    heard = Heard(monkeypatch, one_by_one, {"text": "二"}, {"text": "三"}, {"text": "一", "avg_logprob": -0.5})
    said = one_by_one.transcribe(audio, TURNS, Path("call.wav")).utterances
    assert [(one.start_s, one.end_s) for one in said] == [(turn.start_s, turn.end_s) for turn in TURNS]
    assert [one.role for one in said] == [turn.role for turn in TURNS]
    longest = next(one for one in said if one.end_s == 2.0)
    assert longest.confidence == pytest.approx(math.exp(-0.5))
    assert all(asked.without_timestamps and asked.language == "zh" for asked in heard.options)
    assert all(asked.temperature == 0 and asked.prompt is None for asked in heard.options)


def test_whisper_is_told_hot_words_and_says_so_in_the_options(one_by_one, audio, monkeypatch) -> None:
    heard = Heard(monkeypatch, one_by_one, *({"text": "好"},) * 6)
    engine = LateEngine(lambda: one_by_one)
    assert takes_hot_words(engine)
    told = engine.transcribe(audio, TURNS, Path("call.wav"), ("胜太路", "流量王"))
    assert {asked.prompt for asked in heard.options} == {"胜太路，流量王"}
    assert told.options["hot_words"] == "胜太路，流量王"
    heard.options.clear()
    assert "hot_words" not in engine.transcribe(audio, TURNS, Path("call.wav")).options
    assert {asked.prompt for asked in heard.options} == {None}


def test_whisper_drops_a_window_that_is_doubtful_and_without_speech(one_by_one, audio, monkeypatch) -> None:
    nothing = {"text": "字幕", "avg_logprob": -1.5, "no_speech_prob": 0.9}
    doubtful = {"text": "嗯", "avg_logprob": -1.5, "no_speech_prob": 0.1}
    sure = {"text": "好", "avg_logprob": -0.2, "no_speech_prob": 0.9}
    Heard(monkeypatch, one_by_one, nothing, doubtful, sure)
    heard = one_by_one.transcribe(audio, TURNS, Path("call.wav"))
    assert sorted(one.text for one in heard.utterances) == sorted(["嗯", "好"])
    assert [(item.text, item.reason) for item in heard.rejected] == [("字幕", "no_speech")]


def test_whisper_with_several_turns_a_window_splits_by_timestamps(together, audio, monkeypatch) -> None:
    # Agent's window: turn 0 at 0.25 to 1.75 s, turn 2 at 2.65 to 3.65 s (margins 0.25 s, gap 0.4 s).
    agent = {"segments": [(0.2, "您好", 1.8), (2.6, "再见", 3.7)]}
    Heard(monkeypatch, together, {"text": "喂"}, agent)
    said = together.transcribe(audio, TURNS, Path("call.wav")).utterances
    assert [(one.role, one.text) for one in said] == [
        (Role.AGENT, "您好"),
        (Role.CUSTOMER, "喂"),
        (Role.AGENT, "再见"),
    ]
    assert [(one.start_s, one.end_s) for one in said] == [(0.5, 2.0), (2.5, 3.5), (4.0, 5.0)]


def test_whisper_text_over_two_turns_is_shared_out_and_never_leaves_the_speaker(together, audio, monkeypatch) -> None:
    Heard(monkeypatch, together, {"text": "喂"}, {"segments": [(0.25, "一二三四五", None)]})
    said = [one for one in together.transcribe(audio, TURNS, Path("call.wav")).utterances if one.role is Role.AGENT]
    assert "".join(one.text for one in said) == "一二三四五"
    assert [(one.start_s, one.end_s) for one in said] == [(0.5, 2.0), (4.0, 5.0)]


def test_make_engine_of_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="faster-whisper, whisper, sherpa-onnx, sidecar"):
        make_engine("magic")


def test_make_engine_with_a_transcript_is_the_sidecar(tmp_path) -> None:
    assert make_engine("whisper", model=None, transcript=tmp_path / "t.json").name == "sidecar"


@pytest.mark.parametrize(
    "model", [None, "", "small", "/no/such/model.pt", "."], ids=["none", "empty", "name", "path", "folder"]
)
def test_make_engine_without_its_model_says_where_it_belongs_and_fetches_nothing(model, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("tried the network"))
    with pytest.raises(ModelNotFoundError, match=r"\.pt"):
        make_engine("whisper", model=model)


def test_make_engine_by_name_finds_the_file_in_the_cache(checkpoint, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "tiny.pt").write_bytes(checkpoint.read_bytes())
    assert make_engine("whisper", model="tiny", threads=1).model == "tiny"


@pytest.mark.parametrize("content", [b"no checkpoint", b""], ids=["text", "empty"])
def test_make_engine_of_a_broken_checkpoint_names_it(tmp_path, content) -> None:
    (tmp_path / "broken.pt").write_bytes(content)
    with pytest.raises(EngineError, match=r"broken\.pt"):
        make_engine("whisper", model=str(tmp_path / "broken.pt"))


def test_make_engine_of_an_english_model_is_refused(tmp_path) -> None:
    with pytest.raises(EngineError, match="English only"):
        make_engine("whisper", model=str(save(tmp_path / "english.pt", n_vocab=51864)))


@pytest.mark.parametrize(
    "profile",
    ["{", "[]", '{"margin_s": -1}', '{"margin_s": "x"}', '{"max_turns_per_window": 0}', '{"max_window_s": 300}'],
)
def test_make_engine_of_a_wrong_profile_names_it(checkpoint, tmp_path, profile) -> None:
    (tmp_path / "m.pt").write_bytes(checkpoint.read_bytes())
    (tmp_path / "m.json").write_text(profile)
    with pytest.raises(EngineError, match=r"m\.json"):
        make_engine("whisper", model=str(tmp_path / "m.pt"))

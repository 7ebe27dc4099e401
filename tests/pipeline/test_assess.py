"""Hot words on their way: to an engine that takes them, and under the guards' eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from pipeline.assess import hear
from pipeline.types import Audio, CallMetadata, FloatArray, Role, Span, Transcript, Turn, Utterance


class SpeechInTheMiddle:
    """Speech from 2 to 4 s."""

    name, version, end_overhang_s = "fixed", "1", 0.1
    skips_quiet = takes_music_for_speech = False

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        return (Span(2.0, 4.0),)


@dataclass(frozen=True)
class Capabilities:
    hot_words: bool


class Parrot:
    """Writes every hot word in the silence after the speech, and one on the speech."""

    name, model, digest = "parrot", "parrot", "0" * 64
    options: Mapping[str, str | int | float | bool | None] = {}

    def __init__(self, takes_hot_words: bool) -> None:
        self.capabilities = Capabilities(takes_hot_words)

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        said = [Utterance(Role.AGENT, 0, 2.0, 4.0, "我住" + "".join(hot_words[:1]), 0.9)]
        said += [Utterance(Role.AGENT, 0, 5.0 + at, 5.9 + at, word, 0.99) for at, word in enumerate(hot_words)]
        return Transcript(self.name, self.model, self.digest, "zh", {}, tuple(said), audio.duration_s, 2.0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    sound = 1e-4 * rng.standard_normal((80_000, 2))
    sound[16_000:32_000] += 0.1 * rng.standard_normal((16_000, 2))
    path = tmp_path / "call.wav"
    sf.write(path, sound, 8000, subtype="PCM_16")
    return path


def test_hot_word_is_written_where_there_is_speech_and_not_invented_in_silence(recording: Path) -> None:
    call = hear(recording, CallMetadata(call_id="c"), Parrot(True), SpeechInTheMiddle(), hot_words=("胜太路", "流量王"))
    assert [one.text for one in call.transcript.utterances] == ["我住胜太路"]
    assert [item.text for item in call.transcript.rejected] == ["胜太路", "流量王"]


def test_engine_that_takes_no_hot_words_never_hears_of_them(recording: Path) -> None:
    call = hear(recording, CallMetadata(call_id="c"), Parrot(False), SpeechInTheMiddle(), hot_words=("胜太路",))
    assert [one.text for one in call.transcript.utterances] == ["我住"]
    assert call.transcript.rejected == ()

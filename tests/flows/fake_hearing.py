"""The real assessor over real sound, with a detector and an engine that only count: what is heard, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from flows.job import handler
from pipeline.asr.engine import LateEngine
from pipeline.assess import Assessor
from pipeline.rules import load_rulebook
from pipeline.types import Audio, FloatArray, Span, Transcript, Turn, Utterance


class FixedDetector:
    """Speech from 0.5 to 2.5 s on every channel."""

    name, version, end_overhang_s = "fixed", "1", 0.1
    skips_quiet = takes_music_for_speech = False

    def detect(self, samples: FloatArray, sample_rate_hz: int) -> tuple[Span, ...]:
        return (Span(0.5, 2.5),)


class CountingEngine:
    """Writes one sentence for every turn, and a line into its journal for every call."""

    model, digest = "counting", "c" * 64
    options: Mapping[str, str | int | float | bool | None] = {"language": "zh"}

    def __init__(self, journal: Path, name: str) -> None:
        self.name = name
        self._journal = journal
        self._note("loaded")

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        self._note(f"heard {source.name}")
        said = tuple(Utterance(one.role, one.channel, one.start_s, one.end_s, "您好", 0.9) for one in turns)
        speech_s = sum(turn.speech_s for turn in turns)
        return Transcript(self.name, self.model, self.digest, "zh", self.options, said, audio.duration_s, speech_s)

    def _note(self, line: str) -> None:
        with self._journal.open("a", encoding="utf-8") as lines:
            lines.write(f"{line}\n")


def load_counting(
    journal: str, engine: str, rulebook: str, late_engine: bool = False
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What ``flows.job.load_assessor`` does, with the engine that counts."""

    def load() -> CountingEngine:
        return CountingEngine(Path(journal), engine)

    return handler(Assessor(LateEngine(load) if late_engine else load(), FixedDetector(), load_rulebook(rulebook)))


def write_recording(path: Path, seed: int) -> None:
    """Four seconds of stereo sound that no other seed gives."""
    rng = np.random.default_rng(seed)
    sound = 0.001 * rng.standard_normal((32_000, 2))
    sound[4_000:20_000] += 0.1 * rng.standard_normal((16_000, 2))
    sf.write(path, sound, 8000, subtype="PCM_16")

"""What is written where nobody speaks: 60 minutes of silence, ringing, DTMF, white noise and music through `hear`.

    python -m benchmarks.silence [--minutes 12] [--engine E] [--model M] [--vad V]

Every sound is a stereo telephone recording (mu-law, both channels different). Prints, for each, the minutes, the
seconds that the speech detector took for speech, the characters that the engine wrote, those that the guards refused
and those that were left. Exit code 1 when a single character is left.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config.settings import Settings, load_settings
from pipeline.asr.engine import EngineSettings, SpeechEngine, make_engine
from pipeline.asr.text import character_count
from pipeline.assess import hear
from pipeline.audio.vad import SpeechDetector, make_detector
from pipeline.types import CallMetadata
from samples.telephone import SAMPLE_RATE_HZ, Samples, encode, telephone_band

PART_S = 240.0
"""One recording's length: as long as a call on hold."""

Maker = Callable[[int, np.random.Generator], Samples]


def silence(count: int, rng: np.random.Generator) -> Samples:
    """A line on which nothing is said: digital zero for one half, the noise of an open line for the other."""
    sound = 3e-4 * rng.standard_normal(count)
    sound[: count // 2] = 0.0
    return sound.astype(np.float32)


def ringing(count: int, rng: np.random.Generator) -> Samples:
    """The ringing tone of China: 450 Hz, one second on, four off, with the line's noise."""
    at_s = np.arange(count) / SAMPLE_RATE_HZ + rng.uniform(0, 5)
    tone = 0.1 * np.sin(2 * np.pi * 450 * at_s) * (at_s % 5 < 1)
    return (tone + 3e-4 * rng.standard_normal(count)).astype(np.float32)


def dtmf(count: int, rng: np.random.Generator) -> Samples:
    """Keys pressed in groups, as in a voice menu: two tones for 80 to 300 ms, pauses of 80 ms to 3 s."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    sound = 3e-4 * rng.standard_normal(count)
    at = 0
    while at < count:
        length = int(rng.uniform(0.08, 0.3) * SAMPLE_RATE_HZ)
        at_s = np.arange(min(length, count - at)) / SAMPLE_RATE_HZ
        pair = (rng.choice(rows), rng.choice(columns))
        sound[at : at + len(at_s)] += sum(0.12 * np.sin(2 * np.pi * hertz * at_s) for hertz in pair)
        at += length + int(rng.choice([0.08, 0.15, 0.4, 3.0]) * SAMPLE_RATE_HZ)
    return sound.astype(np.float32)


def white_noise(count: int, rng: np.random.Generator) -> Samples:
    """White noise from -50 to -20 dBFS, another level every ten seconds."""
    levels = 10 ** (rng.uniform(-50, -20, count // (10 * SAMPLE_RATE_HZ) + 1) / 20)
    return (rng.standard_normal(count) * np.repeat(levels, 10 * SAMPLE_RATE_HZ)[:count]).astype(np.float32)


def music(count: int, rng: np.random.Generator) -> Samples:
    """Hold music: chords that decay, a melody with vibrato, bass and a soft beat; another key and pace each minute."""
    sound = np.zeros(count)
    for start in range(0, count, 60 * SAMPLE_RATE_HZ):
        part = sound[start : start + 60 * SAMPLE_RATE_HZ]
        beat = int(60 / rng.uniform(70, 130) * SAMPLE_RATE_HZ)
        key = 220 * 2 ** (rng.integers(0, 12) / 12)
        scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
        degree = 4
        for number, at in enumerate(range(0, len(part), beat)):
            if number % 4 == 0:
                root = rng.choice([0, 5, 7, 9])
                for interval in (0, 4, 7):
                    _note(part, at, 4 * beat, key * 2 ** ((root + interval) / 12), 0.05, 1.2, 0.0)
                _note(part, at, 2 * beat, key / 2 * 2 ** (root / 12), 0.08, 0.8, 0.0)
            degree = int(np.clip(degree + rng.integers(-2, 3), 0, 7))
            if rng.random() < 0.85:
                _note(part, at, int(beat * rng.choice([0.5, 1, 2])), key * 2 * 2 ** (scale[degree] / 12), 0.1, 0.6, 5.5)
            hit = slice(at, min(at + 400, len(part)))
            part[hit] += (
                0.03 * rng.standard_normal(hit.stop - hit.start) * np.exp(-np.arange(hit.stop - hit.start) / 80)
            )
    return telephone_band((sound / max(np.abs(sound).max(), 1e-9) * 0.4).astype(np.float32))


def _note(
    part: NDArray[np.float64], at: int, length: int, hertz: float, level: float, decay_s: float, vibrato_hz: float
) -> None:
    at_s = np.arange(min(length, len(part) - at)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * hertz * at_s + (0.15 * hertz / 50 * np.sin(2 * np.pi * vibrato_hz * at_s) if vibrato_hz else 0)
    tone = sum(np.sin(harmonic * phase) / harmonic**1.5 for harmonic in range(1, 7))
    part[at : at + len(at_s)] += level * tone * np.exp(-at_s / decay_s) * np.minimum(1, at_s / 0.01)


SOUNDS: dict[str, Maker] = {
    "silence": silence,
    "ringing": ringing,
    "DTMF": dtmf,
    "white noise": white_noise,
    "music": music,
}


@dataclass(slots=True)
class Row:
    """One kind of sound."""

    minutes: float = 0.0
    speech_s: float = 0.0
    rejected: int = 0
    left: int = 0
    cpu_s: float = 0.0
    reasons: str = ""


def run(settings: Settings, minutes: float) -> Iterator[tuple[str, Row]]:
    """Hear every kind of sound for so many minutes."""
    engine = make_engine(
        settings.engine,
        model=settings.model_for_engine(),
        threads=1,
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    detector = make_detector(settings.vad)
    with tempfile.TemporaryDirectory() as folder:
        for seed, (name, make) in enumerate(SOUNDS.items()):
            yield name, _hear_sound(Path(folder), name, make, seed, minutes, engine, detector)


def _hear_sound(
    folder: Path, name: str, make: Maker, seed: int, minutes: float, engine: SpeechEngine, detector: SpeechDetector
) -> Row:
    rng = np.random.default_rng(seed)
    row, reasons = Row(), set()
    started = time.process_time()
    while row.minutes < minutes - 1e-9:
        length_s = min(PART_S, (minutes - row.minutes) * 60)
        path = folder / f"{name}.wav"
        count = int(length_s * SAMPLE_RATE_HZ)
        encode([make(count, rng), make(count, rng)], path, "mulaw")
        call = hear(path, CallMetadata(call_id=name), engine, detector)
        row.minutes += length_s / 60
        row.speech_s += call.transcript.speech_s
        row.left += sum(character_count(utterance.text) for utterance in call.transcript.utterances)
        row.rejected += sum(character_count(item.text) for item in call.transcript.rejected)
        reasons |= {item.reason for item in call.transcript.rejected}
    row.cpu_s = time.process_time() - started
    row.reasons = " ".join(sorted(reasons))
    return row


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=12.0, help="minutes of each of the five sounds")
    parser.add_argument("--engine")
    parser.add_argument("--model")
    parser.add_argument("--vad")
    given = parser.parse_args()
    settings = load_settings(engine=given.engine, model=given.model, vad=given.vad)
    print(f"engine {settings.engine}, speech detector {settings.vad}\n")
    print("| sound | minutes | taken for speech, s | characters refused | characters left | CPU s |")
    print("|---|---:|---:|---:|---:|---:|")
    left = 0
    for name, row in run(settings, given.minutes):
        left += row.left
        refused = f"{row.rejected} ({row.reasons})" if row.rejected else "0"
        print(
            f"| {name} | {row.minutes:.0f} | {row.speech_s:.1f} | {refused} | {row.left} | {row.cpu_s:.0f} |",
            flush=True,
        )
    print(f"\n{left} characters of text in all; expected 0")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())

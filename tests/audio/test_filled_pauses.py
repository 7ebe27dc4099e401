from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.acoustics import excerpts_of
from pipeline.audio.filled_pauses import probable_fillers
from pipeline.types import Audio, FloatArray, Role, Span, Turn, Utterance

RATE_HZ = 8000


def voice(duration_s: float, *, start_hz: float = 150.0, end_hz: float = 150.0, moving: bool = False) -> FloatArray:
    """A vowel: harmonics under two formants, which stand still or move as they do within a word."""
    at_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    pitch_hz = np.linspace(start_hz, end_hz, len(at_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    first = np.linspace(400, 900, len(at_s)) if moving else np.full(len(at_s), 500.0)
    second = np.linspace(2200, 1000, len(at_s)) if moving else np.full(len(at_s), 1400.0)
    sound = np.zeros(len(at_s))
    for harmonic in range(1, 20):
        hertz = harmonic * pitch_hz
        gain = np.exp(-(((hertz - first) / 150) ** 2)) + 0.6 * np.exp(-(((hertz - second) / 200) ** 2)) + 0.01
        sound += gain * np.sin(harmonic * phase)
    return (0.1 * sound / np.abs(sound).max() * np.minimum(1, np.minimum(at_s, at_s[::-1]) / 0.02)).astype(np.float32)


def noise(duration_s: float) -> FloatArray:
    return (0.05 * np.random.default_rng(0).standard_normal(round(duration_s * RATE_HZ))).astype(np.float32)


def found(sound: FloatArray, *known: Span, timed: bool = True) -> list[tuple[float, float]]:
    """Filled pauses when ``sound`` is the agent's at 1 s and the characters at these times were recognised."""
    length_s = len(sound) / RATE_HZ
    samples = 1e-4 * np.random.default_rng(1).standard_normal((2, round((length_s + 2) * RATE_HZ))).astype(np.float32)
    samples[0, RATE_HZ : RATE_HZ + len(sound)] += sound
    turn = Turn(Role.AGENT, 0, 1.0, 1.0 + length_s, (Span(1.0, 1.0 + length_s),))
    said = Utterance(Role.AGENT, 0, 1.0, 1.0 + length_s, "字" * len(known), 0.9, known if timed else None)
    audio = Audio(samples, RATE_HZ)
    events = probable_fillers(excerpts_of(audio), RATE_HZ, (turn,), (said,) if known else ())
    assert all((event.role, event.channel) == (Role.AGENT, 0) for event in events)
    return [(event.start_s, event.end_s) for event in events]


def test_still_voice_without_a_character_is_a_probable_filler_with_its_time() -> None:
    word = voice(0.4, moving=True)
    (span,) = found(np.concatenate([voice(0.4), word]), Span(1.4, 1.8))
    assert span == (pytest.approx(1.0, abs=0.06), pytest.approx(1.36, abs=0.06))


def test_still_voice_that_was_recognised_is_none() -> None:
    assert found(voice(0.4), Span(1.0, 1.4)) == []


def test_still_voice_that_the_engine_gave_to_the_next_word_is_found() -> None:
    assert len(found(np.concatenate([voice(0.5), voice(0.3, moving=True)]), Span(1.0, 1.8))) == 1


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(voice(0.15), id="shorter than 0.2 s"),
        pytest.param(voice(0.4, start_hz=120, end_hz=190), id="pitch that rises"),
        pytest.param(voice(0.4, moving=True), id="spectrum that moves"),
        pytest.param(noise(0.4), id="no voice"),
        pytest.param(voice(4.0), id="too long for a pause"),
    ],
)
def test_other_sounds_without_a_character_are_none(sound: FloatArray) -> None:
    assert found(sound) == []


def test_without_times_of_characters_all_of_an_utterance_counts_as_recognised() -> None:
    assert found(np.concatenate([voice(0.4), voice(0.4, moving=True)]), Span(1.4, 1.8), timed=False) == []

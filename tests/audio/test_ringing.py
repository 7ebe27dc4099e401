import numpy as np
import pytest

from pipeline.audio.ringing import ringing_bursts, ringing_end
from pipeline.types import Audio

RATE_HZ = 8000
RNG = np.random.default_rng(3)


def silence(seconds: float) -> np.ndarray:
    return RNG.normal(0, 1e-4, round(seconds * RATE_HZ)).astype(np.float32)


def tone(seconds: float, frequency_hz: float = 450.0, level: float = 0.1) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32) + silence(seconds)


def voiced(seconds: float, pitch_hz: float = 150.0) -> np.ndarray:
    """Harmonics with a moving pitch: no speech, but spread over the band as a vowel is."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * pitch_hz * (time_s + 0.05 * np.sin(2 * np.pi * 3 * time_s))
    return sum(0.05 * np.sin(k * phase) / k for k in range(1, 12)).astype(np.float32)


def test_ringing_end_is_the_end_of_the_last_burst_before_speech():
    sound = np.concatenate([tone(1.0), silence(4.0), tone(1.0), silence(1.0), voiced(2.0)])
    assert ringing_end(Audio(sound[None], RATE_HZ), 7.0) == pytest.approx(6.0, abs=0.06)


def test_ringing_end_on_either_channel_counts():
    quiet = silence(7.0)
    ringing = np.concatenate([silence(1.0), tone(1.0), silence(5.0)])
    assert ringing_end(Audio(np.stack([quiet, ringing]), RATE_HZ), 5.0) == pytest.approx(2.0, abs=0.06)


def test_ringing_after_the_first_word_is_not_the_calls_own():
    sound = np.concatenate([silence(1.0), voiced(2.0), silence(1.0), tone(1.0), silence(1.0)])
    assert ringing_end(Audio(sound[None], RATE_HZ), 1.0) is None


@pytest.mark.parametrize(
    "sound",
    [
        silence(3.0),
        voiced(3.0),
        tone(3.0, 1000.0),
        tone(0.3),
        tone(3.0, level=0.001),
        RNG.normal(0, 0.1, 24_000).astype(np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["silence", "voice", "another tone", "too short", "too quiet", "noise", "nothing"],
)
def test_ringing_bursts_in_other_sounds_are_none(sound):
    assert ringing_bursts(sound, RATE_HZ) == []

import numpy as np
import pytest

from pipeline.audio.ringing import ringing_end, tone_bursts
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


def answered_after(*sounds: np.ndarray) -> float | None:
    return ringing_end(Audio(np.concatenate(sounds)[None], RATE_HZ))


def noisy(sound: np.ndarray, snr_db: float) -> np.ndarray:
    """White noise so far below the tone at 0.1."""
    return (sound + RNG.normal(0, 0.1 / np.sqrt(2) * 10 ** (-snr_db / 20), len(sound))).astype(np.float32)


@pytest.mark.parametrize("snr_db", [60.0, 20.0, 10.0])
@pytest.mark.parametrize("rings", [1, 3])
def test_ringing_end_is_the_end_of_the_last_burst_before_speech_in_noise_too(rings, snr_db):
    sound = np.concatenate([*[tone(1.0), silence(4.0)] * rings, voiced(2.0)])
    assert answered_after(noisy(sound, snr_db)) == pytest.approx(5.0 * rings - 4.0, abs=0.02)


def test_ringing_that_the_recording_or_the_answer_cuts_short_is_ringing():
    assert answered_after(tone(0.4), silence(4.0), tone(1.0), silence(3.0)) == pytest.approx(5.4, abs=0.02)
    assert answered_after(silence(2.0), tone(1.0), silence(4.0), tone(0.3), voiced(2.0)) == pytest.approx(7.3, abs=0.06)


def test_ringing_under_the_first_words_counts_until_its_last_burst():
    words = np.concatenate([silence(5.2), voiced(1.0), silence(0.3), voiced(2.0)])
    ringing = np.concatenate([tone(1.0), silence(4.0), tone(1.0), silence(2.5)])
    sound = np.stack([ringing, words])
    assert ringing_end(Audio(sound, RATE_HZ)) == pytest.approx(6.0, abs=0.02)


def test_vowels_at_the_frequency_of_the_tone_are_no_ringing():
    words = [voiced(1.0), tone(0.2), voiced(0.5)]
    at_the_period = [tone(1.0), silence(1.0), *words, voiced(1.3), tone(0.25), voiced(0.5)]
    assert answered_after(*at_the_period) == pytest.approx(1.0, abs=0.02)
    first_word = [tone(1.0), silence(1.5), tone(0.2), voiced(1.0)]
    assert answered_after(*first_word) == pytest.approx(1.0, abs=0.02)


def test_ringing_end_on_either_channel_counts():
    quiet = silence(7.0)
    ringing = np.concatenate([silence(1.0), tone(1.0), silence(5.0)])
    assert ringing_end(Audio(np.stack([quiet, ringing]), RATE_HZ)) == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param([silence(8.0), tone(1.0), silence(1.0)], id="first heard after more than a period"),
        pytest.param([*[tone(0.35), silence(0.35)] * 8], id="busy"),
        pytest.param([*[tone(0.7), silence(0.7)] * 5], id="congestion"),
        pytest.param([tone(1.0), silence(1.0), tone(1.0), silence(4.0)], id="another cadence"),
        pytest.param([tone(2.5), silence(3.0)], id="too long"),
        pytest.param([silence(1.0), tone(0.4), silence(3.0)], id="too short"),
        pytest.param([silence(1.0), voiced(2.0)], id="voice"),
        pytest.param([np.zeros(0, np.float32)], id="nothing"),
    ],
)
def test_ringing_end_of_other_sounds_is_none(sound):
    assert answered_after(*sound) is None


@pytest.mark.parametrize(
    "sound",
    [
        silence(3.0),
        voiced(3.0),
        tone(3.0, 1000.0),
        tone(0.1),
        tone(3.0, level=0.001),
        RNG.normal(0, 0.1, 24_000).astype(np.float32),
        np.zeros(0, np.float32),
    ],
    ids=["silence", "voice", "another tone", "too short", "too quiet", "noise", "nothing"],
)
def test_tone_bursts_in_other_sounds_are_none(sound):
    assert tone_bursts(sound, RATE_HZ) == []

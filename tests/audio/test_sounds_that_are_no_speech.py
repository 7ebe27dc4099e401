"""Hold music, keys, tones and noise: nobody's speech, whichever detector listens."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.keys import HIGH_HZ, LOW_HZ, find_keys
from pipeline.audio.levels import short_time_power, steady
from pipeline.audio.vad import detect_speech, in_channels, make_detector, speech_regions
from pipeline.audio.view import view_of
from pipeline.types import Audio, ChannelSpan, Span
from samples.music import STYLES, hold_music
from samples.voice import Voice, speak

RATE_HZ = 8000


@pytest.fixture(scope="module", params=["silero", "webrtcvad"])
def detector(request):
    return make_detector(request.param)


def line(*sounds) -> np.ndarray:
    """Sounds one after the other on a line with faint noise; a number is so many seconds of nothing else."""
    rng = np.random.default_rng(4)
    parts = [np.zeros(round(one * RATE_HZ)) if isinstance(one, float) else one for one in sounds]
    sound = np.concatenate(parts)
    return (sound + 3e-4 * rng.standard_normal(len(sound))).astype(np.float32)


def words(text: str = "好的，我马上帮您查一下。", variant: str = "f1") -> np.ndarray:
    return 0.4 * speak(text, Voice(variant, 180, 50, 90), RATE_HZ, pause_s=0.1).samples


def music(seconds: float, style: str) -> np.ndarray:
    return 0.08 * hold_music(seconds, style, np.random.default_rng(7))


def keys(*pairs: tuple[float, float], on_s: float = 0.12, off_s: float = 0.1) -> np.ndarray:
    at_s = np.arange(round(on_s * RATE_HZ)) / RATE_HZ
    parts = []
    for low, high in pairs:
        parts += [0.1 * (np.sin(2 * np.pi * low * at_s) + np.sin(2 * np.pi * high * at_s))]
        parts += [np.zeros(round(off_s * RATE_HZ))]
    return np.concatenate(parts)


@pytest.mark.parametrize("style", STYLES)
def test_hold_music_between_words_is_music_and_the_words_are_speech(detector, style) -> None:
    before, after = words(), words("感谢您的耐心等候。")
    sound = line(0.5, before, 0.6, music(12.0, style), 0.6, after, 0.5)
    (found,) = detect_speech(Audio(sound[None], RATE_HZ), (0,), detector).values()
    starts_s = 0.5 + len(before) / RATE_HZ + 0.6
    heard_s = sum(span.duration_s for span in found.music)
    assert heard_s == pytest.approx(12.0, abs=2.5)
    # At most the pauses around it besides: no word.
    assert all(starts_s - 0.8 < span.start_s and span.end_s < starts_s + 12.8 for span in found.music)
    spoken_s = sum(span.duration_s for span in found.speech)
    assert spoken_s == pytest.approx((len(before) + len(after)) / RATE_HZ, abs=0.4)
    assert not [span for span in found.speech if starts_s + 0.2 < span.start_s < starts_s + 11.8]


@pytest.mark.parametrize("snr_db", [30.0, 10.0])
@pytest.mark.parametrize("style", STYLES)
def test_words_right_after_hold_music_begin_when_they_begin(style, snr_db) -> None:
    # The network needs a second after music before it hears words, on a noisy line above all.
    before, after = words(), words("感谢您的耐心等候，已经查到了。")
    sound = line(0.5, before, 0.6, music(9.0, style), 0.6, after, 0.5)
    level = float(np.sqrt(np.mean(np.square(after)))) * 10 ** (-snr_db / 20)
    noisy = (sound + level * np.random.default_rng(5).standard_normal(len(sound))).astype(np.float32)
    begins_s = 0.5 + len(before) / RATE_HZ + 0.6 + 9.0 + 0.6
    (found,) = detect_speech(Audio(noisy[None], RATE_HZ), (0,), make_detector("silero")).values()
    onset_s = min(span.start_s for span in found.speech if span.end_s > begins_s)
    assert onset_s == pytest.approx(begins_s, abs=0.2)
    assert max(span.end_s for span in found.music) == pytest.approx(begins_s - 0.6, abs=0.3)


def test_keys_between_words_are_no_speech(detector) -> None:
    pressed = keys(*zip(LOW_HZ, HIGH_HZ, strict=True))
    regions = speech_regions(line(0.5, words(), 1.0, pressed, 1.0, words(), 0.5), RATE_HZ, detector)
    first_s = 0.5 + len(words()) / RATE_HZ + 1.0
    assert regions
    assert not [one for one in regions if one.end_s > first_s + 0.02 and one.start_s < first_s + 0.88]


def test_dialling_for_long_is_no_hold_music(detector) -> None:
    pressed = [(low, high) for low in LOW_HZ for high in HIGH_HZ]
    sound = line(0.5, keys(*pressed, on_s=0.3, off_s=0.08), 0.5)
    (found,) = detect_speech(Audio(sound[None], RATE_HZ), (0,), detector).values()
    assert (found.speech, found.music) == ((), ())


def test_every_key_is_found_and_words_hold_none() -> None:
    pressed = [(low, high) for low in LOW_HZ for high in HIGH_HZ]
    view = view_of(line(0.5, keys(*pressed), 0.5), RATE_HZ)
    found = find_keys(view, [Span(0.0, view.duration_s)])
    assert len(found) == len(pressed)
    assert [one.start_s for one in found] == pytest.approx([0.5 + 0.22 * n for n in range(16)], abs=0.06)
    for variant in ("f1", "f4", "m1", "m3"):
        spoken = view_of(line(words("嗯，请您稍等，我这边帮您登记一下。", variant)), RATE_HZ)
        assert find_keys(spoken, [Span(0.0, spoken.duration_s)]) == ()


@pytest.mark.parametrize("level_dbfs", [-50.0, -30.0, -20.0])
def test_noise_alone_is_no_speech(detector, level_dbfs) -> None:
    noise = 10 ** (level_dbfs / 20) * np.random.default_rng(2).standard_normal(20 * RATE_HZ)
    assert speech_regions(np.concatenate([np.zeros(RATE_HZ), noise]).astype(np.float32), RATE_HZ, detector) == ()


def test_steady_is_the_noise_between_words_and_no_word() -> None:
    noise = 0.01 * np.random.default_rng(2).standard_normal(7 * RATE_HZ)
    spoken = words("我想问一下这个月的话费。")
    noise[2 * RATE_HZ : 2 * RATE_HZ + len(spoken)] += spoken
    still = steady(short_time_power(view_of(noise.astype(np.float32), RATE_HZ)))
    end_s = 2 + len(spoken) / RATE_HZ
    assert len(still) == 2
    edges = [edge for one in still for edge in (one.start_s, one.end_s)]
    assert edges == pytest.approx([0.0, 2.0, end_s, 7.0], abs=0.11)


def test_in_channels_puts_both_channels_in_order_of_time() -> None:
    spans = {1: [Span(0.5, 1.0), Span(4.0, 5.0)], 0: [Span(2.0, 3.0)]}
    assert in_channels(spans) == (ChannelSpan(1, 0.5, 1.0), ChannelSpan(0, 2.0, 3.0), ChannelSpan(1, 4.0, 5.0))

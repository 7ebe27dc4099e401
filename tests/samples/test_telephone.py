"""Encodings, band and noise of recorded telephony."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from samples.telephone import (
    ENCODINGS,
    NOISES,
    SAMPLE_RATE_HZ,
    add_noise,
    encode,
    noise,
    telephone_band,
    through_codec,
)

RNG_SEED = 11


def _tone(frequency_hz: float, seconds: float = 1.0) -> np.ndarray:
    at_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.5 * np.sin(2 * np.pi * frequency_hz * at_s)).astype(np.float32)


def _power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples)))


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_encode_when_one_channel_then_file_is_what_it_says(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / f"call{ENCODINGS[encoding].suffix}"

    encode([_tone(800)], path, encoding)

    info = sf.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (8000, 1, ENCODINGS[encoding].subtype)
    assert info.duration == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("encoding", [name for name in sorted(ENCODINGS) if name != "gsm"])
def test_encode_when_two_channels_then_each_keeps_its_own(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / f"call{ENCODINGS[encoding].suffix}"

    encode([_tone(800), np.zeros(SAMPLE_RATE_HZ, np.float32)], path, encoding)

    frames, _ = sf.read(path, always_2d=True)
    middle = frames[1000:7000]
    assert _power(middle[:, 0]) > 0.05
    assert _power(middle[:, 1]) < 1e-3


@pytest.mark.parametrize(
    ("channels", "encoding", "message"),
    [
        pytest.param([np.zeros(80, np.float32)], "flac", "expected one of pcm", id="unknown"),
        pytest.param([np.zeros(80, np.float32), np.zeros(81, np.float32)], "pcm", "equally long", id="unequal"),
        pytest.param([np.zeros(80, np.float32)] * 2, "gsm", "holds one channel", id="gsm-stereo"),
    ],
)
def test_encode_when_it_cannot_then_says_why(
    channels: list[np.ndarray], encoding: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        encode(channels, tmp_path / "call.wav", encoding)


@pytest.mark.parametrize(
    ("encoding", "most_error"),
    [("pcm", 0.001), ("alaw", 0.03), ("mulaw", 0.03), ("gsm", 0.5), ("mp3", 0.2), ("opus", 0.3)],
)
def test_through_codec_when_decoded_then_in_place_and_close(encoding: str, most_error: float) -> None:
    # Both a tone and its slow swell: a shift in time would show in either.
    samples = _tone(600) * np.linspace(0.1, 1.0, SAMPLE_RATE_HZ, dtype=np.float32)

    decoded = through_codec(samples, encoding)

    assert decoded.dtype == np.float32
    assert len(decoded) == len(samples)
    error = (_power((decoded - samples)[800:-800]) / _power(samples[800:-800])) ** 0.5
    assert error < most_error


@pytest.mark.parametrize(
    ("frequency_hz", "least", "most"),
    [(60.0, 0.0, 0.01), (1000.0, 0.9, 1.1), (3800.0, 0.0, 0.2)],
    ids=["below", "inside", "above"],
)
def test_telephone_band_when_tone_then_passes_only_inside(frequency_hz: float, least: float, most: float) -> None:
    tone = _tone(frequency_hz)

    kept = _power(telephone_band(tone)[1000:-1000]) / _power(tone[1000:-1000])

    assert least <= kept <= most


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("snr_db", [5.0, 20.0])
def test_add_noise_when_asked_for_a_ratio_then_gives_it(kind: str, snr_db: float) -> None:
    tone = _tone(700)

    added = add_noise(tone, snr_db, kind, np.random.default_rng(RNG_SEED)) - tone

    assert 10 * np.log10(_power(tone) / _power(added)) == pytest.approx(snr_db, abs=0.5)


def test_add_noise_when_half_is_pause_then_ratio_is_against_what_sounds() -> None:
    tone = np.concatenate([_tone(700), np.zeros(SAMPLE_RATE_HZ, np.float32)])

    added = add_noise(tone, 10.0, "white", np.random.default_rng(RNG_SEED)) - tone

    assert 10 * np.log10(_power(_tone(700)) / _power(added)) == pytest.approx(10.0, abs=0.5)


def test_noise_when_same_seed_then_same_sound() -> None:
    first, second = (noise(4000, "babble", np.random.default_rng(RNG_SEED)) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_noise_when_kind_is_unknown_then_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match="expected one of white, babble, hum"):
        noise(80, "pink", np.random.default_rng(RNG_SEED))

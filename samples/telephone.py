"""Telephony as it really is recorded: the encodings, the band, the noise; all at 8 kHz."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt

SAMPLE_RATE_HZ = 8000
BAND_HZ = (300.0, 3400.0)
NOISES = ("white", "babble", "hum")

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a recorder stores sound: libsndfile container and sample format, and the file's suffix."""

    container: str
    subtype: str
    suffix: str


ENCODINGS = {
    "pcm": Encoding("WAV", "PCM_16", ".wav"),
    "alaw": Encoding("WAV", "ALAW", ".wav"),
    "mulaw": Encoding("WAV", "ULAW", ".wav"),
    "gsm": Encoding("WAV", "GSM610", ".wav"),
    "mp3": Encoding("MP3", "MPEG_LAYER_III", ".mp3"),
    "opus": Encoding("OGG", "OPUS", ".opus"),
}


def _encoding(name: str) -> Encoding:
    try:
        return ENCODINGS[name]
    except KeyError:
        raise ValueError(f"there is no encoding {name!r}; expected one of {', '.join(ENCODINGS)}") from None


def _write(target: Path | io.BytesIO, frames: NDArray[np.float32], encoding: Encoding) -> None:
    sf.write(target, np.clip(frames, -1.0, 1.0), SAMPLE_RATE_HZ, subtype=encoding.subtype, format=encoding.container)


def encode(samples_by_channel: Sequence[Samples], path: Path, encoding: str) -> None:
    """Write one or two channels of 8 kHz samples (-1 to 1, equally long) to a file.

    Raises ValueError for an unknown encoding, unequal channels, or GSM with more than one channel (the format has one).
    """
    chosen = _encoding(encoding)
    if len({len(channel) for channel in samples_by_channel}) != 1:
        raise ValueError(f"channels must be equally long; got {[len(channel) for channel in samples_by_channel]}")
    if encoding == "gsm" and len(samples_by_channel) != 1:
        raise ValueError(f"GSM 6.10 holds one channel; got {len(samples_by_channel)}")
    _write(path, np.stack([np.asarray(channel, np.float32) for channel in samples_by_channel], axis=1), chosen)


def through_codec(samples: Samples, encoding: str) -> Samples:
    """What a recorder's encoding leaves of 8 kHz samples: encoded and decoded in memory, as long as before."""
    chosen = _encoding(encoding)
    buffer = io.BytesIO()
    _write(buffer, samples, chosen)
    buffer.seek(0)
    decoded, _ = sf.read(buffer, dtype="float32")
    if len(decoded) < len(samples):
        decoded = np.pad(decoded, (0, len(samples) - len(decoded)))
    result: Samples = decoded[: len(samples)].astype(np.float32)
    return result


@cache
def _band_filter() -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(4, BAND_HZ, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return sections


@cache
def _speech_shape() -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(1, (200.0, 900.0), btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return sections


@cache
def _syllable_rhythm() -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(2, 4.0, btype="lowpass", fs=SAMPLE_RATE_HZ / 80, output="sos")
    return sections


def telephone_band(samples: Samples) -> Samples:
    """Only what a telephone line carries, 300 to 3400 Hz, without moving anything in time."""
    if len(samples) < 64:  # shorter than the filter's own padding
        return samples
    return sosfiltfilt(_band_filter(), samples).astype(np.float32)


def noise(count: int, kind: str, rng: np.random.Generator) -> Samples:
    """Noise of unit power: white, babble, or hum (50 Hz mains and its harmonics).

    Babble is a room of talkers: six voices of speech-shaped noise that rise and fall as syllables do.
    """
    if kind == "white":
        sound = rng.standard_normal(count)
    elif kind == "babble":
        sound = np.zeros(count)
        points = count // 80 + 2
        for _ in range(6):
            voice = sosfilt(_speech_shape(), rng.standard_normal(count))
            rhythm = np.abs(sosfilt(_syllable_rhythm(), rng.standard_normal(points + 50))[50:])
            sound += voice * np.interp(np.arange(count), np.arange(points) * 80, rhythm)
    elif kind == "hum":
        at_s = np.arange(count) / SAMPLE_RATE_HZ
        sound = 0.1 * rng.standard_normal(count)
        for harmonic in (1, 2, 3, 5, 7, 9):
            sound += np.sin(2 * np.pi * (50 * harmonic * at_s + rng.random())) / harmonic**0.5
    else:
        raise ValueError(f"there is no noise {kind!r}; expected one of {', '.join(NOISES)}")
    power = float(np.mean(np.square(sound))) if count else 0.0
    return (sound / max(power, 1e-12) ** 0.5).astype(np.float32)


def add_noise(samples: Samples, snr_db: float, kind: str, rng: np.random.Generator) -> Samples:
    """The samples with noise under them; the ratio is taken against the power of what sounds, pauses left out."""
    sounding = samples[np.abs(samples) > 0.01 * np.max(np.abs(samples), initial=0.0)]
    power = float(np.mean(np.square(sounding))) if sounding.size else 0.0
    level = (power / 10 ** (snr_db / 10)) ** 0.5
    return (samples + level * noise(len(samples), kind, rng)).astype(np.float32)

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.decode import decode
from pipeline.audio.listening import peaks_of, plays_exactly, prepare_listening
from pipeline.types import Audio

RATE_HZ = 8000


def tones(seconds: float = 2.0) -> Audio:
    """Left a tone in the first half, right in the second."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    first = t < seconds / 2
    return Audio(np.stack([tone * first, tone * ~first]), RATE_HZ)


def test_peaks_show_each_channel_where_it_sounds() -> None:
    peaks = peaks_of(tones())
    assert peaks.levels.shape == (2, 200)
    assert (peaks.rate_hz, peaks.duration_s) == (100, 2.0)
    assert peaks.levels[0, :99].min() >= 125
    assert peaks.levels[0, 101:].max() == 0
    assert peaks.levels[1, :99].max() == 0


def test_hour_has_peaks_small_enough_to_send() -> None:
    hour = Audio(np.zeros((2, 3600 * 1000), dtype=np.float32), 1000)
    assert peaks_of(hour).levels.shape[1] <= 30_000


def test_peaks_are_one_line_of_json_and_a_byte_a_level() -> None:
    line, levels = peaks_of(tones()).to_bytes().split(b"\n", 1)
    assert json.loads(line) == {"channels": 2, "count": 200, "rate_hz": 100.0, "duration_s": 2.0}
    assert len(levels) == 400


@pytest.mark.parametrize(
    ("suffix", "options", "exact"),
    [
        (".wav", {"subtype": "PCM_16"}, True),
        (".wav", {"subtype": "ULAW"}, True),
        (".wav", {"subtype": "IMA_ADPCM"}, False),
        (".flac", {}, False),
        (".mp3", {}, False),
    ],
    ids=["pcm", "mu-law", "adpcm", "flac", "mp3"],
)
def test_only_sound_of_constant_rate_is_played_as_it_is(
    tmp_path: Path, suffix: str, options: dict[str, str], exact: bool
) -> None:
    file = tmp_path / f"call{suffix}"
    soundfile.write(file, tones().samples.T, RATE_HZ, **options)
    audio = decode(file)
    assert plays_exactly(file, audio.duration_s) is exact
    peaks, copy = tmp_path / "x" / "a.peaks", tmp_path / "x" / "a.wav"
    prepare_listening(audio, file, peaks, copy)
    assert peaks.exists()
    assert copy.exists() is not exact
    if not exact:
        info = soundfile.info(copy)
        assert (info.subtype, info.channels, info.samplerate) == ("ULAW", 2, RATE_HZ)
        assert info.duration == pytest.approx(audio.duration_s, abs=0.001)
        heard = decode(copy).samples
        assert np.abs(heard - audio.samples[:, : heard.shape[1]]).max() < 0.03
    assert not list(tmp_path.rglob("*.part"))


def test_header_that_lies_about_the_length_gets_a_copy(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    soundfile.write(file, tones().samples.T, RATE_HZ, subtype="PCM_16")
    assert not plays_exactly(file, 1.0)


def test_name_that_is_no_utf_8_is_played_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    soundfile.write(os.fsencode(file), np.zeros(8000), 8000, subtype="PCM_16", format="WAV")
    assert plays_exactly(file, 1.0)

"""Decoded sound that is too long for memory lies in a file without a name, and is the same sound."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio import decode as decoding
from pipeline.audio.channels import examine_channels
from pipeline.audio.decode import decode
from pipeline.audio.spool import Spool, SpooledSamples
from pipeline.audio.vad import detect_speech, make_detector
from pipeline.errors import RecordingError
from samples.voice import Voice, speak

RATE_HZ = 8000


def blocks(total: int, size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(0.2 * rng.standard_normal((2, min(size, total - at)))).astype(np.float32) for at in range(0, total, size)]


def test_spool_in_memory_and_on_disk_give_the_same_samples() -> None:
    short, long = Spool(2), Spool(2, max_in_memory=3000)
    for block in blocks(10_000, 700):
        short.add(block)
        long.add(block)
    memory, disk = short.close(), long.close()
    assert isinstance(memory, np.ndarray)
    assert isinstance(disk, SpooledSamples)
    assert memory.shape == disk.shape == (2, 10_000)
    for channel, part in ((0, slice(0, 10_000)), (1, slice(2950, 3050)), (1, slice(9_990, 20_000)), (0, slice(5, 5))):
        assert disk[channel, part].dtype == np.float32
        assert disk[channel, part] == pytest.approx(memory[channel, part], abs=1 / 32767)


def test_spool_of_nothing_is_empty() -> None:
    assert Spool(2).close().shape == (2, 0)


def test_spool_leaves_no_file_behind(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spool = Spool(1, max_in_memory=10)
    spool.add(np.zeros((1, 5000), np.float32))
    assert spool.close().shape == (1, 5000)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    words = [
        0.4 * speak(text, Voice(variant, 180, 50, 90), RATE_HZ).samples
        for text, variant in (("您好，请问您有什么需要？", "f1"), ("我想查一下这个月的话费。", "m3"))
    ]
    sound = 1e-4 * np.random.default_rng(0).standard_normal((2, 12 * RATE_HZ))
    sound[0, RATE_HZ : RATE_HZ + len(words[0])] += words[0]
    sound[1, 6 * RATE_HZ : 6 * RATE_HZ + len(words[1])] += words[1]
    path = tmp_path_factory.mktemp("spool") / "call.wav"
    soundfile.write(path, sound.T, RATE_HZ, subtype="PCM_16")
    return path


def test_recording_on_disk_is_heard_as_the_one_in_memory(recording, monkeypatch) -> None:
    whole = decode(recording)
    monkeypatch.setattr(decoding, "Spool", lambda channels: Spool(channels, max_in_memory=1000))
    spooled = decode(recording)
    assert isinstance(spooled.samples, SpooledSamples)
    assert spooled.duration_s == whole.duration_s
    assert examine_channels(spooled, None).layout is examine_channels(whole, None).layout
    detector = make_detector("silero")
    assert detect_speech(spooled, (0, 1), detector) == detect_speech(whole, (0, 1), detector)


def test_disk_that_is_full_is_said_so(recording, monkeypatch) -> None:
    class Full(Spool):
        def add(self, block: np.ndarray) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(decoding, "Spool", Full)
    with pytest.raises(RecordingError, match=r"No space left.*temporary files"):
        decode(recording)

"""What a browser needs to play and draw a recording at once: peaks of each channel, and a copy of constant rate.

A browser seeks exactly only where a second of sound is always the same number of bytes; in files of variable rate it
guesses. Wave files of the kinds below are so already and are played as they are; everything else gets a copy in G.711
(mu-law, one byte a sample, what telephone lines carry), which every browser plays.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.types import Audio

MOST_PEAKS = 30_000
"""Of one channel: finer than any screen shows, and small enough to be sent at once."""
FINEST_PEAK_HZ = 100
CONSTANT_RATE = frozenset({"PCM_16", "PCM_U8", "ULAW", "ALAW"})
LENGTH_TOLERANCE_S = 0.05
BLOCK_FRAMES = 1 << 20
"""Frames looked at together: hours of sound are not in memory."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of every stretch, 0 to 255 of full scale: ``levels`` of shape (channels, count)."""

    levels: npt.NDArray[np.uint8]
    rate_hz: float
    duration_s: float

    def to_bytes(self) -> bytes:
        """One line of JSON, then the levels, channel after channel, a byte each."""
        channels, count = self.levels.shape
        header = {"channels": channels, "count": count, "rate_hz": self.rate_hz, "duration_s": self.duration_s}
        return json.dumps(header).encode() + b"\n" + self.levels.tobytes()


def peaks_of(audio: Audio) -> Peaks:
    """Peaks of a recording, at most ``MOST_PEAKS`` of a channel and ``FINEST_PEAK_HZ`` in a second."""
    frames = audio.samples.shape[1]
    step = max(1, audio.sample_rate_hz // FINEST_PEAK_HZ, -(-frames // MOST_PEAKS))
    levels = np.zeros((audio.channels, -(-frames // step)), dtype=np.uint8)
    at_once = step * max(1, BLOCK_FRAMES // step)
    for channel in range(audio.channels):
        for first in range(0, frames, at_once):
            block = np.abs(audio.samples[channel, first : min(frames, first + at_once)])
            loudest = np.maximum.reduceat(block, np.arange(0, len(block), step))
            levels[channel, first // step :][: len(loudest)] = np.clip(np.rint(loudest * 255), 0, 255)
    return Peaks(levels, audio.sample_rate_hz / step, round(audio.duration_s, 3))


def plays_exactly(path: Path, duration_s: float) -> bool:
    """Whether a browser can play and seek the file itself: a wave file of constant rate that is as long as it says."""
    try:
        info = soundfile.info(os.fsencode(path))  # a name need not be UTF-8
    except (soundfile.LibsndfileError, OSError):
        return False
    return (
        info.format in ("WAV", "WAVEX")
        and info.subtype in CONSTANT_RATE
        and abs(info.duration - duration_s) <= LENGTH_TOLERANCE_S
    )


def prepare_listening(audio: Audio, recording: Path, peaks_file: Path, copy_file: Path) -> None:
    """Write the peaks of a recording and, where a browser could not seek in it exactly, the copy that it plays.

    Files appear whole or not at all.

    Raises:
        OSError: they cannot be written.
    """
    peaks_file.parent.mkdir(parents=True, exist_ok=True)
    if not plays_exactly(recording, audio.duration_s):
        unfinished = copy_file.with_suffix(f".{os.getpid()}.part")
        with soundfile.SoundFile(
            unfinished, "w", audio.sample_rate_hz, audio.channels, format="WAV", subtype="ULAW"
        ) as file:
            for first in range(0, audio.samples.shape[1], BLOCK_FRAMES):
                last = min(audio.samples.shape[1], first + BLOCK_FRAMES)
                file.write(np.stack([audio.samples[channel, first:last] for channel in range(audio.channels)], axis=1))
        unfinished.replace(copy_file)
    # The peaks come last: where they are, everything is.
    unfinished = peaks_file.with_suffix(f".{os.getpid()}.part")
    unfinished.write_bytes(peaks_of(audio).to_bytes())
    unfinished.replace(peaks_file)

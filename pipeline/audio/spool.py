"""Decoded sound that grows block by block: in memory while it is short, in a file without a name when it is long.

The file has no entry in any folder: it vanishes with the process, however that ends, and holds 16 bits a sample, as
much as any telephone carries. It lies where temporary files do (``TMPDIR``), 58 MB for an hour of one 8 kHz channel.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from typing import BinaryIO

import numpy as np

from pipeline.types import FloatArray, Samples

MAX_SAMPLES_IN_MEMORY = 16_000_000
"""64 MB: sixteen minutes of stereo at 8 kHz."""

_FULL_SCALE = 32767.0


class SpooledSamples:
    """Samples of shape (channels, frames) in temporary files, one a channel; every look at them reads that part."""

    def __init__(self, files: list[BinaryIO], frames: int) -> None:
        """Keep open files of 16-bit samples; they are closed when nobody looks at them any more."""
        self._files = files
        self._frames = frames
        weakref.finalize(self, _close, files)

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels and frames."""
        return (len(self._files), self._frames)

    def __getitem__(self, key: tuple[int, slice]) -> FloatArray:
        """Samples of one channel, float32 in -1..1; the slice has no step."""
        channel, part = key
        first, last, _ = part.indices(self._frames)
        raw = os.pread(self._files[channel].fileno(), 2 * max(0, last - first), 2 * first)
        return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)


def _close(files: list[BinaryIO]) -> None:
    for file in files:
        file.close()


class Spool:
    """Takes blocks of shape (channels, frames) in order and gives them back as one."""

    def __init__(self, channels: int, max_in_memory: int = MAX_SAMPLES_IN_MEMORY) -> None:
        """Start empty; beyond ``max_in_memory`` samples everything goes to disk."""
        self._channels = channels
        self._max_in_memory = max_in_memory
        self._blocks: list[FloatArray] = []
        self._files: list[BinaryIO] = []
        self.frames = 0

    def add(self, block: FloatArray) -> None:
        """Add the next block, which must not be changed afterwards.

        Raises:
            OSError: the disk is full.
        """
        self.frames += block.shape[1]
        self._blocks.append(block)
        if self._files or self.frames * self._channels > self._max_in_memory:
            self._to_disk()

    def close(self) -> Samples:
        """All samples; nothing can be added afterwards."""
        if self._files:
            return SpooledSamples(self._files, self.frames)
        if not self._blocks:
            return np.zeros((self._channels, 0), np.float32)
        return np.ascontiguousarray(np.concatenate(self._blocks, axis=1), np.float32)

    def _to_disk(self) -> None:
        if not self._files:
            # Unbuffered: whoever reads does so by the file's number.
            self._files = [tempfile.TemporaryFile(buffering=0) for _ in range(self._channels)]
        for block in self._blocks:
            integers = np.rint(block * np.float32(_FULL_SCALE)).astype("<i2")
            for file, channel in zip(self._files, integers, strict=True):
                rest = memoryview(channel.tobytes())
                while rest:
                    rest = rest[file.write(rest) :]
        self._blocks = []

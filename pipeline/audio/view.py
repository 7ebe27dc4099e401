"""One channel of a recording, read in parts, so that no analysis needs the whole of it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.types import Audio, FloatArray, Span

BLOCK_S = 60.0


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel of a recording."""

    audio: Audio
    channel: int

    @property
    def sample_rate_hz(self) -> int:
        """Samples a second."""
        return self.audio.sample_rate_hz

    @property
    def frames(self) -> int:
        """Samples in all."""
        return int(self.audio.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.audio.duration_s

    def cut(self, span: Span) -> FloatArray:
        """The samples of a stretch of time, as far as the recording reaches."""
        first, last = (round(time_s * self.sample_rate_hz) for time_s in (span.start_s, span.end_s))
        return self.frame_range(first, last)

    def frame_range(self, first: int, last: int) -> FloatArray:
        """Samples by number, as far as there are any."""
        return self.audio.samples[self.channel, max(0, first) : max(0, last)]

    def blocks(self, block_s: float = BLOCK_S) -> Iterator[FloatArray]:
        """All samples, in order."""
        step = max(1, round(block_s * self.sample_rate_hz))
        for at in range(0, self.frames, step):
            yield self.frame_range(at, at + step)


def view_of(samples: FloatArray, sample_rate_hz: int) -> ChannelView:
    """A view of one channel that is in memory, shape (frames,)."""
    return ChannelView(Audio(np.atleast_2d(samples), sample_rate_hz), 0)

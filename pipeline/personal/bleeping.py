"""Sound with stretches of it replaced by a tone: nothing of what was there is left."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.types import FloatArray, Span

TONE_HZ = 1000.0
TONE_DBFS = -26.0
FADE_S = 0.005


def bleeped(samples: FloatArray, sample_rate_hz: int, spans: Iterable[Span], starts_at_s: float = 0.0) -> FloatArray:
    """A copy with a tone in the place of every stretch, on all channels: a voice is often faint on the other one too.

    Args:
        samples: shape (channels, frames), float32 in -1..1.
        sample_rate_hz: of the samples.
        spans: stretches, in seconds of the recording.
        starts_at_s: when in the recording the samples begin.
    """
    result = np.array(samples, np.float32)
    frames = result.shape[1]
    for span in spans:
        first = max(0, int(np.floor((span.start_s - starts_at_s) * sample_rate_hz)))
        last = min(frames, int(np.ceil((span.end_s - starts_at_s) * sample_rate_hz)))
        if first < last:
            result[:, first:last] = _tone(last - first, sample_rate_hz)
    return result


def _tone(frames: int, sample_rate_hz: int) -> FloatArray:
    tone = 10 ** (TONE_DBFS / 20) * np.sqrt(2) * np.sin(2 * np.pi * TONE_HZ * np.arange(frames) / sample_rate_hz)
    fade = min(round(FADE_S * sample_rate_hz), frames // 2)
    if fade:
        ramp = np.linspace(0.0, 1.0, fade)
        tone[:fade] *= ramp
        tone[-fade:] *= ramp[::-1]
    return np.asarray(tone, np.float32)

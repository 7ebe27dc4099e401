"""The ringing tone that a caller hears before the answer, told from speech."""

from __future__ import annotations

import numpy as np

from pipeline.types import Audio, FloatArray, Span

RING_TONE_HZ = 450.0
"""Ringing tone of the Chinese network (YD/T 1123): 450 Hz, 1 s on, 4 s off."""

_FRAME_S = 0.05
_MIN_BURST_S = 0.6
_MIN_LEVEL_DBFS = -50.0
_MIN_TONE_SHARE = 0.9
"""Share of a frame's power within the tone's band; speech stays far below it over a whole burst."""
_BAND_HZ = 30.0


def ringing_bursts(samples: FloatArray, sample_rate_hz: int) -> list[Span]:
    """Bursts of ringing tone in one channel, in order of time.

    Args:
        samples: shape (frames,), -1..1.
        sample_rate_hz: its rate.
    """
    length = round(_FRAME_S * sample_rate_hz)
    count = len(samples) // length
    if not count:
        return []
    frames = samples[: count * length].reshape(count, length) * np.hanning(length).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    frequency_hz = np.fft.rfftfreq(length, 1.0 / sample_rate_hz)
    in_band = np.abs(frequency_hz - RING_TONE_HZ) <= _BAND_HZ
    total = power.sum(axis=1)
    tonal = power[:, in_band].sum(axis=1) >= _MIN_TONE_SHARE * np.maximum(total, 1e-20)
    rms = np.sqrt(np.mean(samples[: count * length].reshape(count, length) ** 2, axis=1))
    ringing = tonal & (20 * np.log10(np.maximum(rms, 1e-9)) > _MIN_LEVEL_DBFS)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], ringing.astype(np.int8), [0]))))
    spans = [Span(float(start) * _FRAME_S, float(end) * _FRAME_S) for start, end in edges.reshape(-1, 2)]
    return [span for span in spans if span.duration_s >= _MIN_BURST_S]


def ringing_end(audio: Audio, first_speech_s: float | None) -> float | None:
    """End of the last ringing tone before anybody speaks, over all channels; None where none is heard."""
    until_s = audio.duration_s if first_speech_s is None else first_speech_s
    # The tone stands before the first word: the rest of the recording need not be looked at.
    frames = round(until_s * audio.sample_rate_hz)
    ends = [
        burst.end_s for channel in audio.samples for burst in ringing_bursts(channel[:frames], audio.sample_rate_hz)
    ]
    return max(ends, default=None)

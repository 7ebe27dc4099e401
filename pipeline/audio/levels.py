"""Short-time power of a channel: one pass over its samples, from which boundaries, noise and cross-talk are read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.signal import butter, sosfiltfilt

from pipeline.audio.spans import close_gaps
from pipeline.audio.view import ChannelView
from pipeline.types import FloatArray, Span

FRAME_S = 0.01
HOP_S = 0.005
FAINTEST_POWER = 1e-9
"""-90 dBFS: below it 16-bit samples hold only rounding."""

_HIGHPASS_HZ = 150
_BLOCK_FRAMES = 12_000
# The filter has died away long before.
_WARM_UP_S = 0.25

Powers = npt.NDArray[np.float64]


def short_time_power(view: ChannelView) -> Powers:
    """Mean square of 10 ms frames, one every 5 ms, mains hum and offset filtered out; shape (frames,)."""
    rate_hz = view.sample_rate_hz
    width = round(FRAME_S * rate_hz)
    sections = butter(2, _HIGHPASS_HZ, "highpass", fs=rate_hz, output="sos")
    count = max(1, int((view.frames - width) / (HOP_S * rate_hz)) + 1)
    powers: Powers = np.zeros(count)
    for first in range(0, count, _BLOCK_FRAMES):
        last = min(count, first + _BLOCK_FRAMES)
        # By time and not by a whole number of samples: at 11,025 Hz the frames would run away from the clock.
        starts = np.round(np.arange(first, last) * HOP_S * rate_hz).astype(np.int64)
        from_frame = max(0, int(starts[0]) - round(_WARM_UP_S * rate_hz))
        samples = view.frame_range(from_frame, int(starts[-1]) + width + round(_WARM_UP_S * rate_hz))
        if not len(samples):
            break
        pad = min(3 * (2 * len(sections) + 1), len(samples) - 1)
        filtered = sosfiltfilt(sections, samples.astype(np.float64), padlen=pad)
        total = np.concatenate([[0.0], np.cumsum(np.square(filtered))])
        ends = np.minimum(starts - from_frame + width, len(samples))
        powers[first:last] = (total[ends] - total[np.minimum(starts - from_frame, len(samples))]) / width
    # Differences of a long sum may fall below nothing by rounding.
    return np.maximum(powers, 0.0)


def power_spectra(frames: FloatArray, taper: FloatArray) -> FloatArray:
    """Power of every frame (rows) at every frequency of its transform."""
    spectra = scipy.fft.rfft(frames * taper, axis=1)
    powers: FloatArray = np.square(spectra.real) + np.square(spectra.imag)
    return powers


def span_mask(spans: tuple[Span, ...] | list[Span], length: int) -> npt.NDArray[np.bool_]:
    """Which of so many frames lie in a span."""
    mask = np.zeros(length, np.bool_)
    for span in spans:
        mask[max(0, round(span.start_s / HOP_S)) : max(0, round(span.end_s / HOP_S))] = True
    return mask


def runs(mask: npt.NDArray[np.bool_]) -> list[Span]:
    """Runs of True as time: from the middle of the overlap before the first frame to the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    quarter_s = FRAME_S / 4
    return [
        Span(float(start) * HOP_S + quarter_s, float(end - 1) * HOP_S + 3 * quarter_s)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def widened(span: Span, by_s: float) -> Span:
    """The span with so much more at either end."""
    return Span(max(0.0, span.start_s - by_s), span.end_s + by_s)


# What sounds for some 50 ms at this distance above the quietest tenth is looked at by a speech detector.
_SOUNDS_ABOVE_DB = 2.5
_SMOOTH_FRAMES = 11
_SILENT_POWER = 1e-8
_MARGIN_S = 0.5
_BRIDGE_S = 1.0


def sounding(powers: Powers) -> tuple[Span, ...]:
    """Stretches in which a channel holds more than its own line noise, with half a second around; the rest is quiet.

    On a line whose noise never rests that is everything: only time is lost by it.
    """
    smooth = np.convolve(powers, np.full(_SMOOTH_FRAMES, 1 / _SMOOTH_FRAMES), mode="same")
    floor = float(np.quantile(smooth, 0.1))
    loud = smooth > max(floor * 10 ** (_SOUNDS_ABOVE_DB / 10), _SILENT_POWER)
    end_s = len(powers) * HOP_S + FRAME_S
    spans: list[Span] = []
    for run in runs(loud):
        span = Span(max(0.0, run.start_s - _MARGIN_S), min(end_s, run.end_s + _MARGIN_S))
        if spans and span.start_s - spans[-1].end_s < _BRIDGE_S:
            spans[-1] = Span(spans[-1].start_s, span.end_s)
        else:
            spans.append(span)
    return tuple(spans)


_STEADY_FRAMES, _STEADY_STEPS = 10, 10
_STEADY_DB = 0.8
_STEP_S = 0.2


def steady(powers: Powers) -> tuple[Span, ...]:
    """Stretches of half a second and more in which the level holds still: noise, hum, tones, and no voice.

    The levels of 50 ms of white noise spread by 0.3 dB, those of speech 10 dB over such noise by more than 3 dB.
    """
    count = len(powers) // _STEADY_FRAMES
    if count < _STEADY_STEPS:
        return ()
    level_db = 10 * np.log10(
        np.maximum(powers[: count * _STEADY_FRAMES].reshape(count, -1).mean(axis=1), FAINTEST_POWER)
    )
    still = np.lib.stride_tricks.sliding_window_view(level_db, _STEADY_STEPS).std(axis=1) < _STEADY_DB
    step_s = _STEADY_FRAMES * HOP_S
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    found = (
        Span(float(first) * step_s, float(last - 1 + _STEADY_STEPS) * step_s)
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )
    # Between two of them lies a step from one level to another.
    return close_gaps(found, _STEP_S)

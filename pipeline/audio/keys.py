"""Keys pressed on a telephone (DTMF, ITU-T Q.23): two tones at once, which are nobody's speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.audio.levels import FAINTEST_POWER, HOP_S, Powers, power_spectra, span_mask, widened
from pipeline.audio.spans import MIN_SPEECH_S, merged, without
from pipeline.audio.view import BLOCK_S, ChannelView
from pipeline.types import FloatArray, Span

LOW_HZ = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)

_FRAME_S, _STEP_S = 0.032, 0.016
_SHARE = 0.8
"""Share of a frame's power in the two tones together; a voice has harmonics beside them."""
_LEAST_SHARE = 0.08
"""Either tone alone: the higher one may be sent 4 dB louder, and lines bend that by some more."""
_BAND_HZ = (300.0, 3600.0)
_REACH_BINS = 2
_TOLERANCE = 0.025
"""Keys are exact to 1.8 %; no tone of one group is a harmonic of one of the other by as much."""
_MIN_FRAMES = 2
_FAINTEST_DBFS = -60.0
_EDGE_S = 0.03
_ABOVE_NOISE_DB = 6.0
_LOUD_WITHIN_DB = 20.0
_DIALLING_SHARE = 0.5


def find_keys(view: ChannelView, where: Sequence[Span]) -> tuple[Span, ...]:
    """Where keys of 50 ms and more are heard within ``where``, in order of time, with a little of the line around."""
    found: list[Span] = []
    for span in merged(list(where)):
        at_s = span.start_s
        while at_s < span.end_s:
            part = Span(at_s, min(span.end_s, at_s + BLOCK_S))
            found += _keys_in(view.cut(part), view.sample_rate_hz, part.start_s)
            at_s = part.end_s
    return tuple(merged([widened(one, _EDGE_S) for one in found]))


def without_keys(regions: Sequence[Span], keys: Sequence[Span], powers: Powers) -> tuple[Span, ...]:
    """The regions without the keys, and without the quiet between two keys that a detector bridged."""
    if not keys:
        return tuple(regions)
    least = max(float(np.quantile(powers, 0.1)), FAINTEST_POWER) * 10 ** (_ABOVE_NOISE_DB / 10)
    kept: list[Span] = []
    for region in regions:
        left = without([region], keys)
        if left != [region]:
            left = [
                part for part in left if part.duration_s >= MIN_SPEECH_S and _mean_power(part, powers) > least
            ]  # fmt: skip
        kept += left
    return tuple(kept)


def is_dialling(span: Span, keys: Sequence[Span], powers: Powers) -> bool:
    """Whether what sounds in a stretch that may be music is keys for the most part; notes are that by chance alone."""
    first = round(span.start_s / HOP_S)
    inside = powers[first : round(span.end_s / HOP_S)]
    if not len(inside):
        return False
    loud = inside > inside.max() * 10 ** (-_LOUD_WITHIN_DB / 10)
    pressed = span_mask(list(keys), len(powers))[first : first + len(inside)]
    return bool((loud & pressed).sum() > _DIALLING_SHARE * loud.sum())


def _mean_power(span: Span, powers: Powers) -> float:
    inside = powers[round(span.start_s / HOP_S) : round(span.end_s / HOP_S)]
    return float(inside.mean()) if len(inside) else 0.0


def _keys_in(samples: FloatArray, sample_rate_hz: int, offset_s: float) -> list[Span]:
    width, step = round(_FRAME_S * sample_rate_hz), round(_STEP_S * sample_rate_hz)
    if len(samples) < width:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(samples, width)[::step]
    spectra = power_spectra(frames, np.hanning(width).astype(np.float32))
    hertz = np.fft.rfftfreq(width, 1 / sample_rate_hz)
    spectra = spectra[:, hertz <= _BAND_HZ[1]]
    bin_hz = float(hertz[1])
    total = spectra[:, round(_BAND_HZ[0] / bin_hz) :].sum(axis=1)
    low, low_power = _strongest(spectra, LOW_HZ, bin_hz)
    high, high_power = _strongest(spectra, HIGH_HZ, bin_hz)
    pressed = (
        (low_power + high_power > _SHARE * total)
        & (np.minimum(low_power, high_power) > _LEAST_SHARE * total)
        & (np.square(frames).mean(axis=1) > 10 ** (_FAINTEST_DBFS / 10))
    )
    key = np.where(pressed, low * len(HIGH_HZ) + high, -1)
    edges = np.flatnonzero(np.diff(key)) + 1
    bounds = [0, *edges.tolist(), len(key)]
    step_s = step / sample_rate_hz
    return [
        Span(offset_s + first * step_s, offset_s + (last - 1) * step_s + _FRAME_S)
        for first, last in pairwise(bounds)
        if key[first] >= 0 and last - first >= _MIN_FRAMES
    ]


def _strongest(
    spectra: npt.NDArray[np.float32], group: Sequence[float], bin_hz: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Which tone of a group the strongest peak there is, and its power; no power where it is none of them."""
    first, last = (round(hertz / bin_hz) for hertz in (group[0], group[-1]))
    peaks = spectra[:, first - 1 : last + 2].argmax(axis=1) + first - 1
    columns = peaks[:, None] + np.arange(-_REACH_BINS, _REACH_BINS + 1)
    around = np.take_along_axis(spectra, columns, axis=1)
    power = around.sum(axis=1)
    hertz = (around * columns).sum(axis=1) / np.maximum(power, 1e-20) * bin_hz
    off = np.abs(hertz[:, None] / np.asarray(group) - 1)
    best = off.argmin(axis=1)
    return best, np.where(off.min(axis=1) < _TOLERANCE, power, np.float32(0.0))

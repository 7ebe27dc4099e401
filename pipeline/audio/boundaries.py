"""Exact onsets and ends of speech: voice activity says where, short-time energy says when.

End points of voice-activity networks lie 50 to 100 ms beyond the sound. On a quiet line the energy of the channel shows
the true place; on a noisy line it does not (weak final sounds drown), so there the network's word stands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from pipeline.audio.spans import MIN_SPEECH_S, close_gaps
from pipeline.audio.tones import without_tones
from pipeline.types import FloatArray, Span

MIN_PAUSE_S = 0.2
"""Shorter pauses (mostly the closures of stops) belong to the speech around them."""

# On a quiet line the last sound before a pause dies away audibly over some 50 ms of it.
_DYING_AWAY_S = 0.05
# On a noisy line the first consonant of a word drowns: half the onsets come later than this.
_DROWNED_ONSET_S = 0.02
_QUIET_LINE_DB = 24.0

MIN_SNR_DB = 13.0
"""Below this (about 15 dB by the clock of the speech alone) energy does not tell the boundaries."""

_FRAME_S = 0.01
_HOP_S = 0.005
# How far outside the detector's region the true boundary may lie.
_REACH_S = 0.12
# A detector that adapts to the noise misses the first words of a turn now and then. What sounds before (or after) its
# region belongs to it up to this far away, as long as no gap is longer than a speaker's pause between words.
_CHAIN_REACH_S = 1.5
_CHAIN_GAP_S = 0.4
_CHAIN_RUN_S = 0.05
# Speech starts this far above the louder moments of the noise, which count as noise up to so far above its median,
# and is never fainter than so far below the channel's mean speech level.
_ABOVE_NOISE_DB = 2.0
_NOISE_SPREAD_DB = 8.0
_BELOW_SPEECH_DB = 35.0
# A click this short, this far from other sound, is no part of a word.
_CLICK_S = 0.025
_CLICK_GAP_S = 0.06
_FAINTEST_POWER = 1e-9  # -90 dBFS: below it 16-bit samples hold only rounding

_Powers = npt.NDArray[np.float64]


def refine(
    regions: tuple[Span, ...], samples: FloatArray, sample_rate_hz: int, end_overhang_s: float = 0.0
) -> tuple[Span, ...]:
    """Move the boundaries of a detector's regions to where the sound is, split at pauses, drop what is too short.

    On a line too noisy for that, the ends come forward by ``end_overhang_s``, the detector's usual overhang.
    """
    if not regions:
        return ()
    powers = _short_time_power(samples, sample_rate_hz)
    inside = _mask(regions, len(powers))
    extents = close_gaps([_widened(region, _REACH_S) for region in regions], 0.0)
    near = _mask(extents, len(powers))
    reachable = close_gaps([_widened(region, _CHAIN_REACH_S) for region in regions], 0.0)
    noise, noise_peaks = _noise_powers(powers, near)
    speech = float(powers[inside].mean()) if inside.any() else 0.0
    if speech < noise * 10 ** (MIN_SNR_DB / 10):
        return _tidied([_shortened(region, end_overhang_s) for region in regions], MIN_PAUSE_S)
    threshold = max(noise_peaks * 10 ** (_ABOVE_NOISE_DB / 10), speech * 10 ** (-_BELOW_SPEECH_DB / 10))
    # No chain may lead over a ringing or busy tone.
    loud = (powers > threshold) & (near | _mask(without_tones(reachable, samples, sample_rate_hz), len(powers)))
    sounding = close_gaps(_runs(loud), _CLICK_GAP_S)
    found = _chained([span for span in sounding if span.duration_s > _CLICK_S], extents)
    if speech >= noise * 10 ** (_QUIET_LINE_DB / 10):
        return _tidied(found, MIN_PAUSE_S - _DYING_AWAY_S)
    return tuple(Span(max(0.0, span.start_s - _DROWNED_ONSET_S), span.end_s) for span in _tidied(found, MIN_PAUSE_S))


def _chained(runs: list[Span], extents: tuple[Span, ...]) -> list[Span]:
    """The runs of sound that lie in an extent, and those that lead to one of them without a long gap."""
    kept = [any(run.start_s < extent.end_s and extent.start_s < run.end_s for extent in extents) for run in runs]
    indices = range(len(runs))
    for order in (indices, reversed(indices)):
        before: int | None = None
        for index in order:
            if before is not None and kept[before] and not kept[index]:
                gap_s = max(runs[index].start_s - runs[before].end_s, runs[before].start_s - runs[index].end_s)
                kept[index] = gap_s <= _CHAIN_GAP_S and runs[index].duration_s >= _CHAIN_RUN_S
            before = index
    return [run for run, is_kept in zip(runs, kept, strict=True) if is_kept]


def _tidied(spans: tuple[Span, ...] | list[Span], min_pause_s: float) -> tuple[Span, ...]:
    return tuple(span for span in close_gaps(spans, min_pause_s) if span.duration_s >= MIN_SPEECH_S)


def _short_time_power(samples: FloatArray, sample_rate_hz: int) -> _Powers:
    """Mean square of 10 ms frames, one every 5 ms, mains hum and offset filtered out; shape (frames,)."""
    filtered = sosfiltfilt(butter(2, 150, "highpass", fs=sample_rate_hz, output="sos"), samples.astype(np.float64))
    hop, width = round(_HOP_S * sample_rate_hz), round(_FRAME_S * sample_rate_hz)
    total = np.concatenate([[0.0], np.cumsum(np.square(filtered))])
    starts = np.arange(0, max(1, len(samples) - width + 1), hop)
    ends = np.minimum(starts + width, len(samples))
    powers: _Powers = (total[ends] - total[starts]) / width
    return powers


def _noise_powers(powers: _Powers, near_speech: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Median and peaks of the line's power without speech; of a channel full of speech, its quietest tenth."""
    away = powers[~near_speech]
    if len(away) * _HOP_S < 0.3:
        away = powers[powers <= np.quantile(powers, 0.1)]
    median = max(float(np.median(away)), _FAINTEST_POWER)
    # Tones and coughs between the turns are louder still; they are not the noise under the speech.
    return median, min(max(float(np.quantile(away, 0.9)), median), median * 10 ** (_NOISE_SPREAD_DB / 10))


def _shortened(span: Span, by_s: float) -> Span:
    return Span(span.start_s, max(span.end_s - by_s, min(span.end_s, span.start_s + MIN_SPEECH_S)))


def _widened(span: Span, by_s: float) -> Span:
    return Span(max(0.0, span.start_s - by_s), span.end_s + by_s)


def _mask(spans: tuple[Span, ...], length: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    for span in spans:
        mask[round(span.start_s / _HOP_S) : round(span.end_s / _HOP_S)] = True
    return mask


def _runs(mask: npt.NDArray[np.bool_]) -> list[Span]:
    """Runs of True as time: from the middle of the overlap before the first frame to the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    quarter_s = _FRAME_S / 4
    return [
        Span(float(start) * _HOP_S + quarter_s, float(end - 1) * _HOP_S + 3 * quarter_s)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]

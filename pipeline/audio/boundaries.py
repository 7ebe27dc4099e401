"""Exact onsets and ends of speech: voice activity says where, short-time energy says when.

End points of voice-activity networks lie 50 to 100 ms beyond the sound. On a quiet line the energy of the channel shows
the true place; on a noisy line it does not (weak final sounds drown), so there the network's word stands.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from pipeline.audio.levels import FAINTEST_POWER, HOP_S, Powers, runs, span_mask, widened
from pipeline.audio.spans import MIN_SPEECH_S, close_gaps, without
from pipeline.types import Span

MIN_PAUSE_S = 0.2
"""Shorter pauses (mostly the closures of stops) belong to the speech around them."""

# On a quiet line the last sound before a pause dies away audibly over some 50 ms of it.
_DYING_AWAY_S = 0.05
# On a noisy line the first consonant of a word drowns: half the onsets come later than this.
_DROWNED_ONSET_S = 0.02
_QUIET_LINE_DB = 24.0

MIN_SNR_DB = 13.0
"""Below this (about 15 dB by the clock of the speech alone) energy does not tell the boundaries."""

# How far outside the detector's region the true boundary may lie.
_REACH_S = 0.12
# A detector that adapts to the noise misses the first words of a turn now and then. What sounds before (or after) its
# region belongs to it up to this far away, as long as no gap is longer than a speaker's pause between words.
CHAIN_REACH_S = 1.5
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


def refine(
    regions: tuple[Span, ...],
    powers: Powers,
    end_overhang_s: float = 0.0,
    no_way: tuple[Span, ...] = (),
    foreign: tuple[Span, ...] = (),
) -> tuple[Span, ...]:
    """Move the boundaries of a detector's regions to where the sound is, split at pauses, drop what is too short.

    On a line too noisy for that, the ends come forward by ``end_overhang_s``, the detector's usual overhang. Where
    ``no_way`` (music, ringing and busy tones) is, nothing is drawn to a region, and what is ``foreign`` (the other
    party's voice, keys) is no sound of the speaker's. ``powers`` as ``short_time_power`` gives them.
    """
    regions = tuple(without(regions, foreign)) if foreign else regions
    if not regions:
        return ()
    inside = span_mask(regions, len(powers))
    extents = close_gaps([widened(region, _REACH_S) for region in regions], 0.0)
    near = span_mask(extents, len(powers))
    reachable = close_gaps([widened(region, CHAIN_REACH_S) for region in regions], 0.0)
    others = span_mask(foreign, len(powers))
    noise, noise_peaks = _noise_powers(powers, near | others | span_mask(no_way, len(powers)))
    speech = float(powers[inside].mean()) if inside.any() else 0.0
    if speech < noise * 10 ** (MIN_SNR_DB / 10):
        return _tidied([_shortened(region, end_overhang_s) for region in regions], MIN_PAUSE_S)
    threshold = max(noise_peaks * 10 ** (_ABOVE_NOISE_DB / 10), speech * 10 ** (-_BELOW_SPEECH_DB / 10))
    free = without(reachable, no_way) if no_way else reachable
    loud = (powers > threshold) & (near | span_mask(free, len(powers))) & ~others
    sounding = close_gaps(runs(loud), _CLICK_GAP_S)
    found = _chained([span for span in sounding if span.duration_s > _CLICK_S], extents)
    if speech >= noise * 10 ** (_QUIET_LINE_DB / 10):
        return _tidied(found, MIN_PAUSE_S - _DYING_AWAY_S)
    return tuple(Span(max(0.0, span.start_s - _DROWNED_ONSET_S), span.end_s) for span in _tidied(found, MIN_PAUSE_S))


def _chained(sounds: list[Span], extents: tuple[Span, ...]) -> list[Span]:
    """The runs of sound that lie in an extent, and those that lead to one of them without a long gap."""
    starts = [extent.start_s for extent in extents]
    kept = []
    for run in sounds:
        place = bisect_right(starts, run.end_s) - 1
        kept.append(place >= 0 and extents[place].end_s > run.start_s)
    indices = range(len(sounds))
    for order in (indices, reversed(indices)):
        before: int | None = None
        for index in order:
            if before is not None and kept[before] and not kept[index]:
                gap_s = max(sounds[index].start_s - sounds[before].end_s, sounds[before].start_s - sounds[index].end_s)
                kept[index] = gap_s <= _CHAIN_GAP_S and sounds[index].duration_s >= _CHAIN_RUN_S
            before = index
    return [run for run, is_kept in zip(sounds, kept, strict=True) if is_kept]


def _tidied(spans: tuple[Span, ...] | list[Span], min_pause_s: float) -> tuple[Span, ...]:
    return tuple(span for span in close_gaps(spans, min_pause_s) if span.duration_s >= MIN_SPEECH_S)


def _noise_powers(powers: Powers, near_speech: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Median and peaks of the line's power without speech; of a channel full of speech, its quietest tenth."""
    away = powers[~near_speech]
    if len(away) * HOP_S < 0.3:
        away = powers[powers <= np.quantile(powers, 0.1)]
    median = max(float(np.median(away)), FAINTEST_POWER)
    # Tones and coughs between the turns are louder still; they are not the noise under the speech.
    return median, min(max(float(np.quantile(away, 0.9)), median), median * 10 ** (_NOISE_SPREAD_DB / 10))


def _shortened(span: Span, by_s: float) -> Span:
    return Span(span.start_s, max(span.end_s - by_s, min(span.end_s, span.start_s + MIN_SPEECH_S)))

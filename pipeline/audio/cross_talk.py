"""Cross-talk: one party's voice on the other's channel, fainter and perhaps later, is nobody's interruption.

Where the other party speaks, the level of a channel with cross-talk follows the other's level at a fixed distance; the
level of a channel without it does not. A sound that this distance explains is the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from pipeline.audio.levels import FAINTEST_POWER, HOP_S, Powers, runs, span_mask, widened
from pipeline.audio.spans import close_gaps, without
from pipeline.types import Span

MIN_CORRELATION = 0.6
"""Of the levels in decibels. Line noise stays below 0.2; codecs and noise bring real cross-talk down to about 0.7."""
FAINTEST_LEAK_DB, LOUDEST_LEAK_DB = -45.0, -3.0

_LONGEST_DELAY_S = 0.3
_STEP = 2  # 10 ms
_MIN_FRAMES = 150
_LOUD_WITHIN_DB = 15.0
_BELOW_DB = 6.0
# The way from one channel to the other colours and smears the sound.
_MARGIN_DB = 6.0
_SMEARED_S = 0.08
_ABOVE_NOISE_DB = 6.0
_OWN_GAP_S = 0.3
_OWN_MIN_S = 0.08
_OWN_SHARE = 0.35
_OWN_EDGE_S = 0.04

_Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leak:
    """The other party's voice stands ``level_db`` (below 0) and ``delay_s`` later on a channel.

    ``correlation`` of the levels where the other speaks is how sure that is.
    """

    level_db: float
    delay_s: float
    correlation: float


def find_leak(
    powers: Powers, regions: tuple[Span, ...], others: Powers, others_regions: tuple[Span, ...]
) -> Leak | None:
    """Whether, how loud and how late the other channel's voice stands on a channel; None where it does not.

    Args:
        powers: short-time powers of the channel.
        regions: where a detector hears speech in it.
        others: short-time powers of the other channel.
        others_regions: where a detector hears speech in that.
    """
    level, other = _level_db(powers), _level_db(others)
    length = min(len(level), len(other))
    level, other = level[:length], other[:length]
    speaking = _thin(span_mask(others_regions, len(others)))[:length]
    if int(speaking.sum()) < _MIN_FRAMES:
        return None
    loud = speaking & (other > 10 * np.log10(np.mean(10 ** (other[speaking] / 10))) - _LOUD_WITHIN_DB)
    best: Leak | None = None
    for delay in range(round(_LONGEST_DELAY_S / HOP_S / _STEP) + 1):
        here, there = level[delay:], other[: length - delay]
        # Where the party itself speaks, its level says nothing of the leak.
        chosen = loud[: length - delay] & (here < there - _BELOW_DB)
        if int(chosen.sum()) < _MIN_FRAMES:
            continue
        one, two = here[chosen], there[chosen]
        if one.std() < 0.5 or two.std() < 0.5:
            continue
        correlation = float(np.corrcoef(one, two)[0, 1])
        if best is None or correlation > best.correlation:
            # Of the louder half: there the line's noise hides least of the leak.
            louder = two >= np.median(two)
            best = Leak(float(np.median((one - two)[louder])), delay * _STEP * HOP_S, correlation)
    if best is None or best.correlation < MIN_CORRELATION:
        return None
    return best if FAINTEST_LEAK_DB <= best.level_db <= LOUDEST_LEAK_DB else None


def leaking(powers: Powers, others: Powers, leak: Leak) -> tuple[Span, ...]:
    """Stretches in which what sounds on a channel is the other's voice, in order of time."""
    length = len(powers)
    delay = round(leak.delay_s / HOP_S)
    heard = np.zeros(length)
    moved = others[: max(0, length - delay)]
    heard[delay : delay + len(moved)] = moved
    width = 2 * round(_SMEARED_S / HOP_S) + 1
    expected = maximum_filter1d(heard, width) * 10 ** ((leak.level_db + _MARGIN_DB) / 10)
    noise = max(float(np.quantile(powers, 0.1)), FAINTEST_POWER) * 10 ** (_ABOVE_NOISE_DB / 10)
    own_frames = (powers > expected) & (powers > noise)
    own = []
    for span in close_gaps(runs(own_frames), _OWN_GAP_S):
        inside = own_frames[round(span.start_s / HOP_S) : round(span.end_s / HOP_S) + 1]
        if span.duration_s >= _OWN_MIN_S and inside.mean() >= _OWN_SHARE:
            own.append(widened(span, _OWN_EDGE_S))
    following = close_gaps([widened(span, HOP_S) for span in runs(expected > noise)], 0.1)
    return tuple(without(following, own))


def _level_db(powers: Powers) -> _Levels:
    """Levels of 20 ms, one every 10 ms."""
    smooth = np.convolve(powers, np.full(4, 0.25), mode="same")
    return np.asarray(10 * np.log10(np.maximum(_thin(smooth), FAINTEST_POWER)))


def _thin(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return values[::_STEP]

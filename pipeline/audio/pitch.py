"""Pitch of a voice with a voicing decision: the YIN method over frames, all of them at once.

De Cheveigné & Kawahara, "YIN, a fundamental frequency estimator for speech and music", JASA 111 (2002). The dip of the
normalised difference function that gives the period also says how periodic the frame is: a shallow dip is no voice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

from pipeline.types import FloatArray

LOWEST_HZ, HIGHEST_HZ = 65.0, 450.0
"""Range of speaking voices, men's to women's, raised voices included."""

HOP_S = 0.01
_WINDOW_S = 0.03
# YIN takes the first dip below the threshold for the period; a frame whose deepest dip stays above it is unvoiced.
_THRESHOLD = 0.2
_BELOW_LOUDEST_DB = 30.0
_BLOCK_FRAMES = 1024
_SMOOTH_FRAMES = 5
# A neighbour further away than this is an octave error or another voice.
_JUMP = 2 ** (4 / 12)

Hertz = npt.NDArray[np.float64]


def pitch_track(samples: FloatArray, sample_rate_hz: int) -> Hertz:
    """Pitch in Hz every 10 ms, 0 where the frame is unvoiced; shape (frames,).

    ``samples`` of shape (n,). A line that carries nothing below 300 Hz is no hindrance: the period is in the overtones.
    """
    shortest, longest = int(sample_rate_hz / HIGHEST_HZ), int(np.ceil(sample_rate_hz / LOWEST_HZ))
    window, hop = round(_WINDOW_S * sample_rate_hz), round(HOP_S * sample_rate_hz)
    width = window + longest
    if len(samples) < width:
        return np.zeros(0)
    views = np.lib.stride_tricks.sliding_window_view(np.asarray(samples, np.float64), width)[::hop]
    hertz, powers = np.zeros(len(views)), np.zeros(len(views))
    for at in range(0, len(views), _BLOCK_FRAMES):
        frames = views[at : at + _BLOCK_FRAMES]
        powers[at : at + _BLOCK_FRAMES] = np.square(frames).mean(axis=1)
        dips = _normalised_difference(frames, window, longest)
        hertz[at : at + _BLOCK_FRAMES] = sample_rate_hz / _periods(dips, shortest)
    hertz[~np.isfinite(hertz)] = 0.0
    hertz[powers < powers.max() * 10 ** (-_BELOW_LOUDEST_DB / 10)] = 0.0
    return _smoothed(hertz)


def _normalised_difference(frames: npt.NDArray[np.float64], window: int, longest: int) -> npt.NDArray[np.float64]:
    """Cumulative mean normalised difference for lags 0 to ``longest``; shape (frames, lags)."""
    # No lag reaches beyond the frame, so nothing wraps around.
    size = 1 << (frames.shape[1] - 1).bit_length()
    head = scipy.fft.rfft(frames[:, :window], size, axis=1)
    correlation = scipy.fft.irfft(np.conj(head) * scipy.fft.rfft(frames, size, axis=1), size, axis=1)[:, : longest + 1]
    total = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    lags = np.arange(longest + 1)
    energies = total[:, lags + window] - total[:, lags]
    difference = np.maximum(energies[:, :1] + energies - 2 * correlation, 0.0)
    sums = np.cumsum(difference[:, 1:], axis=1)
    normalised: npt.NDArray[np.float64] = np.ones(difference.shape)
    np.divide(difference[:, 1:] * lags[1:], sums, out=normalised[:, 1:], where=sums > 0)
    return normalised


def _periods(dips: npt.NDArray[np.float64], shortest: int) -> npt.NDArray[np.float64]:
    """Period in samples (parabola through the dip), infinite where no dip is deep enough; shape (frames,)."""
    inner = dips[:, shortest:-1]
    is_dip = (inner <= dips[:, shortest - 1 : -2]) & (inner < dips[:, shortest + 1 :]) & (inner < _THRESHOLD)
    found = is_dip.any(axis=1)
    lag = is_dip.argmax(axis=1) + shortest
    rows = np.arange(len(dips))
    before, here, after = dips[rows, lag - 1], dips[rows, lag], dips[rows, lag + 1]
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=np.abs(bend) > 1e-12)
    periods: npt.NDArray[np.float64] = np.where(found, lag + np.clip(shift, -1.0, 1.0), np.inf)
    return periods


def _smoothed(hertz: Hertz) -> Hertz:
    """The track without lone jumps: a frame stays voiced where most of its neighbours agree with it."""
    half = _SMOOTH_FRAMES // 2
    padded = np.pad(hertz, half)
    around = np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH_FRAMES)
    ratio = np.divide(around, hertz[:, None], out=np.zeros_like(around), where=hertz[:, None] > 0)
    agree = (ratio < _JUMP) & (ratio > 1 / _JUMP)
    smooth: Hertz = np.where(agree.sum(axis=1) > half, hertz, 0.0)
    return smooth

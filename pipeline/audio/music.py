"""Hold music, told from speech: its energy stands on lines that hold still, and it hardly ever pauses.

After the idea of continuous frequency activation (Seyerlehner et al. 2007): peaks of the spectrum that stay at one
frequency for a quarter of a second are notes; the harmonics of a voice glide. The share of low-energy frames (Saunders
1996) is high in speech, whose syllables and words have gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.audio.levels import HOP_S, Powers, power_spectra, runs
from pipeline.audio.spans import close_gaps, merged
from pipeline.audio.tones import find_tones
from pipeline.audio.view import BLOCK_S, ChannelView
from pipeline.types import FloatArray, Span

MIN_MUSIC_S = 2.5
"""Shorter music cannot be told from a held vowel."""

MUSIC_FROM = 0.42
"""Least score (share of steady energy, less half of the share of low-energy frames) of music."""

_FRAME_S, _STEP_S = 0.064, 0.032
_WINDOW_S, _WINDOW_STEP_S = 2.0, 0.5
_STEADY_FRAMES = 8
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 3800.0
_NEIGHBOUR_BINS = 10
_PEAK_DB = 3.0
_LOW_ENERGY = 0.25
# Notes follow each other with smaller gaps, words with larger ones.
_GAP_S = 0.25
_BREAK_S = 1.5
# The first and the last notes are known to such a distance.
_EDGE_S = 0.3
_AROUND_FRAMES = 3
_NOTES_FROM = 0.3
_REST_FRAMES, _LEAST_FRAMES = 10, 18
_ABOVE_NOISE_DB = 6.0
# A second of tone and four of rest.
_MIN_TONE_SHARE = 0.15
_ONE_TONE_HZ = 40.0


def find_music(view: ChannelView, powers: Powers, where: Sequence[Span]) -> tuple[Span, ...]:
    """Stretches of music of 2.5 s and more within ``where``, in order of time.

    Args:
        view: the channel.
        powers: its short-time powers.
        where: stretches to look at, such as those that sound and hold no speech.
    """
    windows: list[Span] = []
    for span in where:
        if span.duration_s < MIN_MUSIC_S:
            continue
        at_s = span.start_s
        while at_s < span.end_s:
            # Blocks overlap by a window, so that none is missed between two.
            part = Span(at_s, min(span.end_s, at_s + BLOCK_S))
            windows += _musical_windows(view.cut(part), view.sample_rate_hz, part.start_s)
            if part.end_s >= span.end_s:
                break
            at_s = part.end_s - _WINDOW_S
    musical = merged(windows)
    if not musical:
        return ()
    found = close_gaps(_to_sound(musical, powers), _BREAK_S)
    return tuple(span for span in found if span.duration_s >= MIN_MUSIC_S and not _is_tone(span, view))


def _musical_windows(samples: FloatArray, sample_rate_hz: int, offset_s: float) -> list[Span]:
    width, step = round(_FRAME_S * sample_rate_hz), round(_STEP_S * sample_rate_hz)
    count, hop = round(_WINDOW_S / _STEP_S), round(_WINDOW_STEP_S / _STEP_S)
    if len(samples) < width + count * step:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(samples, width)[::step]
    hertz = np.fft.rfftfreq(width, 1 / sample_rate_hz)
    inside = (hertz >= _LOWEST_HZ) & (hertz <= _HIGHEST_HZ)
    power = power_spectra(frames, np.hanning(width).astype(np.float32))[:, inside]
    steady = (power * _steady(10 * np.log10(power + 1e-10))).sum(axis=1)
    total = power.sum(axis=1)
    starts = np.arange(0, len(total) - count + 1, hop)
    sums = np.concatenate([[[0.0, 0.0]], np.cumsum(np.stack([steady, total], axis=1), axis=0, dtype=np.float64)])
    within = sums[starts + count] - sums[starts]
    share = within[:, 0] / np.maximum(within[:, 1], 1e-12)
    energies = np.lib.stride_tricks.sliding_window_view(total, count)[starts]
    low = (energies < _LOW_ENERGY * energies.mean(axis=1, keepdims=True)).mean(axis=1)
    musical = starts[share - low / 2 >= MUSIC_FROM]
    step_s = step / sample_rate_hz
    return [
        Span(offset_s + first * step_s, offset_s + last * step_s + _FRAME_S)
        for first, last in _to_notes(musical, count, steady, total)
    ]


def _to_notes(
    starts: npt.NDArray[np.int64], count: int, steady: FloatArray, total: FloatArray
) -> Iterator[tuple[int, int]]:
    """Runs of musical windows of so many frames, by the first and the last frame that notes are heard in."""
    around = np.ones(2 * _AROUND_FRAMES + 1, np.float32)
    share = np.convolve(steady, around, mode="same") / np.maximum(np.convolve(total, around, mode="same"), 1e-12)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (share >= _NOTES_FROM).astype(np.int8), [0]])))
    notes: list[list[int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if notes and first - notes[-1][1] <= _REST_FRAMES:
            notes[-1][1] = last
        else:
            notes.append([first, last])
    # A vowel now and then holds still as long as a short note.
    notes = [one for one in notes if one[1] - one[0] >= _LEAST_FRAMES]
    for run in np.split(starts, np.flatnonzero(np.diff(starts) > count) + 1):
        inside = [one for one in notes if len(run) and one[0] < run[-1] + count and one[1] > run[0]]
        if inside:
            yield max(int(run[0]), inside[0][0]), min(int(run[-1]) + count, inside[-1][1]) - 1


def _steady(level_db: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which cells of a spectrogram are part of a peak that stays in its bin for a quarter of a second."""
    padded = np.pad(level_db, ((0, 0), (_NEIGHBOUR_BINS + 1, _NEIGHBOUR_BINS)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    around = (sums[:, 2 * _NEIGHBOUR_BINS + 1 :] - sums[:, : -2 * _NEIGHBOUR_BINS - 1]) / (2 * _NEIGHBOUR_BINS + 1)
    peaks = level_db > around + _PEAK_DB
    count = np.concatenate([np.zeros((1, peaks.shape[1]), np.int32), np.cumsum(peaks, axis=0, dtype=np.int32)])
    whole = count[_STEADY_FRAMES:] - count[:-_STEADY_FRAMES] == _STEADY_FRAMES
    steady = np.zeros_like(peaks)
    for late in range(_STEADY_FRAMES):
        steady[late : late + len(whole)] |= whole
    return steady


def _to_sound(musical: Sequence[Span], powers: Powers) -> list[Span]:
    """Notes brought to where the sound begins and ends, as far as the line shows that."""
    floor = float(np.quantile(powers, 0.1))
    found: list[Span] = []
    for span in musical:
        first, last = max(0, round((span.start_s - _BREAK_S) / HOP_S)), round((span.end_s + _BREAK_S) / HOP_S)
        part = powers[first:last]
        least = max(floor * 10 ** (_ABOVE_NOISE_DB / 10), float(np.median(part)) / 100)
        for run in close_gaps(runs(part > least), _GAP_S):
            sound = Span(run.start_s + first * HOP_S, run.end_s + first * HOP_S)
            shared = Span(max(sound.start_s, span.start_s), min(sound.end_s, span.end_s))
            if shared.duration_s <= 0:
                continue
            found.append(
                Span(
                    sound.start_s if abs(sound.start_s - span.start_s) <= _EDGE_S else shared.start_s,
                    sound.end_s if abs(sound.end_s - span.end_s) <= _EDGE_S else shared.end_s,
                )
            )
    return merged(found)


def _is_tone(span: Span, view: ChannelView) -> bool:
    """Whether it is a ringing or busy tone: whatever tones are in it have one frequency; a melody moves."""
    part = Span(span.start_s, min(span.end_s, span.start_s + BLOCK_S))
    tones = find_tones(view.cut(part), view.sample_rate_hz)
    hertz = [tone.frequency_hz for tone in tones]
    seconds = sum(tone.span.duration_s for tone in tones)
    return seconds > _MIN_TONE_SHARE * part.duration_s and max(hertz) - min(hertz) < _ONE_TONE_HZ

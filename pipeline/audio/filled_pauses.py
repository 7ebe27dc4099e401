"""Filled pauses by their sound: the back-stop for engines that leave 嗯, 啊 and 呃 out of the text.

A filled pause is voice that stands still: voiced throughout, its pitch flat and its spectrum steady, for longer than a
vowel inside a word (Goto et al. 1999; Audhkhasi et al. 2009). A syllable of tone 1 may look the same, so only voice
without any recognised character is looked at. What is found is an observation with a time, never a part of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.audio.acoustics import Excerpts
from pipeline.audio.pitch import HOP_S, pitch_track
from pipeline.audio.spans import merged, without
from pipeline.types import FloatArray, Span, Turn, Utterance, VoiceEvent

MIN_VOICE_S = 0.2
LONGEST_S = 3.0
"""Longer voice without a word is no pause: singing, or speech that the engine did not understand."""
MIN_VOICED_SHARE = 0.8
MAX_PITCH_RANGE_SEMITONES = 2.5
MAX_SPECTRUM_SPREAD_DB = 5.5

# The times of characters are right to about so much at either end; what is left over of a word is no voice of its own.
_EDGE_S = 0.04
# A character does not last longer: an engine that leaves a filler out gives its time to the word beside it.
_LONGEST_CHARACTER_S = 0.5
_BANDS = 14
_BAND_EDGES_HZ = (200.0, 3600.0)
_WINDOW_S = 0.025


def probable_fillers(
    excerpt: Excerpts, sample_rate_hz: int, turns: Sequence[Turn], spoken: Sequence[Utterance]
) -> tuple[VoiceEvent, ...]:
    """Filled pauses in the voice of every party, in order of time.

    Args:
        excerpt: gives the samples of a channel in a stretch of time.
        sample_rate_hz: of the samples.
        turns: the speech turns.
        spoken: what was recognised. Where an utterance has no times of characters, all of it counts as recognised.
    """
    known = {
        channel: merged(list(_recognised(one for one in spoken if one.channel == channel)))
        for channel in {turn.channel for turn in turns}
    }
    found = []
    for turn in turns:
        for candidate in without(turn.pieces, known[turn.channel]):
            if MIN_VOICE_S <= candidate.duration_s <= LONGEST_S:
                still = _still_voice(excerpt(turn.channel, candidate), sample_rate_hz)
                if still is not None:
                    start_s, end_s = candidate.start_s + still.start_s, candidate.start_s + still.end_s
                    found.append(VoiceEvent(turn.role, turn.channel, start_s, min(end_s, candidate.end_s)))
    return tuple(sorted(found, key=lambda event: (event.start_s, event.channel)))


def _recognised(utterances: Iterable[Utterance]) -> Iterable[Span]:
    for utterance in utterances:
        if utterance.characters is None:
            yield Span(utterance.start_s, utterance.end_s)
            continue
        for span in utterance.characters:
            if span.duration_s > 0:
                # The sound of a word ends with it; what an engine added in front is not its own.
                start_s = max(span.start_s, span.end_s - _LONGEST_CHARACTER_S)
                yield Span(start_s - _EDGE_S, span.end_s + _EDGE_S)


def _still_voice(samples: FloatArray, sample_rate_hz: int) -> Span | None:
    """The longest voiced run of a stretch, in its own time, when it stands still for long enough."""
    pitch_hz = pitch_track(samples, sample_rate_hz)
    start, end = _longest_run(pitch_hz > 0)
    # A frame stands for the 10 ms around its middle; the analysis window hides the last frames of the stretch.
    hidden = max(0, round(len(samples) / sample_rate_hz / HOP_S) - len(pitch_hz))
    if end == len(pitch_hz):
        end += hidden
    if (end - start) * HOP_S < MIN_VOICE_S or (end - start) < MIN_VOICED_SHARE * (len(pitch_hz) + hidden):
        return None
    semitones = 12 * np.log2(pitch_hz[start : min(end, len(pitch_hz))])
    low, high = np.percentile(semitones, [10, 90])
    if high - low > MAX_PITCH_RANGE_SEMITONES:
        return None
    first, last = round(start * HOP_S * sample_rate_hz), round(end * HOP_S * sample_rate_hz)
    if _spectrum_spread_db(samples[first:last], sample_rate_hz) > MAX_SPECTRUM_SPREAD_DB:
        return None
    return Span(start * HOP_S, end * HOP_S)


def _longest_run(mask: npt.NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))).reshape(-1, 2)
    if not len(edges):
        return 0, 0
    start, end = edges[np.argmax(edges[:, 1] - edges[:, 0])]
    return int(start), int(end)


def _spectrum_spread_db(samples: FloatArray, sample_rate_hz: int) -> float:
    """How much the shape of the spectrum moves: mean over bands of the deviation in time."""
    window, hop = round(_WINDOW_S * sample_rate_hz), round(HOP_S * sample_rate_hz)
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(samples, np.float64), window)[::hop]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)))
    edges = np.geomspace(*_BAND_EDGES_HZ, _BANDS + 1)
    places = np.searchsorted(np.fft.rfftfreq(window, 1 / sample_rate_hz), edges)
    bands = np.stack([power[:, low : max(high, low + 1)].sum(axis=1) for low, high in pairwise(places)])
    level_db = 10 * np.log10(bands + 1e-9)
    return float((level_db - level_db.mean(axis=0)).std(axis=1).mean())

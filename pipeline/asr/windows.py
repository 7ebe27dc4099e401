"""Speech turns packed into windows, so that an engine hears speech and no silence, and times mapped back.

A window holds turns of one channel only: an engine that runs two turns together can then never put one party's words
into the other's mouth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr

from pipeline.types import Audio, FloatArray, Span, Turn

WINDOW_RATE_HZ = 16_000
MAX_WINDOW_S = 28.0
GAP_S = 0.4
MARGIN_S = 0.25


@dataclass(frozen=True, slots=True)
class WindowPiece:
    """A turn, or a part of a long one, inside a window.

    ``speech`` is its time in the recording; ``source`` adds the margins that are cut along; ``offset_s`` is where
    ``source`` starts in the window.
    """

    turn: int
    channel: int
    speech: Span
    source: Span
    offset_s: float

    @property
    def window_span(self) -> Span:
        """Where the speech, margins left out, lies in the window."""
        start_s = self.offset_s + self.speech.start_s - self.source.start_s
        return Span(start_s, start_s + self.speech.duration_s)


@dataclass(frozen=True, slots=True)
class Window:
    """What an engine hears at once; ``turn`` of each piece is the index into the turns that were packed."""

    pieces: tuple[WindowPiece, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        last = self.pieces[-1]
        return last.offset_s + last.source.duration_s


def pack(
    turns: Sequence[Turn],
    max_window_s: float = MAX_WINDOW_S,
    gap_s: float = GAP_S,
    max_turns: int | None = None,
    margin_s: float = MARGIN_S,
) -> tuple[Window, ...]:
    """Pack turns, given in order of time, into windows, in order of the time of their first turn.

    Args:
        turns: the turns of all channels.
        max_window_s: no window is longer; a longer turn is cut at its longest pause, in speech if it has none.
        gap_s: silence between two turns of a window.
        max_turns: at most so many turns a window, None for as many as fit.
        margin_s: sound around a turn that is cut along, as far as no other turn of the channel is in it.

    Raises:
        ValueError: the limits leave no room for speech.
    """
    room_s = max_window_s - 2 * margin_s
    if room_s <= 0 or gap_s < 0 or margin_s < 0 or (max_turns is not None and max_turns < 1):
        raise ValueError(f"no speech fits: max_window_s {max_window_s}, margin_s {margin_s}, max_turns {max_turns}")
    windows: list[Window] = []
    for channel in sorted({turn.channel for turn in turns}):
        parts = [
            (index, part)
            for index, turn in enumerate(turns)
            if turn.channel == channel
            for part in _parts(turn.pieces or (Span(turn.start_s, turn.end_s),), room_s)
        ]
        current: list[WindowPiece] = []
        for position, (index, speech) in enumerate(parts):
            before = parts[position - 1][1].end_s if position else 0.0
            after = parts[position + 1][1].start_s if position + 1 < len(parts) else float("inf")
            source = Span(
                max(speech.start_s - margin_s, min(before, speech.start_s), 0.0),
                min(speech.end_s + margin_s, max(after, speech.end_s)),
            )
            offset_s = current[-1].offset_s + current[-1].source.duration_s + gap_s if current else 0.0
            full = max_turns is not None and len({piece.turn for piece in current} | {index}) > max_turns
            if current and (full or offset_s + source.duration_s > max_window_s):
                windows.append(Window(tuple(current)))
                current, offset_s = [], 0.0
            current.append(WindowPiece(index, channel, speech, source, offset_s))
        if current:
            windows.append(Window(tuple(current)))
    return tuple(sorted(windows, key=lambda window: (window.pieces[0].speech.start_s, window.pieces[0].channel)))


def cut(audio: Audio, window: Window) -> FloatArray:
    """Samples of a window at 16 kHz, shape (frames,); beyond the end of the recording there is silence."""
    samples: FloatArray = np.zeros(round(window.duration_s * WINDOW_RATE_HZ), np.float32)
    for piece in window.pieces:
        first = round(piece.source.start_s * audio.sample_rate_hz)
        last = round(piece.source.end_s * audio.sample_rate_hz)
        sound = audio.samples[piece.channel, first:last]
        if audio.sample_rate_hz != WINDOW_RATE_HZ and len(sound):
            sound = soxr.resample(sound, audio.sample_rate_hz, WINDOW_RATE_HZ)
        at = round(piece.offset_s * WINDOW_RATE_HZ)
        sound = sound[: len(samples) - at]
        samples[at : at + len(sound)] = sound
    return samples


def to_recording_time(window: Window, window_s: float) -> tuple[int, float]:
    """Turn and time in the recording of a moment of the window, clamped to the speech of the nearest piece."""
    piece = min(window.pieces, key=lambda piece: _distance_s(piece.window_span, window_s))
    return piece.turn, clamped_time(piece, window_s)


def clamped_time(piece: WindowPiece, window_s: float) -> float:
    """Time in the recording of a moment of the window, never outside the speech of this piece."""
    time_s = piece.source.start_s + window_s - piece.offset_s
    return min(max(time_s, piece.speech.start_s), piece.speech.end_s)


def to_window_time(window: Window, turn: int, recording_s: float) -> float:
    """Moment of the window at which a time of the recording, inside the speech of this turn, is heard.

    Raises:
        ValueError: the window holds no such moment of the turn.
    """
    for piece in window.pieces:
        if piece.turn == turn and piece.speech.start_s <= recording_s <= piece.speech.end_s:
            return piece.offset_s + recording_s - piece.source.start_s
    raise ValueError(f"turn {turn} is not in this window at {recording_s:.3f} s")


def _distance_s(span: Span, at_s: float) -> float:
    return max(span.start_s - at_s, at_s - span.end_s, 0.0)


def _parts(pieces: Sequence[Span], room_s: float) -> Iterable[Span]:
    """A turn as stretches that fit: whole, or cut at its longest pauses, or, without a pause, into equal lengths."""
    waiting = [list(pieces)]
    while waiting:
        group = waiting.pop()
        whole = Span(group[0].start_s, group[-1].end_s)
        if whole.duration_s <= room_s:
            yield whole
        elif len(group) == 1:
            edges = np.linspace(whole.start_s, whole.end_s, int(np.ceil(whole.duration_s / room_s)) + 1).tolist()
            yield from (Span(start, end) for start, end in pairwise(edges))
        else:
            cut_at = max(range(1, len(group)), key=lambda at: group[at].start_s - group[at - 1].end_s)
            waiting += [group[cut_at:], group[:cut_at]]

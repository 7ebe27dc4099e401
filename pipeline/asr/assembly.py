"""Utterances from what an engine wrote: every text given to a turn, its characters placed in the recording's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.asr.confidence import confidence_of
from pipeline.asr.guards import NO_SPEECH, as_rejected
from pipeline.asr.heard import HeardSegment, HeardUnit, HeardWindow
from pipeline.asr.normalise import normalise
from pipeline.asr.windows import WindowPiece, clamped_time
from pipeline.types import Rejected, Span, Turn, Utterance

# Whisper's own marks of a window without speech.
NO_SPEECH_PROBABILITY = 0.6
DOUBTFUL_LOGPROB = -1.0

LEAST_CHARACTER_S = 0.03
"""Shorter is no time for a character: a syllable of hurried Mandarin takes 0.1 s."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """Utterances, and what the engine itself took for no speech; both in order of time."""

    utterances: tuple[Utterance, ...]
    rejected: tuple[Rejected, ...]


def assemble(heard: Iterable[HeardWindow], turns: Sequence[Turn]) -> Assembled:
    """Give the text of all windows to the turns that were packed into them.

    A window that the engine takes for no speech, and whose text it doubts, is rejected whole.
    """
    kept: list[Utterance] = []
    rejected: list[Rejected] = []
    for one in heard:
        said = [utterance for segment in one.segments for utterance in _utterances(segment, one, turns)]
        if _is_no_speech(one):
            rejected += [as_rejected(utterance, NO_SPEECH) for utterance in said]
        else:
            kept += said
    kept.sort(key=lambda item: (item.start_s, item.channel, item.end_s))
    rejected.sort(key=lambda item: (item.start_s, item.channel, item.end_s))
    return Assembled(tuple(kept), tuple(rejected))


def _is_no_speech(one: HeardWindow) -> bool:
    if one.no_speech_prob is None or one.avg_logprob is None:
        return False
    return one.no_speech_prob > NO_SPEECH_PROBABILITY and one.avg_logprob < DOUBTFUL_LOGPROB


def _utterances(segment: HeardSegment, heard: HeardWindow, turns: Sequence[Turn]) -> Iterator[Utterance]:
    """One utterance for every turn that the segment touches.

    All turns of a window are one party's, so only the time of a word can be wrong by it, never the speaker.
    """
    confidence = confidence_of(heard.avg_logprob)
    touched = _touched(segment, heard.window.pieces)
    for index, group in groupby(_placed(segment, touched), key=lambda placed: placed[0].turn):
        placed = list(group)
        text = "".join(unit.text for _, unit in placed)
        own = [piece for piece, _ in touched if piece.turn == index]  # a long turn may come in parts
        span = Span(clamped_time(own[0], segment.start_s), clamped_time(own[-1], segment.end_s))
        stored = normalise(text)
        if stored:
            turn = turns[index]
            times = _character_times(placed, span)
            characters = None if times is None else _times_of_stored(text, times, stored)
            yield Utterance(turn.role, turn.channel, span.start_s, span.end_s, stored, confidence, characters)


def _touched(segment: HeardSegment, pieces: Sequence[WindowPiece]) -> list[tuple[WindowPiece, float]]:
    """The pieces in which the segment lies, with the seconds of each; the nearest one where it lies in none."""
    overlaps = [(piece, _overlap_s(piece, segment)) for piece in pieces]
    touched = [(piece, overlap_s) for piece, overlap_s in overlaps if overlap_s > 0]
    if touched:
        return touched
    middle_s = (segment.start_s + segment.end_s) / 2
    return [(min(pieces, key=lambda piece: _distance_s(piece, middle_s)), 1.0)]


def _placed(segment: HeardSegment, touched: Sequence[tuple[WindowPiece, float]]) -> list[tuple[WindowPiece, HeardUnit]]:
    """Each unit with the piece it belongs to: by its own time, else shared out by the segment's time in each piece."""
    if len(touched) == 1:
        return [(touched[0][0], unit) for unit in segment.units]
    total_s = sum(overlap_s for _, overlap_s in touched)
    placed: list[tuple[WindowPiece, HeardUnit]] = []
    at = 0  # never back to an earlier piece
    for number, unit in enumerate(segment.units):
        if unit.start_s is not None and unit.end_s is not None:
            middle_s = (unit.start_s + unit.end_s) / 2
            nearest = min(range(len(touched)), key=lambda one: _distance_s(touched[one][0], middle_s))
        else:
            share = (number + 0.5) / len(segment.units)
            passed = [sum(overlap_s for _, overlap_s in touched[: one + 1]) / total_s for one in range(len(touched))]
            nearest = next((one for one, upto in enumerate(passed) if share <= upto), len(touched) - 1)
        at = max(at, nearest)
        placed.append((touched[at][0], unit))
    return placed


def _character_times(placed: Sequence[tuple[WindowPiece, HeardUnit]], whole: Span) -> list[Span] | None:
    """Time of every raw character, in order and inside the whole; a unit of several characters is split evenly."""
    times: list[Span] = []
    latest = whole.start_s
    for piece, unit in placed:
        if unit.start_s is None or unit.end_s is None:
            return None
        start = min(max(clamped_time(piece, unit.start_s), latest), whole.end_s)
        end = min(max(clamped_time(piece, unit.end_s), start), whole.end_s)
        step = (end - start) / max(len(unit.text), 1)
        times += [Span(start + at * step, start + (at + 1) * step) for at in range(len(unit.text))]
        latest = end
    return _without_piles(times, whole)


def _without_piles(times: Sequence[Span], whole: Span) -> list[Span]:
    """Characters that no time was left for share the time of their neighbourhood.

    Attention that looks at one place of the sound while it writes several characters piles them up there, most often
    at the first sound it is sure of. Said they were: before it, and not in no time. One alone, a mark between clauses
    for example, stays where it is, unless it would leave the beginning of the turn without text.
    """
    spread = list(times)
    at = 0
    while at < len(spread):
        if spread[at].duration_s >= LEAST_CHARACTER_S:
            at += 1
            continue
        first = at
        while at < len(spread) and spread[at].duration_s < LEAST_CHARACTER_S:
            at += 1
        if at - first == 1 and first > 0:
            continue
        last = at  # the character after the pile took the sound that followed: it shares
        if last == len(spread):
            last -= 1
            first = max(first - 1, 0)
        start = spread[first - 1].end_s if first else whole.start_s
        nothing_else = first == 0 and last == len(spread) - 1 and spread[last].duration_s < LEAST_CHARACTER_S
        end = whole.end_s if nothing_else else max(spread[last].end_s, start)
        step = (end - start) / (last - first + 1)
        for position in range(first, last + 1):
            spread[position] = Span(start + (position - first) * step, start + (position - first + 1) * step)
        at = last + 1
    return spread


def _times_of_stored(raw: str, times: Sequence[Span], stored: str) -> tuple[Span, ...] | None:
    """Times of the characters of the normalised text.

    Normalising moves nothing but spaces, so all other characters correspond in order; None should that ever fail.
    """
    solid = [span for character, span in zip(raw, times, strict=True) if normalise(character)]
    if len(solid) != sum(not character.isspace() for character in stored):
        return None
    found: list[Span] = []
    rest = iter(solid)
    for character in stored:
        if character.isspace():
            found.append(Span(found[-1].end_s, found[-1].end_s))
        else:
            found.append(next(rest))
    return tuple(found)


def _overlap_s(piece: WindowPiece, segment: HeardSegment) -> float:
    inside = piece.window_span
    return min(inside.end_s, segment.end_s) - max(inside.start_s, segment.start_s)


def _distance_s(piece: WindowPiece, at_s: float) -> float:
    inside = piece.window_span
    return max(inside.start_s - at_s, at_s - inside.end_s, 0.0)

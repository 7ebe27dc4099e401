"""When personal data can be heard: by the times of its characters, and wherever nobody knows what was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.audio.spans import merged, without
from pipeline.personal.spans import PersonalSpan
from pipeline.types import Call, Span, Turn, Utterance

MARGIN_S = 0.3
"""Taken on either side: engines are no surer of the time of a character, and the next digit may have been missed."""

COVERED_S = 0.5
"""Speech this near to a recognised character belongs to it."""
UNKNOWN_S = 1.2
"""Speech of this length without a recognised character may hold a number that the engine left out."""


def with_rejected(call: Call) -> tuple[Utterance, ...]:
    """All that was heard in a call, what the guards refused as well: a refused text may still be somebody's number."""
    refused = (
        Utterance(one.role, one.channel, one.start_s, one.end_s, one.text, one.confidence)
        for one in call.transcript.rejected
    )
    return tuple(sorted((*call.transcript.utterances, *refused), key=lambda one: (one.start_s, one.end_s)))


def hearable_at(
    utterances: Sequence[Utterance], spans: Iterable[PersonalSpan], turns: Sequence[Turn], margin_s: float = MARGIN_S
) -> tuple[Span, ...]:
    """When the spans are heard, with a margin, and speech that has no text; in order of time, without overlap.

    Where an utterance has no character times, the whole turn counts.

    Args:
        utterances: of the call, as they were given to the detector.
        spans: what it found.
        turns: the speech turns of the call.
        margin_s: seconds on either side.
    """
    found = list(_unknown(utterances, turns))
    for span in spans:
        utterance = utterances[span.utterance]
        times = utterance.characters[span.first : span.last] if utterance.characters else ()
        if times:
            found.append(Span(min(one.start_s for one in times), max(one.end_s for one in times)))
        else:
            found.append(Span(utterance.start_s, utterance.end_s))
            found += [Span(turn.start_s, turn.end_s) for turn in turns if _of(utterance, turn)]
    return tuple(merged([Span(max(0.0, one.start_s - margin_s), one.end_s + margin_s) for one in found]))


def _of(utterance: Utterance, turn: Turn) -> bool:
    return utterance.channel == turn.channel and utterance.start_s < turn.end_s and turn.start_s < utterance.end_s


def _unknown(utterances: Sequence[Utterance], turns: Sequence[Turn]) -> Iterable[Span]:
    """Speech that no text covers."""
    for turn in turns:
        covered = []
        for one in utterances:
            if _of(one, turn):
                times = [time for time in one.characters or (Span(one.start_s, one.end_s),)]
                covered += [Span(time.start_s - COVERED_S, time.end_s + COVERED_S) for time in times]
        for piece in turn.pieces or (Span(turn.start_s, turn.end_s),):
            yield from (left for left in without([piece], covered) if left.duration_s >= UNKNOWN_S)

"""Small arithmetic over stretches of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.types import Span

MIN_SPEECH_S = 0.1
"""Shorter bursts are no speech; a lone filler lasts 0.2 s."""


def close_gaps(spans: Iterable[Span], shorter_than_s: float) -> tuple[Span, ...]:
    """Join neighbours, given in order of time, whose gap is shorter than this."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start_s - joined[-1].end_s < shorter_than_s:
            joined[-1] = Span(joined[-1].start_s, max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return tuple(joined)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans as a union: in order of time, without overlap."""
    union: list[Span] = []
    for span in sorted(spans):
        if union and span.start_s <= union[-1].end_s:
            union[-1] = Span(union[-1].start_s, max(union[-1].end_s, span.end_s))
        else:
            union.append(span)
    return union


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What is left of the first set of spans outside the second."""
    left: list[Span] = []
    away = merged(taken)
    for span in merged(spans):
        at = span.start_s
        for other in away:
            if other.end_s <= at or other.start_s >= span.end_s:
                continue
            if other.start_s > at:
                left.append(Span(at, other.start_s))
            at = max(at, other.end_s)
        if at < span.end_s:
            left.append(Span(at, span.end_s))
    return left

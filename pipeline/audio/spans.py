"""Small arithmetic over stretches of time."""

from __future__ import annotations

from collections.abc import Iterable

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

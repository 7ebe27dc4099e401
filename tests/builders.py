"""Short ways to write a fake call: ``call("agent: 您好", "customer@4-6: 你好")``; see ``call_from_lines``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.rules.example_calls import call_from_lines
from pipeline.types import (
    Call,
    CallMetadata,
    ChannelLayout,
    Evidence,
    Measure,
    Outcome,
    Role,
    Span,
    Turn,
)


def call(
    *lines: str,
    layout: ChannelLayout = ChannelLayout.STEREO,
    duration_s: float | None = None,
    confidence: float | None = 0.9,
    **metadata: Any,
) -> Call:
    """A call from lines of dialogue; further keywords are fields of ``CallMetadata`` (``hung_up_by=Role.AGENT``)."""
    return call_from_lines(
        lines,
        metadata=CallMetadata(**{"call_id": "C1", **metadata}),
        layout=layout,
        duration_s=duration_s,
        confidence=confidence,
    )


def turn(role: Role, *pieces: tuple[float, float], level_dbfs: float | None = -20.0) -> Turn:
    """A turn from its pieces of speech ``(start_s, end_s)``; the customer's are on channel 1, all others on 0."""
    spans = tuple(Span(start, end) for start, end in pieces)
    return Turn(role, int(role is Role.CUSTOMER), spans[0].start_s, spans[-1].end_s, spans, level_dbfs)


def with_turns(base: Call, *turns: Turn) -> Call:
    """The same call with other turns, for instance with pauses inside or with levels."""
    return replace(base, turns=tuple(sorted(turns, key=lambda one: (one.start_s, one.channel))))


def measure(name: str, value: float | int | bool | str, unit: str = "", *evidence: Evidence) -> Measure:
    """A measure that has a value."""
    return Measure(name, value, unit, Outcome.MEASURED, None, evidence)


def unmeasured(name: str, reason: str, unit: str = "") -> Measure:
    """A measure that cannot be known."""
    return Measure(name, None, unit, Outcome.NOT_ASSESSABLE, reason)

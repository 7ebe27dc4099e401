"""Calls written down with exact times, for measuring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from pipeline.features.measure import measure_call
from pipeline.types import (
    Acoustics,
    Call,
    CallMetadata,
    ChannelLayout,
    Measure,
    Recording,
    Role,
    Span,
    Transcript,
    Turn,
    Utterance,
)


@dataclass(frozen=True)
class Line:
    """One turn: who, from when to when, what; ``pieces`` where there are pauses inside."""

    role: Role
    start_s: float
    end_s: float
    text: str
    pieces: tuple[tuple[float, float], ...] = ()
    level_dbfs: float | None = -20.0
    confidence: float | None = 0.9
    channel: int = field(default=0)


def agent(start_s: float, end_s: float, text: str = "好的", **more: Any) -> Line:
    return Line(Role.AGENT, start_s, end_s, text, channel=0, **more)


def customer(start_s: float, end_s: float, text: str = "我想问一下", **more: Any) -> Line:
    return Line(Role.CUSTOMER, start_s, end_s, text, channel=1, **more)


def scene(
    *lines: Line,
    duration_s: float = 30.0,
    layout: ChannelLayout = ChannelLayout.STEREO,
    agent_channel: int | None = 0,
    ringing_end_s: float | None = None,
    acoustics: Acoustics = Acoustics(),  # noqa: B008 - frozen
    **metadata: Any,
) -> Call:
    """A stereo call with the agent on channel 0, unless said otherwise."""
    turns = tuple(
        Turn(
            line.role,
            line.channel,
            line.start_s,
            line.end_s,
            tuple(Span(*piece) for piece in line.pieces or ((line.start_s, line.end_s),)),
            line.level_dbfs,
        )
        for line in sorted(lines, key=lambda line: line.start_s)
    )
    utterances = tuple(
        Utterance(line.role, line.channel, line.start_s, line.end_s, line.text, line.confidence)
        for line in sorted(lines, key=lambda line: line.start_s)
        if line.text
    )
    return Call(
        Recording(
            id="scene",
            sha256="0" * 64,
            duration_s=duration_s,
            sample_rate_hz=8000,
            channels=1 if layout is ChannelLayout.MONO else 2,
            channel_layout=layout,
            agent_channel=agent_channel,
            metadata=CallMetadata(call_id="scene", **metadata),
            ringing_end_s=ringing_end_s,
        ),
        turns,
        Transcript("test", "test", "0" * 64, "zh", {}, utterances, duration_s, sum(turn.speech_s for turn in turns)),
        acoustics,
    )


def evenly_timed(call: Call) -> Call:
    """The same call by an engine that gives times of characters, each as long as the others of its utterance."""
    timed = []
    for one in call.transcript.utterances:
        edges = [one.start_s + (one.end_s - one.start_s) * at / len(one.text) for at in range(len(one.text) + 1)]
        timed.append(replace(one, characters=tuple(Span(*pair) for pair in pairwise(edges))))
    return replace(call, transcript=replace(call.transcript, utterances=tuple(timed)))


def measures_of(*lines: Line, **more: Any) -> dict[str, Measure]:
    return measure_call(scene(*lines, **more))


def value_of(name: str, *lines: Line, **more: Any) -> Any:
    return measures_of(*lines, **more)[name].value

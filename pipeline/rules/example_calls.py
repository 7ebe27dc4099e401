"""Calls written as lines of dialogue: how a rule's examples, and tests, say what was spoken."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.asr.text import character_count
from pipeline.types import (
    Call,
    CallMetadata,
    ChannelLayout,
    Recording,
    Role,
    Span,
    Transcript,
    Turn,
    Utterance,
)

SECONDS_PER_CHARACTER = 0.53
"""About 113 characters a minute, so that a line by itself is neither too fast nor too slow."""
GAP_S = 0.5
LINE_FORMAT = "agent: 您好  (or customer: …, agent@12.5: … for a start time, agent@12.5-14: … for start and end)"

_LINE = re.compile(
    r"\s*(?P<role>agent|customer|unknown)\s*"
    r"(?:@\s*(?P<start>\d+(?:\.\d+)?)\s*(?:-\s*(?P<end>\d+(?:\.\d+)?))?)?\s*[:：](?P<text>.*)",
    re.DOTALL,
)
_CHANNELS = {Role.AGENT: 0, Role.CUSTOMER: 1, Role.UNKNOWN: 0}


def call_from_lines(
    lines: Sequence[str],
    *,
    metadata: CallMetadata | None = None,
    layout: ChannelLayout = ChannelLayout.STEREO,
    duration_s: float | None = None,
    confidence: float | None = 0.9,
) -> Call:
    """A call in which each line is one turn and one utterance, spoken evenly, half a second after the one before.

    Args:
        lines: as ``LINE_FORMAT`` says. Later lines may start earlier than the line before ends (talk-over).
        metadata: what the platform says of the call.
        layout: everything but stereo makes all voices one channel of unknown role.
        duration_s: length of the recording; by default it ends half a second after the last word.
        confidence: of every utterance.

    Raises:
        ValueError: when a line is not written as ``LINE_FORMAT``.
    """
    stereo = layout is ChannelLayout.STEREO
    spoken: list[tuple[Role, float, float, str]] = []
    at = GAP_S
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"got {line!r}; expected {LINE_FORMAT}")
        text = match["text"].strip()
        start_s = at if match["start"] is None else float(match["start"])
        end_s = start_s + max(character_count(text), 1) * SECONDS_PER_CHARACTER
        if match["end"] is not None:
            end_s = float(match["end"])
        if end_s <= start_s:
            raise ValueError(f"got {line!r}; expected an end after its start")
        spoken.append((Role(match["role"]) if stereo else Role.UNKNOWN, start_s, end_s, text))
        at = end_s + GAP_S
    spoken.sort(key=lambda one: one[1])
    length_s = duration_s if duration_s is not None else max([end for _, _, end, _ in spoken], default=0.0) + GAP_S
    roles_known = stereo and all(role is not Role.UNKNOWN for role, _, _, _ in spoken)
    return Call(
        recording=Recording(
            id="example",
            sha256="0" * 64,
            duration_s=length_s,
            sample_rate_hz=8000,
            channels=1 if layout is ChannelLayout.MONO else 2,
            channel_layout=layout,
            agent_channel=0 if roles_known else None,
            metadata=metadata or CallMetadata(call_id="example"),
        ),
        turns=tuple(
            Turn(role, _CHANNELS[role], start_s, end_s, (Span(start_s, end_s),), -20.0)
            for role, start_s, end_s, _ in spoken
        ),
        transcript=Transcript(
            engine="example",
            model="example",
            model_digest="",
            language="zh",
            options={},
            utterances=tuple(
                Utterance(role, _CHANNELS[role], start_s, end_s, text, confidence)
                for role, start_s, end_s, text in spoken
                if text
            ),
            audio_s=length_s,
            speech_s=sum(end_s - start_s for _, start_s, end_s, _ in spoken),
        ),
    )

"""Clips cut from recordings: where the evidence starts and ends, with nobody's personal numbers in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.audio.keys import find_keys
from pipeline.audio.spans import merged, without
from pipeline.audio.view import ChannelView
from pipeline.personal import bleeped
from pipeline.types import ONE_FOR_BOTH, Audio, Call, Role, Span
from training.contents import Clip

TAIL_S = 0.08
"""After the evidence, so that its last syllable is whole."""
KEY_MARGIN_S = 0.1
CUSTOMER_MARGIN_S = 0.15


class CustomerCannotBeMaskedError(Exception):
    """Both voices are on one channel and nobody knows which is whose."""


def cut(
    audio: Audio,
    call: Call,
    evidence: Span,
    secret: Sequence[Span],
    *,
    pre_roll_s: float,
    mask_customer: bool,
) -> Clip:
    """The clip of a piece of evidence.

    Args:
        audio: of the whole call.
        call: who speaks when.
        evidence: in seconds of the recording.
        secret: when something is heard that must not be (``pipeline.personal.hearable_at``).
        pre_roll_s: seconds before the evidence.
        mask_customer: leave the agent alone in the clip.

    Raises:
        CustomerCannotBeMaskedError: the customer is to be masked and cannot be told from the agent.
    """
    rate = audio.sample_rate_hz
    start_s = max(0.0, evidence.start_s - pre_roll_s)
    end_s = min(audio.duration_s, evidence.end_s + TAIL_S)
    first, last = round(start_s * rate), round(end_s * rate)
    samples = np.stack([audio.samples[channel, first:last] for channel in range(audio.channels)])
    whole = Span(first / rate, last / rate)
    keys = [
        Span(key.start_s - KEY_MARGIN_S, key.end_s + KEY_MARGIN_S)
        for channel in range(audio.channels)
        # A key at the edge is found by what stands around it.
        for key in find_keys(ChannelView(audio, channel), [Span(max(0.0, start_s - 0.5), end_s + 0.5)])
    ]
    here = [one for one in merged([*secret, *keys]) if one.start_s < whole.end_s and one.end_s > whole.start_s]
    if mask_customer:
        samples = _agent_alone(samples, call, whole, rate)
    return Clip(bleeped(samples, rate, here, whole.start_s), rate, whole.start_s, whole.end_s, len(here))


def _agent_alone(samples: np.ndarray, call: Call, whole: Span, rate: int) -> np.ndarray:
    """The agent's channel, silent where somebody else speaks; where both do, on one channel, nobody is heard."""
    if any(turn.role is Role.UNKNOWN for turn in call.turns) or call.recording.agent_channel is None:
        raise CustomerCannotBeMaskedError
    others = [
        Span(turn.start_s - CUSTOMER_MARGIN_S, turn.end_s + CUSTOMER_MARGIN_S)
        for turn in call.turns
        if turn.role is not Role.AGENT
    ]
    shared = call.recording.channel_layout in ONE_FOR_BOTH or samples.shape[0] == 1
    if not shared:
        samples = samples[call.recording.agent_channel : call.recording.agent_channel + 1]
        # The customer is faint on the agent's channel too, where the line leaks.
        others = without(others, [Span(turn.start_s, turn.end_s) for turn in call.turns if turn.role is Role.AGENT])
    alone = np.array(samples[:1])
    for span in others:
        begin, end = (round((at - whole.start_s) * rate) for at in (span.start_s, span.end_s))
        alone[:, max(0, begin) : max(0, end)] = 0.0
    return alone

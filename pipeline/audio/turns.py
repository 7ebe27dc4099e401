"""From speech regions of each channel to speaking turns of the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.audio.view import ChannelView
from pipeline.types import Audio, Role, Span, Turn

MERGE_GAP_S = 1.0


def build_turns(
    regions_by_channel: Mapping[int, Sequence[Span]],
    roles: Sequence[Role],
    audio: Audio,
    merge_gap_s: float = MERGE_GAP_S,
) -> tuple[Turn, ...]:
    """Join regions of one channel whose gap is shorter than ``merge_gap_s`` into turns, in order of time.

    Args:
        regions_by_channel: speech regions of each analysed channel, in order of time.
        roles: the role of each channel.
        audio: the sound they were found in, for the level of each turn.
        merge_gap_s: a pause of one party as long as this ends the turn.
    """
    turns: list[Turn] = []
    for channel, regions in regions_by_channel.items():
        pieces: list[Span] = []
        for region in regions:
            if pieces and region.start_s - pieces[-1].end_s >= merge_gap_s:
                turns.append(_turn(roles[channel], channel, pieces, audio))
                pieces = []
            pieces.append(region)
        if pieces:
            turns.append(_turn(roles[channel], channel, pieces, audio))
    return tuple(sorted(turns, key=lambda turn: (turn.start_s, turn.channel)))


def _turn(role: Role, channel: int, pieces: Sequence[Span], audio: Audio) -> Turn:
    return Turn(role, channel, pieces[0].start_s, pieces[-1].end_s, tuple(pieces), _level_dbfs(audio, channel, pieces))


def _level_dbfs(audio: Audio, channel: int, pieces: Sequence[Span]) -> float | None:
    """Root mean square of the pieces in dB of full scale; None when they hold no sound at all."""
    view = ChannelView(audio, channel)
    energy, count = 0.0, 0
    for piece in pieces:
        samples = view.cut(piece)
        energy += float(np.sum(np.square(samples, dtype=np.float64)))
        count += len(samples)
    return 10 * float(np.log10(energy / count)) if energy > 0 else None

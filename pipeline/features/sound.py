"""What the sound says of the line and of the agent's voice: noise, clipping, pitch."""

from __future__ import annotations

import math

from pipeline.features.dialogue import Dialogue, measured, not_assessable
from pipeline.types import ChannelSound, Evidence, Measure, Role

NOT_OBSERVED = "这通电话没有保存声音的测量（由旧版本处理）"
_SHOWN_SPANS = 6


def line_quality(dialogue: Dialogue) -> list[Measure]:
    """Signal-to-noise ratio of both parties' lines, and how much of the agent's speech is clipped."""
    measures = []
    for role in (Role.AGENT, Role.CUSTOMER):
        name = f"{role}_snr_db"
        sound, reason = _sound(dialogue, role)
        if sound is None or sound.snr_db is None or sound.noise_dbfs is None:
            measures.append(not_assessable(name, "dB", reason or "没有足够的停顿来测线路噪声"))
            continue
        loudest = [turn.evidence() for turn in dialogue.of(role)[:1]]
        inputs = {"speech_dbfs": sound.noise_dbfs + sound.snr_db, "noise_dbfs": sound.noise_dbfs}
        measures.append(measured(name, sound.snr_db, "dB", loudest, **inputs))
    name, unit = "agent_clipped_permille", "‰"
    sound, reason = _sound(dialogue, Role.AGENT)
    if sound is None or sound.clipped_ratio is None:
        return [*measures, not_assessable(name, unit, reason or "没有测得削波")]
    places = [Evidence(Role.AGENT, span.start_s, span.end_s, "削波") for span in sound.clipped]
    return [*measures, measured(name, 1000 * sound.clipped_ratio, unit, places, looked_at_s=sound.clipping_checked_s)]


def pitch(dialogue: Dialogue) -> list[Measure]:
    """The agent's usual pitch and how far it moves, in semitones: a small range is flat delivery."""
    names = [("agent_pitch_median_hz", "Hz"), ("agent_pitch_range_st", "半音")]
    sound, reason = _sound(dialogue, Role.AGENT)
    if sound is None or sound.pitch is None:
        reason = reason or "坐席有声调的话不到 1 秒，音高不可靠"
        return [not_assessable(name, unit, reason) for name, unit in names]
    heard = sound.pitch
    places = [Evidence(Role.AGENT, span.start_s, span.end_s, "") for span in heard.spans[:_SHOWN_SPANS]]
    inputs = {
        "low_hz": heard.low_hz,
        "high_hz": heard.high_hz,
        "voiced_s": heard.voiced_s,
        "looked_at_s": sum(span.duration_s for span in heard.spans),
    }
    values = [heard.median_hz, 12 * math.log2(heard.high_hz / heard.low_hz)]
    return [measured(name, value, unit, places, **inputs) for (name, unit), value in zip(names, values, strict=True)]


def _sound(dialogue: Dialogue, role: Role) -> tuple[ChannelSound | None, str | None]:
    """What was observed of a party's channel, or why nothing was."""
    reason = dialogue.unheard(role)
    if reason:
        return None, reason
    sound = dialogue.call.acoustics.of(dialogue.of(role)[0].turn.channel)
    return sound, None if sound is not None else NOT_OBSERVED

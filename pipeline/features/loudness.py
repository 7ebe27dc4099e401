"""How loud the agent speaks, and whether the voice is raised."""

from __future__ import annotations

import math
from statistics import median

from pipeline.features.dialogue import Dialogue, measured, not_assessable
from pipeline.features.settings import MeasureSettings
from pipeline.types import Measure, Role


def loudness(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """The agent's active speech level, and how far the loudest turn stands above the agent's own usual level.

    The level is the power mean over all speech of the agent; the rise is the loudest turn's level minus the median
    over turns, so that a loud line or a close microphone alone is no raised voice.
    """
    level_name, rise_name = "agent_level_dbfs", "loudness_rise_db"
    reason = dialogue.unheard(Role.AGENT)
    turns = [turn for turn in dialogue.of(Role.AGENT) if turn.turn.level_dbfs is not None]
    if not reason and not turns:
        reason = "没有测得音量"
    if reason:
        return [not_assessable(level_name, "dBFS", reason), not_assessable(rise_name, "dB", reason)]
    speech_s = sum(turn.turn.speech_s for turn in turns)
    power = sum(turn.turn.speech_s * 10 ** ((turn.turn.level_dbfs or 0.0) / 10) for turn in turns) / speech_s
    level = measured(level_name, 10 * math.log10(power), "dBFS")
    reliable = [turn for turn in turns if turn.turn.speech_s >= settings.loudness_min_speech_s]
    if len(reliable) < settings.loudness_min_turns:
        return [
            level,
            not_assessable(rise_name, "dB", f"坐席较长的话不到 {settings.loudness_min_turns} 段，无法比较音量"),
        ]
    usual_dbfs = median(turn.turn.level_dbfs or 0.0 for turn in reliable)
    loudest = max(reliable, key=lambda turn: turn.turn.level_dbfs or 0.0)
    rise_db = (loudest.turn.level_dbfs or 0.0) - usual_dbfs
    return [level, measured(rise_name, rise_db, "dB", [loudest.evidence()])]

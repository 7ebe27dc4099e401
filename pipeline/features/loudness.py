"""How loud the parties speak, and whether the agent's voice is raised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from pipeline.features.dialogue import Dialogue, SpokenTurn, measured, most_of, not_assessable
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.types import Evidence, Measure, Role


@dataclass(frozen=True, slots=True)
class TurnLevel:
    """How far one turn's level stands above (below: negative) the party's own usual level, in dB.

    ``turn`` is the number of the turn in ``Dialogue.turns``.
    """

    turn: int
    start_s: float
    end_s: float
    level_dbfs: float
    rise_db: float


def turn_levels(
    dialogue: Dialogue, role: Role, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS
) -> tuple[TurnLevel, ...]:
    """The levels of a party's turns long enough to have one, against their median; in order of time.

    Against the party's own median, so that a loud line or a close microphone alone is no raised voice. Empty where
    fewer turns than ``loudness_min_turns`` are long enough to compare.
    """
    reliable = [
        (number, spoken.turn, spoken.turn.level_dbfs)
        for number, spoken in enumerate(dialogue.turns)
        if spoken.turn.role is role
        and spoken.turn.level_dbfs is not None
        and spoken.turn.speech_s >= settings.loudness_min_speech_s
    ]
    if len(reliable) < settings.loudness_min_turns:
        return ()
    usual_dbfs = median(level for _, _, level in reliable)
    return tuple(
        TurnLevel(number, turn.start_s, turn.end_s, level, level - usual_dbfs) for number, turn, level in reliable
    )


def loudness(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """Both parties' active speech level, and how far the agent's loudest turn stands above the agent's usual level.

    The level is the power mean over all speech of the party.
    """
    name, unit = "loudness_rise_db", "dB"
    agent = _level(dialogue, Role.AGENT)
    levels = [agent, _level(dialogue, Role.CUSTOMER)]
    if agent.reason:
        return [*levels, not_assessable(name, unit, agent.reason)]
    turns = turn_levels(dialogue, Role.AGENT, settings)
    if not turns:
        reason = f"坐席较长的话不到 {settings.loudness_min_turns} 段，无法比较音量"
        return [*levels, not_assessable(name, unit, reason)]
    loudest_first = sorted(turns, key=lambda turn: (-turn.rise_db, turn.start_s))
    evidence = [dialogue.turns[turn.turn].evidence() for turn in loudest_first[:3]]
    loudest = loudest_first[0]
    rise = measured(
        name,
        loudest.rise_db,
        unit,
        evidence,
        loudest_dbfs=loudest.level_dbfs,
        usual_dbfs=loudest.level_dbfs - loudest.rise_db,
        turns_compared=len(turns),
    )
    return [*levels, rise]


def _level(dialogue: Dialogue, role: Role) -> Measure:
    name, unit = f"{role}_level_dbfs", "dBFS"
    turns = [turn for turn in dialogue.of(role) if turn.turn.level_dbfs is not None]
    reason = dialogue.unheard(role) or ("" if turns else "没有测得音量")
    if reason:
        return not_assessable(name, unit, reason)
    speech_s = sum(turn.turn.speech_s for turn in turns)
    power = sum(turn.turn.speech_s * 10 ** ((turn.turn.level_dbfs or 0.0) / 10) for turn in turns) / speech_s
    evidence = [_with_level(turn) for turn in most_of(turns)]
    return measured(name, 10 * math.log10(power), unit, evidence, speech_s=speech_s, turns=len(turns))


def _with_level(spoken: SpokenTurn) -> Evidence:
    return spoken.evidence(f"{spoken.turn.level_dbfs or 0.0:.1f} dBFS")

"""Speech rates: characters over speaking time, pauses counted or not."""

from __future__ import annotations

from pipeline.features.dialogue import Dialogue, measured, not_assessable
from pipeline.features.settings import MeasureSettings
from pipeline.types import Measure, Role

UNIT = "字/分钟"


def character_counts(dialogue: Dialogue) -> list[Measure]:
    """How much each party said."""
    measures = []
    for role, name in ((Role.AGENT, "agent_character_count"), (Role.CUSTOMER, "customer_character_count")):
        if dialogue.roles_unknown:
            measures.append(not_assessable(name, "字", dialogue.roles_unknown))
        else:
            measures.append(measured(name, sum(turn.characters for turn in dialogue.of(role)), "字"))
    return measures


def speech_rates(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """Speaking rates (pauses inside a turn counted) of both parties, and the agent's articulation rate (not counted).

    A rate is the sum of characters over the sum of minutes, over the turns in which words were recognised: a cough
    taken for a turn must not slow an agent down. Not assessable below the settings' least characters and seconds.
    """
    return [
        _rate(dialogue, settings, Role.AGENT, "agent_speaking_rate_cpm", pauses=True),
        _rate(dialogue, settings, Role.AGENT, "agent_articulation_rate_cpm", pauses=False),
        _rate(dialogue, settings, Role.CUSTOMER, "customer_speaking_rate_cpm", pauses=True),
    ]


def _rate(dialogue: Dialogue, settings: MeasureSettings, role: Role, name: str, *, pauses: bool) -> Measure:
    reason = dialogue.unheard(role)
    if reason:
        return not_assessable(name, UNIT, reason)
    turns = [turn for turn in dialogue.of(role) if turn.characters]
    characters = sum(turn.characters for turn in turns)
    seconds = sum(turn.turn.duration_s if pauses else turn.turn.speech_s for turn in turns)
    if characters < settings.rate_min_characters or seconds < settings.rate_min_speech_s:
        return not_assessable(
            name,
            UNIT,
            f"说话太少（{characters} 字、{seconds:.1f} 秒），语速不可靠；"
            f"至少要 {settings.rate_min_characters} 字、{settings.rate_min_speech_s:.0f} 秒",
        )
    # The whole of what was counted, longest turn first: that is the one to listen to.
    evidence = [
        turn.evidence(f"{turn.characters} 字 / {turn.turn.duration_s if pauses else turn.turn.speech_s:.1f} 秒")
        for turn in sorted(turns, key=lambda turn: -turn.characters)
    ]
    return measured(name, characters * 60.0 / seconds, UNIT, evidence)

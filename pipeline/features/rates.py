"""Speech rates: characters over speaking time, pauses counted or not, over the whole call, and minute by minute."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.features.dialogue import Dialogue, measured, most_of, not_assessable
from pipeline.features.pace import MINUTE_S, minute_paces
from pipeline.features.settings import MeasureSettings
from pipeline.features.words import word_count
from pipeline.types import Evidence, Measure, Role

UNIT = "字/分钟"


@dataclass(frozen=True, slots=True)
class _Said:
    """What one party said in the turns in which words were recognised, or ``reason`` why no rate can be known.

    A cough taken for a turn must not slow anybody down, so turns without words are left out of every rate; and so are
    turns of which a part of the words is lost.
    """

    characters: int
    turn_s: float
    speech_s: float
    evidence: tuple[Evidence, ...]
    reason: str | None


def character_counts(dialogue: Dialogue) -> list[Measure]:
    """How much each party said."""
    measures = []
    for role, name in ((Role.AGENT, "agent_character_count"), (Role.CUSTOMER, "customer_character_count")):
        if dialogue.roles_unknown:
            measures.append(not_assessable(name, "字", dialogue.roles_unknown))
        else:
            turns = dialogue.of(role)
            if lost := dialogue.lost_words(turns):
                measures.append(not_assessable(name, "字", lost))
                continue
            spoken = [turn.evidence() for turn in most_of([turn for turn in turns if turn.characters])]
            measures.append(measured(name, sum(turn.characters for turn in turns), "字", spoken))
    return measures


def speech_rates(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """Characters per minute of both parties, by every definition in use, and the difference of the two.

    Speaking rate: of own turns, pauses inside a turn counted. Articulation rate: of speech, pauses left out. Call rate:
    of the whole call from the answer. A rate is the sum of characters over the sum of minutes. Not assessable below
    the settings' least characters and seconds.
    """
    agent, customer = _said(dialogue, Role.AGENT, settings), _said(dialogue, Role.CUSTOMER, settings)
    recording = dialogue.call.recording
    call_s = recording.duration_s - recording.answered_at_s
    return [
        _rate("agent_speaking_rate_cpm", agent, "turn_s", agent.turn_s),
        _rate("agent_articulation_rate_cpm", agent, "speech_s", agent.speech_s),
        _rate("agent_call_rate_cpm", agent, "call_s", call_s),
        _word_rate(dialogue, agent),
        _rate("customer_speaking_rate_cpm", customer, "turn_s", customer.turn_s),
        _rate("customer_articulation_rate_cpm", customer, "speech_s", customer.speech_s),
        _difference(agent, customer),
        _peak(dialogue, agent, settings),
    ]


def _said(dialogue: Dialogue, role: Role, settings: MeasureSettings) -> _Said:
    reason = dialogue.unheard(role)
    turns = [turn for turn in dialogue.of(role) if turn.characters and not turn.lost]
    characters = sum(turn.characters for turn in turns)
    turn_s = sum(turn.turn.duration_s for turn in turns)
    speech_s = sum(turn.turn.speech_s for turn in turns)
    if not reason and (characters < settings.rate_min_characters or speech_s < settings.rate_min_speech_s):
        reason = (
            f"说话太少（{characters} 字、{speech_s:.1f} 秒），语速不可靠；"
            f"至少要 {settings.rate_min_characters} 字、{settings.rate_min_speech_s:.0f} 秒"
        )
    evidence = tuple(
        turn.evidence(
            f"{turn.characters} 字，说话 {turn.turn.speech_s:.1f} 秒，连停顿 {turn.turn.duration_s:.1f} 秒：{turn.text}"
        )
        for turn in most_of(turns)
    )
    return _Said(characters, turn_s, speech_s, evidence, reason)


def _rate(name: str, said: _Said, over: str, seconds: float) -> Measure:
    reason = said.reason
    if not reason and seconds <= 0:
        reason = "接通之后没有录音"
    if reason:
        return not_assessable(name, UNIT, reason)
    inputs = {"characters": said.characters, over: seconds}
    return measured(name, said.characters * MINUTE_S / seconds, UNIT, said.evidence, **inputs)


def _word_rate(dialogue: Dialogue, said: _Said) -> Measure:
    name, unit = "agent_word_rate_wpm", "词/分钟"
    if said.reason:
        return not_assessable(name, unit, said.reason)
    words = sum(word_count(turn.text) for turn in dialogue.of(Role.AGENT))
    return measured(name, words * MINUTE_S / said.turn_s, unit, said.evidence, words=words, turn_s=said.turn_s)


def _difference(agent: _Said, customer: _Said) -> Measure:
    """How much faster than the customer the agent speaks: the norm asks the agent to follow the customer's pace."""
    name = "rate_difference_cpm"
    reason = agent.reason or (customer.reason and f"客户的语速不可知：{customer.reason}")
    if reason:
        return not_assessable(name, UNIT, reason)
    agent_cpm = agent.characters * MINUTE_S / agent.turn_s
    customer_cpm = customer.characters * MINUTE_S / customer.turn_s
    evidence = (*agent.evidence[:1], *customer.evidence[:1])
    return measured(name, agent_cpm - customer_cpm, UNIT, evidence, agent_cpm=agent_cpm, customer_cpm=customer_cpm)


def _peak(dialogue: Dialogue, agent: _Said, settings: MeasureSettings) -> Measure:
    """The agent's speaking rate in the fastest minute of the call."""
    name = "agent_peak_rate_cpm"
    rated = [
        (pace.speaking_cpm, pace)
        for pace in (minute_paces(dialogue, Role.AGENT, settings) if not agent.reason else ())
        if pace.speaking_cpm is not None
    ]
    if not rated:
        return not_assessable(name, UNIT, agent.reason or "没有哪一分钟里坐席说得够多，语速不可靠")
    rated.sort(key=lambda item: (-item[0], item[1].start_s))
    evidence = [
        Evidence(
            Role.AGENT, pace.start_s, pace.end_s, f"{pace.characters} 字 / {pace.turn_s:.1f} 秒，每分钟 {rate:.0f} 字"
        )
        for rate, pace in rated
    ]
    fastest = rated[0][1]
    return measured(
        name,
        rated[0][0],
        UNIT,
        evidence,
        characters=fastest.characters,
        turn_s=fastest.turn_s,
        minute_starts_s=fastest.start_s,
        minutes_rated=len(rated),
    )

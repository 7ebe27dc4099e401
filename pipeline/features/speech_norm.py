"""The handbook's norm of 100 to 120 a minute against every definition of speech rate: what each choice flags.

The norm says neither what is counted nor over which time. Mandarin is naturally spoken at about 200 to 260 characters
per minute of speech, so the choice decides whether nearly every agent is flagged or hardly any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.features.catalogue import CATALOGUE
from pipeline.types import Measures, Outcome

NORM_LOW, NORM_HIGH = 100.0, 120.0
NATURAL_ARTICULATION_CPM = (200.0, 260.0)
"""Characters per minute of speech, pauses left out, of natural Mandarin."""

# What turns the natural rate into the other three: shares of an ordinary service call.
SPEECH_SHARE_OF_TURNS = 0.85
"""Share of a turn's time that is sound; the rest are pauses inside it."""
AGENT_SHARE_OF_CALL = 0.5
"""Share of the call's time in which the agent has the floor."""
CHARACTERS_PER_WORD = 1.5

Verdict = Literal["below", "within", "above"]


@dataclass(frozen=True, slots=True)
class NormReading:
    """The norm read by one definition of speech rate.

    ``natural`` is the range in which an agent who speaks naturally falls, ``flags`` says in plain Chinese whom the norm
    then flags, ``remark`` what else there is to know, ``rule`` is the line of a rulebook that chooses this definition.
    ``value``, ``verdict`` and ``inputs`` are of one call, None and empty without one; ``reason`` says why the call has
    no value.
    """

    measure: str
    title: str
    definition: str
    unit: str
    natural: tuple[float, float]
    flags: str
    remark: str
    rule: str
    value: float | None = None
    verdict: Verdict | None = None
    inputs: tuple[tuple[str, float | int | str], ...] = ()
    reason: str | None = None


_REMARKS = {
    "agent_articulation_rate_cpm": "这是语音学上的语速。按它执行 100–120，等于要求说得比自然慢一半。",
    "agent_speaking_rate_cpm": "句间停顿长的坐席会低一些。默认规则册用它，但只提示、不扣分。",
    "agent_call_rate_cpm": (
        "它量的是坐席说了多少，不是说得多快：坐席说得多的通话就“快”，客户说得多、等得久的通话就“慢”。"
    ),
    "agent_word_rate_wpm": "把规范读作每分钟多少个“词”：与自然语速最接近，和“听起来快不快”也最一致。",
}


def flagged_in_words(natural: tuple[float, float], low: float, high: float) -> str:
    """Whom the norm flags of agents spread evenly over the natural range, in plain Chinese."""
    slow, quick = natural
    width = quick - slow
    above = min(1.0, max(0.0, (quick - max(high, slow)) / width))
    below = min(1.0, max(0.0, (min(low, quick) - slow) / width))
    if above == 1.0:
        return "自然说话的坐席全都“过快”"
    if below == 1.0:
        return "自然说话的坐席全都“过慢”"
    if above == below == 0.0:
        return "自然说话的坐席都在规范内，只指到特别快或特别慢的"
    parts = [f"约 {share:.0%} “{word}”" for share, word in ((above, "过快"), (below, "过慢")) if share > 0]
    return f"自然说话的坐席{'、'.join(parts)}，其余在规范内"


def norm_readings(
    measures: Measures | None = None, low: float = NORM_LOW, high: float = NORM_HIGH
) -> tuple[NormReading, ...]:
    """The norm read by all four definitions, with the figures of a call where its measures are given."""
    return tuple(_reading(name, measures, low, high) for name in _REMARKS)


def natural_range(name: str) -> tuple[float, float]:
    """Where an agent who speaks naturally falls by this definition."""
    scale = {
        "agent_articulation_rate_cpm": 1.0,
        "agent_speaking_rate_cpm": SPEECH_SHARE_OF_TURNS,
        "agent_call_rate_cpm": SPEECH_SHARE_OF_TURNS * AGENT_SHARE_OF_CALL,
        "agent_word_rate_wpm": SPEECH_SHARE_OF_TURNS / CHARACTERS_PER_WORD,
    }[name]
    slow, quick = NATURAL_ARTICULATION_CPM
    return slow * scale, quick * scale


def verdict_of(value: float, low: float, high: float) -> Verdict:
    """Where a rate lies against the norm; its limits belong to it."""
    if value < low:
        return "below"
    return "above" if value > high else "within"


def _reading(name: str, measures: Measures | None, low: float, high: float) -> NormReading:
    info = CATALOGUE[name]
    value: float | None = None
    inputs: tuple[tuple[str, float | int | str], ...] = ()
    reason = None
    measure = None if measures is None else measures.get(name)
    if measure is not None:
        reason = measure.reason
        inputs = tuple(measure.inputs.items())
        if measure.outcome is Outcome.MEASURED and isinstance(measure.value, float | int):
            value = float(measure.value)
    return NormReading(
        measure=name,
        title=info.title,
        definition=info.definition,
        unit=info.unit,
        natural=natural_range(name),
        flags=flagged_in_words(natural_range(name), low, high),
        remark=_REMARKS[name],
        rule=f"when: {{measure: {{name: {name}, above: {high:g}}}}}",
        value=value,
        verdict=None if value is None else verdict_of(value, low, high),
        inputs=inputs,
        reason=reason,
    )

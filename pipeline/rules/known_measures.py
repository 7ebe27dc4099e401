"""The measures that a rulebook can name, with the words in which people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.types import Role

Kind = Literal["number", "yes_no", "role"]


@dataclass(frozen=True, slots=True)
class KnownMeasure:
    """A measure as people read it; ``unit`` is the unit of the value, ``decimals`` those worth showing."""

    title: str
    unit: str
    kind: Kind = "number"
    decimals: int = 1


KNOWN_MEASURES: dict[str, KnownMeasure] = {
    "call_duration_s": KnownMeasure("通话时长", "s"),
    "greeting_latency_s": KnownMeasure("接通到坐席开口", "s"),
    "greeting_spoken": KnownMeasure("说了开头语", "", "yes_no"),
    "agent_speaking_rate_cpm": KnownMeasure("坐席语速（含停顿）", "字/分钟", decimals=0),
    "agent_articulation_rate_cpm": KnownMeasure("坐席语速（不含停顿）", "字/分钟", decimals=0),
    "customer_speaking_rate_cpm": KnownMeasure("客户语速（含停顿）", "字/分钟", decimals=0),
    "agent_character_count": KnownMeasure("坐席说的字数", "字", decimals=0),
    "customer_character_count": KnownMeasure("客户说的字数", "字", decimals=0),
    "filler_count": KnownMeasure("坐席口头语次数", "次", decimals=0),
    "fillers_per_100_chars": KnownMeasure("坐席每百字口头语", "次/百字"),
    "longest_silence_s": KnownMeasure("最长静默", "s"),
    "silence_total_s": KnownMeasure("静默合计", "s"),
    "silence_ratio": KnownMeasure("静默占通话的比例", "", decimals=2),
    "silence_count": KnownMeasure("静默次数", "次", decimals=0),
    "agent_longest_response_s": KnownMeasure("坐席最慢的一次应答", "s"),
    "interruption_count": KnownMeasure("坐席打断客户的次数", "次", decimals=0),
    "overlap_s": KnownMeasure("双方同时说话", "s"),
    "agent_talk_ratio": KnownMeasure("坐席说话占比", "", decimals=2),
    "agent_turn_count": KnownMeasure("坐席说话段数", "次", decimals=0),
    "customer_turn_count": KnownMeasure("客户说话段数", "次", decimals=0),
    "agent_level_dbfs": KnownMeasure("坐席音量", "dBFS"),
    "loudness_rise_db": KnownMeasure("坐席音量比平时高出", "dB"),
    "closing_spoken": KnownMeasure("说了结束语", "", "yes_no"),
    "hang_up_by": KnownMeasure("先挂机的一方", "", "role"),
    "transcript_confidence": KnownMeasure("转写置信度", "", decimals=2),
}
"""Everything that ``pipeline.features.measure.measure_call`` gives, in its order; a test keeps the two in step."""

ROLE_NAMES: dict[str, str] = {
    Role.AGENT.value: "坐席",
    Role.CUSTOMER.value: "客户",
    Role.UNKNOWN.value: "未知一方",
}


def readable(name: str, value: float | int | bool | str) -> str:
    """A value of a measure with its unit, as a person reads it: ``3.4 秒``."""
    known = KNOWN_MEASURES[name]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return ROLE_NAMES.get(value, value)
    number = f"{value:.{known.decimals}f}"
    unit = "秒" if known.unit == "s" else known.unit
    return f"{number} {unit}".rstrip()

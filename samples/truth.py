"""What a correct run must find in a bundled call: truth files, measured from the script's exact times, and comparing.

The arithmetic here is kept apart from the pipeline's on purpose, so that one can contradict the other.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

Value = float | int | bool | str

PAUSE_S = 0.2
"""A gap between characters from which on it is a pause and no speech."""
TURN_GAP_S = 1.0
"""Speech of one party that is this far apart is two turns."""

FILLERS = ("就是说", "嗯", "呃", "啊", "哦", "唔")
GREETING_WORDS = ("您好", "早上好", "下午好", "晚上好")
CLOSING_WORDS = ("再见", "祝您", "感谢您的来电", "谢谢您的来电", "还有什么可以帮", "还有什么能帮")
ACKNOWLEDGEMENTS = frozenset({"嗯", "对", "好", "是", "哦", "好的", "是的", "对的"})

PROMPT = "喂"
"""What a customer says to whom nobody reacts."""

PHRASE_RULES = (
    "LANG.01", "LANG.02", "LANG.03", "LANG.04", "LANG.05", "LANG.06", "LANG.07", "LANG.08", "AVOID.01",
    "APOL.01", "CHAT.01", "COLL.01", "QUIET.02", "REFUSE.01",
)  # fmt: skip
"""Rules that the agent's words alone decide; each is found as often as it is broken, once where it counts once."""

CUSTOMER_RULES = ("SIGN.01", "SIGN.02", "SIGN.03", "SIGN.04")
"""The same of the customer's words: signals, once a call."""

OUTBOUND_RULES = ("OUT.01", "OUT.02", "OUT.03", "OUT.04", "LONG.01")
"""Rules of calls that the centre makes: they find nothing in others, whoever speaks there."""

WRITTEN_RULES = (
    "AGREE.01", "ASK.01", "CRUTCH.01", "EMP.01", "GREET.03", "HANG.02", "HOLD.01", "HOLD.02", "HOLD.03", "JARGON.01",
    "PART.01", "POLITE.01", "QUIET.01", "RATE.03", "RING.01", "WEI.01", *OUTBOUND_RULES,
)  # fmt: skip
"""Rules over what was not said, or over several things together: a call breaks those that its dialogue says it does."""

SAID_RULES = (*PHRASE_RULES, *CUSTOMER_RULES)
"""Rules whose findings are compared one by one, by their place."""

_MEASURE_RULES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("GREET.01", "greeting_latency_s", lambda value: value > 2),
    ("GREET.02", "greeting_spoken", lambda value: not value),
    ("RATE.01", "agent_speaking_rate_cpm", lambda value: value > 120),
    ("RATE.02", "agent_speaking_rate_cpm", lambda value: value < 100),
    ("FILL.01", "filler_count", lambda value: value >= 3),
    ("SIL.01", "longest_silence_s", lambda value: value > 8),
    ("RESP.01", "agent_longest_response_s", lambda value: value > 5),
    ("INT.01", "interruption_count", lambda value: value >= 1),
    ("LOUD.01", "loudness_rise_db", lambda value: value >= 8),
    ("CLOSE.01", "closing_spoken", lambda value: not value),
    ("HANG.01", "hang_up_by", lambda value: value == "agent"),
)

RULES = (*(rule for rule, _, _ in _MEASURE_RULES), *SAID_RULES, *WRITTEN_RULES, "AVOID.02")
"""Every rule of the default rulebook that the bundled calls know."""

BY_EXAMPLES_ONLY = {
    "CHAT.01": "its words are not among those that the demo model knows",
    "CRUTCH.01": "needs the marks between clauses, which the demo model does not write",
    "HOLD.01": "needs longer hold music than the size of the bundled calls leaves room for",
    "JARGON.01": "its words are not among those that the demo model knows",
    "LONG.01": "needs a call of more than five minutes",
    "PART.01": "its particles are not among the words that the demo model knows",
    "RATE.03": "needs a customer who speaks more slowly than the norm for agents",
}
"""Rules that no bundled call breaks, with the reason; their own examples in the rulebook exercise them."""


@dataclass(frozen=True, slots=True)
class TruthUtterance:
    """One line as spoken: times of the whole and of every character, and how much louder than the party's usual."""

    role: str
    channel: int
    start_s: float
    end_s: float
    text: str
    gain_db: float
    characters: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class TruthFinding:
    """A rule broken, where, and the words where words broke it."""

    rule: str
    role: str
    start_s: float
    end_s: float
    quote: str


@dataclass(frozen=True, slots=True)
class TruthHold:
    """The customer is on hold; ``music`` where it plays, None in silence."""

    start_s: float
    end_s: float
    music: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything known of one bundled call. ``measures`` holds those alone that a correct run can measure.

    Lines of ``utterances`` with the role ``unknown`` are announcements of the platform.
    """

    call_id: str
    title: str
    layout: str
    agent_channel: int | None
    duration_s: float
    answered_at_s: float
    utterances: tuple[TruthUtterance, ...]
    measures: Mapping[str, Value]
    findings: tuple[TruthFinding, ...]
    not_assessable: tuple[str, ...]
    must_review: bool
    holds: tuple[TruthHold, ...] = ()


# ---- reading and writing ------------------------------------------------------------------------------------------


def write_truth(truth: Truth, path: Path) -> None:
    """Write one truth file; times in milliseconds' precision, one utterance a line."""
    document = asdict(truth)
    lines = []
    for name, value in document.items():
        if name == "holds" and not value:
            continue
        if name in ("utterances", "findings") and value:
            rows = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in value)
            lines.append(f'  "{name}": [\n    {rows}\n  ]')
        else:
            lines.append(f'  "{name}": {json.dumps(value, ensure_ascii=False)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_truth(path: Path) -> Truth:
    """Read one truth file back."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        **{
            **document,
            "utterances": tuple(
                TruthUtterance(**{**item, "characters": tuple((c, s, e) for c, s, e in item["characters"])})
                for item in document["utterances"]
            ),
            "findings": tuple(TruthFinding(**item) for item in document["findings"]),
            "not_assessable": tuple(document["not_assessable"]),
            "holds": tuple(
                TruthHold(item["start_s"], item["end_s"], None if item["music"] is None else tuple(item["music"]))
                for item in document.get("holds", ())
            ),
        }
    )


# ---- measuring the script -----------------------------------------------------------------------------------------


def pauses(utterance: TruthUtterance) -> list[tuple[float, float]]:
    """Stretches inside an utterance without speech."""
    return [(end, start) for (_, _, end), (_, start, _) in pairwise(utterance.characters) if start - end >= PAUSE_S]


def pieces(utterance: TruthUtterance) -> list[tuple[float, float]]:
    """Stretches of speech of an utterance, its pauses left out."""
    edges = [utterance.start_s, *(edge for pause in pauses(utterance) for edge in pause), utterance.end_s]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _speech_s(utterance: TruthUtterance) -> float:
    return sum(end - start for start, end in pieces(utterance))


def _is_backchannel(agent: TruthUtterance, customer: TruthUtterance) -> bool:
    words = "".join(character for character, _, _ in agent.characters)
    return agent.end_s <= customer.end_s and agent.end_s - agent.start_s < 1.0 and words in ACKNOWLEDGEMENTS


def _interruptions(agent: Sequence[TruthUtterance], customer: Sequence[TruthUtterance]) -> list[TruthUtterance]:
    found = []
    for one in agent:
        for other in customer:
            inside = other.start_s + 0.5 <= one.start_s < other.end_s
            if inside and min(one.end_s, other.end_s) - one.start_s >= 0.5 and not _is_backchannel(one, other):
                found.append(one)
                break
    return found


def _responses(utterances: Sequence[TruthUtterance]) -> list[tuple[float, float, float]]:
    """(seconds, from, to) for every agent line that comes next after a customer's, the greeting left out.

    A customer who asks again whether anybody is there has waited since the words before that.
    """
    found = []
    agent_spoke = False
    for index, one in enumerate(utterances):
        if one.role != "agent":
            continue
        said = [other for other in utterances[:index] if _words(other) != PROMPT or other is utterances[0]]
        before = max(said, key=lambda other: other.end_s, default=None)
        if agent_spoke and before is not None and before.role == "customer":
            found.append((max(0.0, one.start_s - before.end_s), before.end_s, one.start_s))
        agent_spoke = True
    return found


def silences(
    utterances: Sequence[TruthUtterance], start_s: float, end_s: float, holds: Sequence[TruthHold] = ()
) -> list[tuple[float, float]]:
    """Stretches of a second or more in which nobody has the floor and nobody is on hold."""
    found = []
    at = start_s
    for one in sorted([*utterances, *holds], key=lambda item: item.start_s):
        if one.start_s - at >= TURN_GAP_S:
            found.append((at, one.start_s))
        at = max(at, one.end_s)
    if end_s - at >= TURN_GAP_S:
        found.append((at, end_s))
    return found


def _words(utterance: TruthUtterance) -> str:
    return "".join(character for character, _, _ in utterance.characters)


def measure_script(
    utterances: Sequence[TruthUtterance],
    layout: str,
    answered_at_s: float,
    duration_s: float,
    hung_up_by: str | None,
    holds: Sequence[TruthHold] = (),
) -> dict[str, Value]:
    """Measures of a call from its script; those that a correct run cannot know are absent.

    ``utterances`` are in order of time, one to a turn; of a dead channel none is given.
    """
    measures: dict[str, Value] = {"call_duration_s": duration_s - answered_at_s}
    if hung_up_by is not None:
        measures["hang_up_by"] = hung_up_by
    if layout == "dead_channel":
        return measures
    quiet = [end - start for start, end in silences(utterances, answered_at_s, duration_s, holds)]
    measures["longest_silence_s"] = max(quiet, default=0.0)
    measures["silence_total_s"] = sum(quiet)
    measures["silence_ratio"] = sum(quiet) / (duration_s - answered_at_s)
    if layout != "stereo":
        return measures

    agent = [one for one in utterances if one.role == "agent"]
    customer = [one for one in utterances if one.role == "customer"]
    agent_s = sum(one.end_s - one.start_s for one in agent)
    customer_s = sum(one.end_s - one.start_s for one in customer)
    agent_characters = sum(len(one.characters) for one in agent)
    customer_characters = sum(len(one.characters) for one in customer)
    agent_words = [_words(one) for one in agent]
    fillers = sum(words.count(filler) for words in agent_words for filler in FILLERS)
    measures["greeting_latency_s"] = agent[0].start_s - answered_at_s
    measures["greeting_spoken"] = any(word in agent_words[0] for word in GREETING_WORDS)
    measures["closing_spoken"] = any(word in words for words in agent_words[-2:] for word in CLOSING_WORDS)
    measures["agent_character_count"] = agent_characters
    measures["customer_character_count"] = customer_characters
    measures["filler_count"] = fillers
    measures["fillers_per_100_chars"] = 100 * fillers / agent_characters
    if agent_characters >= 10:
        measures["agent_speaking_rate_cpm"] = 60 * agent_characters / agent_s
        measures["agent_articulation_rate_cpm"] = 60 * agent_characters / sum(map(_speech_s, agent))
    if customer_characters >= 10:
        measures["customer_speaking_rate_cpm"] = 60 * customer_characters / customer_s
    responses = _responses(utterances)
    if responses:
        measures["agent_longest_response_s"] = max(seconds for seconds, _, _ in responses)
    measures["interruption_count"] = len(_interruptions(agent, customer))
    measures["overlap_s"] = sum(
        max(0.0, min(end, other_end) - max(start, other_start))
        for one in agent
        for other in customer
        for start, end in pieces(one)
        for other_start, other_end in pieces(other)
    )
    measures["agent_talk_ratio"] = agent_s / (agent_s + customer_s)
    gains = [one.gain_db for one in agent if _speech_s(one) >= 1.0]
    if len(gains) >= 3:
        measures["loudness_rise_db"] = max(gains) - median(gains)
    return measures


def broken_by_measures(measures: Mapping[str, Value]) -> list[str]:
    """The rules that the measures alone say are broken."""
    broken = [rule for rule, name, is_broken in _MEASURE_RULES if name in measures and is_broken(measures[name])]
    short = measures["call_duration_s"] < 60 and measures.get("agent_character_count", 40) < 40  # type: ignore[operator]
    return [*broken, "AVOID.02"] if short and measures.get("hang_up_by") == "agent" else broken


def not_assessable_rules(measures: Mapping[str, Value], layout: str, direction: str, rings: int) -> list[str]:
    """The rules that cannot be judged: their measure is missing, or who speaks is not known."""
    missing = [rule for rule, name, _ in _MEASURE_RULES if name not in measures]
    if direction == "inbound" and not rings:
        # The platform says how often it rang only where the recording begins with ringing.
        missing.append("RING.01")
    if layout == "stereo":
        if "hang_up_by" not in measures:
            missing.append("HANG.02")
        if not {"agent_speaking_rate_cpm", "customer_speaking_rate_cpm"} <= measures.keys():
            missing.append("RATE.03")
        return missing
    missing += (*SAID_RULES, *(rule for rule in WRITTEN_RULES if rule not in ("RING.01", *OUTBOUND_RULES)))
    # Long or not ended by the agent: broken it cannot be, whatever the agent said.
    if measures.get("hang_up_by") == "agent" and measures["call_duration_s"] < 60:  # type: ignore[operator]
        missing.append("AVOID.02")
    return missing


def where_broken(
    rule: str, utterances: Sequence[TruthUtterance], answered_at_s: float, duration_s: float
) -> tuple[float, float]:
    """The stretch of the call to listen to for a rule that a measure decides."""
    agent = [one for one in utterances if one.role == "agent"]
    customer = [one for one in utterances if one.role == "customer"]
    if rule == "SIL.01":
        return max(silences(utterances, answered_at_s, duration_s), key=lambda gap: gap[1] - gap[0])
    if rule == "RESP.01":
        return max(_responses(utterances))[1:]
    if rule == "INT.01":
        return _interruptions(agent, customer)[0].start_s, _interruptions(agent, customer)[0].end_s
    if rule == "LOUD.01":
        loudest = max(agent, key=lambda one: one.gain_db)
        return loudest.start_s, loudest.end_s
    if rule == "GREET.01":
        return answered_at_s, agent[0].start_s
    if rule == "GREET.02":
        return agent[0].start_s, agent[0].end_s
    if rule == "CLOSE.01":
        return agent[-2:][0].start_s, agent[-1].end_s
    if rule in ("HANG.01", "AVOID.02"):
        return max(0.0, duration_s - 5.0), duration_s
    return agent[0].start_s, agent[-1].end_s


# ---- comparing a run with the truth -------------------------------------------------------------------------------

LATENCY_TOLERANCE_S = 0.15
RATE_TOLERANCE = 0.05
PHRASE_TOLERANCE_S = 1.5
"""A phrase inside a turn is placed as if all characters took equally long: pauses move it."""

_RATES = ("agent_speaking_rate_cpm", "agent_articulation_rate_cpm", "customer_speaking_rate_cpm")


def compare(truth: Truth, assessment: Mapping[str, Any]) -> list[str]:
    """Every way in which an assessment (the JSON of ``tingjian assess``) departs from the truth; empty when none."""
    differences = []
    layout = assessment["recording"]["channel_layout"]
    if layout != truth.layout:
        differences.append(f"layout is {layout}; expected {truth.layout}")
    differences += _compare_measures(truth, assessment["measures"])
    differences += _compare_findings(truth, assessment["findings"])
    listed = {item["rule"] for item in assessment["not_assessable"]}
    for rule in sorted(set(truth.not_assessable) - listed):
        differences.append(f"{rule} should be not assessable")
    for rule in sorted(listed - set(truth.not_assessable)):
        differences.append(f"{rule} should be assessable")
    must_review = assessment["route"]["must_review"]
    if must_review != truth.must_review:
        differences.append(f"must_review is {must_review}; expected {truth.must_review}")
    return differences


def _compare_measures(truth: Truth, measures: Mapping[str, Any]) -> list[str]:
    tolerances: dict[str, float] = {"greeting_latency_s": LATENCY_TOLERANCE_S}
    for name in _RATES:
        tolerances[name] = RATE_TOLERANCE * float(truth.measures.get(name, 0.0))
    differences = []
    for name, tolerance in tolerances.items():
        measure = measures.get(name, {"value": None})
        expected, value = truth.measures.get(name), measure["value"]
        if expected is None and value is None:
            continue
        if expected is None or value is None:
            if truth.layout == "stereo":
                differences.append(f"{name} is {value}; expected {expected}")
        elif abs(value - float(expected)) > tolerance:
            differences.append(f"{name} is {value:.3f}; expected {expected:.3f} within {tolerance:.3f}")
    return differences


def _compare_findings(truth: Truth, findings: Sequence[Mapping[str, Any]]) -> list[str]:
    differences = []
    by_measure = {item.rule for item in truth.findings if item.rule not in SAID_RULES}
    found_by_measure = {item["rule"] for item in findings if item["rule"] not in SAID_RULES}
    differences += [f"{rule} was not found" for rule in sorted(by_measure - found_by_measure)]
    differences += [f"{rule} was invented" for rule in sorted(found_by_measure - by_measure)]

    left = [item for item in findings if item["rule"] in SAID_RULES]
    for expected in (item for item in truth.findings if item.rule in SAID_RULES):
        for item in left:
            near = (
                item["start_s"] <= expected.end_s + PHRASE_TOLERANCE_S
                and item["end_s"] >= expected.start_s - PHRASE_TOLERANCE_S
            )
            if item["rule"] == expected.rule and item["role"] == expected.role and near:
                left.remove(item)
                break
        else:
            differences.append(f"{expected.rule} at {expected.start_s:.1f} s was not found")
    invented = Counter(item["rule"] for item in left)
    differences += [f"{rule} was invented {count} time(s)" for rule, count in sorted(invented.items())]
    return differences

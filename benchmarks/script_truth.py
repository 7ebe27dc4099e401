"""What is true of a generated call, computed from its script: every measure and every event.

The arithmetic is kept apart from the pipeline's on purpose, so that one can contradict the other; the definitions are
those of docs/measures.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.features.words import word_count
from samples.truth import Truth, TruthUtterance, pieces

TURN_GAP_S = 1.0
ACKNOWLEDGING = frozenset(("嗯", "对", "好", "是的", "好的"))

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class TrueTurn:
    """Lines of one party less than a second apart."""

    role: str
    lines: tuple[TruthUtterance, ...]

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.lines[0].start_s

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.lines[-1].end_s

    @property
    def pieces(self) -> list[Stretch]:
        """Speech without pauses of 0.2 s and more, between the lines neither."""
        found: list[Stretch] = []
        for stretch in (piece for line in self.lines for piece in pieces(line)):
            if found and stretch[0] - found[-1][1] < 0.2:
                found[-1] = (found[-1][0], stretch[1])
            else:
                found.append(stretch)
        return found

    @property
    def speech_s(self) -> float:
        """Seconds of speech, pauses left out."""
        return sum(end - start for start, end in self.pieces)

    @property
    def characters(self) -> int:
        """Characters spoken."""
        return sum(len(line.characters) for line in self.lines)


@dataclass(frozen=True, slots=True)
class TrueEvents:
    """Events with their places; interruptions with who interrupts."""

    interruptions: tuple[tuple[str, float, float], ...]
    silences: tuple[Stretch, ...]
    holds: tuple[Stretch, ...]
    prompts: tuple[Stretch, ...]
    backchannels: tuple[tuple[str, float, float], ...]
    greeting_latency_s: float
    loudness_rise_db: float | None


def turns_of(truth: Truth, role: str) -> list[TrueTurn]:
    """The turns of one party in order."""
    groups: list[list[TruthUtterance]] = []
    for line in truth.utterances:
        if line.role != role:
            continue
        if groups and line.start_s - groups[-1][-1].end_s < TURN_GAP_S:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [TrueTurn(role, tuple(group)) for group in groups]


def _acknowledges(line: TruthUtterance) -> bool:
    return "".join(character for character, _, _ in line.characters) in ACKNOWLEDGING


def _overlap_s(first: Sequence[Stretch], second: Sequence[Stretch]) -> float:
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in first for b in second)


def _listens(line: TruthUtterance, others: Sequence[TrueTurn]) -> bool:
    """Whether a line is a listener's sound inside the other party's turn."""
    short = _acknowledges(line) and line.end_s - line.start_s < 0.6
    return short and any(turn.start_s <= line.start_s and line.end_s <= turn.end_s for turn in others)


def events_of(truth: Truth) -> TrueEvents:
    """Every event of a script with two parties."""
    turns = {role: turns_of(truth, role) for role in ("agent", "customer")}
    other = {"agent": "customer", "customer": "agent"}
    interruptions, backchannels, prompts = [], [], []
    spoken_until_s = truth.answered_at_s
    for line in truth.utterances:
        against = turns[other[line.role]]
        if _listens(line, against):
            backchannels.append((line.role, line.start_s, line.end_s))
        else:
            for turn in against:
                inside = turn.start_s + 0.5 <= line.start_s < turn.end_s
                both_s = _overlap_s(pieces(line), turn.pieces)
                if inside and both_s >= 0.5:
                    interruptions.append((line.role, line.start_s, min(line.end_s, turn.end_s)))
        if line.role == "customer" and line.text.startswith("喂") and line.start_s - spoken_until_s >= 1.5:
            prompts.append((line.start_s, line.end_s))
        spoken_until_s = max(spoken_until_s, line.end_s)
    agent = [turn for turn in turns["agent"] if turn.speech_s >= 1.0]
    levels = [_level_db(turn) for turn in agent]
    return TrueEvents(
        interruptions=tuple(interruptions),
        silences=tuple(_silences(truth)),
        holds=tuple((hold.start_s, hold.end_s) for hold in truth.holds),
        prompts=tuple(prompts),
        backchannels=tuple(backchannels),
        greeting_latency_s=turns["agent"][0].start_s - truth.answered_at_s,
        loudness_rise_db=max(levels) - median(levels) if len(levels) >= 3 else None,
    )


def _silences(truth: Truth) -> list[Stretch]:
    taken = sorted(
        [(line.start_s, line.end_s) for line in truth.utterances] + [(hold.start_s, hold.end_s) for hold in truth.holds]
    )
    found, at = [], truth.answered_at_s
    for start, end in [*taken, (truth.duration_s, truth.duration_s)]:
        if start - at >= TURN_GAP_S:
            found.append((at, start))
        at = max(at, end)
    return found


def _level_db(turn: TrueTurn) -> float:
    """Level of a turn over the party's usual, from the gains of its lines."""
    weights = [sum(end - start for start, end in pieces(line)) for line in turn.lines]
    power = sum(weight * 10 ** (line.gain_db / 10) for weight, line in zip(weights, turn.lines, strict=True))
    return 10 * math.log10(power / sum(weights))


def measures_of(truth: Truth, agent_level_dbfs: float, customer_level_dbfs: float) -> dict[str, float]:
    """Every numeric measure that the script tells."""
    events = events_of(truth)
    agent, customer = turns_of(truth, "agent"), turns_of(truth, "customer")
    call_s = truth.duration_s - truth.answered_at_s
    quiet = [end - start for start, end in events.silences]
    held = [end - start for start, end in events.holds]
    measures = {
        "call_duration_s": call_s,
        "greeting_latency_s": events.greeting_latency_s,
        "longest_silence_s": max(quiet, default=0.0),
        "silence_total_s": sum(quiet),
        "silence_ratio": sum(quiet) / call_s,
        "silence_count": len(quiet),
        "silence_before_speech_s": sum(_after(truth, events.silences, None)),
        "silence_after_agent_s": sum(_after(truth, events.silences, "agent")),
        "silence_after_customer_s": sum(_after(truth, events.silences, "customer")),
        "hold_count": len(held),
        "hold_total_s": sum(held),
        "longest_hold_s": max(held, default=0.0),
        "customer_prompt_count": len(events.prompts),
        "interruption_count": sum(who == "agent" for who, _, _ in events.interruptions),
        "customer_interruption_count": sum(who == "customer" for who, _, _ in events.interruptions),
        "overlap_s": _overlap_s(
            [piece for turn in agent for piece in turn.pieces], [piece for turn in customer for piece in turn.pieces]
        ),
        "agent_backchannel_count": sum(who == "agent" for who, _, _ in events.backchannels),
        "hang_up_delay_s": truth.duration_s - max(line.end_s for line in truth.utterances),
    }
    waits = _waits(truth, {(start, end) for _, start, end in events.backchannels}, set(events.prompts))
    if waits:
        measures |= {
            "agent_longest_response_s": max(waits),
            "agent_median_response_s": median(waits),
            "agent_response_count": len(waits),
        }
    talk = {}
    for role, turns, level_dbfs in (("agent", agent, agent_level_dbfs), ("customer", customer, customer_level_dbfs)):
        talk[role] = sum(turn.end_s - turn.start_s for turn in turns)
        characters, speech_s = sum(turn.characters for turn in turns), sum(turn.speech_s for turn in turns)
        power = sum(turn.speech_s * 10 ** (_level_db(turn) / 10) for turn in turns) / speech_s
        measures |= {
            f"{role}_speaking_rate_cpm": 60 * characters / talk[role],
            f"{role}_articulation_rate_cpm": 60 * characters / speech_s,
            f"{role}_talk_s": talk[role],
            f"{role}_turn_count": len(turns),
            f"{role}_level_dbfs": level_dbfs + 10 * math.log10(power),
        }
    words = sum(word_count("".join(one for one, _, _ in line.characters)) for turn in agent for line in turn.lines)
    measures["agent_call_rate_cpm"] = 60 * sum(turn.characters for turn in agent) / call_s
    measures["agent_word_rate_wpm"] = 60 * words / talk["agent"]
    measures["rate_difference_cpm"] = measures["agent_speaking_rate_cpm"] - measures["customer_speaking_rate_cpm"]
    measures["agent_talk_ratio"] = talk["agent"] / sum(talk.values())
    measures["agent_peak_rate_cpm"] = _peak_cpm(truth, agent)
    if events.loudness_rise_db is not None:
        measures["loudness_rise_db"] = events.loudness_rise_db
    return measures


def _after(truth: Truth, silences: Sequence[Stretch], role: str | None) -> list[float]:
    """Lengths of the silences before which a party (None: nobody since the answer) spoke last."""
    found = []
    for start, end in silences:
        before = [line for line in truth.utterances if line.end_s <= start + 1e-6]
        last = max(before, key=lambda line: line.end_s).role if before else None
        if last == role:
            found.append(end - start)
    return found


def _waits(truth: Truth, listening: set[Stretch], prompts: set[Stretch]) -> list[float]:
    """How long each answer of the agent took, the greeting left out."""
    waits: list[float] = []
    agent_spoke, latest = False, None
    for line in truth.utterances:
        place = (line.start_s, line.end_s)
        if place in listening:
            continue
        if place in prompts and latest is not None and latest.role == "customer":
            continue
        if line.role == "agent":
            if agent_spoke and latest is not None and latest.role == "customer":
                waits.append(max(0.0, line.start_s - latest.end_s))
            agent_spoke = True
        if latest is None or line.end_s >= latest.end_s:
            latest = line
    return waits


def _peak_cpm(truth: Truth, turns: Sequence[TrueTurn]) -> float:
    rates, start_s = [], truth.answered_at_s
    while start_s < truth.duration_s:
        end_s = min(start_s + 60.0, truth.duration_s)
        characters = sum(
            start_s <= (start + end) / 2 < end_s
            for turn in turns
            for line in turn.lines
            for _, start, end in line.characters
        )
        seconds = sum(max(0.0, min(turn.end_s, end_s) - max(turn.start_s, start_s)) for turn in turns)
        if characters >= 10 and seconds >= 3.0:
            rates.append(60 * characters / seconds)
        start_s += 60.0
    return max(rates)

"""How the parties share the floor: silences, holds, answers, interruptions, listening, share of talk."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipeline.features.dialogue import (
    NO_AGENT_SPEECH,
    ONE_SIDE_ONLY,
    Dialogue,
    intersection,
    measured,
    most_of,
    not_assessable,
    shared_s,
)
from pipeline.features.events import CallEvents, Hold, Interruption, Monologue, Silence, SilenceKind
from pipeline.types import ChannelLayout, Evidence, Measure, Role

PARTY = {Role.AGENT: "坐席", Role.CUSTOMER: "客户"}
NOBODY_SPOKE = "接通后没有听到任何人说话"


def silences(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """Stretches after the answer in which nobody has the floor: longest, sum, share of the call, number.

    A pause inside a turn is not a silence, nor is a hold. Needs no roles, but both parties' sound.
    """
    names = [
        ("longest_silence_s", "s"),
        ("silence_total_s", "s"),
        ("silence_ratio", ""),
        ("silence_count", "次"),
    ]
    reason = _unheard_silence(dialogue)
    if reason:
        return [not_assessable(name, unit, reason) for name, unit in names]
    recording = dialogue.call.recording
    evidence = _longest_first(events.silences, "静默")
    total_s = sum(one.duration_s for one in events.silences)
    call_s = recording.duration_s - recording.answered_at_s
    values = [
        max((one.duration_s for one in events.silences), default=0.0),
        total_s,
        total_s / call_s,
        len(events.silences),
    ]
    return [
        measured(name, value, unit, evidence, silence_s=total_s, call_s=call_s, silences=len(events.silences))
        for (name, unit), value in zip(names, values, strict=True)
    ]


def silences_by_kind(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """Seconds of silence by whose words come before it: nobody's, the agent's, the customer's."""
    reason = _unheard_silence(dialogue) or dialogue.roles_unknown
    measures = []
    for kind, name, words in (
        (SilenceKind.NOBODY, "silence_before_speech_s", "接通后无人说话"),
        (SilenceKind.AFTER_AGENT, "silence_after_agent_s", "坐席说完后静默"),
        (SilenceKind.AFTER_CUSTOMER, "silence_after_customer_s", "客户说完后静默"),
    ):
        if reason:
            measures.append(not_assessable(name, "s", reason))
            continue
        found = events.silences_of(kind)
        total_s = sum(one.duration_s for one in found)
        measures.append(measured(name, total_s, "s", _longest_first(found, words), silences=len(found)))
    return measures


def holds(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """Holds (announced silence, hold music): number, sum of seconds, longest."""
    names = [("hold_count", "次"), ("hold_total_s", "s"), ("longest_hold_s", "s")]
    reason = dialogue.one_sided()
    if reason:
        return [not_assessable(name, unit, reason) for name, unit in names]
    evidence = _longest_first(events.holds, "保持等待")
    lengths = [one.duration_s for one in events.holds]
    values = [len(lengths), sum(lengths, 0.0), max(lengths, default=0.0)]
    return [measured(name, value, unit, evidence) for (name, unit), value in zip(names, values, strict=True)]


def _unheard_silence(dialogue: Dialogue) -> str | None:
    recording = dialogue.call.recording
    if recording.channel_layout is ChannelLayout.DEAD_CHANNEL:
        return ONE_SIDE_ONLY
    if recording.duration_s <= recording.answered_at_s or not dialogue.turns:
        return NOBODY_SPOKE
    return dialogue.too_noisy()


def _longest_first(found: Sequence[Silence] | Sequence[Hold], words: str) -> list[Evidence]:
    spans = sorted((one.start_s - one.end_s, one.start_s, one.end_s) for one in found)
    return [Evidence(Role.UNKNOWN, start, end, f"{words} {end - start:.1f} 秒") for _, start, end in spans]


def responses(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """The time from a customer's end to the agent's start: the longest, the median, and the number of answers.

    The agent's first turn is the greeting and has a measure of its own. An answer that begins before the customer
    ends took 0 s.
    """
    names = [
        ("agent_longest_response_s", "s"),
        ("agent_median_response_s", "s"),
        ("agent_response_count", "次"),
    ]
    reason = dialogue.one_sided()
    if not reason and not events.responses:
        reason = "没有坐席接客户话的情形"
    if reason:
        return [not_assessable(name, unit, reason) for name, unit in names]
    slowest_first = sorted(events.responses, key=lambda one: (-one.waited_s, one.start_s))
    # An answer without a wait is heard as well: its first second, at most up to the end of the recording.
    evidence = [
        Evidence(
            Role.AGENT,
            one.start_s,
            max(one.end_s, min(one.start_s + 1.0, dialogue.call.recording.duration_s)),
            f"等待 {one.waited_s:.1f} 秒",
        )
        for one in slowest_first
    ]
    values = [
        slowest_first[0].waited_s,
        median(one.waited_s for one in slowest_first),
        len(slowest_first),
    ]
    return [
        measured(name, value, unit, evidence, answers=len(slowest_first))
        for (name, unit), value in zip(names, values, strict=True)
    ]


def interruptions(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """How often each party takes the floor while the other speaks, how deep and how long, and all talk-over."""
    names = [
        ("interruption_count", "次"),
        ("interruption_overlap_s", "s"),
        ("deepest_interruption_s", "s"),
        ("customer_interruption_count", "次"),
        ("overlap_s", "s"),
    ]
    reason = dialogue.one_line()
    if reason:
        return [not_assessable(name, unit, reason) for name, unit in names]
    by_agent, by_customer = events.interruptions_by(Role.AGENT), events.interruptions_by(Role.CUSTOMER)
    deepest_first = sorted(by_agent, key=lambda one: (-one.depth_s, one.start_s))
    all_agent = [piece for turn in dialogue.of(Role.AGENT) for piece in turn.turn.pieces]
    all_customer = [piece for turn in dialogue.of(Role.CUSTOMER) for piece in turn.turn.pieces]
    both = [
        Evidence(Role.UNKNOWN, span.start_s, span.end_s, f"同时说话 {span.duration_s:.1f} 秒")
        for span in intersection(all_agent, all_customer)
    ]
    values: list[tuple[float | int, Sequence[Evidence]]] = [
        (len(by_agent), _cut_in(by_agent)),
        (sum((one.overlap_s for one in by_agent), 0.0), _cut_in(by_agent)),
        (max((one.depth_s for one in by_agent), default=0.0), _cut_in(deepest_first)),
        (len(by_customer), _cut_in(by_customer)),
        (shared_s(all_agent, all_customer), both),
    ]
    return [measured(name, value, unit, shown) for (name, unit), (value, shown) in zip(names, values, strict=True)]


def _cut_in(found: Sequence[Interruption]) -> list[Evidence]:
    other = {Role.AGENT: "客户", Role.CUSTOMER: "坐席"}
    return [
        Evidence(
            one.by,
            one.start_s,
            one.end_s,
            f"与{other[one.by]}同时说话 {one.overlap_s:.1f} 秒，{other[one.by]}已说 {one.heard_s:.1f} 秒，"
            f"离其说完还有 {one.depth_s:.1f} 秒：{one.text}",
        )
        for one in found
    ]


def listening(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """The agent's listening sounds (嗯, 好的) inside the customer's turns: number, and per turn of the customer."""
    names = [("agent_backchannel_count", "次"), ("agent_backchannel_ratio", "次/段")]
    reason = dialogue.one_line()
    if reason:
        return [not_assessable(name, unit, reason) for name, unit in names]
    found = events.backchannels_by(Role.AGENT)
    evidence = [Evidence(Role.AGENT, one.start_s, one.end_s, one.text) for one in found]
    turns = len(dialogue.of(Role.CUSTOMER))
    values = [len(found), len(found) / turns]
    return [
        measured(name, value, unit, evidence, backchannels=len(found), customer_turns=turns)
        for (name, unit), value in zip(names, values, strict=True)
    ]


def prompts(dialogue: Dialogue, events: CallEvents) -> Measure:
    """How often the customer has to ask whether anybody is there (喂), because nobody reacts."""
    name, unit = "customer_prompt_count", "次"
    # An agent who never speaks is exactly who such a customer waits for; but then roles rest on the platform's word.
    reason = dialogue.one_sided()
    if reason and reason != NO_AGENT_SPEECH:
        return not_assessable(name, unit, reason)
    evidence = [
        Evidence(
            Role.CUSTOMER, one.start_s - one.waited_s, one.end_s, f"静默 {one.waited_s:.1f} 秒后客户说：{one.text}"
        )
        for one in events.prompts
    ]
    return measured(name, len(evidence), unit, evidence)


def talk_shares(dialogue: Dialogue, events: CallEvents) -> list[Measure]:
    """The agent's share of all talking time; each party's talking time, turns and longest monologue."""
    reason = dialogue.one_sided()
    seconds = {role: sum((turn.turn.duration_s for turn in dialogue.of(role)), 0.0) for role in PARTY}
    if reason:
        measures = [not_assessable("agent_talk_ratio", "", reason)]
    else:
        ratio = seconds[Role.AGENT] / sum(seconds.values())
        spoken = [turn.evidence() for turn in most_of(dialogue.of(Role.AGENT))]
        inputs = {"agent_talk_s": seconds[Role.AGENT], "customer_talk_s": seconds[Role.CUSTOMER]}
        measures = [measured("agent_talk_ratio", ratio, "", spoken, **inputs)]
    for role in PARTY:
        talk, turns, monologue = f"{role}_talk_s", f"{role}_turn_count", f"{role}_longest_monologue_s"
        if dialogue.roles_unknown:
            reason = dialogue.roles_unknown
            measures += [
                not_assessable(name, unit, reason) for name, unit in ((talk, "s"), (turns, "次"), (monologue, "s"))
            ]
            continue
        turns_of = dialogue.of(role)
        spoken = [turn.evidence() for turn in most_of(turns_of)]
        runs = sorted(
            (one for one in events.monologues if one.by is role), key=lambda one: (-one.duration_s, one.start_s)
        )
        measures += [
            measured(talk, seconds[role], "s", spoken, turns=len(turns_of)),
            measured(turns, len(turns_of), "次", spoken, talk_s=seconds[role]),
            measured(monologue, runs[0].duration_s if runs else 0.0, "s", _runs(runs[:3])),
        ]
    return measures


def _runs(runs: Sequence[Monologue]) -> list[Evidence]:
    return [
        Evidence(one.by, one.start_s, one.end_s, f"{PARTY[one.by]}连续说话 {one.duration_s:.1f} 秒") for one in runs
    ]

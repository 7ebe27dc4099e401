"""How the parties share the floor: silences, answers, interruptions, talk-over, share of talk."""

from __future__ import annotations

from pipeline.features.dialogue import (
    Dialogue,
    SpokenTurn,
    intersection,
    measured,
    merged,
    not_assessable,
    shared_s,
)
from pipeline.features.settings import MeasureSettings
from pipeline.types import ChannelLayout, Evidence, Measure, Role, Span


def silences(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """Stretches after the answer in which nobody has the floor: longest, number, sum, share of the call.

    A pause inside a turn is not a silence. Needs no roles, but both parties' sound.
    """
    names = [
        ("longest_silence_s", "s"),
        ("silence_total_s", "s"),
        ("silence_ratio", ""),
        ("silence_count", "次"),
    ]
    recording = dialogue.call.recording
    if recording.channel_layout is ChannelLayout.DEAD_CHANNEL:
        return [not_assessable(name, unit, "有一个声道没有声音，听不到双方的对话") for name, unit in names]
    start_s, end_s = recording.answered_at_s, recording.duration_s
    if end_s <= start_s or not dialogue.turns:
        return [not_assessable(name, unit, "接通后没有听到任何人说话") for name, unit in names]
    gaps: list[Span] = []
    at = start_s
    for span in merged([Span(turn.turn.start_s, turn.turn.end_s) for turn in dialogue.turns]):
        if span.start_s > at:
            gaps.append(Span(at, span.start_s))
        at = max(at, span.end_s)
    if end_s > at:
        gaps.append(Span(at, end_s))
    counted = [gap for gap in gaps if gap.duration_s >= settings.silence_min_s]
    longest_first = sorted(counted, key=lambda gap: (-gap.duration_s, gap.start_s))
    evidence = [
        Evidence(Role.UNKNOWN, gap.start_s, gap.end_s, f"静默 {gap.duration_s:.1f} 秒") for gap in longest_first
    ]
    total_s = sum(gap.duration_s for gap in counted)
    values = [
        longest_first[0].duration_s if longest_first else 0.0,
        total_s,
        total_s / (end_s - start_s),
        len(counted),
    ]
    return [measured(name, value, unit, evidence) for (name, unit), value in zip(names, values, strict=True)]


def longest_response(dialogue: Dialogue) -> Measure:
    """The longest time from a customer's end to the agent's start, over agent turns that follow a customer's turn.

    The agent's first turn is the greeting and has a measure of its own. An answer that begins before the customer
    ends took 0 s.
    """
    name, unit = "agent_longest_response_s", "s"
    reason = dialogue.one_sided()
    if reason:
        return not_assessable(name, unit, reason)
    answers: list[tuple[float, Evidence]] = []
    agent_spoke = False
    latest: SpokenTurn | None = None
    for spoken in dialogue.turns:
        turn = spoken.turn
        if turn.role is Role.AGENT:
            if agent_spoke and latest is not None and latest.turn.role is Role.CUSTOMER:
                waited_s = max(0.0, turn.start_s - latest.turn.end_s)
                span = Span(min(latest.turn.end_s, turn.start_s), turn.start_s)
                answers.append((waited_s, Evidence(Role.AGENT, span.start_s, span.end_s, f"等待 {waited_s:.1f} 秒")))
            agent_spoke = True
        if latest is None or turn.end_s >= latest.turn.end_s:
            latest = spoken
    if not answers:
        return not_assessable(name, unit, "没有坐席接客户话的情形")
    answers.sort(key=lambda answer: (-answer[0], answer[1].start_s))
    return measured(name, answers[0][0], unit, [evidence for _, evidence in answers])


def interruptions(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """How often the agent takes the floor while the customer speaks, and how long both speak at once.

    An interruption: the agent's turn starts inside a customer's turn that has lasted for a while already, and both
    really speak at once for a while. An acknowledgement inside the customer's turn (嗯, 好的) is back-channel.
    """
    reason = dialogue.one_sided()
    if reason:
        return [not_assessable("interruption_count", "次", reason), not_assessable("overlap_s", "s", reason)]
    agent, customer = dialogue.of(Role.AGENT), dialogue.of(Role.CUSTOMER)
    evidence = []
    for one in agent:
        for other in customer:
            overlap = intersection(one.turn.pieces, other.turn.pieces)
            overlap_s = sum(span.duration_s for span in overlap)
            starts_inside = (
                other.turn.start_s + settings.interruption_min_heard_s <= one.turn.start_s < other.turn.end_s
            )
            if not starts_inside or overlap_s < settings.interruption_min_overlap_s:
                continue
            if is_backchannel(one, other, settings):
                continue
            evidence.append(
                Evidence(
                    Role.AGENT,
                    overlap[0].start_s,
                    overlap[-1].end_s,
                    f"与客户同时说话 {overlap_s:.1f} 秒：{one.text}",
                )
            )
            break
    all_agent = [piece for turn in agent for piece in turn.turn.pieces]
    all_customer = [piece for turn in customer for piece in turn.turn.pieces]
    both = [
        Evidence(Role.UNKNOWN, span.start_s, span.end_s, f"同时说话 {span.duration_s:.1f} 秒")
        for span in intersection(all_agent, all_customer)
    ]
    return [
        measured("interruption_count", len(evidence), "次", evidence),
        measured("overlap_s", shared_s(all_agent, all_customer), "s", both),
    ]


def is_backchannel(listener: SpokenTurn, speaker: SpokenTurn, settings: MeasureSettings) -> bool:
    """Whether a turn only acknowledges: short, inside the other's turn, and of acknowledging words alone."""
    inside = speaker.turn.start_s <= listener.turn.start_s and listener.turn.end_s <= speaker.turn.end_s
    if not inside or listener.turn.duration_s > settings.backchannel_max_s:
        return False
    rest = listener.text
    # Longest first, so that 好的 is not left with 的.
    for word in sorted(settings.acknowledgements, key=len, reverse=True):
        rest = rest.replace(word, "")
    return not any(character.isalnum() for character in rest)


def talk_shares(dialogue: Dialogue) -> list[Measure]:
    """The agent's share of all talking time, and each party's number of turns."""
    reason = dialogue.one_sided()
    measures = []
    if reason:
        measures.append(not_assessable("agent_talk_ratio", "", reason))
    else:
        agent_s = sum(turn.turn.duration_s for turn in dialogue.of(Role.AGENT))
        customer_s = sum(turn.turn.duration_s for turn in dialogue.of(Role.CUSTOMER))
        measures.append(measured("agent_talk_ratio", agent_s / (agent_s + customer_s), ""))
    for role, name in ((Role.AGENT, "agent_turn_count"), (Role.CUSTOMER, "customer_turn_count")):
        if dialogue.roles_unknown:
            measures.append(not_assessable(name, "次", dialogue.roles_unknown))
        else:
            measures.append(measured(name, len(dialogue.of(role)), "次"))
    return measures

"""How a call begins and ends: greeting latency, greeting, closing, duration, who hung up."""

from __future__ import annotations

from pipeline.features.dialogue import Dialogue, measured, not_assessable
from pipeline.features.events import CallEvents
from pipeline.features.settings import MeasureSettings
from pipeline.types import Evidence, Measure, Role


def greeting_latency(dialogue: Dialogue, settings: MeasureSettings) -> Measure:
    """Seconds from the answer to the agent's first speech (service norm: at most 2 s).

    0 when the agent speaks before the answer. Not assessable when the agent cannot be told apart or never speaks, or
    when the line is so noisy that the first words may drown.
    """
    name, unit = "greeting_latency_s", "s"
    reason = dialogue.unheard(Role.AGENT) or dialogue.too_noisy(settings.greeting_min_snr_db, Role.AGENT)
    if reason:
        return not_assessable(name, unit, reason)
    first = dialogue.of(Role.AGENT)[0]
    answered_at_s = dialogue.call.recording.answered_at_s
    latency_s = max(0.0, first.turn.start_s - answered_at_s)
    waiting = Evidence(Role.AGENT, min(answered_at_s, first.turn.start_s), first.turn.end_s, first.text)
    return measured(
        name,
        latency_s,
        unit,
        [waiting],
        answered_at_s=answered_at_s,
        answer_known_by=_answer_known_by(dialogue),
        first_speech_s=first.turn.start_s,
    )


def _answer_known_by(dialogue: Dialogue) -> str:
    """What the answer time rests on: the manifest, the end of ringing, or the start of the recording."""
    recording = dialogue.call.recording
    if recording.metadata.answered_at_s is not None:
        return "manifest"
    return "recording_start" if recording.ringing_end_s is None else "end_of_ringing"


def greeting_spoken(dialogue: Dialogue, settings: MeasureSettings) -> Measure:
    """Whether the agent's first turn holds a word of greeting."""
    return _any_word(dialogue, "greeting_spoken", settings.greeting_words, slice(0, 1))


def closing_spoken(dialogue: Dialogue, settings: MeasureSettings) -> Measure:
    """Whether the agent's last turns hold a closing word."""
    return _any_word(dialogue, "closing_spoken", settings.closing_words, slice(-settings.closing_turns, None))


def _any_word(dialogue: Dialogue, name: str, words: tuple[str, ...], which: slice) -> Measure:
    reason = dialogue.unheard(Role.AGENT)
    if reason:
        return not_assessable(name, "", reason)
    turns = dialogue.of(Role.AGENT)[which]
    if not any(turn.text for turn in turns):
        return not_assessable(name, "", "这一段坐席的话没有识别出文字")
    saying = [turn for turn in turns if any(word in turn.text for word in words)]
    lost = dialogue.lost_words(turns)
    if lost and not saying:
        return not_assessable(name, "", lost)
    return measured(name, bool(saying), "", [turn.evidence() for turn in saying or turns])


def call_duration(dialogue: Dialogue) -> Measure:
    """Seconds from the answer to the end of the recording."""
    recording = dialogue.call.recording
    length_s = max(0.0, recording.duration_s - recording.answered_at_s)
    whole = [Evidence(Role.UNKNOWN, recording.answered_at_s, recording.duration_s, "")] if length_s else []
    return measured(
        "call_duration_s",
        length_s,
        "s",
        whole,
        answered_at_s=recording.answered_at_s,
        answer_known_by=_answer_known_by(dialogue),
        recording_s=recording.duration_s,
    )


def hang_up_by(dialogue: Dialogue) -> Measure:
    """Who ended the call, as the recording platform says; sound alone does not tell."""
    who = dialogue.call.recording.metadata.hung_up_by
    if who is None:
        return not_assessable("hang_up_by", "", "清单里没有挂机方（hung_up_by）")
    end_s = dialogue.call.recording.duration_s
    last = [Evidence(who, max(0.0, end_s - 5.0), end_s, "")]
    return measured("hang_up_by", who.value, "", last)


def hang_up_delay(events: CallEvents) -> Measure:
    """Seconds from the last word of anybody to the end of the recording."""
    name, unit = "hang_up_delay_s", "s"
    end = events.hang_up
    if end is None:
        return not_assessable(name, unit, "没有听到任何人说话")
    after = [Evidence(Role.UNKNOWN, end.last_word_s, end.end_s, f"最后一句话之后 {end.delay_s:.1f} 秒")]
    return measured(
        name,
        end.delay_s,
        unit,
        after,
        last_word_s=end.last_word_s,
        last_speaker=end.last_speaker.value,
        end_s=end.end_s,
    )

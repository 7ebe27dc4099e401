"""Where nobody speaks: silences by whose words came before, and holds, which are no silence."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.asr.text import character_count
from pipeline.audio.spans import merged
from pipeline.features.dialogue import Dialogue, intersection
from pipeline.features.event_types import Hold, HoldCause, Silence, SilenceKind
from pipeline.features.floor import MARKS, Stretch, TurnIndex
from pipeline.features.settings import MeasureSettings
from pipeline.types import Role, Span


def gaps_of(dialogue: Dialogue) -> list[Span]:
    """Stretches between the answer and the end of the recording without a turn of anybody."""
    recording = dialogue.call.recording
    gaps: list[Span] = []
    at = recording.answered_at_s
    for span in merged([Span(spoken.turn.start_s, spoken.turn.end_s) for spoken in dialogue.turns]):
        if span.start_s > at:
            gaps.append(Span(at, span.start_s))
        at = max(at, span.end_s)
    if recording.duration_s > at:
        gaps.append(Span(at, recording.duration_s))
    return gaps


def silences_of(
    dialogue: Dialogue, index: TurnIndex, gaps: list[Span], holds: tuple[Hold, ...], settings: MeasureSettings
) -> tuple[Silence, ...]:
    """What the holds leave of the gaps, from ``silence_min_s`` on."""
    answered_at_s = dialogue.call.recording.answered_at_s
    kinds = {Role.AGENT: SilenceKind.AFTER_AGENT, Role.CUSTOMER: SilenceKind.AFTER_CUSTOMER}
    found = []
    for gap in gaps:
        before, after = index.last_ended(gap.start_s), index.next_start(gap.end_s)
        kind = SilenceKind.NOBODY
        if before is not None and dialogue.turns[before].turn.end_s > answered_at_s:
            kind = kinds.get(dialogue.turns[before].turn.role, SilenceKind.NOBODY)
        for part in _without(gap, holds):
            if part.duration_s >= settings.silence_min_s:
                found.append(Silence(part.start_s, part.end_s, kind, before, after))
    return tuple(found)


def _without(gap: Span, holds: tuple[Hold, ...]) -> list[Span]:
    """What the holds leave of a gap."""
    left, at = [], gap.start_s
    for hold in holds:
        if hold.end_s <= at or hold.start_s >= gap.end_s:
            continue
        if hold.start_s > at:
            left.append(Span(at, hold.start_s))
        at = hold.end_s
    return [*left, Span(at, gap.end_s)] if at < gap.end_s else left


def holds_of(
    dialogue: Dialogue, index: TurnIndex, gaps: list[Span], stretches: tuple[Stretch, ...], settings: MeasureSettings
) -> tuple[Hold, ...]:
    """Silences that the agent announced (asked and agreed to, or told not to hang up), and hold music.

    A mere 请稍等 that leaves the customer without an answer is dead air, not a hold. Music is heard whoever is where;
    only who announced it needs the roles.
    """
    roles_known = dialogue.roles_unknown is None
    found = []
    by_end = sorted(stretches, key=lambda one: one.end_s)
    ends = [one.end_s for one in by_end]
    music = merged([Span(one.start_s, one.end_s) for one in dialogue.call.acoustics.music or ()])
    for gap in gaps:
        if gap.duration_s < settings.hold_min_s:
            continue
        announced, consented = (
            _announcement(by_end[: bisect_right(ends, gap.start_s)], settings) if roles_known else (None, False)
        )
        playing = intersection([gap], music)
        if announced is None and not playing:
            continue
        cause = HoldCause.MUSIC if playing else HoldCause.ANNOUNCED
        held = gap if announced is not None else _around_music(gap, playing, settings)
        resumed = index.next_start(gap.end_s, Role.AGENT) if roles_known else None
        found.append(Hold(held.start_s, held.end_s, cause, announced, consented, resumed))
    return tuple(found)


def _around_music(gap: Span, playing: Sequence[Span], settings: MeasureSettings) -> Span:
    """The hold that unannounced music shows: from its start to its end, moments of silence at either end included."""
    start_s, end_s = playing[0].start_s, playing[-1].end_s
    return Span(
        gap.start_s if start_s - gap.start_s < settings.hold_min_s else start_s,
        gap.end_s if gap.end_s - end_s < settings.hold_min_s else end_s,
    )


def _announcement(said: Sequence[Stretch], settings: MeasureSettings) -> tuple[int | None, bool]:
    """The agent's turn that announces a hold after these words, and whether the customer agreed to it."""
    consented = False
    for one in reversed(said):
        if one.role is Role.CUSTOMER:
            agrees = one.text.lstrip(MARKS).startswith(settings.consent_words)
            if consented or not agrees or character_count(one.text) > settings.consent_max_characters:
                return None, False
            consented = True
            continue
        told = any(phrase in one.text for phrase in settings.hold_phrases)
        asked = any(phrase in one.text for phrase in settings.wait_phrases)
        return (one.turn if told or (asked and consented) else None), consented
    return None, False

"""Two parties at once: a listener's sounds, and taking the floor while the other speaks."""

from __future__ import annotations

from dataclasses import replace

from pipeline.features.dialogue import Dialogue, intersection
from pipeline.features.event_types import Backchannel, Interruption
from pipeline.features.floor import Stretch, TurnIndex, is_backchannel
from pipeline.features.settings import MeasureSettings
from pipeline.types import Span


def backchannels_of(
    dialogue: Dialogue, index: TurnIndex, stretches: tuple[Stretch, ...], settings: MeasureSettings
) -> tuple[Backchannel, ...]:
    """Acknowledgements while the other party has the floor, in order of time."""
    found = []
    for one in stretches:
        number = index.others_at(dialogue.turns[one.turn].turn.channel, one.start_s)
        if number is not None and is_backchannel(one, dialogue.turns[number], settings):
            found.append(Backchannel(one.role, one.start_s, one.end_s, one.text, one.turn, number))
    return tuple(found)


def interruptions_of(
    dialogue: Dialogue,
    index: TurnIndex,
    stretches: tuple[Stretch, ...],
    backchannels: tuple[Backchannel, ...],
    settings: MeasureSettings,
) -> tuple[Interruption, ...]:
    """Every taking of the floor from the other party, once a turn, in order of time."""
    listening: dict[int, list[Backchannel]] = {}
    for sound in backchannels:
        listening.setdefault(sound.turn, []).append(sound)
    found: dict[tuple[int, int], Interruption] = {}
    for one in stretches:
        number = index.others_at(dialogue.turns[one.turn].turn.channel, one.start_s)
        if number is None:
            continue
        spoken = dialogue.turns[number]
        turn = spoken.turn
        # A listener's 嗯 that follows within the same turn is not what is being interrupted.
        held = tuple(
            piece
            for piece in turn.pieces
            if not any(sound.start_s <= piece.start_s < sound.end_s for sound in listening.get(number, ()))
        )
        if not held or held[-1].end_s <= one.start_s:
            continue
        heard_s = one.start_s - held[0].start_s
        overlap = intersection(one.pieces, held)
        overlap_s = sum(span.duration_s for span in overlap)
        pause_s = _pause_around(held, one.start_s)
        already = found.get((one.turn, number))
        if already is not None and overlap:
            # One turn that cuts into another and pauses there cuts in once.
            found[one.turn, number] = replace(
                already,
                end_s=overlap[-1].end_s,
                overlap_s=already.overlap_s + overlap_s,
                yielded=held[-1].end_s < one.end_s,
            )
            continue
        # Whoever goes on after having been cut short does not interrupt.
        resumes = not one.first and (number, one.turn) in found
        if (
            heard_s >= settings.interruption_min_heard_s
            and overlap_s >= settings.interruption_min_overlap_s
            and pause_s <= settings.breath_s
            and not resumes
            and not is_backchannel(one, spoken, settings)
        ):
            found[one.turn, number] = Interruption(
                by=one.role,
                start_s=overlap[0].start_s,
                end_s=overlap[-1].end_s,
                overlap_s=overlap_s,
                heard_s=heard_s,
                depth_s=held[-1].end_s - one.start_s,
                yielded=held[-1].end_s < one.end_s,
                turn=one.turn,
                interrupted=number,
                text=one.text,
            )
    return tuple(sorted(found.values(), key=lambda one: (one.start_s, one.turn)))


def _pause_around(pieces: tuple[Span, ...], at_s: float) -> float:
    """Length of the pause in which a time lies, 0 where it lies in speech."""
    following = next((place for place, piece in enumerate(pieces) if piece.end_s > at_s), len(pieces))
    if following in (0, len(pieces)) or pieces[following].start_s <= at_s:
        return 0.0
    return pieces[following].start_s - pieces[following - 1].end_s

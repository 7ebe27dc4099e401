"""What happens in a call, event by event: silences, holds, responses, interruptions, back-channels, prompts.

Measures count these events and rules judge them one by one. What needs to know who speaks is empty where roles are
unknown or only one party is heard: the measures of the same events say why.
"""

from __future__ import annotations

from pipeline.features.at_once import backchannels_of, interruptions_of
from pipeline.features.dialogue import Dialogue
from pipeline.features.event_types import (
    Backchannel,
    CallEvents,
    HangUp,
    Hold,
    HoldCause,
    Interruption,
    Monologue,
    Prompt,
    Response,
    Silence,
    SilenceKind,
)
from pipeline.features.floor import MARKS, Stretch, TurnIndex, is_acknowledgement, read_stretches
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.features.silences import gaps_of, holds_of, silences_of
from pipeline.types import Role

__all__ = [
    "Backchannel",
    "CallEvents",
    "HangUp",
    "Hold",
    "HoldCause",
    "Interruption",
    "Monologue",
    "Prompt",
    "Response",
    "Silence",
    "SilenceKind",
    "read_events",
]


def read_events(dialogue: Dialogue, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS) -> CallEvents:
    """Find every event of a call."""
    index = TurnIndex(dialogue)
    stretches = read_stretches(dialogue, index, settings)
    both_heard = dialogue.one_sided() is None
    apart = dialogue.one_line() is None
    backchannels = backchannels_of(dialogue, index, stretches, settings) if apart else ()
    prompts = _prompts(dialogue, stretches, settings) if both_heard else ()
    gaps = gaps_of(dialogue)
    holds = holds_of(dialogue, index, gaps, stretches, settings)
    return CallEvents(
        stretches=stretches,
        silences=silences_of(dialogue, index, gaps, holds, settings),
        holds=holds,
        responses=_responses(dialogue, stretches, backchannels, prompts) if both_heard else (),
        interruptions=interruptions_of(dialogue, index, stretches, backchannels, settings) if apart else (),
        backchannels=backchannels,
        prompts=prompts,
        monologues=_monologues(dialogue, stretches, settings),
        hang_up=_hang_up(dialogue),
    )


def _prompts(dialogue: Dialogue, stretches: tuple[Stretch, ...], settings: MeasureSettings) -> tuple[Prompt, ...]:
    found = []
    quiet_since_s = dialogue.call.recording.answered_at_s
    for one in stretches:
        waited_s = one.start_s - quiet_since_s
        prompting = one.text.lstrip(MARKS).startswith(settings.prompt_words)
        if one.role is Role.CUSTOMER and prompting and waited_s >= settings.prompt_min_wait_s:
            found.append(Prompt(one.start_s, one.end_s, waited_s, one.text, one.turn))
        quiet_since_s = max(quiet_since_s, one.end_s)
    return tuple(found)


def _responses(
    dialogue: Dialogue,
    stretches: tuple[Stretch, ...],
    backchannels: tuple[Backchannel, ...],
    prompts: tuple[Prompt, ...],
) -> tuple[Response, ...]:
    passing = {(one.turn, one.start_s) for one in backchannels}
    prompting = {(one.turn, one.start_s) for one in prompts}

    def answers(one: Stretch, to: Stretch) -> bool:
        # Going on in a turn that began before the other's words, while they last, is no answer to them.
        return one.start_s >= to.end_s or dialogue.turns[one.turn].turn.start_s > to.start_s

    found = []
    answered: Stretch | None = None
    agent_spoke = False
    latest: Stretch | None = None
    for one in stretches:
        key = (one.turn, one.start_s)
        still_waiting = key in prompting and latest is not None and latest.role is Role.CUSTOMER
        if key in passing or still_waiting:
            continue
        if one.role is Role.AGENT:
            asks = latest is not None and latest.role is Role.CUSTOMER and latest is not answered
            if agent_spoke and asks and latest is not None and answers(one, latest):
                answered = latest
                waited_s = max(0.0, one.start_s - latest.end_s)
                found.append(Response(min(latest.end_s, one.start_s), one.start_s, waited_s, latest.turn, one.turn))
            agent_spoke = True
        if latest is None or one.end_s >= latest.end_s:
            latest = one
    return tuple(found)


def _monologues(dialogue: Dialogue, stretches: tuple[Stretch, ...], settings: MeasureSettings) -> tuple[Monologue, ...]:
    """Runs of one party's stretches; acknowledgements of the other, inside or between them, do not end a run."""
    if dialogue.roles_unknown is not None:
        return ()
    held = [one for one in stretches if not is_acknowledgement(one, settings)]
    runs: list[list[Stretch]] = []
    for one in held:
        goes_on = (
            runs
            and runs[-1][-1].role is one.role
            and one.start_s - max(past.end_s for past in runs[-1]) < settings.monologue_max_gap_s
        )
        if goes_on:
            runs[-1].append(one)
        else:
            runs.append([one])
    return tuple(
        Monologue(
            run[0].role,
            run[0].start_s,
            max(one.end_s for one in run),
            tuple(dict.fromkeys(one.turn for one in run)),
        )
        for run in runs
    )


def _hang_up(dialogue: Dialogue) -> HangUp | None:
    if not dialogue.turns:
        return None
    last = max(dialogue.turns, key=lambda spoken: spoken.turn.end_s).turn
    recording = dialogue.call.recording
    return HangUp(recording.metadata.hung_up_by, last.role, last.end_s, recording.duration_s)

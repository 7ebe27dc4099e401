"""What happens in a call, event by event: silences, holds, responses, interruptions, back-channels, prompts.

Measures count these events and rules judge them one by one. Every event is frozen, carries its place in the recording
in seconds, and names turns by their number in ``Dialogue.turns``. What needs to know who speaks is empty where roles
are unknown or only one party is heard: the measures of the same events say why.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.asr.text import character_count
from pipeline.audio.spans import merged
from pipeline.features.dialogue import Dialogue, intersection
from pipeline.features.floor import Stretch, TurnIndex, is_acknowledgement, is_backchannel, read_stretches
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.types import Role, Span

MARKS = "，。？！、；：…,.?!;: "
"""Marks that may stand before the first word of an utterance."""


class SilenceKind(StrEnum):
    """After whose words nobody speaks."""

    NOBODY = "nobody"
    """Nobody has spoken since the answer, or it is not known who spoke."""
    AFTER_AGENT = "after_agent"
    AFTER_CUSTOMER = "after_customer"


class HoldCause(StrEnum):
    """How a hold is known."""

    ANNOUNCED = "announced"
    """The agent said so, and both were silent."""
    MUSIC = "music"
    """Hold music is heard."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch after the answer in which nobody has the floor and nobody is on hold.

    ``before`` and ``after`` are the turns around it, None at the ends of the call.
    """

    start_s: float
    end_s: float
    kind: SilenceKind
    before: int | None
    after: int | None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Hold:
    """The customer waits on hold: its seconds are no silence.

    ``announced`` is the agent's turn that says so, None where none does; ``consented`` whether the customer agreed
    before it began; ``resumed`` the agent's first turn afterwards, None where the agent never came back.
    """

    start_s: float
    end_s: float
    cause: HoldCause
    announced: int | None
    consented: bool
    resumed: int | None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Response:
    """From the end of a customer's words (``start_s``) to the agent's next (``end_s``); the greeting is none.

    ``waited_s`` is 0 where the agent began before the customer ended. ``asked`` and ``answered`` are the two turns.
    A customer's 喂 in between does not end the wait.
    """

    start_s: float
    end_s: float
    waited_s: float
    asked: int
    answered: int


@dataclass(frozen=True, slots=True)
class Interruption:
    """One party takes the floor while the other speaks; ``start_s`` to ``end_s`` is where both speak at once.

    ``overlap_s`` are the seconds of both speaking, ``heard_s`` how long the other had spoken by then, ``depth_s`` how
    long before the other's end it came, ``yielded`` whether the other gave way (ended first). ``text`` are the words
    that interrupt.
    """

    by: Role
    start_s: float
    end_s: float
    overlap_s: float
    heard_s: float
    depth_s: float
    yielded: bool
    turn: int
    interrupted: int
    text: str


@dataclass(frozen=True, slots=True)
class Backchannel:
    """A listener's sound (嗯, 好的) while the other party has the floor; ``speaker`` is the other's turn."""

    by: Role
    start_s: float
    end_s: float
    text: str
    turn: int
    speaker: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """The customer says 喂 because nobody reacts; ``waited_s`` is the silence before it."""

    start_s: float
    end_s: float
    waited_s: float
    text: str
    turn: int


@dataclass(frozen=True, slots=True)
class Monologue:
    """One party's turns with nothing but back-channels of the other and no silence of two seconds in between."""

    by: Role
    start_s: float
    end_s: float
    turns: tuple[int, ...]

    @property
    def duration_s(self) -> float:
        """Length in seconds, pauses included."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class HangUp:
    """The end of the call: who ended it (None where the platform is silent), after whose last word, how long after."""

    by: Role | None
    last_speaker: Role
    last_word_s: float
    end_s: float

    @property
    def delay_s(self) -> float:
        """Seconds from the last word to the end of the recording."""
        return max(0.0, self.end_s - self.last_word_s)


@dataclass(frozen=True, slots=True)
class CallEvents:
    """All events of a call, each kind in order of time; ``hang_up`` is None where nobody spoke."""

    stretches: tuple[Stretch, ...]
    silences: tuple[Silence, ...]
    holds: tuple[Hold, ...]
    responses: tuple[Response, ...]
    interruptions: tuple[Interruption, ...]
    backchannels: tuple[Backchannel, ...]
    prompts: tuple[Prompt, ...]
    monologues: tuple[Monologue, ...]
    hang_up: HangUp | None

    def interruptions_by(self, role: Role) -> tuple[Interruption, ...]:
        """Those of one party."""
        return tuple(one for one in self.interruptions if one.by is role)

    def backchannels_by(self, role: Role) -> tuple[Backchannel, ...]:
        """Those of one party."""
        return tuple(one for one in self.backchannels if one.by is role)

    def silences_of(self, kind: SilenceKind) -> tuple[Silence, ...]:
        """Those of one kind."""
        return tuple(one for one in self.silences if one.kind is kind)


def read_events(dialogue: Dialogue, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS) -> CallEvents:
    """Find every event of a call."""
    index = TurnIndex(dialogue)
    stretches = read_stretches(dialogue, index, settings)
    both_heard = dialogue.one_sided() is None
    backchannels = _backchannels(dialogue, index, stretches, settings) if both_heard else ()
    prompts = _prompts(dialogue, stretches, settings) if both_heard else ()
    gaps = _gaps(dialogue)
    holds = _holds(dialogue, index, gaps, stretches, settings)
    return CallEvents(
        stretches=stretches,
        silences=_silences(dialogue, index, gaps, holds, settings),
        holds=holds,
        responses=_responses(dialogue, stretches, backchannels, prompts) if both_heard else (),
        interruptions=_interruptions(dialogue, index, stretches, backchannels, settings) if both_heard else (),
        backchannels=backchannels,
        prompts=prompts,
        monologues=_monologues(dialogue, stretches, settings),
        hang_up=_hang_up(dialogue),
    )


def _gaps(dialogue: Dialogue) -> list[Span]:
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


def _silences(
    dialogue: Dialogue, index: TurnIndex, gaps: list[Span], holds: tuple[Hold, ...], settings: MeasureSettings
) -> tuple[Silence, ...]:
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


def _holds(
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


def _backchannels(
    dialogue: Dialogue, index: TurnIndex, stretches: tuple[Stretch, ...], settings: MeasureSettings
) -> tuple[Backchannel, ...]:
    found = []
    for one in stretches:
        number = index.others_at(dialogue.turns[one.turn].turn.channel, one.start_s)
        if number is not None and is_backchannel(one, dialogue.turns[number], settings):
            found.append(Backchannel(one.role, one.start_s, one.end_s, one.text, one.turn, number))
    return tuple(found)


def _interruptions(
    dialogue: Dialogue,
    index: TurnIndex,
    stretches: tuple[Stretch, ...],
    backchannels: tuple[Backchannel, ...],
    settings: MeasureSettings,
) -> tuple[Interruption, ...]:
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

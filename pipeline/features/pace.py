"""How fast the parties speak, turn by turn and minute by minute: what rates are summed from and rules look at."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from pipeline.features.dialogue import Dialogue, SpokenTurn, shared_s
from pipeline.features.floor import characters_between, place_characters
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.types import Role, Span

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class TurnPace:
    """How fast one turn is spoken; ``turn`` is its number in ``Dialogue.turns``.

    Turns in which no word was recognised are left out: a cough taken for a turn must not slow anybody down.
    """

    role: Role
    turn: int
    start_s: float
    end_s: float
    characters: int
    speech_s: float

    @property
    def turn_s(self) -> float:
        """Seconds of the turn, its pauses included."""
        return self.end_s - self.start_s

    @property
    def speaking_cpm(self) -> float:
        """Characters per minute of the turn, pauses included."""
        return self.characters * MINUTE_S / self.turn_s

    @property
    def articulation_cpm(self) -> float:
        """Characters per minute of speech, pauses left out."""
        return self.characters * MINUTE_S / self.speech_s


@dataclass(frozen=True, slots=True)
class MinutePace:
    """How fast one party speaks in one minute of the call (counted from the answer; the last one may be shorter).

    ``turn_s`` are the seconds of the party's turns within the minute, pauses included; ``speaking_cpm`` is None where
    the party says too little in it (the settings' least characters and seconds of a rate).
    """

    role: Role
    start_s: float
    end_s: float
    characters: int
    turn_s: float
    speaking_cpm: float | None


def turn_paces(dialogue: Dialogue, role: Role) -> tuple[TurnPace, ...]:
    """The pace of every turn of a party in which words were recognised, in order of time."""
    return tuple(
        TurnPace(role, number, spoken.turn.start_s, spoken.turn.end_s, spoken.characters, spoken.turn.speech_s)
        for number, spoken in enumerate(dialogue.turns)
        if spoken.turn.role is role and spoken.characters
    )


def minute_paces(
    dialogue: Dialogue, role: Role, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS
) -> tuple[MinutePace, ...]:
    """The pace of a party in every minute of the call, in order of time."""
    recording = dialogue.call.recording
    turns = [spoken for spoken in dialogue.of(role) if spoken.characters]
    starts = [spoken.turn.start_s for spoken in turns]
    paces = []
    start_s = recording.answered_at_s
    while start_s < recording.duration_s:
        end_s = min(start_s + MINUTE_S, recording.duration_s)
        # Turns of one party follow each other: only the last one begun before may reach into this minute.
        first = max(0, bisect_left(starts, start_s) - 1)
        here = turns[first : bisect_left(starts, end_s)]
        paces.append(_minute(here, role, start_s, end_s, settings))
        start_s += MINUTE_S
    return tuple(paces)


def _minute(turns: list[SpokenTurn], role: Role, start_s: float, end_s: float, settings: MeasureSettings) -> MinutePace:
    characters = sum(characters_between(place_characters(spoken), start_s, end_s) for spoken in turns)
    turn_s = shared_s([Span(spoken.turn.start_s, spoken.turn.end_s) for spoken in turns], [Span(start_s, end_s)])
    enough = characters >= settings.rate_min_characters and turn_s >= settings.rate_min_speech_s
    return MinutePace(role, start_s, end_s, characters, turn_s, characters * MINUTE_S / turn_s if enough else None)

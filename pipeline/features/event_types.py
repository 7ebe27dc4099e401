"""The values that events of a call are: silences, holds, responses, interruptions, back-channels, prompts.

Every event is frozen, carries its place in the recording in seconds, and names turns by their number in
``Dialogue.turns``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.features.floor import Stretch
from pipeline.types import Role


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

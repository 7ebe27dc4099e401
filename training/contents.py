"""What a training pack says: texts already masked, agents already without names where they are to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.types import FloatArray, Role
from quality.error_scope import ErrorScope
from store.training import ErrorMonth


@dataclass(frozen=True, slots=True)
class Options:
    """How a pack is made.

    Attributes:
        clips: most stretches that are cut out.
        pre_roll_s: seconds before the evidence.
        mask_customer: whether the customer is not to be heard; the clips then hold the agent alone.
        names: whether agents and teams stand there by name; else they are Agent A, B, …
    """

    clips: int = 8
    pre_roll_s: float = 3.0
    mask_customer: bool = False
    names: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance; ``at_s`` is seconds from the start of the clip, ``flagged`` marks the evidence."""

    role: Role
    at_s: float
    text: str
    flagged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound that may be played to others: shape (channels, frames), cut from ``start_s`` to ``end_s``."""

    samples: FloatArray
    sample_rate_hz: int
    start_s: float
    end_s: float
    bleeps: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1]) / self.sample_rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One stretch of a call, to read and to hear.

    Attributes:
        file: name of its clip in the pack; empty where there is none, and ``problem`` says why.
        agent, team: as they may be called.
        day: when the call was, as a date.
        recording_id: of the call; empty in a pack without names.
        rule: what flagged it; empty for a good example.
        confirmed: whether a person has confirmed it.
        lines: what is said in the clip.
    """

    file: str
    agent: str
    team: str
    business_type: str
    day: str
    recording_id: str
    rule: str
    confirmed: bool
    lines: tuple[Line, ...]
    clip: Clip | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TaughtRule:
    """A rule in words, and what the norms say instead."""

    id: str
    title: str
    why: str
    cost: str
    hits: int
    explained: tuple[str, ...]
    say: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Everything that goes into the files."""

    month: str
    number: int
    name: str
    quote: str
    calls: int
    share: float
    history: tuple[ErrorMonth, ...]
    scope: ErrorScope
    agents: tuple[tuple[str, int], ...]
    teams: tuple[tuple[str, int], ...]
    business_types: tuple[tuple[str, int], ...]
    rules: tuple[TaughtRule, ...]
    excerpts: tuple[Excerpt, ...]
    good: Excerpt | None
    options: Options


SCOPES = {
    "individual": ("个别", "问题出在个别坐席：一对一辅导。"),
    "group": ("班组", "问题出在个别班组：在班组里讲。"),
    "universal": ("普遍", "各班组都有：安排全员培训，并看流程和口径本身。"),
    "none": ("不突出", "没有哪个坐席或班组明显偏多，总体也没有超过允许的比例。"),
    "not enough data": ("数据不足", "每位坐席的通话还太少，看不出是谁的问题；先不要下结论。"),
}
"""Scope in words: the label, and what a trainer does about it."""


def scope_key(scope: ErrorScope) -> str:
    """The scope, or that there is not enough data for one."""
    return "not enough data" if scope.scope.value == "none" and not scope.enough else scope.scope.value


def letters(count: int) -> list[str]:
    """A, B, … Z, AA, AB, …: what agents are called."""
    found = []
    for number in range(count):
        name = ""
        rest = number + 1
        while rest:
            rest, digit = divmod(rest - 1, 26)
            name = chr(65 + digit) + name
        found.append(name)
    return found


def called(ids: Sequence[str], names: bool, what: str) -> dict[str, str]:
    """What each agent or team is called: itself, or a letter in the given order."""
    if names:
        return {one: one for one in ids}
    return {one: f"{what} {letter}" for one, letter in zip(ids, letters(len(ids)), strict=True)}

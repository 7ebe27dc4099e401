"""Where in a call a condition looks: whose turns, which of them, which seconds, how near to another match."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pipeline.rules.matching import Wording
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

WITHIN_PATTERN = r"same turn|[1-9]\d{0,3} turns? (before|after|around)|\d{1,5}(\.\d+)? seconds? (before|after|around)"
WITHIN_EXPECTED = "'same turn', 'N turns before|after|around' or 'N seconds before|after|around'"


@dataclass(frozen=True, slots=True)
class Near:
    """``within``, read: so many turns or seconds on one side or both sides of a match."""

    before_turns: int = 0
    after_turns: int = 0
    before_s: float | None = None
    after_s: float | None = None

    @classmethod
    def read(cls, text: str) -> Near:
        """Understand a text that fits ``WITHIN_PATTERN``."""
        if text == "same turn":
            return cls(before_turns=0, after_turns=0)
        amount, unit, side = re.split(r"\s+", text)
        before, after = side in ("before", "around"), side in ("after", "around")
        if unit.startswith("second"):
            seconds = float(amount)
            return cls(before_s=seconds if before else None, after_s=seconds if after else None)
        count = int(amount)
        # -1 shuts a side off, the match's own turn included.
        return cls(before_turns=count if before else -1, after_turns=count if after else -1)


@dataclass(frozen=True, slots=True)
class Window:
    """The turns that a condition looks at, cut to places of the plain text and to seconds."""

    turns: tuple[int, ...]
    start: int
    end: int
    start_s: float
    end_s: float

    def holds(self, view: CallView, start: int, end: int, wording: Wording) -> bool:
        """Whether words at a place are inside; of words across an edge in time, their middle decides."""
        return (
            self.start <= start
            and end <= self.end
            and view.text.turn_at(start) in self.turns
            and self.start_s <= (wording.start_s + wording.end_s) / 2 <= self.end_s
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Turns of a role (None: everybody), ``turns`` from-to counted from 1 or from the end, seconds, surroundings."""

    role: Role | None
    turns: tuple[int, int] | None = None
    first_s: float | None = None
    last_s: float | None = None
    near: Near | None = None

    def window(self, view: CallView, around: Match | None) -> Window:
        """The part of a call that is looked at."""
        numbers = view.turns_of(self.role)
        if self.turns is not None:
            first, last = (place - 1 if place > 0 else len(numbers) + place for place in self.turns)
            numbers = numbers[max(first, 0) : max(last + 1, 0)]
        start, end = 0, len(view.text.plain)
        start_s, end_s = -math.inf, math.inf
        if self.first_s is not None:
            end_s = view.answered_at_s + self.first_s
        if self.last_s is not None:
            start_s = view.end_s - self.last_s
        if self.near is not None and around is not None:
            if self.near.before_s is not None or self.near.after_s is not None:
                before_s, after_s = self.near.before_s, self.near.after_s
                start_s = max(start_s, around.end_s if before_s is None else around.start_s - before_s)
                end_s = min(end_s, around.start_s if after_s is None else around.end_s + after_s)
            else:
                numbers = self._neighbours(view, numbers, around, self.near)
                if around.span is not None:
                    start = around.span[1] if self.near.before_turns < 0 else start
                    end = around.span[0] if self.near.after_turns < 0 else end
        spoken = view.dialogue.turns
        inside = tuple(
            number
            for number in numbers
            if spoken[number].turn.start_s <= end_s and spoken[number].turn.end_s >= start_s
        )
        return Window(inside, start, end, start_s, end_s)

    def _neighbours(self, view: CallView, numbers: list[int], around: Match, near: Near) -> list[int]:
        own = _turn_of(view, around)
        before = [number for number in numbers if number < own]
        after = [number for number in numbers if number > own]
        return [
            *(before[-near.before_turns :] if near.before_turns > 0 else []),
            *(number for number in numbers if number == own),
            *(after[: near.after_turns] if near.after_turns > 0 else []),
        ]


def _turn_of(view: CallView, match: Match) -> int:
    if match.span is not None:
        return view.text.turn_at(match.span[0])
    started = [number for number, spoken in enumerate(view.dialogue.turns) if spoken.turn.start_s <= match.start_s]
    return started[-1] if started else 0

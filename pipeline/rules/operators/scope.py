"""Where in a call a condition looks: whose turns, which of them, which seconds, how near to another match."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition, Operator, Parameters, written_as
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

WITHIN_PATTERN = r"same turn|[1-9]\d{0,3} turns? (before|after|around)|\d{1,5}(\.\d+)? seconds? (before|after|around)"
WITHIN_EXPECTED = "'same turn', 'N turns before|after|around' or 'N seconds before|after|around'"

_WITHIN_FORMS = (
    "`same turn`（同一段话）、`N turns before|after|around`（前、后、前后几段）"
    "或 `N seconds before|after|around`（几秒）"
)

Within = Annotated[str, AfterValidator(written_as(WITHIN_PATTERN, WITHIN_EXPECTED))]
RoleWord = Literal["agent", "customer", "anyone"]
Seconds = Annotated[float, Field(gt=0, le=86400)]


def _which_hit(hit: str | int) -> str | int:
    if hit in ("first", "last", "each", "any") or (isinstance(hit, int) and not isinstance(hit, bool) and hit >= 1):
        return hit
    raise ValueError("expected first, last, each, any, or a number from 1 on")


class NearAnchor(Parameters):
    """The surroundings of what an anchor of the rule finds."""

    anchor: str = Field(description="本规则 `anchors` 里的名字。")
    hit: Annotated[str | int, AfterValidator(_which_hit)] = Field(
        default="any",
        description="看锚点的哪一处：`first` 第一处，`last` 最后一处，数字 n 是第 n 处，"
        "`any` 任何一处附近成立即可，`each` 每一处附近都要成立（`not` 之下：缺一处报一处）。",
        json_schema_extra={
            "anyOf": [{"enum": ["first", "last", "each", "any"]}, {"type": "integer", "minimum": 1}],
        },
    )
    within: Within = Field(description=f"离那一处多近：{_WITHIN_FORMS}。")


class ScopedOperator(Operator):
    """An operator that can be told where to look."""

    turns: tuple[int, int] | None = Field(
        default=None, description="只看该方的第几段到第几段话，从 1 数起；负数从最后数起，`[-2, -1]` 是最后两段。"
    )
    first_s: Seconds | None = Field(default=None, description="只看接通后的前多少秒。")
    last_s: Seconds | None = Field(default=None, description="只看录音结束前的多少秒。")
    between_s: tuple[float, float] | None = Field(
        default=None, description="只看接通后第几秒到第几秒；负数从录音结束往前数，`[-30, -10]`。"
    )
    between_percent: tuple[float, float] | None = Field(
        default=None, description="只看通话（接通到录音结束）的百分之几到百分之几：`[0, 20]` 是前五分之一。"
    )
    within: Within | None = Field(default=None, description=f"只看命中处的附近，只用于 `unless`：{_WITHIN_FORMS}。")
    near: NearAnchor | None = Field(default=None, description="只看本规则某个锚点（`anchors`）命中处的附近。")
    every_turn: bool = Field(
        default=False, description="范围里该方说了话的每一段都要成立；`not` 之下：哪一段没有，报哪一段。"
    )
    times: int = Field(default=1, ge=1, le=1000, description="范围里至少要有几处才算成立。")

    @model_validator(mode="after")
    def _scope_is_consistent(self) -> ScopedOperator:
        if self.turns is not None:
            first, last = self.turns
            if first == 0 or last == 0:
                raise ValueError("turns are counted from 1, or from -1 for the last; 0 is none of them")
            if (first > 0) == (last > 0) and first > last:
                raise ValueError(f"turns run from {first} to {last}; put the earlier one first")
        if self.between_s is not None:
            start, end = self.between_s
            if not all(map(math.isfinite, self.between_s)) or ((start >= 0) == (end >= 0) and start >= end):
                raise ValueError(f"between_s runs from {start:g} to {end:g}; put the earlier second first")
        if self.between_percent is not None:
            start, end = self.between_percent
            if not 0 <= start < end <= 100:
                raise ValueError(
                    f"between_percent runs from {start:g} to {end:g}; expected 0 to 100, the earlier one first"
                )
        if self.within is not None and self.near is not None:
            raise ValueError("within and near both say where; keep one of them")
        if self.every_turn and self.times > 1:
            raise ValueError("every_turn and times cannot be combined; keep one of them")
        return self

    def scope(self, role: str, to: Compilation) -> Scope:
        """The scope compiled; the names of anchors were checked before."""
        anchor = None
        if self.near is not None:
            anchor = Anchor(to.anchors[self.near.anchor], self.near.hit)
        text = self.within if self.near is None else self.near.within
        place = (role, self.turns, self.first_s, self.last_s, self.between_s, self.between_percent)
        return Scope(
            role=None if role == "anyone" else Role(role),
            turns=self.turns,
            first_s=self.first_s,
            last_s=self.last_s,
            between_s=self.between_s,
            between_percent=self.between_percent,
            near=None if text is None else Near.read(text),
            anchor=anchor,
            every_turn=self.every_turn,
            times=self.times,
            place=to.places.setdefault(place, len(to.places)) if text is None else None,
        )


@dataclass(frozen=True, slots=True)
class Anchor:
    """A condition whose matches other conditions look near, and which of the matches."""

    condition: Condition
    hit: str | int


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


@dataclass(slots=True)
class Window:
    """The turns that a condition looks at, cut to places of the plain text and to seconds; nobody changes one.

    Attributes:
        whole: nothing is cut away but the other party's turns, so that places need no look at times.
        by_turns: turns were chosen, so that an event that belongs to a turn must belong to one of these.
        centre: the match in whose surroundings this is, None where the window is of the call.
    """

    turns: tuple[int, ...]
    members: frozenset[int]
    start: int
    end: int
    start_s: float
    end_s: float
    whole: bool
    by_turns: bool = False
    centre: Match | None = None

    def holds(self, view: CallView, start: int, end: int) -> bool:
        """Whether words at a place are inside; of words across an edge in time, their middle decides."""
        # Most words are outside of most windows: the places of the first and last turn tell without a search.
        if start < self.start or end > self.end or view.text.turn_at(start) not in self.members:
            return False
        if self.whole:
            return True
        if self.start_s == -math.inf and self.end_s == math.inf:
            return True
        wording = view.text.wording(start, end)
        return self.start_s <= (wording.start_s + wording.end_s) / 2 <= self.end_s

    def holds_event(self, start_s: float, end_s: float, turn: int | None) -> bool:
        """Whether something that is not words is inside: by its turn where turns are chosen, and by its middle."""
        if self.by_turns and turn is not None and turn not in self.members:
            return False
        return self.start_s <= (start_s + end_s) / 2 <= self.end_s


@dataclass(frozen=True, slots=True)
class Scope:
    """Turns of a role (None: everybody), ``turns`` from-to counted from 1 or from the end, seconds, surroundings."""

    role: Role | None
    turns: tuple[int, int] | None = None
    first_s: float | None = None
    last_s: float | None = None
    between_s: tuple[float, float] | None = None
    between_percent: tuple[float, float] | None = None
    near: Near | None = None
    anchor: Anchor | None = None
    every_turn: bool = False
    times: int = 1
    place: int | None = None
    no_seconds: bool = field(init=False)
    is_whole_call: bool = field(init=False)
    """Whether nothing is cut away but the other party's turns."""
    span: slice | None = field(init=False, compare=False)
    """``turns`` as they are cut out of a party's."""

    def __post_init__(self) -> None:
        """Tell once what most scopes do not ask for."""
        span = None
        if self.turns is not None:
            first, last = self.turns
            span = slice(first - 1 if first > 0 else first, last if last > 0 else last + 1 or None)
        object.__setattr__(self, "span", span)
        chosen = (self.first_s, self.last_s, self.between_s, self.between_percent, self.near)
        object.__setattr__(self, "no_seconds", all(one is None for one in chosen))
        object.__setattr__(self, "is_whole_call", self.no_seconds and self.turns is None)

    def window(self, view: CallView, around: Match | None) -> Window:
        """The part of a call that is looked at, near ``around`` where the scope says so."""
        if self.place is None:
            return self._cut(view, around)
        known = view.windows.get(self.place)
        if known is None:
            view.windows[self.place] = known = self._cut(view, around)
        return known

    def _cut(self, view: CallView, around: Match | None) -> Window:
        if self.is_whole_call:
            return whole_call(view, self.role)
        numbers = self._chosen(view)
        by_turns = self.turns is not None
        if by_turns and self.no_seconds:
            return _of_turns(view, numbers)
        whole_end = len(view.text.plain)
        start, end = 0, whole_end
        start_s, end_s = self._seconds(view)
        if self.near is not None and around is not None:
            if self.near.before_s is not None or self.near.after_s is not None:
                before_s, after_s = self.near.before_s, self.near.after_s
                start_s = max(start_s, around.end_s if before_s is None else around.start_s - before_s)
                end_s = min(end_s, around.start_s if after_s is None else around.end_s + after_s)
            else:
                by_turns = True
                numbers = self._neighbours(view, numbers, around, self.near)
                if around.span is not None:
                    start = around.span[1] if self.near.before_turns < 0 else start
                    end = around.span[0] if self.near.after_turns < 0 else end
        numbers = _during(view, numbers, start_s, end_s)
        only_turns = start_s == -math.inf and end_s == math.inf and start == 0 and end == whole_end
        if numbers:
            start, end = max(start, view.text.starts[numbers[0]]), min(end, view.text.end_of(numbers[-1]))
        return Window(
            numbers, frozenset(numbers), start, end, start_s, end_s, only_turns, by_turns, around if self.near else None
        )

    def turns_in(self, view: CallView) -> tuple[int, ...]:
        """The turns of the window of a call, where the scope asks for no surroundings."""
        numbers = self._chosen(view)
        return numbers if self.no_seconds else _during(view, numbers, *self._seconds(view))

    def _chosen(self, view: CallView) -> tuple[int, ...]:
        """The party's turns from-to."""
        numbers = view.turns_of(self.role)
        return numbers if self.span is None else numbers[self.span]

    def _seconds(self, view: CallView) -> tuple[float, float]:
        start_s, end_s = -math.inf, math.inf
        if self.first_s is not None:
            end_s = view.answered_at_s + self.first_s
        if self.last_s is not None:
            start_s = view.end_s - self.last_s
        if self.between_s is not None:
            first, last = (view.answered_at_s + place if place >= 0 else view.end_s + place for place in self.between_s)
            start_s, end_s = max(start_s, first), min(end_s, last)
        if self.between_percent is not None:
            length_s = max(0.0, view.end_s - view.answered_at_s)
            first, last = (view.answered_at_s + length_s * percent / 100 for percent in self.between_percent)
            start_s, end_s = max(start_s, first), min(end_s, last)
        return start_s, end_s

    def _neighbours(self, view: CallView, numbers: tuple[int, ...], around: Match, near: Near) -> tuple[int, ...]:
        own = turn_of(view, around)
        # What lies between two turns (a silence, a hold) has none of its own: the one before it is before it.
        between = (
            around.span is None and around.turn is None and view.dialogue.ends_s[own] <= around.start_s
            if view.dialogue.turns
            else False
        )
        before = [number for number in numbers if number < own + between]
        after = [number for number in numbers if number > own]
        return (
            *(before[-near.before_turns :] if near.before_turns > 0 else ()),
            *(number for number in numbers if number == own and not between),
            *(after[: near.after_turns] if near.after_turns > 0 else ()),
        )


def _during(view: CallView, numbers: tuple[int, ...], start_s: float, end_s: float) -> tuple[int, ...]:
    """Those of the turns that reach into a stretch of time; turns are in order of their starts."""
    if end_s < math.inf:
        numbers = numbers[: bisect_left(numbers, bisect_right(view.dialogue.starts_s, end_s))]
    if start_s > -math.inf:
        ends_s = view.dialogue.ends_s
        numbers = tuple([number for number in numbers if ends_s[number] >= start_s])
    return numbers


def whole_call(view: CallView, role: Role | None) -> Window:
    """The window of everything that a party says."""
    numbers = view.turns_of(role)
    return Window(numbers, frozenset(numbers), 0, len(view.text.plain), -math.inf, math.inf, True)


def _of_turns(view: CallView, numbers: tuple[int, ...]) -> Window:
    """The window of chosen turns, whole."""
    text = view.text
    start, end = (text.starts[numbers[0]], text.ends[numbers[-1]]) if numbers else (0, len(text.plain))
    return Window(numbers, frozenset(numbers), start, end, -math.inf, math.inf, True, True)


def turn_of(view: CallView, match: Match) -> int:
    """Number of the turn that a match belongs to: by its words, by what it says, else by its start."""
    if match.span is not None:
        return view.text.turn_at(match.span[0])
    if match.turn is not None:
        return match.turn
    # Turns are in order of their starts.
    return max(0, bisect_right(view.dialogue.starts_s, match.start_s) - 1)

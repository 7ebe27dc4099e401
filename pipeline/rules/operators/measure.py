"""``measure``: a measured value that is too high, too low, or a certain word."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pipeline.rules.known_measures import KNOWN_MEASURES, ROLE_NAMES, readable
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import Evidence, MatchKind, Role

NEVER_TAKEN = "这通电话没有“{title}”这项测量"


class MeasureIs(ScopedOperator):
    """A measure of the call is outside its limits.

    测量值越界：某项测量值高于（above、at_least）或低于（below、at_most）界限，或正是某个值（is）。

    用途：手册里用秒、次数、分贝和语速来要求的，是量出来的，不是说出来的。

    误判：界限离平常的通话太近（自然的普通话本来就快过每分钟 120 字）。测不出来的（单声道、没有清单），规则无法判断，
    并说明原因。

    命中：``measure: {name: greeting_latency_s, above: 2}``，坐席 3.4 秒后才开口。

    不命中：坐席 2.0 秒后开口。

    Why: what handbooks ask in seconds, counts, decibels and rates is measured, not said.

    False alarms: a limit close to what ordinary calls show (natural Mandarin is faster than 120 characters a minute).
    Where the measure cannot be known (one channel, no metadata), the rule is not assessable and says why.

    Matches: ``measure: {name: greeting_latency_s, above: 2}`` on a call whose agent speaks after 3.4 s.

    Does not match: a call whose agent speaks after 2.0 s.
    """

    TITLE: ClassVar[str] = "测量值越界"
    VALUES_WHEN_MISSING: ClassVar[bool] = True

    role: RoleWord = Field(default="anyone", description="只取该方的证据；测量的是谁，名字里已经写明。")
    name: str = Field(description="测量项的名字（见下面的测量项表）。")
    above: float | None = Field(default=None, allow_inf_nan=False, description="大于它时命中。")
    at_least: float | None = Field(default=None, allow_inf_nan=False, description="大于或等于它时命中。")
    below: float | None = Field(default=None, allow_inf_nan=False, description="小于它时命中。")
    at_most: float | None = Field(default=None, allow_inf_nan=False, description="小于或等于它时命中。")
    equals: bool | str | None = Field(
        default=None, alias="is", description="等于它时命中：`true`、`false`、`agent` 或 `customer`。"
    )
    each: bool = Field(
        default=False, description="每处证据各算一次命中（例如每一次打断），否则整通电话算一次，以最重的一处为证据。"
    )

    @model_validator(mode="after")
    def _consistent(self) -> MeasureIs:
        known = KNOWN_MEASURES.get(self.name)
        if known is None:
            # The name is reported by the loader, which can propose the nearest one.
            return self
        low = [limit for limit in (self.above, self.at_least) if limit is not None]
        high = [limit for limit in (self.below, self.at_most) if limit is not None]
        if len(low) > 1 or len(high) > 1 or not (low or high or self.equals is not None):
            raise ValueError("expected above or at_least, and/or below or at_most; or is alone")
        if self.equals is not None and (low or high):
            raise ValueError("expected either limits or is, not both")
        if low and high and low[0] > high[0]:
            raise ValueError(f"no value is over {low[0]:g} and under {high[0]:g}; correct one of the limits")
        if known.kind == "number" and self.equals is not None:
            raise ValueError(f"{self.name} is a number; expected above, at_least, below or at_most")
        if known.kind == "yes_no" and not isinstance(self.equals, bool):
            raise ValueError(f"{self.name} is yes or no; expected is: true or is: false")
        if known.kind == "role" and self.equals not in ("agent", "customer"):
            raise ValueError(f"{self.name} is a party; expected is: agent or is: customer")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledMeasure(self.scope(self.role, to), self, self._asked_for())

    def _asked_for(self) -> str:
        if self.equals is not None:
            if isinstance(self.equals, bool):
                return "是" if not self.equals else "否"
            return f"不是{ROLE_NAMES[self.equals]}"
        limits = (
            (self.above, "不超过 {}"),
            (self.at_least, "低于 {}"),
            (self.below, "不低于 {}"),
            (self.at_most, "高于 {}"),
        )
        return "，或".join(words.format(_limit(self.name, limit)) for limit, words in limits if limit is not None)


def _limit(name: str, limit: float) -> str:
    unit = KNOWN_MEASURES[name].unit
    return f"{limit:g} {'秒' if unit == 's' else unit}".rstrip()


_NUMBERS = (float, int)
Limit = tuple[str, Callable[[Any, Any], bool], Any, tuple[type, ...]]
"""A measure's name, what its value must pass to be outside, the limit, and the kinds of value that can be compared."""


class CompiledMeasure(Looking):
    """``measure`` ready to look at calls.

    ``asked_for`` is the threshold as people read it; a value is outside when it passes all ``limits``.
    """

    __slots__ = ("asked_for", "limits", "name", "parameters")

    COST = 1

    def __init__(self, scope: Scope, parameters: MeasureIs, asked_for: str) -> None:
        """Keep the limits."""
        super().__init__(scope)
        self.parameters = parameters
        self.name = parameters.name
        equals = parameters.equals
        checks = (
            (operator.gt, parameters.above, _NUMBERS),
            (operator.ge, parameters.at_least, _NUMBERS),
            (operator.lt, parameters.below, _NUMBERS),
            (operator.le, parameters.at_most, _NUMBERS),
            (operator.eq, equals, (type(equals),)),
        )
        self.limits = tuple((self.name, passes, limit, kinds) for passes, limit, kinds in checks if limit is not None)
        self.asked_for = asked_for

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """As every operator; most values are inside their limits, which is told at once."""
        value = view.value(self.name)
        if value is not None and not self._outside(value):
            return CLEAR
        return super().evaluate(view, around)

    def unknown(self, view: CallView) -> str | None:
        """The measure's own reason."""
        if view.value(self.name) is not None:
            return None
        reason = view.why_unmeasured(self.name)
        return reason or NEVER_TAKEN.format(title=KNOWN_MEASURES[self.name].title)

    def possible(self, view: CallView) -> bool:
        """Whether the value is outside."""
        value = view.value(self.name)
        return value is not None and self._outside(value)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The evidence of the measure inside the window."""
        role = self.scope.role
        if window.whole and role is None and not self.parameters.each:
            # As mostly: the value is shown with the first evidence, whatever it is.
            first = view.first_evidence(self.name)
            yield self.nothing_found(view, window) if first is None else self._match(view, first)
            return
        measure = view.measure(self.name)
        if measure is None:
            return
        if not measure.evidence:
            yield self.nothing_found(view, window)
            return
        for evidence in measure.evidence:
            if role is not None and evidence.role not in (role, Role.UNKNOWN):
                continue
            if window.whole or window.holds_event(evidence.start_s, evidence.end_s, None):
                yield self._match(view, evidence)
                if not self.parameters.each:
                    return

    def nothing_found(self, view: CallView, window: Window) -> Match:
        """The whole call with the value."""
        return self._match(view, Evidence(Role.UNKNOWN, view.answered_at_s, view.end_s, ""))

    def _outside(self, value: float | int | bool | str) -> bool:
        limits = self.parameters
        if limits.equals is not None:
            if type(value) is not type(limits.equals):
                raise TypeError(f"measure {limits.name} is a {type(value).__name__}")
            return value == limits.equals
        if isinstance(value, bool | str):
            raise TypeError(f"measure {limits.name} is a {type(value).__name__}, not a number")
        return all(passes(value, limit) for _, passes, limit, _ in self.limits)

    def _match(self, view: CallView, evidence: Evidence) -> Match:
        value = view.value(self.name)
        return Match(
            role=evidence.role,
            start_s=evidence.start_s,
            end_s=evidence.end_s,
            quote=evidence.text,
            kind=MatchKind.MEASURE,
            measured=None if value is None else readable(self.name, value),
            threshold=self.asked_for,
        )

"""``interruption``: one party takes the floor while the other speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents, one_line, seconds_in_words
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

_COUNTS = {Role.AGENT: "interruption_count", Role.CUSTOMER: "customer_interruption_count"}
"""Measures by the same settings; where one is known to be 0, nobody needs to look again."""


class Interruption(ScopedOperator):
    """A party starts to speak while the other has been speaking for a while, and both go on for a while.

    打断：一方在另一方说了一会儿之后插话，并且同时说了一会儿；附和（嗯、好的）不算。每次打断各是一处。

    用途：打断客户、插话，是每一本手册的大忌。

    误判：聊得热闹时短暂的重叠（提高 ``min_overlap_s``），线路延迟，一方的声音漏到另一方的声道里。
    ``only_if_other_yields`` 只留下对方真的因此停了下来的。

    命中：``interruption: {role: agent, min_overlap_s: 1}``，坐席盖过客户说了 2 秒。

    不命中：客户说话时坐席应了一声“嗯”。

    Why: 打断客户、插话 is a taboo of every handbook.

    False alarms: lively talk with short overlaps (raise ``min_overlap_s``), a slow line, one party leaking into the
    other's channel. ``only_if_other_yields`` keeps those in which the other one really fell silent.

    Matches: ``interruption: {role: agent, min_overlap_s: 1}`` when the agent talks over the customer for 2 s.

    Does not match: ``嗯`` said by the agent while the customer speaks.
    """

    TITLE: ClassVar[str] = "打断"

    role: RoleWord = Field(default="agent", description="谁打断别人。")
    min_overlap_s: float = Field(default=0.5, ge=0.1, le=60, description="同时说话至少多少秒才算。")
    min_heard_s: float = Field(default=0.5, ge=0, le=60, description="对方已经说了至少多少秒才算。")
    only_if_other_yields: bool = Field(default=False, description="只算对方因此停下不说的。")

    def compile(self, to: Compilation) -> Condition:
        """Prepare the settings."""
        return CompiledInterruption(self.scope(self.role, to), self)


class CompiledInterruption(LookingAtEvents):
    """``interruption`` ready to look at calls."""

    __slots__ = ("parameters", "settings")

    COST = 4

    def __init__(self, scope: Scope, parameters: Interruption) -> None:
        """Keep the limits; events are found by the measures' own settings unless fewer seconds are asked for."""
        super().__init__(scope, f"同时说话不到 {parameters.min_overlap_s:g} 秒")
        self.parameters = parameters
        usual = DEFAULT_MEASURE_SETTINGS
        self.settings = replace(
            usual,
            interruption_min_overlap_s=min(usual.interruption_min_overlap_s, parameters.min_overlap_s),
            interruption_min_heard_s=min(usual.interruption_min_heard_s, parameters.min_heard_s),
        )

    def unknown(self, view: CallView) -> str | None:
        """Only one party is heard, or both are on one channel."""
        return one_line(view)

    def possible(self, view: CallView) -> bool:
        """Whether both speak at once for so long anywhere, or any interruption was counted."""
        if self.settings == DEFAULT_MEASURE_SETTINGS and self.scope.role is not None:
            return view.number(_COUNTS[self.scope.role]) != 0
        overlap_s = view.number("overlap_s")
        # Stored measures are rounded to milliseconds.
        return overlap_s is None or overlap_s >= self.parameters.min_overlap_s - 0.001

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every such interruption, in order of time."""
        wanted = self.parameters
        for one in view.events(self.settings).interruptions:
            if self.scope.role is not None and one.by is not self.scope.role:
                continue
            if one.overlap_s < wanted.min_overlap_s or one.heard_s < wanted.min_heard_s:
                continue
            if wanted.only_if_other_yields and not one.yielded:
                continue
            if self.inside(window, one.start_s, one.end_s, one.turn):
                measured = f"同时说话 {seconds_in_words(one.overlap_s)}"
                yield self.match(one.by, one.start_s, one.end_s, measured, one.text, one.turn)

    def nothing_found(self, view: CallView, window: Window) -> Match:
        """The window, with the party that did not interrupt."""
        return replace(super().nothing_found(view, window), role=self.scope.role or Role.UNKNOWN)

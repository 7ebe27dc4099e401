"""``hold``: the customer waits on hold."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents, seconds_in_words
from pipeline.rules.operators.measure import Limit
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role


class Hold(ScopedOperator):
    """The customer is put on hold: announced or not, agreed to or not, for longer or shorter than a limit.

    等待：坐席让客户等待的一段时间（音乐，或说明之后的沉默）；可限定是否事先说明、客户是否同意、等了多久、坐席是否回来。

    用途：手册要求让客户等待之前先说明、征得同意，回来之后致谢。

    误判：用没有料到的说法作了说明（见测量项的 ``hold_phrases``）。等待之后说了什么，以它为锚点用 ``near`` 来问。

    命中：``hold: {announced: false}``，坐席什么也没说，音乐就响了。

    不命中：坐席说“请您别挂机，稍等片刻，好吗？”，客户说“好。”，然后才是音乐。

    Why: handbooks ask the agent to explain and ask before a hold, and to thank after it.

    False alarms: an announcement in words that nobody foresaw (see the measures' ``hold_phrases``). What is said after
    the hold is asked for with ``near`` over an anchor of this operator.

    Matches: ``hold: {announced: false}`` when music starts and the agent said nothing of it.

    Does not match: ``agent: 请您别挂机，稍等片刻，好吗？`` ``customer: 好。`` and then music.
    """

    TITLE: ClassVar[str] = "等待"

    announced: bool | None = Field(default=None, description="坐席事先说明了（true）还是没有说明（false）。")
    consented: bool | None = Field(default=None, description="客户事先同意了（true）还是没有（false）。")
    resumed: bool | None = Field(default=None, description="坐席后来回来了（true）还是没有（false）。")
    above_s: float | None = Field(default=None, ge=0, le=86400, description="等了超过多少秒。")
    below_s: float | None = Field(default=None, gt=0, le=86400, description="等了不到多少秒。")

    @model_validator(mode="after")
    def _consistent(self) -> Hold:
        if self.above_s is not None and self.below_s is not None and self.above_s >= self.below_s:
            raise ValueError(f"no hold is over {self.above_s:g} and under {self.below_s:g}; correct one of the limits")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledHold(self.scope("agent", to), self)


ANY_HOLD: Limit = ("hold_count", operator.ne, 0, (int, float))
"""What the measure must pass for there to be any hold."""


class CompiledHold(LookingAtEvents):
    """``hold`` ready to look at calls."""

    __slots__ = ("parameters",)

    COST = 4

    def __init__(self, scope: Scope, parameters: Hold) -> None:
        """Keep the limits."""
        asked = (
            (parameters.announced is False, "等待之前先说明"),
            (parameters.consented is False, "等待之前征得同意"),
            (parameters.resumed is False, "等待之后要回来"),
            (parameters.above_s is not None, f"等待不超过 {parameters.above_s or 0:g} 秒"),
            (parameters.below_s is not None, f"等待不少于 {parameters.below_s or 0:g} 秒"),
        )
        super().__init__(scope, "，".join(text for wanted, text in asked if wanted) or "不让客户等待")
        self.parameters = parameters

    def unknown(self, view: CallView) -> str | None:
        """Nobody knows who speaks, so nobody knows who announced what."""
        return view.dialogue.roles_unknown

    def possible(self, view: CallView) -> bool:
        """Whether any hold was measured."""
        name, passes, limit, _ = ANY_HOLD
        return passes(view.number(name), limit)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every such hold, in order of time."""
        wanted = self.parameters
        for one in view.events().holds:
            if wanted.announced not in (None, one.announced is not None):
                continue
            if wanted.consented not in (None, one.consented) or wanted.resumed not in (None, one.resumed is not None):
                continue
            if wanted.above_s is not None and one.duration_s <= wanted.above_s:
                continue
            if wanted.below_s is not None and one.duration_s >= wanted.below_s:
                continue
            if self.inside(window, one.start_s, one.end_s, one.announced):
                measured = seconds_in_words(one.duration_s)
                yield self.match(Role.AGENT, one.start_s, one.end_s, measured, f"等待 {measured}")

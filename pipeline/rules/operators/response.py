"""``response``: how long the customer waits for the agent's answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import (
    LookingAtEvents,
    check_limits,
    limits_in_words,
    one_sided,
    outside,
    seconds_in_words,
)
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

NO_RESPONSE = "没有坐席接客户话的情形"


class Response(ScopedOperator):
    """The agent answers later (or sooner) after the customer's words than a limit.

    应答时间：客户说完到坐席接话；每一次应答各看一次，或看全程平均（average）。

    用途：客户得不到回应，就会说“喂”，然后挂机。

    误判：坐席在查询：用 ``near`` 或 ``unless`` 配上“请稍等”。客户还没说完坐席就接话，算 0 秒；开头语不是应答，附和
    也不是。

    命中：``response: {above_s: 5}``，坐席 6.5 秒后才应答。

    不命中：坐席每次都在 5 秒之内应答。

    Why: a customer who gets no answer says 喂, and hangs up.

    False alarms: the agent looks something up: combine with ``near`` or ``unless`` over 请稍等. An answer that begins
    before the customer ends took 0 s; the greeting is no answer; an acknowledgement is none either.

    Matches: ``response: {above_s: 5}`` on a call whose agent answers after 6.5 s.

    Does not match: a call whose agent always answers within 5 s.
    """

    TITLE: ClassVar[str] = "应答时间"

    role: Literal["agent"] = Field(default="agent", description="谁的应答：目前只有坐席。")
    above_s: float | None = Field(default=None, ge=0, le=86400, description="超过多少秒。")
    below_s: float | None = Field(default=None, gt=0, le=86400, description="不到多少秒（抢话、照本宣科）。")
    average: bool = Field(default=False, description="看范围里各次应答的平均，而不是每一次。")

    @model_validator(mode="after")
    def _consistent(self) -> Response:
        check_limits(self.above_s, self.below_s, "s")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledResponse(self.scope(self.role, to), self)


class CompiledResponse(LookingAtEvents):
    """``response`` ready to look at calls."""

    __slots__ = ("parameters",)

    COST = 4

    def __init__(self, scope: Scope, parameters: Response) -> None:
        """Keep the limits."""
        super().__init__(scope, limits_in_words(parameters.above_s, parameters.below_s, "秒"))
        self.parameters = parameters

    def unknown(self, view: CallView) -> str | None:
        """Only one party is heard, or the agent never answers the customer."""
        reason = one_sided(view)
        if reason is not None:
            return reason
        known = view.value("agent_longest_response_s") is not None
        return None if known or view.events().responses else NO_RESPONSE

    def possible(self, view: CallView) -> bool:
        """Whether the longest response that was measured reaches so far."""
        longest_s = view.number("agent_longest_response_s")
        return longest_s is None or self.parameters.above_s is None or longest_s > self.parameters.above_s

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every such response, or all of them together."""
        here = [one for one in view.events().responses if self.inside(window, one.start_s, one.end_s, one.answered)]
        limits = (self.parameters.above_s, self.parameters.below_s)
        if self.parameters.average:
            mean_s = sum(one.waited_s for one in here) / len(here) if here else 0.0
            if here and outside(mean_s, *limits):
                longest = max(here, key=lambda one: (one.waited_s, -one.start_s))
                measured = f"平均 {seconds_in_words(mean_s)}（{len(here)} 次）"
                yield self.match(Role.AGENT, longest.start_s, longest.end_s, measured, "", longest.answered)
            return
        for one in here:
            if outside(one.waited_s, *limits):
                measured = seconds_in_words(one.waited_s)
                yield self.match(Role.AGENT, one.start_s, one.end_s, measured, f"等待 {measured}", one.answered)

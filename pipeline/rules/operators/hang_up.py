"""``hang_up``: who ended the call, and how long after the last word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.rules.known_measures import ROLE_NAMES
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents, outside, seconds_in_words
from pipeline.rules.operators.looking import NOBODY_SPEAKS
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

WHO_IS_UNKNOWN = "不知道谁先挂机：清单里没有 hung_up_by"


class HangUp(ScopedOperator):
    """A party ends the call, so long after the last word, or after whose last word.

    挂机：谁先挂机（清单的 hung_up_by），离最后一句话多久，最后一句话是谁说的。

    用途：原则上等客户挂机之后再挂机；客户话没说完就挂，比等了一会儿再挂更糟。

    误判：平台没有给出谁挂机时，``by`` 无法判断；离最后一句话多久是从录音看出来的，录音可能还会再录一会儿。

    命中：``hang_up: {by: agent, below_s: 2}``，客户说完最后一句 0.5 秒，坐席就挂了。

    不命中：客户挂的机。

    Why: 原则上等客户挂机之后再挂机; an agent who hangs up in the customer's words is worse than one who waited.

    False alarms: where the platform does not say who hung up, ``by`` is not assessable; how long after the last word
    is known from the recording, which may run on.

    Matches: ``hang_up: {by: agent, below_s: 2}`` when the agent hangs up 0.5 s after the customer's last word.

    Does not match: a call that the customer ends.
    """

    TITLE: ClassVar[str] = "挂机"

    by: Literal["agent", "customer", "anyone"] = Field(default="anyone", description="谁先挂机。")
    last_speaker: Literal["agent", "customer", "anyone"] = Field(default="anyone", description="最后一句话是谁说的。")
    above_s: float | None = Field(default=None, ge=0, le=86400, description="离最后一句话超过多少秒。")
    below_s: float | None = Field(default=None, gt=0, le=86400, description="离最后一句话不到多少秒。")

    @model_validator(mode="after")
    def _consistent(self) -> HangUp:
        if self.by == self.last_speaker == "anyone" and self.above_s is None and self.below_s is None:
            raise ValueError("expected by, last_speaker, above_s or below_s")
        if self.above_s is not None and self.below_s is not None and self.above_s >= self.below_s:
            raise ValueError(f"nothing is over {self.above_s:g} and under {self.below_s:g}; correct one of the limits")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledHangUp(self.scope("anyone", to), self)


class CompiledHangUp(LookingAtEvents):
    """``hang_up`` ready to look at calls."""

    __slots__ = ("parameters",)

    COST = 2

    def __init__(self, scope: Scope, parameters: HangUp) -> None:
        """Keep the limits."""
        asked = []
        if parameters.by != "anyone":
            asked.append(f"{ROLE_NAMES[parameters.by]}不先挂机")
        if parameters.above_s is not None:
            asked.append(f"说完之后不超过 {parameters.above_s:g} 秒挂机")
        if parameters.below_s is not None:
            asked.append(f"说完之后至少 {parameters.below_s:g} 秒再挂机")
        super().__init__(scope, "，".join(asked) or "最后一句话由另一方说")
        self.parameters = parameters

    def unknown(self, view: CallView) -> str | None:
        """The platform does not say who hung up, or roles are unknown, where they are asked for."""
        if self.parameters.by != "anyone" and view.metadata.hung_up_by is None:
            return WHO_IS_UNKNOWN
        if self.parameters.last_speaker != "anyone" and view.dialogue.roles_unknown is not None:
            return view.dialogue.roles_unknown
        return None if view.dialogue.turns else NOBODY_SPEAKS

    def possible(self, view: CallView) -> bool:
        """Whether it was this party."""
        return self.parameters.by == "anyone" or view.metadata.hung_up_by == self.parameters.by

    def clear_at_once(self, view: CallView) -> bool:
        """Whether it was not so, and everything is known that is asked for."""
        return not self.possible(view) and self.unknown(view) is None

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The end of the call, from the last word on."""
        last = max(view.dialogue.turns, key=lambda spoken: spoken.turn.end_s).turn
        delay_s = max(0.0, view.end_s - last.end_s)
        if not outside(delay_s, self.parameters.above_s, self.parameters.below_s):
            return
        if self.parameters.last_speaker not in ("anyone", last.role.value):
            return
        by = view.metadata.hung_up_by
        who = f"{ROLE_NAMES[by.value]}先挂机，" if by is not None else ""
        measured = f"{who}离最后一句话 {seconds_in_words(delay_s)}"
        start_s = min(last.start_s, view.end_s)
        if self.inside(window, start_s, view.end_s, None):
            yield self.match(by or Role.UNKNOWN, start_s, view.end_s, measured)

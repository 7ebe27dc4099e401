"""``duration``: how long the call, a turn or a monologue lasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import (
    LookingAtEvents,
    check_limits,
    limits_in_words,
    outside,
    seconds_in_words,
)
from pipeline.rules.operators.looking import nobody_heard
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role


class Duration(ScopedOperator):
    """The call, one turn or one party's run of turns lasts longer or shorter than a limit.

    时长：通话（接通到录音结束）、一段话，或一方连续说话（对方只附和）的时长越界。

    用途：超过五分钟的外呼打扰客户；很短的通话，也许是把客户打发走了。

    误判：客户自己要求多说的长通话：写进 ``unless``。等待也算在通话里。

    命中：``duration: {of: call, above_s: 300}``，通话 320 秒。

    不命中：通话 300 秒。

    Why: an outbound call of more than five minutes bothers the customer; a very short one may be a customer got rid of.

    False alarms: a long call that the customer asked for: write that as ``unless``. The hold is a part of the call.

    Matches: ``duration: {of: call, above_s: 300}`` on a call of 320 s.

    Does not match: a call of 300 s.
    """

    TITLE: ClassVar[str] = "时长"

    of: Literal["call", "turn", "monologue"] = Field(
        default="call", description="`call` 通话，`turn` 每一段话，`monologue` 一方连续说话。"
    )
    role: RoleWord = Field(default="anyone", description="谁的段落；`of: call` 时没有意义。")
    above_s: float | None = Field(default=None, ge=0, le=86400, description="超过多少秒。")
    below_s: float | None = Field(default=None, gt=0, le=86400, description="不到多少秒。")

    @model_validator(mode="after")
    def _consistent(self) -> Duration:
        check_limits(self.above_s, self.below_s, "s")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledDuration(self.scope(self.role, to), self)


class CompiledDuration(LookingAtEvents):
    """``duration`` ready to look at calls."""

    __slots__ = ("parameters",)

    COST = 7

    def __init__(self, scope: Scope, parameters: Duration) -> None:
        """Keep the limits."""
        super().__init__(scope, limits_in_words(parameters.above_s, parameters.below_s, "秒"))
        self.parameters = parameters

    def unknown(self, view: CallView) -> str | None:
        """Nobody of the party is heard; the call itself always has a length."""
        return None if self.parameters.of == "call" else nobody_heard(view, self.scope.role)

    def clear_at_once(self, view: CallView) -> bool:
        """Whether the call, where it is asked for, is inside the limits."""
        wanted = self.parameters
        if wanted.of != "call" or self.scope.anchor is not None:
            return False
        return not outside(max(0.0, view.end_s - view.answered_at_s), wanted.above_s, wanted.below_s)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The call, or every turn or run of turns, outside the limits."""
        limits = (self.parameters.above_s, self.parameters.below_s)
        if self.parameters.of == "call":
            length_s = max(0.0, view.end_s - view.answered_at_s)
            if outside(length_s, *limits):
                yield self.match(Role.UNKNOWN, view.answered_at_s, view.end_s, seconds_in_words(length_s))
            return
        for role, start_s, end_s, turn in self._stretches(view, window):
            if outside(end_s - start_s, *limits) and self.inside(window, start_s, end_s, turn):
                text = view.text.texts[turn]
                yield self.match(role, start_s, end_s, seconds_in_words(end_s - start_s), text, turn)

    def _stretches(self, view: CallView, window: Window) -> Iterator[tuple[Role, float, float, int]]:
        if self.parameters.of == "monologue":
            for run in view.events().monologues:
                if self.scope.role in (None, run.by):
                    yield run.by, run.start_s, run.end_s, run.turns[0]
            return
        dialogue = view.dialogue
        for number in window.turns:
            yield dialogue.roles[number], dialogue.starts_s[number], dialogue.ends_s[number], number

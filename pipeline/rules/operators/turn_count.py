"""``turn_count``: how often a party speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents
from pipeline.rules.operators.looking import missing_in
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import MatchKind


class TurnCount(ScopedOperator):
    """A party speaks in too many or too few turns.

    段数：范围里某一方说了多少段话。

    用途：说一句就结束通话，等于没有服务；双方都说得又短又多，可能是在吵。

    误判：附和也是一段话：``min_characters`` 把短的去掉。

    命中：``turn_count: {role: agent, at_most: 1}``，整通电话坐席只说了一句。

    不命中：坐席说了两段。

    Why: an agent who says one sentence and ends the call gave no service; many short turns can be a quarrel.

    False alarms: acknowledgements are turns too: ``min_characters`` leaves short ones out.

    Matches: ``turn_count: {role: agent, at_most: 1}`` on a call in which the agent says one sentence.

    Does not match: a call in which the agent speaks twice.
    """

    TITLE: ClassVar[str] = "说话段数"

    role: RoleWord = Field(description="谁的段落。")
    at_least: int | None = Field(default=None, ge=1, le=100000, description="至少多少段。")
    at_most: int | None = Field(default=None, ge=0, le=100000, description="至多多少段。")
    min_characters: int = Field(default=0, ge=0, le=1000, description="字数不到它的段落不数。")

    @model_validator(mode="after")
    def _consistent(self) -> TurnCount:
        if self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least and/or at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"no count is {self.at_least} or more and {self.at_most} or fewer; correct one of them")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        kind = CompiledTurnCount if self.at_most is None else CompiledFewTurns
        return kind(self.scope(self.role, to), self)


class CompiledTurnCount(LookingAtEvents):
    """``turn_count`` ready to look at calls."""

    __slots__ = ("parameters",)

    COST = 12

    def __init__(self, scope: Scope, parameters: TurnCount) -> None:
        """Keep the limits."""
        words = ((parameters.at_least, "少于 {} 段"), (parameters.at_most, "多于 {} 段"))
        super().__init__(scope, "，或".join(text.format(limit) for limit, text in words if limit is not None))
        self.parameters = parameters

    def unknown(self, view: CallView) -> str | None:
        """Roles are asked for and unknown."""
        return None if self.scope.role is None else view.dialogue.roles_unknown

    def clear_at_once(self, view: CallView) -> bool:
        """Whether the call holds more or fewer turns than asked for."""
        if self.scope.near is not None or self.unknown(view) is not None:
            return False
        return not self._fits(self._count(view, self.scope.turns_in(view)))

    def _count(self, view: CallView, turns: Sequence[int]) -> int:
        least = self.parameters.min_characters
        if not least:
            return len(turns)
        starts, ends = view.text.starts, view.text.ends
        return len([number for number in turns if ends[number] - starts[number] >= least])

    def _fits(self, count: int) -> bool:
        wanted = self.parameters
        return (wanted.at_least is None or count >= wanted.at_least) and (
            wanted.at_most is None or count <= wanted.at_most
        )

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The window, when it holds so many turns."""
        count = self._count(view, window.turns)
        if self._fits(count):
            shown = missing_in(view, window, self.scope.role)
            yield Match(
                shown.role,
                shown.start_s,
                shown.end_s,
                shown.quote,
                MatchKind.MEASURE,
                f"{count} 段",
                self.asked_for,
                turn=shown.turn,
            )


class CompiledFewTurns(CompiledTurnCount):
    """``turn_count`` with ``at_most``: few calls have so few turns, so that it is worth asking first."""

    __slots__ = ()

    COST = 6

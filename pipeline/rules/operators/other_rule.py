"""``rule``: another rule of the rulebook hit, or did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role


class OtherRule(ScopedOperator):
    """Another rule hit on the same call.

    另一条规则命中：作为前提（`all` 里），或作为例外（`unless`、`not`）。

    用途：一条规则可以建立在另一条已经查明的事情上：说了禁语之后的投诉更严重。

    误判：另一条规则会误判的，它也会。另一条无法判断，它也无法判断。互相引用成圈的规则不收。

    命中：``rule: {id: LANG.03}``，这通电话命中了 LANG.03。

    不命中：没有命中 LANG.03，或只在它的例外里。

    Why: a rule can build on what another has found already: a complaint is worse after a forbidden phrase.

    False alarms: those of the other rule. Where the other rule cannot be judged, neither can this one. Rules that ask
    for each other in a circle are refused.

    Matches: ``rule: {id: LANG.03}`` on a call in which LANG.03 hit.

    Does not match: a call in which LANG.03 did not hit, or only where its exception applies.
    """

    TITLE: ClassVar[str] = "另一条规则命中"
    VALUES_WHEN_FOUND: ClassVar[bool] = False

    role: RoleWord = Field(default="anyone", description="只算该方的命中。")
    id: str = Field(description="另一条规则的编号。")

    def compile(self, to: Compilation) -> Condition:
        """Nothing to prepare."""
        return CompiledOtherRule(self.scope(self.role, to), self.id)


class CompiledOtherRule(Looking):
    """``rule`` ready to look at calls."""

    __slots__ = ("rule",)

    def __init__(self, scope: Scope, rule: str) -> None:
        """Keep the id of the rule."""
        super().__init__(scope)
        self.rule = rule

    def unknown(self, view: CallView) -> str | None:
        """The other rule's own reason."""
        return view.other_rule(self.rule).unknown

    def possible(self, view: CallView) -> bool:
        """Whether the other rule hit at all."""
        return view.other_rule(self.rule).holds

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The other rule's matches inside the window."""
        for match in view.other_rule(self.rule).matches:
            if self.scope.role is not None and match.role not in (self.scope.role, Role.UNKNOWN):
                continue
            if window.whole or window.holds_event(match.start_s, match.end_s, match.turn):
                yield match

"""``silence``: nobody has the floor for a while."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.features.dialogue import ONE_SIDE_ONLY
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents, check_limits, limits_in_words, seconds_in_words
from pipeline.rules.operators.looking import NOBODY_SPEAKS
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import ChannelLayout, Role, Span

PartyOrAny = Literal["agent", "customer", "anyone"]


class Silence(ScopedOperator):
    """Nobody speaks for longer than one limit (and shorter than another).

    静默：谁也不说话的一段时间，可限定在谁说完之后、谁开口之前、同一方的两段话之间或换人说话之间。

    用途：没有说明的静默，让客户不知道电话那头还有没有人。

    误判：坐席说明之后去查询（那是等待，不算静默，除非写 ``hold: included``）；一段话中间的停顿不是静默。只有用到
    ``after``、``before`` 或 ``between`` 时才需要分清双方。

    命中：``silence: {above_s: 8, after: customer}``，客户说完之后 9 秒没有人说话。

    不命中：坐席 3 秒后就接话；或客户在等待中。

    Why: silence that nobody explained makes the customer wonder whether anyone is there.

    False alarms: the agent looks something up after having said so (that is a hold and left out, unless
    ``hold: included``); a pause inside a turn is no silence. Roles are needed only where ``after``, ``before`` or
    ``between`` asks for them.

    Matches: ``silence: {above_s: 8, after: customer}`` on a call in which nobody speaks for 9 s after the customer.

    Does not match: a call in which the agent answers after 3 s, or the customer waits on hold.
    """

    TITLE: ClassVar[str] = "静默"

    role: RoleWord = Field(default="anyone", description="`turns` 数的是谁的段落；静默本身不属于谁。")
    above_s: float = Field(gt=0, le=86400, description="超过多少秒。")
    below_s: float | None = Field(default=None, gt=0, le=86400, description="且不到多少秒。")
    after: PartyOrAny = Field(default="anyone", description="谁说完之后的静默。")
    before: PartyOrAny = Field(default="anyone", description="谁开口之前的静默。")
    between: Literal["any", "same_role", "different_roles"] = Field(
        default="any", description="前后是同一方（`same_role`）还是换了人（`different_roles`）。"
    )
    hold: Literal["excluded", "included"] = Field(
        default="excluded", description="等待（坐席说明过的查询）算不算静默。"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Silence:
        check_limits(self.above_s, self.below_s, "s")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledSilence(self.scope(self.role, to), self)


class CompiledSilence(LookingAtEvents):
    """``silence`` ready to look at calls."""

    __slots__ = ("needs_roles", "parameters", "settings")

    COST = 4

    def __init__(self, scope: Scope, parameters: Silence) -> None:
        """Keep the limits."""
        super().__init__(scope, limits_in_words(parameters.above_s, None, "秒"))
        self.parameters = parameters
        self.needs_roles = parameters.after != "anyone" or parameters.before != "anyone" or parameters.between != "any"
        least_s = min(DEFAULT_MEASURE_SETTINGS.silence_min_s, parameters.above_s)
        self.settings: MeasureSettings = replace(DEFAULT_MEASURE_SETTINGS, silence_min_s=least_s)

    def unknown(self, view: CallView) -> str | None:
        """One channel is dead, nobody speaks, or roles are asked for and unknown."""
        if view.call.recording.channel_layout is ChannelLayout.DEAD_CHANNEL:
            return ONE_SIDE_ONLY
        if not view.dialogue.turns:
            return NOBODY_SPEAKS
        return view.dialogue.roles_unknown if self.needs_roles else None

    def possible(self, view: CallView) -> bool:
        """Whether the longest silence that was measured reaches so far."""
        longest_s = view.number("longest_silence_s")
        return longest_s is None or longest_s > self.parameters.above_s or self.parameters.hold == "included"

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every such silence, in order of time."""
        events = view.events(self.settings)
        found = [(one.start_s, one.end_s, one.before, one.after) for one in events.silences]
        if self.parameters.hold == "included":
            found += [(one.start_s, one.end_s, one.announced, one.resumed) for one in events.holds]
        for start_s, end_s, before, after in sorted(found, key=lambda one: one[:2]):
            length_s = Span(start_s, end_s).duration_s
            if length_s <= self.parameters.above_s:
                continue
            if self.parameters.below_s is not None and length_s >= self.parameters.below_s:
                continue
            if self._fits(view, before, after) and self.inside(window, start_s, end_s, before):
                measured = seconds_in_words(length_s)
                yield self.match(Role.UNKNOWN, start_s, end_s, measured, f"静默 {measured}")

    def _fits(self, view: CallView, before: int | None, after: int | None) -> bool:
        wanted = self.parameters
        earlier = None if before is None else view.dialogue.turns[before].turn.role
        later = None if after is None else view.dialogue.turns[after].turn.role
        if wanted.after != "anyone" and (earlier is None or earlier != wanted.after):
            return False
        if wanted.before != "anyone" and (later is None or later != wanted.before):
            return False
        if wanted.between == "any":
            return True
        return earlier is not None and later is not None and (earlier is later) == (wanted.between == "same_role")

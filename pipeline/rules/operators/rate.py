"""``rate``: how fast a party speaks, over the call, in one turn or in one minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.features.pace import TurnPace, minute_paces, turn_paces
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents, check_limits, limits_in_words, outside
from pipeline.rules.operators.looking import nobody_heard
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

UNIT = "字/分钟"
TOO_LITTLE = "说话太少（不到 {least} 字），语速不可靠"


class Rate(ScopedOperator):
    """A party speaks faster (or more slowly) than a limit, in characters per minute.

    语速：全程（或范围内各段合计）、每一段话或每一分钟的语速越界；`speaking` 连段内停顿一起算，`articulation` 不算停顿。

    用途：太快听不清，太慢浪费客户的时间。

    误判：自然的普通话说话时每分钟约 200 到 260 字，界限定在 120 会指到几乎每一个人。标点从不计字；一个数字、一个英
    文单词各算一个字。太短的话算不准，``min_characters`` 把它们去掉。

    命中：``rate: {role: agent, per: turn, above_cpm: 300}``，一段话 5 秒说了 30 个字（每分钟 360 字）。

    不命中：8 秒说了 30 个字（每分钟 225 字）；或一段只有 6 个字的话。

    Why: too fast is not understood, too slow wastes the customer's time.

    False alarms: natural Mandarin is about 200 to 260 characters per minute of speech: a limit of 120 flags nearly
    everybody. Punctuation never counts; a digit or an English word counts as one character. Short turns are
    unreliable: ``min_characters`` leaves them out.

    Matches: ``rate: {role: agent, per: turn, above_cpm: 300}`` on a turn of 30 characters in 5 s (360 a minute).

    Does not match: a turn of 30 characters in 8 s (225 a minute), or one of 6 characters.
    """

    TITLE: ClassVar[str] = "语速"

    role: Literal["agent", "customer"] = Field(default="agent", description="谁的语速。")
    per: Literal["call", "turn", "minute"] = Field(
        default="call", description="范围内合计（`call`）、每一段话（`turn`）或每一分钟（`minute`）。"
    )
    definition: Literal["speaking", "articulation"] = Field(
        default="speaking", description="`speaking` 含段内停顿；`articulation` 不含（`minute` 只有前者）。"
    )
    above_cpm: float | None = Field(default=None, gt=0, le=10000, description="超过每分钟多少字。")
    below_cpm: float | None = Field(default=None, gt=0, le=10000, description="不到每分钟多少字。")
    min_characters: int = Field(default=10, ge=1, le=100000, description="字数不到它的，语速不可靠，不看。")

    @model_validator(mode="after")
    def _consistent(self) -> Rate:
        check_limits(self.above_cpm, self.below_cpm, "cpm")
        if self.per == "minute" and self.definition == "articulation":
            raise ValueError("per: minute counts pauses inside turns; expected definition: speaking")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledRate(self.scope(self.role, to), self)


class CompiledRate(LookingAtEvents):
    """``rate`` ready to look at calls."""

    __slots__ = ("parameters", "role")

    COST = 30

    def __init__(self, scope: Scope, parameters: Rate) -> None:
        """Keep the limits."""
        super().__init__(scope, limits_in_words(parameters.above_cpm, parameters.below_cpm, UNIT))
        self.parameters = parameters
        self.role = Role(parameters.role)

    def unknown(self, view: CallView) -> str | None:
        """The party is not heard, or says too little altogether."""
        reason = nobody_heard(view, self.role)
        if reason is not None:
            return reason
        words = sum(view.text.end_of(number) - view.text.starts[number] for number in view.turns_of(self.role))
        least = self.parameters.min_characters
        return None if words >= least else TOO_LITTLE.format(least=least)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The whole window, each turn, or each minute outside the limits."""
        wanted, limits = self.parameters, (self.parameters.above_cpm, self.parameters.below_cpm)
        if wanted.per == "minute":
            for minute in minute_paces(view.dialogue, self.role):
                cpm = minute.speaking_cpm
                if cpm is None or minute.characters < wanted.min_characters or not outside(cpm, *limits):
                    continue
                if self.inside(window, minute.start_s, minute.end_s, None):
                    yield self._match(minute.start_s, minute.end_s, cpm, minute.characters, "", None)
            return
        paces = [one for one in turn_paces(view.dialogue, self.role) if self._inside(window, one)]
        if wanted.per == "turn":
            for one in paces:
                cpm = one.speaking_cpm if wanted.definition == "speaking" else one.articulation_cpm
                if one.characters >= wanted.min_characters and outside(cpm, *limits):
                    text = view.text.texts[one.turn]
                    yield self._match(one.start_s, one.end_s, cpm, one.characters, text, one.turn)
            return
        characters = sum(one.characters for one in paces)
        spoken_s = sum(one.turn_s if wanted.definition == "speaking" else one.speech_s for one in paces)
        if characters < wanted.min_characters or spoken_s <= 0:
            return
        cpm = characters * 60.0 / spoken_s
        if outside(cpm, *limits):
            longest = max(paces, key=lambda one: (one.characters, -one.start_s))
            text = view.text.texts[longest.turn]
            yield self._match(longest.start_s, longest.end_s, cpm, characters, text, longest.turn)

    def _inside(self, window: Window, pace: TurnPace) -> bool:
        return pace.turn in window.members and self.inside(window, pace.start_s, pace.end_s, pace.turn)

    def _match(self, start_s: float, end_s: float, cpm: float, characters: int, text: str, turn: int | None) -> Match:
        return self.match(self.role, start_s, end_s, f"{cpm:.0f} {UNIT}（{characters} 字）", text, turn)

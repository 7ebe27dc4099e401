"""``entity``: a telephone number, an identity number, an amount, a date or digits read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.rules.entities import FINDERS, Entity
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import outside
from pipeline.rules.operators.looking import Looking, no_words, words_unknown
from pipeline.rules.operators.metadata import value_in_manifest
from pipeline.rules.operators.phrase import PhraseHit, words_match
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import MatchKind

NAMES = {
    "phone": "电话号码",
    "id_card": "身份证号码",
    "amount": "金额",
    "date": "日期",
    "digits": "数字串",
}
UNITS = {"amount": " 元", "date": " 天", "digits": " 位"}
NO_FIELD = "清单里没有“{field}”，无法与{name}比较"


class EntityNamed(ScopedOperator):
    """A party names a number of some kind, of some value, or the same as (other than) what the manifest has.

    实体：说出了电话号码、身份证号码、金额、日期或一串数字（写成数字或逐个念出：幺三八……），可与界限或清单字段比较。

    用途：坐席把身份证号码念了出来，许诺的金额超过权限，或者把号码复述错了。

    误判：几个号码之间没有别的字，会连成一串；数字比文字更容易识别错：给规则写上 ``min_hit_confidence``。号码本身从
    不出现在显示的值里。

    命中：``entity: {role: agent, kind: amount, above: 100}``，坐席说“给您补偿一百五十块钱。”。

    不命中：坐席说“给您补偿五十块钱。”。

    Why: an agent who reads an identity number aloud, promises an amount over the limit, or repeats a number wrongly.

    False alarms: digits of several numbers said without a word between them are one run; recognition errs in digits
    more than in words: give the rule a ``min_hit_confidence``. The numbers themselves never stand in the values shown.

    Matches: ``entity: {role: agent, kind: amount, above: 100}`` on ``agent: 给您补偿一百五十块钱。``

    Does not match: ``agent: 给您补偿五十块钱。``
    """

    TITLE: ClassVar[str] = "实体"

    role: RoleWord = Field(description="谁说的。")
    kind: Literal["phone", "id_card", "amount", "date", "digits"] = Field(
        description="`phone` 电话，`id_card` 身份证，`amount` 金额（元），`date` 日期，`digits` 一串数字（四位以上）。"
    )
    above: float | None = Field(
        default=None, description="值大于它：金额是元，日期是通话当天之后的天数，数字串是位数。"
    )
    below: float | None = Field(default=None, description="值小于它，同上。")
    same_as: str | None = Field(default=None, min_length=1, description="与清单的这个字段相同（只比数字）。")
    different_from: str | None = Field(default=None, min_length=1, description="与清单的这个字段不同（只比数字）。")

    @model_validator(mode="after")
    def _consistent(self) -> EntityNamed:
        if (self.above is not None or self.below is not None) and self.kind in ("phone", "id_card"):
            raise ValueError(f"a {self.kind} has no size; expected same_as or different_from, or neither")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"no value is over {self.above:g} and under {self.below:g}; correct one of the limits")
        if self.same_as is not None and self.different_from is not None:
            raise ValueError("expected same_as or different_from, not both")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledEntity(self.scope(self.role, to), self, to.min_transcript_confidence)


class CompiledEntity(Looking):
    """``entity`` ready to look at calls."""

    __slots__ = ("asked_for", "field", "least", "parameters")

    JUDGES_WORDS = True

    def __init__(self, scope: Scope, parameters: EntityNamed, least: float | None) -> None:
        """Keep the limits."""
        super().__init__(scope)
        self.parameters = parameters
        self.field = parameters.same_as or parameters.different_from
        name, unit = NAMES[parameters.kind], UNITS.get(parameters.kind, "")
        asked = []
        if parameters.above is not None:
            asked.append(f"不超过 {parameters.above:g}{unit}")
        if parameters.below is not None:
            asked.append(f"不低于 {parameters.below:g}{unit}")
        if parameters.same_as is not None:
            asked.append(f"不说清单里的{name}")
        if parameters.different_from is not None:
            asked.append(f"与清单里的{name}一致")
        self.asked_for = "，或".join(asked) or f"不说{name}"
        self.least = least

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, nobody knows whose they are, or there is nothing to compare with."""
        reason = words_unknown(view, self.scope.role, self.least)
        if reason is None and self.field is not None and value_in_manifest(view.metadata, self.field) is None:
            return NO_FIELD.format(field=self.field, name=NAMES[self.parameters.kind])
        return reason

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every such thing, in order of place."""
        kind = self.parameters.kind
        started_at = view.metadata.started_at
        called_on = None if started_at is None else started_at.date()
        for number in window.turns:
            base = view.text.starts[number]
            for entity in FINDERS[kind](view.text.of_turn(number), called_on):
                start, end = base + entity.start, base + entity.end
                if self._wanted(view, entity) and window.holds(view, start, end):
                    match = words_match(view, PhraseHit(start, end, MatchKind.EXACT, ""))
                    unit = UNITS.get(kind)
                    value = NAMES[kind] if unit is None or entity.value is None else f"{entity.value:g}{unit}"
                    yield replace(match, measured=value, threshold=self.asked_for)

    def _wanted(self, view: CallView, entity: Entity) -> bool:
        wanted = self.parameters
        if wanted.above is not None or wanted.below is not None:
            return entity.value is not None and outside(entity.value, wanted.above, wanted.below)
        if self.field is None:
            return True
        known = _bare(value_in_manifest(view.metadata, self.field) or "")
        return (_bare(entity.text) == known) == (wanted.same_as is not None)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isdigit() or character in "x.")

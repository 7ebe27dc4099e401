"""``repeat``: a party says again what was said already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from pipeline.rules.matching import plain
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking, no_words, words_unknown
from pipeline.rules.operators.phrase import PhraseHit, PhraseText, words_match
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.similarity import SENTENCE_MARKS, Pairs, stretches
from pipeline.rules.view import CallView
from pipeline.types import MatchKind, Role


class Repeat(ScopedOperator):
    """A sentence is said again within some turns, by the same party or by the other.

    重复：一句话在前面若干段话里已经说过（相似度达到分数）；可规定从第几次重复起才算、多短的话不看、哪些话不算。

    用途：同一件事要客户说三遍，说明没有人在听；坐席反复说同一句，说明在念稿子。

    误判：客套话（写进 ``except``），为核对而复述的号码（``of: other``）。

    命中：``repeat: {role: customer, from_repetition: 2}``，客户第三次说“我的话费多扣了三十块”。

    不命中：第二次说；或再说一遍“好的”（短于 ``min_characters``）。

    Why: a customer who has to say the same thing three times is not listened to; an agent who repeats a sentence
    reads from a script.

    False alarms: polite formulas (list them under ``except``), numbers read back for checking (``of: other``).

    Matches: ``repeat: {role: customer, from_repetition: 2}`` when the customer says ``我的话费多扣了三十块``
    a third time.

    Does not match: the second time, or ``好的`` said again (shorter than ``min_characters``).
    """

    TITLE: ClassVar[str] = "重复"

    role: RoleWord = Field(description="谁在重复。")
    of: Literal["own", "other", "anyone"] = Field(default="own", description="重复谁的话：自己的、对方的、任何一方的。")
    within_turns: int = Field(default=10, ge=0, le=1000, description="往前看多少段话；0 是全部。")
    score: float = Field(default=80.0, gt=0, le=100, description="相似度至少多少分。")
    from_repetition: int = Field(default=1, ge=1, le=100, description="从第几次重复起才算。")
    min_characters: int = Field(default=5, ge=2, le=1000, description="字数不到它的句子不看。")
    exceptions: tuple[PhraseText, ...] = Field(default=(), alias="except", description="含有这些说法的句子不看。")

    def compile(self, to: Compilation) -> Condition:
        """Fold the exceptions."""
        return CompiledRepeat(self.scope(self.role, to), self, to.min_transcript_confidence)


class CompiledRepeat(Looking):
    """``repeat`` ready to look at calls."""

    __slots__ = ("exceptions", "least", "parameters")

    COST = 30

    JUDGES_WORDS = True

    def __init__(self, scope: Scope, parameters: Repeat, least: float | None) -> None:
        """Keep the limits."""
        super().__init__(scope)
        self.parameters = parameters
        self.exceptions = tuple(plain(text) for text in parameters.exceptions)
        self.least = least

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, or nobody knows whose they are."""
        reason = words_unknown(view, self.scope.role, self.least)
        if reason is None and self.parameters.of != "anyone":
            return view.dialogue.roles_unknown
        return reason

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every sentence that was said often enough before."""
        wanted = self.parameters
        said: list[tuple[int, Role, Pairs]] = []
        for number in view.turns_of(None):
            role = view.dialogue.turns[number].turn.role
            for start, end, pairs in self._sentences(view, number):
                if number in window.members and window.holds(view, start, end):
                    before = self._times_before(pairs, said, number, role)
                    if before >= wanted.from_repetition:
                        yield self._match(view, start, end, before)
                said.append((number, role, pairs))

    def _times_before(self, pairs: Pairs, said: list[tuple[int, Role, Pairs]], number: int, role: Role) -> int:
        return sum(
            1
            for earlier, other, known in said
            if self._counts(earlier, other, number, role) and pairs.likeness(known) >= self.parameters.score
        )

    def _match(self, view: CallView, start: int, end: int, before: int) -> Match:
        return replace(
            words_match(view, PhraseHit(start, end, MatchKind.EXACT, "")),
            measured=f"第 {before} 次重复",
            threshold=f"重复少于 {self.parameters.from_repetition} 次",
        )

    def _sentences(self, view: CallView, number: int) -> list[tuple[int, int, Pairs]]:
        found = []
        for start, end in stretches(view.text, number, SENTENCE_MARKS, 1):
            text = view.text.plain[start:end]
            if len(text) >= self.parameters.min_characters and not any(one in text for one in self.exceptions):
                found.append((start, end, Pairs.of(text)))
        return list({place[:2]: place for place in found}.values())

    def _counts(self, earlier: int, other: Role, number: int, role: Role) -> bool:
        wanted = self.parameters
        if wanted.within_turns and number - earlier > wanted.within_turns:
            return False
        return wanted.of == "anyone" or (other is role) == (wanted.of == "own")

"""``similar``: a sentence much like one of some examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from pipeline.rules.matching import plain
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking, no_words, words_unknown
from pipeline.rules.operators.phrase import PhraseHit, words_match
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.similarity import Pairs, stretches
from pipeline.rules.view import CallView
from pipeline.types import MatchKind

LEAST_CHARACTERS = 4


def _sentence(text: str) -> str:
    if len(plain(text)) < LEAST_CHARACTERS:
        raise ValueError(f"expected a sentence of {LEAST_CHARACTERS} characters or more; use say for short phrases")
    return text


class Similar(ScopedOperator):
    """A party says something much like one of the sentences.

    相似句：说的话（一到三个分句，或整段）与样句的相似度达到分数；相似度是两句共有的相邻两字的比例（0 到 100）。

    用途：规定的句子很少有人一字不差地说。

    误判：大部分字相同、意思却相反的句子（可以退、不可以退）：在 ``unless`` 里加短语。分数低于 60，同一个话题的话都
    像。

    命中：``similar: {role: agent, sentences: [请问还有什么可以帮您的吗], score: 70}``，坐席说“请问您还有什么可以帮
    您吗？”。

    不命中：坐席说“请问您的号码是多少？”。

    Why: a standard sentence is rarely said word for word.

    False alarms: sentences that share most characters and mean the opposite (可以退、不可以退): add phrases under
    ``unless``. Below a score of 60 anything of the same subject fits.

    Matches: ``similar: {role: agent, sentences: [请问还有什么可以帮您的吗], score: 70}`` on
    ``agent: 请问您还有什么可以帮您吗？``

    Does not match: ``agent: 请问您的号码是多少？``
    """

    TITLE: ClassVar[str] = "相似句"

    role: RoleWord = Field(description="谁说的。")
    sentences: tuple[Annotated[str, AfterValidator(_sentence)], ...] = Field(min_length=1, description="样句。")
    score: float = Field(default=80.0, gt=0, le=100, description="相似度至少多少分。")

    def compile(self, to: Compilation) -> Condition:
        """Take the sentences apart."""
        pairs = tuple((sentence, Pairs.of(plain(sentence))) for sentence in self.sentences)
        return CompiledSimilar(self.scope(self.role, to), pairs, self.score, to.min_transcript_confidence)


class CompiledSimilar(Looking):
    """``similar`` ready to look at calls."""

    __slots__ = ("least", "score", "sentences")

    COST = 30

    JUDGES_WORDS = True

    def __init__(
        self, scope: Scope, sentences: tuple[tuple[str, Pairs], ...], score: float, least: float | None
    ) -> None:
        """Keep the sentences."""
        super().__init__(scope)
        self.sentences = sentences
        self.score = score
        self.least = least

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, or nobody knows whose they are."""
        return words_unknown(view, self.scope.role, self.least)

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The stretch of each turn that is most like one of the sentences."""
        for number in window.turns:
            here = self._near(view.text.of_turn(number))
            if not here:
                continue
            best: tuple[float, int, int, str] | None = None
            for start, end in stretches(view.text, number):
                if not window.holds(view, start, end):
                    continue
                said = Pairs.of(view.text.plain[start:end])
                for sentence, pairs in here:
                    likeness = pairs.likeness(said)
                    if likeness >= self.score and (best is None or likeness > best[0]):
                        best = (likeness, start, end, sentence)
            if best is not None:
                likeness, start, end, sentence = best
                kind = MatchKind.EXACT if likeness == 100 else MatchKind.VARIANT
                yield replace(
                    words_match(view, PhraseHit(start, end, kind, sentence)),
                    measured=f"与“{sentence}”相似度 {likeness:.0f} 分",
                    threshold=f"不到 {self.score:g} 分",
                )

    def _near(self, text: str) -> list[tuple[str, Pairs]]:
        """The sentences that have enough pairs in a turn at all: the rest need no look at its clauses."""
        least = self.score / (200 - self.score)
        return [
            (sentence, pairs)
            for sentence, pairs in self.sentences
            if sum(count for pair, count in pairs.counts.items() if pair in text) >= least * pairs.total
        ]

"""``question``: a question is asked, and answered as expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking, no_words, words_unknown
from pipeline.rules.operators.phrase import Phrase, PhraseBook, PhraseHit, words_match
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import Role

OTHER = {Role.AGENT: Role.CUSTOMER, Role.CUSTOMER: Role.AGENT}


class Question(ScopedOperator):
    """A question was asked, and the other party gave the expected answer within some turns.

    问答：一方问了（asked），另一方在其后若干段话内按要求回答了（expected）。没有问，则既不是命中，也不是没有回答。

    用途：测试电话会问事先准备好的问题，答案是已知的；有的流程要先征得同意才能往下办。

    误判：用没有列出的说法作了回答：给每个短语写上 ``variants``，``expected`` 里多列几个并配 ``at_least``，再加
    ``homophones``。要找的是没有回答的问题，就把它放在 ``not`` 之下。

    命中：``question: {role: customer, asked: [怎么退订], expected: [回复TD, 营业厅]}``，客户问“怎么退订？”，坐席答“
    您可以回复TD。”。

    不命中：客户问“怎么退订？”，坐席答“我不清楚。”。

    Why: test calls ask prepared questions whose answers are known; a process asks for consent before it goes on.

    False alarms: an answer in words that nobody listed: give every phrase its ``variants``, several phrases under
    ``expected`` with ``at_least``, and ``homophones``. For a question left without an answer put it under ``not``.

    Matches: ``question: {role: customer, asked: [怎么退订], expected: [回复TD, 营业厅]}`` on
    ``customer: 怎么退订？`` ``agent: 您可以回复TD。``

    Does not match: ``customer: 怎么退订？`` ``agent: 我不清楚。``
    """

    TITLE: ClassVar[str] = "问答"
    VALUES_WHEN_FOUND: ClassVar[bool] = False

    role: Literal["agent", "customer"] = Field(description="谁问；另一方回答。")
    asked: tuple[Phrase, ...] = Field(min_length=1, description="问题：说了其中任何一个就是问了。")
    expected: tuple[Phrase, ...] = Field(min_length=1, description="要求的回答。")
    at_least: int = Field(default=1, ge=1, le=1000, description="`expected` 里至少要答到几个。")
    within_turns: int = Field(default=3, ge=1, le=1000, description="问完之后，在回答方的几段话之内。")
    homophones: bool = Field(default=False, description="问与答都按读音匹配，见 `say`。")

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        if self.at_least > len(self.expected):
            raise ValueError(
                f"at_least asks for {self.at_least} different phrases of {len(self.expected)} under expected; lower it"
            )
        return self

    def compile(self, to: Compilation) -> Condition:
        """Register the phrases."""
        return CompiledQuestion(
            self.scope(self.role, to),
            PhraseBook.compile(self.asked, to.lexicon, by_sound=self.homophones),
            PhraseBook.compile(self.expected, to.lexicon, by_sound=self.homophones),
            self,
            to.min_transcript_confidence,
        )


class CompiledQuestion(Looking):
    """``question`` ready to look at calls."""

    __slots__ = ("asked", "expected", "least", "parameters")

    JUDGES_WORDS = True

    def __init__(
        self, scope: Scope, asked: PhraseBook, expected: PhraseBook, parameters: Question, least: float | None
    ) -> None:
        """Keep the phrases."""
        super().__init__(scope)
        self.asked = asked
        self.expected = expected
        self.parameters = parameters
        self.least = least

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, or nobody knows whose they are."""
        return words_unknown(view, self.scope.role, self.least)

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def possible(self, view: CallView) -> bool:
        """Whether the question can have been asked."""
        return self.asked.possible(view.text)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The answer to every question that has one."""
        for asked in self._questions(view, window):
            answer = self._answer(view, asked)
            if answer is not None:
                yield replace(answer, quote=f"{asked.quote} → {answer.quote}", span=None)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """Every question without an answer."""
        reason = self.unknown(view)
        if reason is not None:
            return Result(unknown=reason)
        if not self.possible(view):
            return CLEAR
        windows = self._windows(view, around)
        if isinstance(windows, Result):
            return windows
        left = [
            asked for window in windows for asked in self._questions(view, window) if self._answer(view, asked) is None
        ]
        return Result(tuple(left)) if left else CLEAR

    def _questions(self, view: CallView, window: Window) -> list[Match]:
        """Each turn that asks, once."""
        first: dict[int, PhraseHit] = {}
        for _, hit in self.asked.find(view, window):
            turn = view.text.turn_at(hit.start)
            if turn not in first or (hit.start, hit.end) < (first[turn].start, first[turn].end):
                first[turn] = hit
        return [words_match(view, hit) for _, hit in sorted(first.items())]

    def _answer(self, view: CallView, asked: Match) -> Match | None:
        turn = asked.turn or 0
        answering = OTHER.get(asked.role, Role.UNKNOWN)
        after = [number for number in view.turns_of(answering) if number > turn][: self.parameters.within_turns]
        if not after:
            return None
        end = len(view.text.plain)
        window = Window(tuple(after), frozenset(after), 0, end, float("-inf"), float("inf"), True, True, asked)
        found: dict[int, PhraseHit] = {}
        for number, hit in self.expected.find(view, window):
            if number not in found or (hit.start, hit.end) < (found[number].start, found[number].end):
                found[number] = hit
        if len(found) < self.parameters.at_least:
            return None
        return words_match(view, min(found.values(), key=lambda one: (one.start, one.end)))

"""``regex``: words that fit a regular expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from pipeline.rules.needed_words import needed_words
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.looking import Looking, no_words, words_unknown
from pipeline.rules.operators.phrase import PhraseHit, words_match
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match, Result
from pipeline.rules.safe_regex import SafeRegex, checked
from pipeline.rules.view import CallView
from pipeline.types import MatchKind

TOO_LONG = "正则表达式在这通电话上用时过长，没有结论"

Pattern = Annotated[str, AfterValidator(checked)]


class RegularExpression(ScopedOperator):
    """The words of a turn fit a regular expression, and none of an excluding one.

    正则表达式：一段话里有符合表达式的文字；同一段话里有符合排除式（except）的就不算。

    用途：有的说法形式太多，列不全，例如 ``(办|退|查)不了``。

    误判：表达式不懂意思，能用短语就用短语。比较时只留字、数字和字母，标点和空格不计，拉丁字母一律小写。嵌套的重复和
    回指会算个没完，因此不收。

    命中：``regex: {role: agent, pattern: "(办|退|查)不了", except: 抱歉}``，坐席说“这个退不了。”。

    不命中：坐席说“抱歉，这个退不了。”。

    Why: some wordings have too many forms to list: ``(办|退|查)不了``.

    False alarms: an expression says nothing of meaning; prefer phrases. It is compared with characters, digits and
    letters only: punctuation and blanks are left out, Latin letters are small. Nested repeats and references back are
    refused, since they could run for ever.

    Matches: ``regex: {role: agent, pattern: "(办|退|查)不了", except: 抱歉}`` on ``agent: 这个退不了。``

    Does not match: ``agent: 抱歉，这个退不了。``
    """

    TITLE: ClassVar[str] = "正则表达式"
    VALUES_WHEN_FOUND: ClassVar[bool] = False

    role: RoleWord = Field(description="谁说的。")
    pattern: Pattern = Field(description="表达式，按 Python 的写法；不分大小写。")
    excluding: Pattern | None = Field(default=None, alias="except", description="排除式：同一段话里有它就不算。")

    def compile(self, to: Compilation) -> Condition:
        """Compile both expressions."""
        excluding = None if self.excluding is None else SafeRegex(self.excluding)
        words = needed_words(self.pattern)
        book: int | None = None
        if words is not None:
            book = to.lexicon.add_book([to.lexicon.add(word).pieces[0] for word in sorted(words)])
        scope = self.scope(self.role, to)
        return CompiledRegex(scope, SafeRegex(self.pattern), excluding, to.min_transcript_confidence, book)


class CompiledRegex(Looking):
    """``regex`` ready to look at calls."""

    __slots__ = ("book_number", "excluding", "least", "pattern")

    COST = 30

    JUDGES_WORDS = True

    def __init__(
        self, scope: Scope, pattern: SafeRegex, excluding: SafeRegex | None, least: float | None, book: int | None
    ) -> None:
        """Keep the expressions; ``book`` is the group of words of which one must occur, None where there is none."""
        super().__init__(scope)
        self.pattern = pattern
        self.excluding = excluding
        self.least = least
        self.book_number = book

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, or nobody knows whose they are."""
        return words_unknown(view, self.scope.role, self.least)

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """As every operator; an expression that takes too long gives no conclusion."""
        try:
            return super().evaluate(view, around)
        except TimeoutError:
            return Result(unknown=TOO_LONG)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """As every operator; an expression that takes too long gives no conclusion."""
        try:
            return super().missing(view, around)
        except TimeoutError:
            return Result(unknown=TOO_LONG)

    def possible(self, view: CallView) -> bool:
        """Whether the expression occurs anywhere."""
        if self.book_number is not None and self.book_number not in view.text.books:
            return False
        return self.pattern.possible(view.text.plain)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every place, turn by turn."""
        for number in window.turns:
            text, at = view.text.of_turn(number), view.text.starts[number]
            for start, end in self.pattern.find(text):
                if self.excluding is not None and self.excluding.occurs(text):
                    break
                if window.holds(view, at + start, at + end):
                    yield words_match(view, PhraseHit(at + start, at + end, MatchKind.EXACT, ""))

"""``say``: words that a party says, or leaves unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.rules.matching import SOUND_LEAST_CHARACTERS
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.logic import Not
from pipeline.rules.operators.looking import Looking, no_words, words_lost, words_unknown
from pipeline.rules.operators.phrase import Phrase, PhraseBook, PhraseHit, words_match
from pipeline.rules.operators.scope import RoleWord, Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import MatchKind

_RANK = {MatchKind.EXACT: 0, MatchKind.VARIANT: 1}


class Say(ScopedOperator):
    """A party says any, all, some or none of the phrases.

    说了什么：某一方在指定范围内说了任一（any）、全部（all）、其中几个（any 加 at_least），或一个也没说（none）。

    用途：禁语是说出来的，开头语、结束语是漏说的，都要看文字。

    误判：同样的字出现在问句、条件句或致歉之后（行不行、不行的话您可以……、抱歉没办法……）：给这样的短语写上
    ``not_in``、``not_with`` 或 ``clause_at_most``。另一方说的、不在语音检测范围里的，从来不算；通配符不跨过一段话。
    写了 ``homophones``，只是读音相近的句子也会找到，另算较弱的一类命中。

    命中：``say: {role: agent, any: [你问我我问谁]}``，坐席说“你问我，我问谁？”。

    不命中：客户说“你问我，我问谁？”。

    Why: forbidden phrases, missing greetings and closings are words.

    False alarms: the same words in a question, in a condition or after an apology (行不行, 不行的话您可以…,
    抱歉没办法…): give such a phrase ``not_in``, ``not_with`` or ``clause_at_most``. A phrase said by the other
    party never counts, nor one outside detected speech. A wildcard does not reach into another turn. With
    ``homophones`` a sentence that only sounds alike is found too, as a weaker kind of hit.

    Matches: ``say: {role: agent, any: [你问我我问谁]}`` on ``agent: 你问我，我问谁？``

    Does not match: ``customer: 你问我，我问谁？``
    """

    TITLE: ClassVar[str] = "说了什么"
    VALUES_WHEN_FOUND: ClassVar[bool] = False

    role: RoleWord = Field(description="谁说的：坐席、客户，或任何一方。")
    any: tuple[Phrase, ...] = Field(default=(), description="说了其中任何一个；每处都是一次命中。")
    all: tuple[Phrase, ...] = Field(default=(), description="每一个都说了；以第一个短语的第一处为证据。")
    none: tuple[Phrase, ...] = Field(
        default=(), description="一个也没说；证据是查看过的那一段。`none: […]` 就是 `not` 之下的 `any: […]`。"
    )
    at_least: int = Field(default=1, ge=1, le=1000, description="`any` 里至少要说到几个不同的短语。")
    same_turn: bool = Field(default=False, description="`all`、`at_least` 要的几个短语须在同一段话里。")
    homophones: bool = Field(
        default=False,
        description=f"也按读音匹配（不计声调，平翘舌、前后鼻音、n/l、f/h 不分），防止转写的同音错字漏掉或造出一句话；"
        f"只用于 {SOUND_LEAST_CHARACTERS} 个汉字以上的短语，命中另标为 homophone。",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Say:
        if sum(map(bool, (self.any, self.all, self.none))) != 1:
            raise ValueError("expected exactly one of any, all and none, with at least one phrase")
        phrases = self.any or self.all or self.none
        texts = [text for phrase in phrases for text in (phrase.text, *phrase.variants)]
        if len(set(texts)) < len(texts):
            seen: set[str] = set()
            twice = next(text for text in texts if text in seen or seen.add(text))  # type: ignore[func-returns-value]
            raise ValueError(f"{twice} is listed twice; remove one")
        if self.at_least > max(1, len(self.any)):
            raise ValueError(
                f"at_least asks for {self.at_least} different phrases of {len(self.any)} under any; lower it"
            )
        if self.none and (self.every_turn or self.times > 1 or self.same_turn):
            raise ValueError("none goes with neither every_turn, times nor same_turn; use any under not")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Register the phrases."""
        scope = self.scope(self.role, to)
        book = PhraseBook.compile(self.any or self.all or self.none, to.lexicon, by_sound=self.homophones)
        if self.all:
            said: Looking = SaidTogether(
                scope, book, to.min_transcript_confidence, len(book.phrases), in_order=True, same_turn=self.same_turn
            )
        elif self.at_least > 1:
            said = SaidTogether(
                scope, book, to.min_transcript_confidence, self.at_least, in_order=False, same_turn=self.same_turn
            )
        else:
            said = Said(scope, book, to.min_transcript_confidence)
        return Not(said) if self.none else said


class Said(Looking):
    """Any of the phrases, every place."""

    __slots__ = ("book", "min_transcript_confidence", "tells_at_once")

    JUDGES_WORDS = True

    def __init__(self, scope: Scope, book: PhraseBook, min_transcript_confidence: float | None) -> None:
        """Keep the phrases."""
        super().__init__(scope)
        self.book = book
        self.min_transcript_confidence = min_transcript_confidence
        self.tells_at_once = self.one_window and scope.no_seconds and scope.times == 1

    def unknown(self, view: CallView) -> str | None:
        """The words cannot be trusted, or nobody knows whose they are."""
        return words_unknown(view, self.scope.role, self.min_transcript_confidence)

    def empty(self, view: CallView, window: Window) -> str | None:
        """No words in the window."""
        return no_words(view, self.scope.role, window)

    def unheard(self, view: CallView, window: Window) -> str | None:
        """Words in the window that the guards refused: the phrase may be among them."""
        return words_lost(view, window)

    def possible(self, view: CallView) -> bool:
        """Whether a piece of any phrase occurs."""
        return self.book.possible(view.text)

    def clear_at_once(self, view: CallView) -> bool:
        """Whether the words are not there as often as asked for, in all that the party says."""
        scope = self.scope
        return self.plain_scope and self.book.too_few(view, scope.role, scope.times)

    def found_at_once(self, view: CallView) -> bool:
        """Whether a phrase is said in a window of whole turns; False where that needs a closer look."""
        return self.tells_at_once and self.book.says_at_once(view, self.scope.turns_in(view), self.scope.role, 1)

    def find(self, view: CallView, window: Window) -> Iterable[Match]:
        """Every place, in order."""
        hits = [hit for _, hit in self.book.find(view, window)]
        if len(hits) < self.scope.times:
            return ()
        hits.sort(key=lambda hit: (hit.start, hit.end, _RANK.get(hit.kind, 2)))
        return (words_match(view, hit) for hit in hits)

    def holds(self, view: CallView, window: Window) -> bool:
        """Whether the phrases are said often enough."""
        return self.book.occurs(view, window, self.scope.times)


class SaidTogether(Said):
    """So many different phrases, in the window or in one turn of it."""

    __slots__ = ("count", "in_order", "same_turn")

    def __init__(
        self,
        scope: Scope,
        book: PhraseBook,
        min_transcript_confidence: float | None,
        count: int,
        *,
        in_order: bool,
        same_turn: bool,
    ) -> None:
        """Keep how many phrases are asked for; ``in_order`` makes the first of the list the evidence."""
        super().__init__(scope, book, min_transcript_confidence)
        self.count = count
        self.in_order = in_order
        self.same_turn = same_turn

    def found_at_once(self, view: CallView) -> bool:
        """As for one phrase, where they need not stand together."""
        if self.same_turn or not self.tells_at_once:
            return False
        return self.book.says_at_once(view, self.scope.turns_in(view), self.scope.role, self.count)

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """The first place of the first phrase of the list, or of the first that was said."""
        groups: dict[int, dict[int, PhraseHit]] = {}
        for number, hit in self.book.find(view, window):
            group = groups.setdefault(view.text.turn_at(hit.start) if self.same_turn else 0, {})
            known = group.get(number)
            if known is None or _place(hit) < _place(known):
                group[number] = hit
        for _, group in sorted(groups.items()):
            if len(group) >= self.count:
                yield words_match(view, group[min(group)] if self.in_order else min(group.values(), key=_place))

    def holds(self, view: CallView, window: Window) -> bool:
        """Whether so many different phrases are said."""
        if self.same_turn or self.scope.times > 1:
            return Looking.holds(self, view, window)
        return self.book.says(view, window, self.count)


def _place(hit: PhraseHit) -> tuple[int, int, int]:
    return hit.start, hit.end, _RANK.get(hit.kind, 2)

"""``say``: words that a party says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.features.dialogue import NO_AGENT_SPEECH, NO_CUSTOMER_SPEECH
from pipeline.rules.operators.base import Compilation, Parameters, written_as
from pipeline.rules.operators.phrase import CompiledPhrase, Phrase, PhraseHit
from pipeline.rules.operators.scope import WITHIN_EXPECTED, WITHIN_PATTERN, Near, Scope, Window
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import MatchKind, Role

QUOTE_CHARACTERS = 60
"""So much of a window in which something is missing is quoted."""

NOBODY_SPEAKS = "没有听到任何人说话"
NO_WORDS = "这一段话没有识别出文字"
NO_SUCH_TURN = "通话里没有规则要看的那一段话"


class Say(Parameters):
    """A party says any of the phrases, or all of them.

    说了什么：某一方在指定范围内说了任一（any）或全部（all）短语。

    Why: forbidden phrases, missing greetings and closings are words.

    False alarms: the same words in a question, in a condition or after an apology (行不行, 不行的话您可以…,
    抱歉没办法…): give such a phrase ``not_in``, ``not_with`` or ``clause_at_most``. A phrase said by the other
    party never counts, nor one outside detected speech. A wildcard does not reach into another turn.

    Matches: ``say: {role: agent, any: [你问我我问谁]}`` on ``agent: 你问我，我问谁？``

    Does not match: ``customer: 你问我，我问谁？``
    """

    role: Literal["agent", "customer", "anyone"] = Field(description="谁说的：坐席、客户，或任何一方。")
    any: tuple[Phrase, ...] = Field(default=(), description="说了其中任何一个；每处都是一次命中。")
    all: tuple[Phrase, ...] = Field(default=(), description="每一个都说了；以第一个短语的第一处为证据。")
    turns: tuple[int, int] | None = Field(
        default=None, description="只看该方的第几段到第几段话，从 1 数起；负数从最后数起，`[-2, -1]` 是最后两段。"
    )
    first_s: float | None = Field(default=None, gt=0, le=86400, description="只看接通后的前多少秒。")
    last_s: float | None = Field(default=None, gt=0, le=86400, description="只看录音结束前的多少秒。")
    within: Annotated[str, AfterValidator(written_as(WITHIN_PATTERN, WITHIN_EXPECTED))] | None = Field(
        default=None, description=f"只看命中处的附近，用于 `unless`：{WITHIN_EXPECTED}。"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Say:
        if bool(self.any) == bool(self.all):
            raise ValueError("expected exactly one of any and all, with at least one phrase")
        texts = [text for phrase in self.any or self.all for text in (phrase.text, *phrase.variants)]
        twice = sorted({text for text in texts if texts.count(text) > 1}) if len(set(texts)) < len(texts) else []
        if twice:
            raise ValueError(f"{twice[0]} is listed twice; remove one")
        if self.turns is not None:
            first, last = self.turns
            if first == 0 or last == 0:
                raise ValueError("turns are counted from 1, or from -1 for the last; 0 is none of them")
            if (first > 0) == (last > 0) and first > last:
                raise ValueError(f"turns run from {first} to {last}; put the earlier one first")
        return self

    def compile(self, to: Compilation) -> CompiledSay:
        """Register the phrases."""
        phrases = tuple(phrase.compile(to.lexicon) for phrase in self.any or self.all)
        by_piece: dict[int, list[CompiledPhrase]] = {}
        for phrase in phrases:
            for piece in phrase.first_pieces:
                by_piece.setdefault(piece, []).append(phrase)
        return CompiledSay(
            scope=Scope(
                role=None if self.role == "anyone" else Role(self.role),
                turns=self.turns,
                first_s=self.first_s,
                last_s=self.last_s,
                near=None if self.within is None else Near.read(self.within),
            ),
            phrases=phrases,
            by_piece={piece: tuple(found) for piece, found in by_piece.items()},
            every=bool(self.all),
            min_transcript_confidence=to.min_transcript_confidence,
        )


@dataclass(frozen=True, slots=True)
class CompiledSay:
    """``say`` ready to look at calls; ``by_piece`` finds the phrases that can occur without trying all."""

    scope: Scope
    phrases: tuple[CompiledPhrase, ...]
    by_piece: dict[int, tuple[CompiledPhrase, ...]]
    every: bool
    min_transcript_confidence: float | None

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Every place where a phrase was said."""
        window = self.scope.window(view, around)
        unknown = self._unknown(view, window)
        if unknown is not None:
            return Result(unknown=unknown)
        candidates = {
            id(phrase): phrase for piece in view.text.hits if piece in self.by_piece for phrase in self.by_piece[piece]
        }
        if not candidates or (self.every and len(candidates) < len(self.phrases)):
            return CLEAR
        found = {
            key: list(phrase.find(view.text, lambda start, end, words: window.holds(view, start, end, words)))
            for key, phrase in candidates.items()
        }
        if self.every:
            if not all(found.values()):
                return CLEAR
            first = min(found[id(self.phrases[0])], key=lambda hit: (hit.start, hit.end))
            return Result((self._match(first),))
        matches = [self._match(hit) for hits in found.values() for hit in hits]
        return Result(tuple(sorted(matches, key=lambda match: (match.span, match.kind is not MatchKind.EXACT))))

    def absence(self, view: CallView, around: Match | None) -> Match:
        """The window looked at: from its first turn to its last, with the beginning of what was said."""
        window = self.scope.window(view, around)
        turns = [view.dialogue.turns[number] for number in window.turns]
        quote = "".join(turn.text for turn in turns)
        return Match(
            role=self.scope.role or Role.UNKNOWN,
            start_s=max(window.start_s, turns[0].turn.start_s if turns else 0.0),
            end_s=min(window.end_s, turns[-1].turn.end_s if turns else view.end_s),
            quote=quote if len(quote) <= QUOTE_CHARACTERS else quote[:QUOTE_CHARACTERS] + "…",
            kind=MatchKind.EXACT,
        )

    def _unknown(self, view: CallView, window: Window) -> str | None:
        role = self.scope.role
        if role is not None and view.dialogue.roles_unknown is not None:
            return view.dialogue.roles_unknown
        confidence, least = view.transcript_confidence(), self.min_transcript_confidence
        if confidence is not None and least is not None and confidence < least:
            return f"转写置信度 {confidence:.2f} 低于 {least:.2f}，不足以按文字判断"
        if self.scope.near is not None or any(view.has_words(number) for number in window.turns):
            return None
        if not view.turns_of(role):
            nobody = {None: NOBODY_SPEAKS, Role.AGENT: NO_AGENT_SPEECH, Role.CUSTOMER: NO_CUSTOMER_SPEECH}
            return nobody[role]
        return NO_WORDS if window.turns else NO_SUCH_TURN

    def _match(self, hit: PhraseHit) -> Match:
        return Match(
            role=hit.wording.turn.turn.role,
            start_s=hit.wording.start_s,
            end_s=hit.wording.end_s,
            quote=hit.wording.quote,
            kind=hit.kind,
            confidence=hit.wording.confidence,
            span=(hit.start, hit.end),
        )

"""A phrase with its variants, and the surroundings in which it means something else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pipeline.rules.matching import (
    SOUND_LEAST_CHARACTERS,
    WILDCARD,
    WILDCARD_CHARACTERS,
    LexiconBuilder,
    Pattern,
    SoundPattern,
    plain,
    sounds_enough,
)
from pipeline.rules.operators.base import Parameters
from pipeline.rules.operators.scope import Window
from pipeline.rules.outcome import Match
from pipeline.rules.spoken import SpokenText
from pipeline.rules.view import CallView
from pipeline.types import MatchKind, Role

AnyPattern = Pattern | SoundPattern


def _spoken(text: str) -> str:
    if not plain(text):
        raise ValueError("expected at least one character, digit or letter")
    return text


PhraseText = Annotated[str, AfterValidator(_spoken)]


class Phrase(Parameters):
    """One phrase; a text alone stands for ``{text: …}``."""

    text: PhraseText = Field(description=f"短语。标点不计；`{WILDCARD}` 代表 0 到 {WILDCARD_CHARACTERS} 个字。")
    variants: tuple[PhraseText, ...] = Field(default=(), description="同一短语的其他说法；命中时标为 variant。")
    not_in: tuple[PhraseText, ...] = Field(
        default=(), description="更长的说法；短语若是其中的一部分就不算（`行不行` 里的 `不行`）。"
    )
    not_with: tuple[PhraseText, ...] = Field(default=(), description="同一段话里出现任何一个，短语就不算（`抱歉`）。")
    clause_at_most: int | None = Field(
        default=None, ge=1, le=100, description="短语所在的分句（标点之间，或整句转写）最多几个字，更长就不算。"
    )

    homophones: bool | None = Field(
        default=None,
        description=f"是否也按读音匹配（至少 {SOUND_LEAST_CHARACTERS} 个汉字才可以）；不写则随所在的条件。",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _needs_surroundings(self) -> Phrase:
        if self.clause_at_most is None:
            for text in (self.text, *self.variants):
                if len(plain(text)) == 1:
                    raise ValueError("a phrase of one character would be found everywhere; add clause_at_most")
        if self.homophones and not any(map(sounds_enough, (self.text, *self.variants))):
            raise ValueError(
                f"{self.text} is too short to be known by its sound; "
                f"expected {SOUND_LEAST_CHARACTERS} Chinese characters or more; remove homophones"
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Allow the short form too."""
        schema = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "string"}, schema]}

    def compile(self, lexicon: LexiconBuilder, *, by_sound: bool = False) -> CompiledPhrase:
        """Register all wordings; ``by_sound`` unless the phrase itself says otherwise."""
        wordings: list[Wanted] = [Wanted(lexicon.add(self.text), MatchKind.EXACT, self.text)]
        wordings += (Wanted(lexicon.add(variant), MatchKind.VARIANT, variant) for variant in self.variants)
        not_in: list[AnyPattern] = [lexicon.add(text) for text in self.not_in]
        not_with: list[AnyPattern] = [lexicon.add(text) for text in self.not_with]
        if by_sound if self.homophones is None else self.homophones:
            for text in (self.text, *self.variants):
                sound = lexicon.add_sound(text)
                if sound is not None:
                    wordings.append(Wanted(sound, MatchKind.HOMOPHONE, text))
            # What excuses the words excuses their sound: 生气 heard for 神奇 must not accuse either.
            for texts, patterns in ((self.not_in, not_in), (self.not_with, not_with)):
                patterns += (found for text in texts if (found := lexicon.add_sound(text)) is not None)
        return CompiledPhrase(self.text, tuple(wordings), tuple(not_in), tuple(not_with), self.clause_at_most)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One wording of a phrase, as written or by sound."""

    pattern: AnyPattern
    kind: MatchKind
    text: str


@dataclass(frozen=True, slots=True)
class PhraseHit:
    """A phrase that was said; ``wanted`` is the wording that the rule has."""

    start: int
    end: int
    kind: MatchKind
    wanted: str


@dataclass(frozen=True, slots=True)
class CompiledPhrase:
    """A phrase ready to be found."""

    text: str
    wordings: tuple[Wanted, ...]
    not_in: tuple[AnyPattern, ...]
    not_with: tuple[AnyPattern, ...]
    clause_at_most: int | None
    unconditional: bool = field(init=False)
    """Whether the words mean the same wherever they stand."""

    def __post_init__(self) -> None:
        """Tell once what most phrases do not ask for."""
        object.__setattr__(self, "unconditional", not (self.not_in or self.not_with or self.clause_at_most))

    def counts(self, text: SpokenText, start: int, end: int) -> bool:
        """Whether the words at a place mean what the rule means."""
        if self.unconditional:
            return True
        if self.clause_at_most is not None and text.clause_length(start, end) > self.clause_at_most:
            return False
        for pattern in self.not_in:
            if any(outer <= start and end <= outer_end for outer, outer_end in pattern.find(text)):
                return False
        if not self.not_with:
            return True
        turn = text.turn_at(start)
        return not any(text.turn_at(other) == turn for pattern in self.not_with for other, _ in pattern.find(text))


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Several phrases; ``by_piece`` gives the wordings that a piece is the key of, with the number of their phrase."""

    phrases: tuple[CompiledPhrase, ...]
    by_piece: dict[int, tuple[tuple[int, Wanted], ...]]
    number: int
    countable: bool = field(init=False)
    """Whether every wording is found where its only piece stands, so that pieces can be counted first."""
    sure: dict[int, int] = field(init=False)
    """Of pieces that are a whole wording and mean the same wherever they stand, the number of the phrase."""

    def __post_init__(self) -> None:
        """Tell once which pieces need no closer look."""
        sure = {
            piece: number
            for piece, wanted in self.by_piece.items()
            for number, one in wanted
            if isinstance(one.pattern, Pattern) and len(one.pattern.pieces) == 1 and self.phrases[number].unconditional
        }
        object.__setattr__(self, "sure", sure)
        wordings = [one.pattern for wanted in self.by_piece.values() for _, one in wanted]
        countable = all(isinstance(pattern, Pattern) and len(pattern.pieces) == 1 for pattern in wordings)
        object.__setattr__(self, "countable", countable)

    @classmethod
    def compile(cls, phrases: tuple[Phrase, ...], lexicon: LexiconBuilder, *, by_sound: bool = False) -> PhraseBook:
        """Register all phrases."""
        compiled = tuple(phrase.compile(lexicon, by_sound=by_sound) for phrase in phrases)
        by_piece: dict[int, list[tuple[int, Wanted]]] = {}
        for number, phrase in enumerate(compiled):
            for wanted in phrase.wordings:
                for piece in wanted.pattern.keys:
                    by_piece.setdefault(piece, []).append((number, wanted))
        return cls(compiled, {piece: tuple(found) for piece, found in by_piece.items()}, lexicon.add_book(by_piece))

    def possible(self, text: SpokenText) -> bool:
        """Whether any of the phrases can occur in a call."""
        return self.number in text.books

    def find(self, view: CallView, window: Window) -> Iterator[tuple[int, PhraseHit]]:
        """Where any of the phrases was said and means what the rule means, with the number of the phrase."""
        text = view.text
        seen: set[int] = set()
        for piece in text.books.get(self.number, ()):
            for number, wanted in self.by_piece[piece]:
                if wanted.kind is MatchKind.HOMOPHONE:
                    # A sound with several readings is found by each of them.
                    if id(wanted) in seen:
                        continue
                    seen.add(id(wanted))
                for start, end in wanted.pattern.find(text):
                    if window.holds(view, start, end) and self.phrases[number].counts(text, start, end):
                        yield number, PhraseHit(start, end, wanted.kind, wanted.text)

    def occurs(self, view: CallView, window: Window, times: int) -> bool:
        """Whether phrases were said so often."""
        text = view.text
        left = times
        seen: set[int] = set()
        for piece in text.books.get(self.number, ()):
            for number, wanted in self.by_piece[piece]:
                if wanted.kind is MatchKind.HOMOPHONE:
                    if id(wanted) in seen:
                        continue
                    seen.add(id(wanted))
                phrase = self.phrases[number]
                for start, end in wanted.pattern.find(text):
                    if window.holds(view, start, end) and phrase.counts(text, start, end):
                        left -= 1
                        if not left:
                            return True
        return False

    def too_few(self, view: CallView, role: Role | None, times: int) -> bool:
        """Whether a party says less than so many of the words, whatever they mean where they stand."""
        text = view.text
        starts, hits, roles = text.starts, text.hits, view.dialogue.roles
        # Of a wording of several pieces it is known that it needs this one, not how often the piece makes one.
        left = times if self.countable else 1
        for piece in text.books.get(self.number, ()):
            wordings = len(self.by_piece[piece])
            for start, _ in hits[piece]:
                if role is None or roles[bisect_right(starts, start) - 1] is role:
                    left -= wordings
                    if left <= 0:
                        return False
        return True

    def says_at_once(self, view: CallView, turns: tuple[int, ...], role: Role | None, count: int) -> bool:
        """Whether so many different phrases are said in successive turns of a party, going by the ``sure`` ones."""
        text = view.text
        found = text.books.get(self.number)
        if not found or not turns:
            return False
        sure, starts, roles = self.sure, text.starts, view.dialogue.roles
        first, last = starts[turns[0]], text.ends[turns[-1]]
        said: set[int] = set()
        for piece in found:
            number = sure.get(piece)
            if number is None or number in said:
                continue
            for start, end in text.hits[piece]:
                if first <= start and end <= last and (role is None or roles[bisect_right(starts, start) - 1] is role):
                    if len(said) + 1 == count:
                        return True
                    said.add(number)
                    break
        return False

    def says(self, view: CallView, window: Window, count: int) -> bool:
        """Whether so many different phrases were said; the first place of each is enough."""
        text = view.text
        said: set[int] = set()
        for piece in text.books.get(self.number, ()):
            for number, wanted in self.by_piece[piece]:
                if number not in said and any(
                    window.holds(view, start, end) and self.phrases[number].counts(text, start, end)
                    for start, end in wanted.pattern.find(text)
                ):
                    said.add(number)
                    if len(said) == count:
                        return True
        return False


def words_match(view: CallView, hit: PhraseHit) -> Match:
    """A phrase that was said, as evidence."""
    wording = view.text.wording(hit.start, hit.end)
    quote = wording.quote
    by_sound = hit.kind is MatchKind.HOMOPHONE
    return Match(
        role=view.dialogue.roles[wording.turn],
        start_s=wording.start_s,
        end_s=wording.end_s,
        quote=quote,
        kind=hit.kind,
        measured=f"听到的是“{quote}”" if by_sound else None,
        threshold=f"规则要的是“{hit.wanted}”" if by_sound else None,
        confidence=wording.confidence,
        span=(hit.start, hit.end),
        turn=wording.turn,
    )

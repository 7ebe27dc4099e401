"""A phrase with its variants, and the surroundings in which it means something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pipeline.rules.matching import WILDCARD, WILDCARD_CHARACTERS, LexiconBuilder, Pattern, SpokenText, Wording, plain
from pipeline.rules.operators.base import Parameters
from pipeline.types import MatchKind


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
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Allow the short form too."""
        schema = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "string"}, schema]}

    def compile(self, lexicon: LexiconBuilder) -> CompiledPhrase:
        """Register all wordings."""
        return CompiledPhrase(
            text=self.text,
            wordings=(
                (lexicon.add(self.text), MatchKind.EXACT),
                *((lexicon.add(variant), MatchKind.VARIANT) for variant in self.variants),
            ),
            not_in=tuple(lexicon.add(text) for text in self.not_in),
            not_with=tuple(lexicon.add(text) for text in self.not_with),
            clause_at_most=self.clause_at_most,
        )


@dataclass(frozen=True, slots=True)
class PhraseHit:
    """A phrase that was said."""

    start: int
    end: int
    kind: MatchKind
    wording: Wording


@dataclass(frozen=True, slots=True)
class CompiledPhrase:
    """A phrase ready to be found."""

    text: str
    wordings: tuple[tuple[Pattern, MatchKind], ...]
    not_in: tuple[Pattern, ...]
    not_with: tuple[Pattern, ...]
    clause_at_most: int | None

    @property
    def first_pieces(self) -> frozenset[int]:
        """Pieces of which one must occur before the phrase can."""
        return frozenset(pattern.pieces[0] for pattern, _ in self.wordings)

    def find(self, text: SpokenText, inside: Callable[[int, int, Wording], bool]) -> Iterator[PhraseHit]:
        """Where the phrase was said and means what the rule means."""
        for pattern, kind in self.wordings:
            for start, end in pattern.find(text):
                wording = text.wording(start, end)
                if inside(start, end, wording) and self._counts(text, start, end, wording):
                    yield PhraseHit(start, end, kind, wording)

    def _counts(self, text: SpokenText, start: int, end: int, wording: Wording) -> bool:
        if self.clause_at_most is not None and wording.clause_length > self.clause_at_most:
            return False
        for pattern in self.not_in:
            if any(outer <= start and end <= outer_end for outer, outer_end in pattern.find(text)):
                return False
        turn = text.turn_at(start)
        return not any(text.turn_at(other) == turn for pattern in self.not_with for other, _ in pattern.find(text))

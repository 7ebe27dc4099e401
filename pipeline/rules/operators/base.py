"""What every operator shares: its parameters are a frozen model, its compiled form looks at calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pipeline.rules.matching import LexiconBuilder
from pipeline.rules.outcome import Match, Result
from pipeline.rules.view import CallView


class Parameters(BaseModel):
    """Base of everything that is written in a rulebook: frozen, no value is converted, no unknown key is taken."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Operator(Parameters):
    """Base of the operators: each is one way to look at a call.

    Attributes:
        TITLE: what a Chinese reader calls it.
        VALUES_WHEN_FOUND: whether a match always says what was measured and what is asked for.
        VALUES_WHEN_MISSING: whether the same is true of the evidence that nothing was found.
    """

    TITLE: ClassVar[str] = ""
    VALUES_WHEN_FOUND: ClassVar[bool] = True
    VALUES_WHEN_MISSING: ClassVar[bool] = False

    def compile(self, to: Compilation) -> Condition:
        """The operator ready to look at calls."""
        raise NotImplementedError


def written_as(pattern: str, expected: str) -> Callable[[str], str]:
    """A check that a whole text fits a pattern; ``expected`` says in words what would."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"expected {expected}")
        return text

    return check


class Condition(Protocol):
    """An operator ready to look at calls.

    ``around`` is the match whose surroundings are asked for, given to the condition of an ``unless``.
    """

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Where the condition holds in a call."""
        ...

    def missing(self, view: CallView, around: Match | None) -> Result:
        """Where the condition does not hold: the windows that were looked at, as evidence; clear where it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Compilation:
    """What operators need to compile: the phrases of the rulebook, the rule's anchors and its own settings.

    ``places`` numbers the parts of a call at which operators look, so that each is cut out of a call once.
    """

    lexicon: LexiconBuilder = field(default_factory=LexiconBuilder)
    min_transcript_confidence: float | None = None
    anchors: Mapping[str, Condition] = field(default_factory=dict)
    places: dict[object, int] = field(default_factory=dict)

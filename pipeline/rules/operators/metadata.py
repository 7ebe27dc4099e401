"""``metadata``: what the recording platform says of the call."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Parameters
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import CallMetadata, MatchKind, Role

MISSING = "清单里没有“{field}”这一项"

Value = str | int | float | bool

_NAMED = frozenset(field.name for field in fields(CallMetadata)) - {"extra"}


class MetadataIs(Parameters):
    """A manifest column of the call has a certain value.

    清单字段：录音平台给出的某个字段（包括自定义列）等于某个值（is）或某几个值之一（in）。

    Why: some rules are for outbound calls, one team or one kind of business only; who hung up is known from the
    platform alone.

    False alarms: none of its own; values are compared as texts. A call without the field is not assessable.

    Matches: ``metadata: {field: direction, is: outbound}`` on a call whose manifest row says ``outbound``.

    Does not match: a call whose row says ``inbound``.
    """

    name: str = Field(alias="field", min_length=1, description="清单的列名，例如 `direction`、`business_type`。")
    equals: Value | None = Field(default=None, alias="is", description="等于它时命中。")
    one_of: tuple[Value, ...] = Field(default=(), alias="in", description="等于其中之一时命中。")

    @model_validator(mode="after")
    def _consistent(self) -> MetadataIs:
        if (self.equals is not None) == bool(self.one_of):
            raise ValueError("expected exactly one of is and in")
        return self

    def compile(self, to: Compilation) -> CompiledMetadata:
        """Write the values as manifests do."""
        wanted = self.one_of if self.equals is None else (self.equals,)
        return CompiledMetadata(self.name, frozenset(_written(value) for value in wanted))


def _written(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class CompiledMetadata:
    """``metadata`` ready to look at calls."""

    field: str
    wanted: frozenset[str]

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """The whole call, when the field has one of the values."""
        written = self._value(view)
        if written is None:
            return Result(unknown=MISSING.format(field=self.field))
        return Result((self.absence(view, around),)) if written in self.wanted else CLEAR

    def absence(self, view: CallView, around: Match | None) -> Match:
        """The whole call with the value of the field."""
        return Match(
            role=Role.UNKNOWN,
            start_s=view.answered_at_s,
            end_s=view.end_s,
            quote="",
            kind=MatchKind.MEASURE,
            measured=f"{self.field}={self._value(view) or ''}",
            threshold=f"{self.field}={'/'.join(sorted(self.wanted))}",
        )

    def _value(self, view: CallView) -> str | None:
        metadata = view.metadata
        value = getattr(metadata, self.field) if self.field in _NAMED else metadata.extra.get(self.field)
        return None if value is None else _written(value)

"""``metadata``: what the recording platform says of the call."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.rules.operators.base import Compilation, Operator
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView
from pipeline.types import CallMetadata, MatchKind, Role

NO_NUMBER = "清单里的“{field}”不是数字"
MISSING = "清单里没有“{field}”这一项"

_SEPARATORS = re.compile(r"[,，;；|、\s]+")

Value = str | int | float | bool

_FITS = Result((Match(Role.UNKNOWN, 0.0, 0.0, "", MatchKind.MEASURE),))

_NAMED = frozenset(one.name for one in fields(CallMetadata)) - {"extra"}


class MetadataIs(Operator):
    """A manifest column of the call has a certain value.

    清单字段：录音平台给出的某个字段（包括自定义列）等于某个值（is）、某几个值之一（in）、含有某个标签（contains），
    或是越界的数字（above、below）。

    用途：有的规则只管外呼、某一个班组或某一类业务；谁挂的机，也只有平台知道。

    误判：它自己不会误判；值按文字比较。没有这个字段的通话无法判断。

    命中：``metadata: {field: direction, is: outbound}``，清单上写着 ``outbound``。

    不命中：清单上写着 ``inbound``。

    Why: some rules are for outbound calls, one team or one kind of business only; who hung up is known from the
    platform alone.

    False alarms: none of its own; values are compared as texts. A call without the field is not assessable.

    Matches: ``metadata: {field: direction, is: outbound}`` on a call whose manifest row says ``outbound``.

    Does not match: a call whose row says ``inbound``.
    """

    TITLE: ClassVar[str] = "清单字段"
    VALUES_WHEN_MISSING: ClassVar[bool] = True

    name: str = Field(alias="field", min_length=1, description="清单的列名，例如 `direction`、`business_type`。")
    equals: Value | None = Field(default=None, alias="is", description="等于它时命中。")
    one_of: tuple[Value, ...] = Field(default=(), alias="in", description="等于其中之一时命中。")

    contains: tuple[str, ...] = Field(
        default=(), description="字段里的标签（用逗号、分号、竖线或空格隔开）有其中之一时命中。"
    )
    above: float | None = Field(default=None, allow_inf_nan=False, description="是数字且大于它时命中。")
    below: float | None = Field(default=None, allow_inf_nan=False, description="是数字且小于它时命中。")

    @model_validator(mode="after")
    def _consistent(self) -> MetadataIs:
        limits = self.above is not None or self.below is not None
        if sum((self.equals is not None, bool(self.one_of), bool(self.contains), limits)) != 1:
            raise ValueError("expected exactly one of is, in, contains, or above and/or below")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"no value is over {self.above:g} and under {self.below:g}; correct one of the limits")
        return self

    def compile(self, to: Compilation) -> CompiledMetadata:
        """Write the values as manifests do."""
        wanted = self.one_of if self.equals is None else (self.equals,)
        values = (self.name, frozenset(map(_written, wanted)), frozenset(self.contains), self.above, self.below)
        return CompiledMetadata(*values, to.places.setdefault(values, len(to.places)))


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
    contains: frozenset[str]
    above: float | None
    below: float | None
    place: int
    """Conditions that ask the same have the same place, so that each call is asked once."""
    absent: Result = dataclasses.field(init=False, compare=False)
    """What a call without the field comes to."""

    def __post_init__(self) -> None:
        """Word once what is the same for every such call."""
        object.__setattr__(self, "absent", Result(unknown=MISSING.format(field=self.field)))

    @property
    def asked_for(self) -> str:
        """The values as people read them."""
        limits = ((self.above, ">"), (self.below, "<"))
        written = [f"{sign}{limit:g}" for limit, sign in limits if limit is not None]
        return "/".join(sorted(self.wanted | self.contains)) or "，".join(written)

    def clear_at_once(self, view: CallView) -> bool:
        """Whether the field has another value; most rules for one direction are done with this."""
        value = self._value(view)
        return value is not None and self.fits(value) is False

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """The whole call, when the field has one of the values."""
        known = view.looked_up.get(self.place)
        if known is None:
            view.looked_up[self.place] = known = self._looked_at(view, wanted=True)
        return known

    def missing(self, view: CallView, around: Match | None) -> Result:
        """The whole call with the value of the field, when it is another."""
        return self._looked_at(view, wanted=False)

    def told(self, view: CallView) -> Result:
        """As ``evaluate``, for who needs no evidence."""
        value = self._value(view)
        if value is None:
            return self.absent
        fits = self.fits(value)
        if fits is None:
            return Result(unknown=NO_NUMBER.format(field=self.field))
        return _FITS if fits else CLEAR

    def _looked_at(self, view: CallView, *, wanted: bool) -> Result:
        value = self._value(view)
        if value is None:
            return self.absent
        fits = self.fits(value)
        if fits is None:
            return Result(unknown=NO_NUMBER.format(field=self.field))
        if fits is not wanted:
            return CLEAR
        return Result(
            (
                Match(
                    role=Role.UNKNOWN,
                    start_s=view.answered_at_s,
                    end_s=view.end_s,
                    quote="",
                    kind=MatchKind.MEASURE,
                    measured=f"{self.field}={value}",
                    threshold=f"{self.field}={self.asked_for}",
                ),
            )
        )

    def fits(self, value: str) -> bool | None:
        """Whether a value is as the rule wants it; None when a number is asked for and this is none."""
        if self.wanted:
            return value in self.wanted
        if self.contains:
            return not self.contains.isdisjoint(part.strip() for part in _SEPARATORS.split(value))
        try:
            number = float(value)
        except ValueError:
            return None
        return (self.above is None or number > self.above) and (self.below is None or number < self.below)

    def _value(self, view: CallView) -> str | None:
        return value_in_manifest(view.metadata, self.field)


def value_in_manifest(metadata: CallMetadata, field: str) -> str | None:
    """A column of the manifest as it is written there, None where the call has none."""
    value = getattr(metadata, field) if field in _NAMED else metadata.extra.get(field)
    return None if value is None else _written(value)

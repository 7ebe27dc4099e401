"""Measures as the store keeps them: what every rule asks for at hand, all evidence read when somebody looks at it.

The evidence of a call's measures is by far the most of an assessment, and judging a month again looks at little of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.serialise import Document, measures_from_document
from pipeline.types import Evidence, Measure, Outcome, Role

Value = float | int | bool | str | None


def values_of(measures: Mapping[str, Mapping[str, Any]]) -> Document:
    """Values and reasons, from the document of ``pipeline.serialise.measures_to_document``, and the first evidence.

    A value outside its limits is shown with that one. It is a text inside the document, so that who asks for no
    evidence need not have it parsed.
    """
    taken = Outcome.MEASURED.value
    return {
        "values": {name: item["value"] if item["outcome"] == taken else None for name, item in measures.items()},
        "reasons": {
            name: item["reason"] for name, item in measures.items() if item["outcome"] != taken or item["value"] is None
        },
        "first": msgspec.json.encode({name: _first(item["evidence"]) for name, item in measures.items()}).decode(),
    }


def _first(evidence: Sequence[Mapping[str, Any]]) -> tuple[Any, ...] | None:
    return next(((one["role"], one["start_s"], one["end_s"], one["text"]) for one in evidence), None)


_read_first = msgspec.json.Decoder(dict[str, tuple[Role, float | int, float | int, str] | None]).decode


class StoredMeasures(Mapping[str, Measure]):
    """The measures of a stored call. Values and reasons cost nothing; evidence is read when it is asked for."""

    __slots__ = ("_first", "_read", "_values", "_whole", "reason", "value")

    value: Callable[[str], Value]
    """What was measured by name; None where nothing was."""
    reason: Callable[[str], str | None]
    """Why there is no value, by name; None where there is one, or nobody said."""

    def __init__(self, values: Mapping[str, Any], whole: Callable[[str], Mapping[str, Any]]) -> None:
        """Keep what ``values_of`` gives, and a way to each measure by name in the document that it was given.

        Raises:
            KeyError: ``values`` is not from there.
        """
        self._values: Mapping[str, Value] = values["values"]
        self.value = self._values.get
        self.reason = values["reasons"].get
        # None where the values were stored before the first evidence was kept beside them.
        self._first: str | None = values.get("first")
        self._whole = whole
        self._read: dict[str, Measure] = {}

    def has_all(self, names: Mapping[str, object]) -> bool:
        """Whether all of these were taken."""
        return self._values.keys() >= names.keys()

    def first_evidence(self, name: str) -> Evidence | None:
        """The first evidence of a measure, None where it has none."""
        if self._first is None:
            evidence = self[name].evidence
            return evidence[0] if evidence else None
        first = _read_first(self._first)[name]
        return None if first is None else Evidence(*first)

    def __getitem__(self, name: str) -> Measure:
        """One measure with its evidence."""
        if name not in self._values:
            raise KeyError(name)
        if name not in self._read:
            self._read.update(measures_from_document({name: self._whole(name)}))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a measure."""
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        """Names in order."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values)

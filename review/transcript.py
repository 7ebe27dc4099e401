"""The dialogue as the page draws it: lines cut where words are evidence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.types import Finding

MOST_LINES_MARKED = 4
"""A finding whose words run over more lines than this is about the call; nothing is marked for it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters; ``flags`` are the numbers of the flags that it is evidence for."""

    text: str
    flags: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the dialogue."""

    number: int
    role: str
    start_s: float
    end_s: float
    confidence: float | None
    pieces: tuple[Piece, ...]
    corrected: str = ""
    correction: int | None = None


def marked_lines(
    utterances: Sequence[Mapping[str, Any]], findings: Sequence[tuple[int, Finding]]
) -> list[tuple[Piece, ...]]:
    """The lines' texts cut into pieces; a piece is marked with the numbers of the findings whose words it holds."""
    marks: list[list[set[int]]] = [[set() for _ in item["text"]] for item in utterances]
    for number, finding in findings:
        if not finding.quote:
            continue
        touched = [
            index
            for index, item in enumerate(utterances)
            if item["role"] == finding.role.value
            and item["start_s"] <= finding.end_s
            and finding.start_s <= item["end_s"]
        ]
        if len(touched) > MOST_LINES_MARKED:
            continue
        for index in touched:
            for place in _places(utterances[index], finding):
                marks[index][place].add(number)
    return [_pieces(item["text"], flags) for item, flags in zip(utterances, marks, strict=True)]


def _places(item: Mapping[str, Any], finding: Finding) -> Sequence[int]:
    text, quote = item["text"], finding.quote
    times = item.get("characters")
    found = [start for start in range(len(text)) if text.startswith(quote, start)]
    if found:
        # Said several times in one line: the one nearest to the finding's time.
        start = min(found, key=lambda place: abs(_time_of(item, place) - finding.start_s))
        return range(start, start + len(quote))
    if times:
        inside = [
            place for place, (start_s, end_s) in enumerate(times) if start_s < finding.end_s and finding.start_s < end_s
        ]
        return range(inside[0], inside[-1] + 1) if inside else ()
    return range(len(text)) if text and text in quote else ()


def _time_of(item: Mapping[str, Any], place: int) -> float:
    times = item.get("characters")
    if times and place < len(times):
        return float(times[place][0])
    share = place / max(1, len(item["text"]))
    return float(item["start_s"] + share * (item["end_s"] - item["start_s"]))


def character_starts(item: Mapping[str, Any]) -> list[float]:
    """When each character of a line begins; spread evenly where the engine knows no times below the line."""
    return [round(_time_of(item, place), 3) for place in range(len(item["text"]))]


def _pieces(text: str, flags: Sequence[set[int]]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or flags[place] != flags[begin]:
            pieces.append(Piece(text[begin:place], tuple(sorted(flags[begin]))))
            begin = place
    return tuple(pieces)

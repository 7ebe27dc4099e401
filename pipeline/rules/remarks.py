"""What a rulebook that loads may still get wrong: conditions that can never or always hold, phrases inside each other.

A rule that can never fire, or fires on every call, is an error. Phrases of which one holds the other, exclusions
that exclude nothing, and phrases that no example shows are remarks: they may be meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pipeline.rules.example_runs import phrases_of
from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.listed_phrases import held_phrases, lists_of
from pipeline.rules.matching import WILDCARD, plain
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.phrase import Phrase
from pipeline.rules.operators.say import Say
from pipeline.rules.quantities import exclude_each_other
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.schema import ConditionParameters
from pipeline.rules.yaml_source import Path, Source

_SIGNED_UNITS = frozenset({"dBFS", "dB", "dB/s"})
"""Units whose values may be below 0; everything else that is measured is a count, a length, a rate or a share."""

SHOWN_PHRASES = 5
"""So many phrases without an example are named in a remark; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a supervisor should look at; ``rule`` is empty where the whole file is meant."""

    is_error: bool
    rule: str
    key: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A condition with the way to it; ``positive`` when the rule needs it to hold."""

    path: Path
    condition: ConditionParameters
    positive: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """A phrase that a rule flags, with the way to it."""

    rule: Rule
    say: Say
    phrase: Phrase
    path: Path


def remarks_on(rulebook: Rulebook, source: Source) -> tuple[Remark, ...]:
    """Everything worth a look, in the order of the file.

    Args:
        rulebook: as ``parse_rulebook`` gives it.
        source: the same bytes as ``read_yaml`` gives them, for the lines.
    """
    places = _places_in_file(source)
    found: list[Remark] = []
    said: list[_Said] = []
    for rule in rulebook.rules:
        at: Path = ("rules", places.get(rule.id, 0))
        for is_error, where, text in (*_of_conditions(rule, source, at), *_of_exception(rule), *_of_examples(rule)):
            path = (*at, *where)
            found.append(Remark(is_error, rule.id, _key(where), source.line_of(path), text))
        for place in _conditions(rule.parameters.when, ("when",)):
            if place.positive and isinstance(place.condition.say, Say):
                said += _said(rule, place.condition.say, (*at, *place.path, "say"))
    found += _of_phrases_inside_each_other(said, source)
    found += _of_equal_conditions(rulebook.rules, places, source)
    return tuple(sorted(found, key=lambda remark: (remark.line, remark.rule, remark.text)))


def _places_in_file(source: Source) -> dict[str, int]:
    rules = source.data.get("rules", ()) if isinstance(source.data, dict) else ()
    return {rule["id"]: place for place, rule in enumerate(rules) if isinstance(rule, dict) and "id" in rule}


def _key(path: Path) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _conditions(condition: ConditionParameters, path: Path, positive: bool = True) -> Iterator[_Place]:
    yield _Place(path, condition, positive)
    for number, part in enumerate(condition.parts()):
        if condition.negated is not None:
            yield from _conditions(part, (*path, "not"), not positive)
        else:
            name = "all" if condition.all is not None else "any"
            yield from _conditions(part, (*path, name, number), positive)


# ---- conditions ---------------------------------------------------------------------------------------------------

_Found = tuple[bool, Path, str]
"""Whether it is an error, the way to it inside the rule, and the sentence."""


def _of_conditions(rule: Rule, source: Source, at: Path) -> Iterator[_Found]:
    whens = list(_conditions(rule.parameters.when, ("when",)))
    unless = rule.parameters.unless
    exceptions = [] if unless is None else list(_conditions(unless, ("unless",)))
    named = rule.parameters.anchors.items()
    anchors = [place for name, anchor in named for place in _conditions(anchor, ("anchors", name))]
    for place in (*anchors, *whens, *exceptions):
        condition = place.condition
        if isinstance(condition.measure, MeasureIs):
            yield from _of_limits(condition.measure, (*place.path, "measure"))
        if isinstance(condition.say, Say):
            yield from _of_seconds(condition.say, (*place.path, "say"))
        for name, key, _, phrases in lists_of(condition):
            for number, phrase in enumerate(phrases):
                for is_error, text in _of_phrase(phrase):
                    yield is_error, (*place.path, name, key, number), text
        yield from _of_lists(place, source, at)
        if condition.all is not None:
            yield from _of_contradictions(condition.all, (*place.path, "all"))
        if condition.any is not None:
            yield from _of_certainties(condition.any, (*place.path, "any"))


def _of_limits(measure: MeasureIs, path: Path) -> Iterator[_Found]:
    known = KNOWN_MEASURES.get(measure.name)
    if known is None or known.kind != "number" or known.unit in _SIGNED_UNITS:
        return
    share = measure.name.endswith(("_ratio", "_confidence"))
    low = measure.above if measure.above is not None else measure.at_least
    high = measure.below if measure.below is not None else measure.at_most
    what = f"{measure.name} is never below 0" + (" nor above 1" if share else "")
    if high is not None and (high < 0 or (high == 0 and measure.below is not None)):
        yield True, path, f"{what}, so a limit of {high:g} is never met; correct the limit"
    elif share and low is not None and (low > 1 or (low == 1 and measure.above is not None)):
        yield True, path, f"{what}, so a limit of {low:g} is never met; correct the limit"
    elif high is None and low is not None and (low < 0 or (low == 0 and measure.at_least is not None)):
        yield True, path, f"{what}, so a limit of {low:g} is met by every call; correct the limit"


def _of_seconds(say: Say, path: Path) -> Iterator[_Found]:
    """Windows that cannot meet: the first 10 seconds and the 20th to the 30th."""
    if say.between_s is None:
        return
    start, end = say.between_s
    if say.first_s is not None and start >= say.first_s:
        yield True, path, f"no second is before {say.first_s:g} and after {start:g}; correct first_s or between_s"
    if say.last_s is not None and end < 0 and -end >= say.last_s:
        yield True, path, f"no second is in the last {say.last_s:g} and before the last {-end:g}; correct one of them"


def _of_phrase(phrase: Phrase) -> Iterator[tuple[bool, str]]:
    wordings = [plain(text) for text in (phrase.text, *phrase.variants)]
    whole = [text for text, raw in zip(wordings, (phrase.text, *phrase.variants), strict=True) if WILDCARD not in raw]
    if len(whole) < len(wordings):
        return
    for text in phrase.not_with:
        if all(plain(text) in wording for wording in wordings):
            yield True, f"“{phrase.text}” itself holds “{text}” of its not_with, so it never counts; remove that one"
    for text in phrase.not_in:
        if all(wording == plain(text) for wording in wordings):
            yield True, f"“{phrase.text}” is in its own not_in, so it never counts; remove it there"
        elif WILDCARD not in text and not any(wording in plain(text) for wording in wordings):
            yield (
                False,
                f"“{text}” of not_in does not hold “{phrase.text}”, so it excludes nothing; remove or correct it",
            )
    least = min(map(len, wordings))
    if phrase.clause_at_most is not None and phrase.clause_at_most < least:
        yield (
            True,
            (
                f"“{phrase.text}” has {least} characters and clause_at_most is {phrase.clause_at_most}, "
                f"so it never counts; raise clause_at_most"
            ),
        )


def _of_contradictions(parts: Sequence[ConditionParameters], path: Path) -> Iterator[_Found]:
    for (_, first), (second_at, second) in combinations(enumerate(parts), 2):
        reason = exclude_each_other(first, second)
        if reason is not None:
            yield True, (*path, second_at), f"{reason}, so all of these never hold together; correct one of them"


def _of_certainties(parts: Sequence[ConditionParameters], path: Path) -> Iterator[_Found]:
    for (_, first), (second_at, second) in combinations(enumerate(parts), 2):
        if first.negated == second or second.negated == first:
            text = "it is the opposite of another condition beside it, so one of them always holds; remove one"
            yield True, (*path, second_at), text
        elif first == second:
            yield False, (*path, second_at), "it stands beside this twice; remove one"


def _of_exception(rule: Rule) -> Iterator[_Found]:
    when, unless = rule.parameters.when, rule.parameters.unless
    if unless is None:
        return
    if unless == when:
        yield True, ("unless",), "the exception is what the rule flags, so the rule never fires; correct the exception"
        return
    say, out = when.say, unless.say
    if say is None or out is None or not out.any or not say.any:
        return
    same_place = out.within == "same turn" and out.role in (say.role, "anyone")
    excusing = [plain(phrase.text) for phrase in out.any]
    if same_place and all(any(text in plain(one.text) for text in excusing) for one in say.any):
        text = "every phrase of the rule holds one of its own exception, so the rule never fires; correct the exception"
        yield True, ("unless", "say"), text


def _of_equal_conditions(rules: Sequence[Rule], places: dict[str, int], source: Source) -> Iterator[Remark]:
    for first, second in combinations(rules, 2):
        one, other = first.parameters, second.parameters
        if one.when == other.when and one.unless == other.unless:
            line = source.line_of(("rules", places.get(second.id, 0), "when"))
            text = f"its condition is the same as that of {first.id}, so both flag the same; change or remove one"
            yield Remark(False, second.id, "when", line, text)


# ---- phrases inside each other ------------------------------------------------------------------------------------


def _said(rule: Rule, say: Say, path: Path) -> Iterator[_Said]:
    for number, phrase in enumerate(say.any):
        yield _Said(rule, say, phrase, (*path, "any", number))


def _of_lists(place: _Place, source: Source, rule: Path) -> Iterator[_Found]:
    """Phrases of one list that another one of it finds already."""
    for outer, longer, shorter, inner, counted_apart in held_phrases(place.condition):
        line = source.line_of((*rule, *place.path, *inner))
        said = f"“{longer}” holds “{shorter}” (line {line}) of the same list"
        if counted_apart:
            text = f"{said}, so who says it has said both; write one of them under the other's variants, or remove it"
        else:
            text = f"{said}, which finds it already; remove it, or make the shorter one stricter"
        yield False, (*place.path, *outer), text


def _of_phrases_inside_each_other(said: Sequence[_Said], source: Source) -> Iterator[Remark]:
    """Pairs of two rules of which the longer always brings the shorter along: a sentence said once is found twice."""
    for inner in said:
        if WILDCARD in inner.phrase.text:
            continue
        for outer in said:
            if inner is outer or not _meet(inner.say, outer.say) or not _holds(outer.phrase, inner.phrase):
                continue
            line, other_line = source.line_of(outer.path), source.line_of(inner.path)
            key = _key(outer.path[2:])
            if (
                inner.rule is not outer.rule
                and inner.rule.changes_score
                and outer.rule.changes_score
                and inner.phrase.clause_at_most is None
            ):
                text = (
                    f"“{outer.phrase.text}” holds “{inner.phrase.text}” of {inner.rule.id} (line {other_line}), "
                    f"so saying it once takes points twice; add it to the not_in there"
                )
                yield Remark(False, outer.rule.id, key, line, text)


def _meet(first: Say, second: Say) -> bool:
    return first.role == second.role or "anyone" in (first.role, second.role)


def _holds(outer: Phrase, inner: Phrase) -> bool:
    text, small = plain(outer.text), plain(inner.text)
    if len(small) >= len(text) or small not in text:
        return False
    return not any(plain(one) in text and small in plain(one) for one in inner.not_in)


# ---- examples -----------------------------------------------------------------------------------------------------


def _of_examples(rule: Rule) -> Iterator[_Found]:
    """Phrases that a rule flags and that no example of a hit says."""
    lines = [plain(line) for example in rule.parameters.examples.hit for line in example.lines]
    unsaid = []
    for place in _conditions(rule.parameters.when, ("when",)):
        say: Any = place.condition.say
        if place.positive and isinstance(say, Say) and say.any:
            unsaid += [one.text for one in say.any if not any(_is_said(one, line) for line in lines)]
    if unsaid:
        named = "、".join(f"“{text}”" for text in unsaid[:SHOWN_PHRASES])
        more = f" and {len(unsaid) - SHOWN_PHRASES} more" if len(unsaid) > SHOWN_PHRASES else ""
        total = sum(1 for _ in phrases_of(rule.parameters.when))
        text = f"{len(unsaid)} of {total} phrases stand in no example of a hit: {named}{more}; add one for each"
        yield False, ("examples", "hit"), text


def _is_said(phrase: Phrase, line: str) -> bool:
    for wording in (phrase.text, *phrase.variants):
        at = 0
        for piece in filter(None, map(plain, wording.split(WILDCARD))):
            at = line.find(piece, at)
            if at < 0:
                break
            at += len(piece)
        else:
            return True
    return False

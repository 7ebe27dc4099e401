"""What the schema alone cannot see: names that must exist, points that must fit, examples that must be readable."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator, Sequence

from pipeline.errors import ManifestError
from pipeline.metadata import parse_metadata
from pipeline.rules.calendar_time import end_moment, first_moment
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.messages import template_mistake
from pipeline.rules.operators.scope import ScopedOperator
from pipeline.rules.schema import ConditionParameters, ExampleParameters, HeaderParameters, RuleParameters
from pipeline.rules.yaml_source import Mistake, Path, Source

FULL_SCORE = 100.0

Complain = Callable[[Path, str], None]


def check_rule(rule: RuleParameters, path: Path, source: Source, header: HeaderParameters | None) -> list[Mistake]:
    """The mistakes of one rule."""
    found: list[Mistake] = []

    def complain(where: Path, text: str) -> None:
        at = (*path, *where)
        found.append(Mistake(source.line_of(at), at, text))

    if header is not None and rule.category not in header.categories:
        complain(("category",), _unknown(rule.category, tuple(header.categories)))
    _check_points(rule, complain)
    _check_dates(rule.effective_from, rule.effective_until, header, complain)
    known: list[str] = []
    for name, anchor in rule.anchors.items():
        for where, condition in _conditions(anchor, ("anchors", name)):
            _check_condition(condition, where, known, complain)
            _refuse_within(condition, where, complain)
        known.append(name)
    for where, condition in _conditions(rule.when, ("when",)):
        _check_condition(condition, where, known, complain)
        _refuse_within(condition, where, complain)
    if rule.unless is not None:
        for where, condition in _conditions(rule.unless, ("unless",)):
            _check_condition(condition, where, known, complain)
    _check_anchors_used(rule, complain)
    wrong = template_mistake(rule.message, rule.when)
    if wrong is not None:
        complain(("message",), wrong)
    for kind, examples in (("hit", rule.examples.hit), ("miss", rule.examples.miss)):
        for place, example in enumerate(examples):
            _check_example(example, ("examples", kind, place), complain)
    return found


def check_rulebook(
    header: HeaderParameters, rules: Sequence[tuple[int, RuleParameters]], source: Source, *, complete: bool
) -> list[Mistake]:
    """The mistakes of a rulebook as a whole; ``complete`` when every rule of the file could be read."""
    found: list[Mistake] = []

    def complain(at: Path, text: str) -> None:
        found.append(Mistake(source.line_of(at), at, text))

    first: dict[str, Path] = {}
    for place, rule in rules:
        for key, value in (("id", rule.id), ("name", rule.name)):
            at: Path = ("rules", place, key)
            if value in first:
                line = source.line_of(first[value])
                complain(at, f"got {value}, used in line {line} already; expected another; rename one of them")
            else:
                first[value] = at
    total = sum(category.maximum for category in header.categories.values())
    if abs(total - FULL_SCORE) > 1e-9:
        complain(("categories",), f"the maxima add up to {total:g}; expected {FULL_SCORE:g}; change one of them")
    for category in header.must_review.findings_at_least:
        if category not in header.categories:
            at = ("must_review", "findings_at_least", category)
            complain(at, _unknown(category, tuple(header.categories)))
    _check_dates(header.effective_from, header.effective_until, header, complain)
    if header.published_on is not None and header.effective_from is not None:
        published = first_moment(header.published_on, header.utc_offset)
        if first_moment(header.effective_from, header.utc_offset) < published:
            text = f"got {header.effective_from}, before it is published; expected {header.published_on} or later"
            complain(("effective_from",), f"{text}; change one of the two")
    if complete:
        _check_categories(header, rules, complain)
        ids = tuple(rule.id for _, rule in rules)
        for place, name in enumerate(header.must_review.rules):
            if name not in ids:
                complain(("must_review", "rules", place), _unknown(name, ids))
        _check_prerequisites(rules, ids, complain)
    return found


def _check_categories(
    header: HeaderParameters, rules: Sequence[tuple[int, RuleParameters]], complain: Complain
) -> None:
    changed = {rule.category for _, rule in rules if rule.severity != "warn"}
    added = {rule.category for _, rule in rules if rule.severity == "add"}
    for name, category in header.categories.items():
        if category.starts == "empty" and name not in added:
            text = "starts empty and no rule adds points to it; expected at least one with severity: add"
            complain(("categories", name), f"{text}; add a rule or let it start full")
        elif name not in changed:
            text = "no rule takes points from it; expected at least one; add a rule or remove the category"
            complain(("categories", name), text)


def _check_prerequisites(rules: Sequence[tuple[int, RuleParameters]], ids: Sequence[str], complain: Complain) -> None:
    asked: dict[str, list[tuple[Path, str]]] = {rule.id: [] for _, rule in rules}
    for place, rule in rules:
        parts = [("when", rule.when), *((("unless", rule.unless),) if rule.unless is not None else ())]
        trees = [*(((name,), one) for name, one in parts), *((("anchors", n), one) for n, one in rule.anchors.items())]
        for start, tree in trees:
            for where, condition in _conditions(tree, start):
                if condition.rule is None:
                    continue
                at: Path = ("rules", place, *where, "rule", "id")
                if condition.rule.id not in ids:
                    complain(at, _unknown(condition.rule.id, ids))
                else:
                    asked[rule.id].append((at, condition.rule.id))

    def reaches(start: str, goal: str, seen: set[str]) -> bool:
        if start == goal:
            return True
        seen.add(start)
        return any(reaches(other, goal, seen) for _, other in asked.get(start, ()) if other not in seen)

    for name, others in asked.items():
        for at, other in others:
            if reaches(other, name, set()):
                text = f"got {other}, which asks for {name} in turn; expected no circle of rules; remove one of them"
                complain(at, text)


def _conditions(condition: ConditionParameters, path: Path) -> Iterator[tuple[Path, ConditionParameters]]:
    yield path, condition
    for place, part in enumerate(condition.parts()):
        if condition.negated is not None:
            yield from _conditions(part, (*path, "not"))
        else:
            yield from _conditions(part, (*path, "all" if condition.all is not None else "any", place))


def _check_points(rule: RuleParameters, complain: Complain) -> None:
    gives = rule.severity in ("deduct", "add")
    if gives and rule.points is None and not rule.ladder:
        word = "takes" if rule.severity == "deduct" else "gives"
        complain(("points",), f"missing; expected the points that this rule {word}; add it")
    if not gives and rule.points is not None:
        complain(("points",), f"got {rule.points:g} on a {rule.severity} rule; expected none; remove it or say deduct")
    if rule.cap is not None:
        if rule.per != "hit" or (rule.points is None and not rule.ladder):
            complain(("cap",), f"got {rule.cap:g}; expected it only with per: hit and points; remove it")
        elif rule.points is not None and rule.cap < rule.points:
            complain(("cap",), f"got {rule.cap:g}; expected at least the {rule.points:g} of one hit; raise it")
    if rule.fatal_to != "total" and rule.severity != "fatal":
        text = f"got {rule.fatal_to} on a {rule.severity} rule; expected it only with severity: fatal; remove it"
        complain(("fatal_to",), text)
    if rule.ladder:
        _check_ladder(rule, complain)


def _check_ladder(rule: RuleParameters, complain: Complain) -> None:
    if rule.per != "hit" or rule.severity not in ("deduct", "add"):
        complain(("ladder",), "expected only with per: hit and severity deduct or add; remove it or say per: hit")
    if rule.points is not None:
        complain(("ladder",), f"stands beside points: {rule.points:g}; expected one of the two; remove one of them")
    if rule.ladder[0].hits != 1:
        complain(("ladder", 0, "hits"), f"got {rule.ladder[0].hits}; expected 1 for the first step; correct it")
    for place, (low, high) in enumerate(itertools.pairwise(rule.ladder), start=1):
        if high.hits <= low.hits:
            text = f"got {high.hits} after {low.hits}; expected more with every step; put the steps in order"
            complain(("ladder", place, "hits"), text)
        elif high.points(high.hits) < low.points(high.hits - 1):
            text = f"{high.hits} hits would take {high.points(high.hits):g}, fewer than {high.hits - 1} hits"
            complain(("ladder", place), f"{text}; expected no fewer points for more hits; raise it")


def _check_dates(start: str | None, end: str | None, header: HeaderParameters | None, complain: Complain) -> None:
    if start is None or end is None or header is None:
        return
    if end_moment(end, header.utc_offset) <= first_moment(start, header.utc_offset):
        text = f"got {end}, not after effective_from {start}; expected a later one; change one of the two"
        complain(("effective_until",), text)


def _check_condition(condition: ConditionParameters, path: Path, anchors: Sequence[str], complain: Complain) -> None:
    _check_measure(condition, path, complain)
    operator = condition.operator
    if isinstance(operator, ScopedOperator) and operator.near is not None and operator.near.anchor not in anchors:
        at = (*path, _key_of(condition), "near", "anchor")
        if anchors:
            complain(at, _unknown(operator.near.anchor, tuple(anchors)))
        else:
            text = f"got {operator.near.anchor}; expected the name of an anchor of this rule, written before it"
            complain(at, f"{text}; add it under anchors")


def _refuse_within(condition: ConditionParameters, path: Path, complain: Complain) -> None:
    operator = condition.operator
    if isinstance(operator, ScopedOperator) and operator.within is not None:
        text = (
            "belongs to unless, where it is near what was found; expected turns, first_s, last_s or near here; move it"
        )
        complain((*path, _key_of(condition), "within"), text)


def _check_anchors_used(rule: RuleParameters, complain: Complain) -> None:
    trees = [rule.when, *rule.anchors.values(), *((rule.unless,) if rule.unless is not None else ())]
    used = {
        condition.operator.near.anchor
        for tree in trees
        for _, condition in _conditions(tree, ())
        if isinstance(condition.operator, ScopedOperator) and condition.operator.near is not None
    }
    for name in rule.anchors:
        if name not in used:
            complain(("anchors", name), "no condition looks near it; expected one with near; use it or remove it")


def _key_of(condition: ConditionParameters) -> str:
    return next(key for key, value in condition if value is not None)


def _check_measure(condition: ConditionParameters, path: Path, complain: Complain) -> None:
    if condition.measure is not None and condition.measure.name not in KNOWN_MEASURES:
        complain((*path, "measure", "name"), _unknown(condition.measure.name, tuple(KNOWN_MEASURES)))


def _check_example(example: ExampleParameters, path: Path, complain: Complain) -> None:
    for name, value in example.measures.items():
        known = KNOWN_MEASURES.get(name)
        where = (*path, "measures", name)
        if known is None:
            complain(where, _unknown(name, tuple(KNOWN_MEASURES)))
        elif not isinstance(value, {"number": float | int, "yes_no": bool, "role": str}[known.kind]) or (
            known.kind == "number" and isinstance(value, bool)
        ):
            wanted = {"number": "a number", "yes_no": "true or false", "role": "agent or customer"}[known.kind]
            complain(where, f"got {value!r}; expected {wanted}; correct it")
    try:
        call_from_lines(example.lines)
    except ValueError as error:
        complain((*path, "lines") if example.measures or example.metadata else path, f"{error}; correct the line")
    try:
        parse_metadata({"call_id": "example", **example.metadata}, "metadata")
    except ManifestError as error:
        complain((*path, "metadata"), str(error))


def _unknown(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    hint = f"{near[0]} perhaps, " if near else ""
    return f"got {word}; expected {hint}one of {', '.join(known)}; correct the spelling"

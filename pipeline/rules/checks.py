"""What the schema alone cannot see: names that must exist, points that must fit, examples that must be readable."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence

from pipeline.errors import ManifestError
from pipeline.metadata import parse_metadata
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.messages import template_mistake
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
    for where, condition in _conditions(rule.when, ("when",)):
        _check_measure(condition, where, complain)
        if condition.say is not None and condition.say.within is not None:
            text = "belongs to unless, where it is near what was found; expected turns, first_s or last_s here; move it"
            complain((*where, "say", "within"), text)
    if rule.unless is not None:
        for where, condition in _conditions(rule.unless, ("unless",)):
            _check_measure(condition, where, complain)
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
    if complete:
        taken = {rule.category for _, rule in rules if rule.severity != "warn"}
        for category in header.categories:
            if category not in taken:
                text = "no rule takes points from it; expected at least one; add a rule or remove the category"
                complain(("categories", category), text)
        ids = tuple(rule.id for _, rule in rules)
        for place, name in enumerate(header.must_review.rules):
            if name not in ids:
                complain(("must_review", "rules", place), _unknown(name, ids))
    return found


def _conditions(condition: ConditionParameters, path: Path) -> Iterator[tuple[Path, ConditionParameters]]:
    yield path, condition
    for place, part in enumerate(condition.parts()):
        if condition.negated is not None:
            yield from _conditions(part, (*path, "not"))
        else:
            yield from _conditions(part, (*path, "all" if condition.all is not None else "any", place))


def _check_points(rule: RuleParameters, complain: Complain) -> None:
    if rule.severity == "deduct" and rule.points is None:
        complain(("points",), "missing; expected the points that this rule takes; add it")
    if rule.severity != "deduct" and rule.points is not None:
        complain(("points",), f"got {rule.points:g} on a {rule.severity} rule; expected none; remove it or say deduct")
    if rule.cap is not None:
        if rule.per != "hit" or rule.points is None:
            complain(("cap",), f"got {rule.cap:g}; expected it only with per: hit and points; remove it")
        elif rule.cap < rule.points:
            complain(("cap",), f"got {rule.cap:g}; expected at least the {rule.points:g} of one hit; raise it")


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

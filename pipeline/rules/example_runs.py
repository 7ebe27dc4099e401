"""Every example of a rulebook, run like a unit test: what was expected, what came, and what may explain it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.rules.examples import example_call, shown_example
from pipeline.rules.judging import judge
from pipeline.rules.matching import WILDCARD, plain
from pipeline.rules.operators.base import Parameters
from pipeline.rules.operators.phrase import Phrase
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.schema import ExampleParameters
from pipeline.types import Judgement

Kind = Literal["hit", "miss"]

NEAR_ENOUGH = 0.6
"""A phrase this similar to a line (``difflib`` ratio) is shown as what the example was perhaps meant to hit."""


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """One example that was run.

    Attributes:
        number: counts from 1 within the examples of its kind.
        got: ``hit``, ``miss`` or ``not_assessable``.
        found: for every finding of the rule, the words found and the sentence shown to people.
        remarks: what may explain an outcome that was not expected, in Chinese.
    """

    rule: str
    expected: Kind
    number: int
    shown: str
    got: str
    found: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the example came out as the rule says."""
        return self.got == self.expected


def run_examples(rulebook: Rulebook, rules: frozenset[str] | None = None) -> tuple[ExampleRun, ...]:
    """Run the examples of all rules, or of those named, in the order of the file."""
    return tuple(
        _run(rule, kind, number, example, rulebook)
        for rule in rulebook.rules
        if rules is None or rule.id in rules
        for kind, examples in _kinds(rule)
        for number, example in enumerate(examples, start=1)
    )


def _kinds(rule: Rule) -> tuple[tuple[Kind, tuple[ExampleParameters, ...]], ...]:
    examples = rule.parameters.examples
    return (("hit", examples.hit), ("miss", examples.miss))


def _run(rule: Rule, expected: Kind, number: int, example: ExampleParameters, rulebook: Rulebook) -> ExampleRun:
    call, measures = example_call(example)
    judgement = judge(call, measures, rulebook, raise_failures=True)
    found = tuple((item.quote, item.message) for item in judgement.findings if item.rule == rule.id)
    reason = next((item.reason for item in judgement.not_assessable if item.rule == rule.id), None)
    got = "hit" if found else "miss" if reason is None else "not_assessable"
    if reason is not None and found:
        got = "not_assessable"
    remarks: tuple[str, ...] = ()
    if got == "not_assessable":
        remarks = (f"无法判断：{reason}",)
    elif got != expected and expected == "hit":
        remarks = tuple(_why_missed(rule, example, rulebook))
    return ExampleRun(rule.id, expected, number, shown_example(example), got, found, remarks)


def _why_missed(rule: Rule, example: ExampleParameters, rulebook: Rulebook) -> Iterator[str]:
    if rule.unless is not None and _hits(rule.id, _without_exception(rule, example, rulebook)):
        yield "例外（unless）成立，所以没有算"
        return
    near = _nearest(rule, example)
    if near is not None:
        yield near


def _without_exception(rule: Rule, example: ExampleParameters, rulebook: Rulebook) -> Judgement:
    others = tuple(replace(one, unless=None) if one.id == rule.id else one for one in rulebook.rules)
    call, measures = example_call(example)
    return judge(call, measures, replace(rulebook, rules=others))


def _hits(rule: str, judgement: Judgement) -> bool:
    return any(finding.rule == rule for finding in judgement.findings)


def _nearest(rule: Rule, example: ExampleParameters) -> str | None:
    """The phrase of the rule that is most like what was said, and how it is different."""
    lines = [plain(line.partition(":")[2] or line.partition("：")[2]) for line in example.lines]
    best: tuple[float, str, str] = (0.0, "", "")
    for wording in wordings_of(rule.parameters.when):
        wanted = plain(wording.replace(WILDCARD, ""))
        for line in lines:
            if wanted in line:
                return f"说到了“{wording}”，但不在规则要看的地方，或被 not_in、not_with、clause_at_most 排除"
            match = difflib.SequenceMatcher(None, line, wanted, autojunk=False)
            if match.ratio() > best[0]:
                best = (match.ratio(), wording, line)
    if best[0] < NEAR_ENOUGH:
        return None
    return f"最接近的短语是“{best[1]}”，说的是“{best[2]}”"


def wordings_of(parameters: Parameters) -> Iterator[str]:
    """Every wording of every phrase in a condition, however deep, whatever operator holds it."""
    for phrase in phrases_of(parameters):
        yield phrase.text
        yield from phrase.variants


def phrases_of(value: Any) -> Iterator[Phrase]:
    """Every phrase in a condition, however deep."""
    if isinstance(value, Phrase):
        yield value
    elif isinstance(value, Parameters):
        for _, part in value:
            yield from phrases_of(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from phrases_of(part)

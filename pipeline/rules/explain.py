"""A rule in words: what it flags, when, with which exceptions, what it costs, and its examples."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from pipeline.rules.examples import shown_example
from pipeline.rules.operators.base import Parameters
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.schema import ConditionParameters, RuleParameters
from pipeline.rules.words import given, in_words, label, meaning

INDENT = "  "

_TOLD_APART = frozenset({"id", "name", "title", "why", "category", "when", "unless", "anchors", "message", "examples"})
"""Keys of a rule that have a line of their own; every other key is told with the label of its description."""

_LOGIC = {"all": "以下各项都成立：", "any": "以下任何一项成立：", "negated": "以下不成立："}


def explain_rule(rule: Rule, rulebook: Rulebook) -> tuple[str, ...]:
    """The lines of one rule's explanation."""
    told: RuleParameters = rule.parameters
    category = rulebook.categories[rule.category]
    lines = [
        f"{told.id} {told.title}（{told.name}）",
        f"为什么：{told.why}",
        f"类别：{category.title}（满分 {category.maximum:g}）",
    ]
    lines += [
        f"{label(name, field)}：{meaning(field, value)}"
        for name, field, value in _every(told)
        if name not in _TOLD_APART and value is not None and value != () and value != {}
    ]
    if rule.id in rulebook.routing.rules:
        lines.append("命中后：这通电话必须由人来听")
    for name, anchor in told.anchors.items():
        lines += [f"锚点 {name}：", *condition_lines(anchor)]
    lines += ["什么时候算：", *condition_lines(told.when)]
    if told.unless is not None:
        lines += ["例外（成立时那一处不算）：", *condition_lines(told.unless)]
    lines.append(f"给人看的话：{told.message}")
    for heading, examples in (("应当命中的例子：", told.examples.hit), ("不应命中的例子：", told.examples.miss)):
        lines += [heading, *(f"{INDENT}{shown_example(example)}" for example in examples)]
    return tuple(lines)


def condition_lines(condition: ConditionParameters, depth: int = 1) -> list[str]:
    """A condition as indented lines, one for every operator and every key that it gives."""
    before = INDENT * depth
    lines: list[str] = []
    for name, field, value in given(condition):
        if name in _LOGIC:
            lines.append(before + _LOGIC[name])
            for part in value if isinstance(value, tuple) else (value,):
                lines += condition_lines(part, depth + 1)
        else:
            lines.append(f"{before}{operator_title(name, field, value)}")
            lines += [f"{before}{INDENT}{line}" for line in operator_lines(value)]
    return lines


def operator_title(name: str, field: FieldInfo, operator: Parameters) -> str:
    """What a Chinese reader calls an operator: its own title, else the description of its key."""
    return getattr(operator, "TITLE", "") or label(name, field)


def operator_lines(operator: Parameters) -> list[str]:
    """One line for every key that an operator is given, and one for each item of a list that has keys of its own."""
    lines = []
    for name, field, value in given(operator):
        if isinstance(value, tuple) and any(isinstance(one, Parameters) and len(list(given(one))) > 1 for one in value):
            lines += [f"{label(name, field)}：", *(f"{INDENT}{in_words(one)}" for one in value)]
        else:
            lines.append(f"{label(name, field)}：{meaning(field, value)}")
    return lines


def _every(parameters: Parameters) -> Iterator[tuple[str, FieldInfo, object]]:
    """All keys that hold something, those left at their default too: what a rule costs is told in full."""
    always = {"severity", "points", "per", "cap"}
    told = {name for name, _, _ in given(parameters)} | always
    for name, field in type(parameters).model_fields.items():
        if name in told:
            yield name, field, getattr(parameters, name)

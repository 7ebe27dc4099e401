"""Rules in words: nothing that a rule or an operator can say is left untold."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.rules import load_rulebook
from pipeline.rules.explain import explain_rule, operator_lines
from pipeline.rules.operators import OPERATORS
from pipeline.rules.operators.base import Parameters
from pipeline.rules.schema import ConditionParameters, RuleParameters
from pipeline.rules.words import label, meaning
from tests.rules.rulebook_text import LATE, TALK, small

MARK = "标记"


def marked(operator: type[Parameters]) -> Parameters:
    """An operator of which every key is given, each with a value of its own."""
    return operator.model_construct(**{name: f"{MARK}{name}" for name in operator.model_fields})


@pytest.mark.parametrize("name", OPERATORS)
def test_every_key_of_every_operator_is_put_into_words(name: str) -> None:
    operator = OPERATORS[name]
    told = operator_lines(marked(operator))
    assert len(told) == len(operator.model_fields)
    for key, field in operator.model_fields.items():
        line = next(line for line in told if f"{MARK}{key}”" in line)
        assert line.startswith(f"{label(key, field)}：")


@pytest.mark.parametrize("name", OPERATORS)
def test_no_two_keys_of_an_operator_are_called_the_same(name: str) -> None:
    labels = [label(key, field) for key, field in OPERATORS[name].model_fields.items()]
    assert len(set(labels)) == len(labels), labels


def test_every_operator_has_a_chinese_title() -> None:
    for name in OPERATORS:
        field = ConditionParameters.model_fields[name]
        title = getattr(OPERATORS[name], "TITLE", "") or label(name, field)
        assert any("\u4e00" <= character <= "\u9fff" for character in title), (name, title)


def test_every_rule_of_every_bundled_rulebook_is_explained_with_all_its_words() -> None:
    rulebook = load_rulebook("mobile_service")
    for rule in rulebook.rules:
        text = "\n".join(explain_rule(rule, rulebook))
        for word in (rule.id, rule.title, rule.parameters.why, rulebook.categories[rule.category].title):
            assert word in text
        for phrase in phrases_in(rule.parameters):
            assert phrase in text, (rule.id, phrase)
        assert "None" not in text


def phrases_in(value: Any) -> list[str]:
    if isinstance(value, Parameters):
        return [text for name, part in value if name not in ("id", "examples") for text in phrases_in(part)]
    if isinstance(value, tuple):
        return [text for part in value for text in phrases_in(part)]
    return [value] if isinstance(value, str) and any("\u4e00" <= one <= "\u9fff" for one in value) else []


def test_rule_is_explained_in_full_and_in_order() -> None:
    rule = TALK.replace(
        "{say: {role: agent, any: [别烦我]}}",
        "{all: [{say: {role: agent, turns: [1, 2], any: [{text: 别烦我, variants: [甭烦我]}]}}, "
        "{not: {metadata: {field: direction, is: outbound}}}]}",
    ).replace("  message:", "  unless: {say: {role: customer, within: 2 turns before, any: [开玩笑]}}\n  message:")
    rulebook = small(rule, LATE)
    lines = explain_rule(rulebook.rules[0], rulebook)
    in_order = (
        "TALK.01 不礼貌（rude）",
        "为什么：客户会生气。",
        "类别：语言（满分 60）",
        "性质：扣分（deduct）",
        "算几次：每处一次（hit）",
        "命中后：这通电话必须由人来听",
        "什么时候算：",
        "  以下各项都成立：",
        "      说了其中任何一个：",
        "        “别烦我”（同一短语的其他说法：“甭烦我”）",
        "    以下不成立：",
        "        等于它时命中：呼出",
        "例外（成立时那一处不算）：",
        "    说了其中任何一个：“开玩笑”",
        "给人看的话：坐席在 {start} 说“{quote}”。",
        "应当命中的例子：",
        "  agent: 别烦我。",
        "不应命中的例子：",
        "  customer: 别烦我。",
    )
    assert tuple(line for line in lines if line in in_order) == in_order
    for line in (
        "      谁说的：坐席",
        "      只看该方的第几段到第几段话：1 到 2",
        "        清单的列名：direction",
        "    谁说的：客户",
        "    只看命中处的附近：之前 2 段话以内",
    ):
        assert lines.count(line) == 1, line
    assert any(line.endswith("：10") for line in lines)


def test_meaning_when_the_description_lists_values_then_its_words() -> None:
    field = RuleParameters.model_fields["severity"]
    assert meaning(field, "warn").endswith("（warn）")
    assert meaning(field, "warn") != "warn"
    assert meaning(field, "unheard_of") == "unheard_of"

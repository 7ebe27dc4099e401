from __future__ import annotations

import pytest

from pipeline.rules import parse_rulebook
from pipeline.rules.remarks import Remark, remarks_on
from pipeline.rules.yaml_source import read_yaml
from tests.rules.rulebook_text import LATE, TALK, rule_when, text_of

SAYS = "{say: {role: agent, any: [别烦我]}}"


def remarks(*rules: str) -> tuple[Remark, ...]:
    content = text_of(*rules).encode()
    return remarks_on(parse_rulebook(content, "small.yaml"), read_yaml(content))


def phrases(listed: str, *, unless: str = "") -> tuple[Remark, ...]:
    return remarks(rule_when(f"{{say: {{role: agent, any: [{listed}]}}}}", unless=unless), LATE)


def test_rulebook_without_anything_odd_gets_no_remark() -> None:
    assert remarks(TALK, LATE) == ()


@pytest.mark.parametrize(
    ("when", "told"),
    [
        pytest.param("{measure: {name: silence_ratio, above: 1}}", "never met", id="share_over_1"),
        pytest.param("{measure: {name: filler_count, below: 0}}", "never met", id="count_below_0"),
        pytest.param("{measure: {name: overlap_s, at_least: 0}}", "met by every call", id="always"),
        pytest.param(
            "{all: [{measure: {name: overlap_s, above: 5}}, {measure: {name: overlap_s, below: 2}}]}",
            "never hold together",
            id="limits_cross",
        ),
        pytest.param(
            "{all: [{metadata: {field: direction, is: inbound}}, {metadata: {field: direction, is: outbound}}]}",
            "one value only",
            id="two_values_of_a_field",
        ),
        pytest.param(
            "{all: [{measure: {name: hang_up_by, is: agent}}, {measure: {name: hang_up_by, is: customer}}]}",
            "cannot be agent and customer",
            id="two_parties",
        ),
        pytest.param(
            "{all: [{measure: {name: call_duration_s, above: 300}}, {duration: {of: call, below_s: 60}}]}",
            "no call_duration_s is over 300 and under 60",
            id="measure_and_duration",
        ),
        pytest.param(
            "{all: [{duration: {of: call, above_s: 60}}, {measure: {name: call_duration_s, at_most: 60}}]}",
            "never hold together",
            id="duration_and_measure_at_the_limit",
        ),
        pytest.param(
            "{all: [{turn_count: {role: agent, at_most: 1}}, {measure: {name: agent_turn_count, at_least: 2}}]}",
            "no agent_turn_count is over 2 and under 1",
            id="measure_and_turn_count",
        ),
        pytest.param(
            "{all: [{hang_up: {by: agent}}, {metadata: {field: hung_up_by, is: customer}}]}",
            "hang_up_by cannot be agent and customer",
            id="who_hung_up",
        ),
        pytest.param(
            "{all: [{metadata: {field: ring_count, above: 5}}, {metadata: {field: ring_count, below: 3}}]}",
            "no field ring_count is over 5 and under 3",
            id="limits_of_a_field_cross",
        ),
        pytest.param(f"{{all: [{SAYS}, {{not: {SAYS}}}]}}", "opposite", id="condition_and_its_opposite"),
        pytest.param(f"{{any: [{SAYS}, {{not: {SAYS}}}]}}", "one of them always holds", id="or_its_opposite"),
        pytest.param(
            "{say: {role: agent, any: [{text: 没办法了啊, clause_at_most: 3}]}}", "never counts", id="clause_too_short"
        ),
        pytest.param(
            "{say: {role: agent, any: [{text: 真没办法, not_with: [没办法]}]}}", "never counts", id="excused_by_itself"
        ),
        pytest.param("{say: {role: agent, any: [{text: 没办法, not_in: [没办法]}]}}", "never counts", id="in_itself"),
    ],
)
def test_condition_that_can_never_or_always_hold_is_an_error_with_its_line(when: str, told: str) -> None:
    found = [remark for remark in remarks(rule_when(when), LATE) if remark.is_error]
    assert len(found) == 1
    assert told in found[0].text
    assert (found[0].rule, found[0].line) == ("TALK.01", 21)
    assert found[0].key.startswith("when")


@pytest.mark.parametrize(
    "unless",
    [
        pytest.param(SAYS, id="the_same"),
        pytest.param("{say: {role: anyone, within: same turn, any: [别烦]}}", id="part_of_every_phrase"),
    ],
)
def test_exception_that_always_holds_is_an_error(unless: str) -> None:
    found = [remark for remark in remarks(rule_when(SAYS, unless=unless), LATE) if remark.is_error]
    assert ["never fires" in remark.text for remark in found] == [True]
    assert found[0].key.startswith("unless")


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("{measure: {name: loudness_rise_db, below: -3}}", id="level_below_0"),
        pytest.param("{measure: {name: filler_count, at_most: 0}}", id="none_at_all"),
        pytest.param(
            "{all: [{measure: {name: overlap_s, above: 2}}, {measure: {name: overlap_s, below: 5}}]}", id="between"
        ),
        pytest.param(
            "{all: [{metadata: {field: direction, is: inbound}}, {metadata: {field: direction, in: [inbound, out]}}]}",
            id="values_that_meet",
        ),
    ],
)
def test_condition_that_can_hold_is_no_error(when: str) -> None:
    assert [remark for remark in remarks(rule_when(when), LATE) if remark.is_error] == []


def test_phrase_that_holds_another_of_its_rule_is_pointed_out() -> None:
    told = [remark.text for remark in phrases("别烦我, 你别烦我啊") if "holds" in remark.text]
    assert len(told) == 1
    assert "“你别烦我啊” holds “别烦我” (line 21) of the same list" in told[0]


@pytest.mark.parametrize(
    "shorter",
    ["{text: 别烦我, clause_at_most: 3}", "{text: 别烦我, not_in: [你别烦我啊]}", "{text: 别烦我, not_with: [抱歉]}"],
)
def test_phrase_whose_shorter_one_is_stricter_is_left_alone(shorter: str) -> None:
    assert not any("holds" in remark.text for remark in phrases(f"{shorter}, 你别烦我啊"))


@pytest.mark.parametrize(
    ("when", "told"),
    [
        pytest.param(
            "{say: {role: agent, any: [别烦我, {text: 走开, variants: [你别烦我啊]}]}}", "already", id="variant"
        ),
        pytest.param("{say: {role: agent, any: [{text: 走开, variants: [你快走开]}]}}", "already", id="own_variant"),
        pytest.param("{say: {role: agent, any: ['你*别烦我啊', 别烦我]}}", "already", id="wildcard_in_the_longer"),
        pytest.param("{say: {role: agent, none: [别烦我, 你别烦我啊]}}", "already", id="none"),
        pytest.param("{say: {role: agent, all: [别烦我, 你别烦我啊]}}", "has said both", id="all"),
        pytest.param("{say: {role: agent, at_least: 2, any: [别烦我, 你别烦我啊]}}", "has said both", id="at_least"),
        pytest.param(
            "{question: {role: customer, asked: [怎么办], expected: [回复, 请回复]}}", "already", id="answers"
        ),
    ],
)
def test_phrase_that_another_of_its_list_finds_is_pointed_out(when: str, told: str) -> None:
    found = [remark for remark in remarks(rule_when(when), LATE) if "of the same list" in remark.text]
    assert [told in remark.text for remark in found] == [True]
    assert not found[0].is_error


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("{say: {role: agent, any: [{text: 你别烦我啊, variants: [别烦我]}]}}", id="the_rule_itself"),
        pytest.param("{say: {role: agent, any: ['别*我', 你别烦我啊]}}", id="wildcard_in_the_shorter"),
        pytest.param(
            "{all: [{say: {role: agent, any: [别烦我]}}, {say: {role: agent, any: [你别烦我啊]}}]}", id="two_lists"
        ),
    ],
)
def test_phrases_that_may_both_be_needed_are_left_alone(when: str) -> None:
    assert not any("of the same list" in remark.text for remark in remarks(rule_when(when), LATE))


def test_phrase_that_takes_points_in_two_rules_is_pointed_out() -> None:
    other = TALK.replace("TALK.01", "TALK.02").replace("name: rude", "name: ruder").replace("[别烦我]", "[你别烦我啊]")
    told = [remark for remark in remarks(TALK, other, LATE) if "twice" in remark.text]
    assert [(remark.rule, remark.is_error) for remark in told] == [("TALK.02", False)]
    warned = other.replace("deduct", "warn").replace("  points: 10\n", "")
    assert not any("twice" in remark.text for remark in remarks(TALK, warned, LATE))
    asked = other.replace("role: agent", "role: customer")
    assert not any("twice" in remark.text for remark in remarks(TALK, asked, LATE))


def test_exclusion_that_excludes_nothing_is_pointed_out() -> None:
    told = [remark.text for remark in phrases("{text: 别烦我, not_in: [别打扰我]}")]
    assert any("excludes nothing" in text for text in told)


def test_phrases_without_an_example_are_counted() -> None:
    told = [remark for remark in phrases("别烦我, 走开点, 少废话") if remark.key == "examples.hit"]
    assert [remark.text for remark in told] == [
        "2 of 3 phrases stand in no example of a hit: “走开点”、“少废话”; add one for each"
    ]


def test_rules_with_the_same_condition_are_pointed_out() -> None:
    twin = TALK.replace("TALK.01", "TALK.02").replace("name: rude", "name: ruder")
    assert any("the same as that of TALK.01" in remark.text for remark in remarks(TALK, twin, LATE))

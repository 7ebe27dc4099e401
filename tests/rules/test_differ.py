from __future__ import annotations

import pytest

from pipeline.rules.differ import Change, rulebook_changes
from tests.rules.rulebook_text import HEADER, LATE, TALK, small

OTHER = LATE.replace("LATE.01", "LATE.02").replace("name: late", "name: later").replace("太晚", "更晚")


def changes(*rules: str, header: str = HEADER) -> list[tuple[str, str]]:
    found = rulebook_changes(small(TALK, LATE), small(*rules, header=header))
    return [(change.rule, change.text) for change in found]


def test_equal_rulebooks_have_no_changes_whatever_the_order_of_rules() -> None:
    assert changes(TALK, LATE) == []
    assert changes(LATE, TALK) == []


def test_rules_that_come_and_go_are_named() -> None:
    found = rulebook_changes(small(TALK, LATE), small(TALK, OTHER))
    assert found == (
        Change("LATE.01", "removed", "删去规则：太晚"),
        Change("LATE.02", "added", "新增规则：更晚"),
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("points: 10", "points: 8", "：由 10 改为 8", id="points"),
        pytest.param("per: hit", "per: call", "算几次：由 每处一次（hit） 改为 每通最多一次（call）", id="per"),
        pytest.param("[别烦我]", "[别烦我, 走开点]", "说了其中任何一个：增加 “走开点”", id="phrase_more"),
        pytest.param("[别烦我]", "[走开点]", "说了其中任何一个：去掉 “别烦我”", id="phrase_less"),
        pytest.param(
            "[别烦我]",
            "[{text: 别烦我, variants: [甭烦我]}]",
            "“别烦我” › 同一短语的其他说法：增加 “甭烦我”",
            id="variant",
        ),
        pytest.param("role: agent", "role: customer", "谁说的：由 坐席 改为 客户", id="role"),
        pytest.param("客户会生气", "客户会走", "一句话：由 “客户会生气。” 改为 “客户会走。”", id="why"),
        pytest.param(
            "{say: {role: agent, any: [别烦我]}}",
            "{measure: {name: overlap_s, above: 3}}",
            "什么情况下命中：由 ",
            id="operator",
        ),
        pytest.param(
            '  examples: {hit: ["agent: 别烦我。"]', '  examples: {hit: ["agent: 别烦我呀。"]', "增加 ", id="example"
        ),
    ],
)
def test_key_that_says_something_else_is_told_with_both(old: str, new: str, told: str) -> None:
    assert old in TALK
    changed = TALK.replace(old, new)
    if new.startswith("{measure"):
        changed = changed.replace('["agent: 别烦我。"]', "[{measures: {overlap_s: 4}}]")
        changed = changed.replace("坐席在 {start} 说“{quote}”。", "命中")
    found = changes(changed, LATE)
    assert {rule for rule, _ in found} == {"TALK.01"}
    assert any(told in text for _, text in found), found


def test_limits_of_a_measure_are_told_by_what_they_mean() -> None:
    ((rule, text),) = changes(TALK, LATE.replace("above: 2}", "above: 2.5}"))
    assert rule == "LATE.01"
    assert text.endswith("大于它时命中：由 2 改为 2.5")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param('version: "1"', 'version: "2"', "版本：由 1 改为 2", id="version"),
        pytest.param(
            "total_below: 60", "total_below: 70", "哪些通话必须由人来听 › 总分低于它：由 60 改为 70", id="routing"
        ),
        pytest.param("{talk: 3}", "{talk: 4}", "talk：由 3 改为 4", id="count"),
        pytest.param("title: 语言,", "title: 话语,", "talk › 类别名称：由 “语言” 改为 “话语”", id="category"),
    ],
)
def test_rulebook_as_a_whole_is_compared_too(old: str, new: str, told: str) -> None:
    ((rule, text),) = changes(TALK, LATE, header=HEADER.replace(old, new))
    assert rule == ""
    assert told in text

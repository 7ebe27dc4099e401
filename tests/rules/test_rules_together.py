"""Rules beside each other: prerequisites, dates, ladders, categories, routing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pipeline.errors import RulebookError
from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge
from pipeline.types import Call
from tests.builders import call
from tests.rules.rulebook_text import HEADER, rule_when, small


def other(rule: str, number: int, when: str) -> str:
    text = rule_when(when).replace("TALK.01", f"TALK.{number:02d}").replace("name: rude", f"name: rude{number}")
    return text if rule == "deduct" else text.replace("severity: deduct\n  points: 10", f"severity: {rule}")


def book(*rules: str) -> Rulebook:
    header = HEADER.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    return small(*rules, header=header)


def rules_hit(rulebook: Rulebook, spoken: Call) -> list[str]:
    return [one.rule for one in judge(spoken, measure_call(spoken), rulebook, raise_failures=True).findings]


def test_other_rule_is_a_prerequisite_whatever_the_order() -> None:
    later = other("deduct", 2, "{say: {role: agent, any: [别烦我]}}")
    first = other("deduct", 1, "{all: [{say: {role: customer, any: [投诉]}}, {rule: {id: TALK.02}}]}")
    for rules in ((first, later), (later, first)):
        assert rules_hit(book(*rules), call("agent: 别烦我", "customer: 投诉你")) == ["TALK.02", "TALK.01"]
        assert rules_hit(book(*rules), call("agent: 您好", "customer: 投诉你")) == []
        assert rules_hit(book(*rules), call("agent: 别烦我", "customer: 好")) == ["TALK.02"]


def test_rules_in_a_circle_are_refused() -> None:
    with pytest.raises(RulebookError, match="circle"):
        book(other("deduct", 1, "{rule: {id: TALK.02}}"), other("warn", 2, "{rule: {id: TALK.01}}"))


def test_judge_of_call_before_the_rule_counts_only_warns() -> None:
    rule = other("deduct", 1, "{say: {role: agent, any: [别烦我]}}").replace(
        "  when:", "  effective_from: '2026-03-09'\n  effective_until: '2026-03-31'\n  when:"
    )
    rulebook = book(rule)

    def points(day: str) -> list[tuple[str, float]]:
        spoken = call("agent: 别烦我", started_at=datetime.fromisoformat(day))
        return [(one.severity.value, one.points) for one in judge(spoken, measure_call(spoken), rulebook).findings]

    assert points("2026-03-08T23:59:00+08:00") == [("warn", 0.0)]
    assert points("2026-03-09T00:00:00+08:00") == [("deduct", 10.0)]
    assert points("2026-03-31T15:59:00+00:00") == [("deduct", 10.0)]
    assert points("2026-04-01T00:00:00+08:00") == []


def with_keys(rule: str, keys: str) -> str:
    return rule.replace("  when:", f"  {keys}\n  when:")


def scored(rule: str, *lines: str, header: str | None = None) -> Any:
    rulebook = book(rule) if header is None else small(rule, header=header)
    spoken = call(*lines)
    return judge(spoken, measure_call(spoken), rulebook, raise_failures=True)


LADDER = with_keys(
    rule_when("{say: {role: agent, any: [{text: 嗯, clause_at_most: 20}]}}").replace("  points: 10\n", ""),
    "ladder: [{hits: 1, each: 1}, {hits: 4, total: 5}]",
)


@pytest.mark.parametrize(("fillers", "points"), [(1, [1]), (3, [1, 1, 1]), (4, [1, 1, 1, 2]), (6, [1, 1, 1, 2, 0, 0])])
def test_ladder_of_the_old_filler_rule(fillers: int, points: list[int]) -> None:
    verdict = scored(LADDER, "agent: " + "嗯，" * fillers)
    assert [one.points for one in verdict.findings] == points
    assert verdict.score.total == 100 - sum(points)


def test_category_that_starts_empty_is_filled_by_rules_that_add() -> None:
    header = HEADER.replace("maximum: 60", "maximum: 100, starts: empty").replace(
        "  time: {title: 时间, maximum: 40}\n", ""
    )
    rule = rule_when("{say: {role: agent, any: [您好]}}").replace("deduct\n  points: 10", "add\n  points: 30")
    assert scored(rule, "agent: 您好", header=header).score.total == 30
    assert scored(rule, *["agent: 您好"] * 5, header=header).score.total == 100
    assert scored(rule, "agent: 请讲", header=header).score.total == 0


def test_fatal_to_a_category_leaves_the_others() -> None:
    header = HEADER.replace("talk: {title: 语言, maximum: 60}", "talk: {title: 语言, maximum: 60, weight: 2}")
    fatal = with_keys(rule_when("{say: {role: agent, any: [别烦我]}}"), "fatal_to: category").replace(
        "deduct\n  points: 10", "fatal"
    )
    late = other("deduct", 2, "{say: {role: agent, any: [再见]}}").replace("category: talk", "category: time")
    spoken = call("agent: 别烦我")
    verdict = judge(spoken, measure_call(spoken), small(fatal, late, header=header))
    assert verdict.score.fatal is False
    assert verdict.score.categories["talk"].score == 0
    assert verdict.score.total == pytest.approx(100 * 40 / 160)


def test_hit_on_doubtful_words_is_not_held_against_anyone() -> None:
    rule = with_keys(rule_when("{say: {role: agent, any: [别烦我]}}"), "min_hit_confidence: 0.6")
    spoken = call("agent: 别烦我", "agent: 您好")
    doubtful, sure = spoken.transcript.utterances
    spoken = replace(
        spoken, transcript=replace(spoken.transcript, utterances=(replace(doubtful, confidence=0.3), sure))
    )
    verdict = judge(spoken, measure_call(spoken), book(rule))
    assert not verdict.findings
    assert [item.reason for item in verdict.not_assessable] == ["命中处转写置信度 0.30 低于 0.60，不足以判断"]


def test_routing_of_a_rule_is_its_own() -> None:
    plain_rule = rule_when("{say: {role: agent, any: [再烦我]}}")
    must = with_keys(plain_rule, "review: must\n  risk: 2.5")
    never = with_keys(plain_rule, "review: never\n  risk: 1")
    verdict = scored(must, "agent: 再烦我")
    assert verdict.route.reasons == ("命中必听规则：不礼貌（TALK.01）",)
    assert verdict.route.risk == 2.5
    verdict = scored(never, "agent: 再烦我")
    assert (verdict.route.reasons, verdict.route.risk) == ((), 1.0)

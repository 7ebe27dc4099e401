from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.features.measure import measure_call
from pipeline.rules import judge, load_rulebook
from pipeline.rules.rescoring import recounted, rescored, violation
from pipeline.types import Finding, Role, Severity
from tests.builders import call
from tests.rules.rulebook_text import small

RUDE = call("agent: 您好，请讲。", "customer: 上不了网。", "agent: 用不起就别用，你有完没完。", "agent: 没法查，再见。")


def judged() -> tuple[list[Finding], frozenset[str], float | None]:
    result = judge(RUDE, measure_call(RUDE), load_rulebook("mobile_service"))
    skipped = frozenset(item.rule for item in result.not_assessable)
    return list(result.findings), skipped, result.score.total


def test_without_any_verdict_the_score_is_the_machines() -> None:
    findings, skipped, total = judged()
    standing, score = rescored(findings, skipped, load_rulebook("mobile_service"))
    assert score.total == total
    assert [one.points for one in standing] == [one.points for one in findings]


def test_every_set_of_rejected_findings_scores_as_if_they_had_never_been_found() -> None:
    findings, skipped, _ = judged()
    book = load_rulebook("mobile_service")
    taking = [one for one in findings if one.severity is Severity.DEDUCT]
    assert len(taking) >= 3
    for rejected in taking:
        kept = [one for one in findings if one is not rejected]
        taken = sum(one.points for one in kept if one.category == "language" and one.severity is Severity.DEDUCT)
        _, score = rescored(kept, skipped, book)
        assert score.categories["language"].score == pytest.approx(max(0.0, 50 - taken))


def test_remaining_hits_of_a_ladder_get_the_points_of_now() -> None:
    book = small()
    rule = next(one for one in book.rules if one.severity is Severity.DEDUCT)
    with_ladder = replace(rule, every_hit=True, cap=rule.points * 2)
    book = replace(book, rules=tuple(with_ladder if one.id == rule.id else one for one in book.rules))
    hits = [violation(with_ladder, Role.AGENT, float(n), n + 1.0, "字") for n in range(4)]
    assert [one.points for one in recounted(hits, book)] == [rule.points, rule.points, 0, 0]
    assert [one.points for one in recounted(hits[2:], book)] == [rule.points, rule.points]


def test_violation_of_a_rule_that_could_not_be_judged_counts() -> None:
    book = load_rulebook("mobile_service")
    skipped = frozenset(book.scoring["closing"])
    rule = next(one for one in book.rules if one.category == "closing" and one.severity is Severity.DEDUCT)
    _, without = rescored([], skipped, book)
    _, score = rescored([violation(rule, Role.AGENT, 1.0, 2.0)], skipped, book)
    assert without.categories["closing"].maximum == 0
    assert score.categories["closing"].maximum == 10
    assert score.categories["closing"].score == 10 - rule.points

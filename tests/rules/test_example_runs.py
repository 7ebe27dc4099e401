from __future__ import annotations

from pipeline.rules.example_runs import run_examples
from tests.rules.rulebook_text import LATE, TALK, rule_when, small


def runs(rule: str, kind: str, *examples: str) -> list[str]:
    """Outcomes of one rule's examples of a kind."""
    listed = ", ".join(f'"{example}"' for example in examples)
    old = '["agent: 别烦我。"]' if kind == "hit" else '["customer: 别烦我。"]'
    return [run.got for run in run_examples(small(rule.replace(old, f"[{listed}]"), LATE)) if run.expected == kind][
        : len(examples)
    ]


def test_examples_are_run_in_order_with_what_was_found() -> None:
    first, second, *_ = run_examples(small())
    assert (first.rule, first.expected, first.number, first.got, first.passed) == ("TALK.01", "hit", 1, "hit", True)
    assert first.found == (("别烦我", "坐席在 0:00 说“别烦我”。"),)
    assert (second.expected, second.got, second.found) == ("miss", "miss", ())


def test_only_the_rules_that_are_named_are_run() -> None:
    assert {run.rule for run in run_examples(small(), frozenset({"LATE.01"}))} == {"LATE.01"}


def test_example_that_fails_is_no_pass() -> None:
    assert runs(TALK, "hit", "agent: 别烦我。", "agent: 您好。", "customer: 别烦我。") == ["hit", "miss", "miss"]
    assert runs(TALK, "miss", "agent: 请别烦我。", "unknown: 别烦我。") == ["hit", "not_assessable"]


def remarks(rule: str) -> list[tuple[str, ...]]:
    return [run.remarks for run in run_examples(small(rule, LATE)) if not run.passed]


def test_missed_example_names_the_nearest_phrase() -> None:
    (told,) = remarks(TALK.replace('"agent: 别烦我。"', '"agent: 别惹我。"'))
    assert told == ("最接近的短语是“别烦我”，说的是“别惹我”",)


def test_missed_example_says_when_the_exception_took_it() -> None:
    rule = rule_when("{say: {role: agent, any: [别烦我]}}", unless="{say: {role: agent, any: [对不起]}}")
    (told,) = remarks(rule.replace('"agent: 别烦我。"', '"agent: 对不起，别烦我。"'))
    assert told == ("例外（unless）成立，所以没有算",)


def test_example_that_cannot_be_judged_says_why() -> None:
    (told,) = remarks(TALK.replace('"agent: 别烦我。"', '"unknown: 别烦我。"'))
    assert told[0].startswith("无法判断：")

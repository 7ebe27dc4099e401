"""Every key of every operator can be written in a rulebook, loads, judges, and is explained in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge, parse_rulebook
from pipeline.rules.explain import explain_rule
from pipeline.rules.operators import OPERATORS
from pipeline.rules.operators.phrase import Phrase
from pipeline.rules.operators.scope import NearAnchor, ScopedOperator
from tests.builders import call

WRITTEN: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("every_option.yaml").read_text(encoding="utf-8")
)


def rulebook() -> Rulebook:
    rules = [
        {
            "id": f"RULE.{number:02}",
            "name": f"rule_{number}",
            "title": "选项",
            "why": "试验。",
            "category": "all",
            "severity": "deduct",
            "points": 1,
            "message": "{start}：{quote}",
            "examples": {"hit": ["agent: 无"], "miss": ["agent: 您好"]},
            **written,
        }
        for number, written in enumerate(WRITTEN, start=1)
    ]
    book = {
        "rulebook": "every_option",
        "version": "1",
        "title": "每个选项",
        "categories": {"all": {"title": "全部", "maximum": 100}},
        "must_review": {"total_below": 60},
        "rules": rules,
    }
    return parse_rulebook(json.dumps(book, ensure_ascii=False).encode(), "every_option.yaml")


def uses(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operator that stands anywhere inside, with its keys; phrases and anchors' surroundings too."""
    if isinstance(value, list):
        for one in value:
            yield from uses(one)
    if isinstance(value, dict):
        for key, one in value.items():
            if isinstance(one, dict) and (key in OPERATORS or key == "near"):
                yield key, one
            if key == "any" and isinstance(one, list):
                yield from (("phrase", item) for item in one if isinstance(item, dict) and "text" in item)
            yield from uses(one)


def test_every_key_of_every_operator_is_used() -> None:
    used: dict[str, set[str]] = {}
    for name, keys in uses(WRITTEN):
        used.setdefault(name, set()).update(keys)
    scope = ScopedOperator.model_fields.keys()
    for name, model in (*OPERATORS.items(), ("near", NearAnchor), ("phrase", Phrase)):
        wanted = {field.alias or key for key, field in model.model_fields.items() if key not in scope}
        assert wanted <= used[name], (name, wanted - used[name])
    assert scope <= set().union(*used.values())


def test_rulebook_with_every_option_judges_a_call_and_is_explained() -> None:
    book = rulebook()
    spoken = call(
        "agent@1-3: 您好，请问有什么可以帮您",
        "customer@4-9: 我要退订，怎么退订",
        "agent@8-12: 这个退不了，给您补偿一百五十块钱",
        "customer@13-15: 我要退订，怎么退订",
        "agent@16-18: 请打13800138000，再见",
        extra={"tags": "vip"},
    )
    verdict = judge(spoken, measure_call(spoken), book, raise_failures=True)
    found = {finding.rule for finding in verdict.findings} | {item.rule for item in verdict.not_assessable}
    assert len(found) > 8
    for rule in book.rules:
        told = "\n".join(explain_rule(rule, book))
        assert rule.title in told
        assert "None" not in told

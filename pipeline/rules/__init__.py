"""Rules as data: rulebooks are read and checked, calls are judged by them."""

from __future__ import annotations

from pipeline.rules.examples import ExampleFailure, check_examples
from pipeline.rules.judging import CALLS_TOGETHER, judge, judge_many
from pipeline.rules.loading import bundled_rulebooks, load_rulebook, parse_rulebook
from pipeline.rules.rulebook import Category, Rule, Rulebook, RuleRow, rules_table
from pipeline.rules.schema import json_schema

__all__ = [
    "CALLS_TOGETHER",
    "Category",
    "ExampleFailure",
    "Rule",
    "RuleRow",
    "Rulebook",
    "bundled_rulebooks",
    "check_examples",
    "json_schema",
    "judge",
    "judge_many",
    "load_rulebook",
    "parse_rulebook",
    "rules_table",
]

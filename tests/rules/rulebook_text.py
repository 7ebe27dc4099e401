"""Small rulebooks as text, for tests that need one of their own."""

from __future__ import annotations

import textwrap

from pipeline.rules import Rulebook, judge, parse_rulebook
from pipeline.types import Call, Judgement, Measures

HEADER = """\
rulebook: small
version: "1"
title: 小册
categories:
  talk: {title: 语言, maximum: 60}
  time: {title: 时间, maximum: 40}
must_review:
  total_below: 60
  findings_at_least: {talk: 3}
  rules: [TALK.01]
  transcript_confidence_below: 0.4
rules:
"""

TALK = """\
- id: TALK.01
  name: rude
  title: 不礼貌
  why: 客户会生气。
  category: talk
  severity: deduct
  points: 10
  per: hit
  when: {say: {role: agent, any: [别烦我]}}
  message: 坐席在 {start} 说“{quote}”。
  examples: {hit: ["agent: 别烦我。"], miss: ["customer: 别烦我。"]}
"""

LATE = """\
- id: LATE.01
  name: late
  title: 太晚
  why: 客户在等。
  category: time
  severity: deduct
  points: 5
  when: {measure: {name: greeting_latency_s, above: 2}}
  message: 等了 {measured}，要求{threshold}。
  examples: {hit: [{measures: {greeting_latency_s: 3}}], miss: [{measures: {greeting_latency_s: 1}}]}
"""


def text_of(*rules: str, header: str = HEADER) -> str:
    """A rulebook file of a header and rules."""
    return header + textwrap.indent("".join(rules), "  ")


def small(*rules: str, header: str = HEADER) -> Rulebook:
    """A rulebook of a header and rules, ``TALK`` and ``LATE`` by default."""
    return parse_rulebook(text_of(*(rules or (TALK, LATE)), header=header).encode(), "small.yaml")


def rule_when(when: str, *, unless: str = "", per: str = "hit") -> str:
    """``TALK`` with another condition."""
    text = TALK.replace("{say: {role: agent, any: [别烦我]}}", when).replace("per: hit", f"per: {per}")
    text = text.replace("坐席在 {start} 说“{quote}”。", "命中")
    return text.replace("  message:", f"  unless: {unless}\n  message:") if unless else text


def quotes(when: str, call: Call, measures: Measures | None = None, *, unless: str = "") -> list[str]:
    """What a rule with one condition finds in a call."""
    verdict = judgement(when, call, measures, unless=unless)
    assert not verdict.not_assessable, verdict.not_assessable
    return [finding.quote for finding in verdict.findings if finding.rule == "TALK.01"]


def unknown(when: str, call: Call, measures: Measures | None = None, *, unless: str = "") -> str | None:
    """Why a rule with one condition cannot be judged."""
    verdict = judgement(when, call, measures, unless=unless)
    return next((item.reason for item in verdict.not_assessable if item.rule == "TALK.01"), None)


def judgement(when: str, call: Call, measures: Measures | None = None, *, unless: str = "") -> Judgement:
    """The judgement of one condition alone; the other category is left without measures' rules."""
    header = HEADER.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    return judge(call, measures or {}, small(rule_when(when, unless=unless), header=header), raise_failures=True)

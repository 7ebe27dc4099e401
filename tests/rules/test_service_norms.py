"""docs/service_norms.md names every rule of the default rulebook and no other, with what it does."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.rules import load_rulebook
from samples.truth import BY_EXAMPLES_ONLY

PAGE = (Path(__file__).parents[2] / "docs" / "service_norms.md").read_text(encoding="utf-8")
RULE = re.compile(r"[A-Z]{2,12}\.[0-9]{2}")


def test_page_names_every_rule_and_no_other() -> None:
    assert set(RULE.findall(PAGE)) == {rule.id for rule in load_rulebook("mobile_service").rules}


def test_page_names_the_rules_that_no_bundled_call_breaks() -> None:
    last = PAGE.split("## 随附录音没有演到的规则")[1]
    assert set(RULE.findall(last)) == set(BY_EXAMPLES_ONLY)

from __future__ import annotations

import re
from inspect import cleandoc
from pathlib import Path

import pytest

from pipeline.rules import parse_rulebook
from pipeline.rules.docs import pages, reference
from pipeline.rules.operators import OPERATORS
from pipeline.rules.operators.scope import ScopedOperator
from tests.rules.rulebook_text import HEADER, LATE, text_of

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["rules.md", "rules.en.md"])
def test_page_is_what_the_models_say(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run python -m pipeline.rules.docs"


def test_english_page_describes_every_key_of_every_operator_in_english() -> None:
    page = pages()["rules.en.md"]
    everywhere = page.split("### Where a condition looks\n")[1].split("\n### ")[0]
    for name, operator in OPERATORS.items():
        part = page.split(f"### `{name}`\n")[1].split("\n### ")[0]
        if issubclass(operator, ScopedOperator):
            part += everywhere
        for key, field in operator.model_fields.items():
            row = next(line for line in part.splitlines() if line.startswith(f"| `{field.alias or key}` |"))
            words = re.sub(r"`[^`]*`", "", row.split(" | ")[2])
            assert not re.search(r"[\u4e00-\u9fff]", words), row


def test_example_of_the_page_is_a_rule_that_loads() -> None:
    example = reference().split("```yaml\n")[1].split("```")[0]
    header = HEADER.replace("talk", "language").replace("TALK.01", "LANG.04")
    assert parse_rulebook(text_of(example, LATE, header=header).encode(), "page.yaml").rules[0].id == "LANG.04"


def test_every_operator_says_what_why_false_alarms_and_both_examples() -> None:
    for name, operator in OPERATORS.items():
        told = operator.__doc__ or ""
        for part in ("Why:", "False alarms:", "Matches:", "Does not match:", "用途：", "误判：", "命中：", "不命中："):
            assert f"\n{part}" in cleandoc(told), (name, part)
        for key, field in operator.model_fields.items():
            assert field.description, (name, key)


def test_each_page_has_the_notes_of_its_language_alone() -> None:
    chinese, english = pages()["rules.md"], pages()["rules.en.md"]
    assert "用途：" in chinese
    assert "Why:" not in chinese
    assert "Why:" in english
    assert "用途：" not in english
    for name in OPERATORS:
        notes = chinese.split(f"### `{name}`\n")[1].split("\n| ")[0]
        prose = re.sub(r"``.*?``", "", notes)
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", prose), (name, prose)

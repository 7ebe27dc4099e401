from __future__ import annotations

from pathlib import Path

from pipeline.rules import parse_rulebook
from pipeline.rules.docs import reference
from pipeline.rules.operators import OPERATORS
from tests.rules.rulebook_text import HEADER, LATE, text_of

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_page_is_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m pipeline.rules.docs > docs/rules.md"


def test_example_of_the_page_is_a_rule_that_loads() -> None:
    example = reference().split("```yaml\n")[1].split("```")[0]
    header = HEADER.replace("talk", "language").replace("TALK.01", "LANG.04")
    assert parse_rulebook(text_of(example, LATE, header=header).encode(), "page.yaml").rules[0].id == "LANG.04"


def test_every_operator_says_what_why_false_alarms_and_both_examples() -> None:
    for name, operator in OPERATORS.items():
        told = operator.__doc__ or ""
        for part in ("Why:", "False alarms:", "Matches:", "Does not match:"):
            assert part in told, (name, part)
        for key, field in operator.model_fields.items():
            assert field.description, (name, key)

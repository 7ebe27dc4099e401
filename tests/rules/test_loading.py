from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import RulebookError
from pipeline.rules import bundled_rulebooks, json_schema, load_rulebook, parse_rulebook, rules_table
from pipeline.rules.operators import OPERATORS
from pipeline.rules.schema import ConditionParameters
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of

GOOD = text_of(TALK, LATE)


def mistakes(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(RulebookError) as caught:
        parse_rulebook(content, "small.yaml")
    return str(caught.value).split("\n")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


BROKEN = yaml.safe_load((Path(__file__).parent / "broken_rulebooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", BROKEN, ids=[case["id"] for case in BROKEN])
def test_load_of_a_mistake_names_file_rule_key_and_line(case: dict[str, Any]) -> None:
    old, new, rule, key, parts = (case[name] for name in ("old", "new", "rule", "key", "told"))
    # Cases are written as a rule stands alone; in the file it is indented below the list.
    old_indented, new_indented = (re.sub(r"\n {2}(?=\S)", "\n    ", text) if rule else text for text in (old, new))
    assert GOOD.count(old_indented) >= 1, "the case replaces nothing"
    text = GOOD.replace(old_indented, new_indented, 1)
    told = mistakes(text)
    wanted = [line for line in told if all(part in line for part in parts)]
    assert wanted, told
    (sentence, *_) = wanted
    assert sentence.startswith("rulebook small.yaml")
    if rule is not None:
        assert f", rule {rule}" in sentence
    if key is not None:
        assert f", key {key}: " in sentence
    line = int(re.search(r"\(line (\d+)\)$", sentence)[1])  # type: ignore[index]
    block_start, block_end = block_around(text, old_indented if rule is None else f"id: {rule}")
    assert block_start <= line <= block_end


def block_around(text: str, part: str) -> tuple[int, int]:
    """First and last line of the rule, or of the header, that holds a part (the header when it is gone)."""
    starts = [1, *(number for number, line in enumerate(text.split("\n"), 1) if line.startswith("  - id:"))]
    at = line_of(text, part) if part in text else 1
    first = max(start for start in starts if start <= at)
    later = [start for start in starts if start > first]
    # A repeated id is told at the second rule that has it.
    return first, text.count("\n") + 1 if not later or text.count(part) > 1 else later[0]


def test_load_of_several_mistakes_tells_all_in_order_of_lines() -> None:
    text = GOOD.replace("{start} 说", "{x} 说").replace("above: 2", "abov: 2").replace("maximum: 60", "maximum: 61")
    told = mistakes(text)
    assert [re.search(r"key ([\w.]+)", sentence)[1] for sentence in told] == [  # type: ignore[index]
        "categories",
        "message",
        "when.measure.abov",
    ]


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        pytest.param("above: 2", "above: two", "above: two", id="value"),
        pytest.param("points: 10", "points: 10\n    pints: 10", "pints: 10", id="unknown_key"),
        pytest.param("    why: 客户会生气。\n", "", "id: TALK.01", id="missing_key"),
        pytest.param(
            "{say: {role: agent, any: [别烦我]}}",
            "\n      say:\n        role: agent\n        any:\n        - 别烦我\n        - {text: 滚}",
            "{text: 滚}",
            id="list_item",
        ),
        pytest.param("points: 10", "points: 10\n    points: 11", "points: 11", id="repeated_key"),
    ],
)
def test_line_of_a_mistake_is_exact(old: str, new: str, at: str) -> None:
    text = GOOD.replace(old, new, 1)
    (told,) = mistakes(text)
    assert told.endswith(f"(line {line_of(text, at)})")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        pytest.param(b"", "holds no keys", id="empty"),
        pytest.param(b"just words", "holds no keys", id="text"),
        pytest.param(b"- a\n- b", "holds no keys", id="list"),
        pytest.param(b"a: [1", "not YAML", id="not_closed"),
        pytest.param(b"a: b: c", "not YAML", id="two_colons"),
        pytest.param(b"\ta: b", "not YAML", id="tab"),
        pytest.param("规则: 一".encode("gb18030"), "UTF-8", id="other_encoding"),
        pytest.param(b"\x00\x01", "not YAML", id="control_characters"),
        pytest.param(b"a: " + b"[" * 500 + b"]" * 500, "nested more than", id="deep"),
        pytest.param(b"&a [*a, *a]", "alias", id="grows_without_end"),
        pytest.param(HEADER.encode(), "key rules: missing or empty", id="no_rules"),
        pytest.param(HEADER.encode() + b"  - just words\n", "rule number 1", id="rule_is_text"),
        pytest.param(HEADER.encode() + b"  a: b\n", "key rules: missing or empty", id="rules_are_keys"),
    ],
)
def test_load_of_what_is_no_rulebook_is_told(content: bytes, part: str) -> None:
    assert any(part in sentence for sentence in mistakes(content))


@settings(deadline=None, max_examples=80)
@given(place=st.integers(0, len(GOOD.encode()) - 1), width=st.integers(0, 12), put=st.binary(max_size=6))
def test_load_of_damaged_file_is_a_rulebook_or_told(place: int, width: int, put: bytes) -> None:
    content = GOOD.encode()
    told = ""
    try:
        parse_rulebook(content[:place] + put + content[place + width :], "small.yaml")
    except RulebookError as error:
        told = str(error)
    assert not told or all(re.search(r"\(line \d+\)$", sentence) for sentence in told.split("\n"))


def test_load_of_file_gives_name_version_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(GOOD, encoding="utf-8")
    rulebook = load_rulebook(path)
    assert (rulebook.name, rulebook.version, rulebook.title) == ("small", "1", "小册")
    assert rulebook.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {name: category.maximum for name, category in rulebook.categories.items()} == {"talk": 60, "time": 40}


def test_load_of_file_with_byte_order_mark_is_the_same() -> None:
    assert parse_rulebook(b"\xef\xbb\xbf" + GOOD.encode(), "small.yaml").name == "small"


def test_load_of_missing_file_names_the_bundled_ones(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="mobile_service"):
        load_rulebook(tmp_path / "none.yaml")
    with pytest.raises(RulebookError, match="mobile_service"):
        load_rulebook("mobile_servce")


def test_load_of_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="cannot be read"):
        load_rulebook(tmp_path)


def test_rules_table_lists_rules_in_the_order_of_the_file() -> None:
    rows = rules_table(parse_rulebook(GOOD.encode(), "small.yaml"))
    assert [(row.id, row.category, row.severity.value, row.points, row.per) for row in rows] == [
        ("TALK.01", "语言", "deduct", 10.0, "hit"),
        ("LATE.01", "时间", "deduct", 5.0, "call"),
    ]


def test_operators_are_the_keys_of_a_condition() -> None:
    keys = {field.alias or name for name, field in ConditionParameters.model_fields.items()}
    assert keys == {*OPERATORS, "all", "any", "not"}


def test_json_schema_knows_every_key_of_a_rule() -> None:
    schema = json_schema()
    rule = schema["$defs"]["RuleParameters"]
    assert {"id", "when", "unless", "examples"} <= set(rule["properties"])
    assert rule["additionalProperties"] is False
    assert "not" in schema["$defs"]["ConditionParameters"]["properties"]


def test_bundled_rulebooks_all_load() -> None:
    assert "mobile_service" in bundled_rulebooks()
    for name in bundled_rulebooks():
        assert load_rulebook(name).name == name

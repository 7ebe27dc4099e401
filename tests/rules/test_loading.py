from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
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


BROKEN = [
    # id, in GOOD replace this, by this, rule named, key named, parts of the message
    ("unknown_rule_key", "  severity: deduct\n  points: 10", "  severty: deduct\n  severity: deduct\n  points: 10", "TALK.01", "severty", ["severity perhaps"]),
    ("missing_rule_key", "  why: 客户会生气。\n  category: talk", "  category: talk", "TALK.01", "why", ["missing"]),
    ("bad_severity", "severity: deduct\n    points: 10", "severity: bad\n    points: 10", "TALK.01", "severity", ["'bad'", "'fatal', 'deduct' or 'warn'"]),
    ("points_negative", "points: 10", "points: -2", "TALK.01", "points", ["got -2", "more than 0"]),
    ("points_too_many", "points: 10", "points: 101", "TALK.01", "points", ["got 101", "at most 100"]),
    ("points_text", "points: 10", "points: ten", "TALK.01", "points", ["got 'ten'", "a number"]),
    ("points_infinite", "points: 10", "points: .inf", "TALK.01", "points", ["inf"]),
    ("points_missing", "points: 10\n", "cap: 10\n", "TALK.01", "points", ["missing"]),
    ("points_on_warning", "severity: deduct\n    points: 5", "severity: warn\n    points: 5", "LATE.01", "points", ["got 5", "remove it"]),
    ("cap_under_points", "per: hit", "per: hit\n    cap: 5", "TALK.01", "cap", ["got 5", "at least the 10"]),
    ("cap_per_call", "per: hit", "per: call\n    cap: 20", "TALK.01", "cap", ["only with per: hit"]),
    ("bad_id", "id: TALK.01", "id: talk", None, "id", ["'talk'", "SIL.01"]),
    ("bad_name", "name: rude", "name: Rude!", "TALK.01", "name", ["'Rude!'"]),
    ("same_id", "id: LATE.01", "id: TALK.01", "TALK.01", "id", ["used in line"]),
    ("same_name", "name: late", "name: rude", "LATE.01", "name", ["used in line"]),
    ("unknown_category", "category: talk\n    severity", "category: tolk\n    severity", "TALK.01", "category", ["talk perhaps"]),
    ("blank_title", "title: 不礼貌", "title: '  '", "TALK.01", "title", ["not empty"]),
    ("two_operators", "{say: {role: agent, any: [别烦我]}}", "{say: {role: agent, any: [别烦我]}, measure: {name: overlap_s, above: 1}}", "TALK.01", "when", ["exactly one of say, measure"]),
    ("no_operator", "{say: {role: agent, any: [别烦我]}}", "{}", "TALK.01", "when", ["got none"]),
    ("unknown_operator", "{say: {role: agent, any: [别烦我]}}", "{sya: {role: agent, any: [别烦我]}}", "TALK.01", "when.sya", ["say perhaps"]),
    ("role_missing", "role: agent, ", "", "TALK.01", "when.say.role", ["missing"]),
    ("role_unknown", "role: agent", "role: boss", "TALK.01", "when.say.role", ["'boss'", "'agent', 'customer' or 'anyone'"]),
    ("any_and_all", "any: [别烦我]", "any: [别烦我], all: [您好]", "TALK.01", "when.say", ["exactly one of any and all"]),
    ("no_phrases", "any: [别烦我]", "any: []", "TALK.01", "when.say", ["at least one phrase"]),
    ("phrase_not_a_list", "any: [别烦我]", "any: 别烦我", "TALK.01", "when.say.any", ["'别烦我'", "a list"]),
    ("phrase_number", "any: [别烦我]", "any: [10086]", "TALK.01", "when.say.any.1", ["got 10086"]),
    ("phrase_blank", "any: [别烦我]", "any: [别烦我, '，。']", "TALK.01", "when.say.any.2.text", ["at least one character"]),
    ("phrase_wildcard_alone", "any: [别烦我]", "any: ['*']", "TALK.01", "when.say.any.1.text", ["at least one character"]),
    ("phrase_one_character", "any: [别烦我]", "any: [滚]", "TALK.01", "when.say.any.1", ["clause_at_most"]),
    ("phrase_twice", "any: [别烦我]", "any: [别烦我, 别烦我]", "TALK.01", "when.say", ["别烦我 is listed twice"]),
    ("phrase_unknown_key", "any: [别烦我]", "any: [{text: 别烦我, variant: [烦]}]", "TALK.01", "when.say.any.1.variant", ["variants perhaps"]),
    ("clause_zero", "any: [别烦我]", "any: [{text: 别烦我, clause_at_most: 0}]", "TALK.01", "when.say.any.1.clause_at_most", ["at least 1"]),
    ("turns_zero", "role: agent, ", "role: agent, turns: [0, 1], ", "TALK.01", "when.say", ["counted from 1"]),
    ("turns_backwards", "role: agent, ", "role: agent, turns: [-1, -2], ", "TALK.01", "when.say", ["from -1 to -2"]),
    ("turns_one", "role: agent, ", "role: agent, turns: [1], ", "TALK.01", "when.say.turns.2", ["missing"]),
    ("turns_words", "role: agent, ", "role: agent, turns: first, ", "TALK.01", "when.say.turns", ["'first'", "a list"]),
    ("first_s_zero", "role: agent, ", "role: agent, first_s: 0, ", "TALK.01", "when.say.first_s", ["more than 0"]),
    ("within_in_when", "role: agent, ", "role: agent, within: same turn, ", "TALK.01", "when.say.within", ["belongs to unless"]),
    ("within_unreadable", "    message: 坐席", "    unless: {say: {role: agent, within: nearby, any: [抱歉]}}\n    message: 坐席", "TALK.01", "unless.say.within", ["'nearby'", "N turns before"]),
    ("measure_unknown", "name: greeting_latency_s", "name: greting_latency_s", "LATE.01", "when.measure.name", ["greeting_latency_s perhaps"]),
    ("measure_without_limit", ", above: 2", "", "LATE.01", "when.measure", ["above or at_least"]),
    ("measure_two_limits", "above: 2", "above: 2, at_least: 3", "LATE.01", "when.measure", ["above or at_least"]),
    ("measure_empty_range", "above: 2", "above: 5, below: 3", "LATE.01", "when.measure", ["over 5 and under 3"]),
    ("measure_is_number", "above: 2", "is: agent", "LATE.01", "when.measure", ["is a number"]),
    ("measure_text_limit", "above: 2", "above: '2'", "LATE.01", "when.measure.above", ["got '2'", "a number"]),
    ("measure_limit_on_party", "{name: greeting_latency_s, above: 2}", "{name: hang_up_by, above: 2}", "LATE.01", "when.measure", ["is a party"]),
    ("measure_limit_on_yes_no", "{name: greeting_latency_s, above: 2}", "{name: closing_spoken, is: agent}", "LATE.01", "when.measure", ["yes or no"]),
    ("metadata_without_value", "{measure: {name: greeting_latency_s, above: 2}}", "{metadata: {field: team}}", "LATE.01", "when.metadata", ["exactly one of is and in"]),
    ("nested_mistake", "{measure: {name: greeting_latency_s, above: 2}}", "{all: [{not: {measure: {name: nothing, above: 2}}}]}", "LATE.01", "when.all.1.not.measure.name", ["nothing"]),
    ("message_unknown_field", "{start} 说", "{begin} 说", "TALK.01", "message", ["{begin}", "{start}"]),
    ("message_field_not_given", "{start} 说", "{measured} 说", "TALK.01", "message", ["{measured}", "does not always have"]),
    ("message_open_brace", "{start} 说", "{start 说", "TALK.01", "message", ["brace"]),
    ("message_attribute", "{start} 说", "{start.__class__} 说", "TALK.01", "message", ["{start.__class__}"]),
    ("no_hit_example", 'hit: ["agent: 别烦我。"]', "hit: []", "TALK.01", "examples.hit", ["0 items", "at least 1"]),
    ("no_miss_example", ', miss: ["customer: 别烦我。"]', "", "TALK.01", "examples.miss", ["missing"]),
    ("example_line", '"agent: 别烦我。"', '"boss: 别烦我。"', "TALK.01", "examples.hit.1", ["'boss: 别烦我。'", "agent: 您好"]),
    ("example_measure", "hit: [{measures: {greeting_latency_s", "hit: [{measures: {greeting_s", "LATE.01", "examples.hit.1.measures.greeting_s", ["greeting_latency_s perhaps"]),
    ("example_measure_value", "hit: [{measures: {greeting_latency_s: 3", "hit: [{measures: {greeting_latency_s: late", "LATE.01", "examples.hit.1.measures.greeting_latency_s", ["'late'", "a number"]),
    ("example_metadata", "hit: [{measures: {greeting_latency_s: 3}}]", "hit: [{metadata: {hung_up_by: nobody}}]", "LATE.01", "examples.hit.1.metadata", ["'nobody'", "agent or customer"]),
    ("example_empty", "hit: [{measures: {greeting_latency_s: 3}}]", "hit: [{}]", "LATE.01", "examples.hit.1", ["expected lines"]),
    ("version_number", 'version: "1"', "version: 1.0", None, "version", ["got 1.0", "quotes"]),
    ("maxima", "maximum: 60", "maximum: 50", None, "categories", ["add up to 90"]),
    ("category_unused", "maximum: 60}", "maximum: 50}\n  idle: {title: 闲, maximum: 10}", None, "categories.idle", ["no rule takes points"]),
    ("routing_unknown_rule", "rules: [TALK.01]", "rules: [TALK.02]", None, "must_review.rules.1", ["TALK.01 perhaps"]),
    ("routing_unknown_category", "{talk: 3}", "{tolk: 3}", None, "must_review.findings_at_least.tolk", ["talk perhaps"]),
    ("routing_zero", "{talk: 3}", "{talk: 0}", None, "must_review.findings_at_least.talk", ["at least 1"]),
    ("share_over_one", "below: 0.4", "below: 40", None, "must_review.transcript_confidence_below", ["got 40", "at most 1"]),
    ("header_missing", "title: 小册\n", "", None, "title", ["missing"]),
    ("header_unknown", "title: 小册", "title: 小册\nauthor: 甲", None, "author", ["unknown key"]),
    ("key_twice", "points: 10", "points: 10\n    points: 20", "TALK.01", "points", ["stands twice"]),
    ("alias", "title: 不礼貌", "title: *name", "TALK.01", "title", ["alias"]),
    ("tag", "title: 不礼貌", "title: !!python/object:os.system 不礼貌", "TALK.01", "title", ["tag"]),
    ("number_key", "points: 10", "points: 10\n    7: x", "TALK.01", None, ["key 7", "quotes"]),
    ("second_document", "title: 小册", "title: 小册\n---", None, None, ["second document"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "rule", "key", "parts"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_load_of_a_mistake_names_file_rule_key_and_line(
    old: str, new: str, rule: str | None, key: str | None, parts: list[str]
) -> None:
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
    at = GOOD.index(old_indented)
    first = GOOD[:at].count("\n") + 1
    # A key that is missing is told at the rule that lacks it, above.
    above = 7 if "missing" in sentence or "add up" in sentence or "message" not in sentence else 2
    assert first - above <= line <= first + new_indented.count("\n") + 2


def test_load_of_several_mistakes_tells_all_in_order_of_lines() -> None:
    text = GOOD.replace("points: 10", "points: -1").replace("above: 2", "abov: 2").replace("{start} 说", "{x} 说")
    told = mistakes(text.replace("rules: [TALK.01]", "rules: [NONE.01]"))
    lines = [int(re.search(r"\(line (\d+)\)$", sentence)[1]) for sentence in told]  # type: ignore[index]
    assert lines == sorted(lines)
    assert {"TALK.01", "LATE.01"} <= {name for sentence in told for name in re.findall(r"rule (\w+\.\d+)", sentence)}
    assert len(told) >= 3


def test_line_of_a_mistake_is_exact() -> None:
    text = GOOD.replace("above: 2", "above: two")
    (told,) = mistakes(text)
    assert told.endswith(f"(line {line_of(text, 'above: two')})")


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
    try:
        parse_rulebook(content[:place] + put + content[place + width :], "small.yaml")
    except RulebookError as error:
        assert all(re.search(r"\(line \d+\)$", sentence) for sentence in str(error).split("\n"))


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

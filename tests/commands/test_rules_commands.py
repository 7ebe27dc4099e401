"""``tingjian rules check|test|explain|diff`` as a supervisor uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.rules.rulebook_text import LATE, TALK, rule_when, text_of
from tingjian.cli import run

BROKEN = TALK.replace("points: 10", "pionts: 10")
FAILING = TALK.replace('"customer: 别烦我。"', '"agent: 你别烦我。"')
NEVER = TALK.replace("{say: {role: agent, any: [别烦我]}}", "{measure: {name: filler_count, below: 0}}").replace(
    "坐席在 {start} 说“{quote}”。", "命中"
)


@pytest.fixture
def book(tmp_path: Path) -> Any:
    def write(*rules: str, name: str = "book.yaml") -> str:
        path = tmp_path / name
        path.write_text(text_of(*rules), encoding="utf-8")
        return str(path)

    return write


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("rules", "options", "code", "told"),
    [
        pytest.param((TALK, LATE), (), 0, "nothing wrong", id="fine"),
        pytest.param((BROKEN, LATE), (), 2, "pionts", id="schema"),
        pytest.param((NEVER, LATE), (), 2, "never met", id="never"),
        pytest.param((TALK.replace("[别烦我]", "[别烦我, 走开点]"), LATE), (), 0, "走开点", id="remark"),
        pytest.param((TALK.replace("[别烦我]", "[别烦我, 走开点]"), LATE), ("--strict",), 2, "走开点", id="strict"),
    ],
)
def test_check(book: Any, capsys: pytest.CaptureFixture[str], rules: Any, options: Any, code: int, told: str) -> None:
    assert run(["rules", "check", book(*rules), *options]) == code
    assert told in capsys.readouterr().out


def test_check_as_json_has_rule_key_and_line_of_every_mistake(book: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = document(capsys, "rules", "check", book(BROKEN, LATE))
    assert (code, told["ok"], told["errors"]) == (2, False, len(told["findings"]))
    mistake = next(item for item in told["findings"] if item["key"] == "pionts")
    assert (mistake["rule"], mistake["line"]) == ("TALK.01", 19)


def test_check_refuses_an_expression_that_could_run_away_and_says_what_to_do(
    book: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = book(rule_when('{regex: {role: agent, pattern: "(别+)+烦我"}}'), LATE)
    assert run(["rules", "check", path]) == 2
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if "TALK.01" in line)
    assert "when.regex.pattern" in row
    assert "a repeat inside a repeat, such as (a+)+, can run for ever; expected repeats side by side; rewrite it" in row
    assert re.search(r"\b21\b", row), "its line"
    assert path in shown


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_check_of_what_is_no_file_is_told_without_a_traceback(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "check", name]) == 2
    assert "expected" in capsys.readouterr().out


def test_test_prints_a_diff_of_what_fails_and_says_so_in_its_exit_code(
    book: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "test", book(FAILING, LATE)]) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:5] == [
        "TALK.01  example 1 of a miss",
        "agent: 你别烦我。",
        "- expected no hit",
        "+ got hit",
        "“别烦我”  坐席在 0:00 说“别烦我”。",
    ]
    assert run(["rules", "test", book(TALK, LATE)]) == 0
    assert "all as written" in capsys.readouterr().out


def test_test_of_one_rule_leaves_the_others_out(book: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = document(capsys, "rules", "test", book(FAILING, LATE), "--rule", "late")
    assert (code, told["examples"], told["failed"]) == (0, 2, [])
    code, told = document(capsys, "rules", "test", book(FAILING, LATE), "--rule", "TALK.01")
    assert (code, [one["expected"] for one in told["failed"]]) == (1, ["miss"])


def test_explain_takes_id_or_name_in_any_case(book: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = book(TALK, LATE)
    _, by_id = document(capsys, "rules", "explain", "talk.01", "--rulebook", path)
    _, by_name = document(capsys, "rules", "explain", "rude", "--rulebook", path)
    assert by_id == by_name
    assert by_id["lines"][0] == "TALK.01 不礼貌（rude）"


def test_explain_of_an_unknown_rule_proposes_the_nearest(book: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "explain", "TALK.02", "--rulebook", book(TALK, LATE)]) == 2
    assert "Did you mean TALK.01?" in capsys.readouterr().err


def test_diff_says_what_changes_and_what_does_not(book: Any, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = book(TALK, LATE), book(TALK.replace("points: 10", "points: 8"), LATE, name="new.yaml")
    assert run(["rules", "diff", old, new]) == 0
    assert "由 10 改为 8" in capsys.readouterr().out
    _, told = document(capsys, "rules", "diff", old, new)
    assert [(one["rule"], one["kind"]) for one in told["changes"]] == [("TALK.01", "changed")]
    assert run(["rules", "diff", old, old]) == 0
    assert "完全相同" in capsys.readouterr().out


def test_schema_is_printed_and_written_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert run(["rules", "schema", "--out", str(tmp_path / "schema.json")]) == 0
    assert json.loads((tmp_path / "schema.json").read_text(encoding="utf-8")) == printed
    assert set(printed["required"]) >= {"rulebook", "version", "rules"}


def test_schema_into_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "schema", "--out", str(tmp_path / "nowhere" / "schema.json")]) == 2
    assert "expected a file in a folder that exists" in capsys.readouterr().err

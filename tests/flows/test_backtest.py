"""``tingjian rules backtest`` over stored calls with verdicts and appeals, in every form of its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from config.settings import Settings
from flows.backtest import BacktestReport, backtest
from pipeline.rules import load_rulebook
from quality.verdicts import AppealOutcome, Verdict
from store import verdicts
from store.models import Assessment, Finding, HeardColumns, Transcript
from tests.flows.nights import some_settings
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of
from tests.stored_calls import store_call
from tingjian.commands.backtest_sheet import write_backtest
from tingjian.commands.rules_backtest import backtest_document, print_backtest
from tingjian.render import stdout_console

pytestmark = pytest.mark.django_db(transaction=True)

JOKE = ("agent: 您好，请讲。", "customer: 查话费。", "agent: 别烦我，开玩笑的。")
RUDE = ("agent: 您好，请讲。", "customer: 查话费。", "agent: 别烦我。")
BRUSH_OFF = ("agent: 您好，请讲。", "customer: 查话费。", "agent: =走开点。")
NEW = TALK.replace("[别烦我]", "[{text: 别烦我, not_with: [开玩笑]}, 走开点]")


@pytest.fixture(autouse=True)
def any_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.backtest.setup_django", lambda settings: None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return some_settings(tmp_path / "var", workers=1)


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, str]:
    header = HEADER.replace('"1"', '"2"')
    (tmp_path / "old.yaml").write_text(text_of(TALK, LATE), encoding="utf-8")
    (tmp_path / "new.yaml").write_text(text_of(NEW, LATE, header=header), encoding="utf-8")
    return str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")


def finding(call_id: str) -> int:
    return int(Finding.objects.get(assessment__recording__call_id=call_id, rule="TALK.01").pk)


@pytest.fixture
def report(settings: Settings, places: tuple[str, str]) -> BacktestReport:
    old = load_rulebook(places[0])
    for call_id, lines in (("joke", JOKE), ("rude", RUDE), ("off", BRUSH_OFF), ("rude2", RUDE)):
        store_call(old, call_id, *lines)
    verdicts.record_verdict(finding("joke"), Verdict.REJECT, "质检员甲")
    verdicts.record_verdict(finding("rude"), Verdict.CONFIRM, "质检员甲")
    verdicts.decide_appeal(verdicts.file_appeal(finding("joke"), "A1"), AppealOutcome.UPHELD, "主管", "玩笑")
    verdicts.decide_appeal(verdicts.file_appeal(finding("rude"), "A1"), AppealOutcome.DISMISSED, "主管")
    return backtest(settings, candidate=places[1], against=places[0])


def test_backtest_says_what_the_new_rulebook_finds_more_and_less(report: BacktestReport) -> None:
    told = backtest_document(report)
    (rule,) = told["rules"]
    assert (told["before"], told["after"], told["calls"]) == ("small 1", "small 2", 4)
    assert (rule["hits_before"], rule["hits_after"], rule["gained"], rule["lost"]) == (3, 3, 1, 1)
    assert [(one["call_id"], one["quote"]) for one in rule["samples_gained"]] == [("off", "走开点")]
    assert [(one["call_id"], one["verdict"]) for one in rule["samples_lost"]] == [("joke", "reject")]
    assert (rule["precision_before"]["value"], rule["precision_after"]["value"]) == (0.5, 1.0)
    assert rule["precision_after"]["low"] < 1.0
    assert told["scores"]["changes"] == {"-10": 1, "0": 2, "10": 1}
    # TALK.01 is a rule that a person must hear.
    assert (told["review"]["before"], told["review"]["gained"], told["review"]["lost"]) == (3, 1, 1)
    assert [(one["call_id"], one["passed"]) for one in told["appeals"]] == [("joke", True), ("rude", True)]
    assert report.exit_code == 0
    assert json.loads(json.dumps(told)) == told


def test_upheld_appeal_that_is_found_again_fails(settings: Settings, places: tuple[str, str], report: Any) -> None:
    again = backtest(settings, candidate=places[0], against=places[1])
    assert [case.appeal.call_id for case in again.broken_appeals] == ["joke"]
    assert again.exit_code == 1


def test_backtest_writes_nothing(report: BacktestReport) -> None:
    assert Assessment.objects.count() == 4


def test_text_names_samples_and_broken_appeals(
    settings: Settings, places: tuple[str, str], report: BacktestReport, capsys: pytest.CaptureFixture[str]
) -> None:
    print_backtest(report, stdout_console())
    shown = capsys.readouterr().out
    for words in (
        "small 1 → small 2",
        "+ TALK.01  off 0:0",
        "“走开点”",
        "- TALK.01  joke",
        "(reject)",
        "2 of 2 come out",
    ):
        assert words in shown, words
    print_backtest(backtest(settings, candidate=places[0], against=places[1]), stdout_console())
    assert "upheld, but found again" in capsys.readouterr().out


def test_spreadsheet_holds_every_sheet_and_no_formula(report: BacktestReport, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write_backtest(report, path)
    with ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
    for name in ("概要", "规则", "命中变化样例", "分数变化", "变化最大的通话", "申诉用例"):
        assert f'name="{name}"' in parts["xl/workbook.xml"]
    assert "走开点" in parts["xl/sharedStrings.xml"]
    assert not any("<f>" in text for name, text in parts.items() if "worksheets/" in name)


def test_call_that_cannot_be_read_is_named(settings: Settings, places: tuple[str, str], report: BacktestReport) -> None:
    HeardColumns.objects.all().delete()
    Transcript.objects.filter(recording__call_id="off").update(call={"recording": {"metadata": {}}})
    again = backtest(settings, candidate=places[1], against=places[0])
    assert [call_id for call_id, _ in again.failed] == ["off"]
    assert (again.tally.calls, again.exit_code) == (3, 1)


def test_nothing_stored_is_told(
    settings: Settings, places: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    empty = backtest(settings, candidate=places[1], against=places[0])
    print_backtest(empty, stdout_console())
    assert "nothing to try the rulebook on" in capsys.readouterr().out
    write_backtest(empty, tmp_path / "empty.xlsx")
    assert backtest_document(empty)["scores"]["mean_before"] is None

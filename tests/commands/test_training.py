from __future__ import annotations

import json
from itertools import product

import pytest

from pipeline.rules.shelf import open_shelf
from quality.verdicts import Verdict
from store import models
from store.verdicts import record_verdict
from tests.stored_calls import store_call
from tingjian.cli import run

pytestmark = pytest.mark.django_db

BLAME = [
    f"{opening}刚才不是{to}{who}说过了吗，怎么还问{end}"
    for opening, to, who, end in product(("", "哎"), "跟和", "你您", ("",))
]
SHIRK = [f"{start}{who}问我，我问谁" for start, who in product(("", "哎", "嗨，", "这个嘛，"), "你您")]
GREETING, FAREWELL = "agent: 您好，很高兴为您服务", "agent: 感谢您的来电，再见"


def store_month(month: str, *, blame_by: str = "A{}") -> None:
    """Eight calls with each trouble, sixteen without, of eight agents in two teams."""
    rulebook = open_shelf("mobile_service").rulebooks[-1]
    for number in range(32):
        agent = f"A{number % 8}"
        kind, place = divmod(number, 8)
        said = (BLAME[place], SHIRK[place], "好的，已经为您办好了", "请稍等，我帮您查一下")[kind]
        store_call(
            rulebook,
            f"{month}-{number:02d}",
            GREETING,
            "customer: 我的宽带坏了，你说怎么办",
            f"agent: {said}",
            "customer: 好吧",
            FAREWELL,
            started_at=f"{month}-{2 + number % 20:02d}T09:00:00+08:00",
            agent_id=agent,
            team=f"T{number % 2}",
            business_type="宽带",
        )


def clusters(month: str, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    assert run(["training", "clusters", month, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def by_word(report: dict, word: str) -> dict:
    (found,) = (one for one in report["clusters"] if word in one["quote"])
    return found


def test_troubles_of_a_month_are_grouped_with_who_has_them(capsys) -> None:
    store_month("2026-03")
    report = clusters("2026-03", capsys)
    assert report["calls"] == 32
    shirk = by_word(report, "问谁")
    assert shirk["calls"] == 8
    assert shirk["share"] == 0.25
    assert shirk["new"] is True
    assert shirk["calls_before"] is None
    assert shirk["business_types"] == [["宽带", 8]]
    assert sum(count for _, count in shirk["agents"]) == 8
    assert {rule for rule, _ in shirk["rules"]} == {"LANG.03"}


def test_error_that_comes_again_keeps_its_number(capsys) -> None:
    store_month("2026-03")
    first = clusters("2026-03", capsys)
    store_month("2026-04")
    second = clusters("2026-04", capsys)
    for word in ("问谁", "怎么还问"):
        now, before = by_word(second, word), by_word(first, word)
        assert now["number"] == before["number"]
        assert now["new"] is False
        assert now["calls_before"] == before["calls"]
    assert by_word(second, "问谁")["number"] != by_word(second, "怎么还问")["number"]


def test_month_found_again_changes_nothing(capsys) -> None:
    store_month("2026-03")
    first, again = clusters("2026-03", capsys), clusters("2026-03", capsys)
    assert [(one["number"], one["findings"]) for one in first["clusters"]] == [
        (one["number"], one["findings"]) for one in again["clusters"]
    ]
    assert models.ErrorCluster.objects.count() == len(first["clusters"])


def test_flag_that_a_person_rejected_is_in_no_cluster(capsys) -> None:
    store_month("2026-03")
    before = by_word(clusters("2026-03", capsys), "问谁")
    wrong = before["findings"][0]
    record_verdict(wrong, Verdict.REJECT, "质检一")
    report = clusters("2026-03", capsys)
    assert wrong not in by_word(report, "问谁")["findings"]
    assert report["rejected_flags"] == 1


def test_clusters_as_a_table_quote_what_was_said(capsys) -> None:
    store_month("2026-03")
    capsys.readouterr()
    assert run(["training", "clusters", "2026-03"]) == 0
    shown = capsys.readouterr().out
    assert "32 calls" in shown
    assert "问谁" in shown


def test_month_without_calls_says_what_to_do(capsys) -> None:
    assert run(["training", "clusters", "2026-03"]) == 2
    assert "tingjian nightly" in capsys.readouterr().err

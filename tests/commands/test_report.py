from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.rules import load_rulebook
from quality.verdicts import AppealOutcome
from store import models
from store.agent_months import read_month
from store.estimates import findings_by_rule
from store.plans import Plan, set_plans
from store.verdicts import decide_appeal, file_appeal
from tests.review.people import POLITE, RUDE
from tests.store.centre import RATERS, store_centre
from tests.stored_calls import store_call
from tingjian.cli import run

pytestmark = pytest.mark.django_db

ANSWERS = (
    "agent: 您好，请问有什么可以帮您？",
    "customer: 短信怎么退订？",
    "agent: 您可以回复TD。",
    "customer: 手机丢了，怎么补卡？",
    "agent: 去营业厅。",
    "agent: 感谢您的来电，再见。",
)


def a_month(*, centre: bool = True) -> None:
    """Three months of a drawn and reviewed centre; in the last also judged calls, a test call, a plan, an appeal."""
    if centre:
        store_centre(calls=90, reviews=30, assess=True)
    book = load_rulebook("mobile_service")
    for number in range(6):
        day = f"2026-03-{3 + number:02d}T10:00:00+08:00"
        about = {
            "agent_id": "A00",
            "agent_name": "张一",
            "team": "一组",
            "business_type": "宽带",
            "direction": "inbound",
        }
        store_call(book, f"rude-{number}", *RUDE, started_at=day, answered_at_s="0.5", hung_up_by="agent", **about)
        store_call(book, f"polite-{number}", *POLITE, started_at=day.replace("-03-", "-02-"), **about)
    test = load_rulebook("announced_test_call")
    store_call(test, "t-1", *ANSWERS, agent_id="A00", team="一组", call_type="明访")
    set_plans([Plan(RATERS[0], date(2026, 3, 2) + timedelta(days=day), 40) for day in range(5)])
    finding = models.Finding.objects.filter(assessment__recording="id-rude-0").first()
    appeal = file_appeal(finding.pk, "A00", filed_at=datetime(2026, 3, 20, tzinfo=UTC))
    decide_appeal(appeal, AppealOutcome.UPHELD, "主管", "语境不符")


def monthly(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["report", "monthly", "--month", "2026-03", "--format", "json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_month_has_every_part_with_intervals(capsys, tmp_path: Path) -> None:
    a_month()
    report = monthly(capsys, "--out", str(tmp_path / "m.xlsx"), "--out", str(tmp_path / "m.html"))
    assert report["service"]["total"]["calls"] == 12 * 90 + 6
    assert report["service"]["total"]["before"] == 12 * 90 + 6
    assert report["service"]["answer_s"]["value"] == 0.5
    assert report["service"]["hung_up_by_agent"]["value"] == 1.0
    assert {one["name"] for one in report["service"]["by_team"]} == {"一组", "二组"}
    assert len(report["agents"]) == 12
    assert {one["method"] for one in report["agents"]} == {"greg"}
    centre = report["centre"]["score"]
    assert centre["low"] < centre["value"] < centre["high"]
    widths = [one["score"]["high"] - one["score"]["low"] for one in report["teams"]]
    assert len(widths) == 2
    of_agents = [one["score"]["high"] - one["score"]["low"] for one in report["agents"]]
    assert max(widths) < sum(of_agents) / len(of_agents)
    rude = next(one for one in report["rules"] if one["rule"].startswith("LANG"))
    assert (rude["calls"], rude["calls_before"]) == (6, 0)
    assert rude["change"]["low"] > 0
    (reviewer,) = [one for one in report["reviewing"]["lines"] if one["reviewer"] == RATERS[0]]
    assert reviewer["planned"] == 200
    assert reviewer["reviews"] > 0
    assert reviewer["group_level"] is not None
    assert (report["appeals"]["filed"], report["appeals"]["upheld"]) == (1, 1)
    assert report["balance"]["checked"] == 12
    assert "training clusters" in report["reasons"]["clusters"]
    assert any(one["measure"] == "agent_speaking_rate_cpm" for one in report["months"])
    assert report["test_calls"]["agents"][0]["calls"] == 1
    sheets = zipfile.ZipFile(tmp_path / "m.xlsx").namelist()
    assert sum(name.startswith("xl/charts/chart") for name in sheets) >= 10
    page = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert "质检月报 2026-03" in page
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", page)


def test_month_without_reviews_says_not_enough_data(capsys, tmp_path: Path) -> None:
    store_call(load_rulebook("mobile_service"), "one", *RUDE)
    report = monthly(capsys, "--out", str(tmp_path / "m.xlsx"))
    assert report["centre"] is None
    assert set(report["reasons"]) >= {"estimates", "health", "items", "scopes", "clusters", "balance", "raters"}
    assert report["rules"][0]["change"]["value"] is None
    assert run(["report", "monthly", "--month", "2026-03"]) == 0
    assert "数据不足" in capsys.readouterr().out


def test_week_counts_and_leaves_estimates_to_the_month(capsys) -> None:
    a_month(centre=False)
    capsys.readouterr()
    assert run(["report", "weekly", "--week", "2026-W10", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["before"] == "2026-W09"
    assert report["agents"] == []
    assert "month" in report["reasons"]["estimates"]
    assert report["service"]["total"]["calls"] > 0
    assert sum(one["planned"] or 0 for one in report["reviewing"]["lines"]) == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["monthly", "--month", "2026-13"], "2026-03"),
        (["monthly", "--month", "2026-03"], "no call of 2026-03"),
        (["weekly", "--week", "2026-W60"], "2026-W10"),
        (["monthly", "--month", "2026-03", "--out", "x.doc"], ".xlsx"),
        (["monthly", "--month", "2026-03", "--out", "/nowhere/x.xlsx"], "no folder"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], said: str, capsys) -> None:
    assert run(["report", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_test_calls_have_a_table_of_their_own(capsys) -> None:
    a_month(centre=False)
    capsys.readouterr()
    assert run(["report", "test-calls", "--month", "2026-03", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (call,) = found["calls"]
    assert call["answers"] == {
        "ANS.01": True, "ANS.02": False, "ANS.03": False, "ANS.04": False, "ANS.05": False
    }  # fmt: skip
    assert run(["report", "test-calls", "--month", "2026-03"]) == 0
    assert "短信怎么退订" in capsys.readouterr().out


def test_test_calls_are_never_drawn(capsys) -> None:
    store_call(load_rulebook("mobile_service"), "rude", *RUDE)
    store_call(load_rulebook("announced_test_call"), "t-1", *ANSWERS, call_type="test")
    assert run(["queue", "draw", "--month", "2026-03"]) == 0
    assert list(models.DrawnCall.objects.values_list("recording", flat=True)) == ["id-rude"]
    assert sum(agent.calls for agent in read_month("2026-03").agents) == 1


def test_test_calls_keep_their_judgement_and_stay_off_the_agents_page() -> None:
    store_call(load_rulebook("mobile_service"), "rude", *RUDE, code_version="old")
    store_call(load_rulebook("announced_test_call"), "t-1", *ANSWERS, code_version="old", call_type="test")
    assert run(["rescore", "--format", "json"]) == 0
    assert models.Assessment.objects.filter(recording="id-rude").count() == 2
    (kept,) = models.Assessment.objects.filter(recording="id-t-1")
    assert kept.rulebook == "announced_test_call"
    assert [rule for rule, _ in findings_by_rule("A1", 20) if rule.startswith("ANS")] == []
    assert findings_by_rule("A1", 20)

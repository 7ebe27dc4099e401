from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from quality.types import Review
from quality.verdicts import Verdict
from store import models
from store.reviews import record_reviews
from store.verdicts import record_verdict
from tests.store.months import FIRST, ZONE, Made, many
from tingjian.cli import run

pytestmark = pytest.mark.django_db

COLUMNS = {"category": "", "severity": "deduct", "role": "agent", "start_s": 1.0, "end_s": 2.0, "match": "exact"}


@pytest.fixture(autouse=True)
def seed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "seeds"
    path.touch(0o600)
    path.write_text("7" * 64)
    monkeypatch.setenv("TINGJIAN_DRAW_SEED_FILE", str(path))
    return path


@pytest.fixture
def month(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """600 calls of six agents in two teams; LANG.03 hits every tenth call; A5 is bad at SIL.01; all picks heard."""
    calls = [
        Made(
            f"c{number:04d}",
            agent_id=f"A{number % 6}",
            team=f"T{number % 6 // 3}",
            started_at=datetime(2026, 3, 2 + number % 30, 9 + number % 9, tzinfo=ZONE),
            score=90.0 if number % 10 == 0 else 100.0,
        )
        for number in range(600)
    ]
    ids = many(calls)
    assessments = dict(models.Assessment.objects.values_list("recording_id", "id"))
    models.Finding.objects.bulk_create(
        models.Finding(assessment_id=assessments[ids[number]], rule="LANG.03", points=10.0, message="", **COLUMNS)
        for number in range(0, 600, 10)
    )
    assert run(["queue", "draw", "--per-agent", "40"]) == 0
    random = np.random.default_rng(1)
    picks = models.DrawnCall.objects.filter(picked=True).order_by("recording_id")
    reviews = []
    for recording_id, agent_id, score in picks.values_list("recording_id", "agent_id", "machine_score"):
        right = score == 90.0 and random.random() < 0.7
        silent = agent_id == "A5" and random.random() < 0.5
        deductions = {"LANG.03": 10.0 * right, "SIL.01": 3.0 * silent, "LOUD.01": 0.0}
        reviews.append(Review(recording_id, "质检一", FIRST, 100 - sum(deductions.values()), deductions=deductions))
    record_reviews(reviews)
    capsys.readouterr()
    return ids


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert run(["health", *arguments, "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    return json.loads(text)


def test_rules_when_reviewed_then_precision_and_recall_with_intervals(month: list[str], capsys) -> None:
    document = as_json(capsys, "rules", "2026-03")
    assert (document["calls"], document["reviewed"], document["reviews_left_out"]) == (600, 240, 0)
    rules = {one["rule"]: one for one in document["rules"]}
    assert rules["LANG.03"]["flagged"] == 60
    assert rules["LANG.03"]["precision"]["low"] < 0.7 < rules["LANG.03"]["precision"]["high"]
    assert (rules["LANG.03"]["missed"], rules["LANG.03"]["recall"]["value"]) == (0, 1.0)
    assert rules["LANG.03"]["recall"]["low"] < 1
    assert (rules["SIL.01"]["precision"]["reason"], rules["SIL.01"]["recall"]["value"]) == ("the rule has no hit", 0.0)
    assert rules["LOUD.01"]["recall"]["reason"].startswith("no violation was found")
    assert run(["health", "rules", "2026-03"]) == 0
    assert "1.00 (" in capsys.readouterr().out


def test_rules_when_sheet_is_silent_then_verdicts_on_findings_count(month: list[str], capsys) -> None:
    later = FIRST + timedelta(days=1)
    picked = set(models.DrawnCall.objects.filter(picked=True).values_list("recording_id", flat=True))
    record_reviews([Review(recording_id, "质检一", later, 90.0) for recording_id in picked])
    findings = models.Finding.objects.filter(assessment__recording__in=picked).order_by("id")
    for number, finding in enumerate(findings):
        record_verdict(finding.id, Verdict.REJECT if number == 0 else Verdict.CONFIRM, "质检一")
    (rule,) = as_json(capsys, "rules", "2026-03")["rules"]
    assert rule["reviewed_flagged"] == findings.count()
    assert 0.5 < rule["precision"]["value"] < 1


def test_rules_when_call_was_not_picked_then_its_review_is_left_out(month: list[str], capsys) -> None:
    other = models.DrawnCall.objects.filter(picked=False).values_list("recording_id", flat=True)[0]
    record_reviews([Review(other, "质检二", FIRST, 50.0, deductions={"LANG.03": 10.0})])
    document = as_json(capsys, "rules", "2026-03")
    assert (document["reviewed"], document["reviews_left_out"]) == (240, 1)


def test_items_when_reviewed_then_shares_and_what_they_do(month: list[str], capsys) -> None:
    document = as_json(capsys, "items", "2026-03")
    items = {one["item"]: one for one in document["items"]}
    assert sum(one["of_points"] for one in items.values()) == pytest.approx(1)
    assert sum(one["of_variance"] for one in items.values()) == pytest.approx(1)
    assert (items["LOUD.01"]["fails"], items["LOUD.01"]["proposal"]) == (0, None), "240 zeros do not prove it"
    assert document["proposal"] is None


def test_items_when_weights_are_tried_then_back_test_on_all_calls(month: list[str], capsys) -> None:
    asked = ("items", "2026-03", "--weight", "LANG.03=2", "--line", "99")
    proposal = as_json(capsys, *asked)["proposal"]
    assert (proposal["calls"], proposal["mean_before"], proposal["mean_after"]) == (600, 99.0, 98.0)
    assert as_json(capsys, *asked)["proposal"]["version"] == proposal["version"]
    assert {agent["agent_id"] for agent in proposal["crossing"]} == {
        agent["agent_id"] for agent in proposal["agents"] if agent["before"] >= 99 > agent["after"]
    }
    assert run(["health", *asked]) == 0
    assert "LANG.03 ×2" in capsys.readouterr().out


def test_scope_when_one_agent_is_bad_then_individual_with_funnel(month: list[str], capsys) -> None:
    document = as_json(capsys, "scope", "2026-03", "--months", "1")
    errors = {one["item"]: one for one in document["errors"]}
    assert errors["SIL.01"]["scope"] == "individual"
    assert [unit["name"] for unit in errors["SIL.01"]["agents"]] == ["A5"]
    assert len(errors["SIL.01"]["funnel"]["points"]) == 6
    assert "LOUD.01" not in errors, "an error that nobody made has no scope"
    assert run(["health", "scope", "2026-03", "--target-of", "SIL.01=0.2"]) == 0
    assert "A5" in capsys.readouterr().out


def test_scope_when_counted_by_machine_then_every_call_counts_and_it_is_said(month: list[str], capsys) -> None:
    asked = ("scope", "2026-03", "--by", "machine", "--months", "1")
    (error,) = as_json(capsys, *asked)["errors"]
    assert (error["item"], error["rate"]) == ("LANG.03", pytest.approx(0.1))
    assert run(["health", *asked]) == 0
    assert "not corrected" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["rules", "2026-03"], "no call of 2026-03 was drawn from", id="empty month"),
        pytest.param(["items", "2026-03"], "no call of 2026-03 was drawn from", id="items of empty month"),
        pytest.param(["scope", "2026-03"], "2026-01 2026-02 2026-03 was drawn from", id="scope of empty months"),
        pytest.param(["items", "2026-03", "--weight", "LANG.03"], "--weight is 'LANG.03'", id="weight"),
        pytest.param(["rules", "3"], "the month is '3'", id="month"),
    ],
)
def test_wrong_use_then_exit_2_and_explained(arguments: list[str], says: str, db: None, capsys) -> None:
    assert run(["health", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_health_when_nothing_was_reviewed_then_explained(month: list[str], capsys) -> None:
    models.Review.objects.all().delete()
    rules = as_json(capsys, "rules", "2026-03")["rules"]
    assert [one["precision"]["reason"] for one in rules] == ["no call with a hit was reviewed"]
    for command in ("items", "scope"):
        assert run(["health", command, "2026-03"]) == 2
        assert "says which items took points" in capsys.readouterr().err

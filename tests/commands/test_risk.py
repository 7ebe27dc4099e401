from __future__ import annotations

import json

import pytest

from store import models
from tests.store.centre import store_centre
from tingjian.cli import run

pytestmark = pytest.mark.django_db

COLUMNS = {"category": "", "role": "agent", "start_s": 1.0, "end_s": 2.0, "quote": "", "match": "exact"}


def centre() -> None:
    """Two months; the machine's points say little, but one rule, worth three points, hits whatever people find bad."""
    store_centre(("2026-02", "2026-03"), agents=6, calls=100, reviews=60, assess=True)
    bad = list(models.Review.objects.filter(score__lt=90).values_list("recording_id", flat=True))
    hit = models.Assessment.objects.filter(recording__in=bad)
    models.Finding.objects.bulk_create(
        models.Finding(assessment=one, rule="LANG.03", severity="deduct", points=3.0, message="", **COLUMNS)
        for one in hit
    )
    models.DrawnCall.objects.update(machine_score=97.0)
    models.Assessment.objects.update(score=97.0)


def test_risk_when_a_rule_tells_then_learned_and_tested_on_the_next_month(capsys: pytest.CaptureFixture[str]) -> None:
    centre()
    assert run(["health", "risk", "2026-03", "--months", "1", "--line", "90", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["learned_from"] == ["2026-02"]
    assert (found["model"]["reviews"], found["model"]["because"]) == (360, None)
    assert not any("A0" in name or "组" in name for name in found["model"]["names"]), "never whose call it is"
    assert found["report"]["reviews"] == 360
    assert found["report"]["area"] > 0.95
    assert found["report"]["area_by_points"] == pytest.approx(0.5)
    assert run(["health", "risk", "2026-03", "--months", "1", "--line", "90"]) == 0
    shown = capsys.readouterr().out
    assert "rule LANG.03 +" in shown
    assert "Do its chances come true?" in shown


def test_risk_when_reviews_are_few_then_points_rank_and_when_month_is_empty_then_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["health", "risk", "2026-03"]) == 2
    assert "no random call of 2026-03" in capsys.readouterr().err
    store_centre(("2026-03",), agents=3, calls=40, reviews=5, assess=True)
    assert run(["health", "risk", "2026-03"]) == 0
    assert "rule points rank: 0 reviews" in capsys.readouterr().out

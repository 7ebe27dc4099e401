from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from django.test import Client

from store import models, month_reports
from tests.commands.test_health import month as month
from tests.commands.test_health import seed_file as seed_file
from tests.review.people import person
from tests.store.centre import store_centre
from tingjian.cli import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Any:
    user = person("boss", "supervisor")
    client.force_login(user)
    return user


def test_teams_are_shown_with_interval_and_method_and_the_truth_lies_inside(
    client: Client, boss: Any, capsys: Any
) -> None:
    truth = store_centre(reviews=30)
    assert run(["estimate", "agents", "--month", "2026-02"]) == 0
    assert run(["estimate", "agents", "--month", "2026-03", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out.split("\n{", 1)[-1].join(("{", "")))["teams"]
    scores = {one["team"]: one for one in next(one for one in told if one["quantity"] == "score")["estimates"]}
    for number, team in enumerate(("一组", "二组")):
        mean = float(np.mean(truth["2026-03"][6 * number : 6 * number + 6]))
        interval = scores[team]["interval"]
        assert interval["low"] <= mean <= interval["high"]
        assert (scores[team]["calls"], scores[team]["reviews"]) == (900, 180)
    page = client.get("/teams").content.decode()
    assert "回归估计" in page
    assert f"{scores['一组']['interval']['value']:.1f}".rstrip("0").rstrip(".") in page
    page = client.get("/teams/一组").content.decode()
    assert '"months": ["2026-02", "2026-03"]' in page
    assert "A05" in page
    assert "A06" not in page
    assert client.get("/teams/三组").status_code == 404
    # What was computed last takes the place of what was before.
    assert run(["estimate", "agents", "--month", "2026-03"]) == 0
    assert models.MonthReport.objects.filter(month="2026-03", kind=month_reports.TEAM).count() == 2


def test_agent_who_stands_out_and_balance_of_the_sample_are_on_the_page(
    client: Client, boss: Any, month: list[str], capsys: Any
) -> None:
    assert "还没有检查" in client.get("/agents/A5").content.decode()
    assert run(["health", "scope", "2026-03", "--months", "1"]) == 0
    assert run(["queue", "balance", "2026-03", "--heard"]) == 0
    page = client.get("/agents/A5").content.decode()
    assert "本人突出" in page
    assert "SIL.01" in page
    assert "相称" in page
    page = client.get("/agents/A0").content.decode()
    assert "本人突出" not in page
    page = client.get("/teams").content.decode()
    assert "个别人" in page
    assert 'href="/agents/A5"' in page
    assert run(["health", "scope", "2026-03", "--months", "1", "--format", "json"]) == 0
    assert '"funnel"' in capsys.readouterr().out


def test_pages_ask_the_same_number_of_questions_however_many_rows(client: Client, boss: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from store import estimates
    from tests.review.people import queued
    from tests.review.test_result_pages import an_estimate

    counts: dict[str, list[int]] = {}
    for size in (2, 30):
        estimates.save_estimates(an_estimate(f"A{number}", "2026-03", 90.0) for number in range(size))
        month_reports.save("2026-03", month_reports.TEAM, {f"组{number}": {"score": {}} for number in range(size)})
        for number in range(3 if size == 2 else 9):
            if not models.Recording.objects.filter(call_id=f"c{number}").exists():
                queued(f"c{number}", agent_id="A1")
        for address in ("/agents", "/agents/A1", "/teams", "/teams/组1", "/queue", "/calls/id-c1"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
    assert {address: found for address, found in counts.items() if found[1] > found[0]} == {}
    assert all(found[1] <= 24 for found in counts.values()), counts

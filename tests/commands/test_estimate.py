from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from quality.types import Purpose, Review
from store import models
from store.agent_months import read_month
from store.draws import pick_by_hand
from store.reviews import record_reviews
from tests.store.centre import store_centre
from tests.store.months import FIRST
from tingjian.cli import run

pytestmark = pytest.mark.django_db


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["estimate", *arguments, "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert "Infinity" not in text
    return json.loads(text)


def scores(document: dict[str, Any], quantity: str = "score") -> dict[str, dict[str, Any]]:
    (found,) = [one for one in document["quantities"] if one["quantity"] == quantity]
    return {one["agent"]: one for one in found["estimates"]}


def test_agents_when_months_were_reviewed_then_estimates_with_interval_method_and_uses(capsys) -> None:
    truth = store_centre(reviews=45)["2026-03"]
    document = as_json(capsys, "agents", "--month", "2026-03")
    found = scores(document)
    assert len(found) == 12
    assert {one["method"] for one in found.values()} == {"greg"}
    assert all((one["calls"], one["reviews"]) == (150, 45) for one in found.values())
    hits = [
        abs(one["interval"]["value"] - true) <= one["interval"]["half_width"]
        for one, true in zip(found.values(), truth, strict=True)
    ]
    assert sum(hits) >= 10
    assert all(one["uses"] == ["pay", "ranking", "coaching"] for one in found.values())
    pool = document["quantities"][0]["pool"]
    assert (pool["reviews"], pool["ready"]) == (1080, True)
    assert 0.5 < pool["correlation"]["value"] < 1
    assert {one["quantity"] for one in document["quantities"]} == {"score", "pass_rate", "fatal_rate"}
    assert run(["estimate", "agents"]) == 0
    shown = capsys.readouterr().out
    assert "2026-03" in shown, "the newest month by default"
    assert "times fewer" in shown


def test_agents_when_first_month_then_simple_with_the_reason_and_not_for_ranking(capsys) -> None:
    store_centre(("2026-03",), reviews=4)
    found = scores(as_json(capsys, "agents"))
    assert {one["method"] for one in found.values()} == {"simple"}
    assert all("满 500 条" in one["reason"] for one in found.values())
    assert run(["estimate", "agents", "--month", "2026-03"]) == 0
    assert "all: 此前各月的概率抽样复核共 0 条" in capsys.readouterr().out


def test_agents_when_rolling_then_three_months_and_never_for_pay(capsys) -> None:
    store_centre(reviews=25)
    direct = scores(as_json(capsys, "agents"))
    found = scores(as_json(capsys, "agents", "--rolling", "--quantity", "score"))
    rolled = [one for one in found.values() if one["method"] == "greg_rolling"]
    assert len(rolled) >= 10
    assert all("pay" not in one["uses"] for one in rolled)
    assert all(one["reviews"] == 75 for one in rolled)
    narrower = [one["interval"]["half_width"] < direct[one["agent"]]["interval"]["half_width"] for one in rolled]
    assert np.mean(narrower) > 0.5


def test_agents_when_calls_are_certain_then_apart_and_hand_picks_never_count(capsys) -> None:
    store_centre(reviews=45, must=3)
    before = scores(as_json(capsys, "agents"))
    assert before["A00"]["certain"] == 3
    unpicked = models.DrawnCall.objects.filter(draw__month="2026-03", agent_id="A00", picked=False)
    chosen = list(unpicked.values_list("recording_id", flat=True)[:20])
    pick_by_hand(chosen, "主管")
    record_reviews([Review(one, "主管", FIRST, 0.0, fatal=True, blind=True) for one in chosen])
    document = as_json(capsys, "agents")
    assert scores(document)["A00"] == before["A00"]
    assert document["left_out"]["not_picked"] == 20
    assert run(["estimate", "agents", "--agent", "A00"]) == 0
    assert "20 reviewed calls were not picked" in capsys.readouterr().out


def test_agents_when_reviewer_saw_the_machines_score_then_only_the_blind_word_counts(capsys) -> None:
    store_centre(("2026-03",), reviews=10)
    (agent, *_) = read_month("2026-03").agents
    picked = models.DrawnCall.objects.filter(draw__month="2026-03", agent_id="A00", picked=True)
    ids = list(picked.values_list("recording_id", flat=True))
    later = FIRST + timedelta(days=300)
    # A correction after the machine's score was seen does not take the blind word's place.
    record_reviews([Review(one, "质检一", later, 1.0, blind=False) for one in ids])
    (again, *_) = read_month("2026-03").agents
    assert again.reviews.human.tolist() == agent.reviews.human.tolist()
    models.Review.objects.filter(blind=True, recording__in=ids[:4])._raw_delete("default")
    read = read_month("2026-03")
    assert (read.left_out.not_blind, read.agents[0].reviews.size) == (4, 6)
    assert "概率抽样的 10 通中有 4 通尚未复核" in scores(as_json(capsys, "agents"))["A00"]["remarks"]


def test_read_month_when_read_in_groups_then_every_call_once(capsys) -> None:
    store_centre(("2026-03",), agents=2, calls=50, reviews=5, must=2)
    for agent in read_month("2026-03").agents:
        assert agent.calls == 50
        assert agent.picked == 5
        assert agent.team in ("一组", "二组")
        rows = models.DrawnCall.objects.filter(agent_id=agent.agent)
        assert agent.count is not None
        total = float((agent.machine * agent.count).sum())
        assert total == pytest.approx(sum(rows.values_list("machine_score", flat=True)))
        assert int(agent.count[agent.probability >= 1].sum()) == 2


def test_read_month_when_other_purposes_or_no_score_then_left_out() -> None:
    store_centre(("2026-03",), agents=2, calls=50, reviews=5)
    picked = list(models.DrawnCall.objects.filter(picked=True, agent_id="A00").values_list("recording_id", flat=True))
    record_reviews([Review(picked[0], "质检九", FIRST, 3.0, blind=True, purpose=Purpose.DOUBLE)])
    models.Review.objects.filter(recording=picked[1])._raw_delete("default")
    record_reviews([Review(picked[1], "质检九", FIRST, None, blind=True)])
    read = read_month("2026-03")
    assert (read.agents[0].reviews.size, read.left_out.unscorable) == (4, 1)
    assert 3.0 not in read.agents[0].reviews.human


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["agents"], "no month was drawn from", id="nothing drawn"),
        pytest.param(["agents", "--month", "2026-03"], "no call of 2026-03 was drawn from", id="empty month"),
        pytest.param(["agents", "--month", "3"], "the month is '3'", id="month"),
    ],
)
def test_wrong_use_then_exit_2_and_explained(arguments: list[str], says: str, db: None, capsys) -> None:
    assert run(["estimate", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_agents_when_one_call_or_all_equal_or_only_certain_then_clear_outcome(capsys) -> None:
    store_centre(("2026-03",), agents=4, calls=20, reviews=5, must=1)
    # A00: one call in the month, reviewed. A01: everybody gives the same score. A02: only certain calls reviewed.
    lines = models.DrawnCall.objects
    keep = lines.filter(agent_id="A00", lane="probability", picked=True).values_list("id", flat=True)[0]
    gone = list(lines.filter(agent_id="A00").exclude(id=keep).values_list("recording_id", flat=True))
    models.Review.objects.filter(recording__in=gone)._raw_delete("default")
    lines.filter(recording__in=gone).delete()
    models.Review.objects.filter(recording__agent_id="A01").update(score=100.0, fatal=False)
    lines.filter(agent_id="A01").update(machine_score=100.0)
    lines.filter(agent_id="A02", lane="probability").update(lane="must", probability_e9=10**9, picked=True)
    lines.filter(agent_id="A03").update(machine_score=None)
    found = scores(as_json(capsys, "agents"))
    assert (found["A00"]["calls"], found["A00"]["reviews"]) == (1, 1)
    assert found["A00"]["interval"]["half_width"] > 0
    assert found["A01"]["interval"]["value"] == 100.0
    assert found["A01"]["interval"]["half_width"] > 0
    assert (found["A02"]["method"], found["A02"]["reviews"], found["A02"]["certain"]) == ("census", 0, 6)
    assert "20 通通话没有机器评分" in found["A03"]["remarks"]
    assert run(["estimate", "agents"]) == 0
    assert "nan" not in capsys.readouterr().out.lower()


def test_agents_when_probability_is_impossible_then_that_agent_has_a_reason_and_the_others_a_number(capsys) -> None:
    store_centre(("2026-03",), agents=4, calls=20, reviews=5)
    line = models.DrawnCall.objects.filter(agent_id="A02", picked=False)[0]
    line.probability_e9 = 0
    line.save()
    found = scores(as_json(capsys, "agents"))
    assert found["A02"]["interval"] is None
    assert "抽取概率为 0" in found["A02"]["reason"]
    assert found["A00"]["interval"] is not None


def test_compare_when_one_agent_is_far_below_then_found_and_only_then_acted_on(capsys) -> None:
    store_centre(reviews=40, agents=12)
    # A03 becomes 15 points worse in every month, in the people's and in the machine's eyes.
    for model, field in ((models.Review, "score"), (models.DrawnCall, "machine_score")):
        for row in model.objects.filter(**{f"{field}__isnull": False}):
            if row.recording.agent_id == "A03":
                model.objects.filter(pk=row.pk).update(**{field: max(0.0, getattr(row, field) - 15)})
    document = as_json(capsys, "compare", "--month", "2026-03")
    assert document["months"] == ["2026-01", "2026-02", "2026-03"]
    assert [team["team"] for team in document["teams"]] == ["一组", "二组"]
    acted = [gap["agent"] for team in document["teams"] for gap in team["agents"] if gap["act"]]
    assert "A03" in acted
    assert document["teams"][0]["agents"][0]["agent"] == "A03"
    assert run(["estimate", "compare", "--whole-centre", "--min-effect", "99"]) == 0
    shown = capsys.readouterr().out
    assert "below, less than 99 points" in shown
    assert "below, act" not in shown


def test_compare_when_team_is_small_or_month_is_missing_then_said(capsys) -> None:
    store_centre(("2026-03",), agents=6, calls=40, reviews=5)
    assert run(["estimate", "compare"]) == 2
    assert "no call of 2026-01 was drawn from" in capsys.readouterr().err
    assert run(["estimate", "compare", "--months", "1"]) == 2
    assert "--whole-centre" in capsys.readouterr().err
    models.Review.objects.filter(recording__agent_id="A05")._raw_delete("default")
    document = as_json(capsys, "compare", "--months", "1", "--whole-centre")
    assert document["teams"][0]["left_out"] == [{"agent": "A05", "reason": "no estimate for 2026-03"}]
    assert len(document["teams"][0]["agents"]) == 5


def test_rank_when_reviewed_then_chances_beside_each_rank(capsys) -> None:
    store_centre(reviews=40)
    document = as_json(capsys, "rank", "--shares", "25,50,25")
    agents = document["agents"]
    assert [one["rank"] for one in agents] == list(range(1, 13))
    assert [one["grade"] for one in agents] == [1] * 3 + [2] * 6 + [3] * 3
    assert sum(one["bottom_tenth"] for one in agents) == pytest.approx(1)
    assert "pay" not in document["uses"]
    assert agents[-1]["better_than_next"] is None
    assert run(["estimate", "rank"]) == 0
    shown = capsys.readouterr().out
    assert "never for pay" in shown
    assert "10/20/40/20/10 %" in shown


def test_rank_when_intervals_are_wide_or_shares_wrong_then_refused_with_the_reason(capsys) -> None:
    store_centre(("2026-03",), agents=12, calls=40, reviews=2)
    assert run(["estimate", "rank"]) == 2
    assert "at least 10" in capsys.readouterr().err
    assert run(["estimate", "rank", "--shares", "a,b"]) == 2
    assert "--shares is 'a,b'" in capsys.readouterr().err


def test_version_when_month_is_closed_and_late_calls_are_drawn_then_a_new_one(capsys) -> None:
    store_centre(("2026-03",), agents=3, calls=40, reviews=5)
    document = as_json(capsys, "agents")
    assert (document["version"], document["closed"]) == (1, False)
    assert run(["queue", "close", "2026-03"]) == 0
    capsys.readouterr()
    assert (as_json(capsys, "agents")["version"], as_json(capsys, "agents")["closed"]) == (1, True)
    late = models.DrawnCall.objects.filter(picked=False)[:9]
    supplement = models.Draw.objects.create(month_id="2026-03", stratum=1, drawn_at=FIRST)
    models.DrawnCall.objects.filter(pk__in=[line.pk for line in late]).update(draw=supplement)
    document = as_json(capsys, "agents")
    assert document["version"] == 2
    assert sum(one["calls"] for one in scores(document).values()) == 120
    assert run(["estimate", "agents"]) == 0
    assert "version 2, with late calls of 1 supplement, month closed" in capsys.readouterr().out


def test_team_when_it_changed_or_the_agent_left_early_then_the_newest_of_the_month() -> None:
    store_centre(("2026-03",), agents=3, calls=60, reviews=5)
    mine = models.Recording.objects.filter(agent_id="A00").order_by("started_at")
    models.Recording.objects.filter(pk=mine.last().pk).update(team="新组")
    models.Recording.objects.filter(pk=mine.first().pk).update(team="旧组")
    # A01's last call of the month came twenty days before everybody else's.
    for row in models.Recording.objects.exclude(agent_id="A01"):
        models.Recording.objects.filter(pk=row.pk).update(started_at=row.started_at + timedelta(days=20))
    assert {one.agent: one.team for one in read_month("2026-03").agents} == {
        "A00": "新组",
        "A01": "二组",
        "A02": "二组",
    }

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from quality.agent_month import Quantity
from quality.estimates import Estimate, Method, Use
from quality.greg import Interval
from store import estimates, ledger, models, nights
from tests.review.people import person, queued
from tests.review.test_calls import scoring_flags, send, submit, take

pytestmark = pytest.mark.django_db


def an_estimate(agent: str, month: str, value: float | None, quantity: Quantity = Quantity.SCORE) -> Estimate:
    interval = None if value is None else Interval(value, value - 4, value + 3, 3.5, 1.8, 20)
    method = None if value is None else Method.GREG
    reason = "评过的通话太少" if value is None else None
    return Estimate(agent, "客服一组", month, quantity, method, interval, 300, 12, 3, (Use.COACHING,), reason)


def some_estimates() -> None:
    rows = [
        an_estimate("A1", month, value) for month, value in (("2026-01", 88.0), ("2026-02", 91.5), ("2026-03", 86.0))
    ]
    rows += [an_estimate("A2", "2026-03", None), an_estimate("A3", "2026-03", 95.25)]
    rows.append(an_estimate("A1", "2026-03", 0.925, Quantity.PASS_RATE))
    estimates.save_estimates(rows)


@pytest.fixture
def boss(client: Client) -> Any:
    user = person("boss", "supervisor")
    client.force_login(user)
    return user


def test_agents_are_listed_by_estimate_and_interval(
    client: Client, boss: Any, django_assert_max_num_queries: Any
) -> None:
    some_estimates()
    with django_assert_max_num_queries(16):
        page = client.get("/agents").content.decode()
    for words in ("86", "82–89", "评过的通话太少", "92%"):
        assert words in page
    assert "没有" not in client.get("/agents?month=2026-01").content.decode().split("<table>")[1]
    assert "A1" not in client.get("/agents?team=nobody").content.decode()


def test_estimate_of_a_month_is_replaced_by_the_next_computation() -> None:
    some_estimates()
    estimates.save_estimates([an_estimate("A1", "2026-03", 90.0)])
    assert models.AgentEstimate.objects.get(agent_id="A1", month="2026-03", quantity="score").value == 90
    assert estimates.months() == ["2026-03", "2026-02", "2026-01"]


def test_agent_shows_trend_findings_and_reviewed_calls(client: Client, boss: Any) -> None:
    some_estimates()
    queued("c1")
    page = client.get("/agents/A1").content.decode()
    assert '"months": ["2026-01", "2026-02", "2026-03"]' in page
    assert "服务忌语：态度傲慢" in page
    assert client.get("/agents/nobody").status_code == 404


def test_mean_of_the_machines_scores_is_nowhere(client: Client, boss: Any) -> None:
    queued("c1")
    page = client.get("/agents/A1").content.decode()
    assert "还没有估计" in page
    assert f"{models.Assessment.objects.get().score:.0f}</span>" not in page


def test_night_shows_reasons_and_tries_again(client: Client, boss: Any) -> None:
    queued("c1")
    batch = models.Batch.objects.get()
    entry = models.LedgerEntry.objects.get()
    models.LedgerEntry.objects.filter(pk=entry.pk).update(
        state="quarantined", error_code="truncated", error_message="it holds 3.0 s of the 60.0 s", attempts=1
    )
    ledger.close_batch(str(batch.id), {"assessed": 0})
    assert "/r" in client.get("/nights").content.decode()
    page = client.get(f"/nights/{batch.id}").content.decode()
    assert "录音被截断" in page
    client.post(f"/nights/{batch.id}/retry")
    entry.refresh_from_db()
    assert (entry.state, entry.attempts) == ("new", 0)
    assert "全部完成" in client.get(f"/nights/{batch.id}").content.decode()


def test_night_keeps_what_it_had_done_when_a_later_one_takes_its_recordings(client: Client, boss: Any) -> None:
    queued("c1")
    entry = models.LedgerEntry.objects.get()
    models.LedgerEntry.objects.filter(pk=entry.pk).update(state="done")
    first = models.Batch.objects.get()
    ledger.close_batch(str(first.id), {"assessed": 1})
    models.Batch.objects.filter(pk=first.pk).update(started_at=timezone.now() - timedelta(hours=1))
    later = models.Batch.objects.get()
    later.pk = None
    later.id, later.started_at, later.done_at_end = uuid4(), timezone.now() - timedelta(minutes=10), None
    later.save()
    models.LedgerEntry.objects.filter(pk=entry.pk).update(batch=later)
    ledger.close_batch(str(later.id), {"assessed": 0, "already_done": 1})
    newest, oldest = nights.runs(2)
    assert (oldest.states, oldest.total, round(oldest.per_hour or 0, 1)) == ({"done": 1}, 1, 1.0)
    assert (newest.states, newest.per_hour) == ({"done": 1}, None)


def test_rules_are_shown_in_words_with_what_people_said(client: Client, boss: Any) -> None:
    take(client, queued("c1"))
    flag = next(one for one in scoring_flags("id-c1") if one.rule == "LANG.03")
    version = 0
    for one in scoring_flags("id-c1"):
        said = {"verdict": "reject", "reason": "context"} if one == flag else {"verdict": "confirm"}
        version = send(client, "id-c1", version, "verdict", finding=one.id, **said).json()["version"]
    submit(client, "id-c1", version)
    models.RuleNote.objects.create(
        rulebook="mobile_service", rule="LANG.03", text="含反问也算", person="boss", at=timezone.now()
    )
    page = client.get("/rules").content.decode()
    assert "移动客服质检规则" in page
    page = client.get("/rules/LANG.03").content.decode()
    for words in ("什么时候算", "含反问也算", "语境不符"):
        assert words in page
    assert client.get("/rules/NO.01").status_code == 404


def test_agent_reads_rules_without_their_health(client: Client) -> None:
    client.force_login(person("agent", "agent", agent_id="A1"))
    assert "成立的比例" not in client.get("/rules/LANG.03").content.decode()


def test_reasons_that_commands_kept_are_read_in_english(client: Client, boss: Any) -> None:
    some_estimates()
    why = "12 通必听或风险通话都还没有复核"
    estimates.save_estimates([Estimate("A9", "客服一组", "2026-03", Quantity.SCORE, None, None, 300, 0, 0, (), why)])
    assert why in client.get("/agents").content.decode()
    client.post("/language", {"language": "en"})
    page = client.get("/agents").content.decode()
    assert why not in page
    assert "none of the 12 calls" in page

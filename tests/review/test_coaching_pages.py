from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from store.models import Coaching, Finding
from tests.review.people import POLITE, RUDE, person, put_into_queue, rulebook
from tests.stored_calls import store_call

pytestmark = pytest.mark.django_db


def call(call_id: str, *lines: str, days_ago: float, agent_id: str = "A1") -> str:
    at = timezone.now() - timedelta(days=days_ago)
    store_call(rulebook(), call_id, *lines, started_at=at.isoformat(), agent_id=agent_id, agent_name="坐席甲", team="T")
    return f"id-{call_id}"


def rude_of(recording_id: str) -> int:
    return Finding.objects.filter(assessment__recording=recording_id, rule="LANG.03").values_list("id", flat=True)[0]


@pytest.fixture
def coach(client: Client) -> Client:
    client.force_login(person("peixun", "trainer"))
    return client


def form(*findings: int, **more: str) -> dict:
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    return {"agent": "A1", "finding": [str(one) for one in findings], "text": "先致歉，再说能办的。",
            "follow_up_on": day, **more}  # fmt: skip


def test_coach_picks_findings_agrees_and_sees_the_agreement(coach: Client) -> None:
    finding = rude_of(call("c1", *RUDE, days_ago=3))
    blind = call("c2", *RUDE, days_ago=2)
    put_into_queue(blind, "probability")
    assert "/coaching/new?agent=A1" in coach.get("/agents/A1").content.decode()
    page = coach.get("/coaching/new?agent=A1").content.decode()
    assert f'value="{finding}"' in page
    assert f'value="{rude_of(blind)}"' not in page
    made = coach.post("/coaching/new", form(finding), follow=True).content.decode()
    assert "先致歉，再说能办的。" in made
    assert "数据不足" in made
    assert "坐席甲" in coach.get("/coaching").content.decode()


@pytest.mark.parametrize(
    "wrong", [{"text": " "}, {"finding": []}, {"follow_up_on": "2020-01-01"}, {"follow_up_on": "soon"}, {"agent": "A2"}]
)
def test_agreement_that_lacks_something_is_not_saved(coach: Client, wrong: dict) -> None:
    finding = rude_of(call("c1", *RUDE, days_ago=3))
    response = coach.post("/coaching/new", {**form(finding), **wrong})
    assert response.status_code == 422
    assert "没有保存" in response.content.decode()
    assert not Coaching.objects.exists()


def test_next_month_shows_that_the_rate_fell_with_its_interval(coach: Client) -> None:
    for number in range(30):
        call(f"b{number}", *(RUDE if number < 15 else POLITE), days_ago=45 - number / 10)
        call(f"a{number}", *(RUDE if number < 1 else POLITE), days_ago=20 - number / 10)
    coach.post("/coaching/new", form(rude_of("id-b0")))
    Coaching.objects.update(agreed_at=timezone.now() - timedelta(days=30))
    page = coach.get(f"/coaching/{Coaching.objects.get().pk}").content.decode()
    assert "15/30" in page
    assert "1/30" in page
    assert "变少了" in page
    assert "-47%" in page


def test_agent_sees_own_agreements_and_nobody_elses(coach: Client) -> None:
    coach.post("/coaching/new", form(rude_of(call("c1", *RUDE, days_ago=3))))
    number = Coaching.objects.get().pk
    for agent_id, status in (("A1", 200), ("A2", 404), ("", 404)):
        client = Client()
        client.force_login(person(f"agent{agent_id}", "agent", agent_id=agent_id))
        assert client.get(f"/coaching/{number}").status_code == status
        assert ("先致歉" in client.get("/coaching?agent=A1").content.decode()) is (status == 200)
        assert client.post(f"/coaching/{number}/close", {"outcome": "x"}).status_code == 403


def test_agreement_is_closed_once_with_its_outcome(coach: Client) -> None:
    coach.post("/coaching/new", form(rude_of(call("c1", *RUDE, days_ago=3))))
    number = Coaching.objects.get().pk
    assert "没有保存" in coach.post(f"/coaching/{number}/close", {"outcome": ""}, follow=True).content.decode()
    coach.post(f"/coaching/{number}/close", {"outcome": "改了"})
    assert "已经结束" in coach.post(f"/coaching/{number}/close", {"outcome": "又改"}, follow=True).content.decode()
    row = Coaching.objects.get()
    assert (row.outcome, row.closed_by) == ("改了", "peixun")

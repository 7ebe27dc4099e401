from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from quality.verdicts import AppealOutcome
from store import models, verdicts
from store.rule_verdicts import RuleWords, words_on_rules
from tests.review.people import person, queued, rulebook
from tests.review.test_calls import scoring_flags, send, submit, take

pytestmark = pytest.mark.django_db

ADDED = {"rule": "LANG.05", "role": "agent", "start_s": 1.0, "end_s": 2.0, "quote": "不关我的事", "comment": "漏了"}


@pytest.fixture
def reviewed(client: Client) -> str:
    """A call of agent A1 with every flag confirmed and one violation added."""
    client.force_login(person("reviewer1", "reviewer"))
    take(client, queued("c1"))
    version = 0
    for flag in scoring_flags("id-c1"):
        version = send(client, "id-c1", version, "verdict", finding=flag.id, verdict="confirm").json()["version"]
    version = send(client, "id-c1", version, "add", **ADDED).json()["version"]
    assert submit(client, "id-c1", version).status_code == 200
    return "id-c1"


@pytest.fixture
def agent(client: Client, reviewed: str) -> Any:
    user = person("agent", "agent", agent_id="A1")
    client.force_login(user)
    return user


def appeal(client: Client, target: str, reason: str = "当时客户在骂人") -> None:
    assert client.post("/my/id-c1/appeal", {"target": target, "reason": reason}).status_code == 302


def test_agent_sees_own_reviewed_calls_alone(client: Client, agent: Any) -> None:
    queued("c2", agent_id="A2")
    page = client.get("/my").content.decode()
    assert "c1" in page
    assert "c2" not in page
    page = client.get("/my/id-c1").content.decode()
    flag = models.Finding.objects.filter(assessment__recording="id-c1", quote__contains="有完没完").first()
    assert flag.message in page
    assert client.get("/my/id-c2").status_code == 404
    assert client.get("/calls/id-c1").status_code == 403


def test_upheld_appeal_corrects_the_score_and_reaches_rule_and_rater(client: Client, agent: Any) -> None:
    flag = models.Finding.objects.get(rule="LANG.03", quote__contains="有完没完")
    before = models.Review.objects.get()
    appeal(client, f"finding-{flag.id}")
    filed = models.Appeal.objects.get()
    client.force_login(person("boss", "supervisor"))
    assert "当时客户在骂人" in client.get("/appeals").content.decode()
    client.post(f"/appeals/{filed.id}/decide", {"outcome": "upheld", "reason": "语境不符"})
    after = models.Review.objects.order_by("id").last()
    points = rulebook().by_id["LANG.03"].points
    assert (after.score, after.rater, after.source) == (before.score + points, "reviewer1", f"appeal {filed.id}")
    (decided,) = verdicts.decided_appeals()
    assert (decided.rule, decided.outcome, decided.reason) == ("LANG.03", AppealOutcome.UPHELD, "语境不符")
    times = timezone.now() - timedelta(days=900), timezone.now()
    assert verdicts.appealed_by_rater(*times) == {"reviewer1": (1, 1)}
    client.force_login(agent)
    page = client.get("/my/id-c1").content.decode()
    assert "语境不符" in page
    assert f">{after.score:.0f}<" in page


def test_added_violation_and_score_can_be_appealed_once_each(client: Client, agent: Any) -> None:
    added = models.AddedViolation.objects.get()
    for target in (f"added-{added.id}", ""):
        appeal(client, target)
        appeal(client, target)
    assert [(row.added_id, row.rule) for row in models.Appeal.objects.order_by("id")] == [
        (added.id, "LANG.05"),
        (None, ""),
    ]
    client.force_login(person("boss", "supervisor"))
    for row in models.Appeal.objects.all():
        client.post(f"/appeals/{row.id}/decide", {"outcome": "dismissed", "reason": "录音里说得很清楚"})
        client.post(f"/appeals/{row.id}/decide", {"outcome": "upheld", "reason": "改主意"})
    assert set(models.Appeal.objects.values_list("outcome", flat=True)) == {"dismissed"}
    assert models.Review.objects.count() == 1
    (decided,) = verdicts.decided_appeals()
    assert (decided.rule, decided.outcome, decided.added) == ("LANG.05", AppealOutcome.DISMISSED, True)


def decide(client: Client, number: int, **form: Any) -> str:
    return client.post(f"/appeals/{number}/decide", {"reason": "听过了", **form}, follow=True).content.decode()


def test_upheld_appeal_against_the_score_has_the_total_that_the_supervisor_enters(client: Client, agent: Any) -> None:
    before = models.Review.objects.get()
    appeal(client, "", reason="整体太严")
    filed = models.Appeal.objects.get()
    client.force_login(person("boss", "supervisor"))
    for wrong in ({}, {"score": "101"}, {"score": "x"}):
        assert "改判后的总分" in decide(client, filed.id, outcome="upheld", **wrong)
    page = decide(client, filed.id, outcome="upheld", score="88.5")
    assert "→ 88.5" in page
    after = models.Review.objects.latest("id")
    assert (after.score, after.rater, after.deductions) == (88.5, before.rater, before.deductions)
    times = timezone.now() - timedelta(days=900), timezone.now()
    assert verdicts.appealed_by_rater(*times) == {"reviewer1": (1, 1)}
    client.force_login(agent)
    page = client.get("/my/id-c1").content.decode()
    for words in (">88.5<", "主管改判", "→ 88.5", "听过了"):
        assert words in page
    assert verdicts.decided_appeals() == []


def test_points_of_a_later_appeal_are_added_to_the_total_that_was_entered(client: Client, agent: Any) -> None:
    flag = models.Finding.objects.get(rule="LANG.03", quote__contains="有完没完")
    appeal(client, "", reason="整体太严")
    appeal(client, f"finding-{flag.id}")
    score, finding = models.Appeal.objects.order_by("id")
    client.force_login(person("boss", "supervisor"))
    decide(client, score.id, outcome="upheld", score="60")
    decide(client, finding.id, outcome="upheld")
    points = rulebook().by_id["LANG.03"].points
    assert models.Review.objects.latest("id").score == 60 + points


def test_upheld_appeal_against_an_added_violation_is_a_case_for_new_rulebooks_and_nothing_missed(
    client: Client, agent: Any
) -> None:
    added = models.AddedViolation.objects.get()
    since = timezone.now() - timedelta(days=1)
    assert words_on_rules(since)["LANG.05"].missed == 1
    before = models.Review.objects.get().score
    appeal(client, f"added-{added.id}")
    client.force_login(person("boss", "supervisor"))
    decide(client, models.Appeal.objects.get().id, outcome="upheld")
    assert models.Review.objects.latest("id").score > before
    (case,) = verdicts.decided_appeals()
    assert (case.rule, case.start_s, case.added) == ("LANG.05", 1.0, True)
    assert words_on_rules(since).get("LANG.05", RuleWords()).missed == 0


@pytest.mark.parametrize("wrong", ["finding-999999", "added-7", "finding-x", "nonsense"])
def test_what_is_not_of_the_call_cannot_be_appealed(client: Client, agent: Any, wrong: str) -> None:
    assert client.post("/my/id-c1/appeal", {"target": wrong, "reason": "x"}).status_code == 404
    assert not models.Appeal.objects.exists()


def test_appeal_needs_a_reason_and_comes_in_time(client: Client, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    appeal(client, "", reason="  ")
    late = timezone.now() + timedelta(days=8)
    monkeypatch.setattr(timezone, "now", lambda: late)
    client.force_login(agent)
    appeal(client, "")
    assert not models.Appeal.objects.exists()
    assert "申诉期已过" in client.get("/my/id-c1").content.decode()

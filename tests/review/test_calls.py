from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from pipeline.rules.scoring import score
from review.desk import finding_from
from store import models, queue
from tests.review.people import POLITE, item_of, person, queued, rulebook

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(client: Client) -> Any:
    user = person("reviewer1", "reviewer")
    client.force_login(user)
    return user


def take(client: Client, recording_id: str) -> str:
    response = client.post(f"/calls/{recording_id}/take")
    assert response.url == f"/calls/{recording_id}"
    return client.get(f"/calls/{recording_id}").content.decode()


def send(client: Client, recording_id: str, version: int, kind: str, **payload: Any) -> Any:
    body = {"version": version, "kind": kind, "payload": payload}
    return client.post(f"/calls/{recording_id}/events", json.dumps(body), content_type="application/json")


def submit(client: Client, recording_id: str, version: int) -> Any:
    return client.post(
        f"/calls/{recording_id}/submit", json.dumps({"version": version}), content_type="application/json"
    )


def scoring_flags(recording_id: str) -> list[models.Finding]:
    rows = models.Finding.objects.filter(assessment__recording=recording_id).exclude(severity="warn")
    return list(rows.order_by("id"))


def test_page_shows_dialogue_flags_and_score(client: Client, reviewer: Any) -> None:
    page = take(client, queued("c1"))
    flags = scoring_flags("id-c1")
    assert flags
    for flag in flags:
        assert f'data-flag="{flag.id}"' in page
        assert flag.message.split("“")[0] in page
    assert "<mark" in page


def test_call_of_nobody_is_not_shown_to_a_reviewer(client: Client, reviewer: Any) -> None:
    queued("c1")
    assert client.get("/calls/id-c1").status_code == 404
    assert client.get("/calls/id-c1/audio").status_code == 404
    assert send(client, "id-c1", 0, "comment", at_s=1, text="x").status_code == 409


def test_total_follows_the_verdicts_by_the_pipelines_own_scoring(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    document = models.Assessment.objects.get().document
    flags = scoring_flags("id-c1")
    first = send(client, "id-c1", 0, "verdict", finding=flags[0].id, verdict="reject", reason="context").json()
    kept = [finding_from(item) for item in document["findings"]]
    kept = [one for one in kept if (one.rule, one.start_s) != (flags[0].rule, flags[0].start_s)]
    skipped = frozenset(item["rule"] for item in document["not_assessable"])
    assert first["total"] == round(score(kept, skipped, rulebook()).total or 0, 1)
    assert first["total"] > document["score"]["total"]
    undone = send(client, "id-c1", 1, "undo").json()
    assert (undone["total"], undone["version"]) == (round(document["score"]["total"], 1), 2)


def test_second_tab_does_not_overwrite_the_first(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    flag = scoring_flags("id-c1")[0].id
    assert send(client, "id-c1", 0, "verdict", finding=flag, verdict="confirm").status_code == 200
    answer = send(client, "id-c1", 0, "verdict", finding=flag, verdict="unsure")
    assert answer.status_code == 409
    assert answer.json()["version"] == 1
    assert [event.payload["verdict"] for event in models.SittingEvent.objects.all()] == ["confirm"]


def test_leaving_and_coming_back_loses_nothing(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    send(client, "id-c1", 0, "verdict", finding=scoring_flags("id-c1")[0].id, verdict="confirm")
    send(client, "id-c1", 1, "comment", at_s=2.5, text="客户很生气")
    page = client.get("/calls/id-c1").content.decode()
    assert 'data-verdict="confirm" aria-pressed="true"' in page
    assert "客户很生气" in page


def test_submission_needs_a_word_on_every_flag_that_changes_the_score(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    answer = submit(client, "id-c1", 0)
    assert (answer.status_code, answer.json()["undecided"]) == (422, len(scoring_flags("id-c1")))
    assert not models.Review.objects.exists()


def test_submission_stores_review_verdicts_and_what_was_added(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    queued("c2", *POLITE)
    flags = scoring_flags("id-c1")
    version = 0
    for flag in flags:
        verdict = {"verdict": "reject", "reason": "misheard"} if flag is flags[0] else {"verdict": "confirm"}
        version = send(client, "id-c1", version, "verdict", finding=flag.id, **verdict).json()["version"]
    added = {"rule": "LANG.05", "role": "agent", "start_s": 1.0, "end_s": 2.0, "quote": "不关我的事", "comment": "漏了"}
    version = send(client, "id-c1", version, "add", **added).json()["version"]
    answer = send(client, "id-c1", version, "correct", line=2, text="您有完没完")
    total = answer.json()["total"]
    done = submit(client, "id-c1", answer.json()["version"]).json()
    assert done["next"] == "/calls/id-c2"
    review = models.Review.objects.get()
    assert (review.rater, review.score, review.blind, review.source) == ("reviewer1", total, False, "page")
    assert review.deductions["LANG.05"] == rulebook().by_id["LANG.05"].points
    verdicts = {row.finding_id: (row.verdict, row.comment) for row in models.FindingVerdict.objects.all()}
    assert verdicts == {flag.id: ("confirm", "") for flag in flags} | {flags[0].id: ("reject", "misheard")}
    assert models.AddedViolation.objects.get().comment == "漏了"
    correction = models.LineCorrection.objects.get()
    assert (correction.heard, correction.corrected) == (
        models.Assessment.objects.get(recording="id-c1").document["transcript"]["utterances"][2]["text"],
        "您有完没完",
    )
    assert item_of("id-c1").done_by == reviewer
    assert submit(client, "id-c1", answer.json()["version"]).status_code == 409


def test_machines_row_and_the_events_are_never_changed(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    before = list(models.Finding.objects.order_by("id").values())
    send(client, "id-c1", 0, "verdict", finding=before[0]["id"], verdict="reject", reason="rule")
    assert list(models.Finding.objects.order_by("id").values()) == before
    event = models.SittingEvent.objects.get()
    assert (event.person, event.address) == ("reviewer1", "127.0.0.1")
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_rule_that_the_machine_could_not_judge_counts_when_a_person_adds_it(client: Client, reviewer: Any) -> None:
    take(client, queued("c1", *POLITE))
    total = send(
        client, "id-c1", 0, "add", rule="LANG.06", role="agent", start_s=1.0, end_s=2.0, quote="", comment="骂人"
    ).json()["total"]
    assert total == 0


def test_hostile_words_come_out_as_text(client: Client, reviewer: Any) -> None:
    take(client, queued("c1"))
    answer = send(client, "id-c1", 0, "comment", at_s=1.0, text='<img src=x onerror="alert(1)">').json()
    assert "<img" not in answer["flags"]
    assert "&lt;img" in answer["flags"]


# ---- Blind lane --------------------------------------------------------------------------------------------------


def test_blind_call_carries_nothing_of_the_machine_until_submission(client: Client, reviewer: Any) -> None:
    page = take(client, queued("c1", lane="probability"))
    document = models.Assessment.objects.get().document
    for finding in document["findings"]:
        assert finding["message"] not in page
        assert f'data-flag="{models.Finding.objects.filter(rule=finding["rule"]).first().id}"' not in page
    data = json.loads(page.split('<script id="call-data" type="application/json">')[1].split("</script>")[0])
    assert (data["flags_data"], data["hidden"], data["total"]) == ([], True, 100.0)
    assert "<mark" not in page
    assert "机器 " not in page.split('id="sheet"')[1]
    flag = scoring_flags("id-c1")[0].id
    assert send(client, "id-c1", 0, "verdict", finding=flag, verdict="confirm").status_code == 422


def test_blind_call_is_compared_with_the_machine_after_submission(client: Client, reviewer: Any) -> None:
    take(client, queued("c1", lane="probability"))
    rude = next(flag for flag in scoring_flags("id-c1") if flag.rule == "LANG.03")
    body = {
        "rule": "LANG.03",
        "role": "agent",
        "start_s": rude.start_s,
        "end_s": rude.end_s,
        "quote": "",
        "comment": "",
    }
    version = send(client, "id-c1", 0, "add", **body).json()["version"]
    assert submit(client, "id-c1", version).json()["next"] == "/calls/id-c1"
    page = client.get("/calls/id-c1").content.decode()
    assert "与机器对照" in page
    review = models.Review.objects.get()
    assert (review.blind, review.score) == (True, 90.0)
    reveal = models.Reveal.objects.get()
    assert (reveal.person, reveal.before_review) == ("reviewer1", False)


def test_early_reveal_is_on_record_and_ends_the_blindness(client: Client) -> None:
    user = person("boss", "supervisor")
    client.force_login(user)
    take(client, queued("c1", lane="probability"))
    message = models.Finding.objects.order_by("id").first().message
    queue.release(item_of("id-c1").id, user)
    assert message not in client.get("/calls/id-c1").content.decode()
    assert client.post("/calls/id-c1/reveal", {"reason": ""}).status_code == 302
    assert not models.Reveal.objects.exists()
    client.post("/calls/id-c1/reveal", {"reason": "客户投诉到上级"})
    assert message in client.get("/calls/id-c1").content.decode()
    assert models.Reveal.objects.get().reason == "客户投诉到上级"
    take(client, "id-c1")
    assert models.Sitting.objects.get().blind is False


def test_reviewer_cannot_reveal(client: Client, reviewer: Any) -> None:
    take(client, queued("c1", lane="probability"))
    assert client.post("/calls/id-c1/reveal", {"reason": "x"}).status_code == 403

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from review.calibration import compare
from store import models
from store.calibration import Rating
from tests.review.people import POLITE, person, queued, rulebook

pytestmark = pytest.mark.django_db


def rating(call: str, rater: str, score: float, **deductions: float) -> Rating:
    return Rating(call, rater, score, False, {rule.replace("_", "."): points for rule, points in deductions.items()})


def test_raters_are_held_against_the_standard_call_by_call_and_item_by_item() -> None:
    ratings = [
        rating("a", "甲", 90, LANG_03=10),
        rating("a", "乙", 100, LANG_03=0),
        rating("b", "甲", 80, CLOSE_01=5),
        rating("b", "乙", 81, CLOSE_01=5),
    ]
    found = compare(ratings, {"a": (90, {"LANG.03": 10}), "b": (80, {})}, tolerance=5)
    first, second = sorted(found.raters, key=lambda one: one.bias)
    assert (first.rater, first.bias, first.result.share.hits) == ("甲", 0, 2)
    assert (second.rater, second.bias, second.result.share.hits) == ("乙", 5.5, 1)
    assert [(one.rule, one.deducted_by, one.spared_by, one.standard) for one in found.items] == [
        ("LANG.03", ("甲",), ("乙",), True),
        ("CLOSE.01", ("乙", "甲"), (), False),
    ]
    assert found.icc is not None
    assert found.alpha is not None


def test_one_call_is_too_little_for_agreement() -> None:
    found = compare([rating("a", "甲", 90), rating("a", "乙", 80)], {}, tolerance=5)
    assert (found.icc, found.alpha, found.raters) == (None, None, ())


@pytest.fixture
def session(client: Client) -> tuple[int, dict[str, Any]]:
    people = {name: person(name, "reviewer") for name in ("jia", "yi")}
    people["boss"] = person("boss", "supervisor")
    queued("c1")
    queued("c2", *POLITE)
    client.force_login(people["boss"])
    raters = [people["jia"].pk, people["yi"].pk]
    given = {"name": "三月第一场", "calls": "c1 c2", "raters": raters, "tolerance": "5"}
    url = client.post("/calibration/new", given).url
    return int(url.rsplit("/", 1)[1]), people


def score(client: Client, session_id: int, recording_id: str, *rules: str) -> None:
    page = client.get(f"/calls/{recording_id}?session={session_id}").content.decode()
    data = json.loads(page.split('<script id="call-data" type="application/json">')[1].split("</script>")[0])
    assert (data["judging"], data["hidden"], data["flags_data"]) == (True, True, [])
    for number, rule in enumerate(rules):
        payload = {"rule": rule, "role": "agent", "start_s": 1.0, "end_s": 2.0}
        body = {"version": number, "kind": "add", "payload": payload}
        answer = client.post(data["urls"]["events"], json.dumps(body), content_type="application/json")
        assert answer.status_code == 200
    body = {"version": len(rules)}
    done = client.post(data["urls"]["submit"], json.dumps(body), content_type="application/json")
    assert done.json()["next"] == f"/calibration/{session_id}"


def test_session_goes_from_blind_scores_to_standard_and_note(
    client: Client, session: tuple[int, dict[str, Any]]
) -> None:
    session_id, people = session
    client.force_login(people["jia"])
    score(client, session_id, "id-c1", "LANG.03")
    score(client, session_id, "id-c2")
    # The others have not spoken yet: nothing of theirs, and nothing of the machine's, is shown.
    assert "Krippendorff" not in client.get(f"/calibration/{session_id}").content.decode()
    message = models.Finding.objects.order_by("id").first().message
    assert message not in client.get(f"/calls/id-c1?session={session_id}").content.decode()
    client.force_login(people["yi"])
    score(client, session_id, "id-c1")
    score(client, session_id, "id-c2")
    client.force_login(people["boss"])
    call = models.CalibrationCall.objects.get(recording="id-c1")
    standard = {"score": "90", "rules": "LANG.03", "discussion": "语气重，应扣"}
    client.post(f"/calibration/{session_id}/calls/{call.pk}/standard", standard)
    client.post(f"/calibration/{session_id}/note", {"rule": "LANG.03", "text": "含反问也算"})
    client.post(f"/calibration/{session_id}/close")
    page = client.get(f"/calibration/{session_id}").content.decode()
    for words in ("Krippendorff", "语气重，应扣", "含反问也算", "(+10)"):
        assert words in page
    points = rulebook().by_id["LANG.03"].points
    purposes = models.Review.objects.order_by("id").values_list("purpose", "session", "rater", "score")
    assert list(purposes) == [
        ("calibration", "三月第一场", "jia", 100 - points),
        ("calibration", "三月第一场", "jia", 100),
        ("calibration", "三月第一场", "yi", 100),
        ("calibration", "三月第一场", "yi", 100),
        ("standard", "三月第一场", "boss", 90),
    ]
    # A calibration takes no call off the queue and counts for no agent.
    assert models.QueueItem.objects.filter(done_at__isnull=True).count() == 2
    client.force_login(people["jia"])
    assert "Krippendorff" in client.get(f"/calibration/{session_id}").content.decode()


def test_stranger_sees_and_scores_nothing_of_a_session(client: Client, session: tuple[int, dict[str, Any]]) -> None:
    session_id, _people = session
    client.force_login(person("other", "reviewer"))
    assert client.get(f"/calibration/{session_id}").status_code == 404
    assert client.get(f"/calls/id-c1?session={session_id}").status_code == 404
    assert client.post(f"/calibration/{session_id}/close").status_code == 403


def test_session_of_unknown_calls_is_refused(client: Client) -> None:
    boss = person("boss", "supervisor")
    client.force_login(boss)
    client.post("/calibration/new", {"name": "x", "calls": "nothing", "raters": [boss.pk], "tolerance": "5"})
    assert not models.CalibrationSession.objects.exists()
    assert "没有这些通话" in client.get("/calibration").content.decode()

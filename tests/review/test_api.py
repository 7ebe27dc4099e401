from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from quality.verdicts import Verdict
from store import models, queue, tokens, verdicts
from tests.review.people import person, queued
from tests.review.test_calls import scoring_flags, send, submit, take
from tests.review.test_result_pages import some_estimates

pytestmark = pytest.mark.django_db

ROLES = ("reviewer", "supervisor", "trainer", "administrator")
EVERYBODY = frozenset(ROLES)
SEEING = frozenset({"supervisor", "trainer"})

# address: (method, body, who may); the recording is one of the must lane
TABLE: dict[str, tuple[str, dict[str, Any] | None, frozenset[str]]] = {
    "/me": ("get", None, EVERYBODY),
    "/openapi.json": ("get", None, EVERYBODY),
    "/calls": ("get", None, SEEING),
    "/calls/id-c1": ("get", None, SEEING),
    "/findings": ("get", None, SEEING),
    "/reviews": ("get", None, SEEING),
    "/estimates": ("get", None, SEEING),
    "/queue": ("get", None, frozenset({"reviewer", "supervisor", "administrator"})),
    "/queue#post": ("post", {"call_id": "nobody", "reason": "x"}, frozenset({"supervisor", "administrator"})),
    "/verdicts": ("get", None, frozenset({"reviewer", "supervisor", "trainer"})),
    "/verdicts#post": ("post", {"finding_id": 0, "verdict": "confirm", "reviewer": "x"},
                       frozenset({"reviewer", "supervisor"})),
}  # fmt: skip


class Api:
    """A system with its token."""

    def __init__(self, role: str = "supervisor", name: str = "crm") -> None:
        self.token = tokens.create_token(name, role)[1]

    def get(self, address: str, **query: Any) -> Any:
        return Client().get(f"/api/v1{address}", query, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, address: str, body: Any) -> Any:
        return Client().post(
            f"/api/v1{address}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )


def test_each_role_is_answered_what_it_may_and_nothing_else() -> None:
    queued("c1")
    wrong = []
    for role in ROLES:
        api = Api(role, role)
        for name, (method, body, allowed) in TABLE.items():
            address = name.split("#")[0]
            status = (api.post(address, body) if method == "post" else api.get(address)).status_code
            if (status == 403) is (role in allowed):
                wrong.append(f"{role} {name}: {status}")
    assert wrong == []


def test_table_has_every_operation() -> None:
    described = Api().get("/openapi.json").json()["paths"]
    known = {(f"/api/v1{name.split('#')[0]}".replace("id-c1", "{recording_id}"), method) for name, (method, *_) in
             TABLE.items()}  # fmt: skip
    assert {(path, method) for path, methods in described.items() for method in methods} == known - {
        ("/api/v1/openapi.json", "get")
    }


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer tj_wrong", "Bearer {token}x", "Token {token}"])
def test_without_a_valid_token_nothing_is_answered(header: str) -> None:
    text = header.format(token=Api().token)
    for name, (method, body, _allowed) in TABLE.items():
        headers = {"Authorization": text} if text else {}
        address = f"/api/v1{name.split('#')[0]}"
        call = getattr(Client(), method)
        answer = call(address, json.dumps(body), content_type="application/json", headers=headers) if body else call(
            address, headers=headers
        )  # fmt: skip
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_login_of_the_pages_opens_no_api(client: Client) -> None:
    client.force_login(person("boss", "supervisor"))
    assert client.get("/api/v1/calls").status_code == 401


def test_revoked_and_ended_tokens_do_not_work_and_digests_alone_are_kept() -> None:
    api = Api()
    assert api.get("/me").json()["name"] == "crm"
    row = models.ApiToken.objects.get()
    assert row.last_used_at is not None
    assert api.token not in json.dumps(list(models.ApiToken.objects.values()), default=str)
    models.ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api.get("/me").status_code == 401
    models.ApiToken.objects.update(expires_at=None)
    assert tokens.revoke_token("crm")
    assert api.get("/me").status_code == 401
    assert not tokens.revoke_token("crm")


def test_calls_come_page_by_page_and_a_call_judged_anew_comes_again() -> None:
    for number in range(5):
        queued(f"c{number}", agent_id="A1" if number else "A2")
    api = Api()
    seen, after = [], ""
    for _ in range(3):
        answer = api.get("/calls", limit=2, after=after).json()
        seen += [item["call_id"] for item in answer["items"]]
        after = answer["next"]
    assert (seen, after) == (["c0", "c1", "c2", "c3", "c4"], "")
    last = models.Assessment.objects.latest("id")
    again = models.Assessment.objects.get(recording="id-c0")
    again.pk, again.stage_version, again.score = None, "newer", 12.5
    again.save(force_insert=True)
    (newer,) = api.get("/calls", after=last.pk).json()["items"]
    assert (newer["call_id"], newer["score"]) == ("c0", 12.5)
    assert len(api.get("/calls").json()["items"]) == 5
    assert [item["call_id"] for item in api.get("/calls", agent_id="A2").json()["items"]] == ["c0"]
    (one,) = api.get("/findings", agent_id="A1", rule="LANG.03", limit=1).json()["items"]
    assert one["call_id"] == "c1"


def test_number_of_queries_does_not_grow_with_the_page(django_assert_num_queries: Any) -> None:
    api = Api()
    for number in range(2):
        queued(f"c{number}")
    counts = {}
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    addresses = ("/calls", "/findings", "/queue", "/reviews", "/verdicts")
    for some in ("few", "many"):
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert api.get(address).status_code == 200
            counts[address, some] = len(queries)
        for number in range(2, 8):
            queued(f"c{number}") if some == "few" else None
    assert all(counts[address, "many"] <= counts[address, "few"] for address in addresses)


def test_blind_call_is_withheld_until_it_is_reviewed(client: Client) -> None:
    recording_id = queued("blind", lane="probability")
    queued("open")
    api = Api()
    blind, other = api.get("/calls").json()["items"]
    assert (blind["withheld"], blind["score"], blind["must_review"], blind["findings"]) == (True, None, None, None)
    number = models.Finding.objects.filter(assessment__recording="id-open").count()
    assert (other["withheld"], other["findings"]) == (False, number)
    detail = api.get(f"/calls/{recording_id}").json()
    assert (detail["finding_rows"], detail["measures"], detail["categories"]) == (None, None, None)
    assert {row["call_id"] for row in api.get("/findings").json()["items"]} == {"open"}
    for said in (True, False):
        assert all(row["call_id"] == "open" for row in api.get("/calls", must_review=said).json()["items"])
    finding = models.Finding.objects.filter(assessment__recording=recording_id).first()
    body = {"finding_id": finding.pk, "verdict": "confirm", "reviewer": "zhou"}
    assert api.post("/verdicts", body).json()["error"]["code"] == "conflict"
    client.force_login(person("reviewer1", "reviewer"))
    take(client, recording_id)
    assert submit(client, recording_id, 0).status_code == 200
    assert api.get("/calls").json()["items"][0]["findings"] == number
    detail = api.get(f"/calls/{recording_id}", transcript="true").json()
    assert len(detail["finding_rows"]) == number
    assert detail["transcript"][2]["text"].startswith("你有完没完")
    (review,) = detail["reviews"]
    assert (review["rater"], review["blind"]) == ("reviewer1", True)


def test_verdicts_are_added_once_beside_what_was_said() -> None:
    queued("c1")
    api = Api("reviewer", "training-system")
    finding = models.Finding.objects.filter(rule="LANG.03").first()
    verdicts.record_verdict(finding.pk, Verdict.CONFIRM, "zhou")
    body = {"finding_id": finding.pk, "verdict": "reject", "reviewer": "li", "comment": "context",
            "given_at": "2026-03-02T10:00:00+08:00"}  # fmt: skip
    first, second = api.post("/verdicts", body), api.post("/verdicts", body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    rows = api.get("/verdicts").json()["items"]
    assert [(row["reviewer"], row["verdict"], row["source"]) for row in rows] == [
        ("zhou", "confirm", ""),
        ("li", "reject", "api:training-system"),
    ]
    assert api.post("/verdicts", {**body, "finding_id": 999_999}).status_code == 404
    assert api.post("/verdicts", {**body, "given_at": "2026-03-02T10:00:00"}).status_code == 422
    answer = api.post("/verdicts", {**body, "verdict": "客户的话"})
    assert answer.status_code == 422
    assert "客户的话" not in answer.content.decode()
    assert answer.json()["error"]["fields"][0]["field"].endswith("verdict")


def test_call_is_put_into_the_queue_once_and_claimed_by_people() -> None:
    queued("c1")
    models.QueueItem.objects.all().delete()
    models.DrawnCall.objects.all().delete()
    api = Api("administrator")
    answer = api.post("/queue", {"call_id": "c1", "reason": "投诉"})
    assert (answer.status_code, answer.json()["lane"]) == (201, "hand")
    assert models.HandPick.objects.get().picked_by == "api:crm"
    assert api.post("/queue", {"call_id": "c1", "reason": "投诉"}).status_code == 409
    assert api.post("/queue", {"reason": "投诉"}).status_code == 422
    queue.claim_next(person("zhou", "reviewer"), timedelta(minutes=5))
    (item,) = api.get("/queue").json()["items"]
    assert item["in_hand_of"] == "zhou"
    assert api.get("/queue", state="done").json()["items"] == []


def test_estimates_have_interval_and_method() -> None:
    some_estimates()
    rows = Api().get("/estimates", month="2026-03", quantity="score").json()["items"]
    assert next((row["agent_id"], row["low"], row["high"], row["method"]) for row in rows) == ("A1", 82, 89, "greg")


@pytest.mark.parametrize("address", ["/calls?after=x", "/calls?limit=0", "/calls?limit=501", "/calls?since=yesterday"])
def test_wrong_questions_are_answered_in_json(address: str) -> None:
    answer = Api().get(address)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_unknown_addresses_are_answered_in_json() -> None:
    for address in ("/nothing", "/calls/nothing"):
        answer = Api(name=address).get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_administrator_makes_and_revokes_tokens_in_the_administration(client: Client) -> None:
    client.force_login(person("admin", "administrator"))
    page = client.post("/admin/store/apitoken/add/", {"name": "crm", "role": "trainer"}, follow=True)
    token = next(str(one) for one in page.context["messages"] if "tj_" in str(one)).split("：")[-1].split("（")[0]
    assert tokens.token_of(token) is not None
    row = models.ApiToken.objects.get()
    assert (row.created_by, row.role) == ("admin", "trainer")
    assert token not in client.get(f"/admin/store/apitoken/{row.pk}/change/").content.decode()
    client.post("/admin/store/apitoken/", {"action": "revoke", "_selected_action": [row.pk]})
    assert tokens.token_of(token) is None


def test_submitted_verdicts_of_the_page_reach_the_api(client: Client) -> None:
    client.force_login(person("reviewer1", "reviewer"))
    take(client, queued("c1"))
    version = 0
    for flag in scoring_flags("id-c1"):
        version = send(client, "id-c1", version, "verdict", finding=flag.id, verdict="confirm").json()["version"]
    submit(client, "id-c1", version)
    api = Api("trainer")
    assert {row["source"] for row in api.get("/verdicts").json()["items"]} == {"page"}
    (review,) = api.get("/reviews").json()["items"]
    assert review["score"] == models.Review.objects.get().score

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from flows.webhook_delivery import deliver, post
from quality.types import Purpose, Review
from store import ledger, models, webhooks
from store.reviews import record_reviews
from tests.review.people import person, queued
from tests.review.test_appeals import agent as agent
from tests.review.test_appeals import appeal
from tests.review.test_appeals import reviewed as reviewed
from tests.review.test_calls import submit, take

pytestmark = pytest.mark.django_db
SECRET = "between-us"


class Receiver:
    """A system of the centre on the loopback address, with the answers that it is to give."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.send_header("Location", outer.url)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    models.Webhook.objects.create(name="crm", url=found.url, secret=SECRET)
    yield found
    found.stop()


def end_a_night() -> str:
    queued("c1")
    batch_id = str(models.Batch.objects.get().id)
    ledger.close_batch(batch_id, {"assessed": 1, "found": 1, "set_aside": [{"path": "/r/13800000000.wav"}]})
    return batch_id


def make_due() -> None:
    models.WebhookMessage.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())


def test_end_of_a_night_is_told_signed_and_without_names_of_recordings(receiver: Receiver) -> None:
    batch_id = end_a_night()
    assert receiver.got == []
    assert deliver() == (1, 0)
    (headers, body), told = receiver.got[0], json.loads(receiver.got[0][1])
    assert (told["event"], told["data"]["batch_id"]) == ("night.finished", batch_id)
    assert told["data"]["counts"] == {"assessed": 1, "found": 1}
    assert b"13800000000" not in body
    at, given = (part.split("=")[1] for part in headers["X-Tingjian-Signature"].split(","))
    assert given == hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Tingjian-Delivery"] == told["id"]
    assert deliver() == (0, 0)


def test_night_that_stopped_is_told_as_such(receiver: Receiver) -> None:
    queued("c1")
    ledger.stop_batch(str(models.Batch.objects.get().id), "stopped: 3 of 4 recordings of /r/13800000000 failed")
    assert deliver() == (1, 0)
    told = json.loads(receiver.got[0][1])
    assert (told["event"], told["data"]["stopped"]) == ("night.finished", True)
    assert told["data"]["counts"]["found"] == 1
    assert b"13800000000" not in receiver.got[0][1]


def test_imported_reviews_are_told_once_and_without_their_file(receiver: Receiver) -> None:
    queued("c1")
    given = Review("id-c1", "lin", timezone.now(), 80.0)
    sitting = Review("id-c1", "lin", timezone.now(), 70.0, purpose=Purpose.CALIBRATION, session="march")
    for _again in range(2):
        record_reviews([given, sitting], "import 13800000000.csv")
    assert deliver() == (1, 0)
    told = json.loads(receiver.got[0][1])
    assert (told["event"], told["data"]["score"]) == ("verdict.final", 80.0)
    assert (told["data"]["call_id"], told["data"]["source"]) == ("c1", "import")


def test_verdict_is_told_when_it_is_final_and_again_after_an_appeal(
    client: Client, receiver: Receiver, agent: Any
) -> None:
    flag = models.Finding.objects.get(rule="LANG.03", quote__contains="有完没完")
    appeal(client, f"finding-{flag.id}")
    client.force_login(person("boss", "supervisor"))
    client.post(f"/appeals/{models.Appeal.objects.get().id}/decide", {"outcome": "upheld", "reason": "语境不符"})
    deliver()
    told = [json.loads(body) for _headers, body in receiver.got]
    first, second = models.Review.objects.order_by("id")
    assert [one["event"] for one in told] == ["verdict.final", "verdict.final"]
    assert [one["data"]["score"] for one in told] == [first.score, second.score]
    assert told[1]["data"]["source"].startswith("appeal")
    assert all("有完没完" not in body.decode() for _headers, body in receiver.got)


def test_what_does_not_arrive_is_tried_again_later_and_never_lost(receiver: Receiver) -> None:
    end_a_night()
    receiver.answers += [500, 302]
    for attempt, error in ((1, "answered 500"), (2, "answered 302")):
        before = timezone.now()
        assert deliver() == (0, 1)
        message = models.WebhookMessage.objects.get()
        assert (message.attempts, message.last_error) == (attempt, error)
        assert message.next_try_at >= before + webhooks.wait_after(attempt)
        assert deliver() == (0, 0)
        make_due()
    assert deliver() == (1, 0)
    assert models.WebhookMessage.objects.get().delivered_at is not None
    assert len({headers["X-Tingjian-Delivery"] for headers, _body in receiver.got}) == 1


def test_system_that_is_away_for_good_is_given_up_and_tried_again_on_request(client: Client) -> None:
    models.Webhook.objects.create(name="crm", url="http://127.0.0.1:9/", secret="")
    end_a_night()
    assert deliver() == (0, 1)
    assert "refused" in models.WebhookMessage.objects.get().last_error
    total = sum((webhooks.wait_after(attempt) for attempt in range(1, webhooks.MOST_ATTEMPTS)), timedelta())
    assert total > timedelta(days=3)
    for _ in range(webhooks.MOST_ATTEMPTS):
        make_due()
        deliver(lambda _message: "answered 503")
    message = models.WebhookMessage.objects.get()
    assert (message.attempts, message.next_try_at) == (webhooks.MOST_ATTEMPTS, None)
    client.force_login(person("admin", "administrator"))
    client.post("/admin/store/webhookmessage/", {"action": "again", "_selected_action": [str(message.pk)]})
    assert deliver(lambda _message: "") == (1, 0)


def test_message_in_work_is_not_sent_by_another_process(receiver: Receiver) -> None:
    end_a_night()
    (mine,) = webhooks.take_due()
    assert webhooks.take_due() == []
    make_due()  # who took it has died
    (again,) = webhooks.take_due()
    assert (again.id, again.attempts) == (mine.id, 2)
    assert post(again) == ""


def test_nobody_is_told_who_does_not_want_to_know(client: Client) -> None:
    models.Webhook.objects.create(name="off", url="http://127.0.0.1:9/", active=False)
    models.Webhook.objects.create(name="verdicts", url="http://127.0.0.1:9/", night_finished=False)
    end_a_night()
    assert not models.WebhookMessage.objects.exists()
    client.force_login(person("reviewer1", "reviewer"))
    recording_id = queued("c2", lane="probability")
    take(client, recording_id)
    assert submit(client, recording_id, 0).status_code == 200
    assert [row.webhook.name for row in models.WebhookMessage.objects.all()] == ["verdicts"]

from __future__ import annotations

import sqlite3
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from store import busy, models, queue
from tests.review.people import POLITE, item_of, person, queued

LEASE = timedelta(minutes=5)


@pytest.mark.django_db
def test_queue_is_filled_once_from_draw_and_hand_picks() -> None:
    queued("c1")
    assert queue.fill_queue() == 0
    item = item_of("id-c1")
    assert (item.lane, item.call_id, item.agent_id) == ("must", "c1", "A1")


@pytest.mark.django_db
def test_must_comes_first_then_the_sample() -> None:
    for name, lane in (("c1", "risk"), ("c2", "probability"), ("c3", "must")):
        queued(name, *POLITE, lane=lane)
    user = person("a", "reviewer")
    order = []
    while item := queue.claim_next(user, LEASE):
        order.append(item.call_id)
        queue.finish(item.recording_id, user)
    assert order == ["c3", "c2", "c1"]


@pytest.mark.django_db(transaction=True)
def test_claim_that_the_database_had_no_time_for_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    queued("c1", *POLITE)
    user = person("a", "reviewer")
    other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            other.execute("COMMIT")

    monkeypatch.setattr(busy, "sleep", wait)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    item = queue.claim_next(user, LEASE)
    other.close()
    connection.close()
    assert item is not None
    assert (item.call_id, len(waits)) == ("c1", 2)


@pytest.mark.django_db
def test_claimed_call_is_nobody_elses_until_its_lease_runs_out() -> None:
    queued("c1", *POLITE)
    first, second = person("a", "reviewer"), person("b", "reviewer")
    item = queue.claim_next(first, LEASE)
    assert item is not None
    assert queue.claim_next(first, LEASE) == item
    assert queue.claim_next(second, LEASE) is None
    assert not queue.claim(item.id, second, LEASE)
    models.QueueItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert queue.claim_next(second, LEASE) == item
    assert not queue.renew("id-c1", first, LEASE)
    assert not queue.finish("id-c1", first)


@pytest.mark.django_db
def test_call_handed_over_waits_for_that_person_alone() -> None:
    queued("c1", *POLITE)
    queued("c2", *POLITE)
    first, second = person("a", "reviewer"), person("b", "reviewer")
    item = queue.claim_next(first, LEASE)
    assert item is not None
    assert queue.hand_over(item.id, first, second)
    other = queue.claim_next(first, LEASE)
    assert other is not None
    assert other.id != item.id
    assert queue.claim_next(second, LEASE) == item


@pytest.mark.django_db(transaction=True)
def test_reviewers_at_the_same_moment_never_get_the_same_call() -> None:
    for number in range(24):
        queued(f"c{number}", *POLITE)
    users = [person(f"r{number}", "reviewer") for number in range(6)]
    taken: list[tuple[str, int]] = []
    start = threading.Barrier(len(users))

    def work(user: Any) -> None:
        start.wait()
        try:
            while item := queue.claim_next(user, LEASE):
                taken.append((user.username, item.id))
                queue.finish(item.recording_id, user)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item for _, item in taken) == sorted(models.QueueItem.objects.values_list("id", flat=True))


@pytest.mark.django_db
def test_queue_page_takes_as_many_queries_for_many_calls_as_for_few(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    user = person("boss", "supervisor")
    client.force_login(user)
    for number in range(12):
        queued(f"c{number}", *POLITE)
    with django_assert_max_num_queries(22) as few:
        client.get("/queue?lane=risk")
    with django_assert_max_num_queries(22) as many:
        page = client.get("/queue").content.decode()
    assert page.count("data-item=") == 12
    assert abs(len(many) - len(few)) <= 2


@pytest.mark.django_db
def test_queue_page_filters_counts_and_shows_progress(client: Client) -> None:
    user = person("a", "reviewer")
    models.ReviewerPlan.objects.create(reviewer="a", day=timezone.localdate(), calls=4)
    queued("c1", *POLITE, team="一组")
    queued("c2", *POLITE, lane="risk", team="二组")
    client.force_login(user)
    queue.claim(item_of("id-c1").id, user, LEASE)
    queue.finish("id-c1", user)
    page = client.get("/queue?team=二组").content.decode()
    assert "c2" in page
    assert "/ 4" in page
    rows = client.get("/queue?team=一组", headers={"HX-Request": "true", "HX-Target": "rows"}).content.decode()
    assert "没有符合筛选的通话" in rows
    assert "<html" not in rows


@pytest.mark.django_db
def test_reviewer_releases_only_what_is_in_hand(client: Client) -> None:
    owner, other = person("a", "reviewer"), person("b", "reviewer")
    queued("c1", *POLITE)
    item = item_of("id-c1")
    queue.claim(item.id, owner, LEASE)
    client.force_login(other)
    client.post(f"/queue/{item.id}/release")
    item.refresh_from_db()
    assert item.claimed_by == owner
    client.force_login(person("boss", "supervisor"))
    client.post(f"/queue/{item.id}/hand-over", {"to": "b"})
    item.refresh_from_db()
    assert (item.claimed_by, item.reserved_for) == (None, other)

"""Twenty reviewers claim at the same time, in processes of their own: does anybody get another's call?

``python -m benchmarks.claims`` works on a database of its own in a temporary folder, with ``--postgres``
on a PostgreSQL server of its own, or on the one of ``--database-url`` (which it fills with made-up recordings).
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from benchmarks.own_postgres import own_postgres

LEASE = timedelta(minutes=20)


def _setup(url: str) -> None:
    from config.django import setup_django
    from config.settings import load_settings

    setup_django(load_settings(database_url=url))


def _fill(items: int, reviewers: int) -> None:
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from store import models
    from store.database import migrate

    migrate()
    now = timezone.now()
    users = [get_user_model()(username=f"bench{number}", password="!") for number in range(reviewers)]
    get_user_model().objects.bulk_create(users)
    recordings = [
        models.Recording(id=f"bench{number:015d}", call_id=f"c{number}", path=f"/r/{number}", enrolled_at=now)
        for number in range(items)
    ]
    models.Recording.objects.bulk_create(recordings, batch_size=2000)
    models.QueueItem.objects.bulk_create(
        [
            models.QueueItem(recording=one, call_id=one.call_id, lane="must", priority=10, queued_at=now)
            for one in recordings
        ],
        batch_size=2000,
    )


def _review(url: str, name: str, results: multiprocessing.Queue[tuple[str, list[int], list[float], int]]) -> None:
    _setup(url)
    from django.contrib.auth import get_user_model
    from django.db import OperationalError

    from store import queue

    user = get_user_model().objects.get(username=name)
    taken: list[int] = []
    waits: list[float] = []
    busy = 0
    while True:
        began = time.perf_counter()
        try:
            item = queue.claim_next(user, LEASE)
        except OperationalError:
            # SQLite lets nobody queue fairly: whoever waits longer than its timeout is told so, and tries again.
            busy += 1
            continue
        waits.append(time.perf_counter() - began)
        if item is None:
            break
        taken.append(item.id)
        while not _finished(item.recording_id, user):
            busy += 1
    results.put((name, taken, waits, busy))


def _finished(recording_id: str, user: object) -> bool:
    from django.db import OperationalError

    from store import queue

    try:
        return queue.finish(recording_id, user)
    except OperationalError:
        return False


def main() -> None:
    """Claim everything and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_postgres() if options.postgres else nullcontext("") as address:
        url = address or options.database_url or f"sqlite:///{Path(folder) / 'claims.sqlite3'}"
        _setup(url)
        _fill(options.items, options.reviewers)
        from django.db import connections

        connections.close_all()
        context = multiprocessing.get_context("spawn")
        results: multiprocessing.Queue[tuple[str, list[int], list[float], int]] = context.Queue()
        workers = [
            context.Process(target=_review, args=(url, f"bench{number}", results))
            for number in range(options.reviewers)
        ]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        found = [results.get() for _ in workers]
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - began
    counts = Counter(item for _, taken, _, _ in found for item in taken)
    waits = sorted(wait for _, _, all_waits, _ in found for wait in all_waits)
    twice = sum(1 for count in counts.values() if count > 1)
    print(f"{len(counts)} of {options.items} calls claimed by {options.reviewers} reviewers in {seconds:.0f} s")
    print(f"claimed by two: {twice}; told that the database is busy: {sum(busy for *_, busy in found)} times")
    print(f"seconds for a claim: median {waits[len(waits) // 2]:.3f}, 95 % {waits[int(len(waits) * 0.95)]:.3f}")
    if twice or len(counts) != options.items:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

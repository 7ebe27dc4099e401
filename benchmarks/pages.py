"""Server time and number of queries of the review pages over a big centre, made up: queue, one call, agents.

``python -m benchmarks.pages`` makes 200,000 calls in SQLite in a temporary folder; with ``--calls 1000000
--database-url postgresql://…`` it fills that database. Every call has a whole assessment of a stored example.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

BEGAN = datetime.fromisoformat("2026-03-01T00:00:00+08:00")
AGENTS = 2000
FINDINGS = 5
QUEUED = 10_000
ROWS_AT_ONCE = 1000
LIMIT_MS = 150.0


def _fill(calls: int) -> None:
    from django.utils import timezone

    from benchmarks.page_example import example
    from store import models
    from store.estimates import save_estimates

    document, stored = example(FINDINGS)
    now = timezone.now()
    provenance = document["provenance"]
    batch = models.Batch.objects.create(
        source="/r", stage_version="s", host="h", boot_id="b", process_id=1, process_started="1",
        started_at=now, heartbeat_at=now, finished_at=now,
    )  # fmt: skip
    for first in range(0, calls, ROWS_AT_ONCE):
        numbers = range(first, min(calls, first + ROWS_AT_ONCE))
        recordings = [_recording(number, calls, now) for number in numbers]
        models.Recording.objects.bulk_create(recordings)
        models.LedgerEntry.objects.bulk_create(
            models.LedgerEntry(recording=one, stage_version="s", inputs_digest="i", batch=batch, state="done")
            for one in recordings
        )
        assessments = models.Assessment.objects.bulk_create(
            models.Assessment(
                recording=one, stage_version="s", inputs_digest="i", engine="e", model_digest="m",
                rulebook=provenance["rulebook"], rulebook_version=provenance["rulebook_version"],
                rulebook_sha256=provenance["rulebook_sha256"], code_version="0", score=document["score"]["total"],
                fatal=False, must_review=False, own_document=document, created_at=now,
            )
            for one in recordings
        )  # fmt: skip
        models.Finding.objects.bulk_create(
            models.Finding(
                assessment=row, agent_id=row.recording.agent_id,
                **{key: item[key] for key in ("rule", "category", "severity", "points", "role", "start_s", "end_s",
                                              "quote", "match", "confidence", "message")},
            )
            for row in assessments
            for item in document["findings"]
        )  # fmt: skip
        if first < QUEUED:
            models.QueueItem.objects.bulk_create(
                models.QueueItem(
                    recording=one, call_id=one.call_id, lane="must", reason="示例", priority=10, agent_id=one.agent_id,
                    team=one.team, business_type=one.business_type, duration_s=60.0, started_at=one.started_at,
                    queued_at=now,
                )
                for one in recordings
            )  # fmt: skip
    save_estimates(stored(f"A{number:04d}", f"组{number % 40}") for number in range(AGENTS))


def _recording(number: int, calls: int, now: Any) -> Any:
    from store import models

    started_at = BEGAN + timedelta(seconds=number * 30 * 86_400 / calls)
    return models.Recording(
        id=f"{number:020x}", call_id=f"c{number}", path=f"/r/{number}.wav", agent_id=f"A{number % AGENTS:04d}",
        agent_name=f"坐席{number % AGENTS}", team=f"组{number % AGENTS % 40}", business_type=f"业务{number % 12}",
        started_at=started_at, duration_s=60.0, channels=2, enrolled_at=now,
    )  # fmt: skip


def _measure(client: Any, addresses: list[str]) -> tuple[float, float, int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    queries = 0
    for address in addresses:
        with CaptureQueriesContext(connection) as seen:
            began = time.process_time() if connection.vendor == "sqlite" else time.perf_counter()
            response = client.get(address)
            ended = time.process_time() if connection.vendor == "sqlite" else time.perf_counter()
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}")
        times.append(1000 * (ended - began))
        queries = max(queries, len(seen))
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)], queries


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--visits", type=int, default=60)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        from config.django import setup_django
        from config.settings import load_settings

        url = options.database_url or f"sqlite:///{Path(folder) / 'pages.sqlite3'}"
        setup_django(load_settings(database_url=url))
        from django.conf import settings as django_settings
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.test import Client

        from store import models
        from store.database import migrate

        migrate()
        _fill(options.calls)
        django_settings.ALLOWED_HOSTS = ["*"]
        user = get_user_model().objects.create(username="bench", password="!")
        user.groups.set(Group.objects.filter(name="supervisor"))
        client = Client()
        client.force_login(user)
        calls = [f"/calls/{number * (options.calls // options.visits):020x}" for number in range(options.visits)]
        agents = [f"/agents/A{number * (AGENTS // options.visits):04d}" for number in range(options.visits)]
        pages = {
            "queue": [f"/queue?page={1 + number}" for number in range(options.visits)],
            "queue, a team": [f"/queue?team=组{number % 40}" for number in range(options.visits)],
            "one call": calls,
            "agents": [f"/agents?page={1 + number % 20}" for number in range(options.visits)],
            "one agent": agents,
        }
        findings = models.Finding.objects.count()
        print(f"{connection.vendor}: {options.calls} calls, {findings} findings, {AGENTS} agents")
        print("| page | median ms | 95 % ms | most queries |\n|---|---|---|---|")
        worst = 0.0
        for name, addresses in pages.items():
            client.get(addresses[0])
            median, high, queries = _measure(client, addresses)
            worst = max(worst, high)
            print(f"| {name} | {median:.0f} | {high:.0f} | {queries} |")
        connection.close()
    if worst > LIMIT_MS:
        raise SystemExit(f"95 % of a page took more than {LIMIT_MS:g} ms")


if __name__ == "__main__":
    main()

"""Server time and number of queries of the review pages over a big centre, made up: queue, one call, agents, API.

``python -m benchmarks.pages`` makes 200,000 calls in SQLite in a temporary folder; with ``--postgres`` it makes
1,000,000 in a PostgreSQL server of its own, with ``--database-url postgresql://…`` or ``sqlite:///…`` in that database,
which stays. ``--filled`` visits what such a run has left, without making it again. Every call has a whole assessment of
a stored example.

Two times are told: what the clock says, and the processor's time of the pages' process and of the database's, which
other work on the machine does not change.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.big_centre import AGENTS, TEAMS, fill
from benchmarks.own_postgres import own_postgres
from benchmarks.phrase_rulebooks import write_into

PAGE = "review-pages.md"
FINDINGS = 5
LIMIT_MS = 150.0
TICKS = os.sysconf("SC_CLK_TCK")


def _fill(calls: int) -> None:
    from django.utils import timezone

    from benchmarks.page_example import example
    from store import models, month_reports
    from store.estimates import save_estimates

    document, stored = example(FINDINGS)
    now = timezone.now()
    provenance = document["provenance"]
    batch = models.Batch.objects.create(
        source="/r", stage_version="s", host="h", boot_id="b", process_id=1, process_started="1",
        started_at=now, heartbeat_at=now, finished_at=now,
    )  # fmt: skip
    recording = models.Recording.objects.create(
        id="example", call_id="example", path="/r/example.wav", duration_s=60.0, channels=2, enrolled_at=now
    )
    models.LedgerEntry.objects.create(
        recording=recording, stage_version="s", inputs_digest="i", batch=batch, state="done"
    )
    assessment = models.Assessment.objects.create(
        recording=recording, stage_version="s", inputs_digest="i", engine="e", model_digest="m",
        rulebook=provenance["rulebook"], rulebook_version=provenance["rulebook_version"],
        rulebook_sha256=provenance["rulebook_sha256"], code_version="0", score=document["score"]["total"],
        fatal=False, must_review=False, own_document=document, created_at=now,
    )  # fmt: skip
    for item in document["findings"]:
        models.Finding.objects.create(
            assessment=assessment,
            **{key: item[key] for key in ("rule", "category", "severity", "points", "role", "start_s", "end_s",
                                          "quote", "match", "confidence", "message")},
        )  # fmt: skip
    models.QueueItem.objects.create(
        recording=recording, call_id="example", lane="must", reason="示例", priority=10, duration_s=60.0, queued_at=now
    )
    fill(calls, assessment)
    save_estimates(stored(f"A{number:04d}", f"组{number % TEAMS}") for number in range(AGENTS))
    _reports(month_reports)


def _reports(month_reports: Any) -> None:
    """What the commands after the night keep for the pages, of every agent and team."""
    interval = {"value": 85.0, "low": 83.0, "high": 87.0, "half_width": 2.0}
    estimate = {"interval": interval, "method": "greg", "calls": 25_000, "reviews": 500, "certain": 100, "reason": None}
    errors = [
        {"item": f"LANG.{number:02d}", "scope": "none", "rate": 0.05, "reviews": 30.0, "everybody": 0.04,
         "target": 0.05, "stands_out": number == 0, "low": 0.0, "high": 0.1}
        for number in range(12)
    ]  # fmt: skip
    checks = [
        {"dimension": name, "mean_smd": 0.2, "p_value": 0.4, "q_value": 0.6, "unusual": False} for name in "MITLA"
    ]
    teams = [f"组{number}" for number in range(TEAMS)]
    agents = [f"A{number:04d}" for number in range(AGENTS)]
    month, by = "2026-03", {"by": "reviews", "months": ["2026-03"]}
    month_reports.save(month, month_reports.TEAM, {team: {"score": estimate} for team in teams})
    month_reports.save(month, month_reports.TEAM_ERRORS, {team: {**by, "errors": errors} for team in teams})
    month_reports.save(month, month_reports.AGENT_ERRORS, {agent: {**by, "errors": errors} for agent in agents})
    balance = {"calls": 500, "sample": 30, "checks": checks, "margins": [], "reason": None}
    month_reports.save(month, month_reports.HEARD, dict.fromkeys(agents, balance))


class Clock:
    """What the clock says, and the processor's time of this process and of the database's."""

    def __init__(self) -> None:
        """Find the database's process."""
        from django.db import connection

        self.backend = 0
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = cursor.fetchone()[0]

    def read(self) -> tuple[float, float]:
        """Both, in milliseconds."""
        work = time.process_time()
        if self.backend:
            fields = Path(f"/proc/{self.backend}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
            work += (int(fields[11]) + int(fields[12])) / TICKS
        return 1000 * time.perf_counter(), 1000 * work


def _measure(client: Any, addresses: list[str], headers: dict[str, str]) -> tuple[list[float], list[float], int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    walls, works = [], []
    queries = 0
    for address in addresses:
        clock = Clock()
        with CaptureQueriesContext(connection) as seen:
            began = clock.read()
            response = client.get(address, headers=headers)
            ended = clock.read()
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}")
        walls.append(ended[0] - began[0])
        works.append(ended[1] - began[1])
        queries = max(queries, len(seen))
    return sorted(walls), sorted(works), queries


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("--visits", type=int, default=60)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--filled", action="store_true", help="the database of --database-url is filled already")
    parser.add_argument("--page", action="store_true", help=f"write the table into {PAGE} as well")
    options = parser.parse_args()
    if options.filled and not options.database_url:
        parser.error("--filled needs --database-url: only such a database stays")
    big = options.postgres or options.database_url.startswith("postgres")
    options.calls = options.calls or (1_000_000 if big else 200_000)
    with tempfile.TemporaryDirectory() as folder, own_postgres() if options.postgres else nullcontext("") as address:
        from config.django import setup_django
        from config.settings import load_settings

        url = address or options.database_url or f"sqlite:///{Path(folder) / 'pages.sqlite3'}"
        setup_django(load_settings(database_url=url))
        from django.conf import settings as django_settings
        from django.contrib.auth import get_user_model
        from django.contrib.auth.models import Group
        from django.db import connection
        from django.test import Client

        from store import models, tokens
        from store.database import migrate

        migrate()
        began = time.perf_counter()
        if not options.filled:
            _fill(options.calls)
        filled_s = time.perf_counter() - began
        django_settings.ALLOWED_HOSTS = ["*"]
        user, _ = get_user_model().objects.get_or_create(username="bench", defaults={"password": "!"})
        user.groups.set(Group.objects.filter(name="supervisor"))
        client = Client()
        client.force_login(user)
        token = {"Authorization": f"Bearer {tokens.create_token(f'bench {time.time()}', 'supervisor')[1]}"}
        visits, step = options.visits, options.calls // options.visits
        pages: dict[str, tuple[list[str], dict[str, str]]] = {
            "queue": ([f"/queue?page={1 + number}" for number in range(visits)], {}),
            "queue, a team": ([f"/queue?team=组{number % TEAMS}" for number in range(visits)], {}),
            "one call": ([f"/calls/{number * step:020x}" for number in range(visits)], {}),
            "agents": ([f"/agents?page={1 + number % 20}" for number in range(visits)], {}),
            "one agent": ([f"/agents/A{number * (AGENTS // visits):04d}" for number in range(visits)], {}),
            "teams": (["/teams"] * visits, {}),
            "one team": ([f"/teams/组{number % TEAMS}" for number in range(visits)], {}),
            "API: 100 calls": ([f"/api/v1/calls?after={1000 + number * step}" for number in range(visits)], token),
            "API: 100 findings of an agent": (
                [f"/api/v1/findings?agent_id=A{number * (AGENTS // visits):04d}" for number in range(visits)],
                token,
            ),
        }
        findings = models.Finding.objects.count()
        made = "made before" if options.filled else f"made in {filled_s:.0f} s"
        lines = [
            f"{connection.vendor}: {options.calls:,} calls, {findings:,} findings, {AGENTS:,} agents "
            f"({made}); {visits} visits to each page",
            "",
            "| page | CPU median ms | CPU 95 % ms | clock median ms | clock 95 % ms | most queries |",
            "|---|---|---|---|---|---|",
        ]
        print("\n".join(lines))
        worst = 0.0
        for name, (addresses, headers) in pages.items():
            client.get(addresses[0], headers=headers)
            walls, works, queries = _measure(client, addresses, headers)
            worst = max(worst, _at(works, 0.95))
            figures = (_at(works, 0.5), _at(works, 0.95), _at(walls, 0.5), _at(walls, 0.95))
            lines.append(f"| {name} | {' | '.join(f'{one:.0f}' for one in figures)} | {queries} |")
            print(lines[-1], flush=True)
        in_postgres = connection.vendor == "postgresql"
        connection.close()
    if options.page:
        write_into(PAGE, "make bench-pages-postgres" if in_postgres else "make bench-pages", lines)
    if worst > LIMIT_MS:
        raise SystemExit(f"95 % of a page took more than {LIMIT_MS:g} ms")


if __name__ == "__main__":
    main()

"""A month's estimates as a user runs them, reading from a database: seconds and memory.

    python -m benchmarks.stored_estimates --agents 100 --calls 9000

Fills a SQLite database of its own with two months of drawn calls and reviews, then does what ``tingjian estimate
agents`` does, without the printing. The statistics alone at full size: ``python -m benchmarks.estimates``.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

MONTHS = ("2026-02", "2026-03")
REVIEWS = 9


def fill(folder: str, agents: int, calls: int) -> None:
    """Store the months."""
    _open(folder)
    from django.db import connection, transaction

    from quality.types import Review
    from store import models
    from store.database import migrate
    from store.reviews import record_reviews

    migrate()
    random = np.random.default_rng(1)
    chance = round(REVIEWS / calls * 1e9)
    position = 0
    for month in MONTHS:
        first = datetime(int(month[:4]), int(month[5:]), 2, tzinfo=UTC)
        models.DrawMonth.objects.create(month=month, seed_id="s", model_version="m", size_model={}, opened_at=first)
        draw = models.Draw.objects.create(month_id=month, stratum=0, drawn_at=first)
        # The earlier month only teaches: few calls, more reviews.
        each = calls if month == MONTHS[-1] else 60
        heard = REVIEWS if month == MONTHS[-1] else max(REVIEWS, -(-600 // agents))
        reviews = []
        for agent in range(agents):
            scores = 100.0 - random.choice(np.array([0.0, 0, 0, 3, 5, 8, 15, 40]), each)
            picked = set(random.permutation(each)[:heard].tolist())
            recordings, lines = [], []
            for call in range(each):
                name = f"{month}-{agent:04d}-{call:05d}"
                begun = first + timedelta(seconds=call * 200)
                recordings.append(
                    models.Recording(
                        id=name,
                        call_id=name,
                        sha256=name,
                        path=name,
                        agent_id=f"A{agent:04d}",
                        started_at=begun,
                        duration_s=120.0,
                        enrolled_at=begun,
                    )
                )
                lines.append(
                    models.DrawnCall(
                        draw=draw,
                        recording_id=name,
                        agent_id=f"A{agent:04d}",
                        lane="probability",
                        probability_e9=chance,
                        size_e6=1_000_000,
                        position=position,
                        picked=call in picked,
                        machine_score=scores[call],
                        machine_fatal=False,
                        model_version="m",
                        seed_id="s",
                    )
                )
                position += 1
                if call in picked:
                    human = float(np.clip(scores[call] + random.normal(0, 6), 0, 100))
                    reviews.append(Review(name, "r", begun, human, blind=True))
            with transaction.atomic():
                models.Recording.objects.bulk_create(recordings, batch_size=2000)
                models.DrawnCall.objects.bulk_create(lines, batch_size=2000)
        record_reviews(reviews)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure(folder: str, agents: int, calls: int) -> None:
    """Read and estimate the last month, and print the cost."""
    _open(folder)
    from flows.agent_estimates import estimates_of_month
    from quality.agent_month import Quantity
    from quality.estimates import EstimateOptions

    began, processor = time.perf_counter(), time.process_time()
    found = estimates_of_month(MONTHS[-1], list(Quantity), EstimateOptions())
    seconds, wall = time.process_time() - processor, time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    made = sum(one.interval is not None for one in found.reports[0].estimates)
    number = agents * calls
    print(f"{made} agents estimated by {found.reports[0].estimates[0].method}, three quantities each")
    print(
        f"{agents} agents x {calls} calls from SQLite: {seconds:.1f} s processor time ({wall:.1f} s by the clock), "
        f"{1e6 * seconds / number:.1f} us a call, peak {peak / 1e9:.2f} GB"
    )


def _open(folder: str) -> None:
    from config.django import setup_django
    from config.settings import load_settings

    setup_django(load_settings(var_dir=Path(folder)))


def main() -> int:
    """Fill in a process of its own, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--calls", type=int, default=9000)
    parser.add_argument("--fill", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill, options.agents, options.calls)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        sizes = ("--agents", str(options.agents), "--calls", str(options.calls))
        subprocess.run([sys.executable, "-m", "benchmarks.stored_estimates", "--fill", folder, *sizes], check=True)
        measure(folder, options.agents, options.calls)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

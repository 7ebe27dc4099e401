"""A month's report as a user makes it: 300 agents, 60,000 calls a month, three months; seconds and memory.

    python -m benchmarks.report            # fills a SQLite database of its own, then the report with all its files
    python -m benchmarks.report --keep DIR # leaves database and files there

The flags are those of ``benchmarks.error_themes`` (twelve planted troubles, false flags mixed in). Each agent's calls
are drawn at equal probabilities, ten a month, and reviewed item by item by twenty raters; some are scored twice.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

MONTHS = ("2026-01", "2026-02", "2026-03")
PICKED = 10
RATERS = 20
POINTS = 5.0
DIRECTIONS = ("inbound", "inbound", "inbound", "outbound")
ZONE = ZoneInfo("Asia/Shanghai")


def fill(folder: str, agents: int, calls: int) -> None:
    """Store the months."""
    _open(folder)
    from django.db import connection

    from benchmarks.error_themes import BUSINESS_TYPES, TEAMS, make_month
    from flows.error_clusters import clusters_of_month
    from store.database import migrate

    migrate()
    for number, month in enumerate(MONTHS):
        made = make_month(2201 + number, agents=agents, teams=TEAMS, calls=calls)
        _month(month, number, made, BUSINESS_TYPES)
        clusters_of_month(month, target=0.01)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _month(month: str, number: int, made: Any, types: tuple[str, ...]) -> None:
    from django.db import transaction

    from store import models

    chance = np.random.default_rng(number)
    pick = random.Random(number)
    first = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=ZONE)
    flags: dict[str, list[Any]] = {}
    for stretch, theme in zip(made.stretches, made.themes, strict=True):
        flags.setdefault(stretch.call_id, []).append((stretch, theme))
    models.DrawMonth.objects.create(month=month, seed_id="s", model_version="m", size_model={}, opened_at=first)
    draw = models.Draw.objects.create(month_id=month, stratum=0, drawn_at=first)
    position = 0
    for agent, each in made.calls_of.items():
        rows: dict[str, list[Any]] = {
            name: [] for name in ("recordings", "drawn", "assessments", "findings", "measures")
        }
        said: list[Any] = []
        drawn = set(pick.sample(range(each), PICKED))
        for call in range(each):
            name = f"{month}-{agent}-{call:05d}"
            hour = int(np.clip(chance.normal(14, 3.5), 0, 23))
            began = first + timedelta(days=call % 28, hours=hour, minutes=int(chance.integers(60)))
            found = flags.get(f"{agent}-{call:05d}", [])
            score = max(0.0, 100.0 - POINTS * len(found))
            duration = float(np.clip(chance.lognormal(5.0, 0.7), 5, 3600))
            recording = models.Recording(
                id=name,
                call_id=name,
                sha256=name,
                path=name,
                agent_id=agent,
                agent_name=agent,
                team=made.team_of[agent],
                business_type=types[call % len(types)],
                direction=DIRECTIONS[call % 4],
                started_at=began,
                duration_s=duration,
                metadata={"answered_at_s": round(float(chance.gamma(2, 3)), 1), "hung_up_by": "customer"},
                enrolled_at=began,
            )
            assessment = models.Assessment(
                recording=recording,
                stage_version="s",
                inputs_digest="i",
                rulebook="mobile_service",
                rulebook_version="2.0",
                score=score,
                fatal=False,
                must_review=False,
                own_document={"measures": {}, "findings": []},
                created_at=began,
            )
            rows["recordings"].append(recording)
            rows["assessments"].append(assessment)
            rows["measures"].append((assessment, *_measures(chance)))
            rows["findings"] += [(assessment, stretch) for stretch, _ in found]
            rows["drawn"].append(
                models.DrawnCall(
                    draw=draw,
                    recording=recording,
                    agent_id=agent,
                    lane="probability",
                    probability_e9=round(PICKED / each * 1e9),
                    size_e6=1_000_000,
                    position=position,
                    picked=call in drawn,
                    machine_score=score,
                    machine_fatal=False,
                    stage_version="s",
                    model_version="m",
                    seed_id="s",
                )
            )
            position += 1
            if call in drawn:
                said.append((recording, found, began + timedelta(days=1)))
        with transaction.atomic():
            _store(rows)
            _reviews(said, pick)


def _measures(chance: np.random.Generator) -> tuple[float, float, float, float]:
    rate, greeting = float(chance.normal(240, 30)), float(chance.gamma(2, 0.6))
    return rate, greeting, float(chance.beta(2, 12)), float(chance.poisson(0.4))


def _store(rows: dict[str, list[Any]]) -> None:
    from store import models

    models.Recording.objects.bulk_create(rows["recordings"], batch_size=2000)
    models.Assessment.objects.bulk_create(rows["assessments"], batch_size=2000)
    models.DrawnCall.objects.bulk_create(rows["drawn"], batch_size=2000)
    models.CallMeasures.objects.bulk_create(
        (
            models.CallMeasures(
                assessment=one, speaking_rate=rate, greeting=greeting, silence=silence, interruptions=interruptions
            )
            for one, rate, greeting, silence, interruptions in rows["measures"]
        ),
        batch_size=2000,
    )
    models.Finding.objects.bulk_create(
        (
            models.Finding(
                assessment=one,
                agent_id=stretch.agent,
                rule=stretch.rule,
                category="language",
                severity="deduct",
                points=POINTS,
                role="agent",
                start_s=10.0,
                end_s=14.0,
                quote=stretch.text,
                match="exact",
                message="",
            )
            for one, stretch in rows["findings"]
        ),
        batch_size=2000,
    )


def _reviews(said: list[Any], pick: random.Random) -> None:
    """What raters say: planted troubles take points, false flags do not, and one in two hundred calls is fatal."""
    from benchmarks.error_themes import THEMES
    from quality.types import Purpose, Review
    from store import models
    from store.reviews import record_reviews

    items = sorted({rule for theme in THEMES for rule in theme.rules})
    reviews, verdicts = [], []
    for recording, found, at in said:
        rater = f"质检{pick.randrange(RATERS):02d}"
        right = {stretch.rule for stretch, theme in found if theme is not None}
        right |= {rule for rule in items if pick.random() < 0.004}
        deductions = {rule: POINTS if rule in right else 0.0 for rule in items}
        fatal = pick.random() < 0.005
        score = 0.0 if fatal else max(0.0, 100.0 - POINTS * len(right))
        reviews.append(Review(recording.id, rater, at, score, fatal, deductions, blind=True, listened_s=60.0))
        if pick.random() < 0.1:
            other = f"质检{pick.randrange(RATERS):02d}"
            near = max(0.0, score - pick.choice((0, 0, 0, 5, 10)))
            reviews.append(Review(recording.id, other, at, near, fatal, deductions, blind=True, purpose=Purpose.DOUBLE))
        verdicts += [(recording.id, rater, at, stretch, theme is not None) for stretch, theme in found]
    record_reviews(reviews)
    known: dict[tuple[str, str], int] = {}
    rows = models.Finding.objects.filter(assessment__recording__in=[recording.id for recording, _, _ in said])
    for number, recording_id, rule in rows.values_list("id", "assessment__recording", "rule"):
        known[recording_id, rule] = number
    models.FindingVerdict.objects.bulk_create(
        models.FindingVerdict(
            finding_id=known[recording_id, stretch.rule],
            recording_id=recording_id,
            rule=stretch.rule,
            start_s=10.0,
            end_s=14.0,
            verdict="confirm" if right else "reject",
            reviewer=rater,
            given_at=at,
        )
        for recording_id, rater, at, stretch, right in verdicts
    )


def measure(folder: str, agents: int, calls: int) -> None:
    """Compute and write the last month's report, and print what each step costs."""
    _open(folder)
    from config.settings import load_settings
    from flows.period_report import monthly_report
    from quality.report_sections import layout_of
    from review.report_page import report_file
    from review.report_sheet import write_sheet
    from store.database import migrate
    from store.reports import save_report

    migrate()
    began, processor = time.perf_counter(), time.process_time()

    def lap(what: str) -> None:
        nonlocal began, processor
        wall, spent = time.perf_counter() - began, time.process_time() - processor
        laps.append((what, spent, wall))
        began, processor = time.perf_counter(), time.process_time()

    laps: list[tuple[str, float, float]] = []
    report = monthly_report(MONTHS[-1], load_settings(var_dir=Path(folder)))
    lap("computed")
    save_report(report)
    layout = layout_of(report)
    lap("kept for the page")
    write_sheet(layout, Path(folder) / "report.xlsx")
    lap("spreadsheet")
    (Path(folder) / "report.html").write_text(report_file(layout, "zh"), encoding="utf-8")
    lap("HTML file")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    estimated = sum(one.score.value is not None for one in report.agents)
    print(
        f"{report.service.total.calls} calls, {estimated} of {len(report.agents)} agents estimated by "
        f"{report.agents[0].method}, {len(report.rules)} rules, {len(report.clusters)} common errors, "
        f"{len(report.reviewing.lines) if report.reviewing else 0} reviewers; without: {sorted(report.reasons)}"
    )
    print("\n| step | processor s | clock s |\n|---|---|---|")
    for what, spent, wall in laps:
        print(f"| {what} | {spent:.1f} | {wall:.1f} |")
    total = sum(spent for _, spent, _ in laps), sum(wall for _, _, wall in laps)
    print(f"| all, {agents} agents, {calls} calls a month | {total[0]:.1f} | {total[1]:.1f} |")
    print(f"\npeak {peak / 1e9:.2f} GB")


def _open(folder: str) -> None:
    from config.django import setup_django
    from config.settings import load_settings

    setup_django(load_settings(var_dir=Path(folder)))


def main() -> int:
    """Fill in a process of its own, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=300)
    parser.add_argument("--calls", type=int, default=60_000)
    parser.add_argument("--keep", metavar="DIR", help="Leave database and files there; a filled one is used again.")
    parser.add_argument("--fill", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill, options.agents, options.calls)
        return 0
    with tempfile.TemporaryDirectory() as spare:
        folder = options.keep or spare
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not (Path(folder) / "tingjian.sqlite3").exists():
            sizes = ("--agents", str(options.agents), "--calls", str(options.calls))
            subprocess.run([sys.executable, "-m", "benchmarks.report", "--fill", folder, *sizes], check=True)
        measure(folder, options.agents, options.calls)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A small made-up centre in the store: months of calls with their draws and blind reviews, truth known."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone

from quality import simulate
from quality.types import Review
from store import models
from store.reviews import record_reviews
from tests.store.months import STAGE, ZONE

RATERS = ("质检一", "质检二", "质检三", "质检四", "质检五", "质检六")


def store_centre(
    months: tuple[str, ...] = ("2026-01", "2026-02", "2026-03"),
    *,
    agents: int = 12,
    calls: int = 150,
    reviews: int = 30,
    must: int = 0,
    seed: int = 3,
    assess: bool = False,
) -> dict[str, np.ndarray]:
    """Write months of calls, each drawn at equal probabilities and reviewed; returns the agents' true means by month.

    Args:
        months: the months.
        agents: agents A00, A01, …; two teams.
        calls: calls of each agent in a month.
        reviews: of the probability lane, for each agent and month.
        must: calls of each agent that are taken for certain.
        seed: of everything.
        assess: also write assessments, which the draw of a later month needs, and the agents' mix.
    """
    world = simulate.World(agents=agents, calls=calls, error=0.15)
    generator = np.random.default_rng(seed)
    centre = simulate.population(world, generator)
    truths = {}
    for month in months:
        made = simulate.month_of_calls(world, centre, generator)
        truths[month] = made.truth
        _store_month(month, made, generator, reviews, must, assess)
    return truths


def _store_month(
    month: str, made: simulate.Month, generator: np.random.Generator, reviews: int, must: int, assess: bool
) -> None:
    agents, calls = made.human.shape
    first = datetime(int(month[:4]), int(month[5:]), 2, 9, tzinfo=ZONE)
    now = timezone.now()
    recordings, logged, said = [], [], []
    models.DrawMonth.objects.create(month=month, seed_id="s", model_version="m", size_model={}, opened_at=now)
    draw = models.Draw.objects.create(month_id=month, stratum=0, drawn_at=first)
    chance = round(reviews / (calls - must) * 1e9)
    for agent in range(agents):
        drawn = set((must + generator.permutation(calls - must)[:reviews]).tolist())
        for call in range(calls):
            begun = first + timedelta(minutes=call * 7)
            name = f"{month}-{agent:02d}-{call:04d}"
            certain = call < must
            picked = certain or call in drawn
            machine = float(made.machine[agent, call])
            recording = models.Recording(
                id=f"id-{name}",
                call_id=name,
                sha256=f"sha-{name}",
                path=f"/r/{name}",
                agent_id=f"A{agent:02d}",
                team="一组" if agent < agents // 2 else "二组",
                started_at=begun,
                duration_s=120.0,
                enrolled_at=now,
            )
            recordings.append(recording)
            logged.append(
                models.DrawnCall(
                    draw=draw,
                    recording=recording,
                    agent_id=recording.agent_id,
                    lane="must" if certain else "probability",
                    probability_e9=10**9 if certain else chance,
                    size_e6=1_000_000,
                    position=len(logged),
                    picked=picked,
                    machine_score=machine,
                    machine_fatal=False,
                    model_version="m",
                    seed_id="s",
                )
            )
            if picked:
                fatal = bool(made.fatal[agent, call])
                said.append(
                    Review(
                        recording_id=recording.id,
                        rater=RATERS[len(said) % len(RATERS)],
                        submitted_at=begun + timedelta(days=1),
                        score=0.0 if fatal else float(made.human[agent, call]),
                        fatal=fatal,
                        blind=not certain,
                    )
                )
    models.Recording.objects.bulk_create(recordings, batch_size=500)
    models.DrawnCall.objects.bulk_create(logged, batch_size=500)
    if assess:
        models.Assessment.objects.bulk_create(
            (
                models.Assessment(
                    recording=line.recording,
                    stage_version=STAGE,
                    score=line.machine_score,
                    fatal=False,
                    must_review=False,
                    own_document={"measures": {}},
                    created_at=now,
                )
                for line in logged
            ),
            batch_size=500,
        )
    record_reviews(said)

"""A night from the outside: a folder of recordings in, everything stored and one summary out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from config.django import setup_django
from config.settings import Settings
from flows.discover import discover, enrolment
from flows.prefect_server import prefect_scheduler
from flows.processes import ProcessIdentity, only_one
from flows.progress import BatchProgress, make_progress
from flows.recipe import Recipe, make_recipe
from flows.summary import NightSummary
from flows.workers import WorkerPool, WorkerSpec
from pipeline.errors import TingjianError
from pipeline.types import CallMetadata
from store.paths import path_text
from store.values import BatchProcess

if TYPE_CHECKING:
    from flows.chunk import Night

HEARTBEAT_S = 30.0
SILENT_TOO_LONG_S = 600.0
"""A run on another machine that has not been heard of for so long is taken for dead."""

ProgressFor = Callable[[int], BatchProgress]
Scheduler = Callable[[Path], AbstractContextManager[Callable[["Night"], int]]]


def run_night(
    folder: Path,
    settings: Settings,
    *,
    manifest: Path | None = None,
    day: date | None = None,
    retry_quarantined: bool = False,
    choose: Callable[[CallMetadata], bool] | None = None,
    recipe: Recipe | None = None,
    progress: ProgressFor = make_progress,
    scheduler: Scheduler = prefect_scheduler,
) -> NightSummary:
    """Assess every recording of a folder that has not been assessed the same way before.

    Safe to kill at any moment and to run again: what was stored stays and is not repeated. When there is nothing to
    do, neither model nor worker nor scheduler is started.

    Args:
        folder: where the recordings are.
        settings: the installation's settings.
        manifest: CSV with what the platform says; None takes ``manifest.csv`` of the folder if there is one.
        day: only calls that started on this day.
        retry_quarantined: also try again what was set aside before.
        choose: only calls of which it holds; None takes all.
        recipe: what to assess with; None takes it from the settings.
        progress: makes the display for a number of recordings.
        scheduler: what divides the work among threads; it starts while the workers load.

    Raises:
        UsageError: folder, manifest, model or rulebook cannot be used, or another run is at work.
        NightFailedError: too many recordings failed for reasons that are not theirs.
        TingjianError: workers or scheduler do not start.
    """
    started = time.monotonic()
    setup_django(settings)
    from store import ledger
    from store.database import migrate

    recipe = recipe or make_recipe(settings)
    found = [item for item in discover(folder, manifest, day) if choose is None or choose(item.metadata)]
    with only_one(_lock_file(settings), "a nightly run"):
        migrate()
        stage = recipe.stage_version
        us = ProcessIdentity.of_this_process()
        batch_id = ledger.open_batch(str(path_text(folder)), stage, recipe.contents(), **us.as_values())
        _take_over_from_the_dead(batch_id, settings)
        known = ledger.fingerprints(path_text(item.path) for item in found)
        sidecars = recipe.hears_sidecars
        ledger.enrol(batch_id, stage, (enrolment(item, known, with_sidecar=sidecars) for item in found))
        if retry_quarantined:
            ledger.retry_quarantined(batch_id)
        before = ledger.count_by_state(batch_id)
        to_do = before["new"] + before["failed"]
        try:
            night = _work(batch_id, recipe, settings, to_do, progress(to_do), scheduler) if to_do else None
        except TingjianError as error:
            ledger.stop_batch(batch_id, str(error))
            raise
        summary = _summarise(batch_id, before, night, time.monotonic() - started)
        ledger.close_batch(batch_id, summary.to_document())
    return summary


def _work(
    batch_id: str, recipe: Recipe, settings: Settings, to_do: int, progress: BatchProgress, scheduler: Scheduler
) -> Night:
    from store import records

    # Nothing to hear: workers do without the speech model as long as nobody needs it.
    late = records.all_heard(batch_id, recipe.hearing)
    spec = WorkerSpec(
        initialiser=recipe.initialiser,
        settings={**recipe.settings, "late_engine": True} if late else recipe.settings,
        log_dir=settings.var_dir / "logs",
        threads=settings.threads_per_worker,
        start_limit_s=settings.worker_start_timeout_s,
        recycle_after=settings.worker_recycle_after,
    )
    with (
        progress,
        WorkerPool(spec, min(to_do, settings.workers_or_default())) as pool,
        scheduler(settings.var_dir) as run,
        _heartbeat(batch_id),
    ):
        progress.phase("loading the speech model")
        from flows.chunk import Night

        night = Night(batch_id, recipe.stage_version, recipe.hearing, recipe.hears_sidecars, settings, pool, progress)
        pool.workers[0].await_ready()
        run(night)
    return night


def _summarise(batch_id: str, before: dict[str, int], night: Night | None, seconds: float) -> NightSummary:
    from store import ledger

    after = ledger.count_by_state(batch_id)
    return NightSummary(
        batch_id=batch_id,
        found=sum(after.values()),
        assessed=night.assessed if night else 0,
        reused=night.reused if night else 0,
        already_done=before["done"],
        set_aside=tuple(ledger.set_aside(batch_id)),
        newly_set_aside=ledger.count_set_aside_by(batch_id),
        elsewhere=after["claimed"],
        audio_s=night.audio_s if night else 0.0,
        seconds=seconds,
        worker_bytes=night.worker_bytes if night else 0,
    )


def _lock_file(settings: Settings) -> Path:
    """Beside an SQLite file, so that whoever holds the lock is that database's only run."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(f"{connection.settings_dict['NAME']}.nightly.lock")
    return settings.var_dir / "nightly.lock"


def _take_over_from_the_dead(batch_id: str, settings: Settings) -> None:
    from django.db import connection

    from store import ledger

    alone = connection.vendor == "sqlite"
    dead = [other.batch_id for other in ledger.batches_with_claims() if alone or _is_dead(other)]
    ledger.release_claims_of_dead(
        [other for other in dead if other != batch_id],
        settings.max_interruptions,
        "worker_died",
        f"it was in work when {settings.max_interruptions} runs ended without a word.",
    )


def _is_dead(other: BatchProcess) -> bool:
    process = ProcessIdentity(other.host, other.boot_id, other.process_id, other.process_started)
    if process.is_on_this_machine():
        return not process.is_alive()
    return other.silent_s > SILENT_TOO_LONG_S


@contextlib.contextmanager
def _heartbeat(batch_id: str) -> Iterator[None]:
    from django.db import DatabaseError, connections

    from store import ledger

    ended = threading.Event()

    def keep_beating() -> None:
        while not ended.wait(HEARTBEAT_S):
            # A beat that fails is made up by the next one.
            with contextlib.suppress(DatabaseError):
                ledger.beat(batch_id)
            connections.close_all()

    thread = threading.Thread(target=keep_beating, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

"""A night over calls of several rulebooks: each call is judged by the version in force when it began."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from config.settings import Settings
from flows.discover import discover
from flows.run import run_night
from flows.summary import NightSummary
from pipeline.rules.shelf import open_shelf


def run_nights(
    folder: Path, settings: Settings, *, manifest: Path | None = None, day: date | None = None, **options: Any
) -> tuple[tuple[str, NightSummary], ...]:
    """Assess a folder, as one batch for each rulebook that its calls need.

    A rulebook that the setting names judges every call. Where it names a folder of versions, a change of version in
    the middle of the recordings makes two batches, so that calls of before keep their assessments.

    Args:
        folder: where the recordings are.
        settings: the installation's settings.
        manifest: as ``run_night`` takes it.
        day: as ``run_night`` takes it.
        options: further ones of ``run_night``.

    Returns:
        Each rulebook's place with the summary of its batch, the earliest version first; at least one.

    Raises:
        UsageError, TingjianError: as ``run_night``; or no version was in force when a call began.
    """
    if not Path(settings.rulebook).is_dir():
        return ((settings.rulebook, run_night(folder, settings, manifest=manifest, day=day, **options)),)
    shelf = open_shelf(settings.rulebook)
    # A call that the platform gives no time is judged by the version of this moment.
    now = datetime.now().astimezone()
    needed = {shelf.place_at(item.metadata.started_at, now) for item in discover(folder, manifest, day)}
    places = [place for place in shelf.places if place in needed] or [shelf.place_at(None, now)]
    summaries = []
    for place in places:
        night = run_night(
            folder,
            settings.model_copy(update={"rulebook": place}),
            manifest=manifest,
            day=day,
            choose=lambda call, place=place: shelf.place_at(call.started_at, now) == place,
            **options,
        )
        summaries.append((place, night))
    return tuple(summaries)

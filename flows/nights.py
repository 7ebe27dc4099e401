"""A night over calls of several rulebooks: by the version in force when a call began, and test calls by their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from config.settings import Settings
from flows.discover import discover
from flows.run import run_night
from flows.summary import NightSummary
from pipeline.metadata import ANNOUNCED
from pipeline.rules.shelf import open_shelf
from pipeline.types import CallMetadata


def run_nights(
    folder: Path, settings: Settings, *, manifest: Path | None = None, day: date | None = None, **options: Any
) -> tuple[tuple[str, NightSummary], ...]:
    """Assess a folder, as one batch for each rulebook that its calls need.

    Announced test calls are judged by the rulebook that the settings name for them. All others are judged by the
    rulebook that the settings name; where that is a folder of versions, a change of version in the middle of the
    recordings makes two batches, so that calls of before keep their assessments.

    Args:
        folder: where the recordings are.
        settings: the installation's settings.
        manifest: as ``run_night`` takes it.
        day: as ``run_night`` takes it.
        options: further ones of ``run_night``.

    Returns:
        Each rulebook's place with the summary of its batch, the earliest version first, test calls last; at least one.

    Raises:
        UsageError, TingjianError: as ``run_night``; or no version was in force when a call began.
    """
    calls = [item.metadata for item in discover(folder, manifest, day)]
    announced = [call for call in calls if _announced(call)]
    shelf, now = None, datetime.now().astimezone()
    if Path(settings.rulebook_place).is_dir():
        shelf = open_shelf(settings.rulebook_place)
        # A call that the platform gives no time is judged by the version of this moment.
        needed = {shelf.place_at(call.started_at, now) for call in calls if not _announced(call)}
        places = [place for place in shelf.places if place in needed]
    else:
        places = [settings.rulebook_place] if len(announced) < len(calls) else []
    if not places and not announced:
        places = [settings.rulebook_place if shelf is None else shelf.place_at(None, now)]

    def night(place: str, choose: Callable[[CallMetadata], bool] | None) -> tuple[str, NightSummary]:
        chosen = {} if choose is None else {"choose": choose}
        own = settings.model_copy(update={"rulebook": place})
        return place, run_night(folder, own, manifest=manifest, day=day, **chosen, **options)

    def judged_by(place: str) -> Callable[[CallMetadata], bool] | None:
        if shelf is not None:
            return lambda call: not _announced(call) and shelf.place_at(call.started_at, now) == place
        return (lambda call: not _announced(call)) if announced else None

    summaries = [night(place, judged_by(place)) for place in places]
    if announced:
        summaries.append(night(settings.test_call_rulebook, _announced))
    return tuple(summaries)


def _announced(call: CallMetadata) -> bool:
    return call.call_type == ANNOUNCED

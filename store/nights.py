"""Nightly runs as the pages show them: what was done, what was set aside, and having it tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from pipeline.errors import RECORDING_PROBLEMS
from store.models import Batch, LedgerEntry, LedgerState


@dataclass(frozen=True, slots=True)
class Run:
    """One run with its recordings by state; ``seconds`` is how long it took, or has taken so far."""

    id: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float
    states: dict[str, int]
    summary: dict[str, Any]
    rulebook: str
    engine: str

    @property
    def total(self) -> int:
        """Recordings of the run."""
        return sum(self.states.values())

    @property
    def per_hour(self) -> float | None:
        """Recordings done in an hour, those of earlier runs left out; None where it was too short to tell."""
        done = self.summary.get("assessed", self.states.get("done", 0))
        return None if self.seconds < 1 or not done else 3600 * done / self.seconds


@dataclass(frozen=True, slots=True)
class Aside:
    """One recording that was set aside or failed, with the reason in words."""

    call_id: str
    path: str
    state: str
    code: str
    reason: str
    message: str
    attempts: int


def runs(limit: int) -> list[Run]:
    """The newest runs, the latest first."""
    batches = list(Batch.objects.order_by("-started_at")[:limit])
    counted = _states(batches)
    return [_run(batch, counted[batch.id]) for batch in batches]


def run_of(batch_id: str) -> Run | None:
    """One run, or None."""
    batch = Batch.objects.filter(id=batch_id).first()
    return None if batch is None else _run(batch, _states([batch])[batch.id])


def _states(batches: Sequence[Batch]) -> dict[UUID, dict[str, int]]:
    """How many recordings of each run are in which state; what a run had done when it ended is not counted again."""
    counted: dict[UUID, dict[str, int]] = {}
    for batch in batches:
        counted[batch.id] = {} if not batch.done_at_end else {LedgerState.DONE.value: batch.done_at_end}
    known = [batch.id for batch in batches if batch.done_at_end is not None]
    rest = [state for state in LedgerState.values if state != LedgerState.DONE]
    wanted = Q(batch__in=known, state__in=rest) | Q(batch__in=counted.keys() - set(known))
    rows = LedgerEntry.objects.filter(wanted).order_by().values_list("batch", "state")
    for batch_id, state, count in rows.annotate(Count("id")):
        counted[batch_id][state] = count
    return counted


def _run(batch: Batch, states: dict[str, int]) -> Run:
    end = batch.finished_at or timezone.now()
    recipe = batch.recipe or {}
    return Run(
        id=str(batch.id),
        source=batch.source,
        started_at=batch.started_at,
        finished_at=batch.finished_at,
        seconds=(end - batch.started_at).total_seconds(),
        states=states,
        summary=batch.summary or {},
        rulebook=" ".join(str(recipe[key]) for key in ("rulebook", "rulebook_version") if recipe.get(key)),
        engine=str(recipe.get("engine", "")),
    )


def set_aside(batch_id: str, limit: int) -> list[Aside]:
    """What a run could not do, in order of reason and call."""
    rows = LedgerEntry.objects.filter(batch=batch_id, state__in=(LedgerState.QUARANTINED, LedgerState.FAILED))
    fields = ("recording__call_id", "recording__path", "state", "error_code", "error_message", "attempts")
    return [
        Aside(call_id, path, state, code, RECORDING_PROBLEMS.get(code, code), message, attempts)
        for call_id, path, state, code, message, attempts in rows.order_by(
            "error_code", "recording__call_id"
        ).values_list(*fields)[:limit]
    ]

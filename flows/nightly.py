"""The flow ``nightly``: what the scheduler sees of a night. The work is in ``flows.chunk``, the truth in the ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import islice

from django.db import InterfaceError, OperationalError
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task, exponential_backoff

from flows.chunk import Night
from flows.chunk import assess_chunk as work_on_chunk
from store import ledger

CHUNKS_PER_WORKER = 4
"""Chunks are made small enough that every worker gets some, however few recordings there are."""

WINDOW_PER_WORKER = 3
"""Chunks handed to the scheduler at a time, for each worker."""

night_in_hand: ContextVar[Night] = ContextVar("night_in_hand")


def _is_infrastructure(_task: Task[..., int], _run: TaskRun, state: State[int]) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, OperationalError | InterfaceError)


@task(name="plan", cache_policy=NO_CACHE, persist_result=False)
def plan(batch_id: str, chunk_size: int, workers: int) -> list[list[str]]:
    """Divide what is left to do into chunks."""
    ids = ledger.pending(batch_id)
    size = min(chunk_size, max(1, math.ceil(len(ids) / (workers * CHUNKS_PER_WORKER))))
    return [ids[start : start + size] for start in range(0, len(ids), size)]


@task(
    name="assess_chunk",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=5),
    retry_condition_fn=_is_infrastructure,
)
def assess_chunk(recording_ids: list[str]) -> int:
    """Assess one chunk of recordings."""
    return work_on_chunk(night_in_hand.get(), recording_ids)


@flow(name="nightly", persist_result=False)
def nightly(batch_id: str, chunk_size: int, workers: int) -> int:
    """Work through a batch until nothing is left to do, and return how many recordings were worked on."""
    night = night_in_hand.get()
    worked_on = 0
    try:
        while not night.stopped.is_set() and (chunks := plan(batch_id, chunk_size, workers)):
            worked_on += sum(_in_a_window(chunks, workers * WINDOW_PER_WORKER))
    except BaseException:
        night.stop()
        raise
    return worked_on


def run_flow(night: Night) -> int:
    """Run the flow over an open batch, on threads of this process."""
    workers = night.pool.size
    in_hand = night_in_hand.set(night)
    try:
        with_threads = nightly.with_options(task_runner=ThreadPoolTaskRunner(max_workers=workers))
        return with_threads(night.batch_id, night.settings.chunk_size, workers)
    finally:
        night_in_hand.reset(in_hand)


def _in_a_window(chunks: list[list[str]], window: int) -> Iterator[int]:
    waiting = iter(chunks)
    running: list[PrefectFuture[int]] = [assess_chunk.submit(chunk) for chunk in islice(waiting, window)]
    while running:
        done = next(as_completed(running))
        running.remove(done)
        running.extend(assess_chunk.submit(chunk) for chunk in islice(waiting, 1))
        yield done.result()

"""Stored calls judged again, in as many processes as wanted: what ``rescore`` and ``rules backtest`` share.

Each process reads its own part of the calls in bulk, so that no more than one part is held in memory at a time.
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from config.django import setup_django
from config.settings import Settings
from pipeline.call_columns import read_columns
from pipeline.errors import TingjianError, UsageError
from pipeline.features.measure import measure_call
from pipeline.late_call import read_call
from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.stored_measures import StoredMeasures
from pipeline.types import Call, Measures
from store.values import StoredCall

CALLS_AT_ONCE = 400
"""Calls of one part: enough that queries and transactions cost nothing beside the judging."""

CALLS_WORTH_A_PROCESS = 25
"""Fewer are judged sooner than another process starts."""

PARTS_AHEAD = 2
"""Parts handed out for each process before one must come back."""

READING_ERRORS = (KeyError, TypeError, ValueError)
"""What a stored document of another time may raise."""

Part = TypeVar("Part")
Result = TypeVar("Result")


def unreadable(stored: StoredCall, error: Exception) -> tuple[str, str]:
    """The call whose stored documents cannot be read, and the kind of error; its words never leave it."""
    return stored.call_id, f"{type(error).__name__}: its stored documents cannot be read"


def call_of(stored: StoredCall) -> Call:
    """A stored call, from its columns where it has them.

    Raises:
        KeyError, TypeError, ValueError: the stored documents are not ours.
    """
    return read_call(stored.text()) if stored.columns is None else read_columns(stored.columns, stored.text)


def measures_of(stored: StoredCall, call: Call) -> Measures:
    """The measures of a stored call: those stored with it where this very code took them, else taken anew.

    Raises:
        KeyError, TypeError, ValueError: the stored documents are not ours.
    """
    in_force = stored.in_force
    if in_force is not None and in_force.values is not None:
        from store.transcripts import stored_measure

        measures = StoredMeasures(in_force.values, partial(stored_measure, in_force.ground_id))
        # A measure that came into this version later is not in what was stored before.
        if measures.has_all(KNOWN_MEASURES):
            return measures
    return measure_call(call)


def days(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """First moment of ``since`` and of the day after ``until``; None is open.

    Raises:
        UsageError: the one is after the other.
    """
    from store.months import midnight

    first, last = since or date(1970, 1, 2), until or date(9998, 12, 30)
    if first > last:
        raise UsageError(f"--since {first} is after --until {last}; expected the earlier day first.")
    return midnight(first), midnight(last + timedelta(days=1))


def divided(calls: int, settings: Settings) -> tuple[int, int]:
    """How many processes and how many calls in a part, for so many calls; each process gets as many parts."""
    workers = max(1, min(settings.workers_or_default(), calls // CALLS_WORTH_A_PROCESS))
    parts = workers * max(1, -(-calls // (workers * CALLS_AT_ONCE)))
    return workers, max(1, -(-calls // parts))


@contextmanager
def no_circles_sought() -> Iterator[None]:
    """A part of the calls without the collector of circles, which finds none and would look at every call many times.

    What a part leaves goes as it is let go of; the collector is at work again before the next part.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_processes(
    parts: Iterable[Part],
    settings: Settings,
    workers: int,
    make_work: Callable[..., Callable[[Part], Result]],
    arguments: tuple[object, ...],
) -> Iterator[Result]:
    """Work on parts in other processes, in this one when there is but one worker; results come as they are done.

    Args:
        parts: what to work on, made as it is needed.
        settings: for the database connection of each process.
        workers: how many processes.
        make_work: makes the function that works on a part, once in each process, from ``arguments``; importable.
        arguments: picklable values for it.

    Raises:
        TingjianError: a process ended without a word.
    """
    if workers == 1:
        work = make_work(*arguments)
        yield from map(work, parts)
        return
    waiting = iter(parts)
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, _start, (settings, make_work, arguments)) as pool:
            running = {pool.submit(_work, part) for part in islice(waiting, workers * PARTS_AHEAD)}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {pool.submit(_work, part) for part in islice(waiting, len(done))}
                    yield from (future.result() for future in done)
            finally:
                _cancel(running)
    except BrokenProcessPool as error:
        raise TingjianError(
            "a working process ended without a word (killed, or out of memory). What was finished is kept; "
            "run the same command again, with fewer --workers when memory is short."
        ) from error


_made: list[Callable[[object], object]] = []


def _start(
    settings: Settings, make_work: Callable[..., Callable[[object], object]], arguments: tuple[object, ...]
) -> None:
    setup_django(settings)
    _made.append(make_work(*arguments))


def _work(part: object) -> object:
    return _made[0](part)


def _cancel(futures: Iterable[Future[object]]) -> None:
    for future in futures:
        future.cancel()

"""A rulebook tried on stored calls beside the one in use; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from config.django import setup_django
from config.settings import Settings
from flows.rejudge import (
    READING_ERRORS,
    call_of,
    days,
    divided,
    in_processes,
    measures_of,
    no_circles_sought,
    unreadable,
)
from flows.rescore import Progress, absolute
from pipeline.rules import judge
from pipeline.rules.shelf import Shelf, open_shelf
from pipeline.types import Call, Judgement, Measures
from quality.backtest import AppealCase, CallPair, Hit, Judged, Tally, appeal_case
from store.values import StoredCall

Failures = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """What a back-test came to.

    Attributes:
        before: name and versions of the rulebook in use, ``after`` of the one that is tried.
        titles: rule ids to titles, of both.
        appeals: every decided appeal whose call is still stored, whatever its time.
        failed: calls that could not be judged, with the kind of error.
    """

    before: str
    after: str
    titles: Mapping[str, str]
    found: int
    tally: Tally
    appeals: tuple[AppealCase, ...]
    failed: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def broken_appeals(self) -> tuple[AppealCase, ...]:
        """Upheld appeals whose finding the new rulebook makes again."""
        return tuple(case for case in self.appeals if case.appeal.outcome == "upheld" and not case.passed)

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when an upheld appeal would be accused again or a call failed."""
        return 1 if self.broken_appeals or self.failed else 0


@dataclass(slots=True)
class PartResult:
    """What one part of the calls came to."""

    calls: int = 0
    tally: Tally = field(default_factory=Tally)
    failed: Failures = field(default_factory=list)


def backtest(
    settings: Settings,
    *,
    candidate: str,
    against: str | None = None,
    since: date | None = None,
    until: date | None = None,
    progress: Progress = lambda done, total: None,
) -> BacktestReport:
    """Judge every stored call of a time by two rulebooks and compare.

    Args:
        settings: the installation's settings.
        candidate: the rulebook to try, by name, file or folder of versions; a named one judges every call, whatever
            its own period says.
        against: the one in use; None takes the setting.
        since: first day of the calls; None begins with the first.
        until: last day, inclusive; None ends with the last.
        progress: told of what is done.

    Raises:
        UsageError: a rulebook does not load, or the days are in the wrong order.
        TingjianError: a working process ended.
    """
    started = time.monotonic()
    places = (absolute(against or settings.rulebook_place), absolute(candidate))
    shelves = (open_shelf(places[0]), open_shelf(places[1]))
    setup_django(settings)
    begin, end = days(since, until)
    from store.database import migrate
    from store.transcripts import count_transcripts, newest_transcripts

    migrate()
    now = datetime.now().astimezone()
    found = count_transcripts(begin, end)
    workers, at_once = divided(found, settings)
    total = PartResult()
    parts = newest_transcripts(begin, end, at_once)
    for part in in_processes(parts, settings, workers, make_backtest, (*places, now)):
        total.calls += part.calls
        total.tally.merge(part.tally)
        total.failed += part.failed
        progress(total.calls, found)
    return BacktestReport(
        before=_named(shelves[0]),
        after=_named(shelves[1]),
        titles={rule.id: rule.title for shelf in shelves for book in shelf.rulebooks for rule in book.rules},
        found=found,
        tally=total.tally,
        appeals=_try_appeals(shelves, now),
        failed=tuple(sorted(total.failed)),
        seconds=time.monotonic() - started,
    )


def make_backtest(before: str, after: str, now: datetime) -> Callable[[list[int]], PartResult]:
    """The work of one process: both rulebooks loaded once, then part after part."""
    from store.transcripts import recordings_of, stored_calls
    from store.verdicts import verdicts_of

    old, new = open_shelf(before), open_shelf(after)

    def work(transcript_ids: list[int]) -> PartResult:
        with no_circles_sought():
            return judge_part(transcript_ids)

    def judge_part(transcript_ids: list[int]) -> PartResult:
        verdicts = verdicts_of(recordings_of(transcript_ids))
        result = PartResult(0)
        for stored in stored_calls(transcript_ids):
            result.calls += 1
            try:
                call = call_of(stored)
                first, second = _judged_by_both(stored, call, old, new, now)
            except READING_ERRORS as error:
                result.failed.append(unreadable(stored, error))
                continue
            moment = call.recording.metadata.started_at
            result.tally.add(
                CallPair(
                    recording_id=stored.recording_id,
                    call_id=stored.call_id,
                    agent_id=stored.agent_id,
                    day="" if moment is None else moment.date().isoformat(),
                    before=first,
                    after=second,
                    verdicts=verdicts.get(stored.recording_id, ()),
                )
            )
        return result

    return work


def _judged_by_both(stored: StoredCall, call: Call, old: Shelf, new: Shelf, now: datetime) -> tuple[Judged, Judged]:
    measures = measures_of(stored, call)
    return _judged(call, measures, old, now), _judged(call, measures, new, now)


def _judged(call: Call, measures: Measures, shelf: Shelf, now: datetime) -> Judged:
    judgement: Judgement = judge(call, measures, shelf.at(call.recording.metadata.started_at, now))
    return Judged(
        total=judgement.score.total,
        must_review=judgement.route.must_review,
        hits=tuple(Hit(one.rule, one.start_s, one.end_s, one.quote) for one in judgement.findings),
    )


def _try_appeals(shelves: tuple[Shelf, Shelf], now: datetime) -> tuple[AppealCase, ...]:
    from store.transcripts import ROWS_AT_ONCE, stored_calls, transcripts_of
    from store.verdicts import decided_appeals

    appeals = decided_appeals()
    transcripts = transcripts_of(appeal.recording_id for appeal in appeals)
    judged: dict[str, tuple[Judged, Judged]] = {}
    for start in range(0, len(transcripts), ROWS_AT_ONCE):
        for stored in stored_calls(transcripts[start : start + ROWS_AT_ONCE]):
            judged[stored.recording_id] = _judged_by_both(stored, call_of(stored), *shelves, now)
    return tuple(appeal_case(one, *judged[one.recording_id]) for one in appeals if one.recording_id in judged)


def _named(shelf: Shelf) -> str:
    return f"{shelf.rulebooks[0].name} {', '.join(one.version for one in shelf.rulebooks)}"

"""Stored transcripts and turns judged again by another rulebook; the assessments that were there stay."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from config.django import setup_django
from config.settings import Settings
from flows.processes import only_one
from flows.recipe import stage_version_of
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
from pipeline.call_columns import columns_of_call
from pipeline.late_call import LateCall
from pipeline.rules import CALLS_TOGETHER, judge, judge_many
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.shelf import open_shelf
from pipeline.serialise import assessment_to_document, judgement_to_document
from pipeline.types import Assessment, Call, Judgement, Measures, Provenance
from pipeline.version import CODE_VERSION
from store.values import InForce, JudgedAgain, StoredCall

Document = Mapping[str, Any]

Progress = Callable[[int, int], None]
"""Told after every part: calls done, calls in all."""


@dataclass(frozen=True, slots=True)
class RescoreSummary:
    """What a rescoring came to.

    Attributes:
        found: calls of the time that have a transcript.
        judged: calls judged now.
        already: calls whose assessment in force was made by this rulebook and code before.
        changed: of the judged, those whose findings, score or review differ from the assessment that was in force.
        first: of the judged, those that had no assessment.
        raised: of the changed, those with a higher score; ``lowered`` with a lower one.
        review_gained: of the changed, those that a person must hear now; ``review_lost`` no longer.
        failed: calls that could not be judged, with the kind of error.
        rulebooks: how many calls were judged by which version.
        seconds: how long it took.
    """

    found: int
    judged: int = 0
    already: int = 0
    changed: int = 0
    first: int = 0
    raised: int = 0
    lowered: int = 0
    review_gained: int = 0
    review_lost: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    rulebooks: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 when every call is judged, 1 when some failed."""
        return 1 if self.failed else 0

    def to_document(self) -> dict[str, Any]:
        """The summary as plain values."""
        failed = [{"call_id": call_id, "error": error} for call_id, error in self.failed]
        return {**asdict(self), "failed": failed}


@dataclass(slots=True)
class PartResult:
    """What one part of the calls came to; small, since it travels between processes."""

    calls: int
    counts: Counter[str] = field(default_factory=Counter)
    rulebooks: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)


def rescore(
    settings: Settings,
    *,
    rulebook: str | None = None,
    since: date | None = None,
    until: date | None = None,
    progress: Progress = lambda done, total: None,
) -> RescoreSummary:
    """Judge every stored call of a time again and store the new assessments beside the old ones.

    Safe to kill and run again: a call whose assessment in force was made by the same rulebook and code is passed over.

    Args:
        settings: the installation's settings.
        rulebook: a name, a file, or a folder of versions, of which each call gets the one in force when it began;
            None takes the setting.
        since: first day of the calls; None begins with the first.
        until: last day, inclusive; None ends with the last.
        progress: told of what is done.

    Raises:
        UsageError: the rulebook does not load, the days are in the wrong order, or another rescoring is at work.
        TingjianError: a working process ended.
    """
    started = time.monotonic()
    place = absolute(rulebook or settings.rulebook_place)
    open_shelf(place)
    setup_django(settings)
    begin, end = days(since, until)
    from store.database import migrate
    from store.transcripts import count_transcripts, newest_transcripts

    now = datetime.now().astimezone()
    with only_one(_lock_file(settings), "a rescoring"):
        migrate()
        found = count_transcripts(begin, end)
        total = PartResult(0)
        workers, at_once = divided(found, settings)
        parts = newest_transcripts(begin, end, at_once)
        for part in in_processes(parts, settings, workers, make_rescoring, (place, now)):
            total.calls += part.calls
            total.counts += part.counts
            total.rulebooks += part.rulebooks
            total.failed += part.failed
            progress(total.calls, found)
    counts = total.counts
    return RescoreSummary(
        found=found,
        judged=counts["judged"],
        already=counts["already"],
        changed=counts["changed"],
        first=counts["first"],
        raised=counts["raised"],
        lowered=counts["lowered"],
        review_gained=counts["review_gained"],
        review_lost=counts["review_lost"],
        failed=tuple(sorted(total.failed)),
        rulebooks=dict(sorted(total.rulebooks.items())),
        seconds=time.monotonic() - started,
    )


def make_rescoring(place: str, now: datetime) -> Callable[[list[int]], PartResult]:
    """The work of one process: rulebooks loaded once, then part after part."""
    from store.transcripts import recipes, save_judgements, stored_calls

    shelf = open_shelf(place)
    stages = _Stages(lambda stage_version: recipes([stage_version]).get(stage_version))

    def work(transcript_ids: list[int]) -> PartResult:
        with no_circles_sought():
            return judge_part(transcript_ids)

    def judge_part(transcript_ids: list[int]) -> PartResult:
        result = PartResult(0)
        save_judgements(judged(transcript_ids, result))
        return result

    def judged(transcript_ids: list[int], result: PartResult) -> Iterator[JudgedAgain]:
        waiting: list[_Waiting] = []
        for stored in stored_calls(transcript_ids):
            result.calls += 1
            try:
                call = call_of(stored)
                rulebook = shelf.at(call.recording.metadata.started_at, now)
                old = stored.in_force
                if old is not None and (old.rulebook_sha256, old.code_version) == (rulebook.sha256, CODE_VERSION):
                    result.counts["already"] += 1
                    continue
                waiting.append(_Waiting(stored, call, measures_of(stored, call), rulebook))
            except READING_ERRORS as error:
                result.failed.append(unreadable(stored, error))
            if len(waiting) == CALLS_TOGETHER:
                yield from _judge_together(waiting, stages, result)
                waiting = []
        yield from _judge_together(waiting, stages, result)

    return work


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that was read, and by which rulebook to judge it."""

    stored: StoredCall
    call: Call
    measures: Measures
    rulebook: Rulebook


def _judge_together(waiting: list[_Waiting], stages: _Stages, result: PartResult) -> list[JudgedAgain]:
    """Those that follow each other with one rulebook are judged in one go."""
    judged = []
    for _, group in groupby(waiting, key=lambda one: id(one.rulebook)):
        some = list(group)
        started = time.perf_counter()
        judgements: list[Judgement | None]
        try:
            judgements = [*judge_many([(one.call, one.measures) for one in some], some[0].rulebook)]
        except READING_ERRORS:
            # One of them cannot be read as it should: each by itself says which.
            judgements = [None] * len(some)
        seconds = (time.perf_counter() - started) / len(some)
        for one, judgement in zip(some, judgements, strict=True):
            try:
                again = judgement or judge(one.call, one.measures, one.rulebook)
                judged.append(_judged_again(one, again, {"judge": seconds}, stages, result))
            except READING_ERRORS as error:
                result.failed.append(unreadable(one.stored, error))
    return judged


def _judged_again(
    one: _Waiting, judgement: Judgement, seconds: dict[str, float], stages: _Stages, result: PartResult
) -> JudgedAgain:
    stored, call, measures, rulebook = one.stored, one.call, one.measures, one.rulebook
    old = stored.in_force
    by = _by(rulebook)
    document: dict[str, Any]
    ground_id: int | None = None
    if old is not None and old.code_version == CODE_VERSION:
        # Recording, words and measures are as they were, and stay where they are.
        ground_id = old.ground_id
        spent = {step: round(spent, 3) for step, spent in seconds.items()}
        document = {**judgement_to_document(judgement), "provenance": {**by, "seconds": spent}}
    else:
        provenance = Provenance(
            recording_sha256=call.recording.sha256,
            engine=stored.engine,
            model_digest=stored.model_digest,
            decode_options=call.transcript.options,
            speech_detector="" if old is None else _speech_detector(old),
            seconds=seconds,
            **by,
        )
        document = assessment_to_document(Assessment(call, measures, judgement, provenance))
    result.counts["judged"] += 1
    result.rulebooks[f"{rulebook.name} {rulebook.version}"] += 1
    for change in _changes(old, document):
        result.counts[change] += 1
    return JudgedAgain(
        stored.recording_id,
        stored.transcript_id,
        stored.inputs_digest,
        stored.engine,
        stored.model_digest,
        stages.of(stored, rulebook),
        ground_id,
        None if ground_id is None or old is None or old.values is None else old.values["values"],
        call.recording.metadata.agent_id or "",
        columns_of_call(call) if stored.columns is None and isinstance(call, LateCall) else None,
        document,
    )


def _by(rulebook: Rulebook) -> dict[str, str]:
    """What a stage version and a provenance say of who judged."""
    return {
        "rulebook": rulebook.name,
        "rulebook_version": rulebook.version,
        "rulebook_sha256": rulebook.sha256,
        "code_version": CODE_VERSION,
    }


def _speech_detector(old: InForce) -> str:
    from store.transcripts import whole_assessment

    return str(whole_assessment(old.ground_id)["provenance"]["speech_detector"])


def _changes(old: InForce | None, new: Document) -> list[str]:
    if old is None:
        return ["first"]
    total, must_review = new["score"]["total"], new["route"]["must_review"]
    if (old.score, old.must_review) == (total, must_review) and old.findings == _marks(new):
        return []
    found = ["changed"]
    if old.score is not None and total is not None and old.score != total:
        found.append("raised" if total > old.score else "lowered")
    if old.must_review != must_review:
        found.append("review_gained" if must_review else "review_lost")
    return found


_MARKS = itemgetter("rule", "start_s", "end_s", "points", "severity")


def _marks(document: Document) -> tuple[tuple[Any, ...], ...]:
    return tuple(sorted(map(_MARKS, document["findings"])))


class _Stages:
    """The stage versions of new assessments; few, so that each is put together once.

    It is that of a night that would hear the call the same way and judge it by the new rulebook: a night with that
    rulebook then finds the call done. Where the hearing is of older code, where its run is no longer known, or where
    such an assessment is there but another is in force, it is a name of its own.
    """

    def __init__(self, recipe_of: Callable[[str], Document | None]) -> None:
        """``recipe_of`` says what the run of a stage version worked with, None where no run is known."""
        self._recipe_of = recipe_of
        self._known: dict[tuple[str, str, str, str], tuple[str, str]] = {}

    def of(self, stored: StoredCall, rulebook: Rulebook) -> str:
        """The stage version of a stored call judged by this rulebook."""
        before = stored.stage_version
        key = (before, rulebook.name, rulebook.version, rulebook.sha256)
        known = self._known.get(key)
        if known is None:
            recipe = self._recipe_of(before)
            contents = {**(recipe or {"judged_again": before}), **_by(rulebook)}
            if recipe is not None and recipe["code_version"] != CODE_VERSION:
                contents["heard_with_code"] = recipe["code_version"]
            known = stage_version_of(contents), stage_version_of({**contents, "instead_of": before})
            self._known[key] = known
        stage, instead = known
        return instead if stage in stored.stages else stage


def absolute(name_or_path: str) -> str:
    """The place of a rulebook as other processes find it; a bundled one's name stays."""
    path = Path(name_or_path).expanduser()
    return str(path.absolute()) if path.exists() else name_or_path


def _lock_file(settings: Settings) -> Path:
    from django.db import connection

    if connection.vendor == "sqlite":
        return Path(f"{connection.settings_dict['NAME']}.rescore.lock")
    return settings.var_dir / "rescore.lock"

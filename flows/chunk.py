"""The work on one chunk of recordings: claim, assess in a worker, store; one transaction for each recording."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DataError, IntegrityError, connections

from config.settings import Settings
from flows.job import make_job
from flows.progress import BatchProgress
from flows.workers import JobFailure, JobResult, SupervisedWorker, WorkerPool, WorkersStoppedError
from pipeline.errors import RECORDING_PROBLEMS, TingjianError
from store import ledger, records
from store.values import Claim

TRIED_AGAIN = frozenset({"worker_died", "worker_timeout"})
"""What may have been chance: the recording gets another try before it is quarantined."""

NOT_THE_RECORDING = TRIED_AGAIN | {"internal_error"}
"""What rather points at the installation when many recordings end so."""

_TELEPHONE_BYTES_PER_S = 16_000
"""Two channels of 8-bit, 8 kHz telephony: a rough length where the manifest gives none."""


class NightFailedError(TingjianError):
    """So many recordings failed that the installation is at fault, not they; the rest is left for another run."""


@dataclass(slots=True)
class Night:
    """One running night: what the threads that work on it share."""

    batch_id: str
    stage_version: str
    hearing: str
    hears_sidecars: bool
    settings: Settings
    pool: WorkerPool
    progress: BatchProgress
    codes: Counter[str] = field(default_factory=Counter)
    assessed: int = 0
    reused: int = 0
    audio_s: float = 0.0
    worker_bytes: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """End all work now; what is in hand goes back to the ledger untried."""
        self.stopped.set()
        self.pool.stop()

    def count(self, result: JobResult, audio_s: float) -> None:
        """Take note of one job that ended.

        Raises:
            NightFailedError: too many have ended badly.
        """
        with self._lock:
            self.worker_bytes = max(self.worker_bytes, result.resident_bytes)
            if result.failure is None:
                self.assessed += 1
                self.reused += not result.value.get("heard", True)
                self.audio_s += audio_s
            else:
                self.codes[result.failure.code] += 1
            self._check_threshold()

    def _check_threshold(self) -> None:
        blamed = {code: count for code, count in self.codes.items() if code in NOT_THE_RECORDING}
        tried = self.assessed + self.codes.total()
        share = sum(blamed.values()) / tried
        if tried < self.settings.failure_threshold_minimum or share <= self.settings.failure_threshold:
            return
        worst = max(blamed, key=lambda code: blamed[code])
        raise NightFailedError(
            f"stopped: {sum(blamed.values())} of {tried} recordings failed, most with {worst} "
            f"({RECORDING_PROBLEMS[worst]}). Expected at most {self.settings.failure_threshold:.0%}; look at "
            f"{self.settings.var_dir / 'logs'}, run tingjian doctor, then run the night again: it goes on from here."
        )


def assess_chunk(night: Night, recording_ids: Iterable[str]) -> int:
    """Assess recordings one after the other with one worker, and return how many were worked on.

    Raises:
        NightFailedError: too many recordings of the night failed.
        TingjianError: no worker can be started.
        django.db.OperationalError: the database did not answer; the chunk may be tried again.
    """
    ids = list(recording_ids)
    worked_on = 0
    try:
        # What an earlier try of this chunk left behind when the database went away.
        ledger.give_back(night.batch_id, ids, night.stage_version)
        with night.pool.borrow() as worker:
            for recording_id in ids:
                if night.stopped.is_set():
                    break
                worked_on += _assess_one(night, worker, recording_id)
    except WorkersStoppedError:
        pass
    finally:
        connections.close_all()
    return worked_on


def _assess_one(night: Night, worker: SupervisedWorker, recording_id: str) -> int:
    claim = ledger.claim(night.batch_id, recording_id, night.stage_version)
    if claim is None:
        return 0
    listening_dir = str(night.settings.listening_dir)
    job = make_job(claim.recording_id, claim.path, claim.metadata, _heard_before(night, claim), listening_dir)
    try:
        result = worker.run(job, time_limit_s(claim, night.settings))
    except BaseException:
        ledger.give_back(night.batch_id, [recording_id], night.stage_version)
        raise
    if result.failure is None:
        result = _store(night, claim, result)
    if result.failure is not None:
        _set_aside(night, claim, result.failure)
    night.count(result, result.value["assessment"]["recording"]["duration_s"] if result.value else 0.0)
    return 1


def _heard_before(night: Night, claim: Claim) -> dict[str, Any] | None:
    """The call as an earlier run heard it; of a transcript beside the recording, only when that is the same too."""
    return records.heard_call(
        claim.sha256, night.hearing, inputs_digest=claim.inputs_digest if night.hears_sidecars else None
    )


def _store(night: Night, claim: Claim, result: JobResult) -> JobResult:
    value: dict[str, Any] = result.value
    try:
        records.save_assessment(
            night.batch_id, claim.recording_id, night.stage_version, value["assessment"], value["call"], night.hearing
        )
    except (DataError, IntegrityError, KeyError, TypeError, ValueError) as error:
        # The database's own words may quote the row, so only the kind of error is told.
        message = f"its assessment could not be stored ({type(error).__name__}); this is a defect of the programme."
        return JobResult(None, JobFailure("internal_error", message), result.seconds, result.resident_bytes)
    night.progress.assessed(value["assessment"]["recording"]["duration_s"])
    return result


def _set_aside(night: Night, claim: Claim, failure: JobFailure) -> None:
    words = (night.batch_id, claim.recording_id, night.stage_version, failure.code, failure.message)
    if failure.code in TRIED_AGAIN and claim.attempts < night.settings.max_attempts:
        ledger.mark_failed(*words)
        return
    ledger.mark_quarantined(*words)
    night.progress.failed()


def time_limit_s(claim: Claim, settings: Settings) -> float:
    """Seconds that a recording may take: more for a long one, as far as its length is known beforehand."""
    length_s = claim.metadata.get("duration_s") or claim.size_bytes / _TELEPHONE_BYTES_PER_S
    return max(settings.recording_timeout_s, settings.timeout_per_audio_s * length_s)

"""The ledger: which recordings a batch found, who works on which, and what became of them.

Every function is one short transaction. Claims are decided by the database (one UPDATE that matches once), so threads,
processes and machines may all ask at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from pipeline.metadata import ANNOUNCED
from store import webhooks
from store.centre import agents_known
from store.models import Batch, LedgerEntry, LedgerState, Recording
from store.values import BatchProcess, Claim, Enrolment, FileFingerprint, SetAside

ROWS_AT_ONCE = 500
"""Rows of one transaction or query: below every database's limit on parameters."""

UNFINISHED = (LedgerState.NEW, LedgerState.FAILED)
SET_ASIDE = (LedgerState.QUARANTINED, LedgerState.FAILED)

T = TypeVar("T")


def open_batch(
    source: str,
    stage_version: str,
    recipe: Mapping[str, Any],
    *,
    host: str,
    boot_id: str,
    process_id: int,
    process_started: str,
) -> str:
    """Begin a run and return its id."""
    now = timezone.now()
    batch = Batch.objects.create(
        source=source,
        stage_version=stage_version,
        recipe=dict(recipe),
        host=host,
        boot_id=boot_id,
        process_id=process_id,
        process_started=process_started,
        started_at=now,
        heartbeat_at=now,
    )
    return str(batch.id)


def beat(batch_id: str) -> None:
    """Say that a run still lives."""
    Batch.objects.filter(id=batch_id).update(heartbeat_at=timezone.now())


def close_batch(batch_id: str, summary: Mapping[str, Any]) -> None:
    """End a run with its summary, and have the systems told that want to know; nobody waits for them."""
    _end(batch_id, summary, stopped=False)


def stop_batch(batch_id: str, why: str) -> None:
    """End a run that could not go on: the pages show why, and the systems are told that it stopped."""
    states = count_by_state(batch_id)
    counts = {
        "found": sum(states.values()),
        "set_aside": states["quarantined"],
        "left": states["new"] + states["failed"],
    }
    _end(batch_id, {**counts, "stopped": why}, stopped=True)


def _end(batch_id: str, summary: Mapping[str, Any], *, stopped: bool) -> None:
    now = timezone.now()
    # Counts alone are told: names and places of recordings stay inside.
    counts = {name: value for name, value in summary.items() if isinstance(value, int | float)}
    told = {"batch_id": str(batch_id), "finished_at": now.isoformat(), "stopped": stopped, "counts": counts}
    with transaction.atomic():
        done = LedgerEntry.objects.filter(batch=batch_id, state=LedgerState.DONE).count()
        Batch.objects.filter(id=batch_id).update(finished_at=now, summary=dict(summary), done_at_end=done)
        webhooks.announce(webhooks.NIGHT_FINISHED, told)


def batches_with_claims() -> list[BatchProcess]:
    """Every run that holds a claim, living or not."""
    now = timezone.now()
    claiming = LedgerEntry.objects.filter(state=LedgerState.CLAIMED).values("claimed_by")
    return [
        BatchProcess(
            batch_id=str(batch.id),
            host=batch.host,
            boot_id=batch.boot_id,
            process_id=batch.process_id,
            process_started=batch.process_started,
            silent_s=(now - batch.heartbeat_at).total_seconds(),
        )
        for batch in Batch.objects.filter(id__in=claiming)
    ]


def release_claims_of_dead(batch_ids: Sequence[str], max_interruptions: int, code: str, message: str) -> int:
    """Give back what runs held that ended without a word, and return how many recordings that were.

    The attempt does not count against the recording, since what ended the run is rarely one recording; but one that
    was in work at the end of ``max_interruptions`` runs is quarantined with ``code`` and ``message``.
    """
    claims = LedgerEntry.objects.filter(state=LedgerState.CLAIMED, claimed_by__in=batch_ids)
    with transaction.atomic():
        claims.filter(interruptions__gte=max_interruptions - 1).update(
            state=LedgerState.QUARANTINED,
            interruptions=F("interruptions") + 1,
            claimed_by=None,
            finished_at=timezone.now(),
            error_code=code,
            error_message=message,
        )
        return claims.update(
            state=LedgerState.NEW,
            attempts=F("attempts") - 1,
            interruptions=F("interruptions") + 1,
            claimed_by=None,
        )


def fingerprints(paths: Iterable[str]) -> dict[str, FileFingerprint]:
    """What is known of files by path, so that unchanged ones need not be read again."""
    known: dict[str, FileFingerprint] = {}
    for some in _chunks(paths):
        rows = Recording.objects.filter(path__in=some).exclude(sha256="").order_by("enrolled_at")
        for path, size, modified, sha256 in rows.values_list("path", "size_bytes", "modified_ns", "sha256"):
            known[path] = FileFingerprint(size, modified, sha256)
    return known


def enrol(batch_id: str, stage_version: str, found: Iterable[Enrolment]) -> int:
    """Enter recordings into the ledger and make them members of this batch; return how many were found.

    What is done stays done. A recording whose metadata changed since is new again.
    """
    count = 0
    for some in _chunks(found):
        with transaction.atomic():
            _enrol_recordings(some)
            _enrol_entries(batch_id, stage_version, some)
        count += len(some)
    return count


def retry_quarantined(batch_id: str) -> int:
    """Make this batch's quarantined recordings new again, and return how many that were."""
    return LedgerEntry.objects.filter(batch=batch_id, state=LedgerState.QUARANTINED).update(
        state=LedgerState.NEW, attempts=0, interruptions=0, error_code="", error_message="", finished_at=None
    )


def pending(batch_id: str) -> list[str]:
    """Ids of the batch's recordings that are left to do, the least suspicious first.

    A recording that was in work when earlier tries or runs ended comes last: should it be what ended them, the
    others are done by then.
    """
    return list(
        LedgerEntry.objects.filter(batch=batch_id, state__in=UNFINISHED)
        .order_by("attempts", "interruptions", "id")
        .values_list("recording_id", flat=True)
    )


def claim(batch_id: str, recording_id: str, stage_version: str) -> Claim | None:
    """Take one recording, or None when it is done, set aside, or in other hands."""
    entries = LedgerEntry.objects.filter(recording=recording_id, stage_version=stage_version)
    with transaction.atomic():
        taken = entries.filter(state__in=UNFINISHED).update(
            state=LedgerState.CLAIMED,
            attempts=F("attempts") + 1,
            claimed_by=batch_id,
            claimed_at=timezone.now(),
        )
        if not taken:
            return None
        entry = entries.select_related("recording").get()
    recording = entry.recording
    return Claim(
        recording_id=recording_id,
        call_id=recording.call_id,
        path=recording.path,
        size_bytes=recording.size_bytes,
        metadata=recording.metadata,
        attempts=entry.attempts,
        sha256=recording.sha256,
        inputs_digest=entry.inputs_digest,
    )


def give_back(batch_id: str, recording_ids: Iterable[str], stage_version: str) -> int:
    """Return claims of this batch untried, as an orderly stop does; the attempt does not count."""
    return LedgerEntry.objects.filter(
        recording__in=list(recording_ids),
        stage_version=stage_version,
        claimed_by=batch_id,
        state=LedgerState.CLAIMED,
    ).update(state=LedgerState.NEW, attempts=F("attempts") - 1, claimed_by=None)


def mark_failed(batch_id: str, recording_id: str, stage_version: str, code: str, message: str) -> bool:
    """Note a failure after which the recording is tried again; False when the claim was no longer ours."""
    return _end_claim(batch_id, recording_id, stage_version, LedgerState.FAILED, code, message)


def mark_quarantined(batch_id: str, recording_id: str, stage_version: str, code: str, message: str) -> bool:
    """Set a recording aside with the reason; False when the claim was no longer ours."""
    return _end_claim(batch_id, recording_id, stage_version, LedgerState.QUARANTINED, code, message)


def count_by_state(batch_id: str) -> dict[str, int]:
    """How many of the batch's recordings are in which state; states without any are 0."""
    rows = LedgerEntry.objects.filter(batch=batch_id).values_list("state").annotate(Count("id"))
    return {state.value: 0 for state in LedgerState} | dict(rows)


def count_set_aside_by(batch_id: str) -> int:
    """How many of the batch's recordings were set aside by the batch itself."""
    started = Batch.objects.values_list("started_at", flat=True).get(id=batch_id)
    return LedgerEntry.objects.filter(batch=batch_id, state__in=SET_ASIDE, finished_at__gte=started).count()


def set_aside(batch_id: str) -> list[SetAside]:
    """Every recording of the batch that was quarantined or failed, in order of call id."""
    rows = LedgerEntry.objects.filter(batch=batch_id, state__in=SET_ASIDE)
    fields = ("recording_id", "recording__call_id", "recording__path", "state", "error_code", "error_message")
    return [SetAside(*row) for row in rows.order_by("recording__call_id").values_list(*fields)]


def _end_claim(
    batch_id: str, recording_id: str, stage_version: str, state: LedgerState, code: str, message: str
) -> bool:
    changed = LedgerEntry.objects.filter(
        recording=recording_id, stage_version=stage_version, state=LedgerState.CLAIMED, claimed_by=batch_id
    ).update(state=state, claimed_by=None, finished_at=timezone.now(), error_code=code, error_message=message)
    return bool(changed)


def _enrol_recordings(found: Sequence[Enrolment]) -> None:
    known = Recording.objects.in_bulk([item.recording_id for item in found])
    people = agents_known([str(item.metadata.get("agent_id", "")) for item in found])
    new, changed = [], []
    for item in found:
        recording = known.get(item.recording_id)
        if recording is None:
            recording = Recording(id=item.recording_id, sha256=item.sha256, enrolled_at=timezone.now())
            new.append(_describe(recording, item, people))
        elif (recording.path, recording.size_bytes, recording.modified_ns, recording.metadata) != (
            item.path,
            item.size_bytes,
            item.modified_ns,
            item.metadata,
        ):
            changed.append(_describe(recording, item, people))
    Recording.objects.bulk_create(new, ignore_conflicts=True)
    Recording.objects.bulk_update(changed, _DESCRIBED)


_DESCRIBED = (
    "call_id",
    "path",
    "size_bytes",
    "modified_ns",
    "agent_id",
    "agent_name",
    "team",
    "business_type",
    "direction",
    "call_type",
    "started_at",
    "metadata",
)


def _describe(recording: Recording, item: Enrolment, people: Mapping[str, tuple[str, str]]) -> Recording:
    recording.call_id = item.call_id
    recording.path = item.path
    recording.size_bytes = item.size_bytes
    recording.modified_ns = item.modified_ns
    for name in ("agent_id", "agent_name", "team", "business_type", "direction"):
        setattr(recording, name, item.metadata.get(name, ""))
    recording.call_type = ANNOUNCED if item.metadata.get("call_type") == ANNOUNCED else ""
    # Where the platform does not say who it is, the centre's own list does.
    name, team = people.get(recording.agent_id, ("", ""))
    recording.agent_name, recording.team = recording.agent_name or name, recording.team or team
    started_at = item.metadata.get("started_at")
    recording.started_at = datetime.fromisoformat(started_at) if started_at else None
    recording.metadata = dict(item.metadata)
    return recording


def _enrol_entries(batch_id: str, stage_version: str, found: Sequence[Enrolment]) -> None:
    entries = LedgerEntry.objects.filter(
        recording__in=[item.recording_id for item in found], stage_version=stage_version
    )
    known = {entry.recording_id: entry for entry in entries}
    new, changed = [], []
    for item in found:
        entry = known.get(item.recording_id)
        if entry is None:
            entry = LedgerEntry(recording_id=item.recording_id, stage_version=stage_version, batch_id=batch_id)
            new.append(_reset(entry, item))
        elif entry.state != LedgerState.CLAIMED and _differs(entry, item):
            changed.append(_reset(entry, item))
    LedgerEntry.objects.bulk_create(new, ignore_conflicts=True)
    LedgerEntry.objects.bulk_update(changed, _RESET)
    entries.exclude(batch=batch_id).update(batch=batch_id)


_RESET = ("inputs_digest", "state", "attempts", "interruptions", "finished_at", "error_code", "error_message")


def _differs(entry: LedgerEntry, item: Enrolment) -> bool:
    if item.problem and (entry.error_code, entry.error_message) != item.problem:
        return True
    return entry.inputs_digest != item.inputs_digest


def _reset(entry: LedgerEntry, item: Enrolment) -> LedgerEntry:
    entry.inputs_digest = item.inputs_digest
    entry.attempts = entry.interruptions = 0
    entry.state = LedgerState.QUARANTINED if item.problem else LedgerState.NEW
    entry.error_code, entry.error_message = item.problem or ("", "")
    entry.finished_at = timezone.now() if item.problem else None
    return entry


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some

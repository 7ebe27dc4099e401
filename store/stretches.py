"""Flagged stretches of a month with the words around them, and the common-error clusters that were found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from store.calls import READ_AT_ONCE, between
from store.models import Assessment, ErrorCluster, Finding, Transcript
from store.months import bounds_of_month


@dataclass(frozen=True, slots=True)
class FlaggedStretch:
    """One finding against an agent's words, of the newest assessment of a call.

    ``start_s`` and ``end_s`` are seconds from the start of the recording.
    """

    finding_id: int
    recording_id: str
    call_id: str
    agent_id: str
    team: str
    business_type: str
    rule: str
    start_s: float
    end_s: float
    quote: str


def flagged_stretches(month: str) -> Iterator[FlaggedStretch]:
    """Findings with a quote of the agent's, over a month's calls, in order of their number."""
    calls = between(*bounds_of_month(month)).values("id")
    newest = Assessment.objects.filter(recording__in=calls).values("recording").annotate(newest=Max("id"))
    rows = Finding.objects.filter(assessment__in=newest.values("newest"), role="agent").exclude(quote="")
    fields = (
        "id", "assessment__recording", "assessment__recording__call_id", "agent_id", "assessment__recording__team",
        "assessment__recording__business_type", "rule", "start_s", "end_s", "quote",
    )  # fmt: skip
    for row in rows.order_by("id").values_list(*fields).iterator(chunk_size=READ_AT_ONCE):
        yield FlaggedStretch(*row)


def utterances_of(recording_ids: Sequence[str]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The newest transcript's utterances of each recording, as they are stored; recordings without one are left out."""
    for start in range(0, len(recording_ids), READ_AT_ONCE):
        some = recording_ids[start : start + READ_AT_ONCE]
        newest = Transcript.objects.filter(recording__in=some).values("recording").annotate(newest=Max("id"))
        rows = Transcript.objects.filter(id__in=newest.values("newest")).values_list("recording", "call")
        for recording_id, call in rows.iterator(chunk_size=READ_AT_ONCE):
            yield recording_id, list((call.get("transcript") or call).get("utterances", ()))


@dataclass(frozen=True, slots=True)
class StoredCluster:
    """A common error of one month, as it was found; ``number`` is its name from month to month."""

    month: str
    number: int
    name: str
    quote: str
    weight: float
    calls: int
    fingerprint: tuple[float, ...]
    document: Mapping[str, Any]


def save_clusters(month: str, clusters: Sequence[StoredCluster]) -> None:
    """Put a month's clusters in the place of those that an earlier run found for it, in one transaction."""
    now = timezone.now()
    with transaction.atomic():
        ErrorCluster.objects.filter(month=month).delete()
        ErrorCluster.objects.bulk_create(
            ErrorCluster(
                month=month,
                number=one.number,
                name=one.name,
                quote=one.quote,
                weight=one.weight,
                calls=one.calls,
                fingerprint=list(one.fingerprint),
                document=dict(one.document),
                found_at=now,
            )
            for one in clusters
        )


def clusters_until(month: str) -> list[StoredCluster]:
    """All clusters of a month and those before it, the latest month first, the heaviest first within it."""
    rows = ErrorCluster.objects.filter(month__lte=month).order_by("-month", "-weight", "number")
    return [
        StoredCluster(
            row.month, row.number, row.name, row.quote, row.weight, row.calls, tuple(row.fingerprint), row.document
        )
        for row in rows
    ]


def next_cluster_number() -> int:
    """A number that no cluster of any month has."""
    return int(ErrorCluster.objects.aggregate(last=Max("number"))["last"] or 0) + 1

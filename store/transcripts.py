"""Stored calls read in bulk to be judged again, and new judgements beside the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from itertools import islice
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from pipeline.stored_measures import values_of
from pipeline.version import CODE_VERSION
from store.calls import between
from store.models import Assessment, Batch, MeasuredValues, Transcript
from store.quick_json import dumps, loads
from store.quick_rows import document_column, insert, select
from store.records import Parts, parts_of, save_columns, save_parts, save_values
from store.values import InForce, JudgedAgain, StoredCall

ROWS_AT_ONCE = 400
"""Rows of one query: below every database's limit on parameters."""

DOCUMENTS_AT_ONCE = 50
"""Texts of documents of one query: few enough to hold, whatever they are."""


def newest_transcripts(begin: datetime, end: datetime, at_once: int) -> Iterator[list[int]]:
    """Ids of the newest transcript of every recording of a time, so many at once, in order of recording."""
    newest = Transcript.objects.filter(recording=OuterRef("pk")).order_by("-id").values("id")[:1]
    rows = between(begin, end).annotate(transcript=Subquery(newest)).filter(transcript__isnull=False)
    ids = rows.order_by("id").values_list("transcript", flat=True).iterator(chunk_size=2000)
    while some := list(islice(ids, at_once)):
        yield some


def count_transcripts(begin: datetime, end: datetime) -> int:
    """How many recordings of a time have a transcript."""
    return between(begin, end).filter(transcripts__isnull=False).distinct().count()


def transcripts_of(recording_ids: Iterable[str]) -> list[int]:
    """Ids of the newest transcript of each of these recordings; those without one are left out."""
    found: list[int] = []
    ids = sorted(set(recording_ids))
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = Transcript.objects.filter(recording__in=ids[start : start + ROWS_AT_ONCE])
        found += [last for _, last in rows.values_list("recording").annotate(Max("id"))]
    return sorted(found)


def recordings_of(transcript_ids: Sequence[int]) -> list[str]:
    """The recordings of these transcripts; at most ``ROWS_AT_ONCE``."""
    return [recording for (recording,) in select(_RECORDINGS, transcript_ids)]


_RECORDINGS = "SELECT recording_id FROM store_transcript WHERE id IN (%s)"


def stored_calls(transcript_ids: Sequence[int]) -> Iterator[StoredCall]:
    """Stored calls by their transcripts in order, each with the assessment in force where there is one.

    Their texts are read a few at a time.

    Args:
        transcript_ids: the transcripts; at most ``ROWS_AT_ONCE``.
    """
    in_force = _InForce(transcript_ids)
    statement = _CALLS.format(columns=document_column("h.document"))
    ids = sorted(transcript_ids)
    for start in range(0, len(ids), DOCUMENTS_AT_ONCE):
        rows = select(statement, ids[start : start + DOCUMENTS_AT_ONCE])
        texts = _texts([row[0] for row in rows if row[-1] is None])
        for row in rows:
            number = row[0]
            text = partial(call_text, number) if row[-1] is not None else partial(texts.__getitem__, number)
            yield StoredCall(*row, text, *in_force.of(number))


_CALLS = (
    "SELECT t.id, t.recording_id, r.call_id, r.agent_id, t.inputs_digest, t.engine, t.model_digest, {columns} "
    "FROM store_transcript t JOIN store_recording r ON r.id = t.recording_id "
    "LEFT JOIN store_heardcolumns h ON h.transcript_id = t.id WHERE t.id IN (%s) ORDER BY t.id"
)


def call_text(transcript_id: int) -> bytes | str:
    """The text of the document of a stored call."""
    return _texts([transcript_id])[transcript_id]


def _texts(transcript_ids: Sequence[int]) -> dict[int, bytes | str]:
    return dict(select(_TEXTS.format(call=document_column("call")), transcript_ids))


_TEXTS = "SELECT id, {call} FROM store_transcript WHERE id IN (%s)"


class _InForce:
    """The assessments of some transcripts as rows; what is in force of one is put together when its turn comes.

    Hundreds of them at once would take longer to find memory for than to read.
    """

    def __init__(self, transcript_ids: Sequence[int]) -> None:
        self._stages: dict[int, list[str]] = {}
        self._newest: dict[int, tuple[Any, ...]] = {}
        for transcript_id, *row in select(_ASSESSMENTS, transcript_ids):
            self._stages.setdefault(transcript_id, []).append(row[1])
            self._newest[transcript_id] = tuple(row)
        rows = self._newest.values()
        self._findings: dict[int, list[tuple[str, float, float, float, str]]] = {}
        for assessment_id, *finding in select(_FINDINGS, [row[0] for row in rows]):
            self._findings.setdefault(assessment_id, []).append(tuple(finding))
        self._grounds, self._values = _grounds({row[0]: row[3] == CODE_VERSION for row in rows})

    def of(self, transcript_id: int) -> tuple[InForce | None, frozenset[str]]:
        """The newest assessment of a transcript, and the stage versions of all."""
        if transcript_id not in self._newest:
            return None, frozenset()
        number, stage_version, sha256, code_version, score, must_review = self._newest[transcript_id]
        ground_id = self._grounds[number]
        values = self._values.get(ground_id) if code_version == CODE_VERSION else None
        in_force = InForce(
            number,
            ground_id,
            stage_version,
            sha256,
            code_version,
            score,
            bool(must_review),
            tuple(sorted(self._findings[number])) if number in self._findings else (),
            None if values is None else loads(values),
        )
        return in_force, frozenset(self._stages[transcript_id])


_ASSESSMENTS = (
    "SELECT transcript_id, id, stage_version, rulebook_sha256, code_version, score, must_review "
    "FROM store_assessment WHERE transcript_id IN (%s) ORDER BY id"
)
_FINDINGS = (
    "SELECT assessment_id, rule, start_s, end_s, points, severity FROM store_finding WHERE assessment_id IN (%s)"
)


def _grounds(assessments: Mapping[int, bool]) -> tuple[dict[int, int], dict[int, str | bytes]]:
    """What these were judged from: the assessment that stands alone by id, and the values of its measures by its id.

    Values are kept of what stands alone, which is how most of it is known: SQLite would read the whole document of an
    assessment on its way to the column that says so.

    Args:
        assessments: by id whether the values are of any use.

    Returns:
        ids, and values as the text of a document.
    """
    values = _known_values([number for number, of_use in assessments.items() if of_use])
    grounds = {number: number for number in values}
    others = [number for number in assessments if number not in grounds]
    # Where nothing is said of a ground it is its own.
    grounds.update({number: ground or number for number, ground in select(_GROUNDS, others)})
    missing = {grounds[number] for number in others if assessments[number]}
    values.update(_known_values(sorted(missing)))
    values.update(_kept_apart(sorted(missing - values.keys())))
    return grounds, values


_GROUNDS = "SELECT id, ground_id FROM store_assessment WHERE id IN (%s)"


def _known_values(ground_ids: Sequence[int]) -> dict[int, str | bytes]:
    """The values of the measures by assessment, of those that have them apart."""
    return dict(select(_VALUES.format(document=document_column("document")), ground_ids))


_VALUES = "SELECT assessment_id, {document} FROM store_measuredvalues WHERE assessment_id IN (%s)"


def _kept_apart(ground_ids: Sequence[int]) -> dict[int, str]:
    """The values of the measures that older code did not keep apart; from now on they are."""
    if not ground_ids:
        return {}
    known = {}
    rows = Assessment.objects.filter(id__in=ground_ids).values_list("id", "own_document")
    for ground_id, document in rows.iterator(chunk_size=DOCUMENTS_AT_ONCE):
        try:
            known[ground_id] = values_of(document["measures"])
        except (KeyError, TypeError, AttributeError):
            # A document of another time: who asks for its measures is told so.
            continue
    added = [MeasuredValues(assessment_id=number, document=values) for number, values in known.items()]
    MeasuredValues.objects.bulk_create(added, ignore_conflicts=True)
    return {number: dumps(values) for number, values in known.items()}


def whole_assessment(assessment_id: int) -> dict[str, Any]:
    """The document of one assessment that stands alone."""
    ((text,),) = select(f"SELECT {document_column('document')} FROM store_assessment WHERE id IN (%s)", [assessment_id])
    return dict(loads(text))


def stored_measure(assessment_id: int, name: str) -> Mapping[str, Any]:
    """One measure of an assessment that stands alone, with its evidence; the database finds it in the document.

    Raises:
        KeyError: the document does not have it.
    """
    statement, path = _one_measure(name)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*path, assessment_id])
        (text,) = cursor.fetchone()
    if text is None:
        raise KeyError(name)
    return dict(loads(text))


@cache
def _one_measure(name: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that ends in the assessment's id, and its parameters before that: put together once."""
    rows = Assessment.objects.filter(id=0).values_list(f"own_document__measures__{name}")
    statement, parameters = rows.query.sql_with_params()
    return statement, parameters[:-1]


def recipes(stage_versions: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the runs of these stage versions worked with, as far as a run is still known."""
    rows = Batch.objects.filter(stage_version__in=set(stage_versions)).order_by("started_at")
    return {stage: dict(recipe) for stage, recipe in rows.values_list("stage_version", "recipe") if recipe}


def save_judgements(judged: Iterable[JudgedAgain]) -> int:
    """Store new assessments beside the old ones, all or none, and return how many were new.

    One that is there already (same recording, inputs and stage version) is left as it is. Each is made into rows as it
    comes, so that its document is let go of; the transaction begins after the last.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    new = [_New.of(one, now) for one in judged]
    if not new:
        return 0
    with transaction.atomic():
        try:
            with transaction.atomic():
                insert(Assessment, _COLUMNS, [one.row for one in new])
        except IntegrityError:
            # As good as never: somebody else stored one of them while these were judged.
            known = _stored(new)
            new = [one for one in new if one.key not in known]
            insert(Assessment, _COLUMNS, [one.row for one in new])
        ids = _stored(new)
        save_values([(ids[one.key], one.own_values) for one in new if one.own_values is not None])
        save_parts([(ids[one.key], one.parts) for one in new])
        save_columns([one.columns for one in new])
    return len(new)


class _New(NamedTuple):
    """A new assessment as rows; ``own_values`` are the values of its measures where it stands alone."""

    key: tuple[str, str, str]
    row: tuple[Any, ...]
    own_values: Mapping[str, Any] | None
    parts: Parts
    columns: tuple[int, str | None]

    @classmethod
    def of(cls, judged: JudgedAgain, now: Any) -> _New:
        """From the judgement, to be stored ``now``."""
        document = judged.document
        own = values_of(document.get("measures") or {}) if judged.ground_id is None else None
        values = judged.values if own is None else own["values"]
        return cls(
            (judged.recording_id, judged.stage_version, judged.inputs_digest),
            _row(judged, now),
            own,
            parts_of(judged.agent_id, values, document),
            (judged.transcript_id, judged.columns),
        )


def _stored(new: Sequence[_New]) -> dict[tuple[str, str, str], int]:
    """Ids of the assessments of these calls by recording, stage version and inputs."""
    stages = sorted({one.key[1] for one in new})
    rows = select(_BY_KEY, [one.key[0] for one in new], stages)
    return {(recording_id, stage_version, inputs_digest): number for number, recording_id, stage_version, inputs_digest
            in rows}  # fmt: skip


_BY_KEY = (
    "SELECT id, recording_id, stage_version, inputs_digest FROM store_assessment "
    "WHERE recording_id IN (%s) AND stage_version IN (%s)"
)

_COLUMNS = (
    "recording", "transcript", "stage_version", "inputs_digest", "engine", "model_digest", "rulebook",
    "rulebook_version", "rulebook_sha256", "code_version", "score", "fatal", "must_review", "own_document", "ground",
    "created_at",
)  # fmt: skip


def _row(judged: JudgedAgain, now: Any) -> tuple[Any, ...]:
    document = judged.document
    provenance, score = document["provenance"], document["score"]
    return (
        judged.recording_id,
        judged.transcript_id,
        judged.stage_version,
        judged.inputs_digest,
        judged.engine,
        judged.model_digest,
        provenance["rulebook"],
        provenance["rulebook_version"],
        provenance["rulebook_sha256"],
        provenance["code_version"],
        score["total"],
        score["fatal"],
        document["route"]["must_review"],
        dumps(document),
        judged.ground_id,
        now,
    )

"""Plain values that go into the store and come out of it; importable without a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class BatchProcess:
    """A batch that holds claims, with what tells whether its process still lives."""

    batch_id: str
    host: str
    boot_id: str
    process_id: int
    process_started: str
    silent_s: float


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One recording as it was found; ``problem`` is (code, message) when it cannot even be read."""

    recording_id: str
    call_id: str
    sha256: str
    path: str
    size_bytes: int
    modified_ns: int
    inputs_digest: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    problem: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """What was known of a file's content when it had this size and time of change."""

    size_bytes: int
    modified_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One recording that is now ours to assess."""

    recording_id: str
    call_id: str
    path: str
    size_bytes: int
    metadata: Mapping[str, Any]
    attempts: int
    sha256: str = ""
    inputs_digest: str = ""


@dataclass(frozen=True, slots=True)
class SetAside:
    """One recording that was not assessed, and why."""

    recording_id: str
    call_id: str
    path: str
    state: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class UndrawnCall:
    """A call that no draw has passed yet, with what the draw needs to know.

    ``suspicious``: short, ended by the agent, and without a closing phrase.
    """

    recording_id: str
    call_id: str
    agent_id: str
    business_type: str
    started_at: datetime
    duration_s: float | None
    machine_score: float | None
    machine_fatal: bool
    must_review: bool
    suspicious: bool
    stage_version: str


@dataclass(frozen=True, slots=True)
class MonthOfDraws:
    """What was frozen when a month's draws began; ``seed_id`` is empty until a reopened stratum has its seed."""

    month: str
    seed_id: str
    model_version: str
    size_model: Mapping[str, Any]
    options: Mapping[str, Any]
    stratum: int
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AgentSampler:
    """One agent's sampler in a month and stratum; see ``store.models.DrawAgent``."""

    agent_id: str
    target: float
    forecast_e6: int
    rate_e9: int
    cumulated_e9: int


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One line of the draw's log; see ``store.models.DrawnCall``."""

    recording_id: str
    agent_id: str
    lane: str
    probability_e9: int
    size_e6: int
    position: int
    picked: bool
    machine_score: float | None
    machine_fatal: bool
    stage_version: str


@dataclass(frozen=True, slots=True)
class AgentHistory:
    """What last month's log says of an agent: calls in the probability lane, their sizes, spread of the scores."""

    agent_id: str
    calls: int
    sizes_e6: int
    score_sum: float
    score_squares: float
    scored: int


# Made for every call that is judged again, where a frozen dataclass costs more than reading the call.


class InForce(NamedTuple):
    """The assessment in force of a stored call, as far as judging again looks at it.

    Attributes:
        ground_id: the assessment that holds recording, words and measures: this one, or the one it was judged from.
        findings: rule, start and end in seconds, points and severity of each finding, sorted.
        values: of the measures, as ``pipeline.stored_measures.values_of`` gives them; None where they were taken by
            other code or cannot be read.
    """

    assessment_id: int
    ground_id: int
    stage_version: str
    rulebook_sha256: str
    code_version: str
    score: float | None
    must_review: bool
    findings: tuple[tuple[str, float, float, float, str], ...]
    values: Mapping[str, Any] | None


class StoredCall(NamedTuple):
    """A call as it was heard, with the assessment in force.

    Attributes:
        columns: the call in columns (``pipeline.call_columns``), None where an older version did not store them.
        text: gives the text of its document (``pipeline.serialise.call_to_document``).
        in_force: the assessment in force, None where there is none.
        stages: the stage versions under which this transcript was judged.
    """

    transcript_id: int
    recording_id: str
    call_id: str
    agent_id: str
    inputs_digest: str
    engine: str
    model_digest: str
    columns: bytes | str | None
    text: Callable[[], bytes | str]
    in_force: InForce | None
    stages: frozenset[str]

    @property
    def stage_version(self) -> str:
        """Of the assessment in force; empty where there is none."""
        return "" if self.in_force is None else self.in_force.stage_version


class JudgedAgain(NamedTuple):
    """A new assessment of a stored call; the call itself is let go of before the part of calls is stored.

    Attributes:
        ground_id: the assessment that holds recording, words and measures; None where ``document`` holds them too.
        values: of the measures by name, None where they are not at hand or stand in ``document``.
        agent_id: whom the call's document names.
        columns: the call in columns, None where they are stored already or it has none.
        document: as ``pipeline.serialise.assessment_to_document`` writes it, or the judgement alone with its part of
            the provenance.
    """

    recording_id: str
    transcript_id: int
    inputs_digest: str
    engine: str
    model_digest: str
    stage_version: str
    ground_id: int | None
    values: Mapping[str, Any] | None
    agent_id: str
    columns: str | None
    document: Mapping[str, Any]

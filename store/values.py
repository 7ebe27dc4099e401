"""Plain values that go into the store and come out of it; importable without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


@dataclass(frozen=True, slots=True)
class SetAside:
    """One recording that was not assessed, and why."""

    recording_id: str
    call_id: str
    path: str
    state: str
    code: str
    message: str

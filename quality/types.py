"""The frozen values that statistics share with the store: calls of a month, how they were drawn, what people said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PROBABILITY_UNIT = 1_000_000_000
"""Inclusion probabilities are whole numbers of 1e-9, so that a draw can be replayed bit by bit on any machine."""


class Lane(StrEnum):
    """Why a call stands in the queue.

    ``must``: a rule demands it. ``risk``: among the riskiest, fixed before the draw. ``probability``: the random
    sample, from which nothing is excluded. ``hand``: picked by a person afterwards; never enters an estimate.
    """

    MUST = "must"
    RISK = "risk"
    PROBABILITY = "probability"
    HAND = "hand"


class Purpose(StrEnum):
    """What a review is for.

    ``review``: the ordinary one, which counts for the agent. ``double``: a second one of the same call, to compare
    raters. ``calibration``: one rater's of a calibration session. ``standard``: the score that a session agreed on.
    """

    REVIEW = "review"
    DOUBLE = "double"
    CALIBRATION = "calibration"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Review:
    """What one person says of one call, once.

    Attributes:
        recording_id: the recording.
        rater: who heard it.
        submitted_at: when, with zone.
        score: the total, 0 to 100; None where the call could not be scored.
        fatal: whether a fatal violation was found, which makes the total 0.
        deductions: points taken off by item (rule id); an item with 0 was looked at and is clear, one that is absent
            was not judged.
        blind: whether the machine's score and flags stayed hidden until submission.
        purpose: what the review is for.
        session: name of the calibration session, else empty.
        listened_s: seconds of playing time; None where unknown.
    """

    recording_id: str
    rater: str
    submitted_at: datetime
    score: float | None
    fatal: bool = False
    deductions: Mapping[str, float] = field(default_factory=dict)
    blind: bool = False
    purpose: Purpose = Purpose.REVIEW
    session: str = ""
    listened_s: float | None = None


@dataclass(frozen=True, slots=True)
class MonthCall:
    """One call of a month as the draw saw it.

    Attributes:
        recording_id: the recording.
        call_id: the platform's id.
        agent_id: who served; empty where unknown, which is a group of its own.
        team: the agent's team at the time, or empty.
        business_type: the platform's word, or empty.
        started_at: when the call began; where the platform did not say, when the recording was found.
        duration_s: length, None where unknown.
        machine_score: the pre-score at the draw, None where nothing could be assessed.
        machine_fatal: whether the machine found a fatal violation.
        lane: the lane for which the call was considered; None when no draw has seen it yet.
        probability_e9: inclusion probability in units of 1e-9; None when no draw has seen it.
        stratum: 0 for the month itself, 1 and up for calls that came after it was closed.
        picked: whether it went into the queue.
        model_version: version of the size model that gave the probability.
        drawn_at: when its batch was drawn; calls with equal times were one batch.
    """

    recording_id: str
    call_id: str
    agent_id: str
    team: str
    business_type: str
    started_at: datetime
    duration_s: float | None
    machine_score: float | None
    machine_fatal: bool
    lane: Lane | None = None
    probability_e9: int | None = None
    stratum: int = 0
    picked: bool = False
    model_version: str = ""
    drawn_at: datetime | None = None

    @property
    def probability(self) -> float | None:
        """Inclusion probability in 0..1."""
        return None if self.probability_e9 is None else self.probability_e9 / PROBABILITY_UNIT


@dataclass(frozen=True, slots=True)
class ReviewedCall:
    """A review with the call that it speaks of."""

    review: Review
    call: MonthCall

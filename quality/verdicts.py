"""Human verdicts on findings, and how far they bear out a rule: values, adjudication, precision with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import NormalDist

PLACE_TOLERANCE_S = 1.0
"""Two hits of one rule this near in time are the same place: another model or rulebook cuts words differently."""


class Verdict(StrEnum):
    """What a person says of a finding: it is right, it is wrong, or it cannot be told from the recording."""

    CONFIRM = "confirm"
    REJECT = "reject"
    UNSURE = "unsure"


class AppealOutcome(StrEnum):
    """What was decided on an appeal: ``upheld`` means that the finding was wrong."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class FindingVerdict:
    """One person's word on what a rule found at one place of a call."""

    recording_id: str
    rule: str
    start_s: float
    end_s: float
    verdict: Verdict
    reviewer: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class DecidedAppeal:
    """An appeal that was decided, with the place of the finding; ``added`` says that a person had found it."""

    recording_id: str
    call_id: str
    rule: str
    start_s: float
    end_s: float
    outcome: AppealOutcome
    reason: str
    decided_at: datetime
    added: bool = False


@dataclass(frozen=True, slots=True)
class Precision:
    """How many of the judged hits of a rule people confirmed, with a Wilson interval; None where none was judged.

    Attributes:
        judged: hits that people confirmed or rejected; unsure ones are not among them.
        hits: all hits of the rule, judged or not.
    """

    hits: int
    judged: int
    confirmed: int
    value: float | None
    low: float | None
    high: float | None


def same_place(start_s: float, end_s: float, other_start_s: float, other_end_s: float) -> bool:
    """Whether two stretches of a call are the same place, for findings of one rule."""
    return start_s <= other_end_s + PLACE_TOLERANCE_S and other_start_s <= end_s + PLACE_TOLERANCE_S


def adjudicated(verdicts: Iterable[FindingVerdict]) -> Verdict | None:
    """What several words on one place come to: each person's last, then the majority of those that are sure.

    Returns:
        ``unsure`` when as many confirm as reject, or all are unsure; None when nobody spoke.
    """
    last: dict[str, FindingVerdict] = {}
    for one in sorted(verdicts, key=lambda one: one.given_at):
        last[one.reviewer] = one
    if not last:
        return None
    words = [one.verdict for one in last.values()]
    confirm, reject = words.count(Verdict.CONFIRM), words.count(Verdict.REJECT)
    if confirm == reject:
        return Verdict.UNSURE
    return Verdict.CONFIRM if confirm > reject else Verdict.REJECT


def verdict_at(verdicts: Sequence[FindingVerdict], rule: str, start_s: float, end_s: float) -> Verdict | None:
    """What people said of a rule's hit at a place of a call, of whose verdicts these are all."""
    here = [one for one in verdicts if one.rule == rule and same_place(start_s, end_s, one.start_s, one.end_s)]
    return adjudicated(here) if here else None


def precision(hits: int, confirmed: int, rejected: int, confidence: float = 0.95) -> Precision:
    """Precision of a rule from its judged hits.

    The interval is Wilson's score interval (JASA 22, 1927), which holds its level for few verdicts too. It is of the
    hits that people judged: where those were not chosen at random it speaks of them alone.
    """
    judged = confirmed + rejected
    if judged == 0:
        return Precision(hits, 0, 0, None, None, None)
    low, high = wilson_interval(confirmed, judged, confidence)
    return Precision(hits, judged, confirmed, confirmed / judged, low, high)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share.

    Raises:
        ValueError: there are no trials, or more successes than trials.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials}; expected at least one trial and no more successes than trials")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, square = successes / trials, z * z / trials
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    return max(0.0, centre - half), min(1.0, centre + half)

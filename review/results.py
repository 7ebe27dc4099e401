"""A reviewed call as its agent sees it: what stands against them, the score, and what became of appeals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from pipeline.rules.rescoring import rescored, violation
from pipeline.rules.rulebook import Rulebook
from pipeline.types import Finding, Role, Score, Severity
from quality.types import Purpose
from quality.verdicts import Verdict
from review import rulebooks
from review.desk import finding_from, newest_assessment, not_judged
from store import models

APPEAL_SOURCE = "appeal"
"""How the source of a review begins that an appeal corrected; the appeal's number follows."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that stands against the agent; ``key`` names it in a form."""

    key: str
    number: int
    finding: Finding
    comment: str
    appeal: models.Appeal | None

    @property
    def upheld(self) -> bool:
        """Whether an appeal has taken it away."""
        return self.appeal is not None and self.appeal.outcome == "upheld"


@dataclass(frozen=True, slots=True)
class Result:
    """A reviewed call."""

    review: models.Review
    document: Mapping[str, Any]
    rulebook: Rulebook | None
    standing: tuple[Standing, ...]
    score_appeal: models.Appeal | None
    corrections: Mapping[int, tuple[float | None, float | None]] = field(default_factory=dict)
    """By appeal, the score before and after it."""

    @property
    def by_decision(self) -> bool:
        """Whether the total is a supervisor's entry, so that what stands does not add up to it."""
        return self.score_appeal is not None and self.score_appeal.outcome == "upheld"

    def without(self, appeal: models.Appeal) -> tuple[Score, tuple[Finding, ...]] | None:
        """The score with what an appeal takes away left out; None for an appeal against the score, or without rules."""
        key = key_of(appeal)
        if self.rulebook is None or not key:
            return None
        kept = [one.finding for one in self.standing if one.key != key and not one.upheld]
        standing, score = rescored(kept, not_judged(self.document), self.rulebook)
        return score, standing

    def total_without(self, appeal: models.Appeal) -> float | None:
        """The total with what an appeal takes away given back; None as for ``without``, or where there is no total.

        To a total that a supervisor entered only the points of this finding are added.
        """
        after = self.without(appeal)
        total = None if after is None else after[0].total
        if total is None or not self.by_decision or self.review.score is None or self.rulebook is None:
            return total
        now = [one.finding for one in self.standing if not one.upheld]
        before = rescored(now, not_judged(self.document), self.rulebook)[1].total
        return min(100.0, self.review.score + max(0.0, total - (total if before is None else before)))


def key_of(appeal: models.Appeal) -> str:
    """The key of what is appealed, empty for the score."""
    if appeal.finding_id is not None:
        return f"finding-{appeal.finding_id}"
    return f"added-{appeal.added_id}" if appeal.added_id is not None else ""


def load_result(review: models.Review) -> Result:
    """A review with what stands by it."""
    sitting = models.Sitting.objects.filter(recording=review.recording_id, review__isnull=False).order_by("-id").first()
    assessment = sitting.assessment if sitting else newest_assessment(review.recording_id)
    document: Mapping[str, Any] = assessment.document if assessment else {}
    book = None
    if assessment is not None:
        book, _exact = rulebooks.rulebook_of(assessment.rulebook, assessment.rulebook_sha256)
    appeals = {key_of(one): one for one in models.Appeal.objects.filter(recording=review.recording_id).order_by("id")}
    blind = review.blind
    found: list[tuple[str, Finding, str]] = []
    if assessment is not None and not blind:
        found += _machine(assessment, review)
    found += _added(review, book)
    found.sort(key=lambda one: one[1].start_s)
    standing = tuple(
        Standing(key, number, finding, comment, appeals.get(key))
        for number, (key, finding, comment) in enumerate(found, start=1)
    )
    return Result(review, document, book, standing, appeals.get(""), corrections_of([review.recording_id]))


def corrections_of(recording_ids: Sequence[str]) -> dict[int, tuple[float | None, float | None]]:
    """What appeals did to the scores of some calls: by appeal, before and after."""
    rows = models.Review.objects.filter(recording__in=recording_ids, purpose=Purpose.REVIEW.value)
    found: dict[int, tuple[float | None, float | None]] = {}
    last: dict[str, float | None] = {}
    for recording_id, source, score in rows.order_by("submitted_at", "id").values_list(
        "recording_id", "source", "score"
    ):
        kind, _, number = source.partition(" ")
        if kind == APPEAL_SOURCE and number.isdigit():
            found[int(number)] = (last.get(recording_id), score)
        last[recording_id] = score
    return found


def _machine(assessment: models.Assessment, review: models.Review) -> list[tuple[str, Finding, str]]:
    """The machine's findings that the reviewer let stand."""
    words = models.FindingVerdict.objects.filter(recording=review.recording_id, reviewer=review.rater).order_by("id")
    last = {finding_id: (Verdict(verdict), comment) for finding_id, verdict, comment in
            words.values_list("finding_id", "verdict", "comment")}  # fmt: skip
    ids = models.Finding.objects.filter(assessment=assessment).order_by("id").values_list("id", flat=True)
    found = []
    for finding_id, item in zip(ids, assessment.own_document["findings"], strict=True):
        verdict, comment = last.get(finding_id, (None, ""))
        finding = finding_from(item)
        confirmed = verdict is Verdict.CONFIRM
        counted = verdict is None and finding.severity is not Severity.WARN and review.deductions.get(finding.rule)
        if confirmed or counted:
            found.append((f"finding-{finding_id}", finding, comment))
    return found


def _added(review: models.Review, book: Rulebook | None) -> list[tuple[str, Finding, str]]:
    """What reviewers of this call added, from the first review on: a correction by appeal adds nothing."""
    rows = models.AddedViolation.objects.filter(recording=review.recording_id, review__rater=review.rater)
    found = []
    for row in rows.order_by("id"):
        rule = book.by_id.get(row.rule) if book else None
        if rule is not None:
            finding = violation(rule, Role(row.role), row.start_s, row.end_s, row.quote)
            found.append((f"added-{row.pk}", finding, row.comment))
    return found


def corrected_review(result: Result, appeal: models.Appeal, score: float | None = None) -> models.Review | None:
    """The review as it is once an appeal is upheld, not yet stored; None where the score stays.

    It stands beside the earlier one under the same rater, and as the later word takes its place.

    Args:
        result: the call as it stands.
        appeal: the appeal.
        score: the total that a supervisor entered, of an appeal against the score itself.
    """
    review = result.review
    if not key_of(appeal):
        if score is None:
            return None
        # What was found stands; the supervisor's total is the decision.
        return _later(review, appeal, score, review.fatal and score == 0, dict(review.deductions))
    after = result.without(appeal)
    if after is None:
        return None
    computed, standing = after
    deductions = {rule: 0.0 for rule in review.deductions}
    for finding in standing:
        if finding.severity is Severity.DEDUCT:
            deductions[finding.rule] = deductions.get(finding.rule, 0.0) + finding.points
        elif finding.severity is Severity.FATAL:
            deductions[finding.rule] = 100.0
    return _later(review, appeal, result.total_without(appeal), computed.fatal, deductions)


def _later(
    review: models.Review, appeal: models.Appeal, score: float | None, fatal: bool, deductions: dict[str, float]
) -> models.Review:
    now = timezone.now()
    return models.Review(
        recording=review.recording,
        rater=review.rater,
        purpose=review.purpose,
        session=review.session,
        score=None if score is None else round(score, 3),
        fatal=fatal,
        deductions=deductions,
        blind=review.blind,
        listened_s=review.listened_s,
        submitted_at=now,
        source=f"{APPEAL_SOURCE} {appeal.pk}",
        recorded_at=now,
    )

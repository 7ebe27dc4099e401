"""One call as a person sees it: what they may see of it, what they have said so far, and the score that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404
from django.utils import timezone

from pipeline.rules.rescoring import rescored, violation
from pipeline.rules.rulebook import Rulebook
from pipeline.types import Finding, MatchKind, Role, Score, Severity
from quality.types import Lane, Purpose
from quality.verdicts import Verdict
from review import rulebooks
from review.sitting_state import Facts, SittingState, state_of
from store import calibration, models, queue, sittings

CALIBRATION_LANE = "calibration"
"""Stands for a lane where a call is opened from a calibration session."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One finding of the machine with its row's id and the last word on it."""

    id: int
    number: int
    finding: Finding
    verdict: Verdict | None = None
    reason: str = ""
    comment: str = ""

    @property
    def scoring(self) -> bool:
        """Whether it changes the score, so that it must be judged."""
        return self.finding.severity is not Severity.WARN

    @property
    def standing(self) -> bool:
        """Whether it counts: nobody has rejected it or been unsure."""
        return self.verdict not in (Verdict.REJECT, Verdict.UNSURE)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the page of one call shows.

    ``hidden`` means that the machine's result is withheld: then ``flags`` is empty, whatever the machine found.
    ``judging`` says that the person has the call in hand. ``rulebook_is_exact`` is false where the rulebook was
    changed after the call was judged.
    """

    recording: models.Recording
    assessment: models.Assessment | None
    document: Mapping[str, Any]
    item: models.QueueItem | None
    lane: str
    hidden: bool
    judging: bool
    sitting: models.Sitting | None
    state: SittingState
    flags: tuple[Flag, ...]
    added: tuple[tuple[int, Finding, str], ...]
    rulebook: Rulebook | None
    rulebook_is_exact: bool
    score: Score | None
    standing: tuple[Finding, ...]

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        """The transcript's lines."""
        utterances: Sequence[Mapping[str, Any]] = self.document.get("transcript", {}).get("utterances", ())
        return utterances

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.recording.duration_s or 0.0

    @property
    def undecided(self) -> int:
        """Flags that change the score and nobody has judged."""
        return sum(1 for flag in self.flags if flag.scoring and flag.verdict is None)

    @property
    def submitted(self) -> bool:
        """Whether the person's work on the call is handed in."""
        return self.sitting is not None and self.sitting.submitted_at is not None

    def facts(self) -> Facts:
        """What an event may speak of."""
        rules = frozenset(self.rulebook.by_id) if self.rulebook else frozenset()
        return Facts(frozenset(flag.id for flag in self.flags), rules, self.lines, self.duration_s)


def newest_assessment(recording_id: str) -> models.Assessment | None:
    """The assessment in force of a recording."""
    return models.Assessment.objects.filter(recording=recording_id).order_by("-id").first()


def may_open(user: Any, recording_id: str) -> bool:
    """Whether a person may open a call: every call, or only one in hand or worked on before."""
    if user.has_perm("store.see_calls"):
        return True
    if not user.has_perm("store.judge_calls"):
        return False
    return (
        queue.holds(recording_id, user) or models.Sitting.objects.filter(recording=recording_id, reviewer=user).exists()
    )


def load_desk(user: Any, recording_id: str, session: models.CalibrationSession | None = None) -> Desk:
    """The call as this person may see it, from the queue or in a calibration session.

    Raises:
        Http404: there is no such call, or it is none of theirs.
    """
    if session is not None:
        return _calibration_desk(user, recording_id, session)
    recording = models.Recording.objects.select_related("queue_item", "drawn").filter(id=recording_id).first()
    if recording is None or not may_open(user, recording_id):
        raise Http404
    item = getattr(recording, "queue_item", None)
    drawn = getattr(recording, "drawn", None)
    lane = item.lane if item else drawn.lane if drawn and drawn.picked else ""
    sitting = sittings.newest_sitting(recording_id, user)
    judging = (
        item is not None
        and item.done_at is None
        and item.claimed_by_id == user.pk
        and item.lease_until is not None
        and item.lease_until >= timezone.now()
        and user.has_perm("store.judge_calls")
    )
    if judging and (sitting is None or sitting.submitted_at is not None):
        newest = newest_assessment(recording_id)
        blind = is_blind(lane) and not sittings.revealed_to(recording_id, user.get_username())
        sitting = sittings.open_sitting(recording_id, newest.pk if newest else None, user, blind=blind)
    # A night or a rescoring in between must not change what is on the table: a sitting keeps its assessment.
    assessment = sitting.assessment if sitting else newest_assessment(recording_id)
    return _desk(user, recording, item, lane, sitting, assessment, judging=judging)


def _calibration_desk(user: Any, recording_id: str, session: models.CalibrationSession) -> Desk:
    """A call of a calibration session: always heard blind, the others' words and the machine's withheld."""
    recording = models.Recording.objects.filter(id=recording_id).first()
    if recording is None or not calibration.may_rate(session, user, recording_id):
        raise Http404
    sitting = sittings.newest_sitting(recording_id, user, Purpose.CALIBRATION, session.name)
    if sitting is None and session.closed_at is None:
        newest = newest_assessment(recording_id)
        pk = newest.pk if newest else None
        sitting = sittings.open_sitting(
            recording_id, pk, user, blind=True, purpose=Purpose.CALIBRATION, session=session.name
        )
    assessment = sitting.assessment if sitting else newest_assessment(recording_id)
    judging = sitting is not None and sitting.submitted_at is None and session.closed_at is None
    return _desk(user, recording, None, CALIBRATION_LANE, sitting, assessment, judging=judging)


def is_blind(lane: str) -> bool:
    """Whether calls of a lane are heard without the machine's result."""
    return lane in (Lane.PROBABILITY.value, CALIBRATION_LANE)


def hidden_from(user: Any, recording_id: str, lane: str, item: models.QueueItem | None, *, submitted: bool) -> bool:
    """Whether the machine's result of a call is withheld from a person.

    It is, of a call in the blind lane, until they have submitted; whoever may see all calls sees it once somebody
    has, or after a reveal, which is on record.
    """
    if lane == CALIBRATION_LANE:
        # Also after one's own word: the others have not spoken yet. The session's page compares.
        return True
    if not is_blind(lane) or submitted:
        return False
    if item is not None and item.done_at is not None and user.has_perm("store.see_calls"):
        return False
    return not sittings.revealed_to(recording_id, user.get_username())


def _desk(
    user: Any,
    recording: models.Recording,
    item: models.QueueItem | None,
    lane: str,
    sitting: models.Sitting | None,
    assessment: models.Assessment | None,
    *,
    judging: bool,
) -> Desk:
    submitted = sitting is not None and sitting.submitted_at is not None
    hidden = hidden_from(user, recording.id, lane, item, submitted=submitted)
    state = state_of(sittings.events_of(sitting)) if sitting else SittingState()
    document: Mapping[str, Any] = assessment.document if assessment else {}
    book, exact = None, True
    if assessment is not None:
        book, exact = rulebooks.rulebook_of(assessment.rulebook, assessment.rulebook_sha256)
    flags = () if hidden or assessment is None else flags_of(assessment, state)
    added = tuple(
        (one.event, violation(book.by_id[one.rule], one.role, one.start_s, one.end_s, one.quote), one.comment)
        for one in state.added
        if book is not None and one.rule in book.by_id
    )
    score, standing = None, ()
    if book is not None:
        score, standing, added = _scored(flags, added, document, book, blind=sitting is not None and sitting.blind)
    return Desk(
        recording=recording,
        assessment=assessment,
        document=document,
        item=item,
        lane=lane,
        hidden=hidden,
        judging=judging and not submitted,
        sitting=sitting,
        state=state,
        flags=flags,
        added=added,
        rulebook=book,
        rulebook_is_exact=exact,
        score=score,
        standing=standing,
    )


def _scored(
    flags: tuple[Flag, ...],
    added: tuple[tuple[int, Finding, str], ...],
    document: Mapping[str, Any],
    book: Rulebook,
    *,
    blind: bool,
) -> tuple[Score, tuple[Finding, ...], tuple[tuple[int, Finding, str], ...]]:
    # In a blind review the person's own findings are the score, also after the machine's have come to light.
    machine = [] if blind else [flag.finding for flag in flags if flag.standing]
    standing, score = rescored([*machine, *(finding for _, finding, _ in added)], not_judged(document), book)
    points = {(one.rule, one.start_s, one.end_s, one.role, one.quote): one.points for one in standing}
    with_points = tuple(
        (event, replace(one, points=points[one.rule, one.start_s, one.end_s, one.role, one.quote]), comment)
        for event, one, comment in added
    )
    return score, standing, with_points


def not_judged(document: Mapping[str, Any]) -> frozenset[str]:
    """Rules that the machine could not judge on a call."""
    return frozenset(item["rule"] for key in ("not_assessable", "errors") for item in document.get(key, ()))


def flags_of(assessment: models.Assessment, state: SittingState) -> tuple[Flag, ...]:
    """The machine's findings in order of time, with the last word on each."""
    ids = models.Finding.objects.filter(assessment=assessment).order_by("id").values_list("id", flat=True)
    flags = []
    # The rows were written in the order of the document, which has what the columns leave out.
    for number, (finding_id, item) in enumerate(zip(ids, assessment.own_document["findings"], strict=True), start=1):
        judged = state.verdicts.get(finding_id)
        flags.append(
            Flag(
                id=finding_id,
                number=number,
                finding=finding_from(item),
                verdict=judged.verdict if judged else None,
                reason=judged.reason if judged else "",
                comment=judged.comment if judged else "",
            )
        )
    return tuple(flags)


def finding_from(item: Mapping[str, Any]) -> Finding:
    """A finding as an assessment's document holds it."""
    kinds = {"severity": Severity(item["severity"]), "role": Role(item["role"]), "match": MatchKind(item["match"])}
    return Finding(**{**item, **kinds})


def submission_of(desk: Desk) -> sittings.Submission:
    """What a sitting comes to, as the store takes it."""
    if desk.score is None or desk.rulebook is None:
        raise ValueError("a call without a rulebook cannot be scored")
    skipped = not_judged(desk.document) - {finding.rule for finding in desk.standing}
    deductions = {rule.id: 0.0 for rule in desk.rulebook.ordered if rule.changes_score and rule.id not in skipped}
    for finding in desk.standing:
        if finding.severity is Severity.DEDUCT:
            deductions[finding.rule] = deductions.get(finding.rule, 0.0) + finding.points
        elif finding.severity is Severity.FATAL:
            deductions[finding.rule] = 100.0
    return sittings.Submission(
        score=None if desk.score.total is None else round(desk.score.total, 3),
        fatal=desk.score.fatal,
        deductions=deductions,
        verdicts=[(flag.id, flag.verdict, flag.comment or flag.reason) for flag in desk.flags if flag.verdict],
        added=[
            {
                "agent_id": desk.recording.agent_id,
                "rule": finding.rule,
                "category": finding.category,
                "severity": finding.severity.value,
                "points": finding.points,
                "role": finding.role.value,
                "start_s": finding.start_s,
                "end_s": finding.end_s,
                "quote": finding.quote,
                "comment": comment,
            }
            for _, finding, comment in desk.added
        ],
        corrections=[
            {
                "start_s": one.start_s,
                "end_s": one.end_s,
                "role": one.role,
                "heard": one.heard,
                "corrected": one.corrected,
            }
            for one in desk.state.corrected.values()
        ],
    )


def may_listen(user: Any, recording: models.Recording) -> bool:
    """Whether a person may hear a call: one that they may open, or an agent's own that was reviewed."""
    return may_open(user, recording.id) or is_own_reviewed(user, recording) or is_calibrating(user, recording)


def is_calibrating(user: Any, recording: models.Recording) -> bool:
    """Whether the call is in a calibration session of this person."""
    return models.CalibrationCall.objects.filter(recording=recording, session__raters=user).exists()


def is_own_reviewed(user: Any, recording: models.Recording) -> bool:
    """Whether it is a reviewed call of the very agent who asks."""
    if not user.has_perm("store.see_own_results") or not recording.agent_id:
        return False
    account = models.Account.objects.filter(user=user).first()
    if account is None or account.agent_id != recording.agent_id:
        return False
    return models.Review.objects.filter(recording=recording, purpose=Purpose.REVIEW.value).exists()

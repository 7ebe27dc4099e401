"""The tables. Only ``store.ledger`` and ``store.records`` touch them; everyone else calls those."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from store.api_tables import ApiToken as ApiToken
from store.api_tables import Webhook as Webhook
from store.api_tables import WebhookMessage as WebhookMessage
from store.centre_tables import Agent as Agent
from store.centre_tables import RecordingSource as RecordingSource
from store.centre_tables import RetentionRun as RetentionRun
from store.centre_tables import Team as Team
from store.draw_tables import Draw as Draw
from store.draw_tables import DrawAgent as DrawAgent
from store.draw_tables import DrawMonth as DrawMonth
from store.draw_tables import DrawnCall as DrawnCall
from store.draw_tables import HandPick as HandPick
from store.draw_tables import ReviewerPlan as ReviewerPlan
from store.page_tables import AgentEstimate as AgentEstimate
from store.page_tables import CalibrationCall as CalibrationCall
from store.page_tables import CalibrationSession as CalibrationSession
from store.page_tables import MonthReport as MonthReport
from store.page_tables import RuleNote as RuleNote
from store.quick_json import DocumentField
from store.report_tables import CallMeasures as CallMeasures
from store.report_tables import StoredReport as StoredReport
from store.review_tables import Account as Account
from store.review_tables import AddedViolation as AddedViolation
from store.review_tables import LineCorrection as LineCorrection
from store.review_tables import QueueItem as QueueItem
from store.review_tables import Reveal as Reveal
from store.review_tables import Sitting as Sitting
from store.review_tables import SittingEvent as SittingEvent
from store.rulebook_tables import RulebookProposal as RulebookProposal
from store.training_tables import Coaching as Coaching
from store.training_tables import ErrorCluster as ErrorCluster
from store.training_tables import RuleScope as RuleScope


class Batch(models.Model):
    """One run over a folder of recordings, and the process that carries it out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.TextField()
    stage_version = models.CharField(max_length=64)
    recipe = models.JSONField(default=dict)
    host = models.CharField(max_length=255)
    boot_id = models.CharField(max_length=64)
    process_id = models.IntegerField()
    process_started = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    summary = models.JSONField(null=True)
    # Counted once, when it ends: a page over thirty nights of 600,000 calls must not count them all again.
    done_at_end = models.IntegerField(null=True)

    class Meta:
        """Nights are looked up by their time."""

        indexes = (models.Index(fields=["started_at"], name="batch_started"),)


class Recording(models.Model):
    """One recording of one call: where it lies, what it holds, what the platform says of it."""

    id = models.CharField(primary_key=True, max_length=32)
    call_id = models.TextField(db_index=True)
    # Empty when the content cannot be read.
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    path = models.TextField(db_index=True)
    size_bytes = models.BigIntegerField(default=0)
    modified_ns = models.BigIntegerField(default=0)
    agent_id = models.TextField(blank=True)
    agent_name = models.TextField(blank=True)
    team = models.TextField(blank=True)
    business_type = models.TextField(blank=True)
    direction = models.CharField(max_length=16, blank=True)
    # "test" for an announced test call, which is nobody's customer and enters no estimate; else empty.
    call_type = models.CharField(max_length=16, blank=True, default="", db_default="")
    started_at = models.DateTimeField(null=True)
    metadata = models.JSONField(default=dict)
    duration_s = models.FloatField(null=True)
    sample_rate_hz = models.IntegerField(null=True)
    channels = models.IntegerField(null=True)
    channel_layout = models.CharField(max_length=16, blank=True)
    enrolled_at = models.DateTimeField()

    class Meta:
        """Calls are listed by agent and time."""

        indexes = (
            models.Index(fields=["agent_id", "started_at"], name="recording_agent_started"),
            models.Index(fields=["started_at"], name="recording_started"),
            models.Index(fields=["started_at"], name="recording_announced", condition=models.Q(call_type="test")),
        )


class LedgerState(models.TextChoices):
    """How far one recording is under one stage version."""

    NEW = "new"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class LedgerEntry(models.Model):
    """The truth about one recording under one stage version: what is left to do, and what went wrong.

    ``attempts`` goes up when the recording is claimed, so that one which takes its host down cannot be tried for
    ever; a claim whose whole run ended is given back as an ``interruption`` instead. ``inputs_digest`` covers
    what is assessed beside the sound (metadata, a transcript that came with the recording).
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="ledger")
    stage_version = models.CharField(max_length=64)
    inputs_digest = models.CharField(max_length=64)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.SET_NULL, related_name="entries")
    state = models.CharField(max_length=16, choices=LedgerState.choices, default=LedgerState.NEW)
    attempts = models.IntegerField(default=0)
    interruptions = models.IntegerField(default=0)
    claimed_by = models.ForeignKey(Batch, null=True, on_delete=models.SET_NULL, related_name="claims")
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=32, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        """One entry for a recording under a stage version."""

        constraints = (models.UniqueConstraint(fields=["recording", "stage_version"], name="ledger_recording_stage"),)
        indexes = (
            models.Index(fields=["batch", "state"], name="ledger_batch_state"),
            models.Index(fields=["state", "stage_version"], name="ledger_state_stage"),
        )


class Transcript(models.Model):
    """What was heard in a recording: speech turns and words, so that new rules need neither sound nor engine.

    Roles come from the metadata (which channel is the agent's), so the same sound under other inputs is another row.
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="transcripts")
    sha256 = models.CharField(max_length=64, db_index=True)
    inputs_digest = models.CharField(max_length=64)
    engine = models.CharField(max_length=64)
    model_digest = models.CharField(max_length=64)
    options_digest = models.CharField(max_length=64)
    # Engine, model, options and detector as the nightly flow names them before it has loaded any of them.
    hearing = models.CharField(max_length=64, blank=True)
    call = DocumentField()
    created_at = models.DateTimeField()

    class Meta:
        """One transcript for a recording, engine, model and options; found again by the sound and how it was heard."""

        constraints = (
            models.UniqueConstraint(
                fields=["recording", "inputs_digest", "engine", "model_digest", "options_digest", "hearing"],
                name="transcript_key",
            ),
        )
        indexes = (models.Index(fields=["sha256", "hearing"], name="transcript_heard"),)


class Assessment(models.Model):
    """The whole result for one call under one stage version, with the parts that are searched as columns.

    One that was judged again from what is stored (``ground`` is set) keeps its judgement alone in ``own_document``:
    recording, words and measures stand in the assessment that was there before. ``document`` is the whole of it.
    """

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="assessments")
    transcript = models.ForeignKey(Transcript, null=True, on_delete=models.PROTECT, related_name="assessments")
    stage_version = models.CharField(max_length=64)
    inputs_digest = models.CharField(max_length=64)
    engine = models.CharField(max_length=64)
    model_digest = models.CharField(max_length=64)
    rulebook = models.CharField(max_length=128)
    rulebook_version = models.CharField(max_length=64)
    rulebook_sha256 = models.CharField(max_length=64)
    code_version = models.CharField(max_length=64)
    score = models.FloatField(null=True)
    fatal = models.BooleanField()
    must_review = models.BooleanField()
    own_document = DocumentField(db_column="document")
    ground = models.ForeignKey("self", null=True, on_delete=models.RESTRICT, related_name="judged_again")
    created_at = models.DateTimeField()

    @property
    def document(self) -> dict[str, Any]:
        """The document of ``pipeline.serialise.assessment_to_document``."""
        return whole_document(self.own_document, self.ground.own_document if self.ground else None)

    class Meta:
        """The same recording, inputs and stage version are never stored twice."""

        constraints = (
            models.UniqueConstraint(
                fields=["recording", "stage_version", "inputs_digest"], name="assessment_recording_stage"
            ),
        )
        indexes = (
            models.Index(fields=["must_review", "created_at"], name="assessment_review"),
            models.Index(fields=["created_at"], name="assessment_created"),
        )


def whole_document(own: dict[str, Any], ground: dict[str, Any] | None) -> dict[str, Any]:
    """An assessment's own document on the ground of the one that it was judged from; None where it stands alone."""
    if ground is None:
        return own
    return {**ground, **own, "provenance": {**ground["provenance"], **own["provenance"]}}


class MeasuredValues(models.Model):
    """The measures of an assessment that stands alone, without their evidence: what judging it again looks at."""

    assessment = models.OneToOneField(Assessment, primary_key=True, on_delete=models.CASCADE, related_name="values")
    document = DocumentField()


class HeardColumns(models.Model):
    """A transcript's turns and words in columns (``pipeline.call_columns``): what judging it again looks at."""

    transcript = models.OneToOneField(Transcript, primary_key=True, on_delete=models.CASCADE, related_name="columns")
    document = DocumentField()


class Finding(models.Model):
    """One violation or warning, a row of its own so that rules and agents can be counted."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="findings")
    agent_id = models.TextField(blank=True)
    rule = models.CharField(max_length=128)
    category = models.CharField(max_length=128)
    severity = models.CharField(max_length=16)
    points = models.FloatField()
    role = models.CharField(max_length=16)
    start_s = models.FloatField()
    end_s = models.FloatField()
    quote = models.TextField(blank=True)
    match = models.CharField(max_length=16)
    confidence = models.FloatField(null=True)
    message = models.TextField()

    class Meta:
        """Counted by rule, and by agent and rule."""

        indexes = (
            models.Index(fields=["rule"], name="finding_rule"),
            # All that counting an agent's findings asks for: a row each would be a read of the disk each.
            models.Index(fields=["agent_id", "rule", "severity", "assessment"], name="finding_of_agent"),
        )


class NotAssessable(models.Model):
    """A rule that could not be judged on a call, with the reason."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="not_assessable")
    rule = models.CharField(max_length=128)
    reason = models.TextField()

    class Meta:
        """Counted by rule."""

        indexes = (models.Index(fields=["rule"], name="not_assessable_rule"),)


class Review(models.Model):
    """What one person said of one call, once; never changed, a correction is a further row.

    ``deductions`` are points taken off by item; an item with 0 was looked at and is clear. ``source`` says by what
    way the review came in.
    """

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="reviews")
    rater = models.TextField()
    purpose = models.CharField(max_length=16)
    session = models.TextField(blank=True)
    score = models.FloatField(null=True)
    fatal = models.BooleanField()
    deductions = models.JSONField(default=dict)
    blind = models.BooleanField()
    listened_s = models.FloatField(null=True)
    submitted_at = models.DateTimeField()
    source = models.TextField(blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        """The same submission is never stored twice."""

        constraints = (
            models.UniqueConstraint(
                fields=["recording", "rater", "purpose", "session", "submitted_at"], name="review_submission"
            ),
        )
        indexes = (models.Index(fields=["rater", "submitted_at"], name="review_rater_submitted"),)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; a row that exists stays as it is."""
        if not self._state.adding:
            raise TypeError("a review is never changed; record another one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: a review is never removed."""
        raise TypeError("a review is never removed; record another one")


class FindingVerdict(models.Model):
    """What one person says of one finding, once; never changed, a later word of the same person is a further row.

    Rule, place and words are kept beside the finding, so that the verdict can be held against what another rulebook
    finds at the same place of the same call.
    """

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="verdicts")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="verdicts")
    rule = models.CharField(max_length=128)
    start_s = models.FloatField()
    end_s = models.FloatField()
    verdict = models.CharField(max_length=16)
    reviewer = models.TextField()
    comment = models.TextField(blank=True)
    source = models.TextField(blank=True)
    given_at = models.DateTimeField()

    class Meta:
        """Read by call, and by rule."""

        indexes = (
            models.Index(fields=["recording", "rule"], name="verdict_recording_rule"),
            models.Index(fields=["rule", "given_at"], name="verdict_rule_given"),
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; a row that exists stays as it is."""
        if not self._state.adding:
            raise TypeError("a verdict is never changed; record another one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: a verdict is never removed."""
        raise TypeError("a verdict is never removed; record another one")


class Appeal(models.Model):
    """An agent's objection to one finding, and what was decided; ``outcome`` is empty while it is open.

    The decision is written once. An upheld appeal says that the finding was wrong. Where no finding of the machine is
    meant, it is a violation that the reviewer ``added``, or with neither the score of the ``review``.
    """

    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="appeals")
    added = models.ForeignKey(AddedViolation, null=True, on_delete=models.PROTECT, related_name="appeals")
    review = models.ForeignKey(Review, null=True, on_delete=models.PROTECT, related_name="appeals")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="appeals")
    rule = models.CharField(max_length=128)
    start_s = models.FloatField()
    end_s = models.FloatField()
    filed_by = models.TextField()
    reason = models.TextField(blank=True)
    filed_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, blank=True)
    decided_by = models.TextField(blank=True)
    decision_reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """Read by what was decided, and by call."""

        indexes = (
            models.Index(fields=["outcome", "decided_at"], name="appeal_outcome"),
            models.Index(fields=["recording", "rule"], name="appeal_recording_rule"),
        )

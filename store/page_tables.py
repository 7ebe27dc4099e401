"""Further tables behind the review pages: calibration sessions, notes on rules, shown estimates.

``store.models`` takes them in.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CalibrationSession(models.Model):
    """Some calls that several raters score blind, to be compared and discussed.

    ``name`` is the ``session`` of the reviews that belong to it. ``tolerance`` is in points.
    """

    name = models.CharField(max_length=100, unique=True)
    tolerance = models.FloatField(default=5.0)
    created_by = models.TextField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    raters = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="calibrations")
    recordings = models.ManyToManyField("store.Recording", through="store.CalibrationCall")

    class Meta:
        """The newest first."""

        ordering = ("-created_at",)


class CalibrationCall(models.Model):
    """One call of a session, with what the discussion came to; ``standard`` is the agreed review."""

    session = models.ForeignKey(CalibrationSession, on_delete=models.CASCADE, related_name="calls")
    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="calibration_calls")
    standard = models.ForeignKey("store.Review", null=True, on_delete=models.PROTECT, related_name="+")
    discussion = models.TextField(blank=True)

    class Meta:
        """A call is in a session once."""

        constraints = (models.UniqueConstraint(fields=["session", "recording"], name="calibration_call_once"),)


class RuleNote(models.Model):
    """How a clause is to be read, written down after people had read it differently."""

    rulebook = models.CharField(max_length=128)
    rule = models.CharField(max_length=128)
    text = models.TextField()
    person = models.TextField()
    session = models.ForeignKey(CalibrationSession, null=True, on_delete=models.SET_NULL, related_name="notes")
    at = models.DateTimeField()

    class Meta:
        """Read by rule."""

        indexes = (models.Index(fields=["rulebook", "rule"], name="rule_note_rule"),)


class MonthReport(models.Model):
    """What a command computed of a month for one subject (a team, an agent, an item), so that a page need not.

    ``kind`` says what it is: see ``store.month_reports``.
    """

    month = models.CharField(max_length=7)
    kind = models.CharField(max_length=16)
    subject = models.TextField(blank=True)
    document = models.JSONField()
    computed_at = models.DateTimeField()

    class Meta:
        """The last word on a subject's month."""

        constraints = (models.UniqueConstraint(fields=["month", "kind", "subject"], name="month_report_subject"),)
        indexes = (models.Index(fields=["kind", "subject", "month"], name="month_report_listed"),)


class AgentEstimate(models.Model):
    """One agent's month as it was last estimated, so that a page need not compute it."""

    month = models.CharField(max_length=7)
    agent_id = models.TextField(blank=True)
    agent_name = models.TextField(blank=True)
    team = models.TextField(blank=True)
    quantity = models.CharField(max_length=16)
    method = models.CharField(max_length=32, blank=True)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    calls = models.IntegerField()
    reviews = models.IntegerField()
    certain = models.IntegerField()
    uses = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    computed_at = models.DateTimeField()

    class Meta:
        """The last word on an agent's month; listed by month and team."""

        constraints = (models.UniqueConstraint(fields=["month", "agent_id", "quantity"], name="agent_estimate_month"),)
        indexes = (
            models.Index(fields=["month", "quantity", "team", "agent_id"], name="agent_estimate_listed"),
            models.Index(fields=["agent_id", "quantity", "month"], name="agent_estimate_agent"),
        )

"""The tables of the draw: months with their frozen samplers, what was drawn, what a person picked, reviewers' plans.

``store.models`` takes them in; ``store.draws`` and ``store.plans`` read and write them.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class DrawMonth(models.Model):
    """One month of draws: what was frozen when it began, and whether it is closed.

    ``seed_id`` names the seed; the seed itself is never in the database. ``stratum`` is where calls go that come now:
    0 while the month is open, one more each time it is closed, so that what was drawn before keeps its meaning.
    """

    month = models.CharField(primary_key=True, max_length=7)
    seed_id = models.CharField(max_length=16)
    model_version = models.CharField(max_length=64)
    size_model = models.JSONField()
    options = models.JSONField(default=dict)
    stratum = models.IntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)


class DrawAgent(models.Model):
    """The sampler of one agent in one month and stratum: its frozen rate, and how far it has come.

    ``rate_e9`` is inclusion probability for a call of size 1, ``cumulated_e9`` the sum of the probabilities of the
    calls passed, both in units of 1e-9. The random start is not here: it follows from the seed.
    """

    month = models.ForeignKey(DrawMonth, on_delete=models.CASCADE, related_name="agents")
    agent_id = models.TextField(blank=True)
    stratum = models.IntegerField()
    target = models.FloatField()
    forecast_e6 = models.BigIntegerField()
    rate_e9 = models.BigIntegerField()
    cumulated_e9 = models.BigIntegerField(default=0)

    class Meta:
        """One sampler for an agent, month and stratum."""

        constraints = (models.UniqueConstraint(fields=["month", "agent_id", "stratum"], name="draw_agent_month"),)


class Draw(models.Model):
    """One batch of calls that was drawn from, all in one transaction."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    month = models.ForeignKey(DrawMonth, on_delete=models.CASCADE, related_name="draws")
    stratum = models.IntegerField()
    drawn_at = models.DateTimeField()
    options = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)


class DrawnCall(models.Model):
    """The log: every call that a draw passed, picked or not, with the probability that it had.

    ``position`` is the place in the batch's order, by which the draw can be replayed. ``machine_score`` is the
    pre-score at that time, on which the probability rests.
    """

    draw = models.ForeignKey(Draw, on_delete=models.CASCADE, related_name="calls")
    recording = models.OneToOneField("store.Recording", on_delete=models.PROTECT, related_name="drawn")
    agent_id = models.TextField(blank=True)
    lane = models.CharField(max_length=16)
    probability_e9 = models.BigIntegerField()
    size_e6 = models.BigIntegerField()
    position = models.IntegerField()
    picked = models.BooleanField()
    machine_score = models.FloatField(null=True)
    machine_fatal = models.BooleanField()
    stage_version = models.CharField(max_length=64, blank=True)
    model_version = models.CharField(max_length=64)
    seed_id = models.CharField(max_length=16)

    class Meta:
        """Replayed by batch; the queue reads what was picked."""

        constraints = (models.UniqueConstraint(fields=["draw", "position"], name="drawn_call_position"),)
        indexes = (models.Index(fields=["picked", "lane"], name="drawn_call_picked"),)


class HandPick(models.Model):
    """A call that a person put into the queue: heard like any other, never part of an estimate."""

    recording = models.ForeignKey("store.Recording", on_delete=models.PROTECT, related_name="hand_picks")
    picked_by = models.TextField()
    reason = models.TextField(blank=True)
    picked_at = models.DateTimeField()

    class Meta:
        """Once for a person and a call."""

        constraints = (models.UniqueConstraint(fields=["recording", "picked_by"], name="hand_pick_once"),)


class ReviewerPlan(models.Model):
    """How many calls a reviewer is to hear on a day; 0 is a day off."""

    reviewer = models.TextField(_("质检员"))
    day = models.DateField(_("日期"))
    calls = models.IntegerField(_("通话"))

    class Meta:
        """One plan for a reviewer and day."""

        verbose_name = verbose_name_plural = _("质检员计划")
        constraints = (models.UniqueConstraint(fields=["reviewer", "day"], name="reviewer_plan_day"),)
        indexes = (models.Index(fields=["day"], name="reviewer_plan_by_day"),)

"""Tables for those who teach. ``store.models`` takes them in."""

from __future__ import annotations

from django.db import models


class RuleScope(models.Model):
    """Whose error a rule's hits of one month are: one agent's, one team's or everybody's, with the funnel's points."""

    month = models.CharField(max_length=7)
    rule = models.CharField(max_length=128)
    calls = models.IntegerField()
    document = models.JSONField()
    found_at = models.DateTimeField()

    class Meta:
        """One row a month and rule."""

        constraints = (models.UniqueConstraint(fields=["month", "rule"], name="rule_scope_month_and_rule"),)


class Coaching(models.Model):
    """What an agent and a coach agreed on, over findings that they looked at together, and when they look again.

    ``rules`` are the items that are to become rarer. The agreement is never changed; closing it adds what came of it.
    """

    agent_id = models.TextField(db_index=True)
    coach = models.TextField()
    text = models.TextField()
    rules = models.JSONField(default=list)
    findings = models.ManyToManyField("store.Finding", related_name="coachings")
    follow_up_on = models.DateField()
    agreed_at = models.DateTimeField()
    outcome = models.TextField(blank=True)
    closed_by = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Open ones in the order in which they are due."""

        indexes = (
            models.Index(
                fields=["follow_up_on", "id"], name="coaching_due", condition=models.Q(closed_at__isnull=True)
            ),
        )


class ErrorCluster(models.Model):
    """A common error of one month: flagged stretches that go wrong in the same way.

    ``number`` stays the same when the error comes again in another month; ``fingerprint`` is how it is known again.
    """

    month = models.CharField(max_length=7)
    number = models.IntegerField()
    name = models.TextField()
    quote = models.TextField()
    weight = models.FloatField()
    calls = models.IntegerField()
    fingerprint = models.JSONField()
    document = models.JSONField()
    found_at = models.DateTimeField()

    class Meta:
        """One row a month and number."""

        constraints = (models.UniqueConstraint(fields=["month", "number"], name="one_cluster_a_month_and_number"),)

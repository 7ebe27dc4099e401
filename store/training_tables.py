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

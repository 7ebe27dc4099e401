"""Tables behind reports and trends: a call's measures that are followed over time, and reports as they were computed.

``store.models`` takes them in.
"""

from __future__ import annotations

from django.db import models


class CallMeasures(models.Model):
    """The measures of one assessment that trends follow, so that no document need be opened for them.

    ``NULL`` where the measure was not assessable. ``speaking_rate`` is ``agent_speaking_rate_cpm``, ``greeting``
    ``greeting_latency_s``, ``silence`` ``silence_ratio``, ``interruptions`` ``interruption_count``.
    """

    assessment = models.OneToOneField(
        "store.Assessment", on_delete=models.CASCADE, primary_key=True, related_name="measured"
    )
    speaking_rate = models.FloatField(null=True)
    greeting = models.FloatField(null=True)
    silence = models.FloatField(null=True)
    interruptions = models.FloatField(null=True)


class StoredReport(models.Model):
    """A month's or week's report as it was last computed; ``document`` is that of ``store.reports``."""

    name = models.CharField(primary_key=True, max_length=8)
    kind = models.CharField(max_length=8)
    document = models.JSONField()
    computed_at = models.DateTimeField()

    class Meta:
        """Listed by kind, the newest first."""

        indexes = (models.Index(fields=["kind", "name"], name="stored_report_kind"),)

"""Rulebooks on their way to being in force: as somebody proposed them, what a back-test said, when they were published.

``store.models`` takes them in; ``store.proposals`` reads and writes them.
"""

from __future__ import annotations

from django.db import models


class RulebookProposal(models.Model):
    """One version of a rulebook as it was uploaded; ``text`` is the file, word for word.

    ``backtest_state`` is empty, ``wanted``, ``running``, ``done`` or ``failed``. What is published lies as a file
    beside the other versions under ``published_as``; the row says who published it and when.
    """

    rulebook = models.CharField(max_length=128)
    version = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    note = models.TextField(blank=True)
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    backtest_state = models.CharField(max_length=16, blank=True)
    backtest_days = models.IntegerField(default=30)
    backtest_at = models.DateTimeField(null=True)
    backtest = models.JSONField(null=True)
    effective_from = models.DateField(null=True)
    published_by = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    published_as = models.TextField(blank=True)
    withdrawn_by = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """The newest first; the same file is proposed once."""

        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["sha256"], name="proposal_once"),)

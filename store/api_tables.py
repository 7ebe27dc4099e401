"""The tables behind the API for the centre's own systems: their tokens, where they want to be told, what they are told.

``store.models`` takes them in; ``store.tokens`` and ``store.webhooks`` read and write them.
"""

from __future__ import annotations

import uuid

from django.db import models


class ApiToken(models.Model):
    """The way in of one named system; the token itself is shown once and kept as its digest alone.

    A token may do through the API what its role may do in the pages. A revoked one stays, so that what it did
    keeps its name.
    """

    name = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16)
    # SHA-256: a token is 256 random bits, which nobody guesses however quick the digest.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False)
    created_by = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)


class Webhook(models.Model):
    """An address of the centre that is told of what happens.

    The secret signs each message; it is kept readable, since signing needs it.
    """

    name = models.CharField(max_length=64, unique=True)
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=128, blank=True)
    night_finished = models.BooleanField(default=True)
    verdict_final = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)


class WebhookMessage(models.Model):
    """One message to one address, written together with what it tells of; it stays until it is delivered or given up.

    ``next_try_at`` is empty once nothing is left to do.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages")
    event = models.CharField(max_length=32)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        """Read by what is due."""

        indexes = (
            models.Index(fields=["next_try_at"], name="webhook_due", condition=models.Q(next_try_at__isnull=False)),
        )

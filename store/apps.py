"""The store as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Recordings, their ledger, transcripts, assessments and findings."""

    name = "store"
    label = "store"
    verbose_name = "Recordings and assessments"

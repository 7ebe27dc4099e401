"""The pages as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Pages over the tables of ``store``; it has none of its own."""

    name = "review"
    label = "review"
    verbose_name = "Review pages"

"""The way into the tables: Django set up from typed settings, once in a process."""

from __future__ import annotations

import os

from config.settings import Settings, load_settings

_in_force: list[Settings] = []


def setup_django(settings: Settings | None = None) -> None:
    """Make the tables usable: build Django's settings from ours and load the apps; later calls do nothing.

    Args:
        settings: the settings of this run; None reads file and environment.

    Raises:
        ValueError: this process already works on another database.
    """
    settings = settings or settings_in_force()
    if _in_force and _in_force[0].database != settings.database:
        raise ValueError("this process already works on another database")
    if not _in_force:
        _in_force.append(settings)

    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.django_settings")
    if not apps.ready:
        django.setup()


def settings_in_force() -> Settings:
    """The settings that ``setup_django`` was given; before that, what file and environment say."""
    return _in_force[0] if _in_force else load_settings()

"""Django's settings, built from the typed ones; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dj_database_url

from config.django import settings_in_force
from pipeline.errors import ConfigurationError

_settings = settings_in_force()


def _make_folder(folder: Path) -> None:
    """SQLite makes its file, not the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the database's folder {folder} cannot be made ({error.strerror}); expected a place that can be "
            f"written. Set TINGJIAN_VAR_DIR or TINGJIAN_DATABASE_URL."
        ) from error


def _database(url: str) -> dict[str, Any]:
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            "database_url is not understood; expected sqlite:///path or postgresql://user:password@host/name. "
            "Correct DATABASE_URL or TINGJIAN_DATABASE_URL."
        ) from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        _make_folder(Path(database["NAME"]).parent)
        # Writers queue for the lock at BEGIN instead of failing half-way, and readers never wait for them.
        database["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    return database


DATABASES = {"default": _database(_settings.database)}
INSTALLED_APPS = ["store"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

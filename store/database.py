"""The database itself: brought up to date by the commands, looked at by ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from pipeline.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """Where the database is and how it stands; ``assessments`` is 0 while migrations are pending."""

    where: str
    pending_migrations: int
    assessments: int


def migrate() -> bool:
    """Create or update the tables when they are not what the code expects; return whether anything was done.

    Raises:
        ConfigurationError: the database cannot be reached or changed.
    """
    try:
        if not _pending_migrations():
            return False
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise ConfigurationError(
            f"the database {describe_database()} cannot be used: {error}. "
            f"Expected a server that answers, or a folder that can be written; "
            f"see the settings database_url and var_dir."
        ) from error
    return True


def database_health() -> DatabaseHealth:
    """How the database stands, without changing it."""
    from store.models import Assessment

    pending = _pending_migrations()
    return DatabaseHealth(describe_database(), pending, 0 if pending else Assessment.objects.count())


def describe_database() -> str:
    """Kind and place of the database, without user or password."""
    settings = connection.settings_dict
    place = "/".join(str(part) for part in (settings.get("HOST"), settings["NAME"]) if part)
    return f"{connection.vendor} {place}"


def _pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

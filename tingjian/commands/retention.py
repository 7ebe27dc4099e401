"""``retention``: copies of recordings are removed after their time."""

from __future__ import annotations

import getpass
from dataclasses import asdict

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from tingjian import render

MEGABYTE = 1_000_000


def run_retention(days: int | None, *, dry_run: bool, as_json: bool) -> int:
    """Remove what is older than the setting, or say what would be; exit code 1 when a file could not be removed."""
    settings = load_settings()
    kept = settings.retention_days if days is None else days
    if not kept:
        raise UsageError(
            "nothing says how long copies are kept; expected the setting retention_days, or --days. "
            "Set TINGJIAN_RETENTION_DAYS, such as 180."
        )
    setup_django(settings)
    from flows.retention import apply_retention
    from store.centre import note_retention
    from store.database import migrate

    migrate()
    found = apply_retention(settings.listening_dir, kept, dry_run=dry_run)
    if not dry_run:
        note_retention(**asdict(found), person=_person())
    if as_json:
        render.print_json({**asdict(found), "dry_run": dry_run})
    else:
        verb = "would be removed" if dry_run else "removed"
        console = render.stdout_console()
        console.print(
            f"{found.files} files of {found.calls} calls older than {kept} days {verb} "
            f"({found.bytes / MEGABYTE:.1f} MB). The recordings themselves stay.",
            markup=False,
        )
        if found.failed:
            console.print(f"{found.failed} files could not be removed.", style="red", markup=False)
    return 1 if found.failed else 0


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""

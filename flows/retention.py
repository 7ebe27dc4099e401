"""Copies of recordings that were kept long enough: found, and removed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from django.utils import timezone

from store.models import Recording

LOG = logging.getLogger("flows.retention")
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Removal:
    """What a removal came to, or would come to; ``calls`` are those whose files they are."""

    days: int
    calls: int
    files: int
    bytes: int
    failed: int


def apply_retention(folder: Path, days: int, *, dry_run: bool) -> Removal:
    """Remove the copies and peaks that the pages keep of calls older than so many days.

    The recordings themselves are the platform's and stay. A call's age is counted from its beginning; of a file whose
    recording nobody knows, from when it was made.

    Args:
        folder: where the copies lie.
        days: calls of the last so many days keep theirs.
        dry_run: count alone.
    """
    limit = timezone.now() - timedelta(days=days)
    calls: set[str] = set()
    files = size = failed = 0
    for some in _chunks(_files(folder)):
        began = _began({file.stem for file in some})
        for file in some:
            try:
                about = file.stat()
                made = datetime.fromtimestamp(about.st_mtime, tz=limit.tzinfo)
                if began.get(file.stem, made) >= limit:
                    continue
                if not dry_run:
                    file.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                LOG.warning("a copy cannot be removed: %s", error.strerror)
                failed += 1
                continue
            calls.add(file.stem)
            files += 1
            size += about.st_size
    return Removal(days, len(calls), files, size, failed)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _began(recording_ids: set[str]) -> dict[str, datetime]:
    rows = Recording.objects.filter(id__in=recording_ids).values_list("id", "started_at", "enrolled_at")
    return {recording_id: started_at or enrolled_at for recording_id, started_at, enrolled_at in rows}


def _chunks(files: Iterator[Path]) -> Iterator[list[Path]]:
    while some := list(islice(files, AT_ONCE)):
        yield some

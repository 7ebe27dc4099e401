"""Publishing a rulebook: checked whole, with the first day on which it counts, as a file beside the other versions."""

from __future__ import annotations

import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path

from django.utils import timezone

from config.django import settings_in_force
from pipeline.errors import RulebookError, UsageError
from pipeline.rules.examples import check_examples
from pipeline.rules.loading import BUNDLED, parse_rulebook
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.shelf import check_shelf
from review import rulebooks
from store import proposals
from store.models import RulebookProposal

LARGEST = 2_000_000
SHOWN_FAILURES = 5


def read_proposal(content: bytes, file: str) -> Rulebook:
    """A rulebook that could be published: without mistakes, every example as its rule says, a new version.

    Raises:
        UsageError: it is none; the text has everything that is wrong, a line each.
    """
    if len(content) > LARGEST:
        raise UsageError(f"rulebook {file}: it has {len(content)} bytes; expected at most {LARGEST}.")
    book = parse_rulebook(content, file)
    shelf = rulebooks.shelf()
    known = {one.version for one in shelf.rulebooks}
    if book.name != shelf.rulebooks[0].name:
        raise RulebookError(
            f"rulebook {file}: it is {book.name}; expected a version of "
            f"{shelf.rulebooks[0].name}, which judges the calls"
        )
    if book.version in known:
        raise RulebookError(f"rulebook {file}, key version: {book.version} exists already; expected a new version")
    failures = check_examples(book)
    if failures:
        more = f"\n… {len(failures) - SHOWN_FAILURES} more" if len(failures) > SHOWN_FAILURES else ""
        raise RulebookError("\n".join(f"rulebook {file}: {one}" for one in failures[:SHOWN_FAILURES]) + more)
    return book


def first_day() -> date:
    """The first day on which a version that is published now may count."""
    return timezone.localdate() + timedelta(days=settings_in_force().rulebook_notice_days)


def publish(proposal: RulebookProposal, effective_from: date, person: str) -> Path:
    """Put a proposal beside the other versions, so that everybody can read it before it counts.

    Raises:
        UsageError: the day is too near, it was published before, or it does not fit the other versions.
    """
    if effective_from < first_day():
        raise UsageError(
            f"effective_from is {effective_from}; expected {first_day()} or later, so that everybody can read the "
            f"rulebook before it counts."
        )
    if proposal.published_at is not None:
        raise UsageError("this version is published already.")
    name = f"{proposal.rulebook}-{re.sub(r'[^0-9A-Za-z._-]', '_', proposal.version)}.yaml"
    content = with_dates(proposal.text, timezone.localdate(), effective_from).encode()
    book = parse_rulebook(content, name)
    shelf = rulebooks.shelf()
    if any(one.version == book.version for one in shelf.rulebooks):
        raise UsageError(f"version {book.version} exists already.")
    folder = settings_in_force().published_rulebooks
    check_shelf([*_as_written(shelf.places), book], str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.y*ml")):
        _keep_what_counts(shelf.places[0], folder)
    file = folder / name
    _write(file, content)
    proposals.published(proposal.pk, person, effective_from, name)
    return file


def withdraw(proposal: RulebookProposal, person: str) -> None:
    """Take back a published version that does not count yet.

    Raises:
        UsageError: it counts already, or is not published.
    """
    if proposal.published_at is None or not proposal.published_as:
        raise UsageError("this version is not published.")
    if proposal.effective_from is not None and proposal.effective_from <= timezone.localdate():
        raise UsageError("this version counts already; calls may have been judged by it. Publish another one.")
    (settings_in_force().published_rulebooks / proposal.published_as).unlink(missing_ok=True)
    proposals.withdrawn(proposal.pk, person)


def with_dates(text: str, published_on: date, effective_from: date) -> str:
    """The file with its dates set at the top level; everything else stays word for word."""
    kept = [
        line for line in text.splitlines() if not re.match(r"(published_on|effective_from|effective_until)\s*:", line)
    ]
    at = next((number for number, line in enumerate(kept) if re.match(r"version\s*:", line)), None)
    if at is None:
        raise UsageError("the file has no line that begins with `version:`; expected one at its top level.")
    dates = [f'published_on: "{published_on}"', f'effective_from: "{effective_from}"']
    return "\n".join([*kept[: at + 1], *dates, *kept[at + 1 :]]) + "\n"


def announced_now(now: datetime) -> list[tuple[Rulebook, Path]]:
    """Versions that are published and do not count yet, with their files, the next first."""
    shelf = rulebooks.shelf()
    return [
        (book, Path(place))
        for book, place in zip(shelf.rulebooks, shelf.places, strict=True)
        if book.period.not_yet(now)
    ]


def _as_written(places: tuple[str, ...]) -> list[Rulebook]:
    return [parse_rulebook(_file(place).read_bytes(), _file(place).name) for place in places]


def _file(place: str) -> Path:
    return Path(place) if Path(place).is_file() else BUNDLED / f"{place}.yaml"


def _keep_what_counts(place: str, folder: Path) -> None:
    """The rulebook that judged until now, byte for byte, so that its calls keep their assessments."""
    file = _file(place)
    _write(folder / file.name, file.read_bytes())


def _write(file: Path, content: bytes) -> None:
    # The night may read the folder at this moment: it sees the file whole or not at all.
    hidden = file.with_name(f".{file.name}")
    hidden.write_bytes(content)
    os.replace(hidden, file)

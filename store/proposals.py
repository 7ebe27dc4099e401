"""Proposed rulebooks: entered, tried, published, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from pipeline.errors import UsageError
from store.models import Recording, RulebookProposal

ABANDONED_AFTER = timedelta(hours=2)
"""A back-test that has run for so long was interrupted; it may be wanted again."""


def propose(rulebook: str, version: str, sha256: str, text: str, note: str, person: str) -> RulebookProposal:
    """Enter a version; the same file entered again is the same proposal."""
    row, _ = RulebookProposal.objects.get_or_create(
        sha256=sha256,
        defaults={
            "rulebook": rulebook,
            "version": version,
            "text": text,
            "note": note.strip()[:2000],
            "proposed_by": person,
            "proposed_at": timezone.now(),
        },
    )
    return row


def want_backtest(proposal_id: int, days: int) -> bool:
    """Ask for a back-test over the calls of so many days; False while one is under way."""
    rows = RulebookProposal.objects.filter(pk=proposal_id)
    abandoned = rows.filter(backtest_state="running", backtest_at__lt=timezone.now() - ABANDONED_AFTER)
    free = abandoned | rows.filter(backtest_state__in=("", "done", "failed"))
    return free.update(backtest_state="wanted", backtest_days=days, backtest=None, backtest_at=timezone.now()) == 1


def take_wanted_backtest() -> RulebookProposal | None:
    """The next proposal whose back-test somebody waits for, taken so that nobody else runs it."""
    row = RulebookProposal.objects.filter(backtest_state="wanted").order_by("backtest_at").first()
    if row is None:
        return None
    mine = RulebookProposal.objects.filter(pk=row.pk, backtest_state="wanted")
    return row if mine.update(backtest_state="running", backtest_at=timezone.now()) else None


def newest_day() -> date:
    """The day of the newest call, from which the days of a back-test are counted back; today without any."""
    newest = Recording.objects.aggregate(moment=Max("started_at"))["moment"]
    return timezone.localdate(newest) if newest else timezone.localdate()


def backtest_done(proposal_id: int, document: Mapping[str, Any]) -> None:
    """Keep what a back-test came to."""
    RulebookProposal.objects.filter(pk=proposal_id).update(
        backtest_state="done", backtest=dict(document), backtest_at=timezone.now()
    )


def backtest_failed(proposal_id: int, why: str) -> None:
    """Note that a back-test could not be run."""
    RulebookProposal.objects.filter(pk=proposal_id).update(
        backtest_state="failed", backtest={"error": why[:500]}, backtest_at=timezone.now()
    )


def published(proposal_id: int, person: str, effective_from: date, file: str) -> None:
    """Note that a proposal is published.

    Raises:
        UsageError: it was before.
    """
    rows = RulebookProposal.objects.filter(pk=proposal_id, published_at__isnull=True)
    if not rows.update(
        published_by=person, published_at=timezone.now(), effective_from=effective_from, published_as=file,
        withdrawn_by="", withdrawn_at=None,
    ):  # fmt: skip
        raise UsageError("this version is published already.")


def withdrawn(proposal_id: int, person: str) -> None:
    """Note that a published version does not come into force after all."""
    RulebookProposal.objects.filter(pk=proposal_id).update(
        withdrawn_by=person, withdrawn_at=timezone.now(), published_at=None, published_as="", effective_from=None
    )


def proposals_by_file() -> dict[str, RulebookProposal]:
    """What is published, by the file that it lies in."""
    rows = RulebookProposal.objects.filter(published_at__isnull=False).defer("text")
    return {row.published_as: row for row in rows}

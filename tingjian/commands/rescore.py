"""``rescore``: stored calls judged again by another rulebook, and what changed."""

from __future__ import annotations

import logging
import sys
import time
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from config.settings import load_settings
from flows.rescore import RescoreSummary, rescore
from tingjian import render
from tingjian.commands.nightly import log_to_stderr

logger = logging.getLogger("flows.rescore")

LOG_EVERY_S = 30.0
SHOWN_FAILURES = 20


def run_rescore(
    *, rulebook: str | None, since: date | None, until: date | None, overrides: dict[str, object], as_json: bool
) -> int:
    """Judge stored calls again and print how many changed; exit code 1 when some could not be judged."""
    log_to_stderr()
    settings = load_settings(**overrides)
    with CallProgress("judging") as progress:
        summary = rescore(settings, rulebook=rulebook, since=since, until=until, progress=progress.update)
    if as_json:
        render.print_json(summary.to_document())
    else:
        print_summary(summary, render.stdout_console())
    return summary.exit_code


class CallProgress:
    """A bar on a terminal, a log line now and then elsewhere."""

    def __init__(self, what: str) -> None:
        """Prepare; ``what`` is being done."""
        self._what = what
        self._bar = Progress(
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task(what, total=None)
        self._logged = time.monotonic()

    def __enter__(self) -> CallProgress:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Say how far it is."""
        self._bar.update(self._task, completed=done, total=total)
        if not sys.stderr.isatty() and time.monotonic() - self._logged > LOG_EVERY_S:
            self._logged = time.monotonic()
            logger.info("%s: %d of %d calls", self._what, done, total)


def print_summary(summary: RescoreSummary, console: Console) -> None:
    """How many calls were judged and how many changed."""
    if not summary.found:
        console.print("Nothing to do: no stored call of that time has a transcript.")
        return
    by = ", ".join(f"{count} by {name}" for name, count in summary.rulebooks.items())
    console.print(
        f"{summary.judged} of {summary.found} calls judged again in {summary.seconds:.1f} s"
        + (f" ({by})" if by else "")
        + f"; {summary.already} had been judged by this rulebook before."
    )
    if summary.judged:
        table = Table(header_style="bold")
        table.add_column("")
        table.add_column("calls", justify="right")
        for words, count in (
            ("changed", summary.changed),
            ("  score higher", summary.raised),
            ("  score lower", summary.lowered),
            ("  must be heard now", summary.review_gained),
            ("  need not be heard any more", summary.review_lost),
            ("judged for the first time", summary.first),
        ):
            table.add_row(words, str(count))
        console.print(table)
        console.print("The assessments that were there before are kept; the new ones are in force.")
    for call_id, error in summary.failed[:SHOWN_FAILURES]:
        console.print(Text(f"! {call_id}: {error}", style="red"))
    if len(summary.failed) > SHOWN_FAILURES:
        console.print(f"… and {len(summary.failed) - SHOWN_FAILURES} more; --format json lists them all.")

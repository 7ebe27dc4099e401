"""``nightly``: the batch over a folder, and what a person is told of it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import Settings, load_settings
from flows.nights import run_nights
from flows.summary import NightSummary
from pipeline.errors import RECORDING_PROBLEMS, UsageError
from store.paths import readable_path
from store.values import SetAside
from tingjian import render

SHOWN_CALLS = 40
"""More must-review calls than this are counted, not listed; JSON has them all."""


def run_nightly(
    *,
    recordings: Path | None,
    manifest: Path | None,
    day: date | None,
    overrides: dict[str, object],
    as_json: bool,
) -> int:
    """Run the batch and print what came of it; exit code 1 when recordings were set aside."""
    log_to_stderr()
    settings = load_settings(**overrides)
    summaries = tuple(
        one
        for folder, listed in ([(recordings, manifest)] if recordings else _sources(settings, manifest))
        for one in run_nights(folder, settings, manifest=listed, day=day)
    )
    exit_code = max(summary.exit_code for _, summary in summaries)
    if as_json:
        from store.records import assessments_of

        calls = [call_line(one) for _, summary in summaries for one in assessments_of(summary.batch_id)]
        if len(summaries) == 1:
            render.print_json({**summaries[0][1].to_document(), "calls": calls})
        else:
            batches = [{"rulebook": place, **summary.to_document()} for place, summary in summaries]
            render.print_json({"batches": batches, "calls": calls})
        return exit_code
    console = render.stdout_console()
    for place, summary in summaries:
        if len(summaries) > 1:
            console.print(Text(f"calls judged by {place}", style="bold"))
        if summary.found and not summary.did_nothing:
            print_must_review(summary, console)
        print_summary(summary, console)
    if settings.uses_demo_model() and any(summary.assessed for _, summary in summaries):
        console.print(
            "[yellow]These calls were heard with the demo speech model, which knows only the synthetic voice of "
            "samples/; for real calls set TINGJIAN_MODEL or --model to a Whisper model.[/yellow]"
        )
    return exit_code


def _sources(settings: Settings, manifest: Path | None) -> list[tuple[Path, Path | None]]:
    """The folders that an administrator has entered, each with its manifest.

    Raises:
        UsageError: there are none, or a manifest is given that would be of them all.
    """
    if manifest is not None:
        raise UsageError("--manifest is of one folder; expected --recordings beside it.")
    setup_django(settings)
    from store.centre import active_sources
    from store.database import migrate

    migrate()
    found = active_sources()
    if not found:
        raise UsageError(
            "no folder of recordings is named, and no source is entered in the administration pages; expected "
            "--recordings DIR, or sources there."
        )
    return [(Path(one.folder), Path(one.manifest) if one.manifest else None) for one in found]


def log_to_stderr() -> None:
    """Progress as log lines where there is no terminal; libraries below warnings stay quiet."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("flows").setLevel(logging.INFO)


def call_line(document: dict[str, Any]) -> dict[str, Any]:
    """The few values of an assessment that a list of calls needs."""
    metadata = document["recording"]["metadata"]
    return {
        "call_id": metadata["call_id"],
        "agent_id": metadata.get("agent_id"),
        "agent_name": metadata.get("agent_name"),
        "duration_s": document["recording"]["duration_s"],
        "score": document["score"]["total"],
        "findings": [finding["rule"] for finding in document["findings"]],
        "must_review": document["route"]["must_review"],
        "reasons": document["route"]["reasons"],
    }


def print_must_review(summary: NightSummary, console: Console) -> None:
    """The calls that a person must hear, the first of them where there are many."""
    from store.records import assessments_of

    must = [document for document in assessments_of(summary.batch_id) if document["route"]["must_review"]]
    if not must:
        console.print("No call must be heard by a person.")
        return
    console.print(render.calls_table(must[:SHOWN_CALLS]))
    if len(must) > SHOWN_CALLS:
        console.print(f"… and {len(must) - SHOWN_CALLS} more; --format json lists them all.")


def print_summary(summary: NightSummary, console: Console) -> None:
    """What was done, what had been done, what was set aside and why."""
    if not summary.found:
        console.print("Nothing to do: there are no recordings in the folder (for that day).")
    elif summary.did_nothing:
        console.print(
            f"Nothing to do: all {summary.already_done} recordings were assessed before with this model and rulebook."
            if not summary.set_aside
            else f"Nothing to do: {summary.already_done} recordings were assessed before with this model and rulebook, "
            f"{len(summary.set_aside)} stay set aside."
        )
    else:
        speed = summary.audio_s / summary.seconds if summary.seconds else 0.0
        console.print(
            f"{summary.assessed} of {summary.found} recordings assessed, {summary.already_done} done before, "
            f"{len(summary.set_aside)} set aside; {summary.audio_s / 60:.1f} min of audio in "
            f"{summary.seconds:.0f} s ({speed:.1f} x real time)."
        )
        if summary.reused:
            console.print(
                f"{summary.reused} of them were heard before with this model and were judged anew without hearing them."
            )
    if summary.elsewhere:
        console.print(f"{summary.elsewhere} recordings are being assessed by another machine.")
    if summary.set_aside:
        console.print(set_aside_table(summary.set_aside))


def set_aside_table(items: Sequence[SetAside]) -> Table:
    """Recordings without an assessment, each with its reason in a supervisor's words and the technical one."""
    table = Table(title="set aside", title_justify="left", header_style="bold")
    for heading in ("recording", "reason", "details"):
        table.add_column(heading, overflow="fold")
    for item in items:
        table.add_row(Text(readable_path(item.path)), RECORDING_PROBLEMS.get(item.code, item.code), Text(item.message))
    return table

"""``demo``: the nightly flow over the bundled recordings."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import samples
from config.settings import DEMO_MODEL, load_settings
from flows.run import run_night
from tingjian import render
from tingjian.commands.demo_pages import prepare_pages
from tingjian.commands.nightly import call_line, log_to_stderr, print_summary

BUNDLED = Path(samples.__file__).resolve().parent


def run_demo(*, as_json: bool, workers: int | None, fresh: bool) -> int:
    """Hear the bundled calls, print a line for each, and say what to do next."""
    log_to_stderr()
    # A database of its own, so that made-up calls never stand among real ones.
    ours = load_settings()
    var_dir = ours.var_dir / "demo"
    if fresh:
        shutil.rmtree(var_dir, ignore_errors=True)
    settings = load_settings(
        var_dir=var_dir,
        database_url=f"sqlite:///{var_dir / 'tingjian.sqlite3'}",
        engine="faster-whisper",
        model=str(DEMO_MODEL),
        model_cache=str(ours.model_cache_dir),
        rulebook="mobile_service",
        vad="silero",
        workers=workers,
    )
    summary = run_night(BUNDLED, settings)
    from store.records import assessments_of

    documents = list(assessments_of(summary.batch_id))
    pages = prepare_pages(settings)
    if as_json:
        calls = [call_line(document) for document in documents]
        render.print_json({**summary.to_document(), "calls": calls, "review_pages": asdict(pages)})
        return summary.exit_code
    console = render.stdout_console()
    console.print(render.calls_table(documents))
    print_summary(summary, console)
    must = sum(document["route"]["must_review"] for document in documents)
    console.print(f"{must} of {len(documents)} calls must be heard by a person.")
    example = next((document for document in documents if document["findings"]), None)
    console.print("\n[bold]What to do next[/bold]")
    console.print(
        f"  hear the {pages.queued} calls of the queue   tingjian serve --demo   then {pages.address}   "
        f"account {pages.account}, password {pages.password}",
        markup=False,
    )
    if example is not None:
        call_id = example["recording"]["metadata"]["call_id"]
        file = next(path for path in sorted(BUNDLED.rglob(f"{call_id}.*")) if path.suffix != ".json")
        place = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        console.print(f"  one call with its evidence   tingjian assess {place}", markup=False)
    console.print("  the rules behind the flags   tingjian rules list", markup=False)
    console.print(
        "  your own recordings          tingjian nightly --recordings FOLDER --model small   (README: Your own calls)",
        markup=False,
    )
    console.print("  is everything in order       tingjian doctor", markup=False)
    return summary.exit_code

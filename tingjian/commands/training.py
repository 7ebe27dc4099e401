"""``training``: what goes wrong in the same way, for those who teach."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from tingjian import render
from tingjian.commands.health import SCOPE_STYLES

if TYPE_CHECKING:
    from flows.error_clusters import ClusterReport, FoundCluster

QUOTE_CHARACTERS = 36
LISTED = 3


def run_clusters(month: str, *, target: float, as_json: bool) -> int:
    """The common errors of a month."""
    settings = load_settings()
    setup_django(settings)
    from flows.error_clusters import clusters_of_month, document_of
    from models.clusters import ClusterSettings
    from models.embeddings import SentenceModel

    embedder = SentenceModel(settings.embedding_model) if settings.embedding_model else None
    alike = ClusterSettings(join_distance=settings.cluster_join_distance)
    report = clusters_of_month(month, target=target, settings=alike, embedder=embedder)
    if as_json:
        render.print_json(
            {
                "month": report.month,
                "calls": report.calls,
                "flags": len(report.stretches),
                "rejected_flags": report.rejected,
                "unclustered_flags": _unclustered(report),
                "clusters": [document_of(one, report.stretches) for one in report.clusters],
            }
        )
        return 0
    console = render.stdout_console()
    console.print(
        f"{report.month}: {report.calls} calls, {len(report.stretches)} flagged stretches "
        f"({report.rejected} rejected by people are left out), {len(report.clusters)} common errors; "
        f"{_unclustered(report)} flags are like no other."
    )
    if not report.clusters:
        console.print("No error came often enough to be called common.")
        return 0
    table = Table(header_style="bold")
    for heading in ("no.", "error", "calls", "share", "before", "whose", "rules", "most typical"):
        table.add_column(heading, justify="right" if heading in ("no.", "calls", "share", "before") else "left")
    for one in report.clusters:
        quote = report.stretches[one.cluster.medoid].text
        table.add_row(
            str(one.number),
            Text(one.cluster.name),
            str(one.calls),
            f"{one.share:.1%}",
            "new" if one.new else "-" if one.before is None else str(one.before),
            Text(_whose(one), style=SCOPE_STYLES[one.scope.scope.value]),
            Text(", ".join(rule for rule, _ in one.cluster.rules[:LISTED])),
            Text(quote if len(quote) <= QUOTE_CHARACTERS else quote[: QUOTE_CHARACTERS - 1] + "…"),
        )
    console.print(table)
    if any(not one.scope.enough for one in report.clusters):
        console.print(
            "Agents have few calls: an error of single agents is easily missed, so 'none' means 'not seen'.",
            style="dim",
        )
    return 0


def _unclustered(report: ClusterReport) -> int:
    return len(report.stretches) - sum(len(one.cluster.members) for one in report.clusters)


def _whose(one: FoundCluster) -> str:
    """The scope, and who stands out."""
    scope = one.scope
    names = [unit.name for unit in (scope.groups or scope.agents)][:LISTED]
    listed = f": {', '.join(names)}" if names and scope.scope.value in ("individual", "group") else ""
    if scope.scope.value == "none" and not scope.enough:
        return "not enough data"
    return scope.scope.value + listed


def run_pack(
    number: int,
    out: Path,
    *,
    month: str,
    clips: int,
    pre_roll_s: float,
    mask_customer: bool,
    names: bool,
    as_json: bool,
) -> int:
    """A training pack of one common error."""
    settings = load_settings()
    setup_django(settings)
    from training.contents import Options
    from training.fonts import chinese_font
    from training.making import pack_of
    from training.pack import write_pack

    if not out.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}; expected one; make it first")
    options = Options(clips, pre_roll_s, mask_customer, names)
    pack = pack_of(number, month, options, rulebook=settings.rulebook, wording=settings.training_wording)
    font = chinese_font(settings.pdf_font)
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as target:
            files = write_pack(pack, target, font)
        unfinished.replace(out)
    except OSError as error:
        raise UsageError(f"--out {out}: it cannot be written ({error.strerror}); expected a place to write") from error
    finally:
        unfinished.unlink(missing_ok=True)
    if as_json:
        render.print_json(
            {
                "month": pack.month,
                "cluster": pack.number,
                "name": pack.name,
                "files": list(files),
                "clips": [
                    {
                        "file": one.file,
                        "agent": one.agent,
                        "rule": one.rule,
                        "start_s": round(one.clip.start_s, 3),
                        "end_s": round(one.clip.end_s, 3),
                        "bleeps": one.clip.bleeps,
                    }
                    for one in (*pack.excerpts, *([pack.good] if pack.good else []))
                    if one.clip
                ],
                "without_clip": [one.problem for one in pack.excerpts if not one.clip],
            }
        )
        return 0
    console = render.stdout_console()
    made = [one.clip for one in pack.excerpts if one.clip]
    console.print(Text(f"{out}: {pack.name}, {pack.month}"))
    console.print(
        f"{len(made)} clips, {sum(clip.bleeps for clip in made)} stretches bleeped, "
        f"{'with a good example' if pack.good else 'no good example was found in the month'}."
    )
    for one in pack.excerpts:
        if not one.clip:
            console.print(Text(f"without a clip: {one.problem}", style="yellow"))
    if font is None:
        console.print(
            "No PDF: this machine has no known font with Chinese characters; install fonts-noto-cjk or set "
            "TINGJIAN_PDF_FONT.",
            style="yellow",
        )
    console.print("Names and addresses are not bleeped: listen before you play it.", style="dim")
    return 0

"""``training``: what goes wrong in the same way, for those who teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from tingjian import render
from tingjian.commands.health import SCOPE_STYLES

if TYPE_CHECKING:
    from flows.error_clusters import ClusterReport, FoundCluster

QUOTE_CHARACTERS = 36
LISTED = 3


def run_clusters(month: str, *, target: float, as_json: bool) -> int:
    """The common errors of a month."""
    setup_django(load_settings())
    from flows.error_clusters import clusters_of_month, document_of

    report = clusters_of_month(month, target=target)
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

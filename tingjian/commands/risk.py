"""``health risk``: what the risk ranking catches, whether its chances come true, and what it would miss."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tingjian import render
from tingjian.commands.estimate import ready

if TYPE_CHECKING:
    from flows.risk_ranking import MonthRanked

SHOWN = 10
"""More missed calls, and more features, than this are counted, not listed; JSON has them all."""


def run_risk(month: str, months: int, *, line: float, as_json: bool) -> int:
    """Learn the ranking from the months before one, and test it on that month's random reviews."""
    ready()
    from flows.risk_ranking import ranking_tested
    from store.months import bounds_of_month

    bounds_of_month(month)
    found = ranking_tested(month, months, line)
    if as_json:
        render.print_json(_document(found))
    else:
        _print(found, render.stdout_console())
    return 0


def _document(found: MonthRanked) -> dict[str, Any]:
    document = asdict(found.report)
    document["missed"] = [found.call_ids[one] for one in found.report.missed]
    return {
        "month": found.month,
        "learned_from": list(found.learned_from),
        "line": found.line,
        "model": found.model.document(),
        "report": document,
    }


def _print(found: MonthRanked, console: Console) -> None:
    model, report = found.model, found.report
    console.print(f"[bold]{found.month}[/bold]: ranking {model.version}", highlight=False)
    if model.because is None:
        console.print(f"  learned from {model.reviews} reviews of {found.learned_from[0]} to {found.learned_from[-1]}")
    else:
        console.print(f"  rule points rank: {model.because}", style="yellow", markup=False)
    console.print(
        f"  {report.serious:.1%} of the calls have a serious fault (below {found.line:g} points, or fatal), by "
        f"{report.reviews} random reviews of this month"
    )
    table = Table(header_style="bold")
    for heading in ("hear the riskiest", "catches", "times chance", "rule points catch"):
        table.add_column(heading, justify="right")
    for one in report.caught:
        table.add_row(f"{one.share:.0%}", f"{one.caught:.0%}", f"{one.lift:.1f}", f"{one.caught_by_points:.0%}")
    console.print(table)
    console.print(
        f"A serious call ranks above another one with a chance of {report.area:.2f} (rule points: "
        f"{report.area_by_points:.2f})."
    )
    if report.brier is not None and report.brier_of_none is not None:
        bins = Table(title="Do its chances come true?", title_justify="left", header_style="bold")
        for heading in ("reviews", "foretold", "found"):
            bins.add_column(heading, justify="right")
        for group in report.calibration:
            bins.add_row(str(group.reviews), f"{group.predicted:.1%}", f"{group.found:.1%}")
        console.print(bins)
        console.print(
            f"Mean square error {report.brier:.3f}; by giving every call the average {report.brier_of_none:.3f}."
        )
        weights = sorted(zip(model.names, model.coefficients, strict=True), key=lambda pair: -abs(pair[1]))
        said = ", ".join(f"{name} {weight:+.2f}" for name, weight in weights[:SHOWN] if weight)
        console.print(f"what it goes by: {said}", style="dim", markup=False)
    missed = [found.call_ids[one] for one in report.missed]
    if missed:
        more = f" and {len(missed) - SHOWN} more" if len(missed) > SHOWN else ""
        console.print(
            f"Heard the riskiest 5 % alone, these serious ones would have been left to chance: "
            f"{', '.join(missed[:SHOWN])}{more}",
            markup=False,
        )

"""``estimate agents``: every agent's month with its interval, and what it may be used for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from quality.agent_month import Quantity, Scale
from quality.estimates import AgentReport, Estimate, EstimateOptions, Use
from tingjian import render

if TYPE_CHECKING:
    from flows.agent_estimates import MonthEstimates
    from store.agent_months import LeftOut

USE_STYLES = {Use.PAY: "green", Use.RANKING: "cyan", Use.COACHING: "dim"}

NAMES = {Quantity.SCORE: "score", Quantity.PASS_RATE: "pass rate", Quantity.FATAL_RATE: "fatal rate"}


def run_agents(
    month: str | None,
    *,
    rolling: bool,
    quantities: Sequence[Quantity],
    agent: str | None,
    pass_line: float,
    confidence: float,
    pay_half_width: float,
    as_json: bool,
) -> int:
    """Estimate score, pass rate and fatal rate of every agent's month."""
    ready()
    from flows.agent_estimates import estimates_of_month, newest_month
    from store.estimates import save_estimates
    from store.months import bounds_of_month

    month = month or newest_month()
    bounds_of_month(month)
    options = EstimateOptions(
        scale=Scale(pass_line=pass_line),
        confidence=confidence,
        rolling=rolling,
        pay_half_width=pay_half_width / 100,
    )
    found = estimates_of_month(month, list(quantities) or list(Quantity), options)
    save_estimates(one for report in found.reports for one in report.estimates)
    save_teams(found)
    if as_json:
        render.print_json(_document(found, agent))
    else:
        _print_month(found, agent, render.stdout_console())
    return 0


def save_teams(found: MonthEstimates) -> None:
    """Keep the teams' estimates for the pages."""
    from store import month_reports

    documents: dict[str, dict[str, Any]] = defaultdict(dict)
    for report in found.teams:
        for one in report.estimates:
            documents[one.agent][report.quantity.value] = estimate_document(one)
    month_reports.save(found.month, month_reports.TEAM, documents)


def ready() -> None:
    """Open the database."""
    setup_django(load_settings())
    from store.database import migrate

    migrate()


def estimate_document(one: Estimate) -> dict[str, Any]:
    """One estimate for a programme."""
    document = asdict(one)
    document["quantity"] = one.quantity.value
    document["method"] = one.method.value if one.method else None
    document["uses"] = [use.value for use in one.uses]
    document["remarks"] = list(one.remarks)
    return document


def print_left_out(left_out: LeftOut, console: Console) -> None:
    """What the month has that no estimate may use, a line each."""
    said = (
        (left_out.not_picked, "reviewed calls were not picked by the draw (by hand, or never drawn): never counted"),
        (left_out.not_blind, "random calls were reviewed with the machine's score in view: not counted"),
        (left_out.unscorable, "picked calls could not be scored by their reviewers: count as not reviewed"),
        (left_out.not_drawn, "calls have come since the last draw: not in the estimates; run `tingjian queue draw`"),
    )
    for number, what in said:
        if number:
            console.print(f"  {number} {what}", style="yellow", markup=False)


def _document(found: MonthEstimates, agent: str | None) -> dict[str, Any]:
    return {
        "month": found.month,
        "version": found.version,
        "closed": found.closed,
        "left_out": asdict(found.left_out),
        "quantities": [
            {
                "quantity": report.quantity.value,
                "confidence": report.confidence,
                "pool": asdict(report.pool),
                "estimates": [estimate_document(one) for one in report.estimates if agent in (None, one.agent)],
            }
            for report in found.reports
        ],
        "teams": [
            {"quantity": report.quantity.value, "estimates": [estimate_document(one) for one in report.estimates]}
            for report in found.teams
            if agent is None
        ],
    }


def _print_month(found: MonthEstimates, agent: str | None, console: Console) -> None:
    first = found.reports[0]
    state = "closed" if found.closed else "still open"
    late = (
        f", with late calls of {found.version - 1} supplement{'s' * (found.version > 2)}" if found.version > 1 else ""
    )
    console.print(
        f"[bold]{found.month}[/bold]: {len(first.estimates)} agents, intervals of {first.confidence:.0%}; version "
        f"{found.version}{late}, month {state}"
    )
    _print_pool(first, console)
    print_left_out(found.left_out, console)
    table = Table(header_style="bold")
    for heading in ("agent", "team", "calls", "reviews"):
        table.add_column(heading, justify="left" if heading in ("agent", "team") else "right", no_wrap=True)
    for report in found.reports:
        table.add_column(NAMES[report.quantity], justify="right", no_wrap=True)
        table.add_column("for", no_wrap=True)
    table.add_column("method", no_wrap=True)
    by_agent: dict[str, list[Estimate]] = defaultdict(list)
    for report in found.reports:
        for one in report.estimates:
            by_agent[one.agent].append(one)
    shown = {name: rows for name, rows in by_agent.items() if agent in (None, name)}
    for name, rows in shown.items():
        lead = rows[0]
        reviews = f"{lead.reviews}+{lead.certain}" if lead.certain else str(lead.reviews)
        cells: list[str | Text] = [Text(name or "–"), Text(lead.team or "–"), str(lead.calls), reviews]
        for one in rows:
            cells += [_value(one), _uses(one)]
        table.add_row(*cells, lead.method.value if lead.method else "–")
    console.print(table)
    console.print("for: P pay, R ranking, C coaching; reviews: random + certain", style="dim")
    if not shown:
        console.print(f"Agent {agent} has no call of {found.month} that a draw has passed.", markup=False)
    _print_reasons(shown, console)


def _print_pool(report: AgentReport, console: Console) -> None:
    pool = report.pool
    months = "month before" if pool.months == 1 else f"{pool.months} months before"
    console.print(f"  {pool.reviews} random reviews of the {months} to learn from (500 are needed)")
    if pool.correlation is not None:
        one = pool.correlation
        console.print(
            f"  machine and people correlate within agents: {one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
        )
    saving = pool.saving
    if saving.multiplier is not None:
        console.print(
            f"  ±{saving.half_width:g} takes {saving.needed} reviews an agent in place of {saving.textbook} by the "
            f"textbook: {saving.multiplier:.1f} times fewer",
            style="green",
        )
    elif saving.reason:
        console.print(f"  no saving is claimed: {saving.reason}", markup=False, style="dim")


def _print_reasons(shown: dict[str, list[Estimate]], console: Console) -> None:
    """Why no number, or a simpler method; agents with the same reason together."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, rows in shown.items():
        for reason in dict.fromkeys(filter(None, (text for one in rows for text in (one.reason, *one.remarks)))):
            reasons[reason].append(name or "–")
    for reason, names in reasons.items():
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        who = "all" if len(names) == len(shown) > 1 else listed
        console.print(f"{who}: {reason}", style="dim", markup=False)


def _value(one: Estimate) -> str:
    if one.interval is None:
        return "–"
    value, low, high = one.interval.value, one.interval.low, one.interval.high
    if one.quantity is Quantity.SCORE:
        return f"{value:.1f} ({low:.1f} to {high:.1f})"
    return f"{value:.1%} ({100 * low:.1f} to {100 * high:.1f})"


def _uses(one: Estimate) -> Text:
    return Text("").join(Text(use.value[0].upper(), style=USE_STYLES[use]) for use in one.uses) or Text("–")

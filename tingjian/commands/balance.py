"""``queue balance``: is a sample like the agent's own calls, or did somebody choose."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from quality.balance import FALSE_DISCOVERY_RATE, POOL_FOR_LIMIT
from tingjian import render
from tingjian.csv_tables import read_rows

if TYPE_CHECKING:
    from flows.queue_balance import BalanceReport

LIMIT = 0.1
"""The textbook's limit of an SMD, for pools."""

SHOWN_MARGINS = 3


def run_balance(
    month: str, *, agent: str | None, heard: bool, listed: Path | None, by_hand: bool, as_json: bool
) -> int:
    """Check the drawn sample, the heard part of it, a list from a file, or the picks by hand in the queue."""
    if sum((heard, listed is not None, by_hand)) > 1 or (agent is not None and (listed is not None or by_hand)):
        raise UsageError("--heard, --list and --by-hand are checks of their own; expected one (--agent without lists).")
    setup_django(load_settings())
    from flows.queue_balance import balance_of_draw, balance_of_lists, lists_by_hand
    from store.database import migrate
    from store.months import bounds_of_month

    migrate()
    bounds_of_month(month)
    if listed is not None or by_hand:
        report = balance_of_lists(month, _lists(listed) if listed else lists_by_hand(month))
    else:
        report = balance_of_draw(month, agent_id=agent, heard=heard)
    if report.what != "picked by hand" and agent is None:
        _keep(report)
    if as_json:
        render.print_json(_document(report))
    else:
        _print(report, render.stdout_console(), "agent" if report.what != "picked by hand" else "picked by")
    return 0


def _keep(report: BalanceReport) -> None:
    """Keep each agent's check for the pages."""
    from store import month_reports

    kind = month_reports.HEARD if report.what == "heard" else month_reports.DRAWN
    month_reports.save(report.month, kind, {one.name: asdict(one) for one in report.found})


def _lists(path: Path) -> dict[str, list[str]]:
    from store.calls import recordings_of_calls

    rows = read_rows(path, required=(), known=("recording_id", "call_id", "picked_by"))
    if not rows:
        raise UsageError(f"{path.name} holds no calls; expected one row for each under call_id or recording_id.")
    by_call = recordings_of_calls(row.values["call_id"] for row in rows if "call_id" in row.values)
    lists: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found = [row.values["recording_id"]] if "recording_id" in row.values else by_call.get(row.text("call_id"), [])
        if len(found) != 1:
            raise UsageError(
                f"{row.place}: {len(found)} recordings have the call id {row.values['call_id']!r}; expected one. "
                f"Name the recording in the column recording_id."
            )
        lists[row.values.get("picked_by", path.stem)].extend(found)
    return dict(lists)


def _document(report: Any) -> dict[str, Any]:
    return {
        "month": report.month,
        "sample": report.what,
        "false_discovery_rate": FALSE_DISCOVERY_RATE,
        "checked": [
            {
                "name": one.name,
                "calls": one.calls,
                "sample": one.sample,
                "not_assessable": one.reason,
                "unusual": list(one.unusual),
                "checks": [asdict(check) for check in one.checks],
                "margins": [asdict(margin) for margin in one.margins],
            }
            for one in report.found
        ],
        "pool": {
            "sample": report.pool_size,
            "limit_applies": report.pool_size >= POOL_FOR_LIMIT and bool(report.pool),
            "margins": [asdict(margin) for margin in report.pool],
        },
    }


def _print(report: Any, console: Console, who: str) -> None:
    console.print(
        f"[bold]{report.month}[/bold], calls {report.what}: mean |SMD| and, in brackets, how often chance alone gives "
        f"as much; marked where the false-discovery rate is held at {FALSE_DISCOVERY_RATE:.0%}"
    )
    names = next(([check.dimension for check in one.checks] for one in report.found if one.checks), [])
    table = Table(header_style="bold")
    table.add_column(who, no_wrap=True)
    for heading in ("calls", "sample", *names):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in report.found:
        cells = [_cell(check) for check in one.checks] or [Text(one.reason or "", style="dim")]
        table.add_row(Text(one.name or "–"), str(one.calls), str(one.sample), *cells)
    console.print(table)
    marked = [one for one in report.found if one.unusual]
    for one in marked:
        console.print(Text.assemble((one.name or "–", "bold"), " ", _story(one)))
    if not marked:
        console.print("Nothing stands out from what chance gives.", style="green")
    if report.pool:
        _print_pool(report, console)


def _cell(check: Any) -> Text:
    if check.mean_smd is None:
        return Text("–", style="dim")
    return Text(f"{check.mean_smd:.2f} ({check.p_value:.2g})", style="bold red" if check.unusual else "")


def _story(one: Any) -> str:
    found = []
    for dimension in one.unusual:
        margins = [margin for margin in one.margins if margin.dimension == dimension and margin.smd is not None]
        margins.sort(key=lambda margin: -abs(margin.smd))
        parts = [
            f"{margin.level} {margin.of_sample:.0%} of the sample, {margin.of_calls:.0%} of the calls"
            for margin in margins[:SHOWN_MARGINS]
        ]
        found.append(f"{dimension}: " + "; ".join(parts))
    return " | ".join(found)


def _print_pool(report: Any, console: Console) -> None:
    if report.pool_size < POOL_FOR_LIMIT:
        console.print(
            f"All samples together hold {report.pool_size} calls; the limit |SMD| < {LIMIT:g} means something from "
            f"{POOL_FOR_LIMIT} on.",
            style="dim",
        )
        return
    beyond = [margin for margin in report.pool if margin.smd is not None and abs(margin.smd) >= LIMIT]
    if not beyond:
        console.print(f"All samples together, {report.pool_size} calls: every |SMD| below {LIMIT:g}.", style="green")
    for margin in beyond:
        console.print(
            f"All samples together: {margin.dimension} {margin.level} has {margin.of_sample:.1%} of the sample and "
            f"{margin.of_calls:.1%} of the calls (SMD {margin.smd:+.2f})",
            style="yellow",
            markup=False,
        )

"""``queue``: reviewers' plans, the draw, its seed, its replay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import Settings, load_settings
from pipeline.errors import RECORDING_PROBLEMS, UsageError
from quality.words import Allocation
from tingjian import render
from tingjian.csv_tables import read_rows

SHOWN_PICKS = 40
"""More picks than this are counted, not listed; JSON has them all."""

LANE_STYLES = {"must": "bold red", "risk": "yellow", "probability": "green"}

LANE_WORDS = {
    "must": "the rulebook sends them to a person",
    "risk": "the riskiest calls of the day",
    "probability": "random sample, every call has a chance; heard blind",
}


def run_draw(
    *,
    month: str | None,
    per_agent: float | None,
    allocation: Allocation | None,
    risk_per_day: int | None,
    risk_by: str | None,
    must: str | None,
    as_json: bool,
) -> int:
    """Draw from every call that no draw has passed, and show what goes into the queue."""
    settings = _ready()
    from flows.draw_queue import DrawOptions, draw_months
    from store.draws import months_to_draw

    said = {"per_agent": per_agent, "allocation": allocation, "risk_per_day": risk_per_day}
    said |= {"risk_by": risk_by, "must": must}
    given = {name: value for name, value in said.items() if value is not None}
    months = [month] if month else months_to_draw()
    done = draw_months(months, DrawOptions(**given), frozenset(given), settings.seed_file)  # type: ignore[arg-type]
    if as_json:
        render.print_json({"months": [_document(one) for one in done]})
        return 0
    console = render.stdout_console()
    if not done:
        console.print("There are no calls yet; `tingjian nightly` finds and assesses them.")
    for one in done:
        _print_month(one)
    return 0


def run_plan(
    path: Path | None,
    *,
    reviewer: str | None,
    calls: int | None,
    since: date | None,
    until: date | None,
    weekends: bool,
    month: str | None,
    as_json: bool,
) -> int:
    """Set reviewers' plans from a file or for one reviewer, or show those of a month."""
    _ready()
    from store.plans import Plan, plans_of_month, set_plans

    entered = None
    if path is not None:
        rows = read_rows(path, required=("reviewer", "day", "calls"), known=("reviewer", "day", "calls"))
        plans = [Plan(row.text("reviewer"), row.day("day"), row.whole("calls", 0, 1000)) for row in rows]
        if not plans:
            raise UsageError(f"{path.name} holds no plans; expected rows of reviewer, day and calls.")
        entered = set_plans(plans)
        month = month or plans[0].day.strftime("%Y-%m")
    elif reviewer is not None:
        if calls is None or since is None:
            raise UsageError(
                "--reviewer needs --calls and --from; expected, for instance, --calls 12 --from 2026-03-02."
            )
        last = until or since
        if last < since or (last - since).days > 366:
            raise UsageError(f"--until is {last}; expected a day from {since} on, at most a year later.")
        days = [since + timedelta(days=number) for number in range((last - since).days + 1)]
        entered = set_plans([Plan(reviewer, day, calls) for day in days if weekends or day.weekday() < 5])
        month = month or since.strftime("%Y-%m")
    if month is None:
        raise UsageError("nothing to do; expected a CSV file, --reviewer, or --month to show a month's plans.")
    found = plans_of_month(month)
    by_reviewer: dict[str, list[int]] = defaultdict(list)
    for plan in found:
        by_reviewer[plan.reviewer].append(plan.calls)
    total = sum(plan.calls for plan in found)
    if as_json:
        plans_json = [{"reviewer": plan.reviewer, "day": plan.day.isoformat(), "calls": plan.calls} for plan in found]
        render.print_json({"month": month, "entered": entered, "calls": total, "plans": plans_json})
        return 0
    console = render.stdout_console()
    if entered is not None:
        console.print(f"{entered} plans entered.")
    if not found:
        console.print(f"No plans for {month}.")
        return 0
    table = Table(title=f"reviewers' plans {month}", title_justify="left", header_style="bold")
    for heading in ("reviewer", "days", "calls"):
        table.add_column(heading, justify="left" if heading == "reviewer" else "right")
    for name, planned in sorted(by_reviewer.items()):
        table.add_row(Text(name), str(sum(1 for number in planned if number)), str(sum(planned)))
    table.add_row("all", "", str(total), style="bold")
    console.print(table)
    return 0


def run_close(month: str, *, as_json: bool) -> int:
    """Close a month: calls that come later form a stratum of their own."""
    _ready()
    from store.draws import close_month
    from store.months import bounds_of_month

    bounds_of_month(month)
    stratum = close_month(month)
    if not stratum:
        raise UsageError(f"month {month} was not drawn; expected one with draws. Run `tingjian queue draw` first.")
    if as_json:
        render.print_json({"month": month, "next_stratum": stratum})
    else:
        render.stdout_console().print(
            f"{month} is closed. Calls of that month that come later are drawn as supplement {stratum}, "
            f"and reports that include them are a new version."
        )
    return 0


def run_verify(month: str, *, as_json: bool) -> int:
    """Replay a month's draws from the log and the seed; exit code 1 when anything differs."""
    settings = _ready()
    from flows.draw_replay import SHOWN, replay_month
    from store.months import bounds_of_month

    bounds_of_month(month)
    found = replay_month(month, settings.seed_file)
    if as_json:
        render.print_json({**asdict(found), "differences": [list(item) for item in found.differences]})
        return 1 if found.differences else 0
    console = render.stdout_console()
    console.print(f"{found.calls} calls of {found.batches} draws replayed, {found.picked} picked.")
    if not found.differences:
        console.print("Every pick and every probability is as the seed gives it.", style="green")
        return 0
    console.print(f"{len(found.differences)} differ from what the seed gives:", style="bold red")
    for recording_id, how in found.differences[:SHOWN]:
        console.print(f"  {recording_id}: {how}", markup=False)
    return 1


def run_seed(*, new: bool, as_json: bool) -> int:
    """Name the seed in force, or add a fresh one."""
    settings = load_settings()
    from flows.draw_seed import add_seed, newest_seed

    seed = add_seed(settings.seed_file) if new else newest_seed(settings.seed_file)
    if as_json:
        render.print_json({"seed_id": seed.id, "file": str(settings.seed_file)})
    else:
        render.stdout_console().print(
            f"seed {seed.id} in {settings.seed_file}: months that begin from now on use it. Keep a copy in safety, "
            f"and keep it from agents and reviewers.",
            markup=False,
        )
    return 0


def _ready() -> Settings:
    settings = load_settings()
    setup_django(settings)
    from store.database import migrate

    migrate()
    return settings


def _document(one: Any) -> dict[str, Any]:
    return {
        "month": one.month,
        "stratum": one.stratum,
        "batch": one.batch,
        "seed_id": one.seed_id,
        "model_version": one.model_version,
        "options": one.options,
        "risk_ranking": one.ranking,
        "calls": one.calls,
        "lanes": one.lanes,
        "budget": asdict(one.budget) if one.budget else None,
        "agents": [
            {"agent_id": agent, "target": round(target, 4), "expected_so_far": round(one.expected.get(agent, 0.0), 4)}
            for agent, target in one.targets.items()
        ],
        "left_out": one.left_out,
        "picks": [{**asdict(pick), "started_at": pick.started_at.isoformat()} for pick in one.picked],
    }


def _print_month(one: Any) -> None:
    console = render.stdout_console()
    supplement = f", supplement {one.stratum}" if one.stratum else ""
    if not one.calls:
        console.print(f"[bold]{one.month}[/bold]: no new calls to draw from.")
    else:
        console.print(
            f"[bold]{one.month}[/bold]{supplement}: {len(one.picked)} of {one.calls} new calls go into the queue "
            f"(seed {one.seed_id}, sizes {one.model_version})"
        )
        for lane, count in one.lanes.items():
            console.print(Text.assemble(f"  {count:>5}  ", (f"{lane:<12}", LANE_STYLES[lane]), LANE_WORDS[lane]))
        if one.ranking:
            console.print(f"  risk lane: {one.ranking}", markup=False)
        if one.targets:
            mean = sum(one.targets.values()) / len(one.targets)
            console.print(f"  random calls for an agent this month: {mean:.3g} on average ({len(one.targets)} agents)")
    if one.budget is not None:
        console.print(
            f"  plans: {one.budget.capacity:g} calls this month = must {one.budget.must:.0f} + risk "
            f"{one.budget.risk:.0f} + random {one.budget.probability:.0f}"
        )
        if one.budget.short:
            console.print(
                f"  the plans are {one.budget.short:.0f} calls short of must, risk and two random calls an agent: "
                f"plan more reviews, or make fewer rules send calls to a person",
                style="yellow",
            )
    for code, count in one.left_out.items():
        if code == "waiting":
            reason = "wait to be assessed; they come with a later draw"
        else:
            reason = f"cannot be heard: {RECORDING_PROBLEMS.get(code, code)}"
        console.print(f"  {count} recordings {reason}", style="yellow")
    if one.picked:
        console.print(_picks_table(one.picked[:SHOWN_PICKS]))
        if len(one.picked) > SHOWN_PICKS:
            console.print(f"… and {len(one.picked) - SHOWN_PICKS} more; --format json lists them all.")


def _picks_table(picks: Any) -> Table:
    table = Table(header_style="bold")
    # The chance is in the JSON alone: it follows from the machine's score, which a reviewer must not know.
    for heading in ("call", "agent", "began", "length", "lane"):
        table.add_column(heading, justify="right" if heading == "length" else "left", no_wrap=True)
    for pick in picks:
        table.add_row(
            Text(pick.call_id),
            Text(pick.agent_id or "–"),
            pick.started_at.astimezone(_zone()).strftime("%m-%d %H:%M"),
            "–" if pick.duration_s is None else render.clock(pick.duration_s),
            Text(pick.lane, style=LANE_STYLES[pick.lane]),
        )
    return table


def _zone() -> Any:
    from store.months import zone

    return zone()

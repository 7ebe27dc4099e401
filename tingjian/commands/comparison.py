"""``estimate compare`` and ``estimate rank``: agents against their team, and in order with the chance of each place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.errors import UsageError
from quality.estimates import EstimateOptions
from quality.ranking import Ranked
from tingjian import render
from tingjian.commands.estimate import ready


def run_compare(month: str | None, months: int, *, min_effect: float, whole_centre: bool, as_json: bool) -> int:
    """Compare agents' means of some months with their team's median."""
    ready()
    from flows.agent_comparison import compare_agents
    from flows.agent_estimates import newest_month
    from store.months import bounds_of_month

    month = month or newest_month()
    bounds_of_month(month)
    found = compare_agents(month, months, EstimateOptions(), min_effect=min_effect, by_team=not whole_centre)
    if as_json:
        teams = [
            {
                "team": one.team,
                "agents": [asdict(gap) for gap in one.gaps],
                "left_out": [{"agent": agent, "reason": reason} for agent, reason in one.left_out],
            }
            for one in found.teams
        ]
        render.print_json({"months": list(found.months), "min_effect": min_effect, "teams": teams})
        return 0
    console = render.stdout_console()
    console.print(
        f"[bold]{' '.join(found.months)}[/bold]: mean of the months against the median of the "
        f"{'centre' if whole_centre else 'team'}; discovered with 10 % false discoveries at most; something is done "
        f"from {min_effect:g} points below"
    )
    for team in found.teams:
        if team.gaps:
            table = Table(title=Text(team.team or "all agents"), title_justify="left", header_style="bold")
            for heading in ("agent", "mean", "gap", "± (95 %)", "p", ""):
                table.add_column(heading, justify="left" if heading in ("agent", "") else "right", no_wrap=True)
            for gap in team.gaps:
                what, style = "", ""
                if gap.act:
                    what, style = "below, act", "bold red"
                elif gap.discovered:
                    what = "above" if gap.gap > 0 else f"below, less than {min_effect:g} points"
                    style = "green" if gap.gap > 0 else "yellow"
                table.add_row(
                    Text(gap.agent or "–"),
                    f"{gap.mean:.1f}",
                    f"{gap.gap:+.1f}",
                    f"{gap.half_width:.1f}",
                    "<0.001" if gap.p_value < 0.001 else f"{gap.p_value:.3f}",
                    Text(what, style=style),
                )
            console.print(table)
        _print_left_out(team.left_out, console)
    return 0


def run_rank(month: str | None, *, shares: str, as_json: bool) -> int:
    """Rank the agents of a month, with chances."""
    wanted = _shares(shares)
    ready()
    from flows.agent_comparison import rank_month
    from flows.agent_estimates import newest_month
    from store.months import bounds_of_month

    month = month or newest_month()
    bounds_of_month(month)
    found = rank_month(month, EstimateOptions(), shares=wanted)
    if as_json:
        render.print_json(
            {
                "month": month,
                "uses": ["ranking", "coaching"],
                "shares": list(found.ranking.shares),
                "line": asdict(found.ranking.line),
                "agents": [asdict(one) for one in found.ranking.agents],
                "left_out": [{"agent": agent, "reason": reason} for agent, reason in found.left_out],
            }
        )
        return 0
    console = render.stdout_console()
    ranked = found.ranking.agents
    told_apart = sum(one.distinguishable for one in ranked)
    console.print(
        f"[bold]{month}[/bold]: {len(ranked)} agents in order; for ranking and coaching, never for pay. "
        f"{told_apart} of {len(ranked) - 1} neighbours can be told apart (95 % sure)."
    )
    table = Table(header_style="bold")
    headings = (
        "rank",
        "agent",
        "estimate",
        "shrunk",
        "ranks possible",
        "bottom tenth",
        "better than next",
        "told apart",
        "grade",
        "right grade",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("agent", "told apart") else "right", no_wrap=True)
    for one in ranked:
        table.add_row(
            str(one.rank),
            Text(one.agent or "–"),
            f"{one.estimate:.1f}",
            f"{one.shrunk:.1f} ±{one.half_width:.1f}",
            f"{one.rank_low} to {one.rank_high}",
            f"{one.bottom_tenth:.0%}",
            "–" if one.better_than_next is None else f"{one.better_than_next:.0%}",
            _told_apart(one),
            chr(ord("A") + one.grade - 1),
            f"{one.grade_chance:.0%}",
        )
    console.print(table)
    console.print(
        f"grades by forced distribution {'/'.join(f'{share:g}' for share in found.ranking.shares)} %; "
        f"'right grade' is the chance that the agent belongs there",
        style="dim",
    )
    _print_left_out(found.left_out, console)
    return 0


def _told_apart(one: Ranked) -> Text:
    if one.better_than_next is None:
        return Text("–")
    return Text("yes", style="green") if one.distinguishable else Text("no", style="yellow")


def _shares(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--shares is {text!r}; expected per cents that add up to 100, best first, such as 10,20,40,20,10."
        ) from None


def _print_left_out(left_out: Sequence[tuple[str, str]], console: Console) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for agent, reason in left_out:
        reasons[reason].append(agent or "–")
    for reason, names in reasons.items():
        listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        console.print(f"not among them: {listed}: {reason}", style="yellow", markup=False)

"""``health``: what reviews say of rules and items, and how wide an error is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from pipeline.types import Severity
from quality.item_health import ItemHealth, WeightChange, WeightProposal
from quality.rule_health import Share
from tingjian import render

if TYPE_CHECKING:
    from flows.quality_health import Sample

SCOPE_STYLES = {"none": "green", "individual": "yellow", "group": "dark_orange", "universal": "bold red"}


def run_rules(month: str, months: int, *, as_json: bool) -> int:
    """Precision and recall of every rule with a hit or a review."""
    sample = _sample(month, months)
    from flows.quality_health import health_of_rules

    found = health_of_rules(sample)
    if as_json:
        render.print_json({**_basis(sample), "rules": [asdict(one) for one in found]})
        return 0
    console = render.stdout_console()
    _print_basis(sample, console)
    table = Table(header_style="bold")
    for heading in ("rule", "calls hit", "reviewed hit", "reviewed clear", "missed", "precision", "recall"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for one in found:
        counts = (one.flagged, one.reviewed_flagged, one.reviewed_clear, one.missed)
        table.add_row(one.rule, *(str(count) for count in counts), _share(one.precision), _share(one.recall))
    console.print(table)
    for one in found:
        reasons = dict.fromkeys(filter(None, (one.precision.reason, one.recall.reason)))
        if reasons:
            console.print(f"{one.rule}: {'; '.join(reasons)}", style="dim", markup=False)
    return 0


def run_items(
    month: str,
    months: int,
    *,
    keep: Sequence[str],
    weights: Sequence[str],
    line: float,
    overrides: dict[str, object],
    as_json: bool,
) -> int:
    """The items' health and a proposal for their weights."""
    sample = _sample(month, months)
    from flows.quality_health import health_of_items
    from pipeline.rules.shelf import open_shelf

    rulebook = open_shelf(load_settings(**overrides).rulebook_place).rulebooks[-1]
    changes = [WeightChange(rule, factor, "given by hand") for rule, factor in _pairs("--weight", weights)]
    report = health_of_items(
        sample,
        fatal=[rule.id for rule in rulebook.rules if rule.severity is Severity.FATAL],
        compliance=keep,
        changes=changes or None,
        line=line,
        basis={"rulebook": rulebook.name, "rulebook_version": rulebook.version, "months": " ".join(sample.months)},
    )
    if as_json:
        proposal = report.proposal
        document = asdict(proposal) | {"crossing": [asdict(one) for one in proposal.crossing]} if proposal else None
        render.print_json({**_basis(sample), "items": [asdict(one) for one in report.found], "proposal": document})
        return 0
    console = render.stdout_console()
    _print_basis(sample, console)
    console.print(_items_table(report.found))
    console.print("Fatal items are best read as a rate of their own: few calls, much of the variance.", style="dim")
    if report.proposal is None:
        console.print("No change of weights is proposed.", style="green")
    else:
        _print_proposal(report.proposal, console)
    return 0


def run_scope(
    month: str, months: int, *, target: float, targets: Sequence[str], by_machine: bool, as_json: bool
) -> int:
    """Scope of every error, with what stands out."""
    sample = _sample(month, months)
    from flows.quality_health import scope_of_errors

    report = scope_of_errors(sample, target=target, targets=dict(_pairs("--target-of", targets)), by_machine=by_machine)
    from flows import error_pages
    from store import month_reports

    month_reports.save(month, month_reports.SCOPE, error_pages.by_error(report, sample.months))
    month_reports.save(month, month_reports.AGENT_ERRORS, error_pages.by_agent(report, sample.months))
    month_reports.save(month, month_reports.TEAM_ERRORS, error_pages.by_team(report, sample.months))
    if as_json:
        scopes = [
            {**asdict(scope), "funnel": asdict(points)}
            for scope, points in zip(report.scopes, report.funnels, strict=True)
        ]
        render.print_json({**_basis(sample), "by": report.by, "errors": scopes})
        return 0
    console = render.stdout_console()
    _print_basis(sample, console)
    if by_machine:
        console.print("Counted by the machine's hits, which are not corrected for its errors.", style="yellow")
    if not report.scopes:
        console.print("No error was found in any call.", style="green")
        return 0
    table = Table(header_style="bold")
    for heading in ("error", "scope", "rate", "target", "agents who stand out", "teams that stand out"):
        table.add_column(heading, justify="right" if heading in ("rate", "target") else "left", overflow="fold")
    for one in report.scopes:
        table.add_row(
            one.item,
            Text(one.scope.value, style=SCOPE_STYLES[one.scope.value]),
            f"{one.rate:.1%}",
            f"{one.target:.1%}",
            ", ".join(f"{unit.name} {unit.rate:.0%}" for unit in one.agents),
            ", ".join(f"{unit.name} {unit.rate:.0%}" for unit in one.groups),
        )
    console.print(table)
    if any(not one.enough for one in report.scopes):
        console.print(
            "Most agents have fewer than 30 reviews: an error of one agent alone is easily missed; take more months.",
            style="yellow",
        )
    return 0


def _sample(month: str, months: int) -> Sample:
    setup_django(load_settings())
    from flows.quality_health import months_ending, sample_of
    from store.database import migrate
    from store.months import bounds_of_month

    migrate()
    bounds_of_month(month)
    return sample_of(months_ending(month, months))


def _pairs(option: str, texts: Sequence[str]) -> list[tuple[str, float]]:
    pairs = []
    for text in texts:
        rule, _, number = text.rpartition("=")
        try:
            pairs.append((rule, float(number)))
        except ValueError:
            rule = ""
        if not rule:
            raise UsageError(f"{option} is {text!r}; expected a rule and a number, such as LANG.03=0.5.")
    return pairs


def _basis(sample: Sample) -> dict[str, Any]:
    return {
        "months": list(sample.months),
        "calls": len(sample.calls),
        "reviewed": len(sample.heard),
        "reviews_left_out": sample.outside,
    }


def _print_basis(sample: Sample, console: Console) -> None:
    console.print(
        f"[bold]{' '.join(sample.months)}[/bold]: {len(sample.heard)} reviewed of {len(sample.calls)} calls drawn from"
        + (f"; {sample.outside} reviews of calls that no draw picked are left out" if sample.outside else "")
    )


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{share.value:.2f} ({share.low:.2f} to {share.high:.2f})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _items_table(found: Sequence[ItemHealth]) -> Table:
    table = Table(header_style="bold")
    for heading in ("item", "reviews", "fails", "rate", "at most", "of count", "of points", "of variance", "proposal"):
        table.add_column(heading, justify="left" if heading in ("item", "proposal") else "right", overflow="fold")
    for one in found:
        table.add_row(
            Text.assemble(one.item, (" fatal", "bold red") if one.fatal else ""),
            str(one.reviews),
            str(one.fails),
            _percent(one.rate),
            f"{one.rate_high:.2%}",
            _percent(one.of_count),
            _percent(one.of_points),
            _percent(one.of_variance),
            Text(one.reason, style="yellow" if one.proposal else ""),
        )
    return table


def _print_proposal(proposal: WeightProposal, console: Console) -> None:
    changes = ", ".join(f"{change.item} ×{change.factor:g}" for change in proposal.changes)
    order = "–" if proposal.rank_correlation is None else f"{proposal.rank_correlation:.3f}"
    console.print(f"[bold]proposal {proposal.version}[/bold]: {changes}")
    console.print(
        f"  tried on the machine's hits of {proposal.calls} calls: mean {proposal.mean_before:.1f} to "
        f"{proposal.mean_after:.1f}, rank correlation of agents {order}, {len(proposal.crossing)} of "
        f"{len(proposal.agents)} agents cross {proposal.line:g}"
    )
    for agent in proposal.crossing:
        console.print(f"    {agent.agent_id}: {agent.before:.1f} to {agent.after:.1f}", markup=False)
    console.print("  Nothing is changed: put it into the next version of the rulebook, announced, or leave it.")

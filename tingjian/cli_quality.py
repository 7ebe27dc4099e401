"""``tingjian health``, ``estimate`` and ``training``: what each sub-command takes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from quality.words import Quantity
from tingjian.cli_options import (
    Format,
    FormatOption,
    MonthArgument,
    MonthOption,
    RulebookOption,
    overrides,
)

health_app = typer.Typer(
    help="Whether rules are right, items still count, and errors are one agent's or everybody's.", no_args_is_help=True
)


training_app = typer.Typer(help="Common errors, for those who teach.", no_args_is_help=True)


estimate_app = typer.Typer(
    help="Each agent's month as people would have scored it, with its interval; comparisons; ranks.",
    no_args_is_help=True,
)


class CountedBy(StrEnum):
    """Whose word counts as an error."""

    REVIEWS = "reviews"
    MACHINE = "machine"


MonthsOption = Annotated[int, typer.Option("--months", min=1, max=36, help="Months, up to and with that one.")]


PassLineOption = Annotated[
    float, typer.Option("--pass-line", min=0, max=100, help="Score from which a call passes; a fatal one never does.")
]


@health_app.command("rules")
def health_rules(month: MonthArgument, months: MonthsOption = 1, format: FormatOption = Format.TEXT) -> int:
    """Precision and recall of each rule, with intervals, from the reviews of drawn calls."""
    from tingjian.commands.health import run_rules

    return run_rules(month, months, as_json=format is Format.JSON)


@health_app.command("items")
def health_items(
    month: MonthArgument,
    months: MonthsOption = 1,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="RULE", help="A compliance item, never retired; repeat.")
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="RULE=FACTOR", help="Try an item's points times a factor; repeat."),
    ] = None,
    line: Annotated[float, typer.Option("--line", min=0, max=100, help="Pass mark of agents' mean scores.")] = 85.0,
    rulebook: RulebookOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Shares of count, points and variance of each item; items that no longer count; other weights tried."""
    from tingjian.commands.health import run_items

    return run_items(
        month,
        months,
        keep=keep or [],
        weights=weight or [],
        line=line,
        overrides=overrides(rulebook=rulebook),
        as_json=format is Format.JSON,
    )


@health_app.command("scope")
def health_scope(
    month: MonthArgument,
    months: MonthsOption = 3,
    target: Annotated[float, typer.Option("--target", help="Share of calls with an error that is accepted.")] = 0.05,
    targets: Annotated[
        list[str] | None, typer.Option("--target-of", metavar="RULE=SHARE", help="The same for one item; repeat.")
    ] = None,
    by: Annotated[
        CountedBy, typer.Option("--by", help="Count people's reviews, or the machine's hits on all calls.")
    ] = CountedBy.REVIEWS,
    format: FormatOption = Format.TEXT,
) -> int:
    """Whether each error is one agent's, one team's or everybody's; funnel data in the JSON."""
    from tingjian.commands.health import run_scope

    return run_scope(
        month,
        months,
        target=target,
        targets=targets or [],
        by_machine=by is CountedBy.MACHINE,
        as_json=format is Format.JSON,
    )


@training_app.command("pack")
def training_pack(
    cluster: Annotated[
        int, typer.Option("--cluster", help="Number of the common error, as `training clusters` lists it.")
    ],
    out: Annotated[Path, typer.Option("--out", help="ZIP file to write.")],
    month: Annotated[str, typer.Option("--month", help="Month (YYYY-MM); the latest that has the error.")] = "",
    clips: Annotated[int, typer.Option("--clips", min=1, max=50, help="Most stretches that are cut out.")] = 8,
    pre_roll: Annotated[
        float, typer.Option("--pre-roll", min=0, max=60, help="Seconds of the call before each stretch.")
    ] = 3.0,
    mask_customer: Annotated[
        bool, typer.Option("--mask-customer", help="Leave the agent alone in the clips and the texts.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Agents and teams by name; else they are A, B, … and no name is heard.")
    ] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """What a trainer takes into class: clips without personal numbers, a summary page, a PDF, a spreadsheet."""
    from tingjian.commands.training import run_pack

    return run_pack(
        cluster,
        out,
        month=month,
        clips=clips,
        pre_roll_s=pre_roll,
        mask_customer=mask_customer,
        names=names,
        as_json=format is Format.JSON,
    )


@training_app.command("clusters")
def training_clusters(
    month: MonthArgument,
    target: Annotated[float, typer.Option("--target", help="Share of calls with one error that is accepted.")] = 0.02,
    format: FormatOption = Format.TEXT,
) -> int:
    """What goes wrong in the same way in a month: flagged stretches in groups, and whose error each is."""
    from tingjian.commands.training import run_clusters

    return run_clusters(month, target=target, as_json=format is Format.JSON)


@health_app.command("raters")
def health_raters(
    month: MonthArgument,
    months: MonthsOption = 3,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0, max=100, help="Points from the standard that a session allows.")
    ] = 5.0,
    required: Annotated[
        float, typer.Option("--required", min=0.01, max=1, help="Share of a session's calls that must be right.")
    ] = 0.7,
    format: FormatOption = Format.TEXT,
) -> int:
    """Raters: severity, drift, spread of scores, deducting nothing, agreement, calibration sessions, appeals."""
    from tingjian.commands.raters import run_raters

    return run_raters(month, months, tolerance=tolerance, required=required, as_json=format is Format.JSON)


@health_app.command("risk")
def health_risk(
    month: MonthArgument,
    months: Annotated[int, typer.Option("--months", min=1, max=36, help="Months before it to learn from.")] = 6,
    line: Annotated[
        float, typer.Option("--line", min=0, max=100, help="Score below which a fault is serious; fatal ones are.")
    ] = 80.0,
    format: FormatOption = Format.TEXT,
) -> int:
    """The risk ranking learned from people's reviews: what it catches, whether its chances hold, what it misses."""
    from tingjian.commands.risk import run_risk

    return run_risk(month, months, line=line, as_json=format is Format.JSON)


@estimate_app.command("agents")
def estimate_agents(
    month: MonthOption = None,
    rolling: Annotated[
        bool, typer.Option("--rolling", help="Average people's corrections of three months: narrower, never for pay.")
    ] = False,
    quantity: Annotated[
        list[Quantity] | None, typer.Option("--quantity", help="What to estimate; repeat; all three by default.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Show this agent alone.")] = None,
    pass_line: PassLineOption = 80.0,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.5, max=0.999, help="Confidence of the intervals.")
    ] = 0.95,
    pay_half_width: Annotated[
        float,
        typer.Option("--pay-half-width", min=0.1, max=50, help="Widest interval for pay, points to either side."),
    ] = 3.0,
    format: FormatOption = Format.TEXT,
) -> int:
    """Estimate each agent's mean score, pass rate and fatal rate from all machine scores and the drawn reviews."""
    from tingjian.commands.estimate import run_agents

    return run_agents(
        month,
        rolling=rolling,
        quantities=quantity or [],
        agent=agent,
        pass_line=pass_line,
        confidence=confidence,
        pay_half_width=pay_half_width,
        as_json=format is Format.JSON,
    )


@estimate_app.command("compare")
def estimate_compare(
    month: MonthOption = None,
    months: Annotated[
        int, typer.Option("--months", min=1, max=12, help="Months whose mean counts, up to and with that one.")
    ] = 3,
    min_effect: Annotated[
        float, typer.Option("--min-effect", min=0, max=100, help="Points below the median from which to act.")
    ] = 4.0,
    whole_centre: Annotated[
        bool, typer.Option("--whole-centre", help="Against the median of all agents, not of the own team.")
    ] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Compare each agent's mean of three months with the team's median, with control of false discoveries."""
    from tingjian.commands.comparison import run_compare

    return run_compare(month, months, min_effect=min_effect, whole_centre=whole_centre, as_json=format is Format.JSON)


@estimate_app.command("rank")
def estimate_rank(
    month: MonthOption = None,
    shares: Annotated[
        str, typer.Option("--shares", metavar="A,B,…", help="Forced distribution in per cent, best grade first.")
    ] = "10,20,40,20,10",
    format: FormatOption = Format.TEXT,
) -> int:
    """Rank agents, and show beside each rank whether it can be told from the next; never for pay."""
    from tingjian.commands.comparison import run_rank

    return run_rank(month, shares=shares, as_json=format is Format.JSON)

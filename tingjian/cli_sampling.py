"""``tingjian sample-size`` and ``tingjian queue``: what each sub-command takes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from quality.words import Allocation, Mode
from tingjian.cli_options import (
    Format,
    FormatOption,
    MonthArgument,
    MonthOption,
    day_of,
)

sample_size_app = typer.Typer(
    help="How many calls a person must hear for a result of a given precision.", no_args_is_help=True
)


queue_app = typer.Typer(help="The queue of calls that people hear: plan, draw, balance, results.", no_args_is_help=True)


class RiskBy(StrEnum):
    """What ranks calls for the risk lane."""

    POINTS = "points"
    REVIEWS = "reviews"


class MustLane(StrEnum):
    """Which calls the draw takes with certainty."""

    ROUTED = "routed"
    FATAL = "fatal"


ErrorOption = Annotated[
    list[float] | None, typer.Option("--error", help="Half width of the interval that is wanted; repeat for a table.")
]


PopulationOption = Annotated[
    int | None, typer.Option("--population", help="The agent's calls in the period; many, where not given.")
]


ConfidenceOption = Annotated[float, typer.Option("--confidence", help="Confidence of the interval, 0 to 1.")]


SizeModeOption = Annotated[
    Mode, typer.Option("--mode", help="guarantee rounds up; article rounds to the nearest, as the literature does.")
]


SizeTableOption = Annotated[bool, typer.Option("--table", help="A table over the usual values.")]


@sample_size_app.command("mean")
def sample_size_mean(
    sd: Annotated[
        list[float] | None, typer.Option("--sd", help="Standard deviation of scores, points; repeat for a table.")
    ] = None,
    error: ErrorOption = None,
    scores: Annotated[
        str | None, typer.Option("--scores", metavar="92,88,…", help="Take the standard deviation of these scores.")
    ] = None,
    student_t: Annotated[
        bool, typer.Option("--t", help="Allow for a standard deviation that comes from these few calls (Student's t).")
    ] = False,
    population: PopulationOption = None,
    confidence: ConfidenceOption = 0.95,
    mode: SizeModeOption = Mode.GUARANTEE,
    table: SizeTableOption = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Calls to hear so that an agent's mean score is known to within the error."""
    from tingjian.commands.sample_size import run_mean

    return run_mean(
        sd or [],
        error or [],
        scores=scores,
        confidence=confidence,
        population=population,
        mode=mode,
        student_t=student_t,
        table=table,
        as_json=format is Format.JSON,
    )


@sample_size_app.command("rate")
def sample_size_rate(
    rate: Annotated[
        list[float] | None, typer.Option("--rate", help="Pass rate expected, 0 to 1; repeat for a table.")
    ] = None,
    error: ErrorOption = None,
    population: PopulationOption = None,
    confidence: ConfidenceOption = 0.95,
    mode: SizeModeOption = Mode.GUARANTEE,
    table: SizeTableOption = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Calls to hear so that a pass rate is known to within the error."""
    from tingjian.commands.sample_size import run_rate

    return run_rate(
        rate or [],
        error or [],
        confidence=confidence,
        population=population,
        mode=mode,
        table=table,
        as_json=format is Format.JSON,
    )


@queue_app.command("draw")
def queue_draw(
    month: MonthOption = None,
    per_agent: Annotated[
        float | None,
        typer.Option("--per-agent", help="Random calls of each agent in the month; default from the reviewers' plans."),
    ] = None,
    allocation: Annotated[
        Allocation | None,
        typer.Option("--allocation", help="equal, precision (equal intervals) or neyman (best for the centre)."),
    ] = None,
    risk_per_day: Annotated[
        int | None, typer.Option("--risk-per-day", min=0, help="Calls of the risk lane on each day.")
    ] = None,
    risk_by: Annotated[
        RiskBy | None,
        typer.Option("--risk-by", help="Rank that lane by rule points, or by what people's reviews teach."),
    ] = None,
    must: Annotated[
        MustLane | None,
        typer.Option("--must", help="routed: all that the rulebook sends to a person; fatal: those alone."),
    ] = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Draw the calls that people hear, from every call since the last draw; safe to run again."""
    from tingjian.commands.queue import run_draw

    return run_draw(
        month=month,
        per_agent=per_agent,
        allocation=allocation,
        risk_per_day=risk_per_day,
        risk_by=risk_by.value if risk_by else None,
        must=must.value if must else None,
        as_json=format is Format.JSON,
    )


@queue_app.command("balance")
def queue_balance(
    month: MonthArgument,
    agent: Annotated[str | None, typer.Option("--agent", help="This agent alone.")] = None,
    heard: Annotated[
        bool, typer.Option("--heard", help="Check what has been reviewed instead of what was drawn.")
    ] = False,
    listed: Annotated[
        Path | None,
        typer.Option("--list", metavar="CSV", help="Check a hand-picked list: call_id or recording_id, picked_by."),
    ] = None,
    by_hand: Annotated[bool, typer.Option("--by-hand", help="Check the calls put into the queue by hand.")] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Compare a sample with the agent's own mix of calls: measurements, index, time, length, application type."""
    from tingjian.commands.balance import run_balance

    return run_balance(month, agent=agent, heard=heard, listed=listed, by_hand=by_hand, as_json=format is Format.JSON)


@queue_app.command("plan")
def queue_plan(
    file: Annotated[
        Path | None, typer.Argument(metavar="CSV", help="Plans to enter: columns reviewer, day, calls.")
    ] = None,
    reviewer: Annotated[str | None, typer.Option("--reviewer", help="Enter plans for this reviewer.")] = None,
    calls: Annotated[int | None, typer.Option("--calls", min=0, max=1000, help="Calls a day; 0 is a day off.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day of --reviewer's plan.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day; default the first.")] = None,
    weekends: Annotated[bool, typer.Option("--weekends", help="Saturdays and Sundays too.")] = False,
    month: MonthOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Set or show how many calls each reviewer is to hear on each day."""
    from tingjian.commands.queue import run_plan

    return run_plan(
        file,
        reviewer=reviewer,
        calls=calls,
        since=day_of(since, "--from"),
        until=day_of(until, "--until"),
        weekends=weekends,
        month=month,
        as_json=format is Format.JSON,
    )


@queue_app.command("close")
def queue_close(month: MonthArgument, format: FormatOption = Format.TEXT) -> int:
    """Close a month: calls that come later are drawn apart and change nothing that was reported."""
    from tingjian.commands.queue import run_close

    return run_close(month, as_json=format is Format.JSON)


@queue_app.command("verify")
def queue_verify(month: MonthArgument, format: FormatOption = Format.TEXT) -> int:
    """Replay a month's draws from the log and the seed, to show that nobody changed a pick."""
    from tingjian.commands.queue import run_verify

    return run_verify(month, as_json=format is Format.JSON)


@queue_app.command("seed")
def queue_seed(
    new: Annotated[bool, typer.Option("--new", help="Add a fresh seed for the months that begin from now on.")] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Name the secret seed of the draw by its id."""
    from tingjian.commands.queue import run_seed

    return run_seed(new=new, as_json=format is Format.JSON)


@queue_app.command("import-reviews")
def queue_import_reviews(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="One row for each review; see docs/sampling.md.")],
    format: FormatOption = Format.TEXT,
) -> int:
    """Store human reviews from a spreadsheet."""
    from tingjian.commands.review_files import run_import_reviews

    return run_import_reviews(file, as_json=format is Format.JSON)

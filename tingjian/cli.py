"""The command ``tingjian``: what each sub-command takes, and how errors leave the programme."""

from __future__ import annotations

import os
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipeline.errors import TingjianError, UsageError
from pipeline.version import CODE_VERSION
from quality.words import Allocation, Mode, Quantity

EXIT_DONE = 0
EXIT_SOME_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_INTERNAL = 70
"""A defect of the programme itself (EX_SOFTWARE of sysexits.h), so that a scheduler can tell it from bad recordings."""
EXIT_INTERRUPTED = 130


class Format(StrEnum):
    """How a command reports."""

    TEXT = "text"
    JSON = "json"


class CountedBy(StrEnum):
    """Whose word counts as an error."""

    REVIEWS = "reviews"
    MACHINE = "machine"


class RiskBy(StrEnum):
    """What ranks calls for the risk lane."""

    POINTS = "points"
    REVIEWS = "reviews"


class MustLane(StrEnum):
    """Which calls the draw takes with certainty."""

    ROUTED = "routed"
    FATAL = "fatal"


class Runner(StrEnum):
    """Where the nightly batch runs."""

    LOCAL = "local"


app = typer.Typer(
    name="tingjian",
    help="Speech analytics for call-centre quality control: hears every recording, judges it by a written rulebook "
    "and names the calls that a person must hear.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules_app = typer.Typer(help="Work on a rulebook.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
sample_size_app = typer.Typer(
    help="How many calls a person must hear for a result of a given precision.", no_args_is_help=True
)
app.add_typer(sample_size_app, name="sample-size")
queue_app = typer.Typer(help="The queue of calls that people hear: plan, draw, balance, results.", no_args_is_help=True)
app.add_typer(queue_app, name="queue")
health_app = typer.Typer(
    help="Whether rules are right, items still count, and errors are one agent's or everybody's.", no_args_is_help=True
)
app.add_typer(health_app, name="health")
training_app = typer.Typer(help="Common errors, for those who teach.", no_args_is_help=True)
app.add_typer(training_app, name="training")

estimate_app = typer.Typer(
    help="Each agent's month as people would have scored it, with its interval; comparisons; ranks.",
    no_args_is_help=True,
)
app.add_typer(estimate_app, name="estimate")

models_app = typer.Typer(help="Speech models: which are here, whether they work, how to get one.", no_args_is_help=True)
app.add_typer(models_app, name="models")

measures_app = typer.Typer(help="What is measured, how, and what a norm flags.", no_args_is_help=True)
app.add_typer(measures_app, name="measures")

user_app = typer.Typer(help="Who may log in to the review pages.", no_args_is_help=True)
app.add_typer(user_app, name="user")

FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programmes.")]
RulebookOption = Annotated[
    str | None, typer.Option("--rulebook", metavar="NAME_OR_FILE", help="Bundled rulebook by name, or a YAML file.")
]
EngineOption = Annotated[
    str | None, typer.Option("--engine", help="Speech engine: faster-whisper, whisper, sherpa-onnx or sidecar.")
]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME_OR_PATH", help="Speech model: a name, a checkpoint or a folder.")
]
VadOption = Annotated[str | None, typer.Option("--vad", help="Speech detector: silero or webrtcvad.")]
TranscriptOption = Annotated[
    Path | None,
    typer.Option("--transcript", metavar="JSON", help="Use this transcript instead of recognising (engine sidecar)."),
]
MetaOption = Annotated[
    list[str] | None,
    typer.Option("--meta", metavar="KEY=VALUE", help="What the platform says of the call, as in a manifest; repeat."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; default one per processor.")
]

MonthOption = Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="The month.")]
MonthArgument = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month.")]
MonthsOption = Annotated[int, typer.Option("--months", min=1, max=36, help="Months, up to and with that one.")]
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


@app.command()
def demo(
    format: FormatOption = Format.TEXT,
    workers: WorkersOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier demo runs and hear everything again.")] = False,
) -> int:
    """Run the nightly flow over the bundled recordings and show the result."""
    from tingjian.commands.demo import run_demo

    return run_demo(as_json=format is Format.JSON, workers=workers, fresh=fresh)


@app.command()
def nightly(
    recordings: Annotated[Path, typer.Option("--recordings", metavar="DIR", help="Folder with the recordings.")],
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", metavar="CSV", help="What the platform says; default manifest.csv in the folder."),
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Only calls that started on this day.")
    ] = None,
    rulebook: RulebookOption = None,
    engine: EngineOption = None,
    model: ModelOption = None,
    vad: VadOption = None,
    workers: WorkersOption = None,
    runner: Annotated[Runner, typer.Option("--runner", help="Where the batch runs.")] = Runner.LOCAL,
    format: FormatOption = Format.TEXT,
) -> int:
    """Hear every new recording of a folder; safe to kill and run again."""
    from tingjian.commands.nightly import run_nightly

    return run_nightly(
        recordings=recordings,
        manifest=manifest,
        day=_day(day),
        overrides=_overrides(rulebook=rulebook, engine=engine, model=model, vad=vad, workers=workers),
        as_json=format is Format.JSON,
    )


@app.command()
def assess(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="The recording.")],
    transcript: TranscriptOption = None,
    meta: MetaOption = None,
    rulebook: RulebookOption = None,
    engine: EngineOption = None,
    model: ModelOption = None,
    vad: VadOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Assess one call, without a database."""
    from tingjian.commands.one_call import run_assess

    overrides = _overrides(rulebook=rulebook, engine=engine, model=model, vad=vad)
    return run_assess(audio, transcript, meta or [], overrides, as_json=format is Format.JSON)


@app.command()
def transcribe(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="The recording.")],
    meta: MetaOption = None,
    engine: EngineOption = None,
    model: ModelOption = None,
    vad: VadOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Print the transcript of one call."""
    from tingjian.commands.one_call import run_transcribe

    overrides = _overrides(engine=engine, model=model, vad=vad)
    return run_transcribe(audio, meta or [], overrides, as_json=format is Format.JSON)


@models_app.command("list")
def models_list(format: FormatOption = Format.TEXT) -> int:
    """List the speech models on this machine, and the names that can be pulled."""
    from tingjian.commands.models import run_models_list

    return run_models_list(as_json=format is Format.JSON)


@models_app.command("check")
def models_check(
    model: Annotated[
        str | None, typer.Argument(metavar="NAME_OR_PATH", help="The model; default the setting model.")
    ] = None,
    engine: EngineOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Load a speech model and say what it is and what it can do."""
    from tingjian.commands.models import run_models_check

    return run_models_check(model, _overrides(engine=engine), as_json=format is Format.JSON)


@models_app.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published name such as small.")],
) -> int:
    """Fetch a published Whisper model; needs a network, and keeps only what has the published SHA-256."""
    from tingjian.commands.models import run_models_pull

    return run_models_pull(name)


@models_app.command("convert")
def models_convert(
    checkpoint: Annotated[
        str, typer.Argument(metavar="NAME_OR_FILE", help="An openai-whisper checkpoint (.pt), or a published name.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="A new folder; default one in the folder for models.")
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", help="How weights are stored: int8, int8_float16, float16 or float32.")
    ] = "int8",
) -> int:
    """Make a CTranslate2 folder for faster-whisper from a checkpoint, without a network."""
    from tingjian.commands.models import run_models_convert

    return run_models_convert(checkpoint, folder, precision)


@rules_app.command("list")
def rules_list(rulebook: RulebookOption = None, format: FormatOption = Format.TEXT) -> int:
    """List the rules of a rulebook."""
    from tingjian.commands.rules import run_rules_list

    return run_rules_list(_overrides(rulebook=rulebook), as_json=format is Format.JSON)


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
        overrides=_overrides(rulebook=rulebook),
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


PassLineOption = Annotated[
    float, typer.Option("--pass-line", min=0, max=100, help="Score from which a call passes; a fatal one never does.")
]


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
        since=_day(since, "--from"),
        until=_day(until, "--until"),
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


SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="YYYY-MM-DD", help="Calls from this day on; default: all.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="Calls to this day, inclusive; default: all.")
]


@app.command("rescore")
def rescore_calls(
    since: SinceOption = None,
    until: UntilOption = None,
    rulebook: Annotated[
        str | None,
        typer.Option(
            "--rulebook",
            metavar="NAME_OR_PATH",
            help="Bundled rulebook by name, a YAML file, or a folder of versions, of which each call gets the one in "
            "force when it began.",
        ),
    ] = None,
    workers: WorkersOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Judge stored calls again by another rulebook, without sound or speech engine; old results are kept."""
    from tingjian.commands.rescore import run_rescore

    return run_rescore(
        rulebook=rulebook,
        since=_day(since, "--since"),
        until=_day(until, "--until"),
        overrides=_overrides(workers=workers),
        as_json=format is Format.JSON,
    )


RulebookArgument = Annotated[
    str | None,
    typer.Argument(metavar="[NAME_OR_FILE]", help="Bundled rulebook by name, or a YAML file; default: the setting."),
]


@rules_app.command("check")
def rules_check(
    rulebook: RulebookArgument = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on anything that deserves a look.")] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Check a rulebook: schema, conditions that can never hold, phrases inside each other, missing examples."""
    from tingjian.commands.rules import run_rules_check

    return run_rules_check(rulebook, strict=strict, as_json=format is Format.JSON)


@rules_app.command("test")
def rules_test(
    rulebook: RulebookArgument = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only this rule; repeat for more.")] = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Run the examples of every rule like unit tests."""
    from tingjian.commands.rules import run_rules_test

    return run_rules_test(rulebook, rule or [], as_json=format is Format.JSON)


@rules_app.command("explain")
def rules_explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id or name, such as LANG.03.")],
    rulebook: RulebookOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Say in words what a rule flags, when, what it costs."""
    from tingjian.commands.rules import run_rules_explain

    return run_rules_explain(rule, _overrides(rulebook=rulebook), as_json=format is Format.JSON)


@rules_app.command("diff")
def rules_diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The old rulebook, by name or file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The new one.")],
    format: FormatOption = Format.TEXT,
) -> int:
    """Say in words what changes from one rulebook to another."""
    from tingjian.commands.rules import run_rules_diff

    return run_rules_diff(before, after, as_json=format is Format.JSON)


@rules_app.command("schema")
def rules_schema(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
) -> int:
    """Print the JSON Schema of rulebook files, for editors that check and complete while typing."""
    from tingjian.commands.rules import run_rules_schema

    return run_rules_schema(out)


@rules_app.command("backtest")
def rules_backtest(
    candidate: Annotated[str, typer.Argument(metavar="A", help="The rulebook to try, by name or file.")],
    against: Annotated[
        str | None, typer.Option("--against", metavar="B", help="The one in use; default: the setting.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.xlsx", help="Write a spreadsheet too.")] = None,
    workers: WorkersOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Try a rulebook on stored calls before it goes live: hits, scores, queue, precision, appeals; writes nothing."""
    from tingjian.commands.rules_backtest import run_rules_backtest

    return run_rules_backtest(
        candidate,
        against=against,
        since=_day(since, "--since"),
        until=_day(until, "--until"),
        out=out,
        overrides=_overrides(workers=workers),
        as_json=format is Format.JSON,
    )


@measures_app.command("list")
def measures_list(format: FormatOption = Format.TEXT) -> int:
    """List every measure with its unit and definition."""
    from tingjian.commands.measures import run_measures_list

    return run_measures_list(as_json=format is Format.JSON)


@measures_app.command("explain")
def measures_explain(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[MEASURE]", help="A measure; without one: the norm of speech rate, by each definition."
        ),
    ] = None,
    call: Annotated[
        Path | None, typer.Option("--call", metavar="AUDIO", help="A recording whose figures are shown as well.")
    ] = None,
    transcript: TranscriptOption = None,
    meta: MetaOption = None,
    norm: Annotated[
        str, typer.Option("--norm", metavar="LOW-HIGH", help="The norm of speech rate, a minute.")
    ] = "100-120",
    engine: EngineOption = None,
    model: ModelOption = None,
    vad: VadOption = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Explain a measure; or show the norm of speech rate against each of its four definitions."""
    from tingjian.commands.measures import run_measures_explain

    overrides = _overrides(engine=engine, model=model, vad=vad)
    return run_measures_explain(name, call, transcript, meta or [], norm, overrides, as_json=format is Format.JSON)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to answer on; default this machine only.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port; default 8321.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Serve the calls of `tingjian demo`.")] = False,
) -> int:
    """Serve the review pages: queue, calls, verdicts."""
    from tingjian.commands.serve import run_serve

    return run_serve(demo=demo, overrides=_overrides(serve_host=host, serve_port=port))


@user_app.command("create")
def user_create(
    username: Annotated[str, typer.Argument(metavar="NAME", help="Login name.")],
    role: Annotated[
        list[str],
        typer.Option("--role", help="reviewer, supervisor, trainer, agent or administrator; repeat for several."),
    ],
    name: Annotated[str, typer.Option("--name", help="The person's name as the pages show it.")] = "",
    agent_id: Annotated[str, typer.Option("--agent-id", help="Whose calls an agent sees.")] = "",
    team: Annotated[str, typer.Option("--team", help="The person's team.")] = "",
    generate_password: Annotated[
        bool, typer.Option("--generate-password", help="Make a password up and show it once.")
    ] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Make an account; asks for its password, or reads it from standard input."""
    from tingjian.commands.serve import run_user_create

    return run_user_create(
        username,
        role,
        name=name,
        agent_id=agent_id,
        team=team,
        generate=generate_password,
        as_json=format is Format.JSON,
    )


@user_app.command("list")
def user_list(format: FormatOption = Format.TEXT) -> int:
    """List the accounts."""
    from tingjian.commands.serve import run_user_list

    return run_user_list(as_json=format is Format.JSON)


@app.command()
def doctor(format: FormatOption = Format.TEXT) -> int:
    """Check that this installation can work: libraries, model, rulebook, database, disk."""
    from tingjian.commands.doctor import run_doctor

    return run_doctor(as_json=format is Format.JSON)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tingjian {CODE_VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options that stand before the sub-command."""


def _overrides(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _day(text: str | None, option: str = "--date") -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; expected a day such as 2026-03-02.") from None


def main(arguments: list[str] | None = None) -> None:
    """Run the command and end the process with its exit code; no traceback ever reaches the user."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        result = app(args=arguments, standalone_mode=False)
        return result if isinstance(result, int) else EXIT_DONE
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        # Wrong use, found by the parser; it knows the command's usage and shows it.
        show = getattr(error, "show", None)
        if callable(show):
            show()
        else:
            _complain(str(error))
        return EXIT_WRONG_USE
    except (typer.Abort, KeyboardInterrupt):
        _complain("stopped. What was finished is kept; the same command goes on from there.")
        return EXIT_INTERRUPTED
    except UsageError as error:
        _complain(str(error))
        return EXIT_WRONG_USE
    except TingjianError as error:
        _complain(str(error))
        return EXIT_SOME_FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing more may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as error:
        from tingjian.crash import write_crash_report

        report = write_crash_report(error)
        _complain(
            f"internal error ({type(error).__name__}); this is a defect of the programme, nothing was lost. "
            f"Details for a report: {report}"
        )
        return EXIT_INTERNAL


def _complain(message: str) -> None:
    sys.stderr.write(f"tingjian: {message}\n")

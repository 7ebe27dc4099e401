"""``tingjian rules`` and ``tingjian measures``: what each sub-command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tingjian.cli_options import (
    EngineOption,
    Format,
    FormatOption,
    MetaOption,
    ModelOption,
    RulebookOption,
    SinceOption,
    TranscriptOption,
    UntilOption,
    VadOption,
    WorkersOption,
    day_of,
    overrides,
)

rules_app = typer.Typer(help="Work on a rulebook.", no_args_is_help=True)


measures_app = typer.Typer(help="What is measured, how, and what a norm flags.", no_args_is_help=True)


RulebookArgument = Annotated[
    str | None,
    typer.Argument(metavar="[NAME_OR_FILE]", help="Bundled rulebook by name, or a YAML file; default: the setting."),
]


@rules_app.command("list")
def rules_list(rulebook: RulebookOption = None, format: FormatOption = Format.TEXT) -> int:
    """List the rules of a rulebook."""
    from tingjian.commands.rules import run_rules_list

    return run_rules_list(overrides(rulebook=rulebook), as_json=format is Format.JSON)


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

    return run_rules_explain(rule, overrides(rulebook=rulebook), as_json=format is Format.JSON)


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
        since=day_of(since, "--since"),
        until=day_of(until, "--until"),
        out=out,
        overrides=overrides(workers=workers),
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

    settings = overrides(engine=engine, model=model, vad=vad)
    return run_measures_explain(name, call, transcript, meta or [], norm, settings, as_json=format is Format.JSON)

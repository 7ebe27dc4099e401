"""The command ``tingjian``: what each sub-command takes, and how errors leave the programme."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipeline.errors import TingjianError, UsageError
from pipeline.version import CODE_VERSION
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
from tingjian.cli_quality import estimate_app, health_app, training_app
from tingjian.cli_reports import export, report_app
from tingjian.cli_rules import measures_app, rules_app
from tingjian.cli_sampling import queue_app, sample_size_app
from tingjian.cli_systems import retention_app, token_app, webhook_app

EXIT_DONE = 0


EXIT_SOME_FAILED = 1


EXIT_WRONG_USE = 2


EXIT_INTERNAL = 70


"""A defect of the programme itself (EX_SOFTWARE of sysexits.h), so that a scheduler can tell it from bad recordings."""


EXIT_INTERRUPTED = 130


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


app.add_typer(rules_app, name="rules")


app.add_typer(sample_size_app, name="sample-size")


app.add_typer(queue_app, name="queue")


app.add_typer(health_app, name="health")


app.add_typer(training_app, name="training")


app.add_typer(report_app, name="report")


app.add_typer(estimate_app, name="estimate")


models_app = typer.Typer(help="Speech models: which are here, whether they work, how to get one.", no_args_is_help=True)


app.add_typer(models_app, name="models")


app.add_typer(measures_app, name="measures")


user_app = typer.Typer(help="Who may log in to the review pages.", no_args_is_help=True)


app.add_typer(user_app, name="user")


app.add_typer(token_app, name="token")


app.add_typer(webhook_app, name="webhook")


app.command("export")(export)


app.add_typer(retention_app, name="retention")


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
    recordings: Annotated[
        Path | None,
        typer.Option(
            "--recordings",
            metavar="DIR",
            help="Folder with the recordings; default the sources that are entered in the administration pages.",
        ),
    ] = None,
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
        day=day_of(day),
        overrides=overrides(rulebook=rulebook, engine=engine, model=model, vad=vad, workers=workers),
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

    settings = overrides(rulebook=rulebook, engine=engine, model=model, vad=vad)
    return run_assess(audio, transcript, meta or [], settings, as_json=format is Format.JSON)


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

    settings = overrides(engine=engine, model=model, vad=vad)
    return run_transcribe(audio, meta or [], settings, as_json=format is Format.JSON)


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

    return run_models_check(model, overrides(engine=engine), as_json=format is Format.JSON)


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
        since=day_of(since, "--since"),
        until=day_of(until, "--until"),
        overrides=overrides(workers=workers),
        as_json=format is Format.JSON,
    )


@app.command()
def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to answer on; default this machine only.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port; default 8321.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Serve the calls of `tingjian demo`.")] = False,
) -> int:
    """Serve the review pages: queue, calls, verdicts."""
    from tingjian.commands.serve import run_serve

    return run_serve(demo=demo, overrides=overrides(serve_host=host, serve_port=port))


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

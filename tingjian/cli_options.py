"""Options that several sub-commands take, and how their values are read."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UsageError


class Format(StrEnum):
    """How a command reports."""

    TEXT = "text"
    JSON = "json"


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


SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="YYYY-MM-DD", help="Calls from this day on; default: all.")
]


UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="Calls to this day, inclusive; default: all.")
]


def overrides(**values: object) -> dict[str, object]:
    """Settings that the command line gives; what it does not name stays as configured."""
    return {name: value for name, value in values.items() if value is not None}


def day_of(text: str | None, option: str = "--date") -> date | None:
    """The day that an option names.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {text!r}; expected a day such as 2026-03-02.") from None

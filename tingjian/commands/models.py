"""``models``: which speech models are here, whether one works, fetching and converting one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from config.settings import DEMO_MODEL, Settings, load_settings
from pipeline.errors import EngineError
from tingjian import render

EXIT_DONE = 0


def run_models_list(*, as_json: bool) -> int:
    """Print what is here and what can be had."""
    from pipeline.asr.model_store import pullable, stored_models

    settings = load_settings()
    found = list(stored_models(settings.model_cache_dir))
    missing = [name for name in pullable() if name not in {one.name for one in found}]
    if as_json:
        render.print_json(
            {
                "configured": {"engine": settings.engine, "model": settings.model},
                "models": [{**asdict(one), "path": str(one.path), "kind": one.kind.value} for one in found],
                "can_be_pulled": missing,
            }
        )
        return EXIT_DONE
    console = render.stdout_console()
    table = Table(title="Speech models on this machine")
    for heading in ("model", "form", "MiB", "made from"):
        table.add_column(heading, justify="right" if heading == "MiB" else "left", overflow="fold")
    table.add_row("the demo model", "openai-whisper", f"{DEMO_MODEL.stat().st_size / 2**20:.0f}", "")
    for one in found:
        table.add_row(one.name, one.kind.value, f"{one.size_bytes / 2**20:.0f}", one.origin)
    console.print(table)
    console.print(f"In use: {settings.engine}, {_name_of(settings)}")
    console.print(f"Can be pulled on a machine with a network: {', '.join(missing)}")
    return EXIT_DONE


def _name_of(settings: Settings) -> str:
    if settings.model_for_engine() is None:
        return "no model"
    return "the demo model (bundled samples only)" if settings.uses_demo_model() else settings.model


def run_models_check(model: str | None, overrides: dict[str, object], *, as_json: bool) -> int:
    """Load a model and print what its engine says of it.

    Raises:
        UsageError, EngineError: it is not here, not whole, or does not run; the text says what to do.
    """
    from pipeline.asr.engine import EngineSettings, make_engine
    from pipeline.asr.model_store import engine_for

    settings = load_settings(**overrides, **({"model": model} if model else {}))
    named = Path(settings.model).expanduser()
    in_cache = settings.model_cache_dir / settings.model
    engine_name = settings.engine
    if "engine" not in overrides:
        engine_name = engine_for(named if named.exists() else in_cache, settings.engine)
    _refuse_altered(settings.model)
    engine = make_engine(
        engine_name,
        model=settings.model,
        threads=settings.threads_for_one_call(),
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    said: dict[str, Any] = {
        "engine": engine.name,
        "version": engine.version,
        "model": engine.model,
        "digest": engine.digest,
        "capabilities": asdict(engine.capabilities),
        "options": dict(engine.options),
    }
    if as_json:
        render.print_json(said)
        return EXIT_DONE
    can = [name.replace("_", " ") for name, has in said["capabilities"].items() if has]
    said["capabilities"] = ", ".join(can) or "text alone"
    said["options"] = "\n".join(f"{name} {'–' if value is None else value}" for name, value in said["options"].items())
    table = Table(show_header=False)
    for name, value in said.items():
        table.add_row(name, str(value))
    console = render.stdout_console()
    console.print(table)
    console.print("The model loads. Whether it hears your calls well, a few calls whose words you know will tell.")
    return EXIT_DONE


def _refuse_altered(name: str) -> None:
    """A published name must be the published file."""
    from pipeline.asr.model_store import is_as_published
    from pipeline.asr.whisper_model import find_checkpoint, published_checkpoints

    if name not in published_checkpoints():
        return
    checkpoint = find_checkpoint(name)
    if not is_as_published(name, checkpoint):
        raise EngineError(
            f"{str(checkpoint)!r} is not the published model {name}: its SHA-256 differs; it may be damaged or another "
            "model: move it away, then pull or copy it again, or name another model by its path"
        )


def run_models_pull(name: str) -> int:
    """Fetch a published checkpoint, with a bar on stderr.

    Raises:
        UsageError, EngineError: as ``pipeline.asr.model_store.pull``.
    """
    from pipeline.asr.model_store import pull

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=render.stderr_console(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        path = pull(name, lambda done, total: bar.update(task, completed=done, total=total))
    console = render.stdout_console()
    console.print(f"{name} is in {path}, as published.", soft_wrap=True)
    console.print(
        f"Use it with --model {name}, or with the setting model. faster-whisper converts it at its first use; "
        f"tingjian models convert {name} does it now.",
        soft_wrap=True,
    )
    return EXIT_DONE


def run_models_convert(checkpoint: str, folder: Path | None, precision: str) -> int:
    """Make a CTranslate2 folder.

    Raises:
        UsageError, EngineError: there is no such checkpoint, or the folder cannot be made.
    """
    from pipeline.asr.conversion import convert_checkpoint
    from pipeline.asr.model_folders import MODEL_FILE, cache_name
    from pipeline.asr.whisper_model import find_checkpoint

    source = find_checkpoint(checkpoint)
    console = render.stdout_console()
    if folder is None:
        # The name under which the engine looks for int8, so that it need not convert again.
        name = cache_name(source) if precision == "int8" else f"{source.stem}-{precision}"
        folder = load_settings().model_cache_dir / name
        if (folder / MODEL_FILE).is_file():
            console.print(f"{folder} is there already.", soft_wrap=True)
            return EXIT_DONE
    convert_checkpoint(source, folder, precision)
    console.print(f"{folder} is a CTranslate2 model: use it with --model {folder}", soft_wrap=True)
    return EXIT_DONE

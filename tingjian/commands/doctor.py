"""``doctor``: can this installation do its work, and if not, what is to be done."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from rich.table import Table
from rich.text import Text

from config.settings import Settings, load_settings
from pipeline.errors import TingjianError
from tingjian import render

LIBRARIES = {
    "torch": "torch",
    "whisper": "openai-whisper",
    "faster_whisper": "faster-whisper",
    "ctranslate2": "ctranslate2",
    "silero_vad": "silero-vad",
    "webrtcvad": "webrtcvad-wheels",
    "soundfile": "soundfile",
    "soxr": "soxr",
    "av": "av",
    "librosa": "librosa",
    "opencc": "opencc",
    "ahocorasick_rs": "ahocorasick_rs",
    "django": "django",
    "prefect": "prefect",
}
LEAST_FREE_GB = 2.0


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``remedy`` says what to do when it is not well."""

    what: str
    state: State
    found: str
    remedy: str = ""


def run_doctor(*, as_json: bool) -> int:
    """Run all checks and print them; exit code 2 when one failed."""
    settings = load_settings()
    checks = list(all_checks(settings))
    failed = any(check.state is State.FAILED for check in checks)
    if as_json:
        render.print_json({"healthy": not failed, "checks": [asdict(check) for check in checks]})
    else:
        styles = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red"}
        table = Table(header_style="bold")
        for heading in ("check", "state", "found", "what to do"):
            table.add_column(heading, overflow="fold")
        for check in checks:
            state = Text(check.state.value, style=styles[check.state])
            table.add_row(check.what, state, Text(check.found), Text(check.remedy))
        render.stdout_console().print(table)
    return 2 if failed else 0


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check in the order in which things are needed."""
    yield Check(
        "python",
        State.OK if sys.version_info >= (3, 11) else State.FAILED,
        ".".join(map(str, sys.version_info[:3])),
        "" if sys.version_info >= (3, 11) else "use Python 3.11 or newer",
    )
    yield from (_library(module, package) for module, package in LIBRARIES.items())
    yield _guarded("speech detector", lambda: _detector(settings))
    if settings.voices_model:
        yield _guarded("voices apart", lambda: _voices(settings))
    yield _guarded("speech model", lambda: _model(settings))
    yield _guarded("rulebook", lambda: _rulebook(settings))
    yield _guarded("database", lambda: _database(settings))
    yield _disk(settings.var_dir)
    yield _processors(settings)


def _library(module: str, package: str) -> Check:
    try:
        importlib.import_module(module)
    except Exception as error:
        return Check(package, State.FAILED, f"{type(error).__name__}: {error}", "run: make setup")
    return Check(package, State.OK, importlib.metadata.version(package))


def _guarded(what: str, look: Callable[[], Check]) -> Check:
    """A check must report trouble, never be stopped by it."""
    try:
        return look()
    except TingjianError as error:
        return Check(what, State.FAILED, str(error), "see the message")
    except Exception as error:
        return Check(what, State.FAILED, f"{type(error).__name__}: {error}", "run: make setup")


def _detector(settings: Settings) -> Check:
    import numpy as np

    from pipeline.audio.vad import make_detector

    detector = make_detector(settings.vad)
    heard = detector.detect(np.zeros(16_000, dtype=np.float32), 16_000)
    state = State.FAILED if heard else State.OK
    return Check("speech detector", state, f"{detector.name} {detector.version}", "" if not heard else "hears silence")


def _voices(settings: Settings) -> Check:
    from pipeline.audio.sherpa_speakers import SherpaSeparator

    separator = SherpaSeparator(settings.voices_model)
    return Check("voices apart", State.OK, f"{separator.name} {separator.version}", "")


def _model(settings: Settings) -> Check:
    from pipeline.asr.engine import EngineSettings, make_engine

    engine = make_engine(
        settings.engine,
        model=settings.model_for_engine(),
        threads=settings.threads_per_worker,
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    found = f"{engine.name}, {engine.model}, {engine.digest[:12]}"
    if settings.uses_demo_model():
        return Check(
            "speech model",
            State.WARNING,
            found + " (demo model)",
            "for real calls set TINGJIAN_MODEL to a Whisper model; the demo model knows the bundled calls only",
        )
    return Check("speech model", State.OK, found)


def _rulebook(settings: Settings) -> Check:
    from pipeline.rules import check_examples
    from pipeline.rules.shelf import open_shelf

    shelf = open_shelf(settings.rulebook_place)
    rulebook = shelf.rulebooks[-1]
    failures = [failure for one in shelf.rulebooks for failure in check_examples(one)]
    found = f"{rulebook.name} {rulebook.version}, {len(rulebook.rules)} rules"
    if failures:
        return Check("rulebook", State.FAILED, f"{found}; {len(failures)} examples fail", str(failures[0]))
    return Check("rulebook", State.OK, found + ", all examples hold")


def _database(settings: Settings) -> Check:
    from config.django import setup_django

    setup_django(settings)
    from store.database import database_health

    health = database_health()
    if health.pending_migrations:
        return Check("database", State.WARNING, f"{health.where}, not up to date", "the next nightly run updates it")
    return Check("database", State.OK, f"{health.where}, {health.assessments} assessments")


def _disk(var_dir: Path) -> Check:
    folder = var_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    if not os.access(folder, os.W_OK):
        return Check("disk", State.FAILED, f"{var_dir} cannot be written", "set TINGJIAN_VAR_DIR to a writable folder")
    if free_gb < LEAST_FREE_GB:
        return Check("disk", State.WARNING, f"{free_gb:.1f} GB free under {var_dir}", "make room")
    return Check("disk", State.OK, f"{free_gb:.0f} GB free under {var_dir}")


def _processors(settings: Settings) -> Check:
    used = settings.workers_or_default() * settings.threads_per_worker
    have = os.cpu_count() or 1
    found = f"{have} processors, {settings.workers_or_default()} workers of {settings.threads_per_worker} threads"
    if used > have:
        return Check("processors", State.WARNING, found, "lower TINGJIAN_WORKERS or TINGJIAN_THREADS_PER_WORKER")
    return Check("processors", State.OK, found)

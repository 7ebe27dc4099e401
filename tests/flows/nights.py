"""Nights over fake recordings with fake workers: settings, recipe, and a scheduler that needs no server.

``python -m tests.flows.nights`` runs one as a process of its own, to be killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import Settings, load_settings
from flows.recipe import Recipe

if TYPE_CHECKING:
    from flows.chunk import Night

FAKE_JOBS = "tests.flows.fake_jobs"


def a_recipe(initialiser: str = "load_assessor", rulebook_sha256: str = "e", **settings: Any) -> Recipe:
    return Recipe(
        engine="fake",
        model_digest="d",
        detector="fake",
        rulebook="fake",
        rulebook_version="1",
        rulebook_sha256=rulebook_sha256,
        default_agent_channel=0,
        code_version="0",
        initialiser=f"{FAKE_JOBS}:{initialiser}",
        settings=settings,
    )


def some_settings(var_dir: Path, **settings: Any) -> Settings:
    return load_settings(**{"var_dir": var_dir, "workers": 2, "recording_timeout_s": 120.0, **settings})


@contextmanager
def inline_scheduler(_: Path) -> Iterator[Callable[[Night], int]]:
    """Threads of this process take one recording after the other; what Prefect does otherwise."""

    def run(night: Night) -> int:
        from flows.chunk import assess_chunk
        from store import ledger

        worked_on = 0
        with ThreadPoolExecutor(night.pool.size) as threads:
            while not night.stopped.is_set() and (ids := ledger.pending(night.batch_id)):
                chunks = [[recording_id] for recording_id in ids]
                worked_on += sum(threads.map(lambda chunk: assess_chunk(night, chunk), chunks))
        return worked_on

    yield run


@contextmanager
def no_scheduler(_: Path) -> Iterator[Callable[[Night], int]]:
    raise AssertionError("there was nothing to do")
    yield


def main(folder: str, var_dir: str, scheduler: str, seconds: str) -> None:
    from flows.prefect_server import prefect_scheduler
    from flows.run import run_night

    summary = run_night(
        Path(folder),
        some_settings(Path(var_dir), chunk_size=1),
        recipe=a_recipe(seconds=float(seconds), journal=str(Path(var_dir) / "journal")),
        scheduler=prefect_scheduler if scheduler == "prefect" else inline_scheduler,
    )
    document = summary.to_document() | {
        "exit_code": summary.exit_code,
        "did_nothing": summary.did_nothing,
        "used_prefect": "prefect" in sys.modules,
    }
    print(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The command as a user runs it: a process of its own, with a folder of its own for everything it writes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """A place where ``tingjian`` keeps its data."""

    var_dir: Path

    def run(self, *arguments: str | Path, timeout_s: float = 600, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "tingjian", *map(str, arguments)],
            cwd=ROOT,
            env={**clean_environment(), "TINGJIAN_VAR_DIR": str(self.var_dir), **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def assessments(self, database: Path | None = None) -> dict[str, dict[str, Any]]:
        """Stored assessments by call id."""
        with sqlite3.connect(database or self.var_dir / "tingjian.sqlite3") as connection:
            documents = [json.loads(text) for (text,) in connection.execute("select document from store_assessment")]
        connection.close()
        calls = {document["recording"]["metadata"]["call_id"]: document for document in documents}
        assert len(calls) == len(documents), "a call was stored twice"
        return calls


def clean_environment() -> dict[str, str]:
    """The environment without any setting of ours, so that a developer's own do not change the tests."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TINGJIAN_") and name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "var")


@dataclass(frozen=True)
class Demo:
    """One whole demo run, shared by the tests that look at it."""

    installation: Installation
    ran: Ran
    seconds: float

    @property
    def database(self) -> Path:
        return self.installation.var_dir / "demo" / "tingjian.sqlite3"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    import time

    installation = Installation(tmp_path_factory.mktemp("demo") / "var")
    started = time.monotonic()
    ran = installation.run("demo", timeout_s=1500)
    return Demo(installation, ran, time.monotonic() - started)


@pytest.fixture(scope="session")
def without_seconds() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An assessment without the one part that may differ between two runs."""

    def strip(document: dict[str, Any]) -> dict[str, Any]:
        provenance = {key: value for key, value in document["provenance"].items() if key != "seconds"}
        return {**document, "provenance": provenance}

    return strip

"""Whole runs as processes of their own, killed at any moment; the first tests without, the last with Prefect."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

LONG_S = 500.0


def start(folder: Path, var_dir: Path, scheduler: str, seconds: float = 0.05) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PREFECT_API_URL"):
        environment.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.flows.nights", str(folder), str(var_dir), scheduler, str(seconds)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(run: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = run.communicate(timeout=LONG_S)
    assert run.returncode == 0, err
    assert err == "", "no noise"
    summary: dict[str, Any] = json.loads(out)
    return summary


def kill(run: subprocess.Popen[str]) -> None:
    run.kill()
    run.communicate()


def journal(var_dir: Path) -> list[str]:
    path = var_dir / "journal"
    return path.read_text().split() if path.exists() else []


def query(var_dir: Path, sql: str) -> list[Any]:
    database = sqlite3.connect(var_dir / "tingjian.sqlite3")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def done(var_dir: Path) -> set[str]:
    return {row[0] for row in query(var_dir, "SELECT recording_id FROM store_ledgerentry WHERE state = 'done'")}


def results(var_dir: Path) -> dict[str, Any]:
    rows = query(var_dir, "SELECT recording_id, document FROM store_assessment")
    assert len(rows) == len({row[0] for row in rows})
    return {name: json.loads(document) for name, document in rows}


def descendants(process_id: int) -> set[int]:
    children: set[int] = set()
    for task in Path(f"/proc/{process_id}/task").glob("*/children"):
        children.update(map(int, task.read_text().split()))
    return children | {below for child in children for below in descendants(child)}


def is_running(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition: Any, run: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < until
        assert run is None or run.poll() is None, run.communicate()
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for i in range(24):
        (folder / f"c{i:02}.wav").write_text(f"fine {i}")
    (folder / "bad.wav").write_text("bad ")
    return folder


def test_run_when_killed_again_and_again_then_the_rest_is_finished_and_nothing_repeated(
    folder: Path, tmp_path: Path
) -> None:
    undisturbed = tmp_path / "undisturbed"
    finish(start(folder, undisturbed, "inline"))

    var_dir = tmp_path / "var"
    stored: set[str] = set()
    noted = 0
    for _ in range(5):
        run = start(folder, var_dir, "inline")
        wait_until(lambda goal=noted + 3: len(journal(var_dir)) >= goal, run)
        kill(run)
        assert not stored & set(journal(var_dir)[noted:]), "what was stored is not done again"
        stored, noted = done(var_dir), len(journal(var_dir))
    summary = finish(start(folder, var_dir, "inline"))
    assert not stored & set(journal(var_dir)[noted:])

    assert results(var_dir) == results(undisturbed)
    assert summary["already_done"] == len(stored)
    assert [(item["call_id"], item["code"]) for item in summary["set_aside"]] == [("bad.wav", "not_audio")]
    assert query(var_dir, "SELECT MAX(attempts), MAX(interruptions) < 25 FROM store_ledgerentry") == [(1, 1)]


@pytest.mark.timeout(900)
def test_run_when_scheduled_by_prefect_then_quiet_killable_and_quick_the_second_time(
    folder: Path, tmp_path: Path
) -> None:
    var_dir = tmp_path / "var"
    run = start(folder, var_dir, "prefect", seconds=0.2)
    wait_until(lambda: len(journal(var_dir)) >= 3, run)
    family = descendants(run.pid)
    assert len(family) >= 3, "two workers and a server"
    kill(run)
    wait_until(lambda: not any(map(is_running, family)))

    stored, noted = done(var_dir), len(journal(var_dir))
    summary = finish(start(folder, var_dir, "prefect"))
    assert not stored & set(journal(var_dir)[noted:])
    assert (summary["found"], summary["assessed"], summary["already_done"]) == (25, 24 - len(stored), len(stored))
    assert summary["exit_code"] == 1
    assert len(results(var_dir)) == 24
    history = sqlite3.connect(var_dir / "prefect" / "prefect.db")
    try:
        states = history.execute("SELECT state_type FROM flow_run ORDER BY start_time").fetchall()
        tasks = history.execute("SELECT name, state_type FROM task_run").fetchall()
    finally:
        history.close()
    assert states[-1] == ("COMPLETED",)
    # Prefect's history is advisory: what its recorder had not written at the end is lost.
    assert any(name.startswith("assess_chunk") and state == "COMPLETED" for name, state in tasks)

    second = finish(start(folder, var_dir, "prefect"))
    assert second["did_nothing"]
    assert not second["used_prefect"]

"""Kill a run of the bundled calls again and again, and compare what is stored with one undisturbed run.

    python -m benchmarks.kills --kills 20

Each kill is SIGKILL to the whole process group at a random moment. Prints when each came and how much was stored by
then; exit code 1 when the end result differs from the undisturbed run or anything was stored twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def start(var_dir: Path, log: Path) -> subprocess.Popen[bytes]:
    """A demo run in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tingjian", "demo"],
        cwd=ROOT,
        env={**os.environ, "TINGJIAN_VAR_DIR": str(var_dir)},
        stdin=subprocess.DEVNULL,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stored(var_dir: Path) -> list[dict[str, Any]]:
    """Assessment documents without their seconds, in the order in which they were stored."""
    database = var_dir / "demo" / "tingjian.sqlite3"
    if not database.exists():
        return []
    connection = sqlite3.connect(database, timeout=20)
    try:
        rows = connection.execute("select document from store_assessment order by id").fetchall()
    except sqlite3.OperationalError:  # killed before the tables were made
        return []
    finally:
        connection.close()
    documents = [json.loads(text) for (text,) in rows]
    for document in documents:
        del document["provenance"]["seconds"]
    return documents


def by_call(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Documents by call id."""
    return {document["recording"]["metadata"]["call_id"]: document for document in documents}


def main() -> int:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; printed")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tingjian-kills-") as folder:
        calm, disturbed = Path(folder, "calm"), Path(folder, "disturbed")
        began = time.monotonic()
        run = start(calm, Path(folder, "calm.log"))
        first_s: float | None = None
        while run.poll() is None:
            if first_s is None and stored(calm):
                first_s = time.monotonic() - began
            time.sleep(0.2)
        if run.returncode != 0:
            print(Path(folder, "calm.log").read_text(encoding="utf-8"))
            return 1
        whole_s = time.monotonic() - began
        work_s = whole_s - (first_s or 0.0)
        expected = by_call(stored(calm))
        print(
            f"undisturbed: {len(expected)} calls in {whole_s:.0f} s, the first stored "
            f"after {first_s or whole_s:.0f} s; seed {seed}",
            flush=True,
        )
        kept: set[str] = set()
        lost = False
        for number in range(1, options.kills + 1):
            run = start(disturbed, Path(folder, f"{number}.log"))
            # From the first import to well into the work; so far that most runs store something before their kill and
            # yet the calls last for all of them.
            after_s = moments.uniform(0.2, (first_s or whole_s) + 4 * work_s / options.kills)
            try:
                run.wait(after_s)
                how = "finished before its kill"
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                how = f"killed after {after_s:5.1f} s"
            now = set(by_call(stored(disturbed)))
            lost = lost or not kept <= now
            kept = now
            print(f"  {number:2d}  {how}; {len(kept)} stored", flush=True)
        code = start(disturbed, Path(folder, "last.log")).wait()
        documents = stored(disturbed)
        actual = by_call(documents)
        different = [call for call in expected if actual.get(call) != expected[call]]
        print(
            f"after {options.kills} kills and one run to the end (exit code {code}): {len(documents)} stored, "
            f"{len(documents) - len(actual)} twice, {len(different)} different or missing, "
            f"{'something' if lost else 'nothing'} lost on the way"
        )
        return 0 if code == 0 and not different and not lost and len(documents) == len(expected) else 1


if __name__ == "__main__":
    sys.exit(main())

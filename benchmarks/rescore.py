"""What rescoring costs beside the judging: ``python -m benchmarks.rescore``.

Stores made-up calls of about 600 characters in a database of its own, judges them again in one process, and says how
many calls a second that is, how much of it is the judging alone, and how much memory it takes for few and many calls.
Starting (Django, migrations looked at, the rulebook loaded) costs the same for any number of calls and is a column of
its own, so that the calls a second are those of a month.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.phrase_rulebooks import write_into

PAGE = "rules-performance.md"
DIFFERENT_CALLS = 2000
"""So many dialogues are made, and stored again under other names."""
MEASURED_CALLS = 50
"""Measuring a call takes a hundred times as long as judging it: so many are made and measured, and stored again."""


def fill(var_dir: str, calls: int) -> None:
    """Store so many calls, judged by the default rulebook under another name."""
    from config.django import setup_django
    from config.settings import load_settings

    setup_django(load_settings(var_dir=Path(var_dir)))
    from django.db import transaction

    from benchmarks.service_calls import make_call, phrases
    from pipeline.features.measure import measure_call
    from pipeline.rules import judge, load_rulebook
    from pipeline.serialise import assessment_to_document, call_to_document
    from pipeline.types import Assessment, Provenance
    from pipeline.version import CODE_VERSION
    from store import ledger, records
    from store.database import migrate
    from store.values import Enrolment

    migrate()
    rulebook = load_rulebook("announced_test_call")
    process = {"host": "h", "boot_id": "b", "process_id": 1, "process_started": "1"}
    planted = phrases(50)
    batch = ledger.open_batch("/bench", "bench", {}, **process)
    known = [measure_call(make_call(number)) for number in range(MEASURED_CALLS)]
    with transaction.atomic():
        made = []
        for number in range(calls):
            if number < DIFFERENT_CALLS:
                made.append(make_call(number, planted))
            call = made[number % DIFFERENT_CALLS]
            name = f"c{number:07}"
            metadata = replace(call.recording.metadata, call_id=name)
            call = replace(call, recording=replace(call.recording, id=name, sha256=f"{number:064}", metadata=metadata))
            measures = known[number % MEASURED_CALLS]
            by = (rulebook.name, rulebook.version, rulebook.sha256, CODE_VERSION)
            provenance = Provenance(call.recording.sha256, "bench", "", {}, "bench", *by, {})
            assessment = Assessment(call, measures, judge(call, measures, rulebook), provenance)
            document = assessment_to_document(assessment)
            stored_as = document["recording"]["metadata"]
            item = Enrolment(name, name, call.recording.sha256, f"/bench/{name}", 1, 1, "inputs", stored_as)
            ledger.enrol(batch, "bench", [item])
            ledger.claim(batch, name, "bench")
            records.save_assessment(batch, name, "bench", document, call_to_document(call))


def measure(var_dir: str) -> dict[str, Any]:
    """Rescore everything in this process; the judging alone is timed too."""
    from config.settings import load_settings
    from flows import rescore as flow

    judging = 0.0
    judge_some = flow.judge_many

    def timed(*arguments: Any) -> Any:
        nonlocal judging
        begun = time.process_time()
        result = judge_some(*arguments)
        judging += time.process_time() - begun
        return result

    flow.judge_many = timed
    begun_with_calls = 0.0
    make_rescoring = flow.make_rescoring

    def ready(*arguments: Any) -> Any:
        nonlocal begun_with_calls
        work = make_rescoring(*arguments)
        begun_with_calls = time.process_time()
        return work

    flow.make_rescoring = ready
    started = time.process_time()
    summary = flow.rescore(load_settings(var_dir=Path(var_dir), workers=1), rulebook="mobile_service")
    ended = time.process_time()
    return {
        "calls": summary.judged,
        "start_s": begun_with_calls - started,
        "cpu_s": ended - begun_with_calls,
        "judge_s": judging,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run_child(what: str) -> str:
    """One step in a process of its own, so that memory is its own."""
    code = f"import json; from benchmarks import rescore; print(json.dumps(rescore.{what}))"
    if what.startswith("fill"):
        code = f"from benchmarks import rescore; rescore.{what}"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Cost of rescoring, one process, SQLite.")
    parser.add_argument("--calls", type=int, nargs="+", default=[2000, 10000], help="how many stored calls")
    parser.add_argument("--page", action="store_true", help=f"write the table into {PAGE} as well")
    options = parser.parse_args()
    lines = [
        "| stored calls | starting | calls a second, all | judging alone | ms a call, all | judging | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for calls in options.calls:
        with tempfile.TemporaryDirectory() as folder:
            run_child(f"fill({folder!r}, {calls})")
            told = json.loads(run_child(f"measure({folder!r})"))
        count, spent, judging = told["calls"], told["cpu_s"], told["judge_s"]
        lines.append(
            f"| {count:,} | {told['start_s']:.1f} s | {count / spent:,.0f} | {count / judging:,.0f} "
            f"| {1000 * spent / count:.2f} | {1000 * judging / count:.2f} | {told['peak_mb']:.0f} MB |"
        )
    print("\n".join(lines))
    if options.page:
        write_into(PAGE, "make bench-rescore", lines)


if __name__ == "__main__":
    main()

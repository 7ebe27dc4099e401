"""Memory of one worker over many calls: the bundled recordings, again and again, through one assessor.

    python -m benchmarks.worker_memory --calls 500

Prints resident memory every 50 calls; exit code 1 when it grew by more than a tenth between call 100 and the end.
"""

from __future__ import annotations

import argparse
import sys
from itertools import cycle, islice
from pathlib import Path

import samples
from config.settings import DEMO_MODEL, load_settings
from flows.processes import resident_bytes
from pipeline.assess import make_assessor
from pipeline.metadata import parse_metadata

WARM_UP_CALLS = 100
GROWTH_LIMIT = 0.10


def main() -> int:
    """Run the calls and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    options = parser.parse_args()
    folder = Path(samples.__file__).resolve().parent / "calls"
    recordings = sorted(path for path in folder.iterdir() if path.suffix != ".json")
    assessor = make_assessor(
        engine="faster-whisper",
        model=str(DEMO_MODEL),
        detector="silero",
        rulebook="mobile_service",
        threads=1,
        engine_settings=load_settings().engine_settings(),
    )
    warm = 0
    for number, path in enumerate(islice(cycle(recordings), options.calls), 1):
        assessor.assess(path, parse_metadata({"call_id": path.stem}, "benchmark"))
        if number == min(WARM_UP_CALLS, options.calls):
            warm = resident_bytes()
        if number % 50 == 0 or number == options.calls:
            print(f"call {number:4d}  {resident_bytes() / 1e6:7.1f} MB", flush=True)
    growth = resident_bytes() / warm - 1
    print(f"growth from call {min(WARM_UP_CALLS, options.calls)} to {options.calls}: {growth:+.1%}")
    return 0 if growth <= GROWTH_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

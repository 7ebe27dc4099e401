"""The mean of several checkpoints of one training, as one checkpoint.

python -m models.demo_speech.average first.pt second.pt --out models/demo_speech/demo_speech.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.demo_speech.network import average


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Average checkpoints of the demo model.")
    parser.add_argument("checkpoints", type=Path, nargs="+", help="rounds of one training")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    options = parser.parse_args()
    average(options.checkpoints, options.out)


if __name__ == "__main__":
    main()

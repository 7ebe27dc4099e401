"""What the guards cost: true characters that they refuse on the bundled calls.

    python -m benchmarks.guards [--engine E] [--model M]

Twice: over what the speech engine writes, and over the calls' own script as a perfect recogniser would write it, with
its exact times and the speech that was found. A true character is lost when the script speaks it inside a refused
segment. Exit code 1 when half a percent or more is lost either way.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from config.settings import load_settings
from pipeline.asr.engine import EngineSettings, make_engine
from pipeline.asr.guards import guard
from pipeline.asr.text import character_count
from pipeline.assess import hear
from pipeline.audio.vad import make_detector
from pipeline.types import CallMetadata, Rejected, Role, Utterance
from samples.truth import Truth, read_truth

CALLS = Path(__file__).resolve().parents[1] / "samples" / "calls"
MOST_LOST = 0.005


def lost_characters(truth: Truth, rejected: Iterable[Rejected]) -> int:
    """Characters of the script in the middle of whose time a segment was refused, on the channel they are on."""
    refused = list(rejected)
    one_channel = truth.layout in ("mono", "dual_mono")
    return sum(
        any(
            item.start_s <= (start_s + end_s) / 2 <= item.end_s and (one_channel or item.channel == spoken.channel)
            for item in refused
        )
        for spoken in truth.utterances
        for _, start_s, end_s in spoken.characters
    )


def as_utterances(truth: Truth) -> tuple[Utterance, ...]:
    """The script as a perfect recogniser writes it."""
    one_channel = truth.layout in ("mono", "dual_mono")
    return tuple(
        Utterance(Role(one.role), 0 if one_channel else one.channel, one.start_s, one.end_s, one.text, 1.0)
        for one in truth.utterances
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine")
    parser.add_argument("--model")
    given = parser.parse_args()
    settings = load_settings(engine=given.engine, model=given.model)
    engine = make_engine(
        settings.engine,
        model=settings.model_for_engine(),
        threads=1,
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    detector = make_detector(settings.vad)
    true = written = 0
    lost, refused, reasons = Counter[str](), Counter[str](), Counter[str]()
    for path in sorted(CALLS.glob("*.truth.json")):
        truth = read_truth(path)
        recording = next(one for one in CALLS.glob(f"{truth.call_id}.*") if one.suffix != ".json")
        call = hear(recording, CallMetadata(call_id=truth.call_id, agent_channel=truth.agent_channel), engine, detector)
        if truth.layout == "dead_channel":
            live = {turn.channel for turn in call.turns}
            truth = replace(truth, utterances=tuple(one for one in truth.utterances if one.channel in live))
        script = guard(replace(call.transcript, utterances=as_utterances(truth), rejected=()), call.turns)
        true += sum(len(one.characters) for one in truth.utterances)
        written += sum(character_count(one.text) for one in call.transcript.utterances)
        for name, items in (("engine", call.transcript.rejected), ("script", script.rejected)):
            lost[name] += lost_characters(truth, items)
            refused[name] += sum(character_count(item.text) for item in items)
            reasons.update(f"{name}: {item.reason}" for item in items)
    print(f"engine {settings.engine}, {true} characters spoken in the bundled calls, {written} written and kept\n")
    print("| text of | characters refused | true characters lost | share |")
    print("|---|---:|---:|---:|")
    for name in ("engine", "script"):
        print(f"| {name} | {refused[name]} | {lost[name]} | {lost[name] / true:.2%} |")
    for reason, count in sorted(reasons.items()):
        print(f"\n{reason}: {count} segments")
    print(f"\nexpected: less than {MOST_LOST:.1%} lost")
    return int(any(count / true >= MOST_LOST for count in lost.values()))


if __name__ == "__main__":
    sys.exit(main())

"""How exactly speech begins and ends: the truth of the bundled calls and of generated ones against what is found.

    python -m benchmarks.boundaries [--calls 80] [--vad V]

Every true onset and end is compared with the nearest onset or end that was found on its channel, so that a pause not
seen counts as an error of its length, and speech not found at all with the distance to whatever was. Turns are speech
of one party with gaps under a second; stretches are what pauses of 0.25 s and more leave of it (0.2 s is the
definition itself). Exit code 1 when the turns of a line exceed what must hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.generated_calls import HELD_OUT_FROM, plan
from pipeline.audio.channels import examine_channels
from pipeline.audio.decode import decode
from pipeline.audio.vad import SpeechDetector, detect_speech, make_detector
from pipeline.types import Span
from samples.spoken_call import make_call_here
from samples.telephone import ENCODINGS, encode
from samples.truth import Truth, pieces, read_truth

BUNDLED = Path(__file__).parents[1] / "samples" / "calls"
MUST_HOLD_MS = {"bundled": (30, 80), "clean": (30, 80), "20 dB": (60, 150)}
"""Median and 95th percentile on a line."""
LINES = ("bundled", "clean", "20 dB", "15 dB", "10 dB")
TURN_GAP_S, PAUSE_S = 1.0, 0.25


@dataclass(slots=True)
class Row:
    """Errors in milliseconds, early below 0, by what they are errors of."""

    calls: int = 0
    turn_onsets: list[float] = field(default_factory=list)
    turn_ends: list[float] = field(default_factory=list)
    stretch_onsets: list[float] = field(default_factory=list)
    stretch_ends: list[float] = field(default_factory=list)
    missed: int = 0
    invented: int = 0

    @property
    def turn_edges(self) -> list[float]:
        """Onsets and ends of turns together."""
        return self.turn_onsets + self.turn_ends


def measure(path: Path, truth: Truth, detector: SpeechDetector, row: Row) -> None:
    """Compare one call with its truth."""
    audio = decode(path)
    channels = examine_channels(audio, truth.agent_channel)
    row.calls += 1
    for channel, heard in detect_speech(audio, channels.analysed, detector).items():
        spoken = [Span(*piece) for line in truth.utterances if line.channel == channel for piece in pieces(line)]
        for true, onsets, ends in (
            (_joined(spoken, TURN_GAP_S), row.turn_onsets, row.turn_ends),
            (_joined(spoken, PAUSE_S), row.stretch_onsets, row.stretch_ends),
        ):
            onsets += _errors_ms([one.start_s for one in true], [one.start_s for one in heard.speech])
            ends += _errors_ms([one.end_s for one in true], [one.end_s for one in heard.speech])
        row.missed += sum(not _touched(one, heard.speech) for one in _joined(spoken, PAUSE_S))
        row.invented += sum(not _touched(one, spoken) for one in heard.speech)


def _joined(spans: Iterable[Span], gap_s: float) -> list[Span]:
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start_s - found[-1].end_s < gap_s:
            found[-1] = Span(found[-1].start_s, max(found[-1].end_s, span.end_s))
        else:
            found.append(span)
    return found


def _errors_ms(true: Sequence[float], found: Sequence[float]) -> list[float]:
    if not found:
        return [float("inf")] * len(true)
    places = np.array(found)
    return [1000 * float(places[np.abs(places - one).argmin()] - one) for one in true]


def _touched(span: Span, others: Sequence[Span]) -> bool:
    return any(other.start_s < span.end_s and span.start_s < other.end_s for other in others)


def bundled(detector: SpeechDetector) -> Row:
    """The bundled calls, whatever their lines and codecs are."""
    row = Row()
    for path in sorted(BUNDLED.glob("*.truth.json")):
        name = path.name.removesuffix(".truth.json")
        recording = next(other for other in path.parent.glob(f"{name}.*") if other.suffix != ".json")
        measure(recording, read_truth(path), detector, row)
    return row


def generated(count: int, detector: SpeechDetector) -> dict[str, Row]:
    """So many generated stereo calls, by their line."""
    rows = {name: Row() for name in LINES[1:]}
    with tempfile.TemporaryDirectory() as folder:
        for number in _stereo(count):
            planned = plan(number)
            dialogue = planned.dialogue
            made = make_call_here(dialogue, planned.dialogues)
            path = Path(folder) / f"call{ENCODINGS[dialogue.encoding].suffix}"
            encode(made.channels, path, dialogue.encoding)
            name = "clean" if dialogue.snr_db is None else f"{dialogue.snr_db:.0f} dB"
            measure(path, made.truth, detector, rows[name])
    return rows


def _stereo(count: int) -> Iterator[int]:
    number = HELD_OUT_FROM
    while count:
        if plan(number).kind == "stereo":
            yield number
            count -= 1
        number += 1


def table(rows: dict[str, Row]) -> str:
    """All rows as Markdown."""
    lines = [
        "| line | calls | turns | onset, ms | end, ms | both, ms | must hold | stretches | onset, ms | end, ms "
        "| missed | invented |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        must = MUST_HOLD_MS.get(name)
        lines.append(
            f"| {name} | {row.calls} | {len(row.turn_onsets)} | {_figures(row.turn_onsets)} "
            f"| {_figures(row.turn_ends)} | {_figures(row.turn_edges)} | {f'{must[0]} / {must[1]}' if must else '–'} "
            f"| {len(row.stretch_onsets)} | {_figures(row.stretch_onsets)} | {_figures(row.stretch_ends)} "
            f"| {row.missed} | {row.invented} |"
        )
    return "\n".join(lines)


def _figures(errors: Sequence[float]) -> str:
    if not errors:
        return "–"
    middle, most = np.percentile(np.abs(errors), [50, 95])
    return f"{middle:.0f} / {most:.0f}"


def holds(rows: dict[str, Row]) -> bool:
    """Whether median and 95th percentile of the turns' boundaries are within what must hold."""
    return all(
        np.percentile(np.abs(rows[name].turn_edges), 50) <= middle
        and np.percentile(np.abs(rows[name].turn_edges), 95) <= most
        for name, (middle, most) in MUST_HOLD_MS.items()
        if rows[name].turn_edges
    )


def main() -> int:
    """Print the table: median / 95th percentile of the absolute errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=80, help="generated calls")
    parser.add_argument("--vad", default="silero", help="speech detector")
    given = parser.parse_args()
    detector = make_detector(given.vad)
    rows = {"bundled": bundled(detector), **generated(given.calls, detector)}
    print(f"speech detector {given.vad}; median / 95th percentile\n")
    print(table(rows))
    return 0 if holds(rows) else 1


if __name__ == "__main__":
    sys.exit(main())

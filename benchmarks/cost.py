"""What everything but speech recognition costs: decode, channels, turns, sound, measures, in seconds of one core.

    python -m benchmarks.cost [--minutes 5] [--hours 2 4] [--repeat 3]

Calls are the bundled ones with the agent on the first channel, one after the other, stereo at 8 kHz, as WAV and MP3;
the words are their script's. Every figure comes from a process of its own that runs on one thread; speed is the length
of the call by the processor seconds (user and system) of ``hear`` and ``measure_call`` after loading, median of the
repetitions; memory is the highest resident set of the whole process, libraries included. Exit code 1 when a figure that
must hold falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.assess import Stopwatch
from pipeline.types import Audio, Role, Span, Transcript, Turn, Utterance
from samples.truth import TruthUtterance

T = TypeVar("T")

RATE_HZ = 8000
LEAST_SPEED = {"silero": 150.0, "webrtcvad": 300.0}
MOST_MIB = 400.0
CALLS = Path(__file__).parents[1] / "samples" / "calls"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Case:
    """One recording, heard with one detector."""

    path: str
    detector: str
    seconds: float
    repeat: int


# ---- in a process of its own --------------------------------------------------------------------------------------


class ScriptEngine:
    """A speech engine that costs next to nothing: the script's lines, which repeat with the recording's parts."""

    name = "sidecar"

    def __init__(self, lines: Sequence[Utterance], period_s: float) -> None:
        """Keep the lines of one period."""
        self._lines = lines
        self._period_s = period_s

    def transcribe(self, audio: Audio, turns: Sequence[Turn], path: Path) -> Transcript:
        """Every line as often as it is spoken."""
        utterances = [
            _later(line, count * self._period_s)
            for count in range(int(audio.duration_s / self._period_s) + 1)
            for line in self._lines
            if line.end_s + count * self._period_s <= audio.duration_s
        ]
        speech_s = sum(turn.speech_s for turn in turns)
        return Transcript("sidecar", "script", "0" * 64, "zh", {}, tuple(utterances), audio.duration_s, speech_s)


def _later(line: Utterance, by_s: float) -> Utterance:
    characters = None
    if line.characters is not None:
        characters = tuple(Span(one.start_s + by_s, one.end_s + by_s) for one in line.characters)
    return replace(line, start_s=line.start_s + by_s, end_s=line.end_s + by_s, characters=characters)


class CpuWatch(Stopwatch):
    """Seconds of the processor by step, whatever else runs on the machine."""

    def time(self, step: str, work: Callable[[], T]) -> T:
        """Run one step and note what it cost."""
        started = time.process_time()
        result = work()
        self.seconds[step] = time.process_time() - started
        return result


def run_here(case: Case, lines: Sequence[Utterance], period_s: float) -> dict[str, object]:
    """Hear and measure one recording; seconds of the processor by step, and memory."""
    from pipeline.assess import hear
    from pipeline.audio.vad import make_detector
    from pipeline.features.measure import measure_call
    from pipeline.types import CallMetadata

    detector, engine = make_detector(case.detector), ScriptEngine(lines, period_s)
    warm = Path(case.path).with_name("warm.wav")
    # Word tables and networks load when they are first needed; that is no part of a call.
    measure_call(hear(warm, CallMetadata(call_id="warm", agent_channel=0), engine, detector))
    runs, steps, measured = [], {}, 0
    for _ in range(case.repeat):
        watch = CpuWatch()
        started = time.process_time()
        call = hear(Path(case.path), CallMetadata(call_id="c", agent_channel=0), engine, detector, watch=watch)
        measures = watch.time("measures", lambda call=call: measure_call(call))
        runs.append(time.process_time() - started)
        steps = watch.seconds
        measured = sum(one.value is not None for one in measures.values())
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": median(runs), "peak_mib": peak_mib, "steps": steps, "measured": measured, "turns": len(call.turns)}


# ---- the recordings -----------------------------------------------------------------------------------------------


def material(minutes: float) -> tuple[NDArray[np.float32], list[Utterance]]:
    """Bundled stereo calls one after the other, shape (frames, 2), and what is said in them."""
    from pipeline.audio.decode import decode
    from samples.truth import read_truth

    parts, lines, at_s = [], [], 0.0
    while at_s < minutes * 60:
        for path in sorted(CALLS.glob("*.truth.json")):
            truth = read_truth(path)
            if truth.layout != "stereo" or truth.agent_channel != 0 or at_s >= minutes * 60:
                continue
            recording = next(one for one in CALLS.glob(f"{truth.call_id}.*") if one.suffix != ".json")
            audio = decode(recording)
            if audio.sample_rate_hz != RATE_HZ or audio.channels != 2:
                continue
            parts.append(np.stack([audio.samples[channel, 0 : audio.samples.shape[1]] for channel in (0, 1)], axis=1))
            lines += [
                _later(
                    Utterance(Role(one.role), one.channel, one.start_s, one.end_s, one.text, 0.95, _times(one)), at_s
                )
                for one in truth.utterances
            ]
            at_s += audio.duration_s
    frames = round(minutes * 60 * RATE_HZ)
    return np.concatenate(parts)[:frames], [line for line in lines if line.end_s <= minutes * 60]


def _times(line: TruthUtterance) -> tuple[Span, ...]:
    """When each character of the text sounds; marks take no time."""
    spoken = list(line.characters)
    times, at_s = [], line.start_s
    for character in line.text:
        if spoken and spoken[0][0] == character:
            _, start_s, end_s = spoken.pop(0)
            times.append(Span(start_s, end_s))
            at_s = end_s
        else:
            times.append(Span(at_s, at_s))
    return tuple(times)


def write(sound: NDArray[np.float32], seconds: float, path: Path) -> None:
    """The sound over and over until the recording is so long."""
    left = round(seconds * RATE_HZ)
    layout = {"format": "MP3"} if path.suffix == ".mp3" else {"format": "WAV", "subtype": "PCM_16"}
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, **layout) as file:
        while left > 0:
            part = sound[:left]
            file.write(part)
            left -= len(part)


def cases(
    folder: Path, sound: NDArray[np.float32], minutes: float, hours: Sequence[float], repeat: int
) -> Iterator[Case]:
    """Write the recordings one by one, so that only one of hours lies on the disk."""
    write(sound, 20.0, folder / "warm.wav")
    for suffix in (".wav", ".mp3"):
        path = folder / f"call{suffix}"
        write(sound, minutes * 60, path)
        for detector in LEAST_SPEED:
            yield Case(str(path), detector, minutes * 60, repeat)
        path.unlink()
    path = folder / "short.wav"
    write(sound, 3.0, path)
    yield Case(str(path), "silero", 3.0, repeat)
    for place, length in enumerate(hours):
        # Coding hours of MP3 takes longer than hearing them.
        for suffix in (".wav", ".mp3") if place == 0 else (".wav",):
            path = folder / f"long{suffix}"
            write(sound, length * 3600, path)
            yield Case(str(path), "silero", length * 3600, 1)
            path.unlink()


# ---- the command --------------------------------------------------------------------------------------------------


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the usual call")
    parser.add_argument(
        "--hours", type=float, nargs="*", default=[2.0, 4.0], help="lengths of the long calls, the first as MP3 too"
    )
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        return _child(json.loads(given.case))
    sound, lines = material(given.minutes)
    print("| recording | length | detector | CPU s | times real time a core | peak memory, MiB | turns | measured |")
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    holds = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spoken = folder / "lines.json"
        spoken.write_text(
            json.dumps(
                [
                    [
                        *(one.role.value, one.channel, one.start_s, one.end_s, one.text),
                        [(span.start_s, span.end_s) for span in one.characters or ()],
                    ]
                    for one in lines
                ]
            ),
            encoding="utf-8",
        )
        shown: list[str] = []
        for case in cases(folder, sound, given.minutes, given.hours, given.repeat):
            result = _measured(case, spoken, given.minutes * 60)
            speed = case.seconds / float(result["cpu_s"])
            kind = Path(case.path).suffix[1:].upper()
            print(
                f"| {kind} | {_length(case.seconds)} | {case.detector} | {result['cpu_s']:.2f} | {speed:.0f} "
                f"| {result['peak_mib']:.0f} | {result['turns']} | {result['measured']} |",
                flush=True,
            )
            shown.append(f"{kind} {_length(case.seconds)} {case.detector}: {_steps(result['steps'])}")
            if case.seconds == given.minutes * 60 and kind == "WAV":
                holds &= speed >= LEAST_SPEED[case.detector]
            if case.seconds == 7200:
                holds &= float(result["peak_mib"]) < MOST_MIB
    print("\nseconds of the processor by step, last repetition:\n")
    for line in shown:
        print(f"- {line}")
    return 0 if holds else 1


def _measured(case: Case, spoken: Path, period_s: float) -> dict[str, object]:
    job = json.dumps(
        {
            "path": case.path,
            "detector": case.detector,
            "seconds": case.seconds,
            "repeat": case.repeat,
            "spoken": str(spoken),
            "period_s": period_s,
        }
    )
    command = [sys.executable, "-m", "benchmarks.cost", "--case", job]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD})
    result: dict[str, object] = json.loads(done.stdout)
    return result


def _child(job: dict[str, object]) -> int:
    rows = json.loads(Path(str(job["spoken"])).read_text(encoding="utf-8"))
    lines = [
        Utterance(Role(role), channel, start_s, end_s, text, 0.95, tuple(Span(*one) for one in times))
        for role, channel, start_s, end_s, text, times in rows
    ]
    case = Case(str(job["path"]), str(job["detector"]), float(str(job["seconds"])), int(str(job["repeat"])))
    print(json.dumps(run_here(case, lines, float(str(job["period_s"])))))
    return 0


def _length(seconds: float) -> str:
    return (
        f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:g} h"
    )


def _steps(steps: object) -> str:
    found = steps if isinstance(steps, dict) else {}
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in found.items())


if __name__ == "__main__":
    sys.exit(main())

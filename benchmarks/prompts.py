"""Speech detection on real human speech: telephone prompts with noise, against an energy reference on the clean take.

    python -m benchmarks.prompts [--minutes 10] [--noise white|babble|hum]

Prompts of Debian's asterisk-core-sounds-en-wav (fetched by scripts/telephone_prompts.sh) with pauses of 0.5 to 2.5 s
between them make one recording. The reference says of each 30 ms frame of the clean take whether it sounds: its level
is within 35 dB of the loud frames of its prompt, and gaps below 0.2 s, which are a part of speech (closures of
plosives), are filled. Precision and recall are those of ``speech_regions``, as every call goes through it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from pipeline.audio.vad import SpeechDetector, make_detector, speech_regions
from pipeline.types import Span
from samples.telephone import SAMPLE_RATE_HZ, Samples, add_noise

FOLDER = Path(__file__).resolve().parents[1] / "build" / "prompts"
FRAME_S = 0.03
CLOSURE_S = 0.2
BELOW_LOUD_DB = 35.0
NO_SPEECH = ("silence/", "beep", "ascending-2tone", "descending-2tone", "tt-monkeys")
"""How the names of files and folders begin that hold other sounds."""

CONDITIONS: tuple[tuple[str, float | None], ...] = (("clean", None), ("20 dB", 20.0), ("10 dB", 10.0), ("5 dB", 5.0))

Frames = NDArray[np.bool_]


class PromptsMissingError(Exception):
    """The prompts are not on this machine."""


@dataclass(frozen=True, slots=True)
class Take:
    """One recording made of prompts, and which of its frames are speech."""

    clean: Samples
    speech: Frames


def prompt_files(folder: Path = FOLDER) -> list[Path]:
    """The spoken prompts in order of name, those under a second left out.

    Raises:
        PromptsMissingError: they have not been fetched.
    """
    files = sorted(folder.rglob("*.wav"))
    if not files:
        raise PromptsMissingError(
            f"there are no telephone prompts in {str(folder)!r}; expected the *.wav of asterisk-core-sounds-en-wav: "
            "run bash scripts/telephone_prompts.sh"
        )
    spoken = [path for path in files if not path.relative_to(folder).as_posix().startswith(NO_SPEECH)]
    return [path for path in spoken if sf.info(path).duration >= 1.0]


def make_take(files: Sequence[Path], seconds: float, seed: int = 0) -> Take:
    """Prompts drawn at random with pauses between them, at least so long."""
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    frames: list[Frames] = []
    width = round(FRAME_S * SAMPLE_RATE_HZ)
    made = 0
    while made < seconds * SAMPLE_RATE_HZ:
        spoken, rate_hz = sf.read(files[int(rng.integers(len(files)))], dtype="float32")
        if rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"a prompt has {rate_hz} Hz; expected {SAMPLE_RATE_HZ}")
        # Whole frames, so that the frames of the parts are the frames of the whole.
        pause = np.zeros(round(rng.uniform(0.5, 2.5) / FRAME_S) * width, np.float32)
        spoken = np.pad(spoken, (0, -len(spoken) % width))
        parts += [pause, spoken]
        frames += [np.zeros(len(pause) // width, np.bool_), _reference(spoken, width)]
        made += len(pause) + len(spoken)
    return Take(np.concatenate(parts), np.concatenate(frames))


def precision_and_recall(take: Take, detector: SpeechDetector, snr_db: float | None, noise: str) -> tuple[float, float]:
    """Shares, by frame: how much of what is found is speech, and how much of the speech is found."""
    heard = take.clean if snr_db is None else add_noise(take.clean, snr_db, noise, np.random.default_rng(1))
    found = _covered(speech_regions(heard, SAMPLE_RATE_HZ, detector), len(take.speech))
    both = int((found & take.speech).sum())
    return both / max(int(found.sum()), 1), both / max(int(take.speech.sum()), 1)


def _reference(spoken: Samples, width: int) -> Frames:
    power = np.square(spoken.reshape(-1, width), dtype=np.float64).mean(axis=1)
    loud: Frames = power > np.quantile(power, 0.9) * 10 ** (-BELOW_LOUD_DB / 10)
    sounding = np.flatnonzero(loud)
    for before, after in pairwise(sounding):
        if (after - before - 1) * FRAME_S < CLOSURE_S:
            loud[before:after] = True
    return loud


def _covered(spans: Sequence[Span], count: int) -> Frames:
    """Frames of which at least half is inside a span."""
    seconds = np.zeros(count)
    for span in spans:
        first, last = int(span.start_s / FRAME_S), min(int(span.end_s / FRAME_S), count - 1)
        for frame in range(first, last + 1):
            overlap_s = min(span.end_s, (frame + 1) * FRAME_S) - max(span.start_s, frame * FRAME_S)
            seconds[frame] += max(0.0, overlap_s)
    covered: Frames = seconds >= FRAME_S / 2
    return covered


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--noise", choices=("white", "babble", "hum"), action="append")
    given = parser.parse_args()
    try:
        files = prompt_files()
    except PromptsMissingError as missing:
        print(f"benchmark: {missing}", file=sys.stderr)
        return 2
    take = make_take(files, given.minutes * 60)
    minutes = len(take.clean) / SAMPLE_RATE_HZ / 60
    print(f"{len(files)} prompts, {minutes:.1f} minutes, {take.speech.mean():.0%} of the frames are speech\n")
    print("| detector | noise | line | precision | recall | F1 | CPU s |")
    print("|---|---|---|---:|---:|---:|---:|")
    for name in ("silero", "webrtcvad"):
        detector = make_detector(name)
        for at, noise in enumerate(given.noise or ["white", "babble"]):
            for line, snr_db in CONDITIONS[at > 0 :]:
                started = time.process_time()
                precision, recall = precision_and_recall(take, detector, snr_db, noise)
                seconds = time.process_time() - started
                harmonic = 2 * precision * recall / max(precision + recall, 1e-9)
                shown = "–" if snr_db is None else noise
                print(
                    f"| {name} | {shown} | {line} | {precision:.3f} | {recall:.3f} | {harmonic:.3f} | {seconds:.1f} |",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())

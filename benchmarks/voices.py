"""Who is who on a mono recording: how far the script's evidence can be trusted when a separator errs.

    python -m benchmarks.voices [--calls 15]

Generated mono calls with known truth. The separator is the truth with errors: so many of the spoken pieces, by chance,
go to the other voice, words and all. Printed for each error rate: in how many calls somebody is named the agent, in how
many of those it is the wrong one, and the largest error of the agent's speaking rate there. No separator with real
models is measured here. Exit code 1 when a wrong voice is named the agent at an error that a separator may have.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.generated_calls import HELD_OUT_FROM, KINDS, plan
from benchmarks.script_truth import measures_of
from pipeline.assess import hear
from pipeline.audio.vad import SpeechDetector, make_detector
from pipeline.features.measure import measure_call
from pipeline.types import Audio, Call, CallMetadata, FloatArray, Role, Span, Transcript, Turn, Utterance
from samples.spoken_call import CUSTOMER_LEVEL_DBFS, make_call_here
from samples.telephone import ENCODINGS, encode
from samples.truth import Truth, TruthUtterance, pieces

ERRORS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5)
RATE = "agent_speaking_rate_cpm"
_EDGE_S = 0.15


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech and the voice that gets it, rightly or not."""

    span: Span
    voice: int
    line: TruthUtterance


class ErringSeparator:
    """The truth, a share of its pieces given to the wrong voice; the agent is voice 1."""

    name, version = "truth", "1"

    def __init__(self, truth: Truth, error: float, seed: int) -> None:
        """Choose the errors."""
        rng = random.Random(seed)
        self.pieces = [
            Piece(Span(*one), int(line.role == Role.AGENT) ^ int(rng.random() < error), line)
            for line in truth.utterances
            for one in pieces(line)
        ]

    def separate(self, samples: FloatArray, sample_rate_hz: int) -> Sequence[Sequence[Span]]:
        """See SpeakerSeparator."""
        return [sorted(one.span for one in self.pieces if one.voice == voice) for voice in (0, 1)]


class PieceEngine:
    """A speech engine that hears the script's words, each in the turns of the voice that its piece went to."""

    name = "sidecar"

    def __init__(self, separator: ErringSeparator) -> None:
        """Keep the pieces."""
        self._pieces = separator.pieces

    def transcribe(self, audio: Audio, turns: Sequence[Turn], path: Path) -> Transcript:
        """One utterance for every piece that lies in a turn."""
        said = [utterance for piece in self._pieces for utterance in self._heard(piece, turns)]
        said.sort(key=lambda one: (one.start_s, one.channel))
        speech_s = sum(turn.speech_s for turn in turns)
        return Transcript("sidecar", "script", "0" * 64, "zh", {}, tuple(said), audio.duration_s, speech_s)

    def _heard(self, piece: Piece, turns: Sequence[Turn]) -> list[Utterance]:
        middle_s = (piece.span.start_s + piece.span.end_s) / 2
        turn = next((one for one in turns if one.channel == piece.voice and one.start_s <= middle_s <= one.end_s), None)
        if turn is None:
            return []
        text = "".join(
            character
            for character, start_s, end_s in piece.line.characters
            if piece.span.start_s <= (start_s + end_s) / 2 <= piece.span.end_s + _EDGE_S
        )
        start_s, end_s = max(turn.start_s, piece.span.start_s), min(turn.end_s, piece.span.end_s)
        return [Utterance(turn.role, turn.channel, start_s, end_s, text, 0.95)] if text and end_s > start_s else []


@dataclass(frozen=True, slots=True)
class Heard:
    """One call: how sure the roles are, whether the agent is the agent, and the error of the agent's rate."""

    confidence: float
    right: bool | None
    rate_error: float | None


def mono_call(number: int, folder: Path) -> tuple[Path, Truth, dict[str, float]]:
    """A generated mono call, its truth, and its true measures."""
    planned = plan(number)
    made = make_call_here(planned.dialogue, planned.dialogues)
    path = folder / f"{planned.dialogue.id}{ENCODINGS[planned.dialogue.encoding].suffix}"
    encode(made.channels, path, planned.dialogue.encoding)
    return path, made.truth, measures_of(made.truth, planned.dialogue.agent_level_dbfs, CUSTOMER_LEVEL_DBFS)


def hear_voices(path: Path, truth: Truth, error: float, seed: int, detector: SpeechDetector) -> Call:
    """Hear a mono call with a separator that errs."""
    separator = ErringSeparator(truth, error, seed)
    return hear(path, CallMetadata(call_id="c"), PieceEngine(separator), detector, separator=separator)


def judged(call: Call, truth: Truth, true_rate: float) -> Heard:
    """Compare a call with its truth."""
    confidence = call.recording.agent_channel_confidence or 0.0
    if call.recording.agent_channel is None:
        return Heard(confidence, None, None)
    agent_s = {
        role: sum(
            max(0.0, min(turn.end_s, end_s) - max(turn.start_s, start_s))
            for turn in call.turns
            if turn.role is Role.AGENT
            for line in truth.utterances
            if line.role == role
            for start_s, end_s in pieces(line)
        )
        for role in (Role.AGENT, Role.CUSTOMER)
    }
    rate = measure_call(call)[RATE].value
    error = abs(float(rate) - true_rate) / true_rate if isinstance(rate, float | int) else None
    return Heard(confidence, agent_s[Role.AGENT] > agent_s[Role.CUSTOMER], error)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=15)
    parser.add_argument("--first", type=int, default=HELD_OUT_FROM, help="number of the first call")
    given = parser.parse_args()
    detector = make_detector("silero")
    numbers = [given.first + KINDS.index("mono") + len(KINDS) * index for index in range(given.calls)]
    rows: dict[float, list[Heard]] = {error: [] for error in ERRORS}
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            path, truth, true = mono_call(number, Path(folder))
            for error in ERRORS:
                rows[error].append(judged(hear_voices(path, truth, error, number, detector), truth, true[RATE]))
    print(
        "| pieces on the wrong voice | calls | agent named | wrongly | median confidence | rate off by, 95th centile |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for error, heard in rows.items():
        named = [one for one in heard if one.right is not None]
        wrong = sum(one.right is False for one in named)
        off = sorted(one.rate_error for one in named if one.rate_error is not None)
        worst = f"{off[int(0.95 * (len(off) - 1))]:.1%}" if off else "–"
        sure = median(one.confidence for one in heard)
        print(f"| {error:.0%} | {len(heard)} | {len(named)} | {wrong} | {sure:.2f} | {worst} |")
    return int(any(one.right is False for error in ERRORS if error < 0.5 for one in rows[error]))


if __name__ == "__main__":
    sys.exit(main())

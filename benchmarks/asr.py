"""What hearing costs, and how well it is heard: stock openai-whisper beside our engines, one process, one thread.

The same audio and the same weights in turn: (a) openai-whisper as its documentation says to call it, on each channel
as a whole; (b) our engine ``whisper``; (c) our engine ``faster-whisper``. Audio is decoded, and each channel resampled
for (a), before the clock starts; (b) and (c) find the speech within the time that is counted. CPU seconds are those of
the process.

Run as ``make bench-asr``: bundled and generated calls with the demo model, then random weights of the sizes base and
small, which write a fixed number of tokens. Prints the tables of docs/performance.md and fails where a must-hold falls
short; ``--page`` writes them there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any
from unittest.mock import patch

import jiwer
import soxr
import torch
import whisper
from threadpoolctl import threadpool_limits

from benchmarks.generated_calls import plan
from config.settings import DEMO_MODEL
from pipeline.asr import faster_whisper_engine, whisper_engine
from pipeline.asr.engine import EngineSettings, SpeechEngine, make_engine
from pipeline.asr.normalise import normalise
from pipeline.asr.text import plain
from pipeline.asr.whisper_model import whisper_tokenizer
from pipeline.asr.windows import pack
from pipeline.audio.channels import examine_channels
from pipeline.audio.decode import decode
from pipeline.audio.turns import build_turns
from pipeline.audio.vad import SpeechDetector, detect_speech, make_detector
from pipeline.types import Audio, FloatArray, Turn
from samples.spoken_call import make_call_here
from samples.telephone import ENCODINGS, encode
from samples.truth import Truth, read_truth

CALLS = Path(__file__).resolve().parents[1] / "samples" / "calls"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- bench-asr:begin -->", "<!-- bench-asr:end -->"

STOCK, STOCK_GREEDY, OURS, FAST = "openai-whisper", "openai-whisper, temperature 0", "whisper", "faster-whisper"
LEAST_RATIO = {OURS: 2.0, FAST: 8.0}
"""How many times fewer CPU seconds than (a) each must take on the bundled calls."""

GENERATED = 4
SIZES = {"base": (512, 8, 6), "small": (768, 12, 12)}
"""State, heads and layers of the published sizes; the rest is common to them."""

PARTS = ("bundled", *SIZES, "generated")

RANDOM_MINUTES = 1.5
TOKENS_PER_SPEECH_S = 5.0
"""What a published model writes for natural Mandarin: 4 to 5 characters a second, somewhat over a token each."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call in memory; ``channels`` are its channels at 16 kHz, ``said`` what each says by the script."""

    audio: Audio
    channels: tuple[FloatArray, ...]
    said: tuple[str, ...]
    speech_s: float


@dataclass(slots=True)
class Row:
    """One way over a set of calls: CPU seconds, and what it wrote for each channel of each call."""

    cpu_s: float = 0.0
    written: list[str] = field(default_factory=list)


Way = Callable[[Recorded], list[str]]


def recorded(path: Path, truth: Truth) -> Recorded:
    """Read a call of two channels into memory."""
    audio = decode(path)
    channels = tuple(soxr.resample(audio.samples[at, :], audio.sample_rate_hz, 16_000) for at in range(audio.channels))
    said = tuple("".join(one.text for one in truth.utterances if one.channel == at) for at in range(audio.channels))
    return Recorded(audio, channels, said, sum(one.end_s - one.start_s for one in truth.utterances))


def bundled() -> Iterator[Recorded]:
    """The bundled calls with a party on each channel."""
    for path in sorted(CALLS.glob("*.truth.json")):
        truth = read_truth(path)
        if truth.layout == "stereo":
            yield recorded(next(one for one in CALLS.glob(f"{truth.call_id}.*") if one.suffix != ".json"), truth)


def generated(count: int, folder: Path) -> Iterator[Recorded]:
    """Calls written by chance: longer, with holds and noise, other voices than the demo model was trained on."""
    number = found = 0
    while found < count:
        planned = plan(number)
        number += 1
        if planned.kind != "stereo":
            continue
        found += 1
        made = make_call_here(planned.dialogue, planned.dialogues)
        path = folder / f"{planned.dialogue.id}{ENCODINGS[planned.dialogue.encoding].suffix}"
        encode(made.channels, path, planned.dialogue.encoding)
        yield recorded(path, made.truth)


def stock(model: Any, **options: Any) -> Way:
    """openai-whisper on each channel as a whole; without ``options`` exactly as its documentation calls it."""

    def way(call: Recorded) -> list[str]:
        torch.set_num_threads(1)
        return [model.transcribe(channel, language="zh", fp16=False, **options)["text"] for channel in call.channels]

    return way


def ours(engine: SpeechEngine, detector: SpeechDetector) -> Way:
    """One of our engines, speech detection included."""

    def way(call: Recorded) -> list[str]:
        texts = [""] * call.audio.channels
        for one in engine.transcribe(call.audio, turns_of(call.audio, detector), Path("call")).utterances:
            texts[one.channel] += one.text
        return texts

    return way


def our_engines(checkpoint: Path, folder: Path) -> dict[str, SpeechEngine]:
    """Both engines with the same weights, on one thread of the processor; the conversion goes into ``folder``."""
    settings = EngineSettings(model_cache=folder)
    return {name: make_engine(name, model=str(checkpoint), threads=1, settings=settings) for name in (OURS, FAST)}


def turns_of(audio: Audio, detector: SpeechDetector) -> tuple[Turn, ...]:
    """Where somebody speaks, as ``hear`` finds it."""
    channels = examine_channels(audio, None, 0)
    found = detect_speech(audio, channels.analysed, detector)
    return build_turns({channel: one.speech for channel, one in found.items()}, channels.roles, audio)


def measure(ways: dict[str, Way], calls: Sequence[Recorded], *, warm: bool = True) -> dict[str, Row]:
    """Every way over all calls, in turn on each call, so that a slow stretch of the machine meets all of them."""
    rows = {name: Row() for name in ways}
    for way in ways.values() if warm else ():
        way(calls[0])  # what is loaded or allocated once; next to nothing beside a large model
    for at, call in enumerate(calls):
        for name, way in ways.items():
            begun = process_time()
            texts = way(call)
            rows[name].cpu_s += process_time() - begun
            rows[name].written += texts
        print(f"\r{at + 1} of {len(calls)} calls", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


def error_rate(said: Sequence[str], written: Sequence[str]) -> float:
    """Character error rate over all texts together, compared without marks, in simplified characters."""
    pairs = [(plain(normalise(one)), plain(normalise(other))) for one, other in zip(said, written, strict=True)]
    spoken = [(one, other) for one, other in pairs if one]
    invented = sum(len(other) for one, other in pairs if not one)
    counts = jiwer.process_characters([one for one, _ in spoken], [other for _, other in spoken])
    wrong = counts.substitutions + counts.deletions + counts.insertions + invented
    return wrong / sum(len(one) for one, _ in spoken)


def random_model(size: str, folder: Path) -> Path:
    """A checkpoint with the dimensions of a published size and random weights, which never ends its text."""
    state, heads, layers = SIZES[size]
    dims = whisper.model.ModelDimensions(80, 1500, state, heads, layers, 51865, 448, state, heads, layers)
    torch.manual_seed(0)
    model = whisper.model.Whisper(dims)
    (good,) = whisper_tokenizer(99).encode("好")
    with torch.no_grad():
        model.encoder.positional_embedding.copy_(whisper.model.sinusoids(1500, state))
        model.decoder.positional_embedding.normal_(std=0.01)
        # Whatever the decoder computes, the last layer sees this one direction, in which one token stands out.
        model.decoder.ln.weight.zero_()
        model.decoder.ln.bias.copy_(torch.sign(torch.randn(state)))
        model.decoder.token_embedding.weight[good] = model.decoder.ln.bias
    path = folder / f"random-{size}.pt"
    torch.save({"dims": vars(dims), "model_state_dict": model.state_dict()}, path)
    return path


def with_random_weights(size: str, calls: Sequence[Recorded], detector: SpeechDetector, folder: Path) -> dict[str, Row]:
    """The three ways with a model that writes as many tokens as asked: the same number for all of them."""
    checkpoint = random_model(size, folder)
    tokens = TOKENS_PER_SPEECH_S * sum(call.speech_s for call in calls)
    windows_stock = sum(-(-len(channel) // (30 * 16_000)) for call in calls for channel in call.channels)
    engines = our_engines(checkpoint, folder)
    windows_ours = sum(len(pack(turns_of(call.audio, detector))) for call in calls)
    # Every 30 s of a channel are a window for openai-whisper, every 28 s of speech one for us.
    limits = [max(1, round(tokens / windows)) for windows in (windows_stock, windows_ours)]
    with ExitStack() as patches:
        for module in (whisper_engine, faster_whisper_engine):
            patches.enter_context(patch.object(module, "token_limit", lambda *_: limits[1]))
        ways = {
            STOCK_GREEDY: stock(
                whisper.load_model(str(checkpoint)),
                temperature=0.0,
                without_timestamps=True,
                sample_len=limits[0],
                condition_on_previous_text=False,
                no_speech_threshold=None,
            ),
            **{name: ours(engine, detector) for name, engine in engines.items()},
        }
        return measure(ways, calls, warm=False)


def with_demo_model(calls: Sequence[Recorded], detector: SpeechDetector, folder: Path) -> dict[str, Row]:
    """All ways with the demo model; openai-whisper also without its retries at higher temperatures."""
    model = whisper.load_model(str(DEMO_MODEL))
    engines = our_engines(DEMO_MODEL, folder)
    return measure(
        {
            STOCK: stock(model),
            STOCK_GREEDY: stock(model, temperature=0.0, condition_on_previous_text=False),
            **{name: ours(engine, detector) for name, engine in engines.items()},
        },
        calls,
    )


def table(rows: dict[str, Row], calls: Sequence[Recorded], *, judged: bool = True) -> str:
    """The rows as Markdown, ratios against the first of them."""
    minutes = sum(call.audio.duration_s for call in calls) / 60
    base = next(iter(rows.values())).cpu_s
    head = ["engine", "CPU s", "audio s a CPU s", "times fewer CPU s", *(["character error rate"] if judged else [])]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    said = [text for call in calls for text in call.said]
    for name, row in rows.items():
        cells = [name, f"{row.cpu_s:.1f}", f"{minutes * 60 / row.cpu_s:.1f}", f"{base / row.cpu_s:.1f}"]
        if judged:
            cells.append(f"{error_rate(said, row.written):.2%}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def described(calls: Sequence[Recorded]) -> str:
    """How many calls, minutes and characters, and which part of a channel is speech."""
    seconds = sum(call.audio.duration_s for call in calls)
    share = sum(call.speech_s for call in calls) / sum(call.audio.duration_s * len(call.channels) for call in calls)
    characters = sum(len(plain(text)) for call in calls for text in call.said)
    return (
        f"{len(calls)} stereo calls, {seconds / 60:.1f} min, {characters} characters, {share:.0%} of a channel speech"
    )


def shortfalls(rows: dict[str, Row], calls: Sequence[Recorded]) -> list[str]:
    """What must hold of the bundled calls and does not."""
    said = [text for call in calls for text in call.said]
    stock_rate, short = error_rate(said, rows[STOCK].written), []
    for name, least in LEAST_RATIO.items():
        ratio, rate = rows[STOCK].cpu_s / rows[name].cpu_s, error_rate(said, rows[name].written)
        if ratio < least:
            short.append(f"{name} takes {ratio:.2f} times fewer CPU seconds, expected {least:g}")
        if rate > stock_rate:
            short.append(f"{name} has a character error rate of {rate:.2%}, expected at most {stock_rate:.2%}")
    return short


def main() -> int:
    """Print the tables; 1 where a must-hold falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, help="so many bundled calls only, for a quick look")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--page", action="store_true", help="write the tables to docs/performance.md")
    given = parser.parse_args()
    detector = make_detector("silero")
    parts: list[str] = []
    short: list[str] = []

    def show(text: str) -> None:
        print(text + "\n", flush=True)
        parts.append(text)

    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        calls = list(bundled())[: given.calls]
        if "bundled" in given.parts:
            rows = with_demo_model(calls, detector, folder)
            short = shortfalls(rows, calls)
            show(f"Demo model, bundled calls ({described(calls)}):")
            show(table(rows, calls))
        few = calls[: next((n for n in range(1, len(calls)) if _minutes(calls[:n]) >= RANDOM_MINUTES), len(calls))]
        for size in (size for size in SIZES if size in given.parts):
            show(f"Random weights, size {size} ({described(few)}):")
            show(table(with_random_weights(size, few, detector, folder), few, judged=False))
        if "generated" in given.parts:
            others = list(generated(GENERATED, folder))
            show(f"Demo model, generated calls ({described(others)}):")
            show(table(with_demo_model(others, detector, folder), others))
    if given.page:
        before, rest = PAGE.read_text("utf-8").split(BEGIN)
        shown = "\n\n".join(parts)
        PAGE.write_text(f"{before}{BEGIN}\n{shown}\n{END}{rest.split(END)[1]}", "utf-8")
    for line in short:
        print(f"FALLS SHORT: {line}")
    return int(bool(short))


def _minutes(calls: Sequence[Recorded]) -> float:
    return sum(call.audio.duration_s for call in calls) / 60


if __name__ == "__main__":
    sys.exit(main())

"""Measure the demo speech model: character error rates, and whether it invents phrases of the rulebook.

    python -m models.demo_speech.evaluate --bundled --heldout --invented 1000

Prints one line a measure, or JSON with --json. Speech is made, or read, exactly as the pipeline hears it: 8 kHz, one
turn in a window, openai-whisper's own loader and greedy decoder.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import soundfile as sf
import soxr
import torch
import whisper
import yaml
from numpy.typing import NDArray
from pypinyin import Style, lazy_pinyin
from whisper.model import Whisper

from models.demo_speech.sentences import FOLDER, Writer, read_lines
from samples.telephone import NOISES, SAMPLE_RATE_HZ, add_noise, telephone_band, through_codec
from samples.voice import VARIANTS, Voice, VoiceError, speak

ROOT = FOLDER.parents[1]
CALLS = ROOT / "samples" / "calls"
RULEBOOK = ROOT / "pipeline" / "rules" / "rulebooks" / "mobile_service.yaml"
MARGIN_S = 0.25
# How far the melody swings (samples.voice): human speech gives the tones most of an octave, the library's usual 50
# squeezes them into under five semitones, in which many cannot be told apart.
MELODIES = {"wide": (60, 100), "narrow": (50, 51)}
_MARKS = re.compile(r"[，。？！、；：…\s]")

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn to decode: where it is from, 8 kHz samples, the characters said."""

    source: str
    samples: Samples
    text: str


def plain(text: str) -> str:
    """Characters only, as the model writes them."""
    return _MARKS.sub("", text)


def transcribe(model: Whisper, turns: Iterable[Turn], batch: int = 8) -> Iterator[tuple[Turn, str]]:
    """Each turn with what the model hears, decoded as everywhere: greedy, Chinese, one turn in a window."""
    options = whisper.DecodingOptions(language="zh", temperature=0.0, without_timestamps=True, fp16=False)
    waiting: list[Turn] = []

    def decode() -> Iterator[tuple[Turn, str]]:
        mels = []
        for turn in waiting:
            wide = soxr.resample(turn.samples, SAMPLE_RATE_HZ, whisper.audio.SAMPLE_RATE).astype(np.float32)
            mels.append(whisper.log_mel_spectrogram(whisper.pad_or_trim(wide)))
        with torch.inference_mode():
            results = whisper.decode(model, torch.stack(mels), options)
        yield from zip(waiting, (plain(result.text) for result in results), strict=True)

    for turn in turns:
        waiting.append(turn)
        if len(waiting) == batch:
            yield from decode()
            waiting = []
    if waiting:
        yield from decode()


def bundled_turns(folder: Path = CALLS) -> Iterator[Turn]:
    """Every utterance of the bundled calls, cut from its channel at its true times with the pipeline's margin."""
    for truth_path in sorted(folder.glob("*.truth.json")):
        truth = json.loads(truth_path.read_text(encoding="utf-8"))
        recording = next(path for path in sorted(folder.glob(f"{truth['call_id']}.*")) if path.suffix != ".json")
        frames, rate_hz = sf.read(recording, dtype="float32", always_2d=True)
        utterances = truth["utterances"]
        for utterance in utterances:
            channel = int(utterance["channel"]) if frames.shape[1] > 1 else 0
            if truth["layout"] == "dead_channel" and not np.any(np.abs(frames[:, channel]) > 1e-3):
                continue  # this party was not recorded
            start = max(0, int((utterance["start_s"] - MARGIN_S) * rate_hz))
            end = int((utterance["end_s"] + MARGIN_S) * rate_hz)
            cut = soxr.resample(frames[start:end, channel], rate_hz, SAMPLE_RATE_HZ)
            yield Turn(f"{truth['call_id']}/{utterance['role']}", cut, plain(utterance["text"]))


def line_condition(samples: Samples, rng: np.random.Generator) -> Samples:
    """A telephone line as in the bundled calls: any encoding, half of the time noise at 15 to 35 dB."""
    margin = np.zeros(int(MARGIN_S * SAMPLE_RATE_HZ), np.float32)
    samples = telephone_band(np.concatenate([margin, samples, margin]) * 0.5)
    if rng.random() < 0.5:
        samples = add_noise(samples, float(rng.uniform(15, 35)), str(rng.choice(NOISES)), rng)
    return through_codec(samples, str(rng.choice(["pcm", "alaw", "mulaw", "gsm", "mp3", "opus"])))


def _spoken(text: str, rng: np.random.Generator, melody: str, pinyin: tuple[str, ...] | None = None) -> Turn:
    variant, speed, pitch = str(rng.choice(VARIANTS)), int(rng.integers(100, 191)), int(rng.integers(35, 66))
    voice = Voice(variant, speed, pitch, int(rng.integers(*MELODIES[melody])))
    speech = speak(text, voice, SAMPLE_RATE_HZ, pinyin=pinyin)
    return Turn("made", line_condition(speech.samples, rng), plain(text))


def heldout_turns(seed: int, *, repeats: int = 1, melody: str = "wide", file: str = "heldout.txt") -> Iterator[Turn]:
    """The held-out domain sentences, each in a voice and on a line of its own; ``melody`` as in MELODIES."""
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        for text in read_lines(file):
            yield _spoken(text, rng, melody)


def template_turns(seed: int, count: int) -> Iterator[Turn]:
    """Training's own templates with fresh slot values: what an easy turn costs."""
    rng = np.random.default_rng(seed)
    writer = Writer(rng)
    while count:
        line = writer.template_line()
        if len(line.pinyin) >= 4:
            count -= 1
            yield _spoken(line.text, rng, "wide", line.pinyin)


def _entries(path: Path) -> Iterator[tuple[str, int | None]]:
    for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
        said = rule["when"].get("say") if isinstance(rule["when"], Mapping) else None
        for item in said["any"] if said and "any" in said else ():
            entry = item if isinstance(item, Mapping) else {"text": item}
            for wording in (entry["text"], *entry.get("variants", ())):
                yield str(wording), entry.get("clause_at_most")


def rulebook_phrases(path: Path = RULEBOOK) -> list[str]:
    """Every wording that the rulebook counts against an agent (rules with words in them that are not absences)."""
    return list(dict.fromkeys(wording for wording, _ in _entries(path)))


def clause_limits(path: Path = RULEBOOK) -> dict[str, int]:
    """Wordings that the rulebook counts only in a clause of at most so many characters, wherever it names them."""
    limits: dict[str, int | None] = {}
    for wording, limit in _entries(path):
        known = limits.get(wording, 0)
        limits[wording] = None if limit is None or known is None else max(known, limit)
    return {wording: limit for wording, limit in limits.items() if limit is not None}


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """A phrase as it may stand in plain text: * is up to 6 characters."""
    parts = [re.escape(plain(part)) for part in phrase.split("*") if plain(part)]
    return re.compile(".{0,6}?".join(parts))


def _sound(text: str) -> str:
    """How a text sounds, tones apart: two texts that sound the same cannot be told from each other."""
    return " " + " ".join(lazy_pinyin(text, style=Style.NORMAL, errors="ignore")) + " "


def unseen_turns(count: int, seed: int, phrases: list[str]) -> Iterator[Turn]:
    """Turns that training never saw, in which nothing is or sounds like a phrase of the rulebook."""
    rng = np.random.default_rng(seed)
    writer = Writer(rng, rulebook_phrases=False, templates=False)
    patterns = [phrase_pattern(phrase) for phrase in phrases]
    sounds = [_sound(phrase.replace("*", "")) for phrase in phrases if "*" not in phrase.strip("*")]
    sentences = read_lines("heldout.txt")
    made = drawn = 0
    while made < count:
        drawn += 1
        if drawn % 4 == 0:  # a quarter: held-out sentences, in voices and noises that differ every time
            text, pinyin = sentences[drawn // 4 % len(sentences)], None
        else:
            line = writer.random_line(int(rng.integers(1, 10)))
            text, pinyin = line.text, line.pinyin
        said = plain(text)
        if any(pattern.search(said) for pattern in patterns) or any(sound in _sound(said) for sound in sounds):
            continue
        try:
            turn = _spoken(text, rng, "narrow" if rng.random() < 0.3 else "wide", pinyin)
        except VoiceError:
            continue
        made += 1
        yield turn


def error_rate(pairs: list[tuple[Turn, str]]) -> float:
    """Character error rate over all turns together: edits divided by characters said."""
    return float(jiwer.cer([turn.text for turn, _ in pairs], [heard for _, heard in pairs]))


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked; the exit code tells whether the targets are met."""
    parser = argparse.ArgumentParser(description="Measure the demo speech model.")
    parser.add_argument("--model", type=Path, default=FOLDER / "demo_speech.pt")
    parser.add_argument("--bundled", action="store_true", help="error rate on the bundled calls (target under 0.05)")
    parser.add_argument("--heldout", action="store_true", help="error rate on held-out sentences (target under 0.15)")
    parser.add_argument("--templates", type=int, metavar="N", help="error rate on N sentences of the templates")
    parser.add_argument("--invented", type=int, metavar="N", help="phrases invented in N unseen turns (target 0)")
    parser.add_argument("--seed", type=int, default=7, help="seed of voices, lines and random words")
    parser.add_argument("--limit", type=int, help="stop each measure after so many turns")
    parser.add_argument("--show", action="store_true", help="print every turn that was heard wrongly")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if not (options.bundled or options.heldout or options.templates or options.invented):
        parser.error("nothing to measure; give one or more of --bundled, --heldout, --templates N, --invented N")
    model = whisper.load_model(str(options.model), device="cpu")
    report: dict[str, Any] = {"model": options.model.name}
    passed = True
    phrases = rulebook_phrases()
    patterns = {phrase: phrase_pattern(phrase) for phrase in phrases}

    def measure(name: str, turns: Iterable[Turn]) -> list[tuple[Turn, str]]:
        began = time.monotonic()
        chosen = [turn for _, turn in zip(range(options.limit or sys.maxsize), turns, strict=False)]
        pairs = list(transcribe(model, chosen))
        report[name] = {
            "turns": len(pairs),
            "characters": sum(len(turn.text) for turn, _ in pairs),
            "cer": round(error_rate(pairs), 4),
            "seconds": round(time.monotonic() - began, 1),
        }
        if options.show:
            for turn, heard in pairs:
                if heard != turn.text:
                    print(f"{name} {turn.source}: {turn.text} -> {heard}")
        return pairs

    if options.bundled:
        measure("bundled", bundled_turns())
        passed &= report["bundled"]["cer"] < 0.05
    if options.heldout:
        measure("heldout", heldout_turns(options.seed))
        passed &= report["heldout"]["cer"] < 0.15
        measure("heldout_narrow", heldout_turns(options.seed, melody="narrow"))
        measure("heldout_second", heldout_turns(options.seed, file="heldout_second.txt"))
    if options.templates:
        measure("templates", template_turns(options.seed, options.templates))
    if options.invented:
        pairs = measure("unseen", unseen_turns(options.invented, options.seed, phrases))
        wordings = [
            (phrase, turn.text, heard)
            for turn, heard in pairs
            for phrase, pattern in patterns.items()
            if pattern.search(heard) and not pattern.search(turn.text)
        ]
        # 这个 inside a sentence is no phrase of the rulebook: it names it as a clause of its own. The turn, which the
        # model writes without marks, stands for the clause.
        limits = clause_limits()
        invented = [one for one in wordings if len(one[2]) <= limits.get(one[0], len(one[2]))]
        report["unseen"]["rulebook_phrases_invented"] = len(invented)
        report["unseen"]["invented"] = [list(item) for item in invented]
        report["unseen"]["wordings_without_their_clause"] = [list(item) for item in wordings if item not in invented]
        passed &= not invented
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for name, figures in report.items():
            if isinstance(figures, dict):
                print(name, " ".join(f"{key}={value}" for key, value in figures.items()))
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())

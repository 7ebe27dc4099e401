"""Fresh training windows: text spoken by espeak-ng, put on a telephone line, turned into Whisper's own log-mel.

Run by the trainer in a process of its own; it writes shards until the trainer has a few in hand, and never repeats one.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
import whisper
from numpy.typing import NDArray

from models.demo_speech.phones import labels
from models.demo_speech.sentences import Line, Writer, bundled_voices
from samples.telephone import SAMPLE_RATE_HZ, add_noise, noise, telephone_band, through_codec
from samples.voice import PAUSES_S, VARIANTS, Voice, VoiceError, speak

FRAMES_PER_S = 50
LONGEST_S = 16.0
MARGIN_FRAMES = 10  # mel frames of true padding kept behind the sound

# Shares of the encodings; MP3 and Opus cost the most to make.
CODECS = {"pcm": 0.40, "alaw": 0.12, "mulaw": 0.14, "gsm": 0.11, "mp3": 0.15, "opus": 0.08}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One character in a window: which turn it belongs to, its labels, its first and last frame (50 a second)."""

    character: str
    turn: int
    initial: int
    final: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Window:
    """Log-mel (80, frames at 100 a second) of sound and a little padding behind it, and what is said in it."""

    mel: NDArray[np.float16]
    characters: tuple[Spoken, ...]


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float16]:
    """Whisper's log-mel of 8 kHz samples that 30 s padding follows, cut MARGIN_FRAMES behind the sound."""
    wide = soxr.resample(samples, SAMPLE_RATE_HZ, 16000)
    return whisper.log_mel_spectrogram(wide, padding=MARGIN_FRAMES * 160).numpy().astype(np.float16)


def _voice(rng: np.random.Generator) -> Voice:
    while True:
        speed = int(rng.integers(90, 135) if rng.random() < 0.35 else rng.integers(130, 206))
        # The library's usual melody (50) squeezes Mandarin's tones; most windows swing as far as human speech does.
        pitch_range = 50 if rng.random() < 0.3 else int(rng.integers(60, 100))
        voice = Voice(str(rng.choice(VARIANTS)), speed, int(rng.integers(30, 71)), pitch_range)
        if (voice.variant, voice.speed_wpm, voice.pitch) not in bundled_voices():
            return voice


def _line(signal: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The signal after telephone band, noise, gain and a recorder's encoding."""
    if rng.random() < 0.7:
        signal = telephone_band(signal)
    if rng.random() < 0.55:
        kind = str(rng.choice(["white", "babble", "hum"], p=[0.5, 0.35, 0.15]))
        signal = add_noise(signal, float(rng.uniform(12, 40)), kind, rng)
    peak = float(np.max(np.abs(signal), initial=1e-6))
    signal = signal / peak * 10 ** (rng.uniform(-24, -1) / 20)
    codec = str(rng.choice(list(CODECS), p=list(CODECS.values())))
    return through_codec(signal.astype(np.float32), codec)


def _silence(rng: np.random.Generator) -> NDArray[np.float32]:
    """A stretch without speech: nothing, noise, or the ringing tone (450 Hz, one second in five)."""
    count = int(rng.uniform(0.5, 6) * SAMPLE_RATE_HZ)
    signal = np.zeros(count, np.float32)
    if rng.random() < 0.3:
        at_s = np.arange(count) / SAMPLE_RATE_HZ + rng.uniform(0, 5)
        signal += (0.2 * np.sin(2 * np.pi * 450 * at_s) * (at_s % 5 < 1)).astype(np.float32)
    if rng.random() < 0.8:
        kind = str(rng.choice(["white", "babble", "hum"]))
        signal += noise(count, kind, rng) * float(10 ** (rng.uniform(-70, -25) / 20))
    return through_codec(signal, str(rng.choice(["pcm", "alaw", "mulaw", "gsm"])))


def make_window(writer: Writer, rng: np.random.Generator) -> Window:
    """One training window: mostly one turn, sometimes two or three, sometimes none."""
    kind = rng.random()
    if kind < 0.03:
        return Window(log_mel(_silence(rng)), ())
    turns = 1 if kind < 0.90 else int(rng.integers(2, 4))
    lead_s = rng.uniform(0.5, 4.0) if rng.random() < 0.04 else max(0.0, rng.uniform(-0.05, 0.5))
    pieces = [np.zeros(int(lead_s * SAMPLE_RATE_HZ), np.float32)]
    at = len(pieces[0])
    spoken: list[Spoken] = []
    made = 0
    while made < turns:
        line: Line = writer.line(short=turns > 1)
        voice = _voice(rng)
        stretch = rng.uniform(0.4, 2.5)
        pauses = {mark: min(0.9, max(0.1, seconds * stretch)) for mark, seconds in PAUSES_S.items()}
        try:
            speech = speak(line.text, voice, SAMPLE_RATE_HZ, pinyin=line.pinyin, pause_s=pauses)
        except VoiceError:
            continue
        if at / SAMPLE_RATE_HZ + speech.duration_s > LONGEST_S:
            if made:
                break
            continue
        for character, syllable in zip(speech.characters, line.pinyin, strict=True):
            initial, final = labels(syllable)
            first = round((at / SAMPLE_RATE_HZ + character.start_s) * FRAMES_PER_S)
            last = max(first, round((at / SAMPLE_RATE_HZ + character.end_s) * FRAMES_PER_S) - 1)
            spoken.append(Spoken(character.text, made, initial, final, first, last))
        pieces.append(speech.samples * (1.0 if turns == 1 else float(rng.uniform(0.6, 1.0))))
        gap_s = rng.uniform(0.5, 1.0) if made + 1 < turns else max(0.0, rng.uniform(-0.05, 0.5))
        pieces.append(np.zeros(int(gap_s * SAMPLE_RATE_HZ), np.float32))
        at += len(pieces[-2]) + len(pieces[-1])
        made += 1
    return Window(log_mel(_line(np.concatenate(pieces), rng)), tuple(spoken))


def write_shard(windows: list[Window], path: Path) -> None:
    """Store windows in one file, replaced in one step."""
    rows = [
        (index, ord(item.character), item.turn, item.initial, item.final, item.first, item.last)
        for index, window in enumerate(windows)
        for item in window.characters
    ]
    temporary = path.with_name(f"making-{path.name}")
    np.savez(
        temporary,
        mel=np.concatenate([window.mel for window in windows], axis=1),
        lengths=np.array([window.mel.shape[1] for window in windows]),
        characters=np.array(rows, np.int32).reshape(-1, 7),
    )
    os.replace(temporary, path)


def read_shard(path: Path) -> list[Window]:
    """The windows of one file."""
    with np.load(path) as stored:
        mels = np.split(stored["mel"], np.cumsum(stored["lengths"])[:-1], axis=1)
        rows = stored["characters"]
    by_window: list[list[Spoken]] = [[] for _ in mels]
    for window, code, *rest in rows.tolist():
        by_window[window].append(Spoken(chr(code), *rest))
    return [Window(mel.copy(), tuple(items)) for mel, items in zip(mels, by_window, strict=True)]


def main() -> None:
    """Write shards into a folder for as long as the starting process lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--windows", type=int, default=800, help="windows in a shard")
    parser.add_argument("--ahead", type=int, default=3, help="shards that may wait to be read")
    parser.add_argument(
        "--pace-s", type=float, default=70.0, help="seconds from one shard to the next, but for the first"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    parent = os.getppid()
    # The trainer may run with a real-time priority; its helper must not.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    rng = np.random.default_rng(options.seed)
    writer = Writer(rng)
    number = 0
    while os.getppid() == parent:
        if len(list(options.folder.glob("shard-*.npz"))) >= options.ahead:
            time.sleep(1.0)
            continue
        began = time.monotonic()
        windows = [make_window(writer, rng) for _ in range(options.windows)]
        write_shard(windows, options.folder / f"shard-{options.seed}-{number:05d}.npz")
        number += 1
        if len(list(options.folder.glob("read-*.npz"))) > 6:  # after a quick start, the cores belong to the trainer
            time.sleep(max(0.0, options.pace_s - (time.monotonic() - began)))


if __name__ == "__main__":
    main()

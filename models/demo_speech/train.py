"""Train the demo speech model from nothing, on two processor cores, in about an hour and a half.

    python -m models.demo_speech.train --minutes 85

Writes models/demo_speech/demo_speech.pt (averaged weights, in openai-whisper's own format) every few minutes. Stopped
and started again, it goes on from its state file.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, distributed

from models.demo_speech.corpus import Window, read_shard
from models.demo_speech.network import Trainee, Vocabulary, export, restore
from models.demo_speech.phones import CHARACTERS

HERE = Path(__file__).resolve().parent
SEED = 20240611
PEAK_RATE = 1.5e-3
WARM_UP_STEPS = 300
FRAME_BUDGET = 14 * 250  # encoder frames in a worker's batch
POOL_WINDOWS = 16_000
KEPT_SHARDS = 20
TIMESTAMP_SHARE = 0.1
WRONG_HISTORY_SHARE = 0.05
WEIGHTS = {"decoder": 1.0, "frame": 0.5, "character": 0.5, "guide": 0.4}
TERMS = (*WEIGHTS, "accuracy", "on_the_spot")
AVERAGE_DECAY = 0.998
NATIVE_BFLOAT16 = torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
HEADS_FIRST_STEPS = 150  # started from a checkpoint, the helper heads learn alone for so long: they begin at random


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step: log-mel, per-frame labels, one frame per character, token rows, targets, spans."""

    mel: Tensor  # (batch, 80, columns)
    initials: Tensor  # (batch, frames), 0 where nobody speaks
    finals: Tensor
    character_frames: Tensor  # (characters, 3): window, frame, character class
    rows: Tensor  # (batch, length)
    targets: Tensor  # (batch, length), -100 where nothing is asked
    spans: Tensor  # (batch, length, 2): first and last frame of the character that a position must name, or -1


class Pool:
    """The latest windows, refilled from shards that a process of its own keeps writing.

    The first worker has the maker started and sets shards aside once read; the others read what was set aside.
    """

    def __init__(self, folder: Path, seed: int, *, first: bool, pace_s: float = 70.0) -> None:
        self._folder = folder
        self._pace_s = pace_s
        self._seed = seed
        self._first = first
        self._windows: deque[Window] = deque(maxlen=POOL_WINDOWS)
        self._seen: set[str] = set()
        self._maker: subprocess.Popen[bytes] | None = None
        self.received = 0
        folder.mkdir(parents=True, exist_ok=True)

    def _take(self, path: Path) -> None:
        windows = read_shard(path)
        self.received += len(windows)
        self._windows.extend(windows)

    def refill(self, least: int = 0) -> None:
        """Take in what is there; wait until there are at least so many windows."""
        while True:
            if self._first:
                self._set_aside()
            for path in sorted(self._folder.glob("read-*.npz")):
                if path.name not in self._seen:
                    self._seen.add(path.name)
                    with contextlib.suppress(FileNotFoundError):  # set aside too long ago, and deleted since
                        self._take(path)
            if len(self._windows) >= least:
                return
            time.sleep(1.0)

    def _set_aside(self) -> None:
        if self._maker is None or self._maker.poll() is not None:
            self._seed += 1
            self._maker = subprocess.Popen(
                [
                    "nice",
                    "-n",
                    "3",
                    sys.executable,
                    "-m",
                    "models.demo_speech.corpus",
                    str(self._folder),
                    "--seed",
                    str(self._seed),
                    "--pace-s",
                    str(self._pace_s),
                ],
                cwd=HERE.parents[1],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        for path in sorted(self._folder.glob("shard-*.npz")):
            path.rename(path.with_name(f"read-{path.name.removeprefix('shard-')}"))
        kept = sorted(self._folder.glob("read-*.npz"), key=lambda old: old.stat().st_mtime)
        for old in kept[:-KEPT_SHARDS]:
            old.unlink()

    def batches(self, rng: np.random.Generator, count: int, longest: int) -> list[list[Window]]:
        """About that many batches of windows alike in length, none over `longest` log-mel columns."""
        windows = [window for window in self._windows if window.mel.shape[1] <= longest]
        chosen = [windows[index] for index in rng.integers(0, len(windows), count * 40)]
        chosen.sort(key=lambda window: window.mel.shape[1])
        batches: list[list[Window]] = [[]]
        for window in chosen:
            frames = window.mel.shape[1] // 2 + 30
            if batches[-1] and (len(batches[-1]) + 1) * frames > FRAME_BUDGET:
                batches.append([])
            batches[-1].append(window)
        order = rng.permutation(len(batches))[:count]
        return [batches[index] for index in order]

    def once(self, rng: np.random.Generator) -> list[list[Window]]:
        """Every window that has come since, in batches alike in length and in random order; none is given again."""
        self.refill()
        windows = sorted(self._windows, key=lambda window: window.mel.shape[1])
        self._windows.clear()
        batches: list[list[Window]] = [[]]
        for window in windows:
            if batches[-1] and (len(batches[-1]) + 1) * (window.mel.shape[1] // 2 + 30) > FRAME_BUDGET:
                batches.append([])
            batches[-1].append(window)
        return [batches[index] for index in rng.permutation(len(batches)) if batches[index]]

    def close(self) -> None:
        """End the process that makes shards."""
        if self._maker is not None:
            self._maker.terminate()
            self._maker.wait()


class Collator:
    """Turns windows into the tensors of one step."""

    def __init__(self, vocabulary: Vocabulary, rng: np.random.Generator) -> None:
        self._vocabulary = vocabulary
        self._rng = rng
        self._class = {character: index for index, character in enumerate(CHARACTERS)}
        whisper_tokenizer = vocabulary.tokenizer
        row = vocabulary.row
        self._start = [row[token] for token in whisper_tokenizer.sot_sequence]
        self._plain = row[whisper_tokenizer.no_timestamps]
        self._no_speech = row[whisper_tokenizer.no_speech]
        self._end = row[whisper_tokenizer.eot]
        self._time_zero = row[whisper_tokenizer.timestamp_begin]
        self._character_rows = {
            character: vocabulary.rows(tokens) for character, tokens in vocabulary.character_tokens.items()
        }

        self._any_text_row = [row for rows in self._character_rows.values() for row in rows]

    def _sequence(self, window: Window) -> tuple[list[int], list[tuple[int, int, int]]]:
        """Token rows, and for each token of a character (its position, first frame, last frame)."""
        rows = list(self._start)
        spans = []
        timestamps = bool(window.characters) and self._rng.random() < TIMESTAMP_SHARE
        if not timestamps:
            rows.append(self._plain)
        previous = -1
        for index, item in enumerate(window.characters):
            if timestamps and item.turn != previous:
                if previous >= 0:
                    rows.append(self._time_zero + window.characters[index - 1].last + 1)
                rows.append(self._time_zero + item.first)
            previous = item.turn
            for row in self._character_rows[item.character]:
                spans.append((len(rows), item.first, item.last))
                rows.append(row)
        if timestamps:
            rows.append(self._time_zero + window.characters[-1].last + 1)
        return [*rows, self._end], spans

    def __call__(self, windows: list[Window]) -> Batch:
        """Tensors for these windows; each is extended with the padding's own constant value."""
        columns = max(window.mel.shape[1] for window in windows) + 8
        columns += columns % 2
        mel = np.empty((len(windows), 80, columns), np.float32)
        frames = columns // 2 - 1
        initials = np.zeros((len(windows), frames), np.int64)
        finals = np.zeros((len(windows), frames), np.int64)
        picked, spans, sequences = [], [], []
        for index, window in enumerate(windows):
            sound = window.mel.astype(np.float32)
            # Whisper's log-mel is cut 8 orders of magnitude under its loudest point, and never goes under 1e-10.
            floor = max(float(sound.max()) - 2.0, -1.5)
            if self._rng.random() < 0.4:
                sound = self._masked(sound, floor)
            mel[index] = floor
            mel[index, :, : sound.shape[1]] = sound
            for item in window.characters:
                initials[index, item.first : item.last + 1] = item.initial
                finals[index, item.first : item.last + 1] = item.final
                frame = int(self._rng.integers(item.first, item.last + 1))
                picked.append((index, frame, self._class[item.character]))
            rows, token_spans = self._sequence(window)
            sequences.append(rows)
            spans.append(token_spans)
        inputs, targets, places = self._tensors(windows, sequences, spans)
        return Batch(
            torch.from_numpy(mel),
            torch.from_numpy(initials),
            torch.from_numpy(finals),
            torch.tensor(picked, dtype=torch.long).reshape(-1, 3),
            inputs,
            targets,
            places,
        )

    def text(self, windows: Sequence[Window]) -> tuple[Tensor, Tensor, Tensor]:
        """Token rows, targets and spans alone, drawn anew at every call, for windows whose sound is encoded already."""
        drawn = [self._sequence(window) for window in windows]
        return self._tensors(windows, [rows for rows, _ in drawn], [spans for _, spans in drawn])

    def _tensors(
        self,
        windows: Sequence[Window],
        sequences: Sequence[list[int]],
        spans: Sequence[list[tuple[int, int, int]]],
    ) -> tuple[Tensor, Tensor, Tensor]:
        length = max(map(len, sequences)) - 1
        inputs = np.full((len(windows), length), self._end, np.int64)
        targets = np.full((len(windows), length), -100, np.int64)
        places = np.full((len(windows), length, 2), -1, np.int64)
        for index, (window, rows) in enumerate(zip(windows, sequences, strict=True)):
            inputs[index, : len(rows) - 1] = rows[:-1]
            targets[index, : len(rows) - 1] = rows[1:]
            for position, first, last in spans[index]:
                places[index, position - 1] = first, last
                # A wrong character now and then in what was written so far: the next one must be heard, not foretold.
                if position < length and self._rng.random() < WRONG_HISTORY_SHARE:
                    inputs[index, position] = self._any_text_row[int(self._rng.integers(len(self._any_text_row)))]
            targets[index, 1] = -100  # which task follows the language is given, not guessed
            if not window.characters:
                targets[index, 0] = self._no_speech
        return torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(places)

    def _masked(self, sound: np.ndarray, floor: float) -> np.ndarray:
        """SpecAugment's frequency mask: a few of the 80 bands silenced."""
        width = int(self._rng.integers(1, 9))
        low = int(self._rng.integers(0, 80 - width))
        sound[low : low + width] = floor
        return sound


def losses(model: Trainee, batch: Batch) -> dict[str, Tensor]:
    """The terms of one step's loss, unweighted, and two things to watch: token accuracy and attention on the spot."""
    # Half precision where the processor computes in it; elsewhere it is emulated, fifty times slower than full.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=NATIVE_BFLOAT16):
        encoded = model.encode(batch.mel)
        real = encoded.states[:, : encoded.frames]
        frames = min(encoded.frames, batch.initials.shape[1])
        initial = model.initial_head(real[:, :frames]).float().flatten(0, 1)
        final = model.final_head(real[:, :frames]).float().flatten(0, 1)
        where = batch.character_frames
        character = model.character_head(real[where[:, 0], where[:, 1]]).float()
        logits, attentions = model.decode(batch.rows, encoded)
    decoder, mass, accuracy = decoder_terms(logits, attentions, batch.targets, batch.spans)
    frame = F.cross_entropy(initial, batch.initials[:, :frames].flatten()) + F.cross_entropy(
        final, batch.finals[:, :frames].flatten()
    )
    return {
        "decoder": decoder,
        "frame": frame,
        "character": F.cross_entropy(character, where[:, 2]),
        "guide": -(mass + 1e-4).log().mean(),
        "accuracy": accuracy,
        "on_the_spot": mass.mean(),
    }


def decoder_terms(
    logits: Tensor, attentions: Sequence[Tensor], targets: Tensor, spans: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Cross entropy, the attention that lies where the next character sounds (one value a head), token accuracy."""
    flat_targets = targets.flatten()
    decoder = F.cross_entropy(logits.flatten(0, 1), flat_targets, ignore_index=-100)
    # Guided attention: what a token's query looks at, one head of the first layer and all of the last, lies where its
    # character sounds.
    first, last = spans[..., :1], spans[..., 1:]
    keys = torch.arange(attentions[0].shape[-1])
    inside = ((keys >= first - 1) & (keys <= last + 1))[:, None]
    guided = torch.cat([attentions[0][:, :1], attentions[-1]], dim=1)
    mass = (guided * inside).sum(-1, dtype=torch.float32)
    aligned = (first[..., 0] >= 0)[:, None].expand_as(mass)
    asked = flat_targets != -100
    accuracy = (logits.flatten(0, 1).argmax(-1) == flat_targets)[asked].float().mean()
    return decoder, mass[aligned], accuracy


def rate_at(progress: float, step: int, peak: float = PEAK_RATE) -> float:
    """Learning rate: a short rise, half a cosine over nine tenths of the time, a low tail."""
    rise = min(1.0, (step + 1) / WARM_UP_STEPS)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, progress / 0.92)))
    return peak * rise * max(fall, 0.02)


def work(rank: int, options: argparse.Namespace) -> None:
    """One worker's part: its own batches, gradients shared once a step, so that a busy core delays only itself."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    distributed.init_process_group(
        "gloo", init_method=f"file://{options.work.resolve()}/meeting", rank=rank, world_size=options.workers
    )
    state_path = options.work / "state.pt"
    vocabulary = Vocabulary()
    model = Trainee(vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if options.start is not None and not state_path.exists():
        restore(model, vocabulary, options.start)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, spent_s = 0, 0.0
    if state_path.exists():
        saved = torch.load(state_path)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average, step, spent_s = saved["average"], saved["step"], saved["spent_s"]
    rng = np.random.default_rng([SEED, step, rank])
    torch.manual_seed(SEED + step * options.workers + rank)
    pool = Pool(options.work / "shards", SEED + step, first=rank == 0)
    collate = Collator(vocabulary, rng)
    parameters = list(model.parameters())
    heads = {id(p) for name, p in model.named_parameters() if not name.startswith("whisper.")}
    waiting: list[list[Window]] = []
    sums = torch.zeros(len(TERMS))
    pool.refill(least=1600)
    saved_s = clock = time.monotonic()
    budget_s, began_s = options.minutes * 60, options.from_minute * 60
    try:
        while spent_s < budget_s:
            if not waiting:
                pool.refill(least=1600)
                # Short windows first: there alignment is learnt soonest.
                short = options.start is None and spent_s < 300
                waiting = pool.batches(rng, 40, 450 if short else 1800)
            terms = losses(model, collate(waiting.pop()))
            optimizer.zero_grad(set_to_none=True)
            sum(weight * terms[name] for name, weight in WEIGHTS.items()).backward()
            now = time.monotonic()
            # With the gradients travel what is watched, and the first worker's clock, which decides for all.
            watched = torch.stack([terms[name].detach() for name in TERMS])
            elapsed = torch.tensor([(now - clock) * options.workers if rank == 0 else 0.0])
            clock = now
            shared = torch.cat(
                [*((torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters), watched, elapsed]
            )
            distributed.all_reduce(shared)
            shared /= options.workers
            at = 0
            for parameter in parameters:
                parameter.grad = shared[at : at + parameter.numel()].view_as(parameter)
                at += parameter.numel()
                if options.start is not None and step < HEADS_FIRST_STEPS and id(parameter) not in heads:
                    parameter.grad.zero_()
            sums += shared[at : at + len(TERMS)]
            spent_s += float(shared[-1])
            for group in optimizer.param_groups:
                group["lr"] = rate_at((spent_s - began_s) / (budget_s - began_s), step, options.peak_rate)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            step += 1
            if rank > 0:
                continue
            decay = min(AVERAGE_DECAY, step / (step + 50))
            torch._foreach_lerp_(list(average.values()), list(model.state_dict().values()), 1 - decay)
            if step % 50 == 0:
                shown = " ".join(f"{name} {value / 50:.3f}" for name, value in zip(TERMS, sums.tolist(), strict=True))
                print(f"step {step} minute {spent_s / 60:.1f} made {pool.received} {shown}", flush=True)
                sums.zero_()
            if now - saved_s > 120 or spent_s >= budget_s:
                _save(state_path, model, optimizer, average, step, spent_s)
                export(average, vocabulary, options.out)
                saved_s = now
    finally:
        pool.close()
        distributed.destroy_process_group()


def main() -> None:
    """Train until the time is used up."""
    parser = argparse.ArgumentParser(description="Train the demo speech model on synthesised speech.")
    parser.add_argument("--minutes", type=float, default=85.0, help="training time, earlier runs included")
    parser.add_argument("--peak-rate", type=float, default=PEAK_RATE, help="highest learning rate of this round")
    parser.add_argument("--from-minute", type=float, default=0.0, help="minute at which this round of the rate begins")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from (its helper heads are learnt anew)")
    parser.add_argument("--out", type=Path, default=HERE / "demo_speech.pt", help="checkpoint to write")
    parser.add_argument("--work", type=Path, default=HERE / "training", help="folder for shards and the state file")
    parser.add_argument("--workers", type=int, default=2, help="processes that train together, one a core")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    (options.work / "meeting").unlink(missing_ok=True)
    torch.multiprocessing.spawn(work, (options,), nprocs=options.workers)


def _save(
    path: Path, model: Trainee, optimizer: torch.optim.Optimizer, average: dict[str, Tensor], step: int, spent_s: float
) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "average": average,
            "step": step,
            "spent_s": spent_s,
        },
        temporary,
    )
    os.replace(temporary, path)


if __name__ == "__main__":
    main()

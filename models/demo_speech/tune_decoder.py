"""Go on training the decoder alone, on sound that is encoded once and heard many times.

    python -m models.demo_speech.tune_decoder --start models/demo_speech/demo_speech.pt --minutes 40

The encoder names over 99 % of the syllables right, tones apart; which word a syllable belongs to is the decoder's to
know, and that takes many more lines than the encoder needs. With the encoder at rest a line costs it once, forward
only, and the decoder, a tenth of the work, can read each line a dozen times.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.demo_speech.corpus import Window
from models.demo_speech.network import Encoded, Trainee, Vocabulary, export, restore
from models.demo_speech.train import AVERAGE_DECAY, HERE, SEED, Collator, Pool, decoder_terms

GUIDE_WEIGHT = 0.4
PEAK_RATE = 1e-3
WARM_UP_STEPS = 200
MOST_BATCHES = 4500
"""So many encoded batches are kept, the oldest given up first (about 1.4 MB each)."""
INTAKE_BATCHES = 40
FIRST_WINDOWS = 1600
"""Windows to wait for in the beginning: a shard or two."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One batch, encoded: its windows without their sound, and what the decoder attends to, in half precision."""

    windows: tuple[Window, ...]
    states: Tensor
    frames: int
    key_bias: Tensor

    def encoded(self) -> Encoded:
        """As the decoder takes it."""
        return Encoded(self.states.float(), self.frames, self.key_bias)


def hear(model: Trainee, collate: Collator, windows: list[Window]) -> Heard:
    """Encode one batch, forward only."""
    with torch.inference_mode():
        encoded = model.encode(collate(windows).mel)
    nothing = np.zeros((80, 0), np.float16)
    kept = tuple(replace(window, mel=nothing) for window in windows)
    return Heard(kept, encoded.states.half().clone(), encoded.frames, encoded.key_bias.clone())


def rate_at(progress: float, step: int, peak: float) -> float:
    """Learning rate: a short rise, then half a cosine to a hundredth."""
    return peak * min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.01, 0.5 * (1 + math.cos(math.pi * progress)))


def tune(options: argparse.Namespace) -> None:
    """Train until the time is used up; the checkpoint is written every few minutes and at the end."""
    torch.set_num_threads(options.threads)
    vocabulary = Vocabulary()
    model = Trainee(vocabulary)
    restore(model, vocabulary, options.start)
    learning = dict(model.whisper.decoder.named_parameters())
    optimizer = torch.optim.AdamW(
        learning.values(), lr=options.peak_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    average = {name: value.clone() for name, value in model.state_dict().items()}
    averaged = {name: average[f"whisper.decoder.{name}"] for name in learning}
    rng = np.random.default_rng([SEED, options.seed])
    torch.manual_seed(SEED + options.seed)
    collate = Collator(vocabulary, rng)
    pool = Pool(options.work / "shards", SEED + options.seed, first=True, pace_s=0.0)
    heard: list[Heard] = []
    waiting: list[list[Window]] = []
    sums = torch.zeros(4)
    steps = 0
    pool.refill(least=FIRST_WINDOWS)
    began = saved_s = time.monotonic()
    try:
        while (spent_s := time.monotonic() - began) < options.minutes * 60:
            if not waiting:
                waiting = pool.once(rng)
            for _ in range(min(len(waiting), INTAKE_BATCHES)):
                heard.append(hear(model, collate, waiting.pop()))
            del heard[:-MOST_BATCHES]
            for index in rng.integers(0, len(heard), 2 * INTAKE_BATCHES):
                batch = heard[index]
                rows, targets, spans = collate.text(batch.windows)
                logits, attentions = model.decode(rows, batch.encoded())
                decoder, mass, accuracy = decoder_terms(logits, attentions, targets, spans)
                guide = -(mass + 1e-4).log().mean() if mass.numel() else torch.zeros(())
                optimizer.zero_grad(set_to_none=True)
                (decoder + GUIDE_WEIGHT * guide).backward()
                torch.nn.utils.clip_grad_norm_(learning.values(), 1.0)
                for group in optimizer.param_groups:
                    group["lr"] = rate_at(spent_s / (options.minutes * 60), steps, options.peak_rate)
                optimizer.step()
                steps += 1
                torch._foreach_lerp_(
                    list(averaged.values()), [p.detach() for p in learning.values()], 1 - AVERAGE_DECAY
                )
                sums += torch.stack([decoder.detach(), guide.detach(), accuracy, torch.ones(())])
            if sums[3] >= 400:
                means = (sums / sums[3]).tolist()
                print(
                    f"step {steps} minute {spent_s / 60:.1f} made {pool.received} kept {len(heard)} "
                    f"decoder {means[0]:.3f} guide {means[1]:.3f} accuracy {means[2]:.3f}",
                    flush=True,
                )
                sums.zero_()
            if time.monotonic() - saved_s > 180:
                export(average, vocabulary, options.out)
                saved_s = time.monotonic()
    finally:
        pool.close()
    export(average, vocabulary, options.out)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the demo model's decoder alone.")
    parser.add_argument("--start", type=Path, default=HERE / "demo_speech.pt", help="checkpoint to go on from")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--peak-rate", type=float, default=PEAK_RATE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "demo_speech.pt", help="checkpoint to write")
    parser.add_argument("--work", type=Path, default=HERE / "training", help="folder for shards")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tune(options)


if __name__ == "__main__":
    main()

"""A Whisper that is trained on short windows yet meets the 30 s condition at every step.

The parameters are those of openai-whisper's own module, under their own names; only the forward pass is ours, because
training needs three things that the library's does not give: attention weights that carry a gradient, a vocabulary cut
down to what occurs, and a window that does not pay for 30 s of padding.
"""

from __future__ import annotations

import math
import os
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from whisper.model import ModelDimensions, ResidualAttentionBlock, Whisper
from whisper.tokenizer import Tokenizer, get_tokenizer

from models.demo_speech.phones import CHARACTERS, INITIALS, finals

DIMENSIONS = ModelDimensions(
    n_mels=80,
    n_audio_ctx=1500,
    n_audio_state=192,
    n_audio_head=3,
    n_audio_layer=4,
    n_vocab=51865,
    n_text_ctx=448,
    n_text_state=192,
    n_text_head=3,
    n_text_layer=2,
)
PAD_SAMPLES = 24  # how many frames stand for the whole silent tail


def tokenizer() -> Tokenizer:
    """Whisper's multilingual tokenizer for Chinese transcription."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its vocabulary file open
        return get_tokenizer(True, num_languages=99, language="zh", task="transcribe")


class Vocabulary:
    """The tokens that occur: each is a row of the small embedding; the row after the last stands for all others.

    A character is always written with its own tokens, never merged with its neighbour, so it looks the same everywhere.
    """

    def __init__(self) -> None:
        self.tokenizer = tokenizer()
        self.character_tokens = {character: tuple(self.tokenizer.encode(character)) for character in CHARACTERS}
        specials = {
            *self.tokenizer.sot_sequence,
            self.tokenizer.no_timestamps,
            self.tokenizer.no_speech,
            self.tokenizer.eot,
            *range(self.tokenizer.timestamp_begin, self.tokenizer.timestamp_begin + 1501),
        }
        text = {token for tokens in self.character_tokens.values() for token in tokens}
        self.tokens = sorted(text | specials)
        self.row = {token: row for row, token in enumerate(self.tokens)}
        self.unused_row = len(self.tokens)
        self.unused_count = DIMENSIONS.n_vocab - len(self.tokens)

    def rows(self, tokens: Sequence[int]) -> list[int]:
        """Rows of the small embedding for tokens of Whisper's vocabulary."""
        return [self.row[token] for token in tokens]


def _attend(query: Tensor, key: Tensor, value: Tensor, heads: int, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Multi-head attention that keeps its weights; shapes (batch, length, state), bias adds to every score."""
    batch, length, state = query.shape
    size = state // heads
    query = query.view(batch, length, heads, size).transpose(1, 2) * size**-0.5
    key = key.view(batch, -1, heads, size).transpose(1, 2)
    value = value.view(batch, -1, heads, size).transpose(1, 2)
    scores = query @ key.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    weights = scores.softmax(dim=-1)
    return (weights @ value).transpose(1, 2).reshape(batch, length, state), weights


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoder output (batch, frames + pad samples, state), the frames that are real, and the bias on every key."""

    states: Tensor
    frames: int
    key_bias: Tensor


class Trainee(nn.Module):
    """openai-whisper's module with a small embedding, and the helper heads that only training uses."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.whisper = Whisper(DIMENSIONS)
        state = DIMENSIONS.n_text_state
        self.whisper.decoder.token_embedding = nn.Embedding(len(vocabulary.tokens) + 1, state)
        nn.init.normal_(self.whisper.decoder.token_embedding.weight, std=state**-0.5)
        nn.init.normal_(self.whisper.decoder.positional_embedding, std=0.01)
        self.initial_head = nn.Linear(state, len(INITIALS) + 1)
        self.final_head = nn.Linear(state, len(finals()) + 1)
        self.character_head = nn.Linear(state, len(CHARACTERS))

    def encode(self, mel: Tensor, pads: Tensor | None = None) -> Encoded:
        """Encode log-mel (batch, 80, 2 x frames) whose last 8 columns or more hold the padding's constant value.

        The rest of the 30 s is that same constant, so a few of its frames, at their true positions and each counted
        as often as the frames it stands for, have the effect of all.
        """
        encoder = self.whisper.encoder
        x = F.gelu(encoder.conv1(mel))
        x = F.gelu(encoder.conv2(x)).permute(0, 2, 1)
        x = x[:, :-1]  # the last frame has seen the convolution's own zeros
        frames = x.shape[1]
        total = DIMENSIONS.n_audio_ctx
        if pads is None:
            width = (total - frames) / PAD_SAMPLES
            pads = (frames + (torch.arange(PAD_SAMPLES) + torch.rand(PAD_SAMPLES)) * width).long().clamp(max=total - 1)
        position = encoder.positional_embedding
        tail = x[:, -1:].expand(-1, len(pads), -1) + position[pads]
        x = torch.cat([x + position[:frames], tail], dim=1)
        bias = torch.zeros(frames + len(pads))
        bias[frames:] = math.log((total - frames) / len(pads))
        for block in encoder.blocks:
            x = self._block(block, x, bias, None)[0]
        return Encoded(encoder.ln_post(x), frames, bias)

    @staticmethod
    def _block(
        block: ResidualAttentionBlock, x: Tensor, bias: Tensor | None, encoded: Encoded | None
    ) -> tuple[Tensor, Tensor | None]:
        attention = block.attn
        normed = block.attn_ln(x)
        mixed, _ = _attend(
            attention.query(normed), attention.key(normed), attention.value(normed), attention.n_head, bias
        )
        x = x + attention.out(mixed)
        weights = None
        if encoded is not None:
            cross = block.cross_attn
            mixed, weights = _attend(
                cross.query(block.cross_attn_ln(x)),
                cross.key(encoded.states),
                cross.value(encoded.states),
                cross.n_head,
                encoded.key_bias,
            )
            x = x + cross.out(mixed)
        return x + block.mlp(block.mlp_ln(x)), weights

    def decode(self, rows: Tensor, encoded: Encoded) -> tuple[Tensor, list[Tensor]]:
        """Logits (batch, length, rows) and each layer's attention (batch, heads, length, frames + pads)."""
        decoder = self.whisper.decoder
        length = rows.shape[1]
        x = decoder.token_embedding(rows) + decoder.positional_embedding[:length]
        causal = torch.full((length, length), -1e4).triu(1)
        attentions = []
        for block in decoder.blocks:
            x, weights = self._block(block, x, causal, encoded)
            if weights is not None:
                attentions.append(weights)
        x = decoder.ln(x)
        logits = F.linear(x, decoder.token_embedding.weight).float()
        # The last row stands for every unused token: as a class it weighs as much as all of them together.
        extra = torch.zeros(logits.shape[-1])
        extra[self.vocabulary.unused_row] = math.log(self.vocabulary.unused_count)
        return logits + extra, attentions


def export(weights: dict[str, Tensor], vocabulary: Vocabulary, path: Path) -> None:
    """Write a checkpoint that whisper.load_model reads: the full embedding restored, half precision, deflated.

    Args:
        weights: state of a Trainee.
        vocabulary: which row holds which token.
        path: the file; replaced in one step.
    """
    state = {name.removeprefix("whisper."): value for name, value in weights.items() if name.startswith("whisper.")}
    small = state["decoder.token_embedding.weight"]
    full = small[vocabulary.unused_row].repeat(DIMENSIONS.n_vocab, 1)
    full[torch.tensor(vocabulary.tokens)] = small[: len(vocabulary.tokens)]
    state["decoder.token_embedding.weight"] = full
    _write(state, path)


def _write(state: dict[str, Tensor], path: Path) -> None:
    half = {name: value.detach().half().contiguous() for name, value in state.items()}
    stored = path.with_suffix(".stored.tmp")
    packed = path.with_suffix(".packed.tmp")
    torch.save({"dims": asdict(DIMENSIONS), "model_state_dict": half}, stored)
    # Most rows of the embedding are equal, so the archive shrinks to a third when its members are deflated.
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(zipfile.ZipInfo(member.filename), source.read(member), zipfile.ZIP_DEFLATED)
    stored.unlink()
    os.replace(packed, path)


def restore(model: Trainee, vocabulary: Vocabulary, path: Path) -> None:
    """Load what export wrote into a trainee, in place; its helper heads, which no checkpoint holds, stay as they are.

    Raises KeyError or RuntimeError when the checkpoint is of other dimensions or another vocabulary size.
    """
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state_dict"]
    full = state["decoder.token_embedding.weight"].float()
    used = set(vocabulary.tokens)
    unused = next(token for token in range(DIMENSIONS.n_vocab) if token not in used)
    state["decoder.token_embedding.weight"] = full[torch.tensor([*vocabulary.tokens, unused])]
    model.whisper.load_state_dict({name: value.float() for name, value in state.items()})


def average(checkpoints: Sequence[Path], path: Path) -> None:
    """Write the mean of the weights of several rounds of one training.

    Rounds that went on from each other lie in one valley, and what each of them mistakes alone averages out.

    Raises KeyError or RuntimeError when a checkpoint is of other dimensions.
    """
    states = [torch.load(one, map_location="cpu", weights_only=True)["model_state_dict"] for one in checkpoints]
    _write({name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}, path)

"""Whisper's encoder on the part of its 30 s that holds sound, with the effect of the silence that follows.

Whisper always hears 30 s. After the sound every column of the spectrogram is the same, so every frame of the encoder
there differs from its neighbours by its position alone. A few of these frames, at their true positions, each counted
in every attention as often as the frames that it stands for (by adding the logarithm of that number to its score),
have the effect of all of them at a fraction of the cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.asr.windows import WINDOW_RATE_HZ
from pipeline.types import FloatArray

_HOP = WINDOW_RATE_HZ // 100
# The analysis window reaches 200 samples beyond its middle, the two convolutions three columns.
_QUIET_COLUMNS = 8
STANDINS = 24
"""Frames that stand for the whole silence; differences to the full 30 s are below those of another batch size."""


def encode(model: Any, sounds: Sequence[FloatArray]) -> Any:
    """Encoder output of windows at 16 kHz, shape (windows, context, state), as if each were padded with silence.

    Args:
        model: of openai-whisper, on its device and in its precision.
        sounds: samples of shape (frames,), none longer than the model's context.
    """
    import torch
    import torch.nn.functional as F

    encoder = model.encoder
    context = model.dims.n_audio_ctx
    columns = max(math.ceil(len(sound) / _HOP) for sound in sounds) + _QUIET_COLUMNS
    frames = (columns + 1) // 2 - 1
    whole = frames + STANDINS >= context
    mels = spectrograms(sounds, model.dims.n_mels, 2 * context if whole else 2 * (frames + 1))
    weight = encoder.conv1.weight
    x = mels.to(device=weight.device, dtype=weight.dtype)
    x = F.gelu(encoder.conv2(F.gelu(encoder.conv1(x)))).permute(0, 2, 1)
    position = encoder.positional_embedding.to(x.dtype)
    bias = None
    if whole:
        x = x + position
    else:
        # The last frame has seen the end of the spectrogram and is left out; the one before it is silence.
        x = x[:, :-1]
        width = (context - frames) / STANDINS
        places = (frames + (torch.arange(STANDINS) + 0.5) * width).long().clamp(max=context - 1).to(x.device)
        x = torch.cat([x + position[:frames], x[:, -1:] + position[places]], dim=1)
        bias = torch.zeros(1, 1, 1, x.shape[1], device=x.device, dtype=x.dtype)
        bias[..., frames:] = math.log(width)
    for block in encoder.blocks:
        x = _block(block, x, bias)
    x = encoder.ln_post(x)
    if whole:
        return x
    nearest = ((torch.arange(context - frames, device=x.device) + 0.5) / width).long().clamp(max=STANDINS - 1)
    return torch.cat([x[:, :frames], x[:, frames:][:, nearest]], dim=1)


def spectrograms(sounds: Sequence[FloatArray], mels: int, columns: int) -> Any:
    """Log-mel spectrograms, shape (windows, mels, columns), each with the dynamic range of its own loudest moment."""
    import torch
    import whisper

    found = []
    for sound in sounds:
        padded = torch.zeros((columns + 2) * _HOP)
        padded[: len(sound)] = torch.from_numpy(sound)
        found.append(whisper.log_mel_spectrogram(padded, mels)[:, :columns])
    return torch.stack(found)


def _block(block: Any, x: Any, bias: Any) -> Any:
    from torch.nn.functional import scaled_dot_product_attention

    attention = block.attn
    normed = block.attn_ln(x)
    batch, length, state = normed.shape
    query, key, value = (
        part(normed).view(batch, length, attention.n_head, state // attention.n_head).transpose(1, 2)
        for part in (attention.query, attention.key, attention.value)
    )
    mixed = scaled_dot_product_attention(query, key, value, attn_mask=bias)
    x = x + attention.out(mixed.transpose(1, 2).reshape(batch, length, state))
    return x + block.mlp(block.mlp_ln(x))

"""What all Whisper engines share after decoding: tokens to text with times, segments between timestamps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.asr.heard import HeardSegment, HeardUnit, HeardWindow
from pipeline.asr.windows import Window

STEP_S = 0.02
"""A step of Whisper's timestamps and of its encoder, in seconds."""

_BROKEN = "\ufffd"
# Nobody speaks quicker; a decoder that runs on is caught in a loop.
_TOKENS_PER_S = 20
_TOKENS_AT_LEAST = 16


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window as the decoder left it.

    ``tokens`` hold text and timestamps. ``frames`` are, for the text tokens alone, the encoder's frame at which each
    begins and, one more, at which the last ends; empty where no times were asked for. ``probabilities`` likewise.
    """

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float
    frames: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()


def token_limit(window_s: float, text_context: int) -> int:
    """Most tokens that a window of this length may take, of a decoder with this many positions."""
    return min(text_context // 2, _TOKENS_AT_LEAST + math.ceil(window_s * _TOKENS_PER_S))


def text_tokens(tokens: Sequence[int], end_of_text: int) -> list[int]:
    """The tokens that stand for text."""
    return [token for token in tokens if token < end_of_text]


def heard_window(window: Window, decoded: Decoded, tokenizer: Any) -> HeardWindow:
    """The text of a window between its timestamps; text that is never closed lasts to the end of the window.

    Args:
        window: what was heard.
        decoded: what was written.
        tokenizer: of openai-whisper or of faster-whisper.
    """
    segments: list[HeardSegment] = []
    start_s, first, count = 0.0, 0, 0
    texts = text_tokens(decoded.tokens, tokenizer.eot)

    def close(end_s: float) -> None:
        units = tuple(_units(texts[first:count], first, decoded, tokenizer))
        segments.append(HeardSegment(start_s, max(start_s, end_s), units))

    for token in decoded.tokens:
        if token < tokenizer.eot:
            count += 1
        elif token >= tokenizer.timestamp_begin:
            at_s = (token - tokenizer.timestamp_begin) * STEP_S
            if count > first:
                close(at_s)
                first = count
            start_s = at_s
    if count > first:
        close(window.duration_s)
    return HeardWindow(window, tuple(segments), decoded.avg_logprob, decoded.no_speech_prob)


def _units(tokens: Sequence[int], first: int, decoded: Decoded, tokenizer: Any) -> Iterator[HeardUnit]:
    """Whole characters: a character may be spelled with several tokens, a token may hold several characters."""
    begin = 0
    for end in range(1, len(tokens) + 1):
        text = tokenizer.decode(list(tokens[begin:end]))
        if _BROKEN in text and end < len(tokens) and end - begin < 4:
            continue
        if decoded.frames:
            start, stop = decoded.frames[first + begin], decoded.frames[first + end]
            probability = min(decoded.probabilities[first + begin : first + end], default=None)
            yield HeardUnit(text, start * STEP_S, stop * STEP_S, probability)
        else:
            yield HeardUnit(text)
        begin = end

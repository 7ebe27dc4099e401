"""Speech to text by openai-whisper, greedy, in Chinese, on windows of speech alone."""

from __future__ import annotations

import math
import os
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.asr.confidence import confidence_of
from pipeline.asr.engine import OptionValue
from pipeline.asr.guards import NO_SPEECH, as_rejected
from pipeline.asr.normalise import normalise
from pipeline.asr.whisper_model import find_checkpoint, read_profile
from pipeline.asr.windows import GAP_S, WINDOW_RATE_HZ, Window, WindowPiece, clamped_time, cut, pack
from pipeline.audio.decode import sha256_of
from pipeline.errors import EngineError
from pipeline.types import Audio, Rejected, Span, Transcript, Turn, Utterance

LANGUAGE = "zh"
_TOKEN_S = 0.02  # a step of Whisper's timestamps and of its encoder
_BATCH = 8
# Whisper's own marks of a window without speech.
_NO_SPEECH = 0.6
_DOUBTFUL_LOGPROB = -1.0
# Nobody speaks quicker; a decoder that runs on is caught in a loop.
_TOKENS_PER_S = 20
_TOKENS_AT_LEAST = 16


@dataclass(frozen=True, slots=True)
class _Segment:
    """Text that the model wrote between two moments of a window."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class _Capabilities:
    """What the engine can do beside text; see ``hot_words.takes_hot_words``."""

    hot_words: bool = True


class WhisperEngine:
    """openai-whisper with a checkpoint that lies on this machine.

    Temperature 0, no previous text as a condition, one window of one channel at a time; see SpeechEngine.
    """

    name = "whisper"
    capabilities = _Capabilities()

    def __init__(self, model: str | None, *, threads: int | None = None) -> None:
        """Load the checkpoint given by path or by published name.

        Args:
            model: path of a ``.pt`` file, or a name whose file lies in openai-whisper's cache folder.
            threads: torch threads; None for one a core.

        Raises:
            ModelNotFoundError: the checkpoint is not on this machine.
            EngineError: it is no multilingual openai-whisper checkpoint, or its profile is wrong.
        """
        checkpoint = find_checkpoint(model)
        profile = read_profile(checkpoint)
        import torch
        import whisper

        self._torch, self._whisper = torch, whisper
        self._threads = threads or len(os.sched_getaffinity(0))
        torch.set_num_threads(self._threads)
        try:
            self.digest = sha256_of(checkpoint)
            self._model: Any = whisper.load_model(str(checkpoint), device="cpu").eval()
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise EngineError(
                f"speech model {str(checkpoint)!r} cannot be loaded ({type(error).__name__}); expected a checkpoint in "
                "openai-whisper's format: copy the file again or name another model"
            ) from error
        if not self._model.is_multilingual:
            raise EngineError(
                f"speech model {str(checkpoint)!r} knows English only; expected a multilingual one: name another model"
            )
        with warnings.catch_warnings():
            # The library leaves the closing of its vocabulary file to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            self._tokenizer: Any = whisper.tokenizer.get_tokenizer(
                True, num_languages=self._model.num_languages, language=LANGUAGE, task="transcribe"
            )
        self.model = profile.name
        self._context_s = self._model.dims.n_audio_ctx * _TOKEN_S
        self._max_window_s = min(profile.max_window_s, self._context_s)
        self._margin_s = profile.margin_s
        self._max_turns = profile.max_turns_per_window
        # Threads and batch are not among them: they decide how long it takes, not what is written.
        self.options: Mapping[str, OptionValue] = {
            "language": LANGUAGE,
            "temperature": 0.0,
            "beam_size": None,
            "condition_on_previous_text": False,
            "max_window_s": self._max_window_s,
            "max_turns_per_window": self._max_turns,
            "margin_s": self._margin_s,
            "gap_s": GAP_S,
            "no_speech_threshold": _NO_SPEECH,
            "logprob_threshold": _DOUBTFUL_LOGPROB,
        }

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """See SpeechEngine; what the model itself takes for no speech is among the rejected.

        ``hot_words`` stand before every window as if they had been said there.
        """
        prompt = "，".join(hot_words) or None
        self._torch.set_num_threads(self._threads)  # other libraries set it for the whole process
        windows = pack(turns, self._max_window_s, GAP_S, self._max_turns, self._margin_s)
        utterances: list[Utterance] = []
        rejected: list[Rejected] = []
        for timed in (False, True):
            group = [window for window in windows if (len({piece.turn for piece in window.pieces}) > 1) is timed]
            group.sort(key=lambda window: window.duration_s)  # windows of like length end their decoding together
            for at in range(0, len(group), _BATCH):
                batch = group[at : at + _BATCH]
                for window, result in zip(batch, self._decode(audio, batch, timed, source, prompt), strict=True):
                    said = list(self._utterances(window, result, turns, timed))
                    if result.no_speech_prob > _NO_SPEECH and result.avg_logprob < _DOUBTFUL_LOGPROB:
                        rejected += [as_rejected(utterance, NO_SPEECH) for utterance in said]
                    else:
                        utterances += said
        utterances.sort(key=lambda utterance: (utterance.start_s, utterance.channel, utterance.end_s))
        rejected.sort(key=lambda item: (item.start_s, item.channel, item.end_s))
        return Transcript(
            engine=self.name,
            model=self.model,
            model_digest=self.digest,
            language=LANGUAGE,
            options={**self.options, **({"hot_words": prompt} if prompt else {})},
            utterances=tuple(utterances),
            audio_s=audio.duration_s,
            speech_s=sum(turn.speech_s for turn in turns),
            rejected=tuple(rejected),
        )

    def _decode(
        self, audio: Audio, windows: Sequence[Window], timed: bool, source: Path, prompt: str | None
    ) -> list[Any]:
        whisper, torch = self._whisper, self._torch
        frames = round(self._context_s * WINDOW_RATE_HZ)
        heard = np.stack([whisper.pad_or_trim(cut(audio, window), frames) for window in windows])
        longest_s = max(window.duration_s for window in windows)
        options = whisper.DecodingOptions(
            language=LANGUAGE,
            temperature=0.0,
            without_timestamps=not timed,
            prompt=prompt,
            sample_len=min(self._model.dims.n_text_ctx // 2, _TOKENS_AT_LEAST + math.ceil(longest_s * _TOKENS_PER_S)),
            fp16=False,
        )
        try:
            # One by one: the dynamic range of a spectrum is taken from its own loudest moment.
            mels = [whisper.log_mel_spectrogram(one, self._model.dims.n_mels) for one in torch.from_numpy(heard)]
            return list(whisper.decode(self._model, torch.stack(mels), options))
        except RuntimeError as error:
            raise EngineError(
                f"recording {str(source)!r}: speech model {self.model} failed; its dimensions may not fit this version "
                "of openai-whisper, or memory ran out: try another model or fewer workers"
            ) from error

    def _utterances(self, window: Window, result: Any, turns: Sequence[Turn], timed: bool) -> Iterator[Utterance]:
        confidence = confidence_of(result.avg_logprob)
        first, last = window.pieces[0], window.pieces[-1]
        if timed:
            parts = [part for segment in self._segments(result.tokens, window) for part in _shared_out(segment, window)]
        else:
            parts = [(first.turn, Span(first.speech.start_s, last.speech.end_s), result.text)]
        for index, span, raw in parts:
            text = normalise(raw)
            if text:
                turn = turns[index]
                yield Utterance(turn.role, turn.channel, span.start_s, span.end_s, text, confidence)

    def _segments(self, tokens: Sequence[int], window: Window) -> Iterator[_Segment]:
        """Text between timestamp tokens; text that is never closed lasts to the end of the window."""
        start_s = 0.0
        text: list[int] = []
        for token in tokens:
            if token < self._tokenizer.timestamp_begin:
                if token < self._tokenizer.eot:
                    text.append(token)
                continue
            at_s = (token - self._tokenizer.timestamp_begin) * _TOKEN_S
            if text:
                yield _Segment(start_s, max(start_s, at_s), self._tokenizer.decode(text))
                text = []
            start_s = at_s
        if text:
            yield _Segment(start_s, max(start_s, window.duration_s), self._tokenizer.decode(text))


def _shared_out(segment: _Segment, window: Window) -> Iterator[tuple[int, Span, str]]:
    """(turn, time in the recording, text) of a segment; one that runs over several turns is shared out by time.

    All turns of a window are one party's, so only the time of a word can be wrong by it, never the speaker.
    """
    overlaps = [(piece, _overlap_s(piece, segment)) for piece in window.pieces]
    touched = [(piece, overlap_s) for piece, overlap_s in overlaps if overlap_s > 0]
    if not touched:
        middle_s = (segment.start_s + segment.end_s) / 2
        spans = [(piece, piece.window_span) for piece in window.pieces]
        nearest = min(spans, key=lambda one: max(one[1].start_s - middle_s, middle_s - one[1].end_s))[0]
        touched = [(nearest, 1.0)]
    total_s = sum(overlap_s for _, overlap_s in touched)
    at, passed_s = 0, 0.0
    for piece, overlap_s in touched:
        passed_s += overlap_s
        upto = round(len(segment.text) * passed_s / total_s)
        span = Span(clamped_time(piece, segment.start_s), clamped_time(piece, segment.end_s))
        if upto > at:
            yield piece.turn, span, segment.text[at:upto]
        at = upto


def _overlap_s(piece: WindowPiece, segment: _Segment) -> float:
    inside = piece.window_span
    return min(inside.end_s, segment.end_s) - max(inside.start_s, segment.start_s)

"""Speech to text by openai-whisper, greedy, in Chinese, on windows of speech alone."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.asr.alignment import token_frames
from pipeline.asr.assembly import assemble
from pipeline.asr.engine import Capabilities, EngineSettings, OptionValue
from pipeline.asr.heard import HeardWindow
from pipeline.asr.whisper_encoder import encode
from pipeline.asr.whisper_model import LANGUAGE, find_checkpoint, read_profile, whisper_tokenizer
from pipeline.asr.whisper_options import WhisperOptions, batches, hot_word_prompt
from pipeline.asr.whisper_text import STEP_S, Decoded, heard_window, text_tokens, token_limit
from pipeline.asr.windows import WINDOW_RATE_HZ, Window, cut
from pipeline.audio.decode import sha256_of
from pipeline.errors import EngineError
from pipeline.types import Audio, Transcript, Turn


class WhisperEngine:
    """openai-whisper with a checkpoint that lies on this machine.

    Temperature 0, no previous text as a condition, windows of one channel in batches; see SpeechEngine.
    """

    name = "whisper"
    capabilities = Capabilities(character_times=True, confidence=True, hot_words=True)

    def __init__(
        self, model: str | None, *, threads: int | None = None, settings: EngineSettings | None = None
    ) -> None:
        """Load the checkpoint given by path or by published name.

        Args:
            model: path of a ``.pt`` file, or a name whose file lies in openai-whisper's cache folder.
            threads: torch threads; None for one a core.
            settings: device, precision and batch; the default is the processor.

        Raises:
            ModelNotFoundError: the checkpoint is not on this machine.
            EngineError: it is no multilingual openai-whisper checkpoint, or its profile or the device is wrong.
        """
        settings = settings or EngineSettings()
        checkpoint = find_checkpoint(model)
        profile = read_profile(checkpoint)
        import torch
        import whisper

        self._torch, self._whisper = torch, whisper
        self.version = str(whisper.__version__)
        self._device = torch_device(settings.device, torch)
        self._half = self._device == "cuda" and settings.precision in ("auto", "float16", "int8_float16")
        try:
            self.digest = sha256_of(checkpoint)
            self._model: Any = whisper.load_model(str(checkpoint), device=self._device).eval()
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise EngineError(
                f"speech model {str(checkpoint)!r} cannot be loaded ({type(error).__name__}); expected a checkpoint in "
                "openai-whisper's format: copy the file again or name another model"
            ) from error
        if not self._model.is_multilingual:
            raise EngineError(
                f"speech model {str(checkpoint)!r} knows English only; expected a multilingual one: name another model"
            )
        if self._half:
            self._model = in_half_precision(self._model)
        self._tokenizer: Any = whisper_tokenizer(self._model.num_languages)
        self.model = profile.name
        self._context_s = self._model.dims.n_audio_ctx * STEP_S
        self._heads: Any = self._model.alignment_heads.indices().T
        self._options = WhisperOptions.of(
            profile,
            settings,
            precision="float16" if self._half else "float32",
            threads=threads,
            context_s=self._context_s,
        )
        self.options: Mapping[str, OptionValue] = self._options.values()

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """See SpeechEngine; what the model itself takes for no speech is among the rejected."""
        options = self._options
        self._torch.set_num_threads(options.threads)  # on purpose: other libraries set it for the whole process
        heard = [
            one
            for batch, timed in batches(options.windows(turns), options.windows_at_once)
            for one in self._hear(audio, batch, timed, source, hot_words)
        ]
        assembled = assemble(heard, turns)
        return Transcript(
            engine=self.name,
            model=self.model,
            model_digest=self.digest,
            language=LANGUAGE,
            options=options.values(hot_words),
            utterances=assembled.utterances,
            audio_s=audio.duration_s,
            speech_s=sum(turn.speech_s for turn in turns),
            rejected=assembled.rejected,
        )

    def _hear(
        self, audio: Audio, windows: Sequence[Window], timed: bool, source: Path, hot_words: Sequence[str]
    ) -> Iterator[HeardWindow]:
        whisper = self._whisper
        longest_s = max(window.duration_s for window in windows)
        options = whisper.DecodingOptions(
            language=LANGUAGE,
            temperature=0.0,
            without_timestamps=not timed,
            sample_len=token_limit(longest_s, self._model.dims.n_text_ctx),
            prompt=hot_word_prompt(hot_words) or None,
            fp16=self._half,
        )
        try:
            with self._torch.inference_mode():
                sounds = [cut(audio, window)[: round(self._context_s * WINDOW_RATE_HZ)] for window in windows]
                states = encode(self._model, sounds)
                results = whisper.decode(self._model, states, options)
                times = self._times(states, [result.tokens for result in results], windows)
        except RuntimeError as error:
            raise EngineError(
                f"recording {str(source)!r}: speech model {self.model} failed; its dimensions may not fit this version "
                "of openai-whisper, or memory ran out: try another model or fewer workers"
            ) from error
        for window, result, (frames, probabilities) in zip(windows, results, times, strict=True):
            decoded = Decoded(
                tuple(result.tokens), result.avg_logprob, result.no_speech_prob, tuple(frames), tuple(probabilities)
            )
            yield heard_window(window, decoded, self._tokenizer)

    def _times(
        self, states: Any, tokens: Sequence[Sequence[int]], windows: Sequence[Window]
    ) -> list[tuple[list[int], list[float]]]:
        """Frame at which each text token begins (and the last ends), and its probability, of every window."""
        torch, tokenizer = self._torch, self._tokenizer
        texts = [text_tokens(one, tokenizer.eot) for one in tokens]
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        room = self._model.dims.n_text_ctx - len(start) - 1
        if not any(texts) or max(map(len, texts)) > room:
            return [([], []) for _ in texts]
        length = max(map(len, texts))
        rows = torch.tensor([[*start, *text, *[tokenizer.eot] * (length - len(text) + 1)] for text in texts])
        scores: dict[int, Any] = {}
        hooks = [
            block.cross_attn.register_forward_hook(
                lambda _, __, outputs, layer=layer: scores.__setitem__(layer, outputs[-1])
            )
            for layer, block in enumerate(self._model.decoder.blocks)
        ]
        try:
            with self._whisper.model.disable_sdpa():
                logits = self._model.decoder(rows.to(states.device), states)
        finally:
            for hook in hooks:
                hook.remove()
        found: list[tuple[list[int], list[float]]] = []
        for number, (text, window) in enumerate(zip(texts, windows, strict=True)):
            if not text:
                found.append(([], []))
                continue
            # The row that predicts a token looks at where it sounds: from the last start token to the last of the text.
            last = len(start) + len(text)
            frames = min(max(2, round(window.duration_s / STEP_S)), states.shape[1])
            attention = torch.stack([scores[int(layer)][number, int(head)] for layer, head in self._heads])
            weights = attention[:, :last, :frames].float().softmax(dim=-1).cpu().numpy()
            frames_of_tokens = token_frames(weights)[len(start) - 1 : last]
            likely = logits[number, len(start) - 1 : last - 1, : tokenizer.eot].float().softmax(dim=-1)
            probabilities = likely[range(len(text)), text].tolist()
            found.append((frames_of_tokens, probabilities))
        return found


def in_half_precision(model: Any) -> Any:
    """The model with half-precision weights, except those of the normalisations, which the library computes in full."""
    model.half()
    for module in model.modules():
        if type(module).__name__ == "LayerNorm":
            module.float()
    return model


def torch_device(device: str, torch: Any) -> str:
    """``cpu`` or ``cuda``.

    Raises:
        EngineError: a graphics card was asked for and torch sees none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            "device is 'cuda', but torch sees no graphics card; expected a card with its driver and torch's CUDA "
            "build: install them, or set device to cpu"
        )
    return device

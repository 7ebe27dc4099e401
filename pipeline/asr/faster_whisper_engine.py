"""Speech to text by faster-whisper (CTranslate2, int8), greedy, in Chinese, on windows of speech alone.

Windows go to the decoder in batches of our own: the library's batched pipeline loses segments, and its own voice
activity detection is not ours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.asr.assembly import assemble
from pipeline.asr.engine import Capabilities, EngineSettings, OptionValue
from pipeline.asr.heard import HeardWindow
from pipeline.asr.model_folders import digest_of_folder, find_model, profile_of
from pipeline.asr.vocabulary import VOCABULARY_FILE, Rows
from pipeline.asr.whisper_model import LANGUAGE
from pipeline.asr.whisper_options import WhisperOptions, batches, hot_word_prompt
from pipeline.asr.whisper_text import STEP_S, Decoded, heard_window, text_tokens, token_limit
from pipeline.asr.windows import WINDOW_RATE_HZ, Window, cut
from pipeline.audio.levels import power_spectra
from pipeline.audio.one_thread import one_thread
from pipeline.errors import EngineError
from pipeline.types import Audio, FloatArray, Transcript, Turn

_HOP = WINDOW_RATE_HZ // 100
_FFT = 400
_CONTEXT_S = 30.0
_COMPUTED_SILENCE_S = 0.3
_ALIKE = 1.5
_ANY_TOKEN = 0
_TAPER = np.hanning(_FFT + 1)[:-1].astype(np.float32)
_POSITIONS = 448  # of every published decoder
_PROMPT_AT_MOST = 223  # tokens before a window's own, as openai-whisper allows


class FasterWhisperEngine:
    """A CTranslate2 model, or an openai-whisper checkpoint that is converted when it is first used.

    Temperature 0, no previous text as a condition, windows of one channel in batches; see SpeechEngine.
    """

    name = "faster-whisper"
    capabilities = Capabilities(character_times=True, confidence=True, hot_words=True)

    def __init__(
        self, model: str | None, *, threads: int | None = None, settings: EngineSettings | None = None
    ) -> None:
        """Load the model given by path or by published name.

        Args:
            model: a CTranslate2 folder, an openai-whisper ``.pt`` file, or a published name; see ``find_model``.
            threads: CTranslate2's threads; None for one a core.
            settings: device, precision, batch and the folder for converted models.

        Raises:
            ModelNotFoundError: the model is not on this machine.
            EngineError: it cannot be converted or loaded, or it knows English only.
        """
        settings = settings or EngineSettings()
        folder = find_model(model, settings.model_cache)
        profile = profile_of(folder)
        import ctranslate2
        import faster_whisper
        from faster_whisper.tokenizer import Tokenizer

        self._storage = ctranslate2.StorageView
        self.version = f"{faster_whisper.__version__} (CTranslate2 {ctranslate2.__version__})"
        device = settings.device
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        precision = settings.precision
        if precision == "auto":
            precision = "float16" if device == "cuda" else "int8"
        self._options = WhisperOptions.of(profile, settings, precision=precision, threads=threads, context_s=_CONTEXT_S)
        try:
            loaded = faster_whisper.WhisperModel(
                str(folder),
                device=device,
                compute_type=precision,
                # On purpose, never inherited: the library takes four, or what an environment variable says.
                cpu_threads=self._options.threads,
                num_workers=1,
                local_files_only=True,
            )
            names = json.loads((folder / VOCABULARY_FILE).read_text("utf-8")) if profile.chinese_only else None
            self.digest = digest_of_folder(folder)
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineError(
                f"speech model {str(folder)!r} cannot be loaded on {device} in {precision} ({type(error).__name__}); "
                "expected a CTranslate2 folder and a device that can do it: see tingjian models check"
            ) from error
        self._model: Any = loaded.model
        self._on_card = device == "cuda"
        # The library counts tokens to tell: a model that knows few is multilingual by its profile.
        if not self._model.is_multilingual and not profile.chinese_only:
            raise EngineError(
                f"speech model {str(folder)!r} knows English only; expected a multilingual one: name another model"
            )
        self._tokenizer: Any = Tokenizer(loaded.hf_tokenizer, True, task="transcribe", language=LANGUAGE)
        self._rows = Rows(loaded.hf_tokenizer, names)
        self._filters: FloatArray = np.ascontiguousarray(loaded.feature_extractor.mel_filters, dtype=np.float32)
        self.model = profile.name
        self.options: Mapping[str, OptionValue] = self._options.values() | {"silence_s": profile.silence_s}

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """See SpeechEngine; what the model itself takes for no speech is among the rejected."""
        windows = self._options.windows(turns)
        heard = [
            one
            for batch, timed in batches(windows, self._at_once(windows))
            for one in self._hear(audio, batch, timed, source, hot_words)
        ]
        assembled = assemble(heard, turns)
        return Transcript(
            engine=self.name,
            model=self.model,
            model_digest=self.digest,
            language=LANGUAGE,
            options=self._options.values(hot_words) | {"silence_s": self._options.profile.silence_s},
            utterances=assembled.utterances,
            audio_s=audio.duration_s,
            speech_s=sum(turn.speech_s for turn in turns),
            rejected=assembled.rejected,
        )

    def _at_once(self, windows: Sequence[Window]) -> int:
        """Windows in a batch: as many as were set of 30 s each, more where they are shorter for the decoder too."""
        silence_s, at_once = self._options.profile.silence_s, self._options.windows_at_once
        if silence_s is None or not windows:
            return at_once
        longest_s = max(window.duration_s for window in windows) + silence_s
        return at_once * max(1, int(_CONTEXT_S / longest_s))

    def _hear(
        self, audio: Audio, windows: Sequence[Window], timed: bool, source: Path, hot_words: Sequence[str]
    ) -> Iterator[HeardWindow]:
        tokenizer = self._tokenizer
        longest_s = max(window.duration_s for window in windows)
        prompt = self._prompt(hot_words, timed)
        limit = token_limit(longest_s, _POSITIONS)
        try:
            with one_thread():
                states = self._encoded([cut(audio, window) for window in windows])
            results = self._model.generate(
                states,
                [prompt] * len(windows),
                beam_size=1,
                # The library stops at half of this, or at this less the prompt.
                max_length=min(_POSITIONS, max(2 * limit, limit + len(prompt))),
                length_penalty=1.0,
                return_scores=True,
                return_no_speech_prob=True,
                suppress_tokens=[-1],
                max_initial_timestamp_index=50,
            )
            tokens = [self._rows.tokens(result.sequences_ids[0]) for result in results]
            times = self._times(states, tokens, windows)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"recording {str(source)!r}: speech model {self.model} failed ({type(error).__name__}); memory may "
                "have run out: try fewer workers or a smaller windows_at_once"
            ) from error
        for window, result, written, (frames, probabilities) in zip(windows, results, tokens, times, strict=True):
            # The score is the mean over the tokens; Whisper's own mean counts the end of the text too.
            logprob = result.scores[0] * len(written) / (len(written) + 1)
            decoded = Decoded(tuple(written), logprob, result.no_speech_prob, tuple(frames), tuple(probabilities))
            yield heard_window(window, decoded, tokenizer)

    def _prompt(self, hot_words: Sequence[str], timed: bool) -> list[int]:
        tokenizer = self._tokenizer
        start = list(tokenizer.sot_sequence)
        if not timed:
            start.append(tokenizer.no_timestamps)
        words = hot_word_prompt(hot_words)
        if not words:
            return self._rows.rows(start)
        before = self._rows.rows(tokenizer.encode(" " + words))[-_PROMPT_AT_MOST:]
        return [*self._rows.rows([tokenizer.sot_prev]), *before, *self._rows.rows(start)]

    def _encoded(self, sounds: Sequence[FloatArray]) -> Any:
        """Encoder output of windows, (windows, frames, state): of 30 s, or as short as the model's profile allows."""
        silence_s = self._options.profile.silence_s
        if silence_s is None:
            columns = 2 * math.ceil(_CONTEXT_S / STEP_S)
            mels = np.stack([log_mel(sound, self._filters, columns) for sound in sounds])
            return self._model.encode(self._storage.from_array(mels))
        # Each at its own length. Its last frame has seen the end of the spectrogram, the one before it is silence and
        # stands for all that follows, so that the windows are of one length for the decoder.
        longest_s = max(map(len, sounds)) / WINDOW_RATE_HZ + silence_s
        frames = math.ceil(min(_CONTEXT_S, longest_s) / STEP_S)
        computed_s = min(silence_s, _COMPUTED_SILENCE_S)
        states: list[npt.NDArray[np.float32]] = []
        for sound in sounds:
            own = min(frames, math.ceil((len(sound) / WINDOW_RATE_HZ + computed_s) / STEP_S) + 1)
            mel = log_mel(sound, self._filters, 2 * own)[np.newaxis]
            state = np.array(self._model.encode(self._storage.from_array(mel), to_cpu=True))[0]
            states.append(np.pad(state[:-1], ((0, frames - own + 1), (0, 0)), mode="edge"))
        return self._storage.from_array(np.stack(states))

    def _times(
        self, states: Any, tokens: Sequence[Sequence[int]], windows: Sequence[Window]
    ) -> list[tuple[list[int], list[float]]]:
        """Frame at which each text token begins (and the last ends), and its probability, of every window."""
        texts = [self._rows.rows(text_tokens(one, self._tokenizer.eot)) for one in tokens]
        start = self._rows.rows(self._tokenizer.sot_sequence)
        found: list[tuple[list[int], list[float]]] = [([], []) for _ in texts]
        for group in self._together([len(text) for text in texts]):
            part = states if len(group) == len(texts) else self._storage.from_array(np.array(states)[group])
            aligned = self._model.align(
                part,
                start,
                # The library aligns nothing where one text is empty, so such a window gets a mark that is not used.
                [texts[at] or [_ANY_TOKEN] for at in group],
                [max(4, 2 * round(windows[at].duration_s / STEP_S)) for at in group],
            )
            for at, result in zip(group, aligned, strict=True):
                if texts[at]:
                    frames = _first_frames(result.alignments, len(texts[at]) + 1)
                    found[at] = (frames, list(result.text_token_probs[: len(texts[at])]))
        return found

    def _together(self, lengths: Sequence[int]) -> list[list[int]]:
        """Places of the texts that are aligned at the same time, by their length in tokens."""
        if self._on_card and any(lengths):
            return [list(range(len(lengths)))]  # in groups their states would have to leave the card
        return list(_alike(lengths))


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, none empty: all are computed as long as the longest."""
    group: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not lengths[at]:
            continue
        if group and lengths[at] > lengths[group[0]] * _ALIKE + 2:
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def log_mel(sound: FloatArray, filters: FloatArray, columns: int) -> npt.NDArray[np.float32]:
    """Whisper's log-mel spectrogram, shape (mels, columns), of a sound at 16 kHz followed by silence.

    Beyond the sound and the reach of the analysis window every column is the same, so one stands for all.
    """
    sounding = min(columns, math.ceil(len(sound) / _HOP) + 4)
    padded = np.zeros(sounding * _HOP + _FFT, np.float32)
    reach = _FFT // 2
    heard = sound[: columns * _HOP]
    padded[reach : reach + len(heard)] = heard
    padded[:reach] = padded[2 * reach : reach : -1]  # the library mirrors the beginning
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:sounding]
    power = np.log10(np.maximum(power_spectra(frames, _TAPER) @ filters.T, 1e-10))
    scaled = (np.maximum(power, power.max() - 8.0) + 4.0) / 4.0
    return np.pad(np.ascontiguousarray(scaled.T), ((0, 0), (0, columns - sounding)), mode="edge")


def _first_frames(alignments: Sequence[tuple[int, int]], count: int) -> list[int]:
    """First frame of each of ``count`` tokens on a path of (token, frame) pairs."""
    first: dict[int, int] = {}
    for token, frame in alignments:
        first.setdefault(token, frame)
    frames: list[int] = []
    for token in range(count):
        frames.append(first.get(token, frames[-1] if frames else 0))
    return frames

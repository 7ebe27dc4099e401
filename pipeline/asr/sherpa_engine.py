"""Speech to text by sherpa-onnx: a Paraformer or SenseVoice model in a folder. An extra: ``tingjian[sherpa]``.

Such a folder holds ``model.int8.onnx`` or ``model.onnx``, and ``tokens.txt``. Each window holds one turn, for these
models write no times between which a text could be divided safely.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.asr.assembly import assemble
from pipeline.asr.engine import Capabilities, EngineSettings, OptionValue
from pipeline.asr.heard import HeardSegment, HeardUnit, HeardWindow
from pipeline.asr.model_folders import default_cache, digest_of_folder
from pipeline.asr.whisper_model import LANGUAGE
from pipeline.asr.windows import MARGIN_S, MAX_WINDOW_S, WINDOW_RATE_HZ, Window, cut, pack
from pipeline.errors import EngineError, ModelNotFoundError
from pipeline.types import Audio, Transcript, Turn

MODEL_FILES = ("model.int8.onnx", "model.onnx")
TOKENS_FILE = "tokens.txt"
PARAFORMER, SENSE_VOICE = "paraformer", "sense_voice"

# Keys without which the library ends the whole process instead of raising.
_KEYS = {
    PARAFORMER: {"vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev"},
    SENSE_VOICE: {"vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev"}
    | {"normalize_samples", "with_itn", "without_itn"}
    | {f"lang_{language}" for language in ("auto", "zh", "en", "ja", "ko", "yue")},
}
_LONGEST_CHARACTER_S = 0.4
_SHORTEST = WINDOW_RATE_HZ // 4
_MELS = 80
_ERROR_SAID = b"Caught exception"
# SenseVoice's marks of language, mood and event, where a version of the library leaves them in.
_MARK = re.compile(r"^<\|.*\|>$")


class SherpaEngine:
    """Greedy, Chinese, no inverse normalisation: numbers and fillers stay as they were spoken; see SpeechEngine."""

    name = "sherpa-onnx"

    def __init__(
        self, model: str | None, *, threads: int | None = None, settings: EngineSettings | None = None
    ) -> None:
        """Load the model of a folder.

        Args:
            model: path of the folder, or its name in the folder for models.
            threads: onnxruntime's threads; None for one a core.
            settings: device, windows at once and the folder for models.

        Raises:
            ModelNotFoundError: there is no such folder.
            EngineError: the extra is not installed, or the folder holds no such model.
        """
        settings = settings or EngineSettings()
        try:
            import sherpa_onnx
        except ImportError:
            raise EngineError(
                "engine 'sherpa-onnx' needs the library sherpa-onnx, which is not installed; expected the extra: "
                "pip install 'tingjian[sherpa]', or choose another engine"
            ) from None
        folder = find_sherpa_model(model, settings.model_cache)
        file = next(folder / name for name in MODEL_FILES if (folder / name).is_file())
        kind, timed = look_at(file, folder / TOKENS_FILE)
        common: dict[str, Any] = {
            "tokens": str(folder / TOKENS_FILE),
            "num_threads": threads or len(os.sched_getaffinity(0)),
            "provider": "cuda" if settings.device == "cuda" else "cpu",
        }
        try:
            if kind == SENSE_VOICE:
                self._recogniser: Any = sherpa_onnx.OfflineRecognizer.from_sense_voice(
                    model=str(file), language=LANGUAGE, use_itn=False, **common
                )
            else:
                self._recogniser = sherpa_onnx.OfflineRecognizer.from_paraformer(paraformer=str(file), **common)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"speech model {str(folder)!r} cannot be loaded ({type(error).__name__}); copy the folder again"
            ) from error
        self.version = str(sherpa_onnx.__version__)
        self.model = folder.name
        self.digest = digest_of_folder(folder)
        self._kind, self._timed = kind, timed
        self.capabilities = Capabilities(character_times=timed)
        # The library reads a Paraformer's text beyond the end of a sound that was padded to the length of another.
        self._batch = settings.windows_at_once if kind == SENSE_VOICE else 1
        self.options: Mapping[str, OptionValue] = {
            "language": LANGUAGE,
            "kind": kind,
            "file": file.name,
            "max_window_s": MAX_WINDOW_S,
            "max_turns_per_window": 1,
            "margin_s": MARGIN_S,
        }

    def transcribe(
        self, audio: Audio, turns: tuple[Turn, ...], source: Path, hot_words: Sequence[str] = ()
    ) -> Transcript:
        """See SpeechEngine; there is no confidence, and hot words have no effect."""
        windows = pack(turns, max_turns=1)
        heard: list[HeardWindow] = []
        try:
            for at in range(0, len(windows), self._batch):
                heard += self._hear(audio, windows[at : at + self._batch])
        except RuntimeError as error:
            raise EngineError(
                f"recording {str(source)!r}: speech model {self.model} failed ({type(error).__name__}); memory may "
                "have run out: try fewer workers or a smaller windows_at_once"
            ) from error
        assembled = assemble(heard, turns)
        return Transcript(
            engine=self.name,
            model=self.model,
            model_digest=self.digest,
            language=LANGUAGE,
            options=dict(self.options),
            utterances=assembled.utterances,
            audio_s=audio.duration_s,
            speech_s=sum(turn.speech_s for turn in turns),
            rejected=assembled.rejected,
        )

    def _hear(self, audio: Audio, windows: Sequence[Window]) -> Iterator[HeardWindow]:
        streams = []
        for window in windows:
            sound = cut(audio, window)
            stream = self._recogniser.create_stream()
            # A sound of fewer frames than the models stack into one is beyond them.
            stream.accept_waveform(WINDOW_RATE_HZ, np.pad(sound, (0, max(0, _SHORTEST - len(sound)))))
            streams.append(stream)
        self._recogniser.decode_streams(streams)
        for window, stream in zip(windows, streams, strict=True):
            result = stream.result
            if self._is_no_result(result, stream):
                # The library catches what goes wrong and gives an empty result, which must not pass for silence.
                raise RuntimeError("no result")
            starts = result.timestamps if self._timed else ()
            units = tuple(heard_units(result.text, result.tokens, starts, window, pieces=self._kind == PARAFORMER))
            yield HeardWindow(window, (HeardSegment(0.0, window.duration_s, units),) if units else ())

    def _is_no_result(self, result: Any, stream: Any) -> bool:
        """Whether an empty result is that of an error. Paraformer's looks the same, so what is said of it is read."""
        if self._kind == SENSE_VOICE:
            return not result.lang
        if result.tokens:
            return False
        with standard_error() as said:
            self._recogniser.decode_streams([stream])
        return _ERROR_SAID in said.getvalue()


@contextmanager
def standard_error() -> Iterator[BytesIO]:
    """What libraries write to standard error meanwhile, complete at the end; it is passed on."""
    said = BytesIO()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            try:
                yield said
            finally:
                os.dup2(before, 2)
            file.seek(0)
            said.write(file.read())
            os.write(2, said.getvalue())
        finally:
            os.close(before)


def heard_units(
    text: str, tokens: Sequence[str], starts: Sequence[float], window: Window, *, pieces: bool = False
) -> Iterator[HeardUnit]:
    """Tokens with their times, as far as they are known; otherwise the whole text as one unit.

    The models say when a token begins; it ends where the next begins, or after the longest that a character lasts.

    Args:
        text: what the library made of the tokens.
        tokens: as the model wrote them.
        starts: seconds of the window at which each begins; of another length where they are not known.
        window: what was heard.
        pieces: Latin words come in pieces, of which ``@@`` says that the word goes on; otherwise a space begins one.
    """
    if len(starts) != len(tokens) or not tokens:
        if text.strip():
            yield HeardUnit(text)
        return
    for at, (token, start_s) in enumerate(zip(tokens, starts, strict=True)):
        if _MARK.match(token):
            continue
        following_s = starts[at + 1] if at + 1 < len(starts) else window.duration_s
        end_s = max(start_s, min(following_s, start_s + _LONGEST_CHARACTER_S * max(1, len(token))))
        before = tokens[at - 1] if at else ""
        written = token.removesuffix("@@") if pieces else token.replace("▁", " ")
        if pieces and token.isascii() and before.isascii() and before and not before.endswith("@@"):
            written = " " + written
        yield HeardUnit(written, start_s, end_s)


def find_sherpa_model(model: str | None, cache: Path | None = None) -> Path:
    """The folder of a model, by path or by name in the folder for models.

    Raises:
        ModelNotFoundError: there is none, or a file is missing; nothing is downloaded.
    """
    if not model:
        raise ModelNotFoundError(
            "the engine sherpa-onnx needs a speech model and none was named; expected the path of a folder with "
            f"{MODEL_FILES[0]} and {TOKENS_FILE}: set model"
        )
    path = Path(model).expanduser()
    folder = next((one for one in (path, (cache or default_cache()) / model) if one.is_dir()), None)
    if folder is None:
        raise ModelNotFoundError(
            f"speech model {model!r} is no folder on this machine; expected a folder with {MODEL_FILES[0]} and "
            f"{TOKENS_FILE}. This program downloads nothing: unpack a Paraformer or SenseVoice release of sherpa-onnx "
            "and set model to its path"
        )
    if not any((folder / name).is_file() for name in MODEL_FILES) or not (folder / TOKENS_FILE).is_file():
        raise ModelNotFoundError(
            f"speech model {model!r} is a folder without {' or '.join(MODEL_FILES)}, or without {TOKENS_FILE}; copy "
            "the whole folder"
        )
    return folder


def look_at(file: Path, tokens: Path) -> tuple[str, bool]:
    """What a model is: ``paraformer`` or ``sense_voice``, and whether it says when its tokens begin.

    The library ends the whole process where metadata is missing, and writes nothing where a model fails; so both are
    tried here first.

    Raises:
        EngineError: it is neither, its tokens are another model's, it does not run, or it is no ONNX model at all.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # run once only
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own errors share no class
        raise EngineError(
            f"speech model {str(file)!r} cannot be read ({type(error).__name__}); expected an ONNX model: copy it again"
        ) from error
    metadata = session.get_modelmeta().custom_metadata_map
    kind = next((kind for kind in (SENSE_VOICE, PARAFORMER) if _KEYS[kind] <= set(metadata)), None)
    if kind is None:
        raise EngineError(
            f"speech model {str(file)!r} is neither a Paraformer nor a SenseVoice export of sherpa-onnx; expected one "
            "with its metadata (vocab_size, lfr_window_size, neg_mean and so on): name another folder"
        )
    known = sum(1 for line in tokens.read_text("utf-8", errors="replace").splitlines() if line.strip())
    if known < int(metadata["vocab_size"]):
        raise EngineError(
            f"{str(tokens)!r} has {known} tokens and the model beside it {metadata['vocab_size']}; expected the "
            f"{TOKENS_FILE} of the same release: copy the whole folder again"
        )
    try:
        inputs = _silence(kind, int(metadata["lfr_window_size"]) * _MELS, metadata)
        session.run(None, dict(zip((one.name for one in session.get_inputs()), inputs, strict=True)))
    except Exception as error:  # as above
        raise EngineError(
            f"speech model {str(file)!r} does not run ({type(error).__name__}); expected an export for sherpa-onnx: "
            "copy the folder again or name another"
        ) from error
    # SenseVoice says when each token begins; of the Paraformers only those exported with their alignment do.
    return kind, kind == SENSE_VOICE or len(session.get_outputs()) >= 4


def _silence(kind: str, features: int, metadata: Mapping[str, str]) -> list[Any]:
    """Inputs of a model for a second of silence, in its order."""
    frames = 16
    inputs: list[Any] = [np.zeros((1, frames, features), np.float32), np.array([frames], np.int32)]
    if kind == SENSE_VOICE:
        inputs += [np.array([int(metadata[key])], np.int32) for key in ("lang_zh", "without_itn")]
    return inputs

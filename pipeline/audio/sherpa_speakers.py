"""Two voices on one channel told apart by sherpa-onnx. An extra: ``tingjian[sherpa]``; its models come from elsewhere.

A network marks in windows of ten seconds who speaks when, another describes each voice by a vector, and the vectors
fall into two groups (Bredin 2023, pyannote.audio 2.1). The whole channel is in memory for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from pipeline.errors import ConfigurationError, EngineError
from pipeline.types import FloatArray, Span

SEGMENTATION, EMBEDDING = "segmentation.onnx", "embedding.onnx"

_NEEDED = {
    SEGMENTATION: {
        "sample_rate",
        "window_size",
        "receptive_field_size",
        "receptive_field_shift",
        "num_speakers",
        "powerset_max_classes",
        "num_classes",
    },
    EMBEDDING: {"framework", "output_dim", "sample_rate"},
}
_RELEASES = {
    SEGMENTATION: "a segmentation model (sherpa-onnx-pyannote-segmentation-3-0 or a later one)",
    EMBEDDING: "a speaker model (3dspeaker_speech_campplus_sv_zh-cn_16k-common or another)",
}


class SherpaSeparator:
    """Speaker diarisation of sherpa-onnx, for two speakers."""

    name = "sherpa-onnx"

    def __init__(self, folder: str | Path, threads: int | None = None) -> None:
        """Load both models of a folder, ``segmentation.onnx`` and ``embedding.onnx``.

        Raises:
            ConfigurationError: the extra or a model is missing, or a file is no such model.
        """
        try:
            import sherpa_onnx
        except ImportError:
            raise ConfigurationError(
                "voices_model needs the library sherpa-onnx, which is not installed; expected the extra: "
                "pip install 'tingjian[sherpa]', or leave voices_model empty"
            ) from None
        place = Path(folder).expanduser()
        files = {name: _model(place, name) for name in (SEGMENTATION, EMBEDDING)}
        segmentation = sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(files[SEGMENTATION])),
            num_threads=threads or 1,
        )
        embedding = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(files[EMBEDDING]), num_threads=threads or 1)
        config = sherpa_onnx.OfflineSpeakerDiarizationConfig(
            segmentation=segmentation,
            embedding=embedding,
            clustering=sherpa_onnx.FastClusteringConfig(num_clusters=2),
        )
        try:
            self._diarisation: Any = sherpa_onnx.OfflineSpeakerDiarization(config)
        except (RuntimeError, ValueError) as error:
            raise ConfigurationError(
                f"voices_model {str(place)!r} cannot be loaded ({type(error).__name__}); copy both models again"
            ) from error
        self.version = f"{_library_version()} {digest_of(place)[:12]}"

    def separate(self, samples: FloatArray, sample_rate_hz: int) -> Sequence[Sequence[Span]]:
        """See SpeakerSeparator."""
        rate_hz = int(self._diarisation.sample_rate)
        if sample_rate_hz != rate_hz:
            samples = soxr.resample(samples, sample_rate_hz, rate_hz)
        try:
            segments = self._diarisation.process(np.ascontiguousarray(samples, np.float32)).sort_by_start_time()
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"sherpa-onnx failed to tell two voices apart ({type(error).__name__}); try the recording again, or "
                "leave voices_model empty"
            ) from error
        voices: dict[int, list[Span]] = {}
        for one in segments:
            voices.setdefault(int(one.speaker), []).append(Span(float(one.start), float(one.end)))
        return [voices[number] for number in sorted(voices)]


def make_separator(folder: str, threads: int | None = None) -> SherpaSeparator | None:
    """The separator of a folder of models; None without a folder. ConfigurationError as SherpaSeparator."""
    return SherpaSeparator(folder, threads) if folder else None


def digest_of(folder: str | Path) -> str:
    """SHA-256 over both models of a folder; ConfigurationError when one is missing."""
    digest = hashlib.sha256()
    for name in (SEGMENTATION, EMBEDDING):
        with _file(Path(folder).expanduser(), name).open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def _file(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.is_file():
        raise ConfigurationError(
            f"voices_model {str(folder)!r} has no file {name}; expected {_RELEASES[name]} from sherpa-onnx under that "
            "name: copy it there, or leave voices_model empty"
        )
    return file


def _model(folder: Path, name: str) -> Path:
    """The file, known to be such a model: the library ends the whole process where metadata is missing."""
    import onnxruntime

    file = _file(folder, name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own errors share no class
        raise ConfigurationError(
            f"voices_model: {str(file)!r} cannot be read ({type(error).__name__}); expected an ONNX model: "
            "copy it again"
        ) from error
    missing = sorted(_NEEDED[name] - set(session.get_modelmeta().custom_metadata_map))
    if missing:
        raise ConfigurationError(
            f"voices_model: {str(file)!r} lacks the metadata {', '.join(missing)}; expected {_RELEASES[name]}: "
            "copy that one"
        )
    return file


def _library_version() -> str:
    try:
        return version("sherpa-onnx")
    except PackageNotFoundError:
        return "unknown"

"""sherpa-onnx itself, with models that know two made-up voices."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.audio.sherpa_speakers import SherpaSeparator, make_separator
from pipeline.errors import ConfigurationError
from tests.audio.tiny_voices import made_up_voice, write_models

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def separator(tmp_path_factory):
    return SherpaSeparator(write_models(tmp_path_factory.mktemp("voices") / "models"))


def conversation(rate_hz: int) -> np.ndarray:
    quiet = np.zeros(round(0.5 * rate_hz), np.float32)
    parts = [part for voice in (0, 1, 0, 1) for part in (quiet, made_up_voice(voice, 2.0, rate_hz))]
    return np.concatenate([*parts, quiet])


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_two_voices_are_told_apart_with_their_times(separator, rate_hz) -> None:
    first, second = separator.separate(conversation(rate_hz), rate_hz)
    assert [span.start_s for span in first] == pytest.approx([0.5, 5.5], abs=0.2)
    assert [span.start_s for span in second] == pytest.approx([3.0, 8.0], abs=0.2)
    assert [span.duration_s for span in (*first, *second)] == pytest.approx([2.0] * 4, abs=0.2)


def test_silence_has_no_voice(separator) -> None:
    assert separator.separate(np.zeros(5 * RATE_HZ, np.float32), RATE_HZ) == []


def test_version_names_library_and_models(separator, tmp_path) -> None:
    import importlib.metadata

    library, digest = separator.version.split()
    assert library == importlib.metadata.version("sherpa-onnx")
    assert len(digest) == 12
    assert SherpaSeparator(write_models(tmp_path / "again")).version == separator.version


def test_no_folder_means_no_separator() -> None:
    assert make_separator("") is None


def test_missing_model_says_which_and_what_to_do(tmp_path) -> None:
    folder = write_models(tmp_path / "models")
    (folder / "embedding.onnx").unlink()
    with pytest.raises(ConfigurationError, match=r"has no file embedding\.onnx; expected a speaker model .* copy it"):
        SherpaSeparator(folder)


def test_file_that_is_no_model_is_refused(tmp_path) -> None:
    folder = write_models(tmp_path / "models")
    (folder / "segmentation.onnx").write_bytes(b"no model")
    with pytest.raises(ConfigurationError, match=r"segmentation\.onnx' cannot be read .* copy it again"):
        SherpaSeparator(folder)


@pytest.mark.parametrize("key", ["window_size", "framework"])
def test_model_without_its_metadata_is_refused_before_the_library_ends_the_process(tmp_path, key) -> None:
    with pytest.raises(ConfigurationError, match=rf"lacks the metadata {key}; expected"):
        SherpaSeparator(write_models(tmp_path / "models", without=key))

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from models.clusters import ClusterSettings, find_clusters
from models.embeddings import SentenceModel
from models.stretches import Stretch
from pipeline.errors import ConfigurationError, ModelNotFoundError
from tests.models.test_clusters import BLAME, HANG, REFUSE

SETTINGS = ClusterSettings(least_share=0.01, least_calls=3)


class SmallSentenceTransformer:
    """Stands in for the package: a sentence is the sum of fixed random vectors of its characters, far from zero."""

    def __init__(self, path: str, **options: Any) -> None:
        if not (Path(path) / "modules.json").exists():
            raise OSError("no model")
        assert options["local_files_only"] is True

    def encode(self, texts: list[str], **_: Any) -> np.ndarray:
        return np.stack([3.0 + sum(self._character(one) for one in text) for text in texts])

    @staticmethod
    def _character(character: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(character.encode())).normal(size=48)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SentenceModel:
    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = SmallSentenceTransformer  # type: ignore[attr-defined]  # a double of the package
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    (tmp_path / "modules.json").write_text("[]")
    return SentenceModel(str(tmp_path))


def stretches(*groups: list[str]) -> list[Stretch]:
    texts = [text for group in groups for text in group]
    return [Stretch(str(at), f"c{at}", "R", text, before="你说怎么办") for at, text in enumerate(texts)]


def test_vectors_are_of_length_one_and_zero_without_text(model: SentenceModel) -> None:
    found = model.vectors([*stretches(BLAME), Stretch("x", "c", "R", "")])
    assert np.allclose(np.linalg.norm(found[:-1], axis=1), 1, atol=1e-5)
    assert not found[-1].any()


def test_troubles_are_told_apart_by_the_settings_of_words_and_sounds(model: SentenceModel) -> None:
    found = find_clusters(stretches(BLAME, REFUSE, HANG), SETTINGS, model)
    sizes = [len(BLAME), len(REFUSE), len(HANG)]
    ends = np.cumsum([0, *sizes])
    expected = {frozenset(range(ends[at], ends[at + 1])) for at in range(3)}
    assert {frozenset(cluster.members) for cluster in found} == expected


def test_folder_that_is_not_there_or_holds_no_model_says_so(model: SentenceModel, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="TINGJIAN_EMBEDDING_MODEL"):
        SentenceModel(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read as a sentence-transformer"):
        SentenceModel(str(tmp_path / "empty"))


def test_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigurationError, match=r"tingjian\[embeddings\]"):
        SentenceModel(str(tmp_path))

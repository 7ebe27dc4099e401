"""An embedding model of the centre's own in the place of words and sounds: a folder with a sentence-transformer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.stretches import CONTEXT_SHARE, Stretch, Vectors
from pipeline.errors import ConfigurationError, ModelNotFoundError

AT_ONCE = 64


class SentenceModel:
    """Vectors of a sentence-transformer, read from a folder; nothing is downloaded.

    Such models give any two sentences much in common. The month's mean is taken away first (Mu and Viswanath 2018), so
    that sentences of different troubles are as far apart as those of words and sounds, and the same settings join.

    Args:
        path: folder of the model, as ``SentenceTransformer.save`` writes it.

    Raises:
        ModelNotFoundError: there is no such folder.
        ConfigurationError: the package is not installed, or the folder holds no such model.
    """

    def __init__(self, path: str) -> None:
        if not Path(path).is_dir():
            raise ModelNotFoundError(
                f"embedding model {path}: there is no such folder; expected one that holds a sentence-transformer; "
                "correct TINGJIAN_EMBEDDING_MODEL, or leave it empty for words and sounds"
            )
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ConfigurationError(
                "embedding model: the package sentence-transformers is not installed; expected it for "
                "TINGJIAN_EMBEDDING_MODEL; install tingjian[embeddings], or leave the setting empty"
            ) from error
        try:
            self._model = SentenceTransformer(path, device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(
                f"embedding model {path}: it cannot be read as a sentence-transformer ({type(error).__name__}); "
                "expected a folder as SentenceTransformer.save writes it"
            ) from error

    def vectors(self, stretches: Sequence[Stretch]) -> Vectors:
        """See `models.stretches.Embedder`."""
        said = self._encoded([stretch.text for stretch in stretches])
        asked = self._encoded([stretch.before for stretch in stretches])
        return _unit(np.hstack([said, asked * CONTEXT_SHARE]))

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors around the mean of all texts; zeros where nothing was said."""
        different = sorted({text for text in texts if text.strip()})
        if not different:
            return np.zeros((len(texts), 1), np.float32)
        encoded = self._model.encode(different, batch_size=AT_ONCE, convert_to_numpy=True, show_progress_bar=False)
        found = np.asarray(encoded, np.float32)
        places = {text: place for place, text in enumerate(different)}
        rows = np.zeros((len(texts), found.shape[1]), np.float32)
        there = np.array([text in places for text in texts])
        rows[there] = _unit(found)[[places[text] for text in texts if text in places]]
        if len(different) > 1:
            rows[there] -= rows[there].mean(axis=0)
        return _unit(rows)


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > 1e-6, rows / np.maximum(lengths, 1e-6), 0.0), np.float32)

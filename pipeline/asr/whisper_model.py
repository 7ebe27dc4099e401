"""Finding an openai-whisper checkpoint on this machine, and the profile that says how it wants to be fed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.asr.windows import MARGIN_S, MAX_WINDOW_S
from pipeline.errors import EngineError, ModelNotFoundError


@dataclass(frozen=True, slots=True)
class Profile:
    """How turns are packed for a model: the file ``<checkpoint>.json`` beside it, every key optional.

    ``name`` is what reports call the model; ``max_turns_per_window`` None packs as many turns as fit.
    """

    name: str
    max_turns_per_window: int | None = None
    margin_s: float = MARGIN_S
    max_window_s: float = MAX_WINDOW_S


def find_checkpoint(model: str | None) -> Path:
    """Path of a checkpoint given by path, or by a published name whose file lies in openai-whisper's cache folder.

    Raises:
        ModelNotFoundError: it is not on this machine; nothing is downloaded.
    """
    import whisper

    if not model:
        raise ModelNotFoundError(
            "the engine whisper needs a speech model and none was named; expected the path of an openai-whisper "
            "checkpoint (.pt) or a name such as small: set model"
        )
    path = Path(model).expanduser()
    if path.is_file():
        return path
    published: dict[str, str] = {name: url.rsplit("/", 1)[-1] for name, url in whisper._MODELS.items()}
    cache = Path(os.getenv("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    if model in published:
        cached = cache / published[model]
        if cached.is_file():
            return cached
        raise ModelNotFoundError(
            f"speech model {model!r} is not on this machine; expected the file {str(cached)!r}. This program "
            "downloads nothing: copy the file there, or give the path of a checkpoint (.pt) as model"
        )
    what = "is a folder" if path.is_dir() else "does not exist"
    raise ModelNotFoundError(
        f"speech model {model!r} {what}; expected the path of an openai-whisper checkpoint (.pt), or one of the names "
        f"{', '.join(published)} with its file in {str(cache)!r}: set model"
    )


def read_profile(checkpoint: Path) -> Profile:
    """Profile of a checkpoint; the defaults where no file lies beside it.

    Raises:
        EngineError: the file is no profile.
    """
    path = checkpoint.with_suffix(".json")
    if not path.is_file():
        return Profile(checkpoint.stem)
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"model profile {str(path)!r} is not readable JSON; mend or remove it") from error
    if not isinstance(content, dict):
        raise EngineError(f"model profile {str(path)!r} holds {type(content).__name__}; expected an object")
    turns = _number(path, content, "max_turns_per_window", None, 1, 1000)
    return Profile(
        name=str(content.get("name") or checkpoint.stem),
        max_turns_per_window=None if turns is None else int(turns),
        margin_s=_number(path, content, "margin_s", MARGIN_S, 0, 2) or 0.0,
        max_window_s=_number(path, content, "max_window_s", MAX_WINDOW_S, 5, 30) or MAX_WINDOW_S,
    )


def _number(
    path: Path, content: dict[str, Any], key: str, default: float | None, lowest: float, highest: float
) -> float | None:
    value = content.get(key, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise EngineError(f"model profile {str(path)!r}, key {key}: expected a number from {lowest} to {highest}")
    return float(value)

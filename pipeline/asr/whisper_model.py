"""Finding an openai-whisper checkpoint on this machine, and the profile that says how it wants to be fed."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.asr.windows import MARGIN_S, MAX_WINDOW_S
from pipeline.errors import EngineError, ModelNotFoundError

LANGUAGE = "zh"


@dataclass(frozen=True, slots=True)
class Profile:
    """How turns are packed for a model: the file ``<checkpoint>.json`` beside it, every key optional.

    Attributes:
        name: what reports call the model.
        max_turns_per_window: None packs as many turns as fit.
        margin_s: sound around a turn that is cut along.
        max_window_s: no window is longer.
        silence_s: silence that is computed after the sound of a window, None for the full 30 s that published models
            learnt. An engine that can weigh silence without computing it has no need of this.
        chinese_only: the model was trained on nothing but Chinese, so that a converted folder needs no tokens of other
            writing; see ``vocabulary.is_chinese``.
    """

    name: str
    max_turns_per_window: int | None = None
    margin_s: float = MARGIN_S
    max_window_s: float = MAX_WINDOW_S
    silence_s: float | None = None
    chinese_only: bool = False

    def contents(self) -> dict[str, str | int | float | None]:
        """The profile as plain values, as its file holds them."""
        return asdict(self)


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
    cache = checkpoint_folder()
    if model in published:
        cached = cache / published[model]
        if cached.is_file():
            return cached
        raise ModelNotFoundError(
            f"speech model {model!r} is not on this machine; expected the file {str(cached)!r}. Hearing downloads "
            f"nothing: tingjian models pull {model} fetches it on a machine with a network, from where the file can be "
            "copied; or give the path of a checkpoint (.pt) as model"
        )
    what = "is a folder" if path.is_dir() else "does not exist"
    raise ModelNotFoundError(
        f"speech model {model!r} {what}; expected the path of an openai-whisper checkpoint (.pt), or one of the names "
        f"{', '.join(published)} with its file in {str(cache)!r}: set model"
    )


def checkpoint_folder() -> Path:
    """Where openai-whisper keeps its checkpoints."""
    return Path(os.getenv("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"


def published_checkpoints() -> dict[str, str]:
    """Address of every published checkpoint by name; the last folder of an address is the file's SHA-256."""
    import whisper

    return dict(whisper._MODELS)


def published_digest(name: str) -> str:
    """SHA-256 that the checkpoint of a published name must have; KeyError for another name."""
    return published_checkpoints()[name].rsplit("/", 2)[-2]


def published_name(digest: str) -> str | None:
    """Name under which the checkpoint with this SHA-256 was published, or None."""
    return next((name for name in published_checkpoints() if published_digest(name) == digest), None)


def whisper_tokenizer(num_languages: int) -> Any:
    """Whisper's multilingual tokenizer for Chinese transcription."""
    import whisper

    with warnings.catch_warnings():
        # The library leaves the closing of its vocabulary file to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        return whisper.tokenizer.get_tokenizer(True, num_languages=num_languages, language=LANGUAGE, task="transcribe")


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
    return profile_from(content, path)


def profile_from(content: object, path: Path) -> Profile:
    """Profile of plain values, as its file holds them; ``path`` is for messages.

    Raises:
        EngineError: a value is not what it should be.
    """
    if not isinstance(content, dict):
        raise EngineError(f"model profile {str(path)!r} holds {type(content).__name__}; expected an object")
    turns = _number(path, content, "max_turns_per_window", None, 1, 1000)
    chinese_only = content.get("chinese_only", False)
    if not isinstance(chinese_only, bool):
        raise EngineError(f"model profile {str(path)!r}, key chinese_only: expected true or false")
    return Profile(
        name=str(content.get("name") or path.stem),
        max_turns_per_window=None if turns is None else int(turns),
        margin_s=_number(path, content, "margin_s", MARGIN_S, 0, 2) or 0.0,
        max_window_s=_number(path, content, "max_window_s", MAX_WINDOW_S, 5, 30) or MAX_WINDOW_S,
        silence_s=_number(path, content, "silence_s", None, 0.5, 30),
        chinese_only=chinese_only,
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

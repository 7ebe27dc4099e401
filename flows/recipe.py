"""What recordings are assessed with, known without loading any of it: the key by which a night sees what is done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings
from flows import job


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that changes an assessment, apart from the recording and its metadata.

    ``initialiser`` and ``settings`` tell a worker how to load it.
    """

    engine: str
    model_digest: str
    detector: str
    rulebook: str
    rulebook_version: str
    rulebook_sha256: str
    default_agent_channel: int
    code_version: str
    initialiser: str
    settings: dict[str, Any]

    @property
    def stage_version(self) -> str:
        """A short name of all of that; where model and rulebook lie does not matter."""
        return hashlib.sha256(json.dumps(self.contents(), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def hears_sidecars(self) -> bool:
        """Whether transcripts beside the recordings are a part of what is assessed."""
        return self.engine == "sidecar"

    def contents(self) -> dict[str, Any]:
        """The recipe as plain values, without the way to load it."""
        values = asdict(self)
        del values["settings"], values["initialiser"]
        return values


def make_recipe(settings: Settings) -> Recipe:
    """The recipe of an installation's settings.

    Raises:
        UsageError: model or rulebook is not to be had; the text says what to do.
    """
    from pipeline.asr.engine import engine_digest

    from pipeline.rules import load_rulebook
    from pipeline.version import CODE_VERSION

    model = settings.model_for_engine()
    rulebook = load_rulebook(settings.rulebook)
    return Recipe(
        engine=settings.engine,
        model_digest=engine_digest(settings.engine, model),
        detector=settings.vad,
        rulebook=rulebook.name,
        rulebook_version=rulebook.version,
        rulebook_sha256=rulebook.sha256,
        default_agent_channel=settings.default_agent_channel,
        code_version=CODE_VERSION,
        initialiser=job.INITIALISER,
        settings={
            "engine": settings.engine,
            "model": model,
            "detector": settings.vad,
            "rulebook": _place(settings.rulebook),
            "threads": settings.threads_per_worker,
            "default_agent_channel": settings.default_agent_channel,
        },
    )


def _place(rulebook: str) -> str:
    path = Path(rulebook)
    return str(path.absolute()) if path.is_file() else rulebook

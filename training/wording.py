"""What the norms recommend to say, by rule: a YAML file beside this module, or one of the centre's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.errors import ConfigurationError

BUNDLED = Path(__file__).with_name("wording.yaml")


@dataclass(frozen=True, slots=True)
class Wording:
    """Recommended sentences, and a word on how to use them."""

    say: tuple[str, ...]
    note: str = ""


def load_wording(path: str = "") -> Mapping[str, Wording]:
    """Recommended wording by rule; from the bundled file where none is given.

    Raises:
        ConfigurationError: the file cannot be read, or is not rules with ``say`` and ``note``.
    """
    file = Path(path) if path else BUNDLED
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"training wording {file}: it cannot be read ({type(error).__name__}); expected a YAML file; see "
            "docs/training.md, and correct TINGJIAN_TRAINING_WORDING"
        ) from error
    found = {}
    for rule, entry in (written if isinstance(written, dict) else {"the file": written}).items():
        say = entry.get("say", []) if isinstance(entry, dict) else None
        unknown = sorted(set(entry) - {"say", "note"}) if isinstance(entry, dict) else []
        if not isinstance(say, list) or not all(isinstance(one, str) for one in say) or unknown:
            what = f"key {unknown[0]!r} is not known" if unknown else "it has no list of sentences"
            raise ConfigurationError(
                f"training wording {file}, {rule}: {what}; expected `say: [sentence, …]` and, if wanted, `note: …`"
            )
        found[str(rule)] = Wording(tuple(say), str(entry.get("note", "")))
    return found

"""``assess`` and ``transcribe``: one recording, no database."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from config.settings import Settings, load_settings
from pipeline.errors import ManifestError
from pipeline.metadata import parse_metadata
from pipeline.types import CallMetadata
from tingjian import render


def run_assess(
    audio: Path, transcript: Path | None, meta: list[str], overrides: dict[str, object], *, as_json: bool
) -> int:
    """Assess one recording and print the assessment."""
    from pipeline.assess import make_assessor
    from pipeline.serialise import assessment_to_document

    if transcript is not None:
        overrides = {**overrides, "engine": "sidecar"}
    metadata = metadata_from_pairs(meta, audio)
    settings = load_settings(**overrides)
    assessor = make_assessor(
        engine=settings.engine,
        model=settings.model_for_engine(),
        detector=settings.vad,
        rulebook=_rulebook_of(settings, metadata),
        threads=settings.threads_for_one_call(),
        default_agent_channel=settings.default_agent_channel,
        transcript=transcript,
        hot_words=_hot_words(settings),
        engine_settings=settings.engine_settings(),
        voices_model=settings.voices_model,
    )
    document = assessment_to_document(assessor.assess(audio, metadata))
    if as_json:
        render.print_json(document)
    else:
        render.print_assessment(document, render.stdout_console())
        remark_on_demo_model(settings)
    return 0


def _rulebook_of(settings: Settings, metadata: CallMetadata) -> str:
    """The rulebook that judges the call: the one that is named, or of a folder the one in force when it began."""
    if not Path(settings.rulebook_place).is_dir():
        return settings.rulebook_place
    from pipeline.rules.shelf import open_shelf

    return open_shelf(settings.rulebook_place).place_at(metadata.started_at, datetime.now().astimezone())


def run_transcribe(audio: Path, meta: list[str], overrides: dict[str, object], *, as_json: bool) -> int:
    """Print the transcript of one recording."""
    from pipeline.asr.engine import EngineSettings, make_engine
    from pipeline.assess import hear
    from pipeline.audio.sherpa_speakers import make_separator
    from pipeline.audio.vad import make_detector
    from pipeline.serialise import transcript_to_document

    metadata = metadata_from_pairs(meta, audio)
    settings = load_settings(**overrides)
    engine = make_engine(
        settings.engine,
        model=settings.model_for_engine(),
        threads=settings.threads_for_one_call(),
        settings=EngineSettings.from_values(settings.engine_settings()),
    )
    detector = make_detector(settings.vad)
    separator = make_separator(settings.voices_model, settings.threads_for_one_call())
    call = hear(
        audio,
        metadata,
        engine,
        detector,
        settings.default_agent_channel,
        hot_words=_hot_words(settings),
        separator=separator,
    )
    document = transcript_to_document(call)
    if as_json:
        render.print_json(document)
    else:
        render.print_transcript(document, render.stdout_console())
        remark_on_demo_model(settings)
    return 0


def _hot_words(settings: Settings) -> tuple[str, ...]:
    if not settings.hot_words and not settings.hot_words_from_rulebook:
        return ()
    from flows.recipe import hot_words_of
    from pipeline.rules.shelf import open_shelf

    rulebook = open_shelf(settings.rulebook_place).at(None, datetime.now().astimezone())
    return hot_words_of(settings, rulebook)


def metadata_from_pairs(pairs: Iterable[str], audio: Path) -> CallMetadata:
    """Read ``KEY=VALUE`` texts; the call id is the file's name unless it is given.

    Raises:
        ManifestError: naming the pair.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise ManifestError(f"--meta {pair!r}: expected KEY=VALUE, for example --meta answered_at_s=1.5")
        values[key.strip()] = value
    values.setdefault("call_id", audio.stem or audio.name)
    return parse_metadata(values, "--meta")


def remark_on_demo_model(settings: Settings) -> None:
    """Say so when a person's own recording was read with the model that knows only the bundled ones."""
    if settings.uses_demo_model():
        sys.stderr.write(
            "note: heard with the demo speech model, which knows only the synthetic voice of samples/. "
            "For real calls name a Whisper model: --model small\n"
        )

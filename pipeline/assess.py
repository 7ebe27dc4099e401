"""One call's way through: decode, channels, speech turns, transcribe, measure, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from pipeline.asr.engine import EngineSettings, LateEngine, SpeechEngine, make_engine
from pipeline.asr.guards import GuardSettings, guard
from pipeline.asr.hot_words import takes_hot_words
from pipeline.audio.acoustics import Excerpts, excerpts_of, observe_excerpts
from pipeline.audio.channels import ChannelReport, examine_channels
from pipeline.audio.decode import check_duration, decode, sha256_of
from pipeline.audio.filled_pauses import probable_fillers
from pipeline.audio.ringing import ringing_end
from pipeline.audio.roles import NamedVoices, name_voices, verify_roles
from pipeline.audio.sherpa_speakers import make_separator
from pipeline.audio.turns import build_turns
from pipeline.audio.vad import (
    ChannelSpeech,
    SpeechDetector,
    cross_talk_problems,
    detect_speech,
    in_channels,
    make_detector,
)
from pipeline.audio.voices import SpeakerSeparator, Voices, tell_apart
from pipeline.features.measure import measure_call
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.rules import Rulebook, judge, load_rulebook
from pipeline.serialise import call_from_document, call_to_document
from pipeline.types import (
    ONE_FOR_BOTH,
    Acoustics,
    Assessment,
    Audio,
    Call,
    CallMetadata,
    Provenance,
    Recording,
    Role,
    Transcript,
    Turn,
)
from pipeline.version import CODE_VERSION

T = TypeVar("T")


@dataclass(slots=True)
class Stopwatch:
    """Seconds spent per step, in the order of the steps."""

    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, step: str, work: Callable[[], T]) -> T:
        """Run one step and note how long it took."""
        started = perf_counter()
        result = work()
        self.seconds[step] = perf_counter() - started
        return result


@dataclass(frozen=True, slots=True)
class Assessor:
    """Everything that is loaded once and used for every call."""

    engine: SpeechEngine
    detector: SpeechDetector
    rulebook: Rulebook
    default_agent_channel: int = 0
    measure_settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS
    hot_words: tuple[str, ...] = ()
    separator: SpeakerSeparator | None = None

    def assess(
        self, path: Path, metadata: CallMetadata, recording_id: str | None = None, known: Call | None = None
    ) -> Assessment:
        """Listen to one recording and judge it.

        Args:
            path: the recording.
            metadata: what the recording platform says of the call.
            recording_id: the id to carry; by default the first 16 hex digits of the recording's sha256.
            known: what the same engine, model, options and detector heard in the same sound before; it is used as far
                as the metadata allow (see ``heard_before``), and the recording is not opened then.

        Raises:
            RecordingError: the recording cannot be assessed; the code says why.
            EngineError: the speech engine failed.
        """
        watch = Stopwatch()
        call = None if known is None else heard_before(known, metadata, recording_id)
        if call is None:
            heard = hear(
                path,
                metadata,
                self.engine,
                self.detector,
                self.default_agent_channel,
                recording_id,
                watch,
                self.hot_words,
                self.separator,
            )
            # Judged in the form in which it is stored: a later judgement of the stored call gives the same bytes.
            call = call_from_document(call_to_document(heard))
        measures = watch.time("measure", lambda: measure_call(call, self.measure_settings))
        judgement = watch.time("judge", lambda: judge(call, measures, self.rulebook))
        provenance = Provenance(
            recording_sha256=call.recording.sha256,
            engine=call.transcript.engine,
            model_digest=call.transcript.model_digest,
            decode_options=call.transcript.options,
            speech_detector=f"{self.detector.name} {self.detector.version}",
            rulebook=self.rulebook.name,
            rulebook_version=self.rulebook.version,
            rulebook_sha256=self.rulebook.sha256,
            code_version=CODE_VERSION,
            seconds=watch.seconds,
        )
        return Assessment(call, measures, judgement, provenance)


def hear(
    path: Path,
    metadata: CallMetadata,
    engine: SpeechEngine,
    detector: SpeechDetector,
    default_agent_channel: int = 0,
    recording_id: str | None = None,
    watch: Stopwatch | None = None,
    hot_words: Sequence[str] = (),
    separator: SpeakerSeparator | None = None,
) -> Call:
    """The part that needs the sound: everything up to the transcript.

    ``hot_words`` reach an engine that takes them, and only then do the guards look after them. ``separator`` tells two
    voices on one channel apart; without one nobody's role is known there.

    Raises:
        RecordingError, EngineError: as ``Assessor.assess``.
    """
    watch = watch or Stopwatch()
    # Decoding comes first: it says in a user's words what is wrong with a path that cannot be read.
    audio = watch.time("decode", lambda: decode(path))
    sha256 = watch.time("hash", lambda: sha256_of(path))
    check_duration(audio, metadata, path)
    channels = watch.time("channels", lambda: examine_channels(audio, metadata.agent_channel, default_agent_channel))
    found = watch.time("speech_turns", lambda: detect_speech(audio, channels.analysed, detector))
    voices = watch.time("voices", lambda: _voices(audio, channels, found, separator)) if separator is not None else None
    turns, heard = _turns(audio, channels, found, voices)
    expected = tuple(hot_words) if hot_words and takes_hot_words(engine) else ()

    def write() -> Transcript:
        if expected and takes_hot_words(engine):
            return engine.transcribe(heard, turns, path, expected)
        return engine.transcribe(heard, turns, path)

    written = watch.time("transcribe", write)
    transcript = guard(written, turns, GuardSettings(by_time=engine.name != "sidecar"), expected)
    named: NamedVoices | None = None
    if voices is not None:
        named = name_voices(turns, transcript)
        turns, transcript = named.turns, named.transcript
    excerpt = _excerpts(audio, channels, voices)
    sound = watch.time("acoustics", lambda: observe_excerpts(excerpt, audio.sample_rate_hz, audio.duration_s, turns))
    pauses = watch.time(
        "filled_pauses",
        lambda: probable_fillers(excerpt, audio.sample_rate_hz, turns, transcript.utterances),
    )
    recording = Recording(
        id=recording_id or sha256[:16],
        sha256=sha256,
        duration_s=audio.duration_s,
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        channel_layout=channels.layout,
        agent_channel=channels.agent_channel if named is None else named.agent_channel,
        metadata=metadata,
        problems=(*channels.problems, *cross_talk_problems(found)),
        ringing_end_s=watch.time("ringing", lambda: ringing_end(audio)),
        layout_confidence=channels.confidence,
        agent_channel_confidence=None if named is None else named.confidence,
        voices_told_apart_by=None if voices is None else voices.told_apart_by,
    )
    acoustics = Acoustics(
        probable_fillers=pauses,
        channels=sound,
        music=in_channels({channel: one.music for channel, one in found.items()}),
        leaks=in_channels({channel: one.leaks for channel, one in found.items()}),
    )
    return verify_roles(Call(recording, turns, transcript, acoustics))


def _voices(
    audio: Audio, channels: ChannelReport, found: Mapping[int, ChannelSpeech], separator: SpeakerSeparator
) -> Voices | None:
    """The two voices of a recording that has both parties on one channel; None for any other."""
    if channels.layout not in ONE_FOR_BOTH:
        return None
    (channel,) = channels.analysed
    return tell_apart(audio, channel, found[channel].speech, separator)


def _turns(
    audio: Audio, channels: ChannelReport, found: Mapping[int, ChannelSpeech], voices: Voices | None
) -> tuple[tuple[Turn, ...], Audio]:
    """The turns, and the sound they are in: that of each voice where voices were told apart."""
    if voices is not None:
        return build_turns(voices.speech, (Role.UNKNOWN, Role.UNKNOWN), voices.audio), voices.audio
    return build_turns({channel: one.speech for channel, one in found.items()}, channels.roles, audio), audio


def _excerpts(audio: Audio, channels: ChannelReport, voices: Voices | None) -> Excerpts:
    """The line as it is: where a voice was silenced there is no noise to measure."""
    line = excerpts_of(audio)
    if voices is None:
        return line
    (both,) = channels.analysed
    return lambda channel, span: line(both, span)


HEARD_BY: tuple[str, ...] = ("agent_channel", "duration_s")
"""Metadata that have a say in what is heard: who is on which channel, and whether the recording is complete."""


def heard_before(known: Call, metadata: CallMetadata, recording_id: str | None = None) -> Call | None:
    """A call that was heard before, as it is under these metadata; None where only the sound can tell."""
    if any(getattr(known.recording.metadata, name) != getattr(metadata, name) for name in HEARD_BY):
        return None
    recording = replace(
        known.recording, metadata=metadata, id=recording_id if recording_id is not None else known.recording.id
    )
    return replace(known, recording=recording)


def make_assessor(
    *,
    engine: str,
    model: str | None,
    detector: str,
    rulebook: str,
    threads: int | None = None,
    default_agent_channel: int = 0,
    transcript: Path | None = None,
    late_engine: bool = False,
    hot_words: Sequence[str] = (),
    engine_settings: Mapping[str, str | int] | None = None,
    voices_model: str = "",
) -> Assessor:
    """Build an assessor from plain values, so that another process can do the same.

    Args:
        engine: name of the speech engine.
        model: the engine's model, by name or path; None for an engine without one.
        detector: name of the speech detector.
        rulebook: name of a bundled rulebook, or path of one.
        threads: processor threads for recognition; None leaves the library's choice.
        default_agent_channel: the agent's channel where the platform does not say.
        transcript: a transcript file for the engine that reads one.
        hot_words: what callers are likely to say, for an engine that takes them.
        engine_settings: where and how the engine computes; the fields of ``EngineSettings``.
        late_engine: load the engine when it is first needed, for work that is expected to do without.
        voices_model: folder of the models that tell two voices on one channel apart; empty leaves them unknown.

    Raises:
        UsageError: engine, model, detector or rulebook is not to be had; the text says what to do.
    """
    settings = EngineSettings.from_values(engine_settings or {})

    def load() -> SpeechEngine:
        return make_engine(engine, model=model, threads=threads, transcript=transcript, settings=settings)

    return Assessor(
        engine=LateEngine(load) if late_engine else load(),
        detector=make_detector(detector),
        rulebook=load_rulebook(rulebook),
        default_agent_channel=default_agent_channel,
        hot_words=tuple(hot_words),
        separator=make_separator(voices_model, threads),
    )

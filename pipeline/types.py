"""The frozen values that travel through one call's assessment, from recording to route.

Times are seconds from the start of the recording, levels are dB relative to full scale, rates are characters per
minute (cpm). Every value here can be compared, hashed where its content allows, and pickled between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Role(StrEnum):
    """Whose voice it is."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


class ChannelLayout(StrEnum):
    """What the channels of a recording hold."""

    STEREO = "stereo"
    MONO = "mono"
    DUAL_MONO = "dual_mono"
    DEAD_CHANNEL = "dead_channel"


ONE_FOR_BOTH = (ChannelLayout.MONO, ChannelLayout.DUAL_MONO)
"""Layouts with both parties on one channel."""


class Outcome(StrEnum):
    """Whether a measure has a value."""

    MEASURED = "measured"
    NOT_ASSESSABLE = "not_assessable"


class Severity(StrEnum):
    """What a finding does to the score: takes all of it, takes some points, gives some points, or nothing."""

    FATAL = "fatal"
    DEDUCT = "deduct"
    ADD = "add"
    WARN = "warn"


class MatchKind(StrEnum):
    """How sure the words are: as written, a listed variant, by sound alone; or no words but a measure."""

    EXACT = "exact"
    VARIANT = "variant"
    HOMOPHONE = "homophone"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time, ``start_s`` inclusive, ``end_s`` exclusive."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


class Samples(Protocol):
    """Samples of shape (channels, frames): an array in memory, or something that reads them when they are looked at."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels and frames."""
        ...

    def __getitem__(self, key: tuple[int, slice], /) -> FloatArray:
        """A stretch of one channel, float32 in -1..1."""
        ...


@dataclass(frozen=True, slots=True)
class Audio:
    """Decoded sound: ``samples`` of shape (channels, frames), float32 in -1..1, channels never mixed.

    Hours of sound are not in memory: ask for stretches of one channel (``samples[channel, first:last]``).
    """

    samples: Samples
    sample_rate_hz: int

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1]) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class CallMetadata:
    """What the recording platform knows of a call (manifest columns of the same names); None where it is silent.

    ``extra`` keeps the manifest's other columns for rules that use them. ``call_type`` is ``test`` for an announced
    test call, which a person of the centre makes to hear standard answers.
    """

    call_id: str
    agent_id: str | None = None
    agent_name: str | None = None
    team: str | None = None
    started_at: datetime | None = None
    direction: str | None = None
    business_type: str | None = None
    answered_at_s: float | None = None
    hung_up_by: Role | None = None
    agent_channel: int | None = None
    customer: str | None = None
    ring_count: int | None = None
    duration_s: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    call_type: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a recording that was assessed all the same; ``code`` as in RECORDING_PROBLEMS.

    ``confidence`` in 0..1 where the problem was inferred from sound or words, None where it is a plain fact.
    """

    code: str
    message: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording with what was found of its channels and what the platform says of the call.

    ``ringing_end_s`` is the end of the ringing tone at the start, None where none was heard. ``layout_confidence`` is
    how sure the layout is, 0..1. ``agent_channel_confidence`` is how sure the agent's own words make the agent channel
    (script phrases heard there and not on the other); None where no such words were heard. ``voices_told_apart_by``
    names what divided one channel into two voices, None where nothing did: the turns of each voice then stand on a
    channel of their own, the agent's on 0.
    """

    id: str
    sha256: str
    duration_s: float
    sample_rate_hz: int
    channels: int
    channel_layout: ChannelLayout
    agent_channel: int | None
    metadata: CallMetadata
    problems: tuple[Problem, ...] = ()
    ringing_end_s: float | None = None
    layout_confidence: float | None = None
    agent_channel_confidence: float | None = None
    voices_told_apart_by: str | None = None

    @property
    def answered_at_s(self) -> float:
        """When the call was answered: the platform's word, else the end of the ringing tone, else the start.

        Never after the end: a recording that stops before the platform's moment has nothing that was answered.
        """
        if self.metadata.answered_at_s is not None:
            return min(self.metadata.answered_at_s, self.duration_s)
        return self.ringing_end_s or 0.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of speech of one party on one channel, pauses shorter than the merge gap included.

    ``pieces`` are the speech regions inside, without their pauses, in order; the first starts at ``start_s`` and the
    last ends at ``end_s``. ``level_dbfs`` is the level of the pieces (active speech level).
    """

    role: Role
    channel: int
    start_s: float
    end_s: float
    pieces: tuple[Span, ...]
    level_dbfs: float | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds, pauses included."""
        return self.end_s - self.start_s

    @property
    def speech_s(self) -> float:
        """Seconds of speech, pauses left out."""
        return sum(piece.duration_s for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said in one turn or a part of it; ``confidence`` in 0..1, None where the engine gives none.

    ``characters`` are the times of every character of ``text``, marks included, in order and inside the utterance;
    None where the engine knows no times below the utterance. A token of several characters is split evenly.
    """

    role: Role
    channel: int
    start_s: float
    end_s: float
    text: str
    confidence: float | None
    characters: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Text that an engine wrote and a guard refused: kept for the record, never read by measures or rules.

    ``reason`` is a key of ``pipeline.asr.guards.REJECTION_REASONS``.
    """

    role: Role
    channel: int
    start_s: float
    end_s: float
    text: str
    reason: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """All utterances of a call in order of time, with the engine that wrote them and the options really used.

    ``rejected`` is what the guards (or the engine's own doubts) kept out of ``utterances``, in order of time.
    """

    engine: str
    model: str
    model_digest: str
    language: str
    options: Mapping[str, str | int | float | bool | None]
    utterances: tuple[Utterance, ...]
    audio_s: float
    speech_s: float
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """Something heard in one party's voice, by its sound alone."""

    role: Role
    channel: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class VoicePitch:
    """Pitch of one voice over a part of its speech: median and the 10th and 90th percentile of the voiced frames.

    ``spans`` are the stretches looked at (an even choice over the call), ``voiced_s`` the seconds of them that are
    voiced.
    """

    median_hz: float
    low_hz: float
    high_hz: float
    voiced_s: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ChannelSound:
    """What the sound of one channel says beside its speech turns; None where it cannot be measured.

    ``noise_dbfs`` is the level of the line where its party is silent, ``snr_db`` the level of the speech without that
    noise over it. ``clipped_ratio`` is the share of the speech looked at (``clipping_checked_s`` seconds, the loudest
    turns first) that stands at full scale, ``clipped`` where. ``pitch`` is measured for the agent alone.
    """

    channel: int
    noise_dbfs: float | None = None
    snr_db: float | None = None
    clipped_ratio: float | None = None
    clipping_checked_s: float = 0.0
    clipped: tuple[Span, ...] = ()
    pitch: VoicePitch | None = None


@dataclass(frozen=True, slots=True)
class ChannelSpan:
    """A stretch of time on one channel."""

    channel: int
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Acoustics:
    """What only the sound tells beside turns and words, observed while it is at hand.

    Measures get a stored call without audio, so whatever they need of the sound stands here. None means that nobody
    listened for it (a call stored by an older version), which is not the same as nothing found; so does an absent
    channel.

    ``probable_fillers`` are stretches of voice without any recognised character that sound like a filled pause.
    ``channels`` holds line noise, clipping and pitch. ``music`` is hold music, which is nobody's speech and no silence.
    ``announcements`` are recorded voices of the platform (menus, notices): their turns have no role. ``leaks`` is
    where one party's voice stands on the other's channel; no turn is there because of it.
    """

    probable_fillers: tuple[VoiceEvent, ...] | None = None
    channels: tuple[ChannelSound, ...] = ()
    music: tuple[ChannelSpan, ...] | None = None
    announcements: tuple[ChannelSpan, ...] | None = None
    leaks: tuple[ChannelSpan, ...] | None = None

    def of(self, channel: int) -> ChannelSound | None:
        """What was observed of one channel."""
        return next((one for one in self.channels if one.channel == channel), None)


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that measures and rules may look at: stored, so that neither audio nor engine is needed again."""

    recording: Recording
    turns: tuple[Turn, ...]
    transcript: Transcript
    acoustics: Acoustics = Acoustics()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A playable stretch that shows what was measured."""

    role: Role
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One named number (or yes/no, or word) of a call, or the reason why it cannot be known.

    ``inputs`` are the quantities of its formula by name (units in the name), as docs/measures.md explains them.
    """

    name: str
    value: float | int | bool | str | None
    unit: str
    outcome: Outcome
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    inputs: Mapping[str, float | int | str] = field(default_factory=dict)


Measures = Mapping[str, Measure]
"""Measures of one call by name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation (or warning) with the evidence that a person needs to judge it in seconds.

    ``points`` are the points taken off, or given where the severity is ``add``; 0 or more. ``measured`` and
    ``threshold`` are readable texts with units.
    """

    rule: str
    title: str
    category: str
    severity: Severity
    points: float
    role: Role
    start_s: float
    end_s: float
    quote: str
    match: MatchKind
    measured: str | None
    threshold: str | None
    confidence: float | None
    message: str


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """A rule that could not be judged on this call, with the reason in one sentence."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that broke while judging: an error of the programme, never a finding."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """Points left and points possible in one category; the maximum counts assessable rules only."""

    score: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Score:
    """The pre-score: ``total`` out of ``maximum``; None when nothing could be assessed. ``fatal`` means total 0."""

    total: float | None
    maximum: float
    fatal: bool
    categories: Mapping[str, CategoryScore]


@dataclass(frozen=True, slots=True)
class Route:
    """Whether a person must hear the call, and every reason for it.

    ``risk`` is the sum of the risk weights of the rules that hit: it ranks the queue and is no score.
    """

    must_review: bool
    reasons: tuple[str, ...]
    risk: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rulebook says of one call."""

    findings: tuple[Finding, ...]
    not_assessable: tuple[NotAssessable, ...]
    failures: tuple[RuleFailure, ...]
    score: Score
    route: Route


@dataclass(frozen=True, slots=True)
class Provenance:
    """How an assessment came about; only ``seconds`` differs between two runs of the same code on the same input."""

    recording_sha256: str
    engine: str
    model_digest: str
    decode_options: Mapping[str, str | int | float | bool | None]
    speech_detector: str
    rulebook: str
    rulebook_version: str
    rulebook_sha256: str
    code_version: str
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole result for one call."""

    call: Call
    measures: Measures
    judgement: Judgement
    provenance: Provenance

"""Assessments and calls as plain documents: the JSON that commands print, the store keeps and pages read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from pipeline.types import (
    Acoustics,
    Assessment,
    Call,
    CallMetadata,
    ChannelLayout,
    ChannelSound,
    ChannelSpan,
    Evidence,
    Finding,
    Judgement,
    Measure,
    Measures,
    Outcome,
    Problem,
    Recording,
    Rejected,
    Role,
    Span,
    Transcript,
    Turn,
    Utterance,
    VoiceEvent,
    VoicePitch,
)

Document = dict[str, Any]

_ROLES = {role.value: role for role in Role}

TIME_DECIMALS = 3
"""Milliseconds: finer than any frame that is measured, and short to read."""


def assessment_to_document(assessment: Assessment) -> Document:
    """The JSON document of one assessment; equal input gives an equal document apart from ``provenance.seconds``."""
    call = assessment.call
    judgement = assessment.judgement
    provenance = assessment.provenance
    return {
        "recording": _recording(call.recording),
        "transcript": {
            "engine": call.transcript.engine,
            "model": call.transcript.model,
            "language": call.transcript.language,
            "utterances": [_utterance(utterance) for utterance in call.transcript.utterances],
            "rejected": [_rejected(item) for item in call.transcript.rejected],
        },
        "measures": measures_to_document(assessment.measures),
        **judgement_to_document(judgement),
        "provenance": {
            "recording_sha256": provenance.recording_sha256,
            "engine": provenance.engine,
            "model_digest": provenance.model_digest,
            "decode_options": dict(sorted(provenance.decode_options.items())),
            "speech_detector": provenance.speech_detector,
            "rulebook": provenance.rulebook,
            "rulebook_version": provenance.rulebook_version,
            "rulebook_sha256": provenance.rulebook_sha256,
            "code_version": provenance.code_version,
            "seconds": {step: _rounded(seconds) for step, seconds in provenance.seconds.items()},
        },
    }


def judgement_to_document(judgement: Judgement) -> Document:
    """What a rulebook says of a call: the part of an assessment's document that another rulebook changes."""
    score = judgement.score
    return {
        "findings": [_finding(finding) for finding in judgement.findings],
        "not_assessable": [{"rule": item.rule, "reason": item.reason} for item in judgement.not_assessable],
        "errors": [asdict(failure) for failure in judgement.failures],
        "score": {
            "total": _rounded(score.total),
            "maximum": _rounded(score.maximum),
            "fatal": score.fatal,
            "categories": {
                name: {"score": _rounded(category.score), "maximum": _rounded(category.maximum)}
                for name, category in score.categories.items()
            },
        },
        "route": {
            "must_review": judgement.route.must_review,
            "reasons": list(judgement.route.reasons),
            "risk": _rounded(judgement.route.risk),
        },
    }


def transcript_to_document(call: Call) -> Document:
    """The JSON document of ``tingjian transcribe``: recording and transcript, without any judgement."""
    transcript = call.transcript
    return {
        "recording": _recording(call.recording),
        "transcript": {
            "engine": transcript.engine,
            "model": transcript.model,
            "model_digest": transcript.model_digest,
            "language": transcript.language,
            "options": dict(sorted(transcript.options.items())),
            "audio_s": _rounded(transcript.audio_s),
            "speech_s": _rounded(transcript.speech_s),
            "utterances": [_utterance(utterance) for utterance in transcript.utterances],
            "rejected": [_rejected(item) for item in transcript.rejected],
        },
    }


def call_to_document(call: Call) -> Document:
    """Everything that a later judgement of the same call needs; ``call_from_document`` reads it back."""
    document = transcript_to_document(call)
    document["turns"] = [
        {
            "role": turn.role.value,
            "channel": turn.channel,
            "pieces": [[_rounded(piece.start_s), _rounded(piece.end_s)] for piece in turn.pieces],
            "level_dbfs": _rounded(turn.level_dbfs),
        }
        for turn in call.turns
    ]
    document["acoustics"] = {
        "probable_fillers": _voice_events(call.acoustics.probable_fillers),
        "channels": [_channel_sound(sound) for sound in call.acoustics.channels],
        **{name: _channel_spans(getattr(call.acoustics, name)) for name in _CHANNEL_SPANS},
    }
    return document


def call_from_document(document: Mapping[str, Any]) -> Call:
    """Read back what ``call_to_document`` wrote.

    Raises:
        KeyError, ValueError: when the document is not one of ours.
    """
    return Call(
        recording=recording_from_document(document["recording"]),
        turns=tuple(map(turn_from_document, document["turns"])),
        transcript=transcript_from_document(document["transcript"]),
        acoustics=acoustics_from_document(document.get("acoustics", {})),
    )


def recording_from_document(recording: Mapping[str, Any]) -> Recording:
    """Read back the recording of a call."""
    return Recording(
        id=recording["id"],
        sha256=recording["sha256"],
        duration_s=recording["duration_s"],
        sample_rate_hz=recording["sample_rate_hz"],
        channels=recording["channels"],
        channel_layout=ChannelLayout(recording["channel_layout"]),
        agent_channel=recording["agent_channel"],
        metadata=metadata_from_document(recording["metadata"]),
        problems=tuple(Problem(**problem) for problem in recording["problems"]),
        ringing_end_s=recording["ringing_end_s"],
        # Calls stored by older versions have neither of these.
        layout_confidence=recording.get("layout_confidence"),
        agent_channel_confidence=recording.get("agent_channel_confidence"),
        voices_told_apart_by=recording.get("voices_told_apart_by"),
    )


def transcript_from_document(transcript: Mapping[str, Any]) -> Transcript:
    """Read back the transcript of a call."""
    return Transcript(
        engine=transcript["engine"],
        model=transcript["model"],
        model_digest=transcript["model_digest"],
        language=transcript["language"],
        options=transcript["options"],
        utterances=tuple(map(utterance_from_document, transcript["utterances"])),
        audio_s=transcript["audio_s"],
        speech_s=transcript["speech_s"],
        # Calls stored by older versions have none.
        rejected=tuple(Rejected(**{**item, "role": Role(item["role"])}) for item in transcript.get("rejected", ())),
    )


def measures_to_document(measures: Measures) -> Document:
    """Measures by name as plain values."""
    return {
        name: {
            "value": _rounded(measure.value),
            "unit": measure.unit,
            "outcome": measure.outcome.value,
            "reason": measure.reason,
            "evidence": [
                {
                    "role": item.role.value,
                    "start_s": _rounded(item.start_s),
                    "end_s": _rounded(item.end_s),
                    "text": item.text,
                }
                for item in measure.evidence
            ],
            "inputs": {key: _rounded(value) for key, value in measure.inputs.items()},
        }
        for name, measure in measures.items()
    }


def measures_from_document(document: Mapping[str, Any]) -> dict[str, Measure]:
    """Read back what ``measures_to_document`` wrote."""
    return {
        name: Measure(
            name=name,
            value=item["value"],
            unit=item["unit"],
            outcome=Outcome(item["outcome"]),
            reason=item["reason"],
            evidence=tuple(
                [Evidence(_ROLES[one["role"]], one["start_s"], one["end_s"], one["text"]) for one in item["evidence"]]
            ),
            inputs=item.get("inputs", {}),
        )
        for name, item in document.items()
    }


def metadata_to_document(metadata: CallMetadata) -> Document:
    """Metadata as one flat mapping, absent values left out, columns without a meaning under ``extra``."""
    document: Document = {}
    for field in fields(metadata):
        value = getattr(metadata, field.name)
        if field.name == "extra":
            value = dict(sorted(value.items())) or None
        elif isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, Role):
            value = value.value
        if value is not None:
            document[field.name] = value
    return document


def metadata_from_document(document: Mapping[str, Any]) -> CallMetadata:
    """Read back what ``metadata_to_document`` wrote."""
    values = dict(document)
    if "started_at" in values:
        values["started_at"] = datetime.fromisoformat(values["started_at"])
    if "hung_up_by" in values:
        values["hung_up_by"] = Role(values["hung_up_by"])
    return CallMetadata(**values)


def _recording(recording: Recording) -> Document:
    return {
        "id": recording.id,
        "sha256": recording.sha256,
        "duration_s": _rounded(recording.duration_s),
        "sample_rate_hz": recording.sample_rate_hz,
        "channels": recording.channels,
        "channel_layout": recording.channel_layout.value,
        "agent_channel": recording.agent_channel,
        "metadata": metadata_to_document(recording.metadata),
        "problems": [{**asdict(problem), "confidence": _rounded(problem.confidence)} for problem in recording.problems],
        "ringing_end_s": _rounded(recording.ringing_end_s),
        "layout_confidence": _rounded(recording.layout_confidence),
        "agent_channel_confidence": _rounded(recording.agent_channel_confidence),
        "voices_told_apart_by": recording.voices_told_apart_by,
    }


def _channel_sound(sound: ChannelSound) -> Document:
    pitch = sound.pitch
    return {
        "channel": sound.channel,
        "noise_dbfs": _rounded(sound.noise_dbfs),
        "snr_db": _rounded(sound.snr_db),
        # A share of a few samples is small; milli-shares would round it away.
        "clipped_ratio": None if sound.clipped_ratio is None else round(sound.clipped_ratio, 6),
        "clipping_checked_s": _rounded(sound.clipping_checked_s),
        "clipped": _spans(sound.clipped),
        "pitch": None
        if pitch is None
        else {
            "median_hz": _rounded(pitch.median_hz),
            "low_hz": _rounded(pitch.low_hz),
            "high_hz": _rounded(pitch.high_hz),
            "voiced_s": _rounded(pitch.voiced_s),
            "spans": _spans(pitch.spans),
        },
    }


def _channel_sound_from(item: Mapping[str, Any]) -> ChannelSound:
    pitch = item["pitch"]
    if pitch is not None:
        pitch = VoicePitch(**{**pitch, "spans": _spans_from(pitch["spans"])})
    return ChannelSound(**{**item, "clipped": _spans_from(item["clipped"]), "pitch": pitch})


def _spans(spans: Iterable[Span]) -> list[list[float]]:
    return [[_rounded(span.start_s), _rounded(span.end_s)] for span in spans]


def _spans_from(pairs: Iterable[tuple[float, float]]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in pairs)


def _utterance(utterance: Utterance) -> Document:
    document: Document = {
        "role": utterance.role.value,
        "channel": utterance.channel,
        "start_s": _rounded(utterance.start_s),
        "end_s": _rounded(utterance.end_s),
        "text": utterance.text,
        "confidence": _rounded(utterance.confidence),
    }
    if utterance.characters is not None:
        document["characters"] = _spans(utterance.characters)
    return document


# Turns and utterances are by far the most of a call, and rescoring reads millions of calls: hence places, not names.


def turn_from_document(item: Mapping[str, Any]) -> Turn:
    """Read back one turn."""
    pieces = item["pieces"]
    return Turn(
        _ROLES[item["role"]],
        item["channel"],
        pieces[0][0],
        pieces[-1][1],
        tuple([Span(start, end) for start, end in pieces]),
        item["level_dbfs"],
    )


def utterance_from_document(item: Mapping[str, Any]) -> Utterance:
    """Read back one utterance."""
    characters = item.get("characters")
    return Utterance(
        _ROLES[item["role"]],
        item["channel"],
        item["start_s"],
        item["end_s"],
        item["text"],
        item["confidence"],
        None if characters is None else _spans_from(characters),
    )


def _rejected(item: Rejected) -> Document:
    return {
        "role": item.role.value,
        "channel": item.channel,
        "start_s": _rounded(item.start_s),
        "end_s": _rounded(item.end_s),
        "text": item.text,
        "reason": item.reason,
        "confidence": _rounded(item.confidence),
    }


def _voice_events(events: tuple[VoiceEvent, ...] | None) -> list[Document] | None:
    if events is None:
        return None
    return [
        {
            "role": event.role.value,
            "channel": event.channel,
            "start_s": _rounded(event.start_s),
            "end_s": _rounded(event.end_s),
        }
        for event in events
    ]


_CHANNEL_SPANS = ("music", "announcements", "leaks")


def _channel_spans(spans: tuple[ChannelSpan, ...] | None) -> list[Document] | None:
    if spans is None:
        return None
    return [
        {"channel": span.channel, "start_s": _rounded(span.start_s), "end_s": _rounded(span.end_s)} for span in spans
    ]


def acoustics_from_document(document: Mapping[str, Any]) -> Acoustics:
    """Read back what only the sound tells."""
    fillers = document.get("probable_fillers")
    spans = {
        name: None if document.get(name) is None else tuple(ChannelSpan(**item) for item in document[name])
        for name in _CHANNEL_SPANS
    }
    return Acoustics(
        probable_fillers=None
        if fillers is None
        else tuple(VoiceEvent(**{**item, "role": Role(item["role"])}) for item in fillers),
        channels=tuple(_channel_sound_from(item) for item in document.get("channels", ())),
        **spans,
    )


def _finding(finding: Finding) -> Document:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "category": finding.category,
        "severity": finding.severity.value,
        "points": _rounded(finding.points),
        "role": finding.role.value,
        "start_s": _rounded(finding.start_s),
        "end_s": _rounded(finding.end_s),
        "quote": finding.quote,
        "match": finding.match.value,
        "measured": finding.measured,
        "threshold": finding.threshold,
        "confidence": _rounded(finding.confidence),
        "message": finding.message,
    }


def _rounded(value: Any) -> Any:
    # bool is an int; both pass through as they are. Most points and scores are whole, and rounding them is slow.
    return round(value, TIME_DECIMALS) if isinstance(value, float) and not value.is_integer() else value

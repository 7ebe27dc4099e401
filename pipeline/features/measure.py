"""All measures of a call, in the order in which a reader wants them."""

from __future__ import annotations

from pipeline.features.dialogue import read_dialogue
from pipeline.features.doubt import transcript_confidence
from pipeline.features.events import read_events
from pipeline.features.fillers import fillers, probable_fillers
from pipeline.features.loudness import loudness
from pipeline.features.opening_closing import (
    call_duration,
    closing_spoken,
    greeting_latency,
    greeting_spoken,
    hang_up_by,
    hang_up_delay,
)
from pipeline.features.rates import character_counts, speech_rates
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS, MeasureSettings
from pipeline.features.sound import line_quality, pitch
from pipeline.features.turn_taking import (
    holds,
    interruptions,
    listening,
    prompts,
    responses,
    silences,
    silences_by_kind,
    talk_shares,
)
from pipeline.types import Call, Measure


def measure_call(call: Call, settings: MeasureSettings = DEFAULT_MEASURE_SETTINGS) -> dict[str, Measure]:
    """Every measure by name; each has a value or says why it has none."""
    dialogue = read_dialogue(call)
    events = read_events(dialogue, settings)
    measures = [
        call_duration(dialogue),
        greeting_latency(dialogue, settings),
        greeting_spoken(dialogue, settings),
        *speech_rates(dialogue, settings),
        *character_counts(dialogue),
        *fillers(dialogue, settings),
        probable_fillers(dialogue),
        *silences(dialogue, events),
        *silences_by_kind(dialogue, events),
        *holds(dialogue, events),
        *responses(dialogue, events),
        prompts(dialogue, events),
        *interruptions(dialogue, events),
        *listening(dialogue, events),
        *talk_shares(dialogue, events),
        *loudness(dialogue, settings),
        *pitch(dialogue),
        *line_quality(dialogue),
        closing_spoken(dialogue, settings),
        hang_up_by(dialogue),
        hang_up_delay(events),
        transcript_confidence(dialogue),
    ]
    return {measure.name: measure for measure in measures}

"""How far the transcript can be trusted."""

from __future__ import annotations

from pipeline.asr.text import character_count
from pipeline.features.dialogue import Dialogue, measured, not_assessable
from pipeline.types import Evidence, Measure


def transcript_confidence(dialogue: Dialogue) -> Measure:
    """Mean confidence of the utterances, weighted by their characters; 0 to 1.

    Not assessable when nothing was recognised or the engine gives no confidence. The evidence is the three least
    sure utterances.
    """
    name = "transcript_confidence"
    rated = [
        (utterance, utterance.confidence, character_count(utterance.text))
        for utterance in dialogue.call.transcript.utterances
        if utterance.confidence is not None
    ]
    characters = sum(count for _, _, count in rated)
    if not characters:
        spoken = dialogue.call.transcript.utterances
        return not_assessable(name, "", "转写没有给出置信度" if spoken else "没有识别出任何文字")
    value = sum(confidence * count for _, confidence, count in rated) / characters
    least_sure = sorted(rated, key=lambda item: (item[1], item[0].start_s))[:3]
    evidence = [Evidence(item.role, item.start_s, item.end_s, item.text) for item, _, _ in least_sure]
    return measured(name, value, "", evidence)

"""Fillers that the transcript shows: filled pauses and verbal habits of the agent.

The written count is a lower bound under engines that leave fillers out, as Whisper does.
"""

from __future__ import annotations

import re

from pipeline.features.dialogue import Dialogue, measured, not_assessable, time_in_utterance
from pipeline.features.settings import MeasureSettings
from pipeline.types import Evidence, Measure, Role, Utterance

_PUNCTUATION = "，。？！、；：,.?!;: "


def fillers(dialogue: Dialogue, settings: MeasureSettings) -> list[Measure]:
    """The agent's fillers: their number, and per 100 characters spoken."""
    count_unit, share_unit = "次", "次/百字"
    reason = dialogue.unheard(Role.AGENT) or dialogue.lost_words(dialogue.of(Role.AGENT))
    if reason:
        return [
            not_assessable("filler_count", count_unit, reason),
            not_assessable("fillers_per_100_chars", share_unit, reason),
        ]
    agent = dialogue.of(Role.AGENT)
    evidence = [found for turn in agent for utterance in turn.utterances for found in _fillers_in(utterance, settings)]
    characters = sum(turn.characters for turn in agent)
    count = measured("filler_count", len(evidence), count_unit, evidence)
    if not characters:
        return [count, not_assessable("fillers_per_100_chars", share_unit, "坐席的话没有识别出文字")]
    return [count, measured("fillers_per_100_chars", 100.0 * len(evidence) / characters, share_unit, evidence)]


def _fillers_in(utterance: Utterance, settings: MeasureSettings) -> list[Evidence]:
    text = utterance.text
    always, unless_final = re.escape(settings.filled_pauses), re.escape(settings.final_particles)
    # A particle that closes a clause after a word (是啊) is ordinary speech; elsewhere it fills a pause.
    final = rf"(?=[{re.escape(_PUNCTUATION)}]|$)"
    clause_start = rf"(?:^|(?<=[{re.escape(_PUNCTUATION)}{always}{unless_final}]))"
    pattern = "|".join(
        [
            rf"[{always}]",
            rf"{clause_start}[{unless_final}]",
            rf"[{unless_final}](?!{final})",
            *map(re.escape, settings.crutch_phrases),
        ]
    )
    found = []
    for match in re.finditer(pattern, text):
        span = time_in_utterance(utterance, match.start(), match.end())
        found.append(Evidence(utterance.role, span.start_s, span.end_s, match.group()))
    return found

"""Filled pauses found by their sound alone, on the bundled calls with the fillers taken out of the script.

    python -m benchmarks.fillers

The script's exact times of characters stand for a recogniser that writes everything but fillers. Then one character
of every utterance is taken away too, as if it had been missed: how often is it taken for a filler?
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.audio.acoustics import excerpts_of
from pipeline.audio.channels import examine_channels
from pipeline.audio.decode import decode
from pipeline.audio.filled_pauses import probable_fillers
from pipeline.audio.turns import build_turns
from pipeline.audio.vad import SpeechDetector, detect_speech, make_detector
from pipeline.types import Audio, Role, Span, Turn, Utterance, VoiceEvent
from samples.truth import Truth, TruthUtterance, read_truth

CALLS = Path(__file__).resolve().parents[1] / "samples" / "calls"
FILLERS = frozenset("嗯呃啊哦唔")


def written(spoken: TruthUtterance) -> Utterance:
    """What a recogniser without an ear for fillers writes."""
    kept = [(character, Span(start, end)) for character, start, end in spoken.characters if character not in FILLERS]
    text = "".join(character for character, _ in kept)
    times = tuple(span for _, span in kept)
    return Utterance(Role(spoken.role), spoken.channel, spoken.start_s, spoken.end_s, text, 1.0, times)


def without_character(utterance: Utterance, place: int) -> Utterance:
    """The same utterance with one character missed."""
    times = utterance.characters or ()
    text = utterance.text[:place] + utterance.text[place + 1 :]
    return replace(utterance, text=text, characters=times[:place] + times[place + 1 :])


def hear(path: Path, truth: Truth, detector: SpeechDetector) -> tuple[Audio, tuple[Turn, ...]]:
    """Sound and speech turns of a call."""
    audio = decode(path)
    channels = examine_channels(audio, truth.agent_channel)
    found = detect_speech(audio, channels.analysed, detector)
    return audio, build_turns({channel: one.speech for channel, one in found.items()}, channels.roles, audio)


def main() -> int:
    """Print what was found."""
    detector = make_detector("silero")
    chance = random.Random(1)
    true = found = false = missed_words = taken = 0
    not_found_s: list[float] = []
    for path in sorted(CALLS.glob("*.truth.json")):
        truth = read_truth(path)
        if truth.layout != "stereo":
            continue
        recording = next(one for one in CALLS.glob(f"{truth.call_id}.*") if one.suffix != ".json")
        audio, turns = hear(recording, truth, detector)

        def listen(
            spoken: Sequence[Utterance], audio: Audio = audio, turns: tuple[Turn, ...] = turns
        ) -> tuple[VoiceEvent, ...]:
            return probable_fillers(excerpts_of(audio), audio.sample_rate_hz, turns, spoken)

        said = [written(one) for one in truth.utterances]
        events = listen(said)
        fillers = [
            (one.channel, start_s, end_s)
            for one in truth.utterances
            for character, start_s, end_s in one.characters
            if character in FILLERS
        ]
        hit = {
            filler
            for filler in fillers
            if any(
                event.channel == filler[0] and event.start_s < filler[2] and filler[1] < event.end_s for event in events
            )
        }
        true += len(fillers)
        found += len(hit)
        false += len(events) - len(hit)
        not_found_s += [end_s - start_s for _, start_s, end_s in set(fillers) - hit]
        for number, one in enumerate(said):
            if one.text:
                place = chance.randrange(len(one.text))
                heard = [*said[:number], without_character(one, place), *said[number + 1 :]]
                missed_words += 1
                taken += len(listen(heard)) > len(events)
    print(f"{found} of {true} filled pauses found, {false} other stretches taken for one")
    print("seconds of those not found: " + (", ".join(f"{length:.2f}" for length in not_found_s) or "none"))
    print(f"{taken} of {missed_words} characters that a recogniser missed would be taken for a filler")
    return 0


if __name__ == "__main__":
    sys.exit(main())

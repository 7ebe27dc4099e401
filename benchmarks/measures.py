"""How exact the measures are: generated calls with known truth through the pipeline, by line quality.

``make bench-measures`` speaks and hears the calls and prints bias, median and 95th-percentile error of each measure and
precision and recall of each event. The words are the script's own, clipped to the speech turns that were heard, so the
errors are those of channels, speech turns and measures, not of a speech engine. Exit code 1 when a figure that must
hold falls short. ``--page`` writes the tables to docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_calls import HELD_OUT_FROM, Planned, plan
from benchmarks.measure_tables import CROSS_TALK, PAGE, Result, Tally, checks, described, page, tables
from benchmarks.script_truth import TrueEvents, events_of, measures_of, turns_of
from pipeline.assess import hear
from pipeline.audio.vad import SpeechDetector, make_detector
from pipeline.features.dialogue import read_dialogue
from pipeline.features.events import CallEvents, read_events
from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules import Rulebook, judge, load_rulebook
from pipeline.types import Audio, Judgement, Measures, Outcome, Role, Transcript, Turn, Utterance
from samples.dialogue import Dialogue
from samples.make_calls import manifest_row
from samples.spoken_call import CUSTOMER_LEVEL_DBFS, MadeCall, make_call_here
from samples.telephone import ENCODINGS, SAMPLE_RATE_HZ, encode
from samples.truth import Truth, TruthUtterance
from samples.voice import Voice, speak

CALLS = 200


LATE_S, RAISED_DB = 2.0, 8.0
"""Limits of the events late greeting and raised voice, those of the bundled rulebook."""

PITCH_EVERY, PITCH_S = 9, 8
"""The pitch by another method costs so much that only every ninth call has it, over eight seconds of speech."""

_EDGE_S = 0.15
_HELD_SHARE = 0.5


# ---- making and hearing one call ------------------------------------------------------------------------------------


class ScriptEngine:
    """A speech engine that hears the script's own words where speech was detected on their channel, and no others."""

    # The engine of ready-made transcripts: its words are not guarded against inventions.
    name = "sidecar"

    def __init__(self, truth: Truth) -> None:
        """Keep the script."""
        self._truth = truth

    def transcribe(self, audio: Audio, turns: Sequence[Turn], path: Path) -> Transcript:
        """One utterance for every part of a line that lies in a turn."""
        utterances = [
            utterance
            for turn in turns
            for line in self._truth.utterances
            if line.channel == turn.channel
            for utterance in _clipped(line, turn)
        ]
        return Transcript(
            "sidecar", "script", "0" * 64, "zh", {}, tuple(utterances), audio.duration_s, sum(t.speech_s for t in turns)
        )


def _clipped(line: TruthUtterance, turn: Turn) -> Iterable[Utterance]:
    inside = [one for one in line.characters if turn.start_s - _EDGE_S <= (one[1] + one[2]) / 2 < turn.end_s + _EDGE_S]
    if inside:
        start_s, end_s = max(turn.start_s, inside[0][1]), min(turn.end_s, inside[-1][2])
        text = "".join(character for character, _, _ in inside)
        yield Utterance(turn.role, turn.channel, min(start_s, end_s), max(start_s, end_s), text, 0.95)


def hear_call(number: int, folder: Path, detector: SpeechDetector, rulebook: Rulebook) -> Result:
    """Speak one call, write it as a recorder would, hear it, and compare it with its script."""
    planned = plan(number)
    made, path, clipped_permille = _write(planned, folder)
    dialogue, truth = planned.dialogue, made.truth
    row = manifest_row(dialogue, planned.dialogues, made)
    metadata = parse_metadata({key: value for key, value in row.items() if value and key != "file"}, "generated")
    call = hear(path, metadata, ScriptEngine(truth), detector)
    measures = measure_call(call)
    result = Result(number, planned.kind, dialogue.snr_db, dialogue.encoding, truth.duration_s)
    result.layout = call.recording.channel_layout.value
    result.problems = tuple(problem.code for problem in call.recording.problems)
    count = measures["interruption_count"]
    result.interruptions = int(count.value) if count.outcome is Outcome.MEASURED else None  # type: ignore[arg-type]  # a count
    judged = judge(call, measures, rulebook)
    result.agent_findings = _of_agent(judged)
    if planned.kind == CROSS_TALK:
        without, path, _ = _write(
            replace(planned, dialogue=dialogue.model_copy(update={"cross_talk_db": None})), folder
        )
        twin = hear(path, metadata, ScriptEngine(without.truth), detector)
        without_leak = Counter(_of_agent(judge(twin, measure_call(twin), rulebook)))
        result.added_findings = tuple((Counter(result.agent_findings) - without_leak).elements())
    if planned.kind in ("stereo", CROSS_TALK):
        expected = measures_of(truth, dialogue.agent_level_dbfs, CUSTOMER_LEVEL_DBFS)
        if clipped_permille is not None:
            expected["agent_clipped_permille"] = clipped_permille
        if number % PITCH_EVERY == 0:
            expected |= _true_pitch(dialogue, planned.dialogues.profile(dialogue.agent).voice)
        _compare(expected, measures, dialogue.snr_db, planned, result)
        result.events = _events(events_of(truth), read_events(read_dialogue(call)), measures)
    return result


def _of_agent(judged: Judgement) -> tuple[str, ...]:
    return tuple(one.rule for one in judged.findings if one.role is Role.AGENT)


def _write(planned: Planned, folder: Path) -> tuple[MadeCall, Path, float | None]:
    """Make the call and write its recording; the third value is the true share of clipped speech, None without any."""
    dialogue = planned.dialogue
    made = make_call_here(dialogue, planned.dialogues)
    clipped_permille = None
    if planned.clip_gain_db is not None:
        channels = list(made.channels)
        agent = channels[dialogue.agent_channel] * np.float32(10 ** (planned.clip_gain_db / 20))
        clipped_permille = _clipped_permille(agent, made.truth)
        channels[dialogue.agent_channel] = np.clip(agent, -1.0, 1.0).astype(np.float32)
        made = replace(made, channels=tuple(channels))
    path = folder / f"{dialogue.id}{ENCODINGS[dialogue.encoding].suffix}"
    encode(made.channels, path, dialogue.encoding)
    return made, path, clipped_permille


def _clipped_permille(samples: NDArray[np.float32], truth: Truth) -> float:
    """Samples beyond full scale, three and more in a row, of a thousand of the agent's speech."""
    clipped = total = 0
    for start_s, end_s in (piece for turn in turns_of(truth, "agent") for piece in turn.pieces):
        beyond = np.abs(samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]) >= 1.0
        edges = np.flatnonzero(np.diff(np.concatenate([[0], beyond.astype(np.int8), [0]]))).reshape(-1, 2)
        lengths = edges[:, 1] - edges[:, 0]
        clipped += int(lengths[lengths >= 3].sum())
        total += len(beyond)
    return 1000 * clipped / total


def _true_pitch(dialogue: Dialogue, voice: Voice) -> dict[str, float]:
    """Pitch of the agent's voice by another method (pYIN), on the clean voice before telephone, noise and codec."""
    import librosa

    lines = [line.text for line in dialogue.turns if line.role is Role.AGENT]
    speech = np.concatenate([speak(text, voice, 16_000, pause_s=0.0).samples for text in lines])[: PITCH_S * 16_000]
    hertz, voiced, _ = librosa.pyin(speech, fmin=65, fmax=450, sr=16_000, frame_length=1024, hop_length=160)
    low, middle, high = np.percentile(hertz[voiced & np.isfinite(hertz)], [10, 50, 90])
    return {"agent_pitch_median_hz": float(middle), "agent_pitch_range_st": float(12 * np.log2(high / low))}


def _compare(
    expected: Mapping[str, float], measures: Measures, snr_db: float | None, planned: Planned, result: Result
) -> None:
    true = dict(expected)
    if planned.clip_gain_db is not None:
        # Clipping changes levels; how much is clipped is known, how loud it then is not.
        for name in ("agent_level_dbfs", "loudness_rise_db"):
            true.pop(name, None)
    if snr_db is not None:
        true["agent_snr_db"] = true["customer_snr_db"] = snr_db
    for name, value in true.items():
        measure = measures[name]
        if measure.outcome is not Outcome.MEASURED or not isinstance(measure.value, float | int):
            result.errors[name] = None
            continue
        result.errors[name] = float(measure.value) - value
        if value:
            result.relative[name] = abs(float(measure.value) - value) / abs(value)


# ---- events ---------------------------------------------------------------------------------------------------------


def _events(true: TrueEvents, heard: CallEvents, measures: Measures) -> dict[str, Tally]:
    def spans(items: Iterable[object]) -> list[tuple[float, float]]:
        return [(one.start_s, one.end_s) for one in items]  # type: ignore[attr-defined]  # every event has both

    def unless_unknown(name: str, tally: Callable[[], Tally]) -> Tally:
        return Tally(not_assessable=1) if measures[name].outcome is Outcome.NOT_ASSESSABLE else tally()

    def cut_in() -> Tally:
        total = Tally()
        for role in (Role.AGENT, Role.CUSTOMER):
            expected = [(start, end) for who, start, end in true.interruptions if who == role]
            total.add(_match(expected, spans(heard.interruptions_by(role)), _touch))
        return total

    def listening() -> Tally:
        total = Tally()
        for role in (Role.AGENT, Role.CUSTOMER):
            expected = [(start, end) for who, start, end in true.backchannels if who == role]
            total.add(_match(expected, spans(heard.backchannels_by(role)), _touch))
        return total

    def beyond(name: str, limit: float, value: float | None) -> Tally:
        measured = measures[name].value
        if value is None or not isinstance(measured, float | int):
            return Tally()
        is_true, is_found = value > limit, measured > limit
        return Tally(int(is_true and is_found), int(is_found and not is_true), int(is_true and not is_found))

    return {
        "interruption": unless_unknown("interruption_count", cut_in),
        "silence": unless_unknown(
            "silence_count", lambda: _match(list(true.silences), spans(heard.silences), _mostly_the_same)
        ),
        "late greeting": unless_unknown(
            "greeting_latency_s", lambda: beyond("greeting_latency_s", LATE_S, true.greeting_latency_s)
        ),
        "raised voice": unless_unknown(
            "loudness_rise_db", lambda: beyond("loudness_rise_db", RAISED_DB, true.loudness_rise_db)
        ),
        "hold": unless_unknown("hold_count", lambda: _match(list(true.holds), spans(heard.holds), _mostly_the_same)),
        "back-channel": unless_unknown("agent_backchannel_count", listening),
        "prompt": unless_unknown(
            "customer_prompt_count", lambda: _match(list(true.prompts), spans(heard.prompts), _touch)
        ),
    }


Stretch = tuple[float, float]


def _match(expected: list[Stretch], found: list[Stretch], same: Callable[[Stretch, Stretch], bool]) -> Tally:
    left = list(found)
    hits = 0
    for one in expected:
        match = next((other for other in left if same(one, other)), None)
        if match is not None:
            left.remove(match)
            hits += 1
    return Tally(hits, len(left), len(expected) - hits)


def _touch(one: Stretch, other: Stretch) -> bool:
    return min(one[1], other[1]) > max(one[0], other[0])


def _mostly_the_same(one: Stretch, other: Stretch) -> bool:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared >= _HELD_SHARE * (max(one[1], other[1]) - min(one[0], other[0]))


# ---- the command ----------------------------------------------------------------------------------------------------


_worker: dict[str, object] = {}


def _begin(vad: str) -> None:
    _worker["detector"], _worker["rulebook"] = make_detector(vad), load_rulebook("mobile_service")


def _work(job: tuple[int, str]) -> Result:
    number, folder = job
    detector, rulebook = _worker["detector"], _worker["rulebook"]
    return hear_call(number, Path(folder), detector, rulebook)  # type: ignore[arg-type]  # as _begin put them there


def run(numbers: Sequence[int], vad: str, workers: int) -> list[Result]:
    """Hear the calls of these numbers, in order."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(workers, get_context("forkserver"), _begin, (vad,)) as pool,
    ):
        return list(pool.map(_work, [(number, folder) for number in numbers], chunksize=4))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=CALLS, help="how many calls")
    parser.add_argument("--first", type=int, default=HELD_OUT_FROM, help="number of the first call")
    parser.add_argument("--show", action="store_true", help="name every call with an event missed or invented")
    parser.add_argument("--vad", default="silero", help="speech detector")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--page", action="store_true", help="write docs/accuracy.md")
    arguments = parser.parse_args()
    started = time.monotonic()
    results = run(range(arguments.first, arguments.first + arguments.calls), arguments.vad, arguments.workers)
    print(tables(results))
    for words, holds in checks(results):
        print("ok  " if holds else "FAIL", words)
    for result in results if arguments.show else ():
        print(described(result))
    usual_s = median(one.duration_s for one in results)
    print(f"{len(results)} calls of about {usual_s:.0f} s in {time.monotonic() - started:.0f} s")
    if arguments.page:
        PAGE.write_text(page(results, arguments.vad), encoding="utf-8")
    return 0 if all(holds for _, holds in checks(results)) else 1


if __name__ == "__main__":
    sys.exit(main())

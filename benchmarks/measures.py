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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated_calls import Planned, plan
from benchmarks.script_truth import TrueEvents, events_of, measures_of, turns_of
from pipeline.assess import hear
from pipeline.audio.vad import SpeechDetector, make_detector
from pipeline.features.dialogue import read_dialogue
from pipeline.features.events import CallEvents, read_events
from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules import Rulebook, judge, load_rulebook
from pipeline.types import Audio, Measures, Outcome, Role, Transcript, Turn, Utterance
from samples.dialogue import Dialogue
from samples.make_calls import manifest_row
from samples.spoken_call import CUSTOMER_LEVEL_DBFS, MadeCall, make_call_here
from samples.telephone import ENCODINGS, SAMPLE_RATE_HZ, encode
from samples.truth import Truth, TruthUtterance
from samples.voice import Voice, speak

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
CALLS = 240

LATE_S, RAISED_DB = 2.0, 8.0
"""Limits of the events late greeting and raised voice, those of the bundled rulebook."""
EVENTS = ("interruption", "silence", "late greeting", "raised voice", "hold", "back-channel", "prompt")
CONDITIONS: tuple[tuple[str, float | None], ...] = (("clean", None), ("20 dB", 20.0), ("15 dB", 15.0), ("10 dB", 10.0))
CROSS_TALK = "cross_talk"
LINES = (*(name for name, _ in CONDITIONS), CROSS_TALK)
LEAST = {"clean": 0.97, "20 dB": 0.95, "15 dB": 0.85, "10 dB": 0.85}
"""Precision and recall of interruptions and silences that must hold on a line."""
MUST_HOLD = ("interruption", "silence")
RATES = ("agent_speaking_rate_cpm", "agent_articulation_rate_cpm", "agent_call_rate_cpm", "customer_speaking_rate_cpm")

PITCH_EVERY, PITCH_S = 7, 8
"""The pitch by another method costs so much that only every seventh call has it, over eight seconds of speech."""

_EDGE_S = 0.15
_HELD_SHARE = 0.5


@dataclass(slots=True)
class Tally:
    """How events were found: true ones found, invented ones, missed ones; calls in which nobody could tell."""

    found: int = 0
    invented: int = 0
    missed: int = 0
    not_assessable: int = 0

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.found += other.found
        self.invented += other.invented
        self.missed += other.missed
        self.not_assessable += other.not_assessable

    @property
    def precision(self) -> float | None:
        """Share of what was found that is true."""
        return self.found / (self.found + self.invented) if self.found + self.invented else None

    @property
    def recall(self) -> float | None:
        """Share of what is true that was found."""
        return self.found / (self.found + self.missed) if self.found + self.missed else None


@dataclass(slots=True)
class Result:
    """One call heard: errors by measure (None where not assessable), events, and what was said of the channels."""

    number: int
    kind: str
    snr_db: float | None
    encoding: str
    duration_s: float
    errors: dict[str, float | None] = field(default_factory=dict)
    relative: dict[str, float] = field(default_factory=dict)
    events: dict[str, Tally] = field(default_factory=dict)
    layout: str = ""
    problems: tuple[str, ...] = ()
    agent_findings: tuple[str, ...] = ()
    interruptions: int | None = None


# ---- making and hearing one call ----------------------------------------------------------------------------------


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
    result.agent_findings = tuple(one.rule for one in judged.findings if one.role is Role.AGENT)
    if planned.kind in ("stereo", CROSS_TALK):
        expected = measures_of(truth, dialogue.agent_level_dbfs, CUSTOMER_LEVEL_DBFS)
        if clipped_permille is not None:
            expected["agent_clipped_permille"] = clipped_permille
        if number % PITCH_EVERY == 0:
            expected |= _true_pitch(dialogue, planned.dialogues.profile(dialogue.agent).voice)
        _compare(expected, measures, dialogue.snr_db, planned, result)
        result.events = _events(events_of(truth), read_events(read_dialogue(call)), measures)
    return result


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


# ---- events -------------------------------------------------------------------------------------------------------


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


# ---- tables -------------------------------------------------------------------------------------------------------


def condition_of(result: Result) -> str:
    """The line's quality by name; cross-talk, at whatever noise, stands apart."""
    if result.kind == CROSS_TALK:
        return CROSS_TALK
    return next(name for name, snr_db in CONDITIONS if snr_db == result.snr_db)


def tables(results: Sequence[Result]) -> str:
    """All tables as Markdown."""
    parts = ["## 测量项 · Measures\n"]
    for condition in LINES:
        chosen = [one for one in results if one.errors and condition_of(one) == condition]
        if chosen:
            parts.append(f"### {condition}（{len(chosen)} 通 calls）\n\n{_measure_table(chosen)}")
    parts.append(f"## 事件 · Events\n\n{_event_table(results)}")
    parts.append(f"## 声道 · Channels\n\n{_channel_table(results)}")
    return "\n".join(parts)


def _measure_table(results: Sequence[Result]) -> str:
    names = dict.fromkeys(name for result in results for name in result.errors)
    rows = []
    for name in names:
        all_errors = [result.errors[name] for result in results if name in result.errors]
        errors = [error for error in all_errors if error is not None]
        if not errors:
            rows.append((f"`{name}`", "0", f"{len(all_errors)}", "–", "–", "–"))
            continue
        size = np.abs(errors)
        figures = (fmean(errors), float(np.median(size)), float(np.percentile(size, 95)))
        rows.append(
            (f"`{name}`", f"{len(errors)}", f"{len(all_errors) - len(errors)}", *(_figure(one) for one in figures))
        )
    return _markdown(("measure", "measured", "not assessable", "bias", "median error", "95th percentile"), rows)


def _figure(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def event_tallies(results: Sequence[Result], condition: str) -> dict[str, Tally]:
    """All events on lines of one quality."""
    totals = {event: Tally() for event in EVENTS}
    for result in results:
        if result.events and condition_of(result) == condition:
            for event, tally in result.events.items():
                totals[event].add(tally)
    return totals


def _event_table(results: Sequence[Result]) -> str:
    rows = []
    for event in EVENTS:
        for condition in LINES:
            tally = event_tallies(results, condition)[event]
            rows.append(
                (
                    event,
                    condition,
                    f"{tally.found + tally.missed}",
                    _share(tally.precision),
                    _share(tally.recall),
                    f"{tally.not_assessable}",
                )
            )
    return _markdown(("event", "line", "true events", "precision", "recall", "calls not assessable"), rows)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _channel_table(results: Sequence[Result]) -> str:
    rows = []
    for kind in dict.fromkeys(result.kind for result in results):
        chosen = [result for result in results if result.kind == kind]
        layouts = ", ".join(sorted({result.layout for result in chosen}))
        problems = ", ".join(
            f"{code} {sum(code in result.problems for result in chosen)}"
            for code in sorted({code for result in chosen for code in result.problems})
        )
        invented = sum(result.events["interruption"].invented for result in chosen if result.events)
        without = sum(result.interruptions is None for result in chosen)
        findings = sum(bool(result.agent_findings) for result in chosen)
        rows.append((kind, f"{len(chosen)}", layouts, problems or "–", f"{invented}", f"{without}", f"{findings}"))
    head = ("calls", "number", "layout found", "problems reported", "invented interruptions",
            "interruptions not assessable", "calls with agent findings")  # fmt: skip
    return _markdown(head, rows)


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def described(result: Result) -> str:
    """One line a call: what it is, what was reported, and which events were missed (-) or invented (+)."""
    wrong = [
        f"{event} -{tally.missed} +{tally.invented}"
        for event, tally in result.events.items()
        if tally.missed or tally.invented
    ]
    snr = "clean" if result.snr_db is None else f"{result.snr_db:.0f} dB"
    return f"{result.number} {result.kind} {result.encoding} {snr} {','.join(result.problems)}: {', '.join(wrong)}"


def checks(results: Sequence[Result]) -> list[tuple[str, bool]]:
    """What must hold, in words with the figure, and whether it does."""
    clean = [result for result in results if result.errors and condition_of(result) == "clean"]
    latencies = [abs(error) for one in clean if (error := one.errors.get("greeting_latency_s")) is not None]
    within = fmean(error <= 0.10 for error in latencies)
    found = [(f"greeting latency within 0.10 s on clean lines: {within:.1%} of calls; at least 95 %", within >= 0.95)]
    for name in RATES:
        errors = [one.relative[name] for one in clean if name in one.relative]
        worst = float(np.percentile(errors, 95))
        found.append((f"{name} on clean lines: 95th percentile off by {worst:.1%}; at most 3 %", worst <= 0.03))
    for condition, least in LEAST.items():
        tallies = event_tallies(results, condition)
        for event in MUST_HOLD:
            tally = tallies[event]
            shown = f"precision {_share(tally.precision)}, recall {_share(tally.recall)}"
            holds = min(tally.precision or 1.0, tally.recall or 1.0) >= least
            found.append((f"{event} at {condition}: {shown}; at least {least}", holds))
    leaks = [one for one in results if one.kind == CROSS_TALK]
    invented = sum(one.events["interruption"].invented for one in leaks)
    found.append((f"cross-talk at -25 dB: {invented} invented interruptions in {len(leaks)} calls; none", not invented))
    copies = [one for one in results if one.kind == "dual_mono"]
    blamed = sum(bool(one.agent_findings or one.interruptions) for one in copies)
    found.append(
        (f"dual mono: {blamed} of {len(copies)} calls with an interruption or agent finding; none", not blamed)
    )
    return found


# ---- the command --------------------------------------------------------------------------------------------------

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


_PAGE_HEAD = """\
<!-- Written by `make bench-measures`; run it again instead of editing. -->
# 测量有多准 · How exact the measures are

{calls} 通生成的电话（不是自带的样例），共 {minutes:.0f} 分钟；真值由脚本逐字的时间算出，与流水线的算法各自独立。
编码：{encodings}。线路：干净，以及话路带内白噪声 20、15、10 dB。含抢话、附和、串音（−25 dB）、回铃音、保持音乐、
双声道同音、声道接反。
文字用脚本的原文，只保留测到说话的部分，所以误差来自声道、说话段和测量，不含语音识别。语音检测：{vad}。
声音是合成的（espeak-ng），不是真人：这里的数字是测量方法的误差，真人录音上会更大一些，尚未测过。

{calls} generated calls, never the bundled ones; truth from the script's exact times. The words are the script's own,
clipped to the turns heard: these are the errors of channels, speech turns and measures, not of a speech engine. Voices
are synthetic, so expect somewhat more on people; that has not been measured. Errors are measured minus true, in the
unit of the measure.

## 必须做到的 · What must hold

{checks}
"""


def page(results: Sequence[Result], vad: str) -> str:
    """docs/accuracy.md."""
    head = _PAGE_HEAD.format(
        calls=len(results),
        minutes=sum(one.duration_s for one in results) / 60,
        encodings=", ".join(sorted({one.encoding for one in results})),
        vad=vad,
        checks="\n".join(f"- {'✓' if holds else '✗'} {words}" for words, holds in checks(results)),
    )
    return f"{head}\n{tables(results)}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=CALLS, help="how many calls")
    parser.add_argument("--first", type=int, default=0, help="number of the first; below 1000 they are held out")
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

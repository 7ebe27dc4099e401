"""What judging costs: ``python -m benchmarks.rules``.

Stores made-up calls in a file as the store keeps them, and judges each of them by rulebooks of 1, 100, 1,000 and 10,000
phrases and by the default rulebook, all in one process, part by part, so that a busy machine is as busy for one as for
the other. Seconds are CPU seconds of the judging alone, on one core; reading a call back is a row of its own. Beside
it, on some of the calls: finding the phrases alone, by one pass, by an alternation of ``re``, and by a search for each.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import orjson

from benchmarks.phrase_rulebooks import phrase_rulebook, write_into
from benchmarks.service_calls import make_call, phrases
from pipeline.features.dialogue import read_dialogue
from pipeline.features.measure import measure_call
from pipeline.late_call import LateCall
from pipeline.rules import CALLS_TOGETHER, Rulebook, judge_many, load_rulebook, parse_rulebook
from pipeline.rules.spoken import SpokenText
from pipeline.serialise import call_to_document
from pipeline.types import Call, Measures

COUNTS = (1, 100, 1_000, 10_000)
RULES = 20
"""The phrases stand in so many rules, so that rulebooks differ in phrases alone."""
MEASURED_CALLS = 100
"""Measuring a call takes a hundred times as long as judging it: so many are measured, and lend the others theirs."""
AT_ONCE = 200
SEARCHED_EVERY = 100
"""Of so many calls one is searched by ``re`` and by naive search too, which take seconds for a part."""
PAGE = "rules-performance.md"
PLANTED = 50


@dataclass(slots=True)
class Cost:
    """CPU seconds and findings of one rulebook."""

    name: str
    rulebook: Rulebook
    phrases: int
    seconds: float = 0.0
    calls: int = 0
    findings: int = 0
    parts: list[float] = field(default_factory=list)

    @property
    def calls_a_second(self) -> float:
        """Over everything judged."""
        return self.calls / self.seconds

    @property
    def best(self) -> float:
        """Calls a second in the quickest tenth of the parts: what the machine does when others leave it alone."""
        quick = sorted(self.parts)[: max(1, len(self.parts) // 10)]
        return AT_ONCE * len(quick) / sum(quick)


def store(path: Path, calls: int) -> int:
    """Write so many calls, one document a line; returns the characters of their texts."""
    planted = phrases(PLANTED)
    characters = 0
    with path.open("wb") as file:
        for number in range(calls):
            call = make_call(number, planted)
            characters += sum(len(one.text) for one in call.transcript.utterances)
            file.write(orjson.dumps(call_to_document(call)) + b"\n")
    return characters


def parts_of(path: Path) -> Iterator[tuple[list[Call], float]]:
    """The stored calls in parts, with the CPU seconds that reading each part took."""
    with path.open("rb") as file:
        while lines := list(islice(file, AT_ONCE)):
            started = time.process_time()
            calls: list[Call] = [LateCall(line) for line in lines]
            yield calls, time.process_time() - started


def compiled(text: bytes) -> dict[str, float]:
    """Seconds and memory that a rulebook takes, in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text)
        file.flush()
        code = (
            "import json, sys, time\n"
            "from pathlib import Path\n"
            "from pipeline.rules import parse_rulebook\n"
            "def peak(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
            "text = Path(sys.argv[1]).read_bytes()\n"
            "before, started = peak(), time.process_time()\n"
            "book = parse_rulebook(text, 'bench.yaml')\n"
            "print(json.dumps({'load_s': time.process_time() - started, 'mb': peak() - before}))\n"
        )
        done = subprocess.run([sys.executable, "-c", code, file.name], check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def alternation(wanted: Sequence[str]) -> tuple[re.Pattern[str], float]:
    """The phrases as one expression of ``re``, the longest first, and the seconds to compile it."""
    started = time.process_time()
    pattern = re.compile("|".join(map(re.escape, sorted(wanted, key=len, reverse=True))))
    return pattern, time.process_time() - started


def found_by_re(pattern: re.Pattern[str], text: str) -> int:
    """How often the alternation finds a phrase."""
    return sum(1 for _ in pattern.finditer(text))


def found_one_by_one(wanted: Sequence[str], text: str) -> list[str]:
    """The phrases that occur, each searched for by itself."""
    return [phrase for phrase in wanted if phrase in text]


def seconds_of(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU seconds for each text."""
    started = time.process_time()
    for text in texts:
        work(text)
    return (time.process_time() - started) / len(texts)


def peak_mb() -> float:
    """The most memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(calls: int, say: Callable[[str], None]) -> None:
    """Everything, as Markdown."""
    wanted = phrases(COUNTS[-1])
    books = {f"{count:,}": phrase_rulebook(wanted[:count], rules=RULES) for count in COUNTS}
    books[f"{COUNTS[-1]:,}, by sound too"] = phrase_rulebook(wanted, rules=RULES, homophones=True)
    costs = [
        Cost(name, parse_rulebook(text, "bench.yaml"), count)
        for (name, text), count in zip(books.items(), (*COUNTS, COUNTS[-1]), strict=True)
    ]
    default = load_rulebook("mobile_service")
    costs.append(Cost("default rulebook", default, 0))
    measures: list[Measures] = [measure_call(make_call(number)) for number in range(MEASURED_CALLS)]
    reading, judged, characters, memory = 0.0, 0, 0, {}
    searched: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.jsonl"
        characters = store(path, calls)
        gc.collect()
        for part, (read, seconds) in enumerate(parts_of(path)):
            reading += seconds
            for cost in costs:
                started = time.process_time()
                for place in range(0, len(read), CALLS_TOGETHER):
                    some = [
                        (call, measures[number % MEASURED_CALLS])
                        for number, call in enumerate(read[place : place + CALLS_TOGETHER], place)
                    ]
                    cost.findings += sum(len(one.findings) for one in judge_many(some, cost.rulebook))
                spent = time.process_time() - started
                cost.seconds += spent
                cost.calls += len(read)
                if len(read) == AT_ONCE:
                    cost.parts.append(spent)
            for call in read[::SEARCHED_EVERY]:
                searched.append(SpokenText(read_dialogue(call), default.lexicon).plain)
            judged += len(read)
            if part in (0, 9) or judged == calls // 2 or judged == calls:
                memory[judged] = peak_mb()
    say(
        f"{calls:,} stored calls, {characters / calls:.0f} characters each with their punctuation; "
        f"{platform.python_implementation()} {platform.python_version()}, one core; {RULES} rules over the phrases, "
        f"{len(default.rules)} in the default rulebook. Reading a call from its document: "
        f"{1000 * reading / judged:.2f} ms.\n"
    )
    say("| phrases | loading | memory for it | calls a second | in the quickest tenth | ms a call | findings |")
    say("|---|---|---|---|---|---|---|")
    for cost in costs:
        about = compiled(books[cost.name]) if cost.name in books else compiled(default_text())
        say(
            f"| {cost.name} | {about['load_s']:.2f} s | {about['mb']:.0f} MB | {cost.calls_a_second:,.0f} "
            f"| {cost.best:,.0f} | {1000 * cost.seconds / cost.calls:.3f} | {cost.findings:,} |"
        )
    first, last = costs[1], costs[3]
    say(
        f"\n10,000 phrases cost {last.seconds / first.seconds:.2f} times 100 phrases. Peak memory of the whole process "
        f"(all six rulebooks loaded): "
        + ", ".join(f"{mb:.0f} MB after {count:,} calls" for count, mb in sorted(memory.items()))
        + ".\n"
    )
    say(
        f"Finding the phrases alone in the plain text of some of the calls ({len(searched):,} for the one pass), "
        "microseconds a call; `re` finds no phrase inside another, and neither it nor naive search knows of sounds:\n"
    )
    say("| phrases | one pass | `re` alternation | compiling it | naive search |")
    say("|---|---|---|---|---|")
    for cost in costs[: len(COUNTS)]:
        some = wanted[: cost.phrases]
        pattern, seconds = alternation(some)
        texts = searched[: max(20, min(len(searched), 200_000 // max(1, cost.phrases)))]
        one_pass = seconds_of(cost.rulebook.lexicon.scan, searched)
        by_re = seconds_of(partial(found_by_re, pattern), texts)
        naive = seconds_of(partial(found_one_by_one, some), texts)
        say(f"| {cost.phrases:,} | {one_pass * 1e6:.0f} | {by_re * 1e6:.0f} | {seconds:.2f} s | {naive * 1e6:.0f} |")


def default_text() -> bytes:
    """The file of the default rulebook."""
    from pipeline.rules import shelf

    return Path(shelf.__file__).with_name("rulebooks").joinpath("mobile_service.yaml").read_bytes()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Cost of judging.")
    parser.add_argument("--calls", type=int, default=100_000, help="how many stored calls")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE} as well")
    options = parser.parse_args()
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    run(options.calls, say)
    if options.page:
        write_into(PAGE, "make bench-rules", lines)


if __name__ == "__main__":
    main()

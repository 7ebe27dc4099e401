"""Rules tested like code: each rule's own examples, run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.judging import result_of
from pipeline.rules.known_measures import KNOWN_MEASURES
from pipeline.rules.rulebook import Rule, Rulebook
from pipeline.rules.schema import ExampleParameters
from pipeline.types import Call, ChannelSpan, Measure, Measures, Outcome, Role

SMALL_TALK = ("agent: 您好，请问有什么可以帮您？", "customer: 我想问一下话费。", "agent: 好的，再见。")
"""What is said in an example that only gives measures or metadata."""
AGENT_SPEAKS_TOO = "agent: 好的。"
"""Ends an example in which only the customer speaks: nothing can be judged of an agent who is never heard."""


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example that did not come out as its rule says; ``number`` counts from 1 within its kind."""

    rule: str
    expected: str
    number: int
    shown: str
    got: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.rule}: {self.expected} example {self.number} ({self.shown}) gave {self.got}"


def check_examples(rulebook: Rulebook) -> tuple[ExampleFailure, ...]:
    """Run all examples of a rulebook; an example that cannot be judged is a failure too."""
    failures = []
    for rule in rulebook.rules:
        for expected, examples in (
            ("hit", rule.parameters.examples.hit),
            ("miss", rule.parameters.examples.miss),
        ):
            for number, example in enumerate(examples, start=1):
                got = _outcome(rule, example, rulebook)
                if got != expected:
                    failures.append(ExampleFailure(rule.id, expected, number, shown_example(example), got))
    return tuple(failures)


def example_call(example: ExampleParameters) -> tuple[Call, Measures]:
    """The call of an example, measured, with the example's own measures in place of the measured ones."""
    metadata = parse_metadata({"call_id": "example", **example.metadata}, "example")
    lines = example.lines or SMALL_TALK
    if not any(line.lstrip().startswith(Role.AGENT.value) for line in lines):
        lines = (*lines, AGENT_SPEAKS_TOO)
    call = call_from_lines(lines, metadata=metadata)
    music = tuple(ChannelSpan(channel, *span) for span in example.music for channel in (0, 1))
    call = replace(call, acoustics=replace(call.acoustics, music=music))
    measures = measure_call(call)
    for name, value in example.measures.items():
        measures[name] = Measure(name, value, KNOWN_MEASURES[name].unit, Outcome.MEASURED)
    return call, measures


def _outcome(rule: Rule, example: ExampleParameters, rulebook: Rulebook) -> str:
    call, measures = example_call(example)
    result = result_of(rule, call, measures, rulebook)
    if result.unknown is not None:
        return f"not assessable: {result.unknown}"
    return "hit" if result.holds else "miss"


def shown_example(example: ExampleParameters) -> str:
    """An example in one line, as people read it."""
    given = {**example.measures, **example.metadata}
    music = (f"music {start:g}-{end:g}" for start, end in example.music)
    return " / ".join([*example.lines, *(f"{name}={_plain(value)}" for name, value in given.items()), *music])


def _plain(value: float | bool | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

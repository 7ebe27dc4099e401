"""Rules that the words of a call leave alone are not looked at: which must change nothing but the time."""

from __future__ import annotations

import orjson
import pytest

from benchmarks.service_calls import make_call, phrases
from pipeline.features.measure import measure_call
from pipeline.late_call import LateCall
from pipeline.rules import judge, judge_many, load_rulebook
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.examples import example_call
from pipeline.rules.view import CallView
from pipeline.serialise import call_to_document
from tests.rules.every_rule import looked_at_whole


@pytest.mark.parametrize("name", ["mobile_service", "announced_test_call"])
def test_judging_is_the_same_as_looking_at_every_rule(name: str) -> None:
    rulebook = load_rulebook(name)
    whole = looked_at_whole(rulebook)
    for rule in rulebook.rules:
        for example in (*rule.parameters.examples.hit, *rule.parameters.examples.miss):
            call, measures = example_call(example)
            assert judge(call, measures, rulebook) == judge(call, measures, whole), (rule.id, example)


def test_most_rules_need_no_look_at_an_ordinary_call() -> None:
    rulebook = load_rulebook("mobile_service")
    spoken = make_call(3, phrases(5))
    measures = measure_call(spoken)
    looked_at = rulebook.triggers.rules_for(CallView(spoken, measures, rulebook.lexicon))
    assert 0 < len(looked_at) < 0.5 * len(rulebook.rules)
    assert judge(spoken, measures, rulebook) == judge(spoken, measures, looked_at_whole(rulebook))


def test_many_at_once_are_judged_as_each_by_itself() -> None:
    rulebook = load_rulebook("mobile_service")
    examples = [rule.parameters.examples.hit[0] for rule in rulebook.rules]
    # Some examples have no words at all; and words may hold what separates turns.
    odd = call_from_lines(["agent: 您好\x1e再见", "customer: 😀滚", "agent: ，。"])
    calls = [*map(example_call, examples), (odd, measure_call(odd)), (make_call(3, phrases(5)), {})]
    late = [(LateCall(orjson.dumps(call_to_document(call))), measures) for call, measures in calls]
    apart = [judge(call, measures, rulebook) for call, measures in calls]
    assert judge_many(calls, rulebook) == apart
    assert judge_many(late, rulebook) == [judge(call, measures, rulebook) for call, measures in late]
    assert judge_many([], rulebook) == []

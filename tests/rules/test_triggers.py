"""Rules that the words of a call leave alone are not looked at: which must change nothing but the time."""

from __future__ import annotations

import pytest

from benchmarks.service_calls import make_call, phrases
from pipeline.features.measure import measure_call
from pipeline.rules import judge, load_rulebook
from pipeline.rules.examples import example_call
from pipeline.rules.view import CallView
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

"""The rulebook for announced test calls: standard answers give points, the total is composed of three parts."""

from __future__ import annotations

import pytest

from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, check_examples, judge, load_rulebook
from pipeline.types import Judgement, Role
from tests.builders import call

QUESTIONS = (
    ("customer: 短信怎么退订？", "agent: 您可以回复TD。"),
    ("customer: 手机丢了怎么补卡？", "agent: 请您带身份证到营业厅。"),
    ("customer: 国际漫游怎么开？", "agent: 您发一条短信，不收押金。"),
    ("customer: 我家宽带断了。", "agent: 红灯亮了吗？我帮您报修。"),
    ("customer: 投诉多久有答复？", "agent: 四十八小时之内。"),
)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook("announced_test_call")


def judged(rulebook: Rulebook, *answers: str, opening: str = "agent: 您好。") -> Judgement:
    lines = [opening]
    for (question, _), answer in zip(QUESTIONS, answers, strict=True):
        lines += [question, answer]
    spoken = call(*lines, "customer: 谢谢。", "agent: 感谢您的来电，再见。", hung_up_by=Role.CUSTOMER)
    return judge(spoken, measure_call(spoken), rulebook, raise_failures=True)


RIGHT = tuple(answer for _, answer in QUESTIONS)


def test_examples_come_out_as_written(rulebook: Rulebook) -> None:
    assert [str(failure) for failure in check_examples(rulebook)] == []


def test_all_standard_answers_give_the_full_score(rulebook: Rulebook) -> None:
    verdict = judged(rulebook, *RIGHT)
    assert verdict.score.total == 100.0
    assert verdict.score.categories["answers"].score == 60.0
    assert not verdict.route.must_review


@pytest.mark.parametrize("wrong", range(5))
def test_each_missing_answer_costs_its_own_points(rulebook: Rulebook, wrong: int) -> None:
    answers = tuple("agent: 请您稍等一下。" if number == wrong else text for number, text in enumerate(RIGHT))
    assert judged(rulebook, *answers).score.total == 88.0


def test_score_is_composed_of_answers_manner_and_process(rulebook: Rulebook) -> None:
    verdict = judged(rulebook, *RIGHT[:4], "agent: 我不清楚。", opening="agent: 请讲。")
    categories = {name: one.score for name, one in verdict.score.categories.items()}
    assert categories == {"answers": 48.0, "manner": 15.0, "process": 15.0}
    assert verdict.score.total == 78.0

"""Small calls on which operators are tried, and what they find there."""

from __future__ import annotations

from pipeline.features.measure import measure_call
from pipeline.types import Call, Finding, Role
from tests.builders import call, turn, with_turns
from tests.rules.rulebook_text import judgement


def found(when: str, spoken: Call, *, unless: str = "") -> list[Finding]:
    verdict = judgement(when, spoken, measure_call(spoken), unless=unless)
    assert not verdict.not_assessable, verdict.not_assessable
    return [finding for finding in verdict.findings if finding.rule == "TALK.01"]


def quotes(when: str, spoken: Call) -> list[str]:
    return [finding.quote for finding in found(when, spoken)]


SLOW = call("agent@1-3: 您好，请讲", "customer@4-8: 我想查话费", "agent@18-20: 好的三十六元", "customer@21-22: 谢谢")


TALK_OVER = call(
    "agent@0.5-2: 您好",
    "customer@3-9: 我想问一下为什么每个月都要交十块钱",
    "agent@6-9.5: 您先听我说是您自己开的",
    "customer@10-14: 我没有开过这个业务",
    "agent@12-12.5: 嗯",
)


HELD = call(
    "agent@1-4: 我帮您查询一下，请别挂机，稍等片刻，好吗",
    "customer@5-6: 好",
    "agent@30-33: 感谢您的耐心等候，您的话费是三十元",
    hung_up_by=Role.AGENT,
)


LOUD = with_turns(
    call("agent: 您好", "customer@16-18: 你好"),
    *(turn(Role.AGENT, (at, at + 2), level_dbfs=level) for at, level in ((0, -20), (4, -21), (8, -9), (12, -20))),
    turn(Role.CUSTOMER, (16, 18)),
)

"""One call's assessment and one agent's estimate, as the generator of a big centre repeats them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.features.measure import measure_call
from pipeline.metadata import parse_metadata
from pipeline.rules import judge, load_rulebook
from pipeline.rules.example_calls import call_from_lines
from pipeline.serialise import assessment_to_document
from pipeline.types import Assessment, Provenance
from quality.estimates import Estimate, Method, Use
from quality.greg import Interval
from quality.words import Quantity

LINES = (
    "agent: 您好，请问有什么可以帮您？",
    "customer: 我的手机上不了网，能帮我看看吗？",
    "agent: 用不起就别用，你有完没完。",
    "customer: 你怎么这样说话，我要投诉。",
    "agent: 没法查，不关我的事。",
    "agent: 请您稍等，我看一下您的账户，已经恢复了。",
    "customer: 好的，谢谢。",
    "agent: 谢谢您的来电，再见。",
) * 3


def example(findings: int) -> tuple[dict[str, Any], Callable[[str, str], Estimate]]:
    """An assessment's document with so many findings, and a function that makes an estimate of an agent."""
    book = load_rulebook("mobile_service")
    call = call_from_lines(LINES, metadata=parse_metadata({"call_id": "c"}, "benchmark"))
    measures = measure_call(call)
    provenance = Provenance("", "e", "m", {}, "d", book.name, book.version, book.sha256, "0", {})
    document = assessment_to_document(Assessment(call, measures, judge(call, measures, book), provenance))
    document["findings"] = document["findings"][:findings]

    def estimate(agent: str, team: str) -> Estimate:
        interval = Interval(85.0, 80.0, 90.0, 5.0, 2.5, 20)
        uses = (Use.COACHING,)
        return Estimate(agent, team, "2026-03", Quantity.SCORE, Method.GREG, interval, 500, 10, 2, uses)

    return document, estimate

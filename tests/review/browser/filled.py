"""What commands and people leave behind, for pages that would be empty without."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from pipeline.rules.loading import BUNDLED
from store import coaching, models, month_reports, proposals
from store.training_tables import RuleScope
from tests.review.people import POLITE, RUDE, rulebook
from tests.stored_calls import store_call
from tingjian.commands.wanted_backtests import run_wanted_backtest

NEW_PHRASE = "          - {text: 刚才不是和您说过了吗, variants: [刚才不是跟您说过了吗]}\n"
OLD_PHRASE = re.compile(r"^ +- \{text: 大声点我听不清.*\n", re.MULTILINE)


def some_reports(agent_id: str) -> None:
    """What the commands after the night keep for the pages."""

    def estimate(value: float | None, half: float = 2.0) -> dict[str, Any]:
        interval = None if value is None else {"value": value, "low": value - half, "high": value + half}
        reason = "评过的通话太少" if value is None else None
        return {"interval": interval, "method": value and "greg", "calls": 1820, "reviews": 96, "certain": 12,
                "reason": reason}  # fmt: skip

    def error(item: str, rate: float, scope: str = "none", alone: bool = False) -> dict[str, Any]:
        return {"item": item, "scope": scope, "rate": rate, "reviews": 31.5, "everybody": 0.04, "target": 0.05,
                "stands_out": alone, "low": 0.0, "high": 0.12}  # fmt: skip

    for month, value in (("2026-02", 84.5), ("2026-03", 87.0)):
        rates = {"pass_rate": estimate(0.88, 0.04), "fatal_rate": estimate(0.021, 0.013)}
        teams = {"客服一组": {"score": estimate(value), **rates}, "客服二组": {"score": estimate(None)}}
        month_reports.save(month, month_reports.TEAM, teams)
    by = {"by": "reviews", "months": ["2026-03"]}
    unit = {"name": agent_id, "reviews": 31.0, "rate": 0.29, "compared_with": 0.04, "p_value": 0.001, "q_value": 0.01}
    scopes = {
        "LANG.03": {"scope": "individual", "agents": [unit], "groups": [], "rate": 0.06, "target": 0.05},
        "SIL.01": {"scope": "universal", "agents": [], "groups": [], "rate": 0.21, "target": 0.05},
        "CLOSE.01": {"scope": "none", "agents": [], "groups": [], "rate": 0.03, "target": 0.05},
    }
    scoped = {item: {**one, **by, "order": number} for number, (item, one) in enumerate(scopes.items())}
    month_reports.save("2026-03", month_reports.SCOPE, scoped)
    errors = [
        error("LANG.03", 0.29, "individual", alone=True),
        error("SIL.01", 0.2, "universal"),
        error("CLOSE.01", 0.03),
    ]
    month_reports.save("2026-03", month_reports.AGENT_ERRORS, {agent_id: {**by, "errors": errors}})
    month_reports.save("2026-03", month_reports.TEAM_ERRORS, {"客服一组": {**by, "errors": errors[1:]}})
    names = ("M score", "I flags", "T hour", "T part of month", "L minutes", "A type")
    checks = [
        {"dimension": name, "mean_smd": 0.1 + number / 10, "p_value": 0.6 / (number + 1), "unusual": number == 4}
        for number, name in enumerate(names)
    ]
    month_reports.save("2026-03", month_reports.HEARD, {agent_id: {"calls": 300, "sample": 15, "checks": checks}})


def a_tried_proposal() -> int:
    """A new version of the rulebook, tried on the calls of the test."""
    text = (BUNDLED / "mobile_service.yaml").read_text(encoding="utf-8")
    text = re.sub(r'^version: ".*"$', 'version: "9.1"', text, count=1, flags=re.MULTILINE)
    text = OLD_PHRASE.sub("", text.replace("          - 我就这个态度\n", f"          - 我就这个态度\n{NEW_PHRASE}", 1))
    assert NEW_PHRASE in text
    why = "反问客户“刚才不是和您说过了吗”也算态度傲慢；“大声点，我听不清”不再算命令"
    row = proposals.propose("mobile_service", "9.1", "digest", text, why, "zhuguan")
    proposals.want_backtest(row.pk, 366)
    assert run_wanted_backtest()
    row.refresh_from_db()
    assert row.backtest_state == "done"
    return row.pk


def set_one_aside(recording_id: str) -> None:
    """One recording of the night could not be heard."""
    entry = models.LedgerEntry.objects.filter(recording=recording_id)
    said = "录音只有 3.0 秒，文件头写的是 60.0 秒"
    entry.update(state="quarantined", error_code="truncated", error_message=said, attempts=3)
    models.Batch.objects.update(done_at_end=F("done_at_end") - 1)


def an_earlier_month(month: str, earlier: str) -> None:
    """The common errors of a month, as they were in the one before: rarer."""
    for model in (models.ErrorCluster, RuleScope):
        for row in model.objects.filter(month=month):
            row.pk, row.month = None, earlier
            row.document["share"] /= 2
            row.save()
    for row in models.ErrorCluster.objects.filter(month=month):
        row.document["new"] = False
        row.save()


def a_coached_agent() -> int:
    """An agent who was rude in every second call, then agreed on something, and was hardly ever again."""
    began = timezone.now()
    for number in range(24):
        for name, lines, days in (
            (f"b{number}", RUDE if number % 2 else POLITE, 45), (f"a{number}", POLITE if number else RUDE, 20),
        ):  # fmt: skip
            at = (began - timedelta(days=days - number / 10)).isoformat()
            store_call(rulebook(), name, *lines, started_at=at, agent_id="A1", agent_name="王工", team="客服一组")
    findings = models.Finding.objects.filter(assessment__recording__call_id__startswith="b", rule="LANG.03")
    picked = list(findings.values_list("id", flat=True)[:2])
    text = "客户着急时先致歉，再说能办什么。\n听三通优秀录音，下周一起复盘。"
    made = coaching.agree("A1", "peixun", text, picked, (began + timedelta(days=3)).date())
    models.Coaching.objects.filter(pk=made.pk).update(agreed_at=began - timedelta(days=30))
    return made.pk

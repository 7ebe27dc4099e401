from __future__ import annotations

from datetime import datetime

import pytest

from pipeline.errors import UsageError
from pipeline.rules import Rulebook
from quality.verdicts import AppealOutcome, Verdict
from store import models, verdicts
from tests.rules.rulebook_text import small
from tests.stored_calls import store_call

pytestmark = pytest.mark.django_db

RUDE = ("agent: 您好，请讲。", "customer: 查话费。", "agent: 别烦我。")
WHEN = datetime.fromisoformat("2026-03-05T10:00:00+08:00")


@pytest.fixture
def finding() -> int:
    book: Rulebook = small()
    store_call(book, "c1", *RUDE)
    return int(models.Finding.objects.get(rule="TALK.01").pk)


def test_verdict_is_kept_with_rule_place_and_call(finding: int) -> None:
    verdicts.record_verdict(finding, Verdict.REJECT, "质检员甲", comment="开玩笑", source="test", given_at=WHEN)
    (one,) = verdicts.verdicts_of(["id-c1", "id-c2"])["id-c1"]
    row = models.Finding.objects.get(id=finding)
    assert (one.rule, one.start_s, one.end_s) == ("TALK.01", row.start_s, row.end_s)
    assert (one.verdict, one.reviewer, one.given_at) == (Verdict.REJECT, "质检员甲", WHEN)


def test_later_word_of_the_same_person_is_a_further_row(finding: int) -> None:
    verdicts.record_verdict(finding, Verdict.REJECT, "质检员甲")
    verdicts.record_verdict(finding, Verdict.CONFIRM, "质检员甲")
    assert [one.verdict for one in verdicts.verdicts_of(["id-c1"])["id-c1"]] == [Verdict.REJECT, Verdict.CONFIRM]


def test_verdict_is_never_changed_or_removed(finding: int) -> None:
    verdicts.record_verdict(finding, Verdict.REJECT, "质检员甲")
    row = models.FindingVerdict.objects.get()
    row.verdict = "confirm"
    with pytest.raises(TypeError, match="never changed"):
        row.save()
    with pytest.raises(TypeError, match="never removed"):
        row.delete()


def test_appeal_is_open_until_it_is_decided_once(finding: int) -> None:
    appeal = verdicts.file_appeal(finding, "A1", "客户先开的玩笑")
    assert verdicts.decided_appeals() == []
    verdicts.decide_appeal(appeal, AppealOutcome.UPHELD, "主管", "听了录音", decided_at=WHEN)
    (decided,) = verdicts.decided_appeals()
    assert (decided.recording_id, decided.call_id, decided.rule) == ("id-c1", "c1", "TALK.01")
    assert (decided.outcome, decided.reason, decided.decided_at) == (AppealOutcome.UPHELD, "听了录音", WHEN)
    with pytest.raises(UsageError, match="decided before"):
        verdicts.decide_appeal(appeal, AppealOutcome.DISMISSED, "主管")


def test_second_open_appeal_of_the_same_person_is_refused(finding: int) -> None:
    verdicts.file_appeal(finding, "A1")
    with pytest.raises(UsageError, match="open already"):
        verdicts.file_appeal(finding, "A1")


def test_unknown_finding_appeal_and_person_are_refused(finding: int) -> None:
    with pytest.raises(UsageError, match="finding 999 is not known"):
        verdicts.record_verdict(999, Verdict.CONFIRM, "质检员甲")
    with pytest.raises(UsageError, match="nobody is named"):
        verdicts.record_verdict(finding, Verdict.CONFIRM, " ")
    with pytest.raises(UsageError, match="appeal 999 is not known"):
        verdicts.decide_appeal(999, AppealOutcome.UPHELD, "主管")
    with pytest.raises(UsageError, match="nobody who decides"):
        verdicts.decide_appeal(verdicts.file_appeal(finding, "A1"), AppealOutcome.UPHELD, "")

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.errors import UsageError
from quality.types import Purpose, Review
from store import ledger, models
from store.calls import calls_of_month, recordings_of_calls
from store.reviews import record_review, record_reviews, reviews_of_month
from tests.store.months import FIRST, STAGE, ZONE, assessed, enrol, open_batch

pytestmark = pytest.mark.django_db


def a_review(recording_id: str, **changes: object) -> Review:
    review = Review(
        recording_id=recording_id,
        rater="质检一",
        submitted_at=datetime(2026, 3, 3, 10, tzinfo=ZONE),
        score=85.0,
        deductions={"LANG.03": 10.0, "SIL.01": 0.0},
        blind=True,
    )
    return replace(review, **changes)  # type: ignore[arg-type]


@pytest.fixture
def batch() -> str:
    return open_batch()


def test_reviews_when_recorded_then_read_with_their_calls(batch: str) -> None:
    recording_id = assessed(batch, "a", score=70.0, business_type="话费查询", team="一组")
    assert record_review(a_review(recording_id))
    (found,) = reviews_of_month("2026-03")
    assert found.review == a_review(recording_id)
    assert (found.call.agent_id, found.call.machine_score, found.call.team) == ("A1", 70.0, "一组")
    assert (found.call.lane, found.call.probability) == (None, None)
    assert list(reviews_of_month("2026-04")) == []


def test_record_when_same_submission_again_then_stored_once(batch: str) -> None:
    review = a_review(assessed(batch, "a"))
    assert record_reviews([review, review]) == 1
    assert not record_review(review)
    assert models.Review.objects.count() == 1


def test_reviews_when_corrected_then_last_word_counts_and_both_are_kept(batch: str) -> None:
    first = a_review(assessed(batch, "a"))
    second = replace(first, score=95.0, submitted_at=first.submitted_at + timedelta(hours=1))
    record_reviews([second, first])
    assert [item.review.score for item in reviews_of_month("2026-03")] == [95.0]
    assert [item.review.score for item in reviews_of_month("2026-03", every_version=True)] == [85.0, 95.0]


def test_reviews_when_another_purpose_then_only_when_asked(batch: str) -> None:
    recording_id = assessed(batch, "a")
    record_reviews([a_review(recording_id), a_review(recording_id, rater="质检二", purpose=Purpose.DOUBLE)])
    assert [item.review.rater for item in reviews_of_month("2026-03")] == ["质检一"]
    both = reviews_of_month("2026-03", purposes=(Purpose.REVIEW, Purpose.DOUBLE))
    assert len(list(both)) == 2


def test_record_when_recording_is_unknown_then_nothing_is_stored(batch: str) -> None:
    with pytest.raises(UsageError, match="no such recording"):
        record_reviews([a_review(assessed(batch, "a")), a_review("id-nobody")])
    assert models.Review.objects.count() == 0


def test_review_row_when_changed_or_removed_then_refused(batch: str) -> None:
    record_review(a_review(assessed(batch, "a")))
    row = models.Review.objects.get()
    row.score = 100.0
    with pytest.raises(TypeError, match="never changed"):
        row.save()
    with pytest.raises(TypeError, match="never removed"):
        row.delete()


def test_calls_of_month_when_month_turns_then_by_the_centres_midnight(batch: str) -> None:
    assessed(batch, "before", started_at="2026-02-28T23:59:59+08:00")
    assessed(batch, "first", started_at="2026-03-01T00:00:00+08:00")
    assessed(batch, "utc", started_at="2026-03-31T15:59:59+00:00")
    assessed(batch, "after", started_at="2026-03-31T16:00:00+00:00")
    assert [call.call_id for call in calls_of_month("2026-03")] == ["first", "utc"]


def test_calls_of_month_when_time_is_unknown_then_by_when_it_was_found(batch: str) -> None:
    assessed(batch, "a", started_at=None)
    found = models.Recording.objects.get().enrolled_at
    from store.months import month_of

    (call,) = calls_of_month(month_of(found))
    assert call.started_at == found


def test_calls_of_month_when_set_aside_then_included_unless_nothing_can_be_heard(batch: str) -> None:
    for name, code in (("short", "too_short"), ("empty", "empty_file"), ("waiting", "")):
        recording_id = enrol(batch, name)
        if code:
            ledger.claim(batch, recording_id, STAGE)
            ledger.mark_quarantined(batch, recording_id, STAGE, code, "")
    (call,) = calls_of_month("2026-03")
    assert (call.call_id, call.machine_score, call.machine_fatal) == ("short", None, False)


def test_calls_of_month_when_rescored_then_newest_counts(batch: str) -> None:
    recording_id = assessed(batch, "a", score=90.0)
    newer = models.Assessment.objects.get()
    newer.pk, newer.stage_version, newer.score, newer.fatal = None, "stage-2", 0.0, True
    newer._state.adding = True
    newer.save()
    (call,) = calls_of_month("2026-03")
    assert (call.recording_id, call.machine_score, call.machine_fatal) == (recording_id, 0.0, True)


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "march", "0000-01", ""])
def test_calls_of_month_when_month_is_wrong_then_explained(month: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        list(calls_of_month(month))


def test_recordings_of_calls_when_two_share_an_id_then_both(batch: str) -> None:
    one = assessed(batch, "a", call_id="same")
    other = assessed(batch, "b", call_id="same")
    assert recordings_of_calls(["same", "none"]) == {"same": [one, other]}
    assert FIRST.tzinfo is ZONE

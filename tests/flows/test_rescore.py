from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from flows.rescore import rescore
from pipeline.errors import UsageError
from pipeline.rules import Rulebook, load_rulebook
from store.models import Assessment, CallMeasures, Finding, HeardColumns, MeasuredValues, Transcript
from store.transcripts import save_judgements
from store.values import JudgedAgain
from tests.flows.nights import some_settings
from tests.rules.rulebook_text import HEADER, LATE, TALK, text_of
from tests.stored_calls import documents, recipe_of, store_call

pytestmark = pytest.mark.django_db(transaction=True)

POLITE = ("agent: 您好，请讲。", "customer: 查话费。", "agent: 好的，再见。")
RUDE = ("agent: 您好，请讲。", "customer: 查话费。", "agent: 别烦我，走开点。")
SHARPER = TALK.replace("[别烦我]", "[别烦我, 走开点]")


@pytest.fixture(autouse=True)
def any_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.rescore.setup_django", lambda settings: None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return some_settings(tmp_path / "var", workers=1)


def write(tmp_path: Path, *rules: str, name: str = "book.yaml", header: str = HEADER) -> str:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text_of(*rules, header=header), encoding="utf-8")
    return str(path)


@pytest.fixture
def old(tmp_path: Path) -> Rulebook:
    return load_rulebook(write(tmp_path, TALK, LATE, name="old.yaml"))


@pytest.fixture
def new(tmp_path: Path) -> str:
    return write(tmp_path, SHARPER, LATE, name="new.yaml", header=HEADER.replace('"1"', '"2"'))


def without_seconds(document: Any) -> Any:
    provenance = {key: value for key, value in document["provenance"].items() if key != "seconds"}
    return {**document, "provenance": provenance}


def in_force(call_id: str) -> Assessment:
    return Assessment.objects.filter(recording__call_id=call_id).order_by("id").last()


def test_rescore_says_what_changed_and_keeps_what_was_there(settings: Settings, old: Rulebook, new: str) -> None:
    before = {name: store_call(old, name, *lines) for name, lines in (("c1", POLITE), ("c2", RUDE), ("c3", RUDE))}
    summary = rescore(settings, rulebook=new)
    assert (summary.found, summary.judged, summary.already, summary.first) == (3, 3, 0, 0)
    assert (summary.changed, summary.lowered, summary.raised) == (2, 2, 0)
    assert (summary.failed, summary.exit_code, summary.rulebooks) == ((), 0, {"small 2": 3})
    assert Assessment.objects.count() == 6
    assert Transcript.objects.count() == 3
    for call_id, document in before.items():
        first = Assessment.objects.filter(recording__call_id=call_id).earliest("id")
        assert first.document == document
    assert [finding.rule for finding in Finding.objects.filter(assessment=in_force("c2"))] == ["TALK.01", "TALK.01"]
    assert in_force("c2").rulebook_version == "2"
    assert in_force("c1").score == 100.0


def test_rescored_assessment_is_what_a_night_with_that_rulebook_writes(
    settings: Settings, old: Rulebook, new: str
) -> None:
    store_call(old, "c1", *RUDE)
    rescore(settings, rulebook=new)
    wanted, _ = documents(load_rulebook(new), "c1", *RUDE)
    stored = in_force("c1")
    assert without_seconds(stored.document) == without_seconds(wanted)
    assert stored.stage_version == recipe_of(load_rulebook(new)).stage_version, "a night finds it done"


def test_call_heard_by_older_code_is_measured_again_and_says_so(settings: Settings, old: Rulebook, new: str) -> None:
    store_call(old, "c1", *RUDE, code_version="0.0.1")
    assert rescore(settings, rulebook=new).judged == 1
    wanted, _ = documents(load_rulebook(new), "c1", *RUDE)
    assert without_seconds(in_force("c1").document) == without_seconds(wanted)
    assert in_force("c1").stage_version != recipe_of(load_rulebook(new)).stage_version


def test_rescore_again_does_nothing(settings: Settings, old: Rulebook, new: str) -> None:
    store_call(old, "c1", *RUDE)
    rescore(settings, rulebook=new)
    again = rescore(settings, rulebook=new)
    assert (again.judged, again.already, again.changed) == (0, 1, 0)
    assert Assessment.objects.count() == 2


def test_values_that_an_older_version_did_not_keep_apart_are_from_then_on(
    settings: Settings, old: Rulebook, new: str, tmp_path: Path
) -> None:
    store_call(old, "c1", *RUDE)
    kept = list(MeasuredValues.objects.values())
    rescore(settings, rulebook=new)
    MeasuredValues.objects.all().delete()
    rescore(settings, rulebook=str(tmp_path / "old.yaml"))
    assert list(MeasuredValues.objects.values()) == kept
    wanted, _ = documents(old, "c1", *RUDE)
    assert without_seconds(in_force("c1").document) == without_seconds(wanted)


def test_columns_that_an_older_version_did_not_store_are_from_then_on(
    settings: Settings, old: Rulebook, new: str, tmp_path: Path
) -> None:
    store_call(old, "c1", *RUDE)
    stored = list(HeardColumns.objects.values())
    HeardColumns.objects.all().delete()
    rescore(settings, rulebook=new)
    assert list(HeardColumns.objects.values()) == stored
    rescore(settings, rulebook=str(tmp_path / "old.yaml"))
    wanted, _ = documents(old, "c1", *RUDE)
    assert without_seconds(in_force("c1").document) == without_seconds(wanted)


def test_call_that_somebody_else_stored_meanwhile_is_left_and_the_others_are_stored(
    settings: Settings, old: Rulebook, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("c1", "c2", "c3"):
        store_call(old, name, *RUDE)
    returned: list[int] = []

    def overtaken(judged: Iterable[JudgedAgain]) -> int:
        these = list(judged)
        returned.extend((save_judgements(these[1:2]), save_judgements(these)))
        return returned[-1]

    monkeypatch.setattr("store.transcripts.save_judgements", overtaken)
    rescore(settings, rulebook=new)
    assert returned == [1, 2]
    assert Assessment.objects.count() == 6
    for name in ("c1", "c2", "c3"):
        assert Finding.objects.filter(assessment=in_force(name)).count() == 2
        assert CallMeasures.objects.filter(assessment=in_force(name)).count() == 1


def test_rescore_back_puts_the_old_rulebook_in_force_again(
    settings: Settings, old: Rulebook, new: str, tmp_path: Path
) -> None:
    store_call(old, "c1", *RUDE)
    for place, version in ((new, "2"), (str(tmp_path / "old.yaml"), "1"), (new, "2")):
        assert rescore(settings, rulebook=place).judged == 1
        assert in_force("c1").rulebook_version == version
    assert Assessment.objects.count() == 4


@pytest.mark.parametrize(
    ("since", "until", "judged"),
    [
        pytest.param(None, None, 2, id="all"),
        pytest.param("2026-03-02", "2026-03-02", 1, id="one_day"),
        pytest.param("2026-03-03", None, 1, id="since"),
        pytest.param(None, "2026-03-01", 0, id="until"),
    ],
)
def test_only_calls_of_the_time_are_judged(
    settings: Settings, old: Rulebook, new: str, since: str | None, until: str | None, judged: int
) -> None:
    store_call(old, "c1", *RUDE, started_at="2026-03-02T23:59:00+08:00")
    store_call(old, "c2", *RUDE, started_at="2026-03-03T00:01:00+08:00")
    days = [None if text is None else date.fromisoformat(text) for text in (since, until)]
    assert rescore(settings, rulebook=new, since=days[0], until=days[1]).judged == judged


def test_days_in_the_wrong_order_are_refused(settings: Settings, new: str) -> None:
    with pytest.raises(UsageError, match="expected the earlier day first"):
        rescore(settings, rulebook=new, since=date(2026, 3, 3), until=date(2026, 3, 2))


def test_folder_of_versions_judges_each_call_by_the_one_in_force_when_it_began(
    settings: Settings, old: Rulebook, tmp_path: Path
) -> None:
    folder = tmp_path / "versions"
    first = HEADER.replace('version: "1"', 'version: "1"\neffective_until: "2026-03-02"')
    second = HEADER.replace('version: "1"', 'version: "2"\neffective_from: "2026-03-03"')
    write(folder, TALK, LATE, name="first.yaml", header=first)
    write(folder, SHARPER, LATE, name="second.yaml", header=second)
    store_call(old, "c1", *RUDE, started_at="2026-03-02T23:59:00+08:00")
    store_call(old, "c2", *RUDE, started_at="2026-03-03T00:01:00+08:00")
    summary = rescore(settings, rulebook=str(folder))
    assert summary.rulebooks == {"small 1": 1, "small 2": 1}
    assert [in_force(call_id).document["score"]["total"] for call_id in ("c1", "c2")] == [90.0, 80.0]


def test_call_whose_documents_cannot_be_read_is_named_and_the_others_go_on(
    settings: Settings, old: Rulebook, new: str
) -> None:
    store_call(old, "c1", *RUDE)
    store_call(old, "c2", *RUDE)
    HeardColumns.objects.all().delete()
    Transcript.objects.filter(recording__call_id="c1").update(call={"recording": {"metadata": {}}})
    summary = rescore(settings, rulebook=new)
    assert (summary.judged, summary.exit_code) == (1, 1)
    assert [call_id for call_id, _ in summary.failed] == ["c1"]


def test_nothing_stored_is_nothing_to_do(settings: Settings, new: str) -> None:
    summary = rescore(settings, rulebook=new)
    assert (summary.found, summary.judged, summary.exit_code) == (0, 0, 0)


def test_rulebook_that_does_not_load_is_told_before_anything_is_read(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml: not found"):
        rescore(settings, rulebook="nowhere.yaml")

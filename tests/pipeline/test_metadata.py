import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ManifestError
from pipeline.metadata import parse_metadata
from pipeline.types import Role


def test_parse_metadata_reads_every_column_into_its_type():
    metadata = parse_metadata(
        {
            "call_id": "20260302-001",
            "file": "a.wav",
            "agent_id": "A101",
            "agent_name": "坐席甲",
            "team": "客服一组",
            "started_at": "2026-03-02T08:31:10+08:00",
            "direction": "Inbound",
            "business_type": "话费查询",
            "answered_at_s": "5.25",
            "hung_up_by": "customer",
            "agent_channel": "1",
            "ring_count": "3",
            "duration_s": "44.5",
            "客户等级": "五星",
        },
        "manifest.csv line 2",
    )
    assert metadata.call_id == "20260302-001"
    assert metadata.started_at is not None
    assert metadata.started_at.utcoffset() is not None
    assert (metadata.direction, metadata.answered_at_s, metadata.hung_up_by) == ("inbound", 5.25, Role.CUSTOMER)
    assert (metadata.agent_channel, metadata.ring_count, metadata.duration_s) == (1, 3, 44.5)
    assert metadata.extra == {"客户等级": "五星"}


def test_parse_metadata_takes_empty_values_as_not_known():
    metadata = parse_metadata({"call_id": "1", "answered_at_s": " ", "hung_up_by": ""}, "manifest.csv line 2")
    assert metadata.answered_at_s is None
    assert metadata.hung_up_by is None


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("started_at", "2026-03-02 08:31", "ISO 8601 with zone"),
        ("started_at", "yesterday", "ISO 8601 with zone"),
        ("direction", "sideways", "inbound or outbound"),
        ("answered_at_s", "-1", "0 or more"),
        ("answered_at_s", "nan", "0 or more"),
        ("answered_at_s", "five", "0 or more"),
        ("hung_up_by", "robot", "agent or customer"),
        ("agent_channel", "2", "0 or 1"),
        ("ring_count", "2.5", "whole number"),
        ("duration_s", "0", "more than 0"),
        ("duration_s", "1e999", "more than 0"),
    ],
)
def test_parse_metadata_with_a_wrong_value_names_place_column_and_expectation(column, value, expected):
    with pytest.raises(ManifestError) as caught:
        parse_metadata({"call_id": "1", column: value}, "manifest.csv line 7")
    message = str(caught.value)
    assert "manifest.csv line 7" in message
    assert column in message
    assert expected in message


def test_parse_metadata_without_call_id_is_refused():
    with pytest.raises(ManifestError, match="call_id"):
        parse_metadata({"agent_id": "A1"}, "manifest.csv line 3")


@given(st.dictionaries(st.sampled_from(["call_id", "started_at", "ring_count", "agent_channel", "x"]), st.text()))
def test_parse_metadata_with_any_text_parses_or_explains(values):
    explained = ""
    try:
        parse_metadata(values, "here")
    except ManifestError as error:
        explained = str(error)
    assert not explained or explained.startswith("here")

import pytest

from tests.features.scenes import agent, customer, measures_of, value_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("嗯您好呃请问", 2),
        ("好的，我帮您查询", 0),
        ("是啊", 0),
        ("啊您的套餐", 1),
        ("这个啊资费是这样的", 1),
        ("就是说您的套餐就是说", 2),
        ("那个套餐很好", 0),
        ("哦，好的", 1),
        ("嗯嗯", 2),
        ("好的哦", 0),
        ("嗯啊", 2),
    ],
    ids=str,
)
def test_filler_count_over_written_fillers(text, count):
    assert value_of("filler_count", agent(0.0, 5.0, text)) == count


def test_filler_count_is_the_agents_alone():
    assert value_of("filler_count", agent(0.0, 2.0, "您好"), customer(3.0, 5.0, "嗯呃嗯")) == 0


def test_fillers_per_100_chars_relates_to_what_the_agent_said():
    assert value_of("fillers_per_100_chars", agent(0.0, 9.0, "嗯" + "好" * 49)) == pytest.approx(2.0)


def test_filler_evidence_points_at_the_place_in_the_utterance():
    evidence = measures_of(agent(10.0, 20.0, "您好请问嗯您要办理什"))["filler_count"].evidence
    assert [item.text for item in evidence] == ["嗯"]
    assert evidence[0].start_s == pytest.approx(14.0)
    assert evidence[0].end_s == pytest.approx(15.0)

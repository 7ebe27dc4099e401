from benchmarks.generated_calls import KINDS, STEREO_ENCODINGS, plan
from benchmarks.script_truth import events_of, measures_of, turns_of
from samples.dialogue import load_dialogues
from samples.truth import Truth, TruthUtterance


def line(role: str, start_s: float, end_s: float, text: str, gain_db: float = 0.0) -> TruthUtterance:
    step = (end_s - start_s) / len(text)
    characters = tuple((one, start_s + at * step, start_s + (at + 1) * step) for at, one in enumerate(text))
    return TruthUtterance(role, int(role == "customer"), start_s, end_s, text, gain_db, characters)


def truth_of(*lines: TruthUtterance, duration_s: float = 30.0) -> Truth:
    return Truth("t", "", "stereo", 0, duration_s, 0.0, lines, {}, (), (), False)


def test_a_number_is_always_the_same_call():
    assert plan(3) == plan(3)
    assert plan(3).dialogue.turns != plan(4).dialogue.turns


def test_calls_are_of_every_kind_and_encoding_and_none_is_bundled():
    calls = [plan(number) for number in range(len(KINDS))]
    assert {one.kind for one in calls} == set(KINDS)
    assert {one.dialogue.encoding for one in calls} == {*STEREO_ENCODINGS, "gsm"}
    bundled = {turn.text for call in load_dialogues().calls for turn in call.turns if len(turn.text) > 12}
    assert not bundled & {turn.text for one in calls for turn in one.dialogue.turns}


def test_truth_of_an_interruption_a_listener_and_a_silence():
    truth = truth_of(
        line("agent", 1.0, 3.0, "您好请问有什么事"),
        line("customer", 4.0, 10.0, "我想问一下我的套餐是不是可以换"),
        line("agent", 6.0, 6.4, "嗯"),
        line("agent", 8.5, 12.0, "您先听我说事情不是这样的"),
        line("customer", 20.0, 29.5, "那你说吧到底应该怎么办我听着"),
    )
    events = events_of(truth)
    assert events.interruptions == (("agent", 8.5, 10.0),)
    assert events.backchannels == (("agent", 6.0, 6.4),)
    assert events.silences == ((0.0, 1.0), (3.0, 4.0), (12.0, 20.0))
    measures = measures_of(truth, -20.0, -20.0)
    assert measures["agent_longest_response_s"] == 0.0
    assert measures["agent_turn_count"] == 3
    assert measures["agent_call_rate_cpm"] == 60 * 21 / 30


def test_lines_less_than_a_second_apart_are_one_turn():
    truth = truth_of(line("agent", 1.0, 2.0, "您好"), line("agent", 2.9, 4.0, "请讲"), line("agent", 5.0, 6.0, "喂"))
    assert [len(turn.lines) for turn in turns_of(truth, "agent")] == [2, 1]

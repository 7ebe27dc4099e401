import pytest

from pipeline.features.dialogue import read_dialogue
from pipeline.features.events import HoldCause, SilenceKind, read_events
from pipeline.features.pace import minute_paces, turn_paces
from pipeline.types import Acoustics, ChannelLayout, ChannelSpan, Role
from tests.features.scenes import agent, customer, scene

LISTEN = "您先听我说完"


def events_of(*lines, **more):
    return read_events(read_dialogue(scene(*lines, **more)))


# ---- interruptions ------------------------------------------------------------------------------------------------


def test_interruption_says_who_how_deep_and_how_long():
    (found,) = events_of(customer(5.0, 10.0), agent(8.0, 12.0, LISTEN)).interruptions
    assert (found.by, found.start_s, found.end_s) == (Role.AGENT, 8.0, 10.0)
    assert (found.overlap_s, found.heard_s, found.depth_s) == (2.0, 3.0, 2.0)
    assert found.yielded
    assert found.text == LISTEN


def test_interruption_by_the_customer_is_the_customers():
    (found,) = events_of(agent(5.0, 10.0, LISTEN), customer(8.0, 9.5, "等一下不是这样")).interruptions
    assert found.by is Role.CUSTOMER
    assert not found.yielded


def test_agent_who_goes_on_in_the_customers_turn_after_a_pause_interrupts():
    goes_on = agent(0.0, 8.0, LISTEN + LISTEN, pieces=((0.0, 4.0), (4.95, 8.0)))
    (found,) = events_of(goes_on, customer(4.2, 9.0)).interruptions
    assert (found.by, found.start_s) == (Role.AGENT, 4.95)


def test_whoever_goes_on_after_being_cut_short_does_not_interrupt():
    goes_on = agent(0.0, 8.0, LISTEN + LISTEN, pieces=((0.0, 4.0), (4.9, 8.0)))
    (found,) = events_of(goes_on, customer(3.0, 7.0)).interruptions
    assert found.by is Role.CUSTOMER


def test_interruption_with_a_pause_inside_counts_once_with_all_its_overlap():
    cut = agent(7.0, 12.0, LISTEN + LISTEN, pieces=((7.0, 8.0), (8.5, 12.0)))
    (found,) = events_of(customer(5.0, 10.0), cut).interruptions
    assert found.overlap_s == pytest.approx(2.5)
    assert (found.start_s, found.end_s) == (7.0, 10.0)


@pytest.mark.parametrize(("resumes_s", "by"), [(7.5, Role.AGENT), (7.9, Role.CUSTOMER)], ids=["breath", "pause"])
def test_starting_in_the_others_breath_interrupts_and_in_a_pause_is_interrupted(resumes_s, by):
    breathing = customer(5.0, 12.0, "我想问一下套餐的事", pieces=((5.0, 7.0), (resumes_s, 12.0)))
    (found,) = events_of(breathing, agent(7.2, 11.0, LISTEN)).interruptions
    assert (found.by, found.start_s) == (by, resumes_s)


def test_acknowledgement_at_the_end_of_the_customers_turn_is_no_part_of_the_answer_that_follows():
    # One turn of the agent, as its pause is under a second: 嗯 inside the customer's turn, the answer after it.
    answer = agent(9.2, 14.0, "好的，您的话费余额是三十六元", pieces=((9.2, 9.75), (10.4, 14.0)))
    events = events_of(customer(5.0, 10.0), answer)
    assert events.interruptions == ()
    assert [one.text for one in events.backchannels] == ["好的"]
    assert [(one.by, one.start_s) for one in events.backchannels] == [(Role.AGENT, 9.2)]


def test_first_word_of_an_interruption_is_no_acknowledgement():
    # 好吧，那就这样办: the comma is a breath while the other goes on talking.
    cut = agent(7.0, 9.0, "好吧，那就这样办", pieces=((7.0, 7.35), (7.65, 9.0)))
    events = events_of(customer(5.0, 10.0), cut)
    assert events.backchannels == ()
    assert [one.start_s for one in events.interruptions] == [7.0]


def test_acknowledgement_with_the_answer_beginning_a_little_early_is_no_interruption():
    answer = agent(9.0, 14.0, "好，您的话费余额是三十六元", pieces=((9.0, 9.3), (9.7, 14.0)))
    events = events_of(agent(0.0, 2.0), customer(5.0, 10.0), answer)
    assert events.interruptions == ()
    assert [one.text for one in events.backchannels] == ["好"]
    assert [(one.asked, one.waited_s) for one in events.responses] == [(1, 0.0)]


def test_answer_that_takes_breath_before_the_customer_ends_is_one_answer():
    answer = agent(8.0, 14.0, LISTEN * 2, pieces=((8.0, 9.3), (9.65, 14.0)))
    assert len(events_of(agent(0.0, 2.0), customer(5.0, 10.0), answer).responses) == 1


def test_listening_of_whoever_was_overlapped_adds_nothing_to_the_interruption():
    # 喂 ends as the agent begins; the customer's 嗯 less than a second later is of the same turn, but a listener's.
    lines = (
        agent(0.0, 1.0),
        customer(5.0, 8.2, "喂有人在吗嗯", pieces=((5.0, 7.2), (8.0, 8.2))),
        agent(6.9, 12.0, LISTEN),
    )
    assert events_of(*lines).interruptions == ()


def test_going_on_in_a_turn_through_the_others_words_is_no_answer():
    goes_on = agent(3.0, 12.0, LISTEN * 3, pieces=((3.0, 6.0), (6.9, 12.0)))
    assert events_of(agent(0.0, 1.0), goes_on, customer(5.0, 8.0)).responses == ()


@pytest.mark.parametrize(
    ("text", "seconds", "is_one"),
    [("嗯", 0.4, True), ("好的", 0.6, True), ("对对", 0.9, True), ("好的", 1.1, False), ("不是", 0.55, False)],
    ids=str,
)
def test_backchannel_is_short_and_only_acknowledges(text, seconds, is_one):
    events = events_of(customer(5.0, 10.0), agent(7.0, 7.0 + seconds, text))
    assert bool(events.backchannels) is is_one
    assert bool(events.interruptions) is not is_one


def test_interruptions_without_known_roles_are_empty():
    lines = customer(5.0, 10.0), agent(8.0, 12.0, LISTEN)
    assert events_of(*lines, agent_channel=None, layout=ChannelLayout.STEREO).interruptions == ()


# ---- silences and holds -------------------------------------------------------------------------------------------


def test_silences_are_told_apart_by_who_spoke_before():
    lines = (agent(2.0, 4.0), customer(6.0, 8.0), agent(11.0, 29.5))
    kinds = [(one.kind, one.duration_s) for one in events_of(*lines).silences]
    assert kinds == [
        (SilenceKind.NOBODY, 2.0),
        (SilenceKind.AFTER_AGENT, 2.0),
        (SilenceKind.AFTER_CUSTOMER, 3.0),
    ]


def test_silence_names_the_turns_around_it():
    (silence,) = events_of(agent(0.5, 4.0), customer(9.0, 29.5)).silences
    assert (silence.before, silence.after) == (0, 1)


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        ([agent(1.0, 5.0, "我帮您查询，请别挂机")], True),
        ([agent(1.0, 3.0, "请您稍等，好吗"), customer(3.5, 4.0, "好的")], True),
        ([agent(1.0, 5.0, "请稍等，我查一下")], False),
        ([agent(1.0, 3.0, "请您稍等，好吗"), customer(3.5, 5.0, "不行，我等不了")], False),
        ([agent(1.0, 3.0, "您的话费是三十六元"), customer(3.5, 4.0, "好的")], False),
    ],
    ids=["do not hang up", "agreed to", "not agreed to", "refused", "nothing announced"],
)
def test_silence_is_a_hold_when_announced_or_agreed_to(lines, held):
    events = events_of(*lines, agent(20.0, 29.5, "感谢您的耐心等候"))
    assert bool(events.holds) is held
    assert any(one.start_s >= 4.0 for one in events.silences) is not held
    if held:
        (hold,) = events.holds
        assert (hold.end_s, hold.cause) == (20.0, HoldCause.ANNOUNCED)
        assert (hold.announced, hold.resumed) == (0, len(lines))
        assert hold.consented is (len(lines) == 2)


def test_hold_music_is_a_hold_whoever_is_where_and_leaves_no_silence_at_its_ends():
    music = Acoustics(music=(ChannelSpan(0, 6.5, 19.0),))
    lines = (agent(1.0, 5.0), customer(20.0, 29.5))
    for known in ({}, {"agent_channel": None}):
        events = events_of(*lines, acoustics=music, **known)
        assert [(one.start_s, one.end_s, one.cause) for one in events.holds] == [(5.0, 20.0, HoldCause.MUSIC)]
        assert [one for one in events.silences if one.start_s >= 5.0] == []


def test_silence_long_before_unannounced_music_stays_a_silence():
    events = events_of(agent(1.0, 5.0), agent(25.0, 29.5), acoustics=Acoustics(music=(ChannelSpan(0, 12.0, 24.0),)))
    assert [(one.start_s, one.end_s, one.announced) for one in events.holds] == [(12.0, 25.0, None)]
    assert (5.0, 12.0) in [(one.start_s, one.end_s) for one in events.silences]


# ---- responses, prompts, monologues, the end ----------------------------------------------------------------------


def test_every_customer_turn_has_its_response_time():
    lines = (agent(0.0, 2.0), customer(3.0, 5.0), agent(6.0, 8.0), customer(9.0, 10.0), agent(16.5, 18.0))
    assert [(one.asked, one.answered, one.waited_s) for one in events_of(*lines).responses] == [
        (1, 2, 1.0),
        (3, 4, 6.5),
    ]


def test_listeners_sounds_are_neither_questions_nor_answers():
    lines = (agent(0.0, 2.0), customer(3.0, 8.0), agent(5.0, 5.4, "嗯"), agent(10.0, 15.0, LISTEN))
    assert [one.waited_s for one in events_of(*lines).responses] == [2.0]


def test_customer_saying_wei_goes_on_waiting():
    lines = (agent(0.0, 2.0), customer(3.0, 5.0), customer(9.0, 9.5, "喂，在吗"), agent(10.0, 12.0, LISTEN))
    events = events_of(*lines)
    assert [(one.waited_s, one.text) for one in events.prompts] == [(4.0, "喂，在吗")]
    assert [one.waited_s for one in events.responses] == [5.0]


def test_wei_as_a_greeting_is_no_prompt():
    assert events_of(customer(0.8, 1.5, "喂你好"), agent(2.0, 4.0)).prompts == ()


def test_monologue_goes_on_through_acknowledgements_and_ends_at_the_others_words():
    lines = (
        agent(0.0, 20.0, LISTEN),
        customer(20.3, 20.7, "嗯"),
        agent(21.5, 40.0, LISTEN),
        customer(41.0, 43.0),
        agent(44.0, 50.0, LISTEN),
    )
    runs = [(one.by, one.start_s, one.end_s) for one in events_of(*lines, duration_s=60.0).monologues]
    assert runs == [(Role.AGENT, 0.0, 40.0), (Role.CUSTOMER, 41.0, 43.0), (Role.AGENT, 44.0, 50.0)]


def test_hang_up_is_so_long_after_the_last_word_of_anybody():
    end = events_of(agent(0.0, 20.0), customer(21.0, 27.5), hung_up_by=Role.AGENT).hang_up
    assert end is not None
    assert (end.by, end.last_speaker, end.delay_s) == (Role.AGENT, Role.CUSTOMER, 2.5)


def test_hang_up_of_a_call_in_which_nobody_speaks_is_none():
    assert events_of().hang_up is None


# ---- pace ---------------------------------------------------------------------------------------------------------


def test_pace_of_each_turn_with_and_without_pauses():
    line = agent(0.0, 6.0, "一二三四五六七八九十", pieces=((0.0, 2.0), (3.0, 6.0)))
    (pace,) = turn_paces(read_dialogue(scene(line, agent(8.0, 9.0, ""))), Role.AGENT)
    assert (pace.characters, pace.speaking_cpm, pace.articulation_cpm) == (10, 100.0, 120.0)


def test_pace_of_each_minute_counts_the_characters_spoken_in_it():
    # Thirty characters over a minute's edge: evenly spread over speech, a third of them in the second minute.
    lines = (
        agent(55.0, 70.0, "一二三四五六七八九十" * 3, pieces=((55.0, 60.0), (60.0, 70.0))),
        agent(80.0, 82.0, "好的"),
    )
    paces = minute_paces(read_dialogue(scene(*lines, duration_s=130.0, answered_at_s=5.0)), Role.AGENT)
    assert [(pace.start_s, pace.end_s, pace.characters) for pace in paces] == [
        (5.0, 65.0, 20),
        (65.0, 125.0, 12),
        (125.0, 130.0, 0),
    ]
    assert [pace.speaking_cpm for pace in paces] == [120.0, pytest.approx(12 * 60 / 7), None]

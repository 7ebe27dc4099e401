"""The default rulebook: its own examples, and every fact of the service norms that it stands for."""

from __future__ import annotations

import pytest

from pipeline.features.measure import measure_call
from pipeline.features.settings import DEFAULT_MEASURE_SETTINGS
from pipeline.rules import Rulebook, check_examples, judge, load_rulebook
from pipeline.types import ChannelLayout, Judgement, Role, Severity
from tests.builders import call

IDS = (
    "GREET.01 GREET.02 GREET.03 RING.01 OUT.01 OUT.02 OUT.03 OUT.04 QUIET.01 RATE.01 RATE.02 RATE.03 AGREE.01 PART.01 "
    "CRUTCH.01 FILL.01 LANG.01 LANG.02 LANG.03 LANG.04 LANG.05 LANG.06 LANG.07 LANG.08 JARGON.01 CHAT.01 POLITE.01 "
    "LOUD.01 SIL.01 RESP.01 INT.01 HOLD.01 HOLD.02 HOLD.03 WEI.01 QUIET.02 EMP.01 APOL.01 REFUSE.01 COLL.01 LONG.01 "
    "CLOSE.01 ASK.01 HANG.01 AVOID.01 AVOID.02 HANG.02 SIGN.01 SIGN.02 SIGN.03 SIGN.04"
).split()


GOOD_CALL = (
    "agent@0.5-9: 您好，请问有什么可以帮您？",
    "customer@9.5-12: 我想查话费。",
    "agent@12.5-20: 好的，您的话费余额是三十元。",
    "customer@20.5-22: 谢谢。",
    "agent@22.5-28.5: 感谢您的来电，再见。",
)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook("mobile_service")


def verdict_of(rulebook: Rulebook, *lines: str, hung_up_by: Role = Role.CUSTOMER) -> Judgement:
    spoken = call(*lines, hung_up_by=hung_up_by)
    return judge(spoken, measure_call(spoken), rulebook, raise_failures=True)


def hits(rulebook: Rulebook, *lines: str) -> list[tuple[str, str]]:
    found = verdict_of(rulebook, *lines).findings
    return [(finding.rule, finding.quote) for finding in found if finding.rule.startswith(("LANG", "AVOID.01"))]


def test_rulebook_has_exactly_its_rules(rulebook: Rulebook) -> None:
    assert [rule.id for rule in rulebook.rules] == IDS


def test_examples_of_every_rule_come_out_as_written(rulebook: Rulebook) -> None:
    assert [str(failure) for failure in check_examples(rulebook)] == []


FORBIDDEN = {
    "LANG.01": ["喂喂"],
    "LANG.02": ["刚才不是和您说过了吗怎么还问"],
    "LANG.03": [
        "不行",
        "不知道",
        "不行就是不行",
        "你问我我问谁",
        "我就这个态度",
        "没法查",
        "没办法",
        "有意见找领导去",
        "用不起就别用",
        "有什么了不起",
        "你到底想怎么样嘛",
        "现在才说刚才干嘛不说",
        "明明就是你不对",
        "你有完没完",
        "没有这项业务就是没有",
        "公司不是为你家开的",
        "说怎样就怎样",
        "只知道用电话就不知道交电话费",
        "电脑坏了我有什么办法",
        "系统坏了我有什么办法",
        "不会用就别用",
        "你买的时候怎么不挑好",
        "你懂不懂不知道就别说了",
        "这是规定就不行",
        "不能退就不能退没有什么这是规矩",
        "有意见告去",
        "你可以投诉尽管去投诉他们好了",
        "我们一向都是这样的",
    ],
    "LANG.04": ["你小声一点行不行", "叫你旁边的人别说话", "大声点我听不清"],
    "LANG.05": [
        "我不清楚你找别的地方问去",
        "我不清楚你找地方问去",
        "不关我的事",
        "这个没办法",
        "办不了谁叫你没有密码",
        "办不了谁叫你没有身份证号码",
        "办不了谁叫你不记住密码",
        "办不了谁叫你不记住身份证号码",
        "这问题我们不清楚要咨询你打10086好了",
    ],
}
PHRASES = [(rule, phrase) for rule, phrases in FORBIDDEN.items() for phrase in phrases]


@pytest.mark.parametrize(("rule", "phrase"), PHRASES, ids=[phrase for _, phrase in PHRASES])
def test_forbidden_phrase_said_by_the_agent_is_found_once(rulebook: Rulebook, rule: str, phrase: str) -> None:
    assert hits(rulebook, "agent: 您好。", "customer: 你好。", f"agent: {phrase}") == [(rule, phrase)]


@pytest.mark.parametrize(("rule", "phrase"), PHRASES, ids=[phrase for _, phrase in PHRASES])
def test_forbidden_phrase_said_by_the_customer_is_no_violation(rulebook: Rulebook, rule: str, phrase: str) -> None:
    assert hits(rulebook, "agent: 您好。", f"customer: {phrase}", "agent: 好的。") == []


@pytest.mark.parametrize(
    "line",
    [
        "您看这样行不行？",
        "十元的流量包行不行",
        "如果还不行，请您再打给我们。",
        "不行的话您可以去营业厅办理",
        "这个套餐现在改不行，下个月一号可以。",
        "不知道您现在接听是否方便？",
        "对不起不知道您现在接听是否方便",
        "我不知道您的密码，请您自己输入。",
        "您不知道密码，可以用身份证办理。",
        "很抱歉这个没办法马上办好我给您登记",
        "抱歉，没办法，不过我可以帮您申请优惠。",
        "对不起，暂时没法查，系统恢复以后我给您回电话。",
        "这没有什么了不起，您别客气。",
        "您说怎样就怎样，我马上办。",
        "喂，您好，请讲。",
        "请您向下滚动，点击确认",
        "他妈的号码是多少，请您说一下。",
        "您有病历的话请带上",
        "人脸识别打不开，要不要脸部重新录一次？",
        "手机老是出去死机，请您去维修点看看。",
        "机器人白天值班，痴情不改。",
        "请您不要挂机，我马上查好",
        "请您先挂机，感谢您的来电，再见",
        "我挂了再打给您，请您稍等。",
        "手机丢了，请您先挂失。",
        "麻烦您大声点，我听不清",
        "这些都是我们应该做的，不要紧，没有关系。",
        "请问还有什么能帮您吗",
        "不好意思，耽误您这么长的时间，我们下次再联系，再见",
        "对不起，我没有听清楚您的问题，请您再复述一遍好吗",
        "请问您能听见我的声音吗",
        "对不起我听不清您的声音麻烦您大声一点好吗",
        "对不起，我帮您查询一下，请别挂机，稍等片刻，好吗",
        "我理解您的心情，您别急，我马上帮您处理",
    ],
)
def test_ordinary_service_talk_is_never_accused(rulebook: Rulebook, line: str) -> None:
    assert hits(rulebook, "agent: 您好。", "customer: 你好。", f"agent: {line}") == []


@pytest.mark.parametrize(
    "line",
    [
        "不知道您现在接听是否方便",
        "对不起不知道您现在接听是否方便",
        "您看这样办行不行",
        "十元的流量包行不行啊",
        "很抱歉这个没办法马上办好我给您登记明天回复您",
        "对不起现在没办法恢复不过我可以帮您申请补偿",
    ],
)
def test_ambiguous_phrases_do_not_accuse_even_without_punctuation(rulebook: Rulebook, line: str) -> None:
    verdict = verdict_of(rulebook, "agent: 您好", "customer: 你好", f"agent: {line}", "customer: 好", "agent: 再见")
    taken = [finding.rule for finding in verdict.findings if finding.points or finding.severity is Severity.FATAL]
    assert taken == []


SIGNALS = (
    ("customer: 我要投诉，我都打了三次电话了。", {"SIGN.01", "SIGN.03"}, 50.0),
    ("customer: 叫你们领导来。", {"SIGN.02"}, 20.0),
    ("customer: 非常感谢，你的服务真好。", {"SIGN.04"}, 0.0),
)


@pytest.mark.parametrize(("line", "signals", "risk"), SIGNALS, ids=[line for line, _, _ in SIGNALS])
def test_signals_of_the_customer_weigh_in_routing_and_never_in_the_score(
    rulebook: Rulebook, line: str, signals: set[str], risk: float
) -> None:
    plain = verdict_of(rulebook, *GOOD_CALL)
    verdict = verdict_of(rulebook, *GOOD_CALL[:-1], line, GOOD_CALL[-1].replace("22.5-28.5", "32-38"))
    found = [finding for finding in verdict.findings if finding.rule.startswith("SIGN")]
    assert {finding.rule for finding in found} == signals
    assert all(finding.severity is Severity.WARN and not finding.points for finding in found)
    assert verdict.score == plain.score
    assert (verdict.route.must_review, verdict.route.risk) == (False, risk)


def test_mono_recording_gets_no_score_from_the_few_rules_left(rulebook: Rulebook) -> None:
    spoken = call(*GOOD_CALL, layout=ChannelLayout.MONO, hung_up_by=Role.CUSTOMER, direction="inbound", ring_count=2)
    assert judge(spoken, measure_call(spoken), rulebook).score.total is None


def test_words_of_greeting_and_closing_are_those_of_the_measures(rulebook: Rulebook) -> None:
    by_id = {rule.id: rule for rule in rulebook.rules}
    for name, words in (
        ("GREET.02", DEFAULT_MEASURE_SETTINGS.greeting_words),
        ("CLOSE.01", DEFAULT_MEASURE_SETTINGS.closing_words),
    ):
        inner = by_id[name].parameters.when.negated
        assert inner is not None
        assert inner.say is not None
        assert {phrase.text for phrase in inner.say.any} == set(words)


def test_good_call_has_no_deduction_and_need_not_be_heard(rulebook: Rulebook) -> None:
    verdict = verdict_of(rulebook, *GOOD_CALL)
    assert [finding.rule for finding in verdict.findings if finding.points] == []
    assert verdict.score.total == 100.0
    assert not verdict.route.must_review


@pytest.mark.parametrize(
    ("lines", "hung_up_by", "reason"),
    [
        pytest.param((*GOOD_CALL, "agent: 神经病"), Role.CUSTOMER, "一票否决：辱骂客户（LANG.06）", id="fatal"),
        pytest.param(
            ("agent: 不会用就别用", "agent: 不关我的事", "agent: 你有完没完", *GOOD_CALL),
            Role.CUSTOMER,
            "“语言规范”类扣分 3 处，达到 3 处",
            id="three_forbidden_phrases",
        ),
        pytest.param(
            ("agent: 请讲", *["agent: 你有完没完"] * 4), Role.AGENT, "预评分 35.0 分，低于 60 分", id="total_under_60"
        ),
        pytest.param(
            (*GOOD_CALL, "agent: 您挂了再打过来吧"),
            Role.CUSTOMER,
            "命中必听规则：叫客户挂机重打（AVOID.01）",
            id="asks_to_hang_up",
        ),
        pytest.param(
            ("agent: 您好，请讲。", "customer: 我的账单多了三十块钱。"),
            Role.AGENT,
            "命中必听规则：没有服务就挂断的短通话（AVOID.02）",
            id="short_call_ended_by_agent",
        ),
    ],
)
def test_call_that_a_person_must_hear_says_why(
    rulebook: Rulebook, lines: tuple[str, ...], hung_up_by: Role, reason: str
) -> None:
    verdict = verdict_of(rulebook, *lines, hung_up_by=hung_up_by)
    assert reason in verdict.route.reasons


def test_fatal_finding_makes_the_total_zero(rulebook: Rulebook) -> None:
    verdict = verdict_of(rulebook, *GOOD_CALL, "agent: 神经病")
    assert (verdict.score.total, verdict.score.fatal) == (0.0, True)


def test_who_hung_up_unknown_leaves_those_rules_out(rulebook: Rulebook) -> None:
    spoken = call(*GOOD_CALL)
    verdict = judge(spoken, measure_call(spoken), rulebook)
    left_out = {item.rule for item in verdict.not_assessable}
    assert {"AVOID.02", "HANG.01", "HANG.02"} <= left_out

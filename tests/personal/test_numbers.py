from __future__ import annotations

import pytest

from pipeline.personal import find_numbers, masked
from pipeline.rules.example_calls import call_from_lines

NUMBERS = {
    "digit by digit": (["customer: 我的手机号是幺三八零零幺三八零零零"], ["零零幺", "三八"]),
    "written": (["customer: 我的手机号是13800138000。"], ["138"]),
    "written with spaces": (["customer: 138 0013 8000"], ["138", "8000"]),
    "full width": (["customer: １３８００１３８０００"], ["１３８"]),
    "paused": (["customer: 幺三八，嗯，零零幺三，八零零零"], ["幺", "八零"]),
    "each digit by itself": (["customer: 幺、三、八、零、零、幺、三、八、零、零、零"], ["幺", "八"]),
    "over turns": (
        ["customer: 幺三八", "agent: 嗯，您说", "customer: 零零幺三", "agent: 好的", "customer: 八零零零"],
        ["幺三八", "零零幺三", "八零零零"],
    ),
    "repeated by the agent": (
        ["customer: 幺三八零零幺三八零零零", "agent: 跟您核对一下，幺三八零零幺三八零零零，对吗？"],
        ["幺三八", "八零零零"],
    ),
    "three times eight": (["customer: 幺三九三个八零零五六"], ["三个八", "幺三九", "五六"]),
    "a digit misheard inside": (["customer: 幺三八林林幺三八零零零"], ["林林", "幺三八"]),
    "a digit misheard at the edge": (["customer: 要三八零零幺三八零零零"], ["要三八"]),
    "thousand at the end": (["customer: 我的号码一三九零零零一八千"], ["一三九", "八千"]),
    "identity card": (["customer: 身份证是110101199003074219"], ["110101", "4219"]),
    "identity card with x": (["customer: 四四零三零幺幺九九零零三零七二三幺x"], ["四四零", "x"]),
    "last four after a question": (["agent: 请报一下您身份证的后四位", "customer: 四二幺九"], ["四二幺九"]),
    "code": (["customer: 验证码三六九二"], ["三六九二"]),
    "bank card": (["customer: 卡号是六二二二零二零二零零幺幺二二三三四四五"], ["六二二二", "四四五"]),
    "order with letters": (["customer: 订单号是TJ202603120077"], ["TJ", "0077"]),
    "five digits without a word": (["customer: 是三六九二七"], ["三六九二七"]),
    "landline": (["customer: 零七五五二六幺二三四五六"], ["零七五五"]),
}


@pytest.mark.parametrize(("lines", "secret"), NUMBERS.values(), ids=NUMBERS.keys())
def test_personal_number_is_masked_wherever_it_stands(lines: list[str], secret: list[str]) -> None:
    utterances = call_from_lines(lines).transcript.utterances
    shown = "".join(masked(utterances, find_numbers(utterances)))
    assert [one for one in secret if one in shown] == []


NOT_PERSONAL = {
    "amount": "agent: 您这个月一共消费一百二十八块五毛",
    "long amount": "agent: 一共一万两千三百四十五块六毛七",
    "written amount": "agent: 余额还有12345元",
    "date": "agent: 您的合约到二零二六年三月十二号",
    "written date": "agent: 2026年3月12日15点30分已经处理",
    "hot line": "agent: 请您拨打10086，或者一零零八六，投诉打12315",
    "company line": "agent: 客服电话是4008123456",
    "quantity": "agent: 套餐有一百分钟，十个G的流量，5G网络",
    "words with digits": "agent: 一起、一般、三心二意、五湖四海，一一跟您说明",
    "list": "agent: 第一是价格，第二是流量，第三是时间",
    "ordinary talk": "agent: 您好，请问有什么可以帮您？您问我，我问谁",
}


@pytest.mark.parametrize("line", NOT_PERSONAL.values(), ids=NOT_PERSONAL.keys())
def test_what_is_no_personal_number_stays(line: str) -> None:
    utterances = call_from_lines([line]).transcript.utterances
    assert find_numbers(utterances) == ()


def test_kind_is_told_where_the_digits_tell_it() -> None:
    lines = ["customer: 我的电话13800138000", "customer: 身份证四四零三零幺幺九九零零三零七二三幺x"]
    utterances = call_from_lines(lines).transcript.utterances
    assert [span.kind for span in find_numbers(utterances)] == ["phone", "identity_card"]


def test_pieces_far_apart_in_time_are_no_one_number() -> None:
    utterances = call_from_lines(["customer@1: 三六九", "customer@60: 二七五"]).transcript.utterances
    assert find_numbers(utterances) == ()

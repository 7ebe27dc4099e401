"""A made-up month of flagged stretches with planted error themes, for the benchmark of the clusters.

Twelve troubles, each said in many ways (a small grammar: ``{a|b}`` is a choice, ``{}`` may be left out), by one agent,
one team or everybody, with recognition errors (homophones, lost characters) and false flags mixed in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pypinyin.constants import PINYIN_DICT

from benchmarks.service_calls import sentences
from models.stretches import Stretch
from pipeline.rules.sound import syllable
from quality.error_scope import Scope

AGENTS, TEAMS, CALLS = 300, 20, 60_000
HOMOPHONE_SHARE, LOST_SHARE = 0.06, 0.01
FALSE_FLAG_SHARE = 0.12
BUSINESS_TYPES = ("套餐", "宽带", "话费", "投诉", "国际业务")

OPENERS = "{|呃|嗯|那个|这个|先生|女士|您好|哎呀|是这样的|跟您说一下|这样子}"
CLOSERS = "{|啊|了|呢|吧|好吧|您看呢|知道吗|明白吗|就这样}"


@dataclass(frozen=True, slots=True)
class Theme:
    """One trouble.

    Attributes:
        name: for the reader of the benchmark.
        rules: rules that flag it; some flag two themes, some themes come under two rules.
        rate: share of an ordinary agent's calls.
        scope: whose trouble it is.
        said: what the agent says.
        before: what the customer said before.
    """

    name: str
    rules: tuple[str, ...]
    rate: float
    scope: Scope
    said: tuple[str, ...]
    before: tuple[str, ...]


THEMES = (
    Theme(
        "不归我管",
        ("LANG.03", "REFUSE.01"),
        0.030,
        Scope.UNIVERSAL,
        (
            "这个{事|问题|业务|}{不归我管|不是我管的|不归我们管|不归我们部门管|跟我们没关系}，{你|您}{去|}找{别的部门|营业厅|别人|相关部门}",
            "{你|您}打{错|}电话{了|}，{我们|我这边|这里}{不管这个|管不了这个|不负责这块|不负责这个}，找{营业厅|别的部门}去",
            "我们{这|}只{管|负责}{查询|受理}，{别的|其他的|这个}{不归我管|不归我们管|我们不管}",
        ),
        ("我家{宽带|网络}{坏了|断了|上不去}，你们{谁|}来{修|看}一下", "我这个{问题|事}{到底|}{谁|哪个部门}{管|负责}"),
    ),
    Theme(
        "催促挂机",
        ("HANG.02", "LANG.05"),
        0.016,
        Scope.INDIVIDUAL,
        (
            "{没|还有}别的事{了吧|吗}，{没事|没有的话}{我就|就}{挂了|先挂了|先这样|挂电话了}",
            "{你|您}{先挂|挂了|把电话挂了}{吧|}，{后面|那边}{还有|}{人|客户|很多电话}{在|}{等|排队}{着|}呢",
            "{行了|好了|可以了}{吧|}，{我要|我得}{接|接听}{下一个|别的}{电话|客户}了，{你|您}挂{机|电话}吧",
        ),
        ("{等|再等}一下，我{还|还有}{问题|没说完|想问}", "{那|}我{再|还}{想|}问{一个|一下}"),
    ),
    Theme(
        "让客户自己查",
        ("LANG.04",),
        0.024,
        Scope.UNIVERSAL,
        (
            "{你|您}自己{上网|在手机上|去网上|在网站上}{查|看|找}{一下|}不就{行了|知道了|可以了}",
            "{手机|掌上|网上}营业厅{里|上}{都有|都能查|写得很清楚}，{你|您}自己{去|}看{看|}",
            "这个{短信|通知}{里|}{不是|都}{写着|发过了|写清楚了}{吗|}，{你|您}自己{看|翻}{一下|一看}短信",
        ),
        ("{我|帮我}{想|}查{一下|}{这个月|上个月}{的|}{话费|流量|账单}", "我{还|}剩多少{流量|话费|钱}"),
    ),
    Theme(
        "指责客户",
        ("LANG.01",),
        0.012,
        Scope.GROUP,
        (
            "{你|您}{怎么|}{听不懂|听不明白|没听懂}{吗|}，我{都|}{说|讲|解释}{了|}{好几遍|三遍|几遍}了",
            "{你|您}{到底|}{有没有|}{在听|听我说}{没有|}，{刚才|我刚刚}{不是|已经}{说过|讲过|告诉}{你|您}{了|}{吗|}",
            "{跟|和}{你|您}{说|讲}{不清楚|不明白|话真累}，{怎么|}{这么|这样}{简单|}都{不懂|听不懂}",
        ),
        ("{我|}{没听懂|不明白|没听清楚}，{你|}再说一遍", "{什么|什么意思}{啊|}，{到底|}{怎么|怎样}{弄|办}"),
    ),
    Theme(
        "没有权限",
        ("REFUSE.01",),
        0.020,
        Scope.UNIVERSAL,
        (
            "我{这边|这里|们这边}{没有|没}{这个|}{权限|办法}{操作|处理|修改|改}，{真的|确实}{没办法|做不了|弄不了}",
            "{系统|后台}{不允许|不让|没开放|没给}{我们|}{权限|操作|改}，{我|我们}{也|}{没办法|改不了|做不了}",
            "{退费|减免|改资料}{我|我们}{没有|没}权限，{办不了|处理不了|退不了}",
        ),
        ("{把|}{多扣|乱扣}的{钱|话费|费用}{退|还}给我", "{你|}{帮我|给我}{减|免}{掉|一下}{违约金|费用}"),
    ),
    Theme(
        "过度承诺",
        ("PROM.01",),
        0.010,
        Scope.INDIVIDUAL,
        (
            "{我|我们}{保证|肯定|百分之百}{明天|今天|马上|两小时内}{给|帮}{你|您}{修好|装好|弄好|解决}",
            "{绝对|肯定|一定}{没问题|不会有问题|不会再扣}，{有问题|出了问题}{你|您}{来|直接}找我",
            "{你|您}{放心|放一百个心}，{今天|明天}{之内|晚上}{保证|绝对|一定}{恢复|到账|装好}",
        ),
        ("{什么时候|多久|几时}{能|可以}{修好|装好|恢复|到账}", "{会不会|以后会不会}{再|又}{扣|乱扣|坏}"),
    ),
    Theme(
        "没核实身份",
        ("PROC.02",),
        0.018,
        Scope.GROUP,
        (
            "{不用|没事不用}{身份证|核对|验证}{了|}，{我|}{直接|现在就}{给|帮}{你|您}{办|开通|改}{了|上}",
            "{密码|资料|地址}{我|}{直接|}{告诉|念给|报给}{你|您}{吧|}，{你|您}{记|写}{一下|下来}",
            "{我|}{这边|}{看到|查到}{机主|户主}{是|叫}{他|她|您爱人}，{没关系|不要紧}，{我|}{帮|给}{你|您}{改|办}{了|}",
        ),
        ("{我|}{替|帮}{我爱人|我妈|朋友}{办|查|改}{一下|}", "{我|}{身份证|证件}{不在|没在}{身边|手上}"),
    ),
    Theme(
        "推销纠缠",
        ("SALE.01",),
        0.014,
        Scope.GROUP,
        (
            "{您|你}{再|}考虑{一下|考虑}{嘛|吧|}，{这个|我们这}{套餐|活动}{真的|特别|非常}{划算|优惠|便宜}，{错过|过了今天}{就|}没有了",
            "{这么|那么}{好|便宜}的{套餐|优惠|活动}{您|你}{为什么|怎么}{不要|不办}{呢|}，{大家|别人}都{办|换}了",
            "{先|}给{您|你}{开通|办上}{试|试用}{一个月|两个月}，{不好|不满意}{再|}{退|取消}{嘛|}",
        ),
        ("{我|}{不需要|不要|不办}，{谢谢|不用了}", "{别|不要}{再|}{推荐|介绍}{了|}，{我|}{没兴趣|不办}"),
    ),
    Theme(
        "长时间不说明地等待",
        ("HOLD.01",),
        0.022,
        Scope.UNIVERSAL,
        (
            "{你|您|}{等|等等|等一下|等会儿}{啊|}，{我|}{查|看|问}{一下|一查}",
            "{别|先别}{挂|挂断}，{我|}{去|}{问|找}{一下|下}{同事|主管|班长}，{等|等着}{啊|}",
            "{系统|电脑|网}{有点|比较|很}{慢|卡}，{等|等着|再等等}{吧|啊|}",
        ),
        ("{那|}{帮我|麻烦}{查|看}{一下|下}{是|}{什么|怎么}{原因|回事}", "{到底|}{还|}要{等|查}{多久|多长时间}"),
    ),
    Theme(
        "语气词应付",
        ("AGREE.01",),
        0.013,
        Scope.INDIVIDUAL,
        (
            "{嗯|哦}{嗯|哦|}，{知道了|行|行行行}，{然后|还有}{呢|}",
            "{随便|都行|无所谓}{你|您}{吧|}，{你|您}{说|想}{怎么|怎样}{就|}{怎么|怎样}",
            "{哦|嗯}{这样|这样子}{啊|}，{那|}{我|}{也|}{不好说|说不好|不知道说什么}",
        ),
        (
            "{我|}{昨天|前天}{去|到}{营业厅|那边}{办|问}{过|}{了|}，{他们|那边}说{办好|弄好}{了|}",
            "{我|}{都|}{打|打过}{三次|好几次}{电话|}了",
        ),
    ),
    Theme(
        "报错资费",
        ("PRICE.01",),
        0.007,
        Scope.NONE,
        (
            "{这个|那个}套餐{好像|大概|应该}{是|}{五十|八十|一百}{多|来}{块|元}{吧|}，{具体|详细}{我|}{记不清|不太清楚|没记住}",
            "{流量|通话}{好像|应该|可能}{是|有}{二十|三十|五十}{个|}{G|分钟}{吧|左右}，{我|}{也|}{不确定|不太确定}",
            "{月租|月费}{可能|大概|差不多}{三十|六十|九十}{块|元}{左右|上下|吧}，{回头|以后}{你|您}{看|看看}{账单|短信}",
        ),
        ("{这个|那个|新的}套餐{多少钱|什么价|一个月多少钱}", "{有|一个月有}多少{流量|分钟}"),
    ),
    Theme(
        "拒绝升级投诉",
        ("LANG.07", "REFUSE.01"),
        0.009,
        Scope.NONE,
        (
            "{主管|经理|领导}{不在|很忙|在开会|下班了}，{找|转}{他|谁|主管}{也|都}{没用|一样|不能解决}",
            "{投诉|告|去投诉}{也|都}{没用|是一样的}，{工信部|消协|上级}{也|都}{转|派}{回|给}{我们|这里}",
            "{你|您}{要|想}投诉就{投诉|去投诉}{好了|吧}，{我|}{工号|名字}{就|}{告诉|给}{你|您}",
        ),
        ("{叫|让|找}{你们|你}{主管|经理|领导}{来|}{听|接}电话", "{我|}{要|}投诉{你|你们}"),
    ),
)

_CHOICE = re.compile(r"\{([^{}]*)\}")


def say(pattern: str, chance: random.Random) -> str:
    """One way to say a pattern."""
    return _CHOICE.sub(lambda found: chance.choice(found[1].split("|")), pattern)


@cache
def _alike() -> dict[str, tuple[str, ...]]:
    """Usual characters by their toneless syllable."""
    common = sorted(
        {character for role in sentences().values() for text in role for character in text}
        | {character for theme in THEMES for text in (*theme.said, *theme.before) for character in text}
    )
    found: dict[str, list[str]] = {}
    for character in common:
        sound = syllable(character) if ord(character) in PINYIN_DICT else None
        if sound:
            found.setdefault(sound, []).append(character)
    return {sound: tuple(characters) for sound, characters in found.items()}


def misheard(text: str, chance: random.Random) -> str:
    """A text as a recogniser writes it: some characters as homophones, some not at all."""
    written = []
    for character in text:
        luck = chance.random()
        if luck < LOST_SHARE:
            continue
        if luck < LOST_SHARE + HOMOPHONE_SHARE:
            character = chance.choice(_alike().get(syllable(character) or "", (character,)))
        written.append(character)
    return "".join(written)


@dataclass(frozen=True, slots=True)
class Month:
    """Flagged stretches with the theme of each (None for a false flag), and how many calls each agent had."""

    stretches: tuple[Stretch, ...]
    themes: tuple[str | None, ...]
    calls_of: dict[str, int]
    team_of: dict[str, str]


def make_month(
    seed: int, *, agents: int = AGENTS, teams: int = TEAMS, calls: int = CALLS, themes: Sequence[Theme] = THEMES
) -> Month:
    """A month of flags; who has an individual or group trouble follows from the theme, not from the seed."""
    chance = random.Random(seed)
    names = [f"A{number:04d}" for number in range(agents)]
    team_of = {name: f"T{number % teams:02d}" for number, name in enumerate(names)}
    each = calls // agents
    stretches: list[Stretch] = []
    planted: list[str | None] = []

    def add(agent: str, call: int, rule: str, said: str, before: str, theme: str | None) -> None:
        call_id = f"{agent}-{call:05d}"
        stretches.append(
            Stretch(
                key=f"{call_id}/{rule}/{len(stretches)}",
                call_id=call_id,
                rule=rule,
                text=misheard(said, chance),
                before=misheard(before, chance),
                agent=agent,
                team=team_of[agent],
                business_type=chance.choice(BUSINESS_TYPES),
                weight=1.0 if chance.random() < 0.1 else 0.8,
            )
        )
        planted.append(theme)

    rules = sorted({rule for theme in themes for rule in theme.rules})
    for agent in names:
        for number, theme in enumerate(themes):
            rate = theme.rate * _factor(theme, number, agent, team_of[agent], agents, teams)
            for call in range(each):
                if chance.random() < rate:
                    said = say(OPENERS, chance) + say(chance.choice(theme.said), chance) + say(CLOSERS, chance)
                    before = say(chance.choice(theme.before), chance)
                    if chance.random() < 0.3:
                        before = chance.choice(sentences()["customer"])
                    add(agent, call, chance.choice(theme.rules), said, before, theme.name)
    false = round(len(stretches) * FALSE_FLAG_SHARE / (1 - FALSE_FLAG_SHARE))
    for _ in range(false):
        said = "，".join(chance.choices(sentences()["agent"], k=chance.choice((1, 1, 2))))
        agent = chance.choice(names)
        add(agent, chance.randrange(each), chance.choice(rules), said, chance.choice(sentences()["customer"]), None)
    order = list(range(len(stretches)))
    chance.shuffle(order)
    return Month(
        tuple(stretches[at] for at in order),
        tuple(planted[at] for at in order),
        dict.fromkeys(names, each),
        team_of,
    )


INDIVIDUALS = 3
_ODDS = {Scope.INDIVIDUAL: 8.0, Scope.GROUP: 4.0}
ORDINARY = {Scope.NONE: 1.0, Scope.INDIVIDUAL: 0.4, Scope.GROUP: 0.5, Scope.UNIVERSAL: 1.0}
"""Beside those who stand out the others have less of a trouble, so that its month's rate stays near ``rate``."""


def _factor(theme: Theme, number: int, agent: str, team: str, agents: int, teams: int) -> float:
    ordinary = ORDINARY[theme.scope]
    if theme.scope is Scope.INDIVIDUAL:
        own = {f"A{(number * 37 + 11 * one) % agents:04d}" for one in range(INDIVIDUALS)}
        return ordinary * (_ODDS[theme.scope] if agent in own else 1.0)
    if theme.scope is Scope.GROUP:
        return ordinary * (_ODDS[theme.scope] if team == f"T{number % teams:02d}" else 1.0)
    return ordinary

"""Calls written by chance, with known truth: what the benchmark of the measures listens to.

Nothing of the bundled calls is used: other lines, other voices. Every call comes from its number alone. Values that lie
so near a definition's limit that the definition itself is a matter of chance (a gap of 0.98 s, an overlap of 0.5 s) are
not written.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache
from itertools import pairwise
from typing import Any

from pipeline.types import ChannelLayout, Role
from samples.dialogue import AgentProfile, Dialogue, Dialogues, Line
from samples.spoken_call import CUSTOMER_PAUSES, agent_pauses
from samples.voice import Speech, Voice, is_spoken, speak

SNRS_DB = (None, 20.0, 10.0, None, 20.0, 10.0, None, 15.0)
STEREO_ENCODINGS = ("pcm", "alaw", "mulaw", "mp3", "opus")
KINDS = ("stereo",) * 15 + ("cross_talk", "cross_talk", "dual_mono", "mono", "swapped")
CROSS_TALK_DB = -25.0
HELD_OUT_FROM = 5000
"""Calls from this number on are for the benchmarks alone: whoever changes the code listens to lower ones."""

GREETINGS = ("您好，请问您有什么需要？", "您好，很高兴为您服务，请讲。", "早上好，请问您想办理什么业务？")
AGENT_LINES = (
    "您说的这个情况，我已经记录下来了，明天上午会有人给您回电话。",
    "这个套餐每个月五十九元，包含三百分钟通话，还有二十个流量。",
    "您可以在手机上办理，也可以带着身份证去营业厅。",
    "查到了，您上个月多用了两百兆流量，所以多扣了十元。",
    "好的，我帮您登记一下，请您说一下联系电话。",
    "宽带的费用是一年六百元，安装不收钱，师傅会提前联系您。",
    "这项业务从下个月一号开始生效，到时候会发短信通知您。",
    "请您先把手机关掉，等一分钟再打开，看看有没有信号。",
    "发票可以寄到您家里，大概三个工作日就能收到。",
    "您的号码现在是正常的，没有停机，也没有欠费。",
    "如果您不想用了，随时可以取消，不收任何费用。",
)
CUSTOMER_LINES = (
    "我这个手机号码用了很多年了，最近总是收到广告短信，能不能帮我关掉？",
    "上个星期办的宽带，到现在还没有人来装，我打了三次电话了，每次都说会有人联系我。",
    "我想问一下，如果换成便宜一点的套餐，原来的积分还在不在？",
    "昨天晚上开始就上不了网，灯是亮的，可是什么都打不开。",
    "这个月的账单我看不懂，有一项三十元的费用，我没有用过这个东西。",
    "家里老人不会用手机，你们能不能派人上门教一下？",
    "我人在外地，身份证没有带，可以用照片办理吗？",
    "那要是我下个月搬家了，这个宽带能不能移过去？",
    "他们说可以退钱的，为什么到现在还没有退给我？",
    "明白了，那我先试一试。",
    "好吧，那就这样办。",
)
CLOSINGS = ("感谢您的支持，再见。", "祝您一切顺利，再见。", "那就不打扰您了，再见。")
HOLD_REQUEST = "我需要查询一下，请您别挂机，稍等片刻，好吗？"
HOLD_CONSENT = "好的。"
HOLD_THANKS = "感谢您的耐心等候，已经查到了。"
ACKNOWLEDGEMENTS = ("嗯。", "对。", "好。", "是的。")
PROMPT = "喂，有人在吗？"
INTERRUPTIONS = ("您先听我说，事情不是这样的。", "这个我知道，您不用再讲了。", "等一下，您说的是哪一个号码？")

_LONG_CHARACTERS = 20
_GAP_S = (0.2, 0.7)
_LONG_GAP_S = (1.4, 9.0)
# Nothing is written between these: which side of one second it falls on would be a matter of chance.
_NEAR_ONE_SECOND = (0.8, 1.3)


@dataclass(frozen=True, slots=True)
class Planned:
    """A call as written; ``kind`` is one of KINDS, ``clip_gain_db`` drives the agent's channel into clipping."""

    number: int
    kind: str
    dialogue: Dialogue
    dialogues: Dialogues
    clip_gain_db: float | None


class _NotPlaceable(Exception):
    """By chance something lies too near a limit."""


@dataclass(slots=True)
class _Draft:
    """Lines with when they will stand, as the maker places them."""

    lines: list[Line]
    spans: list[tuple[Role, float, float]]

    @property
    def latest_s(self) -> float:
        return max((end for _, _, end in self.spans), default=0.0)

    def add(self, role: Role, text: str, after_s: float, duration_s: float, **more: Any) -> None:
        start_s = self.latest_s + after_s
        self.lines.append(Line(**{role.value: text}, after_s=after_s, **more))
        self.spans.append((role, start_s, start_s + duration_s))


def plan(number: int) -> Planned:
    """Write the call of this number."""
    for attempt in range(200):
        try:
            return _plan(number, random.Random(number * 1000 + attempt))
        except _NotPlaceable:
            continue
    raise RuntimeError(f"call {number} cannot be written")


def _plan(number: int, rng: random.Random) -> Planned:
    kind = KINDS[number % len(KINDS)]
    snr_db = SNRS_DB[number % len(SNRS_DB)]
    agent = Voice(rng.choice(("f1", "f2", "f3", "m1", "m3")), rng.randint(165, 230), rng.randint(45, 70), 90)
    customer = Voice(rng.choice(("f2", "f4", "m2", "m3", "m4")), rng.randint(160, 220), rng.randint(45, 65), 80)
    wanted = _script(rng)
    texts = [text for role, text, _ in wanted if role is Role.AGENT]
    rate_cpm = _natural_rate(texts, agent, rng.uniform(0.24, 0.42))
    pauses = agent_pauses(texts, agent, rate_cpm)
    draft = _Draft([], [])
    greeting_s = rng.choice((rng.uniform(0.3, 1.8), rng.uniform(0.3, 1.8), rng.uniform(2.25, 5.0)))
    has_loud = rng.random() < 0.3
    for role, text, what in wanted:
        voice = agent if role is Role.AGENT else customer
        manner = pauses if role is Role.AGENT else CUSTOMER_PAUSES
        speech = manner.say(text, voice)
        after_s = greeting_s if not draft.lines else _after(what, draft, speech, rng)
        more: dict[str, Any] = {}
        if role is Role.AGENT:
            more["gain_db"] = round(rng.uniform(-1.5, 1.5), 2)
            if what == "loud" and has_loud:
                more["gain_db"] = round(rng.uniform(10.5, 14.0), 2)
        if what == "consent":
            more["hold_s"] = round(rng.uniform(4.0, 16.0), 2)
            more["music"] = rng.choice(("piano", "strings", "band", "flute", None, None))
        draft.add(role, text, round(after_s, 4), speech.duration_s, **more)
        _check(draft)
        if what == "consent":
            draft.spans.append((Role.UNKNOWN, draft.latest_s, draft.latest_s + more["hold_s"]))
    rings = rng.choice((0, 0, 1, 2, 3)) if kind != "mono" else 0
    encoding = "gsm" if kind == "mono" else STEREO_ENCODINGS[(number + number // len(KINDS)) % len(STEREO_ENCODINGS)]
    layout = {"mono": ChannelLayout.MONO, "dual_mono": ChannelLayout.DUAL_MONO}.get(kind, ChannelLayout.STEREO)
    clips = kind == "stereo" and encoding in ("pcm", "alaw", "mulaw") and snr_db is None and not has_loud
    dialogue = Dialogue(
        id=f"generated-{number:04d}",
        title="",
        agent="G1",
        customer=customer,
        time=time(9),
        business_type="",
        encoding=encoding,
        layout=layout,
        agent_channel=rng.choice((0, 1)),
        rings=rings,
        # Who hung up is the platform's word; where channels say nothing, nothing else may be said of the agent.
        hung_up_by="customer" if kind in ("dual_mono", "swapped") else rng.choice(("agent", "customer")),
        greeting_after_s=draft.lines[0].after_s or 0.0,
        agent_rate_cpm=rate_cpm,
        # A raised voice must not clip.
        agent_level_dbfs=round(rng.uniform(-38.0, -34.0) if has_loud else rng.uniform(-32.0, -27.0), 2),
        snr_db=snr_db,
        cross_talk_db=CROSS_TALK_DB if kind == "cross_talk" else None,
        cross_talk_delay_s=round(rng.uniform(0.0, 0.12), 4) if kind == "cross_talk" else 0.0,
        swapped=kind == "swapped",
        measured_only=True,
        tail_s=rng.choice((rng.uniform(0.3, 0.75), rng.uniform(1.4, 6.0))),
        turns=tuple(draft.lines),
    )
    profile = AgentProfile(id="G1", name="G1", team="G", voice=agent)
    clip_gain_db = round(rng.uniform(12.0, 18.0), 2) if clips and rng.random() < 0.4 else None
    return Planned(number, kind, dialogue, Dialogues(agents=(profile,), calls=()), clip_gain_db)


def _script(rng: random.Random) -> list[tuple[Role, str, str]]:
    """Who says what, and how it begins: after a gap, into the other's words, or as a listener."""
    agent_lines, customer_lines = list(AGENT_LINES), list(CUSTOMER_LINES)
    rng.shuffle(agent_lines)
    rng.shuffle(customer_lines)
    script = [(Role.AGENT, rng.choice(GREETINGS), "gap")]
    rounds = rng.randint(3, 4)
    loud_round, hold_round = rng.randrange(rounds), rng.randrange(rounds) if rng.random() < 0.35 else None
    for index in range(rounds):
        words = customer_lines[index]
        script.append((Role.CUSTOMER, words, rng.choice(("gap", "gap", "gap", "early", "silence"))))
        if index == hold_round:
            script += [
                (Role.AGENT, HOLD_REQUEST, "gap"),
                (Role.CUSTOMER, HOLD_CONSENT, "consent"),
                (Role.AGENT, HOLD_THANKS, "resume"),
            ]
            continue
        is_long, chance = len(words) >= _LONG_CHARACTERS, rng.random()
        if is_long and chance > 0.6:
            script.append((Role.AGENT, rng.choice(INTERRUPTIONS), "interrupt"))
            continue
        if is_long and rng.random() < 0.4:
            script.append((Role.AGENT, rng.choice(ACKNOWLEDGEMENTS), "listener"))
        if chance < 0.12:
            script.append((Role.CUSTOMER, PROMPT, "prompt"))
        how = "loud" if index == loud_round else rng.choice(("gap", "gap", "early", "silence"))
        script.append((Role.AGENT, agent_lines[index], how))
        if rng.random() < 0.2:
            script.append((Role.CUSTOMER, rng.choice(ACKNOWLEDGEMENTS), "listener"))
        elif rng.random() < 0.2:
            script.append((Role.CUSTOMER, customer_lines[-1 - index], "interrupt"))
    script.append((Role.AGENT, rng.choice(CLOSINGS), "gap"))
    script.append((Role.CUSTOMER, "再见。", rng.choice(("gap", "silence"))))
    return script


def _after(what: str, draft: _Draft, speech: Speech, rng: random.Random) -> float:
    """The gap to the end of everything said before, negative inside it."""
    _, last_start_s, last_end_s = max(draft.spans, key=lambda span: span[2])
    last_s = last_end_s - last_start_s
    if what == "silence":
        return rng.uniform(*_LONG_GAP_S)
    if what == "prompt":
        return rng.uniform(2.5, 6.0)
    if what == "resume":
        return 0.0  # the hold, which stands among the spans, is the gap
    if what == "early":
        return -rng.uniform(0.05, 0.3)
    if what == "interrupt":
        if last_s < 2.6:
            raise _NotPlaceable
        return -rng.uniform(0.9, min(3.0, last_s - 1.2))
    if what == "listener":
        # Short words only: from 0.6 s on an acknowledgement takes the floor.
        if last_s < 3.0 or speech.duration_s > 0.55:
            raise _NotPlaceable
        return -rng.uniform(speech.duration_s + 0.5, last_s - 0.8)
    return rng.uniform(*_GAP_S)


@cache
def _bare_s(text: str, voice: Voice) -> float:
    return speak(text, voice, pause_s=0.0).duration_s


def _natural_rate(texts: Sequence[str], voice: Voice, comma_s: float) -> float:
    """The rate at which the maker arrives at pauses of this length."""
    joined = "".join(texts)
    speech_s = sum(_bare_s(text, voice) for text in texts)
    inner = [text.rstrip("，。？、") for text in texts]
    commas = sum(text.count("，") for text in inner)
    stops = sum(text.count("。") + text.count("？") for text in inner)
    return 60.0 * sum(map(is_spoken, joined)) / (speech_s + comma_s * (commas + 1.2 * stops))


def _check(draft: _Draft) -> None:
    """Refuse a call in which a gap is about a second or an overlap about half of one."""

    def near(seconds: float, limits: tuple[float, float]) -> bool:
        return limits[0] < seconds < limits[1]

    for role in (Role.AGENT, Role.CUSTOMER):
        own = sorted((start, end) for who, start, end in draft.spans if who is role)
        for (_, end), (start, _) in pairwise(own):
            if near(start - end, _NEAR_ONE_SECOND) or start < end + 0.05:
                raise _NotPlaceable
    everybody = sorted((start, end) for _, start, end in draft.spans)
    latest_s = 0.0
    for start, end in everybody:
        if near(start - latest_s, _NEAR_ONE_SECOND):
            raise _NotPlaceable
        latest_s = max(latest_s, end)

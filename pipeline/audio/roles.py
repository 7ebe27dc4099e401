"""Who is on which channel, by what is said: the agent's script is an agent's, whatever the manifest says.

The words only verify. When they contradict the manifest or the setting, nobody's role is known any more and a person
must hear the call: nothing is quietly swapped, because a wrong manifest is to be mended at its source.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.types import (
    Acoustics,
    Call,
    ChannelLayout,
    ChannelSpan,
    Problem,
    Rejected,
    Role,
    Transcript,
    Turn,
    Utterance,
)

Named = TypeVar("Named", Turn, Utterance, Rejected)

AGENT_SCRIPT: tuple[tuple[str, float], ...] = (
    (r"为您服务", 3.0),
    (r"请问.{0,6}(可以|能)?帮(到)?您", 3.0),
    (r"(有什么|什么)(可以|能|需要).{0,2}帮", 3.0),
    (r"请问您(有什么|想办理|需要)", 2.0),
    # The opening as a formula, greeting and offer in one breath: customers greet, but offer nothing.
    (r"(您|你|早上|上午|中午|下午|晚上)好[，。！]?(请问您|很高兴|.{0,8}为您服务|请讲)", 2.0),
    (r"打扰您", 2.0),
    (r"(感谢|谢谢)您的(来电|接听|耐心|支持|配合)", 3.0),
    (r"工号", 2.0),
    (r"祝您", 2.0),
    (r"请您?(稍等|稍候|别挂|不要挂)", 2.0),
    (r"(我|这边|马上)(帮|给|为|替)您", 2.0),
    (r"(帮|给|为)您(查|办|登记|转|核实|记录|处理|开通|取消)", 2.0),
    (r"还有(什么|其他|别的).{0,4}(帮|需要)", 3.0),
    (r"您的(号码|手机|套餐|话费|余额|账户|宽带|订单)", 1.0),
    (r"您", 0.3),
)
"""What agents say, with how much it weighs (roughly the logarithm of how much likelier it is from an agent)."""

CUSTOMER_WORDS: tuple[tuple[str, float], ...] = (
    (r"我(想|要)(查|问|办|投诉|退|取消|开|改|换|咨询)", 2.0),
    (r"我(这个|的|家)?的?(手机|号码|话费|套餐|宽带|流量|账单|卡)", 1.5),
    (r"(你们|你)(能不能|怎么|为什么|那边|公司|这)", 1.5),
    (r"帮我", 2.0),
    (r"给我", 1.0),
)

CONTRADICTION_FROM = 0.95
"""Confidence from which the words contradict the manifest; below it they only fail to confirm it."""

VOICES_FROM = 0.9
"""Confidence from which the words say which of two voices of a mono recording is the agent's."""

MACHINE_WORDS = re.compile(
    r"请按[0-9一二三四五六七八九零井星]|[一二三四五六七八九零0-9]号?键|您拨打的|(暂时)?无人接听|正在通话中|已关机|"
    r"(坐席|座席|客服|话务员)(全)?忙|(转接|接通)人工|(来电|通话|电话|录音).{0,6}(会|将|可能|正在)被?录音|将被录音"
)
"""What recorded voices say and people do not, or only as a recorded voice does before them."""

_AGENT = tuple((re.compile(pattern), weight) for pattern, weight in AGENT_SCRIPT)
_CUSTOMER = tuple((re.compile(pattern), weight) for pattern, weight in CUSTOMER_WORDS)
_SLOPE = 0.7
_MOST_HITS = 3
_STRONG = 2.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a speaker's words weigh for being the agent and for being the customer, and whether script is in them."""

    agent: float
    customer: float
    script: bool

    @property
    def weight(self) -> float:
        """For being the agent, less for being the customer."""
        return self.agent - self.customer

    @classmethod
    def of(cls, texts: Sequence[str]) -> Evidence:
        """Weigh all words of one channel or one voice."""
        said = "\n".join(texts)

        def weigh(patterns: Sequence[tuple[re.Pattern[str], float]]) -> tuple[float, bool]:
            hits = [(min(_MOST_HITS, len(pattern.findall(said))), weight) for pattern, weight in patterns]
            return sum(count * weight for count, weight in hits), any(
                count and weight >= _STRONG for count, weight in hits
            )

        (agent, script), (customer, _) = weigh(_AGENT), weigh(_CUSTOMER)
        return cls(agent, customer, script)


def likelier(one: Evidence, other: Evidence) -> float:
    """How sure it is, 0 to 1, that the first of two speakers is the agent and the second is not."""
    return 1 / (1 + math.exp(-_SLOPE * max(-30.0, min(30.0, one.weight - other.weight))))


@dataclass(frozen=True, slots=True)
class NamedVoices:
    """Turns and words of two voices with their roles, the agent's on channel 0; how sure that is, 0 to 1."""

    turns: tuple[Turn, ...]
    transcript: Transcript
    agent_channel: int | None
    confidence: float


def name_voices(turns: Sequence[Turn], transcript: Transcript) -> NamedVoices:
    """Say which of two voices, each with a channel of its own, is the agent's, by the script.

    The confidence is the smaller of how much likelier one way round is than the other, and the share of what points at
    a party that its own voice says: where a separator mixed the two up, both say something of the script. Below
    VOICES_FROM the roles stay unknown.
    """
    said = [
        Evidence.of(
            [one.text for one in transcript.utterances if one.channel == voice and not MACHINE_WORDS.search(one.text)]
        )
        for voice in (0, 1)
    ]
    agent = 0 if said[0].weight >= said[1].weight else 1
    own, other = said[agent], said[1 - agent]
    weights = own.agent + own.customer + other.agent + other.customer
    apart = (own.agent + other.customer) / weights if weights else 0.0
    confidence = min(likelier(own, other), apart)
    if not own.script or confidence < VOICES_FROM:
        return NamedVoices(tuple(turns), transcript, None, confidence)
    channel_of = {agent: 0, 1 - agent: 1}
    role_of = {agent: Role.AGENT, 1 - agent: Role.CUSTOMER}

    def named(one: Named) -> Named:
        return replace(one, channel=channel_of[one.channel], role=role_of[one.channel])

    ordered = sorted(map(named, turns), key=lambda turn: (turn.start_s, turn.channel))
    utterances = sorted(map(named, transcript.utterances), key=lambda one: (one.start_s, one.channel, one.end_s))
    rejected = sorted(map(named, transcript.rejected), key=lambda one: (one.start_s, one.channel, one.end_s))
    told = replace(transcript, utterances=tuple(utterances), rejected=tuple(rejected))
    return NamedVoices(tuple(ordered), told, 0, confidence)


def verify_roles(call: Call) -> Call:
    """The call with announcements told apart and its agent channel verified by the words.

    Without an agent channel, or on one channel, there is nothing to verify.
    """
    call = _without_announcements(call)
    recording = call.recording
    agent = recording.agent_channel
    if agent is None or recording.channel_layout is not ChannelLayout.STEREO:
        return call
    said = {
        channel: Evidence.of(
            [one.text for one in call.transcript.utterances if one.channel == channel and one.role is not Role.UNKNOWN]
        )
        for channel in (agent, 1 - agent)
    }
    claimed, other = said[agent], said[1 - agent]
    if not claimed.script and not other.script:
        return call
    sure = likelier(claimed, other)
    recording = replace(recording, agent_channel_confidence=sure)
    if claimed.script or 1 - sure < CONTRADICTION_FROM:
        return replace(call, recording=recording)
    source = "清单写明" if recording.metadata.agent_channel is not None else "默认设置为"
    problem = Problem(
        "swapped_channels",
        f"{source}坐席在声道 {agent}（从 0 起数），而坐席的话术（问候、自报、服务用语）出现在声道 {1 - agent}；"
        "两者矛盾，凡要分清谁在说话的规则都没有判断，请核对清单或设置。",
        1 - sure,
    )
    recording = replace(recording, agent_channel=None, problems=(*recording.problems, problem))
    return _without_roles(replace(call, recording=recording))


def _without_roles(call: Call) -> Call:
    transcript = replace(
        call.transcript,
        utterances=tuple(replace(one, role=Role.UNKNOWN) for one in call.transcript.utterances),
        rejected=tuple(replace(one, role=Role.UNKNOWN) for one in call.transcript.rejected),
    )
    fillers = call.acoustics.probable_fillers
    acoustics = replace(
        call.acoustics,
        probable_fillers=None if fillers is None else tuple(replace(one, role=Role.UNKNOWN) for one in fillers),
    )
    turns = tuple(replace(turn, role=Role.UNKNOWN) for turn in call.turns)
    return replace(call, turns=turns, transcript=transcript, acoustics=acoustics)


def _without_announcements(call: Call) -> Call:
    """Turns that a recorded voice speaks lose their role: they are no greeting of the agent's, nor silence."""
    spoken = [turn for turn in call.turns if _is_announcement(turn, call)]
    acoustics: Acoustics = replace(
        call.acoustics, announcements=tuple(ChannelSpan(turn.channel, turn.start_s, turn.end_s) for turn in spoken)
    )
    if not spoken:
        return replace(call, acoustics=acoustics)

    def inside(one: Utterance) -> bool:
        return any(_utters(turn, one) for turn in spoken)

    transcript = replace(
        call.transcript,
        utterances=tuple(replace(one, role=Role.UNKNOWN) if inside(one) else one for one in call.transcript.utterances),
    )
    turns = tuple(replace(turn, role=Role.UNKNOWN) if turn in spoken else turn for turn in call.turns)
    return replace(call, turns=turns, transcript=transcript, acoustics=acoustics)


def _is_announcement(turn: Turn, call: Call) -> bool:
    """Whether all that is said in a turn before anybody else speaks on the channel is a recorded voice's.

    A person may say such words too (the call is recorded), but then with a greeting or the matter in the same breath.
    """
    text = "".join(one.text for one in call.transcript.utterances if _utters(turn, one))
    found = MACHINE_WORDS.search(text)
    if found is None:
        return False
    return not any(pattern.search(text) for pattern, weight in _AGENT if weight >= 3.0)


def _utters(turn: Turn, one: Utterance) -> bool:
    middle_s = (one.start_s + one.end_s) / 2
    return one.channel == turn.channel and turn.start_s <= middle_s <= turn.end_s

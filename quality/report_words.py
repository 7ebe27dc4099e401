"""The words of a report in Chinese and English, and reasons that other parts of the programme give, in Chinese."""

from __future__ import annotations

from quality.report_layout import Say, Show

SEVERITIES = {
    "fatal": ("致命", "fatal"),
    "deduct": ("扣分", "deduct"),
    "warn": ("提示", "warn"),
    "add": ("加分", "add"),
}
SCOPES = {
    "none": ("不突出", "nobody stands out"),
    "individual": ("个别人", "individual"),
    "group": ("班组", "group"),
    "universal": ("普遍", "universal"),
}
DIRECTIONS = {"inbound": ("呼入", "inbound"), "outbound": ("呼出", "outbound")}
METHODS = {
    "greg": ("回归估计", "regression"),
    "greg_rolling": ("三个月滚动", "rolling"),
    "simple": ("抽样平均", "sample mean"),
    "census": ("全部评过", "all reviewed"),
    "": ("–", "–"),
}
USES = {"pay": ("绩效", "pay"), "ranking": ("排名", "ranking"), "coaching": ("辅导", "coaching")}
LEFT_OUT = {
    "not_picked": ("通评过的通话不是抽中的，不计", "reviewed calls were not picked by the draw: not counted"),
    "not_blind": ("通抽样通话是看着机器分评的，不计", "random calls were reviewed with the machine's score in view"),
    "unscorable": ("通抽中的通话无法评分", "picked calls could not be scored"),
    "not_drawn": ("通通话是上次抽样之后才来的", "calls have come since the last draw"),
}
DIMENSIONS = {
    "M score": ("机器分", "score"),
    "I flags": ("发现数", "flags"),
    "T hour": ("时段", "hour"),
    "T part of month": ("旬", "part of month"),
    "L minutes": ("时长（分）", "minutes"),
    "A type": ("业务类型", "type"),
}
MEASURES = {
    "agent_speaking_rate_cpm": (("坐席语速（字/分钟）", "Speech rate (characters a minute)"), Show.POINTS),
    "greeting_latency_s": (("接通到开口（秒）", "Greeting latency (s)"), Show.NUMBER),
    "silence_ratio": (("静默占比", "Share of silence"), Show.SHARE),
    "interruption_count": (("打断客户（次）", "Interruptions"), Show.NUMBER),
}

_REASONS = (
    ("the manifest does not say when calls were answered", "清单里没有接通时刻"),
    ("the manifest does not say who hung up", "清单里没有挂机方"),
    ("no calls in the period before", "没有上期的通话"),
    ("a week has too few reviews for estimates; see the monthly report", "一周的评听不够做估计，见月报"),
    ("a week has too few reviews for an estimate", "一周的评听不够做估计"),
    ("no call was scored by two people", "没有两人都评过的通话"),
    ("appeals: none was decided", "没有已决定的申诉"),
    ("no appeal was decided", "没有已决定的申诉"),
    ("no call was measured", "没有测量过的通话"),
    ("no test call", "没有拨测通话"),
    ("was drawn from", "数据不足：本月没有抽样。先运行 tingjian queue draw"),
    ("no common errors were looked for", "还没有找过本月的常见错误。先运行 tingjian training clusters 月份"),
    ("says which items took points", "数据不足：本月没有逐项评过的抽样通话"),
    ("no review of", "数据不足：这些月份没有评听"),
    ("fewer than", "数据不足：评听的人或次数不够"),
    ("agreement: no call", "没有两人都评过的通话"),
    ("severity: ", "数据不足：宽严要有两人以上的评听"),
    ("no item took points", "没有项目扣过分"),
)


def reason_in(reason: str, say: Say) -> str:
    """A reason in the language that is wanted; one that is not known here stays as it is."""
    chinese = next((words for part, words in _REASONS if part in reason), reason)
    return say(chinese, reason)

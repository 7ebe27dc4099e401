"""Lines that video subtitles end with, which speech engines have learnt and write where nobody speaks.

Only a whole segment counts: a customer may well ask about 字幕 or say 谢谢. The list is of what Whisper is known to
write in Chinese (its issues, and measured lists of its inventions on non-speech).
"""

from __future__ import annotations

import re

from pipeline.asr.text import matching_form

_VERB = "(?:点赞|订阅|转发|打赏)"
_BESIDE = "(?:支持|评论|收藏|关注|分享|按赞|和|与|并|的|我|我们|频道|栏目|小铃铛|明镜|点点)"
_LINES = (
    # Subtitles by somebody.
    r"(?:中文)?字幕(?:志愿者|由|制作|制作人|提供|校对|翻译|by)[^字幕]{0,16}(?:字幕)?",
    r"由amaraorg(?:社区|社群)?(?:提供|制作)?(?:的?字幕)?",
    r"subtitles?by.{0,40}",
    r"中文字幕",
    r"索兰娅",
    # Like and subscribe: two of the verbs, since 订阅 alone may answer a question.
    rf"(?:请|欢迎|记得|别忘了|不要忘记)?(?:不吝)?{_BESIDE}*{_VERB}{_BESIDE}*{_VERB}(?:{_VERB}|{_BESIDE})*+[哦啊吧呢]?",
    r"(?:请|欢迎|记得|请多多)?(?:支持|订阅|打赏支持)?明镜(?:与|和)?点点栏目",
    r"明镜需要您的支持(?:欢迎订阅明镜)?",
    # Thanks for watching.
    r"(?:非常)?(?:谢谢|感谢)(?:大家|各位|您|你们)?的?(?:观看|收看|收听)(?:下期再见|下次再见|再见)?",
    r"(?:我们)?下(?:期|集)(?:节目|视频)?(?:再见|再会)",
    r"(?:本期|今天的?)(?:视频|节目)(?:就)?到(?:这里|此)(?:结束)?(?:了|啦)?",
    r"thank(?:s|you)(?:so|very)?(?:much)?forwatching",
    r"优优独播剧场(?:yoyotelevisionseriesexclusive)?",
    r"yoyotelevisionseriesexclusive",
    r"mingpaocanada(?:mingpaotoronto)?",
    r"(?:作?词作?曲?|作曲|编曲)李宗盛",
)
_CREDITS = re.compile(f"(?:{'|'.join(_LINES)})+")
_LONGEST = 80


def is_credit_line(text: str) -> bool:
    """Whether a whole segment is nothing but such lines."""
    form = matching_form(text).text
    return 0 < len(form) <= _LONGEST and _CREDITS.fullmatch(form) is not None

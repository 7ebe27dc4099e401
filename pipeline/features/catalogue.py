"""Every measure with the words in which people read it and the definition by which it is computed.

One table for all who need it: rulebooks name measures by it, docs/measures.md is generated from it, and a test keeps
it in step with what ``measure_call`` gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "yes_no", "role"]


@dataclass(frozen=True, slots=True)
class MeasureInfo:
    """One measure: ``definition`` says how it is computed, ``inputs`` what the quantities of its formula are.

    ``unit`` is the unit of the value, ``decimals`` those worth showing, ``evidence`` what its playable stretches show.
    """

    title: str
    unit: str
    definition: str
    evidence: str
    kind: Kind = "number"
    decimals: int = 1
    inputs: Mapping[str, str] = field(default_factory=dict)


_CPM = "字/分钟"
_CHARACTERS = {"characters": "说的字数：汉字、数字各算一个，一个英文词算一个，标点不算"}
_TURNS = "这一方最长的几段话"

CATALOGUE: dict[str, MeasureInfo] = {
    "call_duration_s": MeasureInfo(
        "通话时长",
        "s",
        "接通到录音结束。",
        "整通电话",
        inputs={
            "answered_at_s": "接通的时刻",
            "answer_known_by": "接通时刻的依据：manifest 清单、end_of_ringing 回铃音结束、recording_start 录音开头",
            "recording_s": "录音时长",
        },
    ),
    "greeting_latency_s": MeasureInfo(
        "接通到坐席开口",
        "s",
        "接通到坐席第一段话开始；接通前已开口为 0。坐席线路信噪比不到 12 dB 时不测。",
        "从接通到坐席第一段话结束",
        inputs={
            "answered_at_s": "接通的时刻",
            "answer_known_by": "接通时刻的依据，同上",
            "first_speech_s": "坐席第一段话开始的时刻",
        },
    ),
    "greeting_spoken": MeasureInfo("说了开头语", "", "坐席第一段话里有问候的词。", "坐席第一段话", "yes_no"),
    "agent_speaking_rate_cpm": MeasureInfo(
        "坐席语速（含停顿）",
        _CPM,
        "坐席的字数 ÷ 坐席各段话的时长（段内停顿算在内）。没有识别出字的段不算。",
        _TURNS,
        decimals=0,
        inputs={**_CHARACTERS, "turn_s": "各段话的秒数合计，含停顿"},
    ),
    "agent_articulation_rate_cpm": MeasureInfo(
        "坐席语速（不含停顿）",
        _CPM,
        "坐席的字数 ÷ 坐席出声的时长（0.2 秒以上的停顿不算）。",
        _TURNS,
        decimals=0,
        inputs={**_CHARACTERS, "speech_s": "出声的秒数合计，不含停顿"},
    ),
    "agent_call_rate_cpm": MeasureInfo(
        "坐席语速（按整通）",
        _CPM,
        "坐席的字数 ÷ 接通到录音结束的时长（客户说话、静默都算在内）。",
        _TURNS,
        decimals=0,
        inputs={**_CHARACTERS, "call_s": "接通到录音结束的秒数"},
    ),
    "agent_word_rate_wpm": MeasureInfo(
        "坐席语速（按词）",
        "词/分钟",
        "坐席说的词数 ÷ 坐席各段话的时长（段内停顿算在内）。词按词典切分，一个词平均约 1.5 个字。",
        _TURNS,
        decimals=0,
        inputs={"words": "词数", "turn_s": "各段话的秒数合计，含停顿"},
    ),
    "customer_speaking_rate_cpm": MeasureInfo(
        "客户语速（含停顿）",
        _CPM,
        "同坐席，按客户的话计算。",
        _TURNS,
        decimals=0,
        inputs={**_CHARACTERS, "turn_s": "各段话的秒数合计，含停顿"},
    ),
    "customer_articulation_rate_cpm": MeasureInfo(
        "客户语速（不含停顿）",
        _CPM,
        "同坐席，按客户的话计算。",
        _TURNS,
        decimals=0,
        inputs={**_CHARACTERS, "speech_s": "出声的秒数合计，不含停顿"},
    ),
    "rate_difference_cpm": MeasureInfo(
        "坐席比客户快",
        _CPM,
        "坐席语速 − 客户语速（都含停顿）。规范要求坐席随客户的语速适当调整。",
        "双方最长的一段话",
        decimals=0,
        inputs={"agent_cpm": "坐席语速（含停顿）", "customer_cpm": "客户语速（含停顿）"},
    ),
    "agent_peak_rate_cpm": MeasureInfo(
        "坐席最快的一分钟",
        _CPM,
        "从接通起每 60 秒算一次坐席语速（含停顿），取最快的一分钟。说得太少的分钟不算。",
        "各分钟，最快的在前",
        decimals=0,
        inputs={
            **_CHARACTERS,
            "turn_s": "这一分钟里坐席各段话的秒数",
            "minute_starts_s": "这一分钟的开始",
            "minutes_rated": "可算语速的分钟数",
        },
    ),
    "agent_character_count": MeasureInfo("坐席说的字数", "字", "坐席的字数。", _TURNS, decimals=0),
    "customer_character_count": MeasureInfo("客户说的字数", "字", "客户的字数。", _TURNS, decimals=0),
    "filler_count": MeasureInfo(
        "坐席口头语次数",
        "次",
        "坐席话里写出来的嗯、呃、就是说等；那个、这个、然后只在后面停顿、拖长或接连重复时算。"
        "Whisper 会漏写口头语，所以这是下限。",
        "每一处",
        decimals=0,
    ),
    "fillers_per_100_chars": MeasureInfo("坐席每百字口头语", "次/百字", "口头语次数 ÷ 坐席的字数 × 100。", "每一处"),
    "probable_filler_count": MeasureInfo(
        "坐席疑似口头语次数",
        "次",
        "坐席 0.2 秒以上、音高和音色都平稳、却没有识别出字的声音；只听声音得出，不计入口头语次数，也不写进文字。",
        "每一处",
        decimals=0,
    ),
    "longest_silence_s": MeasureInfo(
        "最长静默",
        "s",
        "接通以后无人说话、也不在保持等待中的一段，1 秒以上才算；一方话里的停顿不算。取最长的一段。",
        "每一段静默，最长的在前",
        inputs={"silence_s": "静默秒数合计", "call_s": "接通到录音结束的秒数", "silences": "静默段数"},
    ),
    "silence_total_s": MeasureInfo("静默合计", "s", "各段静默的秒数之和。", "每一段静默，最长的在前"),
    "silence_ratio": MeasureInfo(
        "静默占通话的比例", "", "静默合计 ÷ 接通到录音结束。", "每一段静默，最长的在前", decimals=2
    ),
    "silence_count": MeasureInfo("静默次数", "次", "静默的段数。", "每一段静默，最长的在前", decimals=0),
    "silence_before_speech_s": MeasureInfo("接通后无人说话", "s", "接通到任何一方开口之前的静默。", "这一段静默"),
    "silence_after_agent_s": MeasureInfo(
        "坐席说完后的静默", "s", "上一个说话的是坐席的静默合计。", "每一段，最长的在前"
    ),
    "silence_after_customer_s": MeasureInfo(
        "客户说完后的静默", "s", "上一个说话的是客户的静默合计。", "每一段，最长的在前"
    ),
    "hold_count": MeasureInfo(
        "保持等待次数",
        "次",
        "坐席说明并经客户同意（或请客户别挂机）之后双方都不说话的一段，或听到保持音乐的一段；不算静默。",
        "每一段，最长的在前",
        decimals=0,
    ),
    "hold_total_s": MeasureInfo("保持等待合计", "s", "各段保持等待的秒数之和。", "每一段，最长的在前"),
    "longest_hold_s": MeasureInfo("最长的保持等待", "s", "最长的一段保持等待。", "每一段，最长的在前"),
    "agent_longest_response_s": MeasureInfo(
        "坐席最慢的一次应答",
        "s",
        "客户说完到坐席接话，取最慢的一次；开头语不算，抢在客户说完之前为 0，附和声不算应答，客户催问“喂”时等待继续。",
        "每一次应答的等待，最慢的在前",
        inputs={"answers": "应答次数"},
    ),
    "agent_median_response_s": MeasureInfo(
        "坐席应答时间的中位数", "s", "各次应答等待的中位数。", "每一次应答的等待，最慢的在前"
    ),
    "agent_response_count": MeasureInfo("坐席应答次数", "次", "坐席接客户话的次数。", "每一次应答的等待", decimals=0),
    "customer_prompt_count": MeasureInfo(
        "客户催问“喂”的次数",
        "次",
        "静默 1.5 秒以上之后客户开口先说“喂”“在吗”等，因为没有人应。",
        "静默和客户的话",
        decimals=0,
    ),
    "interruption_count": MeasureInfo(
        "坐席打断客户的次数",
        "次",
        "客户已说 0.5 秒以上而没有说完（换气不超过 0.6 秒）时坐席开口，且双方同时说话 0.5 秒以上；附和声不算。",
        "每一次同时说话的一段",
        decimals=0,
    ),
    "interruption_overlap_s": MeasureInfo(
        "打断中同时说话", "s", "坐席各次打断中同时说话的秒数之和。", "每一次同时说话的一段"
    ),
    "deepest_interruption_s": MeasureInfo(
        "最深的一次打断", "s", "坐席开口到客户那段话说完的秒数，取最长的一次。", "每一次同时说话的一段，最深的在前"
    ),
    "customer_interruption_count": MeasureInfo(
        "客户打断坐席的次数", "次", "同“坐席打断客户”，双方互换。", "每一次同时说话的一段", decimals=0
    ),
    "overlap_s": MeasureInfo("双方同时说话", "s", "双方同时出声的秒数，附和声也算。", "每一处同时出声"),
    "agent_backchannel_count": MeasureInfo(
        "坐席附和次数",
        "次",
        "客户说话当中坐席只说嗯、对、好的等，每个词不超过 0.6 秒（另留 0.1 秒测量余量），不抢话。",
        "每一处",
        decimals=0,
        inputs={"backchannels": "附和次数", "customer_turns": "客户说话段数"},
    ),
    "agent_backchannel_ratio": MeasureInfo(
        "坐席附和比例", "次/段", "坐席附和次数 ÷ 客户说话段数。", "每一处", decimals=2
    ),
    "agent_talk_ratio": MeasureInfo(
        "坐席说话占比",
        "",
        "坐席说话时长 ÷ 双方说话时长之和（都含段内停顿）。",
        _TURNS,
        decimals=2,
        inputs={"agent_talk_s": "坐席说话秒数", "customer_talk_s": "客户说话秒数"},
    ),
    "agent_talk_s": MeasureInfo("坐席说话时长", "s", "坐席各段话的秒数之和（含段内停顿）。", _TURNS),
    "agent_turn_count": MeasureInfo("坐席说话段数", "次", "坐席的话，停顿 1 秒以上另算一段。", _TURNS, decimals=0),
    "agent_longest_monologue_s": MeasureInfo(
        "坐席最长的连续说话", "s", "一方连续说话：对方至多附和，其间静默不到 2 秒。取最长的一次。", "最长的几次"
    ),
    "customer_talk_s": MeasureInfo("客户说话时长", "s", "客户各段话的秒数之和（含段内停顿）。", _TURNS),
    "customer_turn_count": MeasureInfo("客户说话段数", "次", "客户的话，停顿 1 秒以上另算一段。", _TURNS, decimals=0),
    "customer_longest_monologue_s": MeasureInfo("客户最长的连续说话", "s", "同坐席。", "最长的几次"),
    "agent_level_dbfs": MeasureInfo(
        "坐席音量",
        "dBFS",
        "坐席出声部分的平均功率（相对满幅）。",
        _TURNS,
        inputs={"speech_s": "出声的秒数", "turns": "段数"},
    ),
    "customer_level_dbfs": MeasureInfo("客户音量", "dBFS", "同坐席。", _TURNS),
    "loudness_rise_db": MeasureInfo(
        "坐席音量比平时高出",
        "dB",
        "坐席最响的一段话比坐席自己各段话的中位音量高多少；出声 1 秒以上的段才比，至少 3 段。",
        "最响的几段话",
        inputs={"loudest_dbfs": "最响一段的音量", "usual_dbfs": "中位音量", "turns_compared": "参与比较的段数"},
    ),
    "agent_pitch_median_hz": MeasureInfo(
        "坐席音高",
        "Hz",
        "坐席话中有声调部分的音高中位数；在全通电话里均匀取至多 20 秒来测。",
        "测过的几段",
        decimals=0,
        inputs={
            "low_hz": "第 10 百分位的音高",
            "high_hz": "第 90 百分位的音高",
            "voiced_s": "有声调的秒数",
            "looked_at_s": "测过的秒数",
        },
    ),
    "agent_pitch_range_st": MeasureInfo(
        "坐席语调起伏",
        "半音",
        "12 × log2(第 90 百分位音高 ÷ 第 10 百分位音高)；小则平淡。",
        "测过的几段",
        inputs={"low_hz": "第 10 百分位的音高", "high_hz": "第 90 百分位的音高", "voiced_s": "有声调的秒数"},
    ),
    "agent_snr_db": MeasureInfo(
        "坐席线路信噪比",
        "dB",
        "坐席说话的功率（扣除噪声）与其不说话时线路噪声的功率之比。",
        "坐席第一段话",
        inputs={"speech_dbfs": "说话的电平", "noise_dbfs": "噪声的电平"},
    ),
    "customer_snr_db": MeasureInfo("客户线路信噪比", "dB", "同坐席。", "客户第一段话"),
    "agent_clipped_permille": MeasureInfo(
        "坐席削波比例",
        "‰",
        "坐席最响的话（至多 120 秒）中连续 3 个以上样点达到满幅的样点，每千个样点里有几个。",
        "削波的几处",
        inputs={"looked_at_s": "查看的秒数"},
    ),
    "closing_spoken": MeasureInfo("说了结束语", "", "坐席最后两段话里有结束的词。", "坐席最后两段话", "yes_no"),
    "hang_up_by": MeasureInfo("先挂机的一方", "", "清单所写。", "录音的最后 5 秒", "role"),
    "hang_up_delay_s": MeasureInfo(
        "最后一句话到挂机",
        "s",
        "任何一方最后一句话结束到录音结束。",
        "这一段",
        inputs={"last_word_s": "最后一句话结束的时刻", "last_speaker": "最后说话的一方", "end_s": "录音结束的时刻"},
    ),
    "transcript_confidence": MeasureInfo(
        "转写置信度", "", "各句置信度按字数加权的平均，0 到 1。", "最没把握的三句", decimals=2
    ),
}
"""In the order of ``pipeline.features.measure.measure_call``."""

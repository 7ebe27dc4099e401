"""What the measures take as given: words of greeting, pauses that count, when talk-over is interruption."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Every constant of the measures; they are part of an assessment's code version, not of the rulebook.

    Attributes:
        greeting_words: any of them in the agent's first turn is a greeting.
        greeting_min_snr_db: on a noisier line the first words drown: at 10 dB half the onsets come 0.4 s late.
        closing_words: any of them in the agent's last ``closing_turns`` turns is a closing.
        closing_turns: how many of the agent's last turns may hold the closing.
        filled_pauses: characters that are fillers wherever they stand.
        final_particles: characters that are fillers, but not as the last character of an utterance (是啊).
        crutch_phrases: longer verbal habits, each counted once.
        filler_words: words that are fillers by use: before a pause, lengthened, or said again at once.
        words_before_an_object: after one of these they stand for a thing, pause or not (我要那个，谢谢).
        lengthened_min_s: a word's last character that lasts as long as this ...
        lengthened_times: ... and so many times the median of the others is lengthened.
        acknowledgements: words of a listener (back-channel) who does not take the floor.
        rate_min_characters: below this many characters a speech rate is chance.
        rate_min_speech_s: below this many seconds a speech rate is chance.
        interruption_min_heard_s: seconds that the customer has spoken before talk-over can be an interruption.
        interruption_min_overlap_s: seconds of talk-over from which it is an interruption.
        breath_s: whoever pauses longer than this leaves the floor to whoever begins meanwhile.
        backchannel_max_s: an acknowledging word longer than this takes the floor; the norm says 0.6 s, and the
            measured ends of a word on the line stand up to 0.1 s apart from its own.
        silence_min_s: stretches in which nobody has the floor count as silence from this length on.
        hold_phrases: any of them announces a hold by itself.
        wait_phrases: any of them announces a hold when the customer agrees to it.
        consent_words: a customer's answer that begins with one of them agrees ...
        consent_max_characters: ... if it is no longer than this.
        hold_min_s: a shorter silence is no hold.
        prompt_words: with any of them a customer who begins anew asks whether anybody is there.
        prompt_min_wait_s: silence before them from which on nobody reacts.
        monologue_max_gap_s: a silence as long as this ends a monologue.
        loudness_min_speech_s: turns with less speech have no reliable level.
        loudness_min_turns: fewer such turns show no rise.
    """

    greeting_words: tuple[str, ...] = ("您好", "你好", "早上好", "上午好", "中午好", "下午好", "晚上好")
    greeting_min_snr_db: float = 12.0
    closing_words: tuple[str, ...] = (
        "再见",
        "祝您",
        "感谢您的来电",
        "谢谢您的来电",
        "还有什么可以帮",
        "还有什么能帮",
        "下次再联系",
    )
    closing_turns: int = 2
    filled_pauses: str = "嗯呃唔"
    final_particles: str = "啊哦"
    crutch_phrases: tuple[str, ...] = ("就是说",)
    filler_words: tuple[str, ...] = ("那个", "这个", "然后")
    words_before_an_object: tuple[str, ...] = (
        "的", "是", "要", "把", "选", "用", "跟", "和", "比", "给", "对", "在", "办", "开", "看", "换", "叫", "有",
    )  # fmt: skip
    lengthened_min_s: float = 0.45
    lengthened_times: float = 2.5
    acknowledgements: tuple[str, ...] = (
        "好的", "是的", "对的", "可以", "没错", "明白", "嗯", "对", "好", "是", "哦", "啊", "行",
    )  # fmt: skip
    rate_min_characters: int = 10
    rate_min_speech_s: float = 3.0
    interruption_min_heard_s: float = 0.5
    interruption_min_overlap_s: float = 0.5
    breath_s: float = 0.6
    backchannel_max_s: float = 0.7
    silence_min_s: float = 1.0
    hold_phrases: tuple[str, ...] = (
        "别挂", "不要挂", "请勿挂", "稍等片刻", "稍候片刻", "保持通话", "保持在线", "为您转接", "帮您转接",
    )  # fmt: skip
    wait_phrases: tuple[str, ...] = ("稍等", "稍候", "等一下", "等一会", "等候", "等待", "查询一下")
    consent_words: tuple[str, ...] = ("好", "行", "可以", "嗯", "没事", "没问题", "没关系", "是", "对", "哦", "OK")
    consent_max_characters: int = 12
    hold_min_s: float = 3.0
    prompt_words: tuple[str, ...] = (
        "喂", "有人吗", "有人在吗", "在吗", "还在吗", "你还在吗", "您还在吗", "听得到吗", "听得见吗", "能听到吗",
    )  # fmt: skip
    prompt_min_wait_s: float = 1.5
    monologue_max_gap_s: float = 2.0
    loudness_min_speech_s: float = 1.0
    loudness_min_turns: int = 3


DEFAULT_MEASURE_SETTINGS = MeasureSettings()

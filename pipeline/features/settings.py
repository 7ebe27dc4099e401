"""What the measures take as given: words of greeting, pauses that count, when talk-over is interruption."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Every constant of the measures; they are part of an assessment's code version, not of the rulebook.

    Attributes:
        greeting_words: any of them in the agent's first turn is a greeting.
        closing_words: any of them in the agent's last ``closing_turns`` turns is a closing.
        closing_turns: how many of the agent's last turns may hold the closing.
        filled_pauses: characters that are fillers wherever they stand.
        final_particles: characters that are fillers, but not as the last character of an utterance (是啊).
        crutch_phrases: longer verbal habits, each counted once.
        acknowledgements: words of a listener (back-channel) who does not take the floor.
        rate_min_characters: below this many characters a speech rate is chance.
        rate_min_speech_s: below this many seconds a speech rate is chance.
        interruption_min_heard_s: seconds that the customer has spoken before talk-over can be an interruption.
        interruption_min_overlap_s: seconds of talk-over from which it is an interruption.
        backchannel_max_s: an acknowledgement longer than this takes the floor.
        silence_min_s: stretches in which nobody has the floor count as silence from this length on.
        loudness_min_speech_s: turns with less speech have no reliable level.
        loudness_min_turns: fewer such turns show no rise.
    """

    greeting_words: tuple[str, ...] = ("您好", "你好", "早上好", "上午好", "中午好", "下午好", "晚上好")
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
    acknowledgements: tuple[str, ...] = (
        "好的", "是的", "对的", "可以", "没错", "明白", "嗯", "对", "好", "是", "哦", "啊", "行",
    )  # fmt: skip
    rate_min_characters: int = 10
    rate_min_speech_s: float = 3.0
    interruption_min_heard_s: float = 0.5
    interruption_min_overlap_s: float = 0.5
    backchannel_max_s: float = 1.0
    silence_min_s: float = 1.0
    loudness_min_speech_s: float = 1.0
    loudness_min_turns: int = 3


DEFAULT_MEASURE_SETTINGS = MeasureSettings()

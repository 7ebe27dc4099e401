"""Guards against text that nobody spoke: speech engines invent credits on silence and run in circles.

A segment that a guard refuses leaves the transcript and stays in the record, with the reason. A guard never mends a
text: part of a refused segment may be true, and nobody can tell which part.

Sources: Koenecke et al. 2024 (Whisper invents text where nobody speaks), Bararanska et al. 2025 (the inventions of
Whisper on non-speech are few and can be listed), and openai-whisper's own two thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.asr.credit_lines import is_credit_line
from pipeline.asr.text import character_count, matching_form, plain
from pipeline.types import Rejected, Span, Transcript, Turn, Utterance

NO_SPEECH = "no_speech"
OUTSIDE_SPEECH = "outside_speech"
TOO_FAST = "too_fast"
REPETITION = "repetition"
CREDIT_LINE = "credit_line"
HOT_WORD = "hot_word"

REJECTION_REASONS: Mapping[str, str] = {
    NO_SPEECH: "识别引擎自己判断这里没有人说话",
    OUTSIDE_SPEECH: "这段文字的时间里几乎没有说话声",
    TOO_FAST: "每秒的字数多到没有人能说出来",
    REPETITION: "同样的字句反复出现，像是识别引擎在打转",
    CREDIT_LINE: "是视频字幕里常见的署名或推广语",
    HOT_WORD: "热词所在的地方没有足够的说话声，像是识别引擎照着热词表写的",
}
"""Every reason for which text is kept out of a transcript, with what people read."""


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Limits of the guards.

    Attributes:
        min_speech_share: share of a segment's time in which voice activity must be found.
        max_characters_per_s: nobody speaks faster; natural Mandarin is at 4 to 6, hurried at 8.
        rate_slack_characters: so many characters more are no excess: the edges of a short segment are not exact.
        min_distinct_share: least share of different 4-grams in a long text; circles that vary are below.
        long_text_characters: length from which that share is asked for.
        min_hot_word_speech_share: share of a hot word's own time in which there must be speech.
        by_time: whether times are judged at all. Those of a transcript that another system wrote are not: its clock
            and its idea of a segment are its own.
    """

    min_speech_share: float = 0.3
    max_characters_per_s: float = 12.0
    rate_slack_characters: float = 1.0
    min_distinct_share: float = 0.4
    long_text_characters: int = 40
    min_hot_word_speech_share: float = 0.5
    by_time: bool = True

    @staticmethod
    def repeats(length: int) -> int:
        """Repeats in a row of an n-gram of this length that nobody utters; 对对对对对 is everyday speech."""
        return {1: 12, 2: 7, 3: 6, 4: 5, 5: 5}.get(length, 4 if length < 10 else 3)


DEFAULT_GUARDS = GuardSettings()
_LONGEST_NGRAM = 20
_GRAM = 4
RECITED_WORDS = 3
"""So many hot words in the order of the list, and nothing else, are the list and not the caller."""


def guard(
    transcript: Transcript,
    turns: Sequence[Turn],
    settings: GuardSettings = DEFAULT_GUARDS,
    hot_words: Sequence[str] = (),
) -> Transcript:
    """The transcript without what the guards refuse; that is added to ``rejected``.

    Args:
        transcript: as an engine gave it, times not yet moved to where speech is.
        turns: the speech that was found.
        settings: limits.
        hot_words: words that the engine was told to expect; each must stand on speech.
    """
    expected = tuple(form for word in hot_words if (form := plain(word)))
    speech: dict[int, list[Span]] = {}
    for turn in turns:
        speech.setdefault(turn.channel, []).extend(turn.pieces)
    kept: list[Utterance] = []
    rejected = list(transcript.rejected)
    for utterance in transcript.utterances:
        span = Span(utterance.start_s, utterance.end_s)
        pieces = speech.get(utterance.channel, ())
        reason = reason_to_reject(utterance.text, span, pieces, settings)
        if reason is None and expected and invents_hot_word(utterance, pieces, expected, settings):
            reason = HOT_WORD
        if reason is None:
            kept.append(utterance)
        else:
            rejected.append(as_rejected(utterance, reason))
    rejected.sort(key=lambda item: (item.start_s, item.channel, item.end_s))
    return replace(transcript, utterances=tuple(kept), rejected=tuple(rejected))


def reason_to_reject(
    text: str, span: Span, speech: Sequence[Span], settings: GuardSettings = DEFAULT_GUARDS
) -> str | None:
    """The first guard that refuses a segment, as a key of ``REJECTION_REASONS``; None when none does.

    Args:
        text: what the engine wrote.
        span: when, in the time of the recording.
        speech: the speech that was found on this channel.
        settings: limits.
    """
    if is_credit_line(text):
        return CREDIT_LINE
    if goes_in_circles(text, settings):
        return REPETITION
    if settings.by_time:
        if speech_share(span, speech) < settings.min_speech_share:
            return OUTSIDE_SPEECH
        excess = character_count(text) - settings.max_characters_per_s * span.duration_s
        if excess > settings.rate_slack_characters:
            return TOO_FAST
    return None


def invents_hot_word(
    utterance: Utterance, speech: Sequence[Span], hot_words: Sequence[str], settings: GuardSettings = DEFAULT_GUARDS
) -> bool:
    """Whether a segment holds a hot word without speech under it, or is nothing but a part of the list.

    Args:
        utterance: the segment.
        speech: the speech that was found on this channel.
        hot_words: in plain form, in the order in which the engine was told them.
        settings: limits.
    """
    form = matching_form(utterance.text)
    if _recites(form.text, hot_words):
        return True
    if not settings.by_time:
        return False
    for word in hot_words:
        at = form.text.find(word)
        while at >= 0:
            span = _time_of(utterance, *form.span(at, at + len(word)))
            share = speech_share(span, speech)
            # A word may be stretched over a pause; then the speech that is left must still be long enough for it.
            room_s = len(word) / settings.max_characters_per_s
            if share < settings.min_hot_word_speech_share and share * span.duration_s < room_s:
                return True
            at = form.text.find(word, at + 1)
    return False


def _time_of(utterance: Utterance, start: int, end: int) -> Span:
    """When characters are spoken; where the engine does not say, only that it is within the utterance."""
    times = utterance.characters
    if times is None or len(times) != len(utterance.text):
        return Span(utterance.start_s, utterance.end_s)
    return Span(times[start].start_s, times[end - 1].end_s)


def _recites(text: str, hot_words: Sequence[str]) -> bool:
    """Whether a text is three or more hot words one after the other, as the list has them."""
    for first, word in enumerate(hot_words):
        if not text.startswith(word):
            continue
        read, rest = 1, text.removeprefix(word)
        for following in hot_words[first + 1 :]:
            if not rest.startswith(following):
                break
            read, rest = read + 1, rest.removeprefix(following)
        if not rest and read >= RECITED_WORDS:
            return True
    return False


def speech_share(span: Span, speech: Sequence[Span]) -> float:
    """Share of a stretch in which there is speech, 0 to 1; of a single moment, whether it lies in speech."""
    if span.duration_s <= 0:
        return float(any(piece.start_s < span.start_s < piece.end_s for piece in speech))
    shared = sum(max(0.0, min(span.end_s, piece.end_s) - max(span.start_s, piece.start_s)) for piece in speech)
    return shared / span.duration_s


def goes_in_circles(text: str, settings: GuardSettings = DEFAULT_GUARDS) -> bool:
    """Whether a text repeats itself as no person does: an n-gram over and over, or hardly any that is new."""
    form = matching_form(text).text
    if len(form) < min(settings.repeats(1), 3 * _LONGEST_NGRAM):
        return False
    for length in range(1, min(_LONGEST_NGRAM, len(form) // 3) + 1):
        if _longest_run(form, length) >= settings.repeats(length):
            return True
    if len(form) < settings.long_text_characters:
        return False
    grams = [form[at : at + _GRAM] for at in range(len(form) - _GRAM + 1)]
    return len(set(grams)) / len(grams) < settings.min_distinct_share


def as_rejected(utterance: Utterance, reason: str) -> Rejected:
    """An utterance moved to the rejected ones."""
    return Rejected(
        utterance.role,
        utterance.channel,
        utterance.start_s,
        utterance.end_s,
        utterance.text,
        reason,
        utterance.confidence,
    )


def _longest_run(text: str, length: int) -> int:
    """How often in a row the most repeated n-gram of this length stands in a text."""
    longest = equal = 0
    for at in range(len(text) - length):
        equal = equal + 1 if text[at] == text[at + length] else 0
        longest = max(longest, equal)
    return longest // length + 1

"""Personal data taken out of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.personal.numbers import find_numbers
from pipeline.personal.spans import Detector, PersonalSpan
from pipeline.types import Role, Utterance

SHOWN: Mapping[str, str] = {
    "phone": "〔电话号码〕",
    "identity_card": "〔证件号码〕",
    "bank_card": "〔卡号〕",
    "number": "〔号码〕",
    "agent": "〔坐席〕",
}
"""What stands for personal data, by kind; it says nothing of its length."""
OTHER = "〔已隐去〕"


def masked(utterances: Sequence[Utterance], spans: Sequence[PersonalSpan]) -> tuple[str, ...]:
    """The text of every utterance with its spans taken out."""
    texts = [one.text for one in utterances]
    # From the end, so that the places of what comes before stay as they are.
    for span in sorted(spans, reverse=True):
        text = texts[span.utterance]
        texts[span.utterance] = text[: span.first] + SHOWN.get(span.kind, OTHER) + text[span.last :]
    return tuple(texts)


def masked_text(text: str, detector: Detector = find_numbers) -> str:
    """A text by itself, such as a quote, with its personal numbers taken out."""
    alone = (Utterance(Role.UNKNOWN, 0, 0.0, 0.0, text, None),)
    return masked(alone, detector(alone))[0]

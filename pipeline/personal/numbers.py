"""Personal numbers in what was said: telephone, identity card, bank card, order numbers, codes.

Written or read aloud digit by digit (幺三八…), in one go or in pieces over several turns, with a digit misheard as a
homophone here and there. In doubt a number is personal: a bleep too many spoils a clip, one too few betrays a caller.
Amounts, dates, quantities and the numbers of public services are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.personal.spans import PersonalSpan, joined
from pipeline.rules.sound import syllable
from pipeline.rules.spoken_numbers import digits_of
from pipeline.types import Role, Utterance

CERTAIN_DIGITS = 7
"""So many digits together are nobody's price or age."""
LEAST_RUN = 5
"""Digits in one run that are personal without any word that says so, unless they count something."""
LEAST_AFTER_CUE = 3
"""Digits that are personal after a word like 尾号."""

GAP_CHARACTERS = 3
"""Characters inside a number that may be something else: misheard digits, 的, 然后."""
EDGE_CHARACTERS = 4
"""Characters that may stand between a piece of a number and the end of its turn, where the next turn goes on."""
GAP_S = 20.0
"""Longest time between the pieces that one person reads out."""
CUE_REACH = 16
"""Characters before a number in which a cue counts."""

CUES = re.compile(
    "号码|手机|电话|身份证|证件|卡号|银行卡|尾号|后[三四五六两]位|末[三四五六]位|订单|单号|工单|流水号|验证码|密码|账号|帐号|户号"
    "|宽带号|编号|序列号|串号|工号|车牌|快递|联系方式|生日|微信|邮编"
)

_DIGIT, _LIKE, _UNIT, _STOP, _MARK, _LETTER, _TIMES, _OTHER = "dsubpaix"
_DIGITS = "0123456789零〇一二三四五六七八九幺"
_UNITS = "十百千万亿"
_STOPS = "年月日点分秒时块元毛角兆%％度岁折倍米层楼"
"""What counts something: a number does not go on behind it."""
_FILLERS = "嗯呃啊哦唔诶欸"
_RADIO = "洞拐勾两"
"""Digits as soldiers and operators say them, and 两, which is a digit among digits only."""

_DIGIT_SOUNDS = frozenset(sound for one in "零一二三四五六七八九幺" if (sound := syllable(one))) | {
    "yao", "shi", "lin", "shan", "nin", "niu", "liu", "ning", "er",
}  # fmt: skip
"""Syllables of the digits, and what recognition writes for them: 要 for 幺, 是 for 四, 林 for 零."""

_PUBLIC = re.compile(r"100\d\d|1008611|1[12]\d|12[3456]\d\d|9[56]\d{3,4}|[48]00\d{7}")
"""Hot lines of operators, the state and companies."""
_MOBILE = re.compile(r"(?:0?86)?1[3-9]\d{9}")
_IDENTITY = re.compile(r"\d{15}|\d{17}[\dx]")

_RUN = re.compile("[da]*d[da]*")
_QUANTITY = re.compile("(?<!d)d{0,2}(?:ud{0,2})+(?!d)")


@dataclass(frozen=True, slots=True)
class _Run:
    """Digits side by side: places in the text, and how many."""

    first: int
    last: int
    digits: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """The runs of one number within one utterance."""

    utterance: int
    runs: tuple[_Run, ...]
    likes: int

    @property
    def digits(self) -> int:
        """Digits in it, misheard ones between them included."""
        return sum(run.digits for run in self.runs) + self.likes


def find_numbers(utterances: Sequence[Utterance]) -> tuple[PersonalSpan, ...]:
    """The personal numbers of a call; see `Detector`."""
    texts = [_plain(one.text) for one in utterances]
    kinds = [_kinds(text) for text in texts]
    found: list[PersonalSpan] = []
    for role in Role:
        numbers = [number for number, one in enumerate(utterances) if one.role is role]
        for chain in _chains(numbers, texts, kinds, utterances):
            if _personal(chain, texts, kinds, utterances):
                kind = _kind(chain, texts)
                found += [PersonalSpan(piece.utterance, *_widened(piece, kinds), kind) for piece in chain]
    return joined(found)


def _plain(text: str) -> str:
    """Full-width letters and digits as ASCII, everything else and every place as it is."""
    return "".join(chr(ord(one) - 0xFEE0) if 0xFF01 <= ord(one) <= 0xFF5E else one for one in text).lower()


def _kinds(text: str) -> str:
    """One letter for the kind of each character."""
    kinds = []
    for place, one in enumerate(text):
        if one in _DIGITS:
            kind = _DIGIT
        elif one in _UNITS:
            kind = _UNIT
        elif one in _STOPS:
            kind = _STOP
        elif one == "个":
            kind = _TIMES
        elif one.isascii() and one.isalpha():
            kind = _LETTER
        elif not one.isalnum() or one in _FILLERS:
            kind = _MARK
        elif one in _RADIO or syllable(one) in _DIGIT_SOUNDS:
            kind = _LIKE
        else:
            kind = _OTHER
        # The point of a written 3.5 and the lines of 2026-03-12 stay marks: where in doubt, a number goes on.
        kinds.append(_STOP if one in "%％" or (one == "号" and text[place + 1 : place + 2] not in "码是") else kind)
    shown = "".join(kinds)
    # Two hundred and eighty is a quantity: it is no part of a number that is read digit by digit.
    return _QUANTITY.sub(lambda found: _UNIT * len(found.group()), shown)


def _runs(kinds: str) -> Iterator[_Run]:
    for found in _RUN.finditer(kinds):
        digits = found.group().count(_DIGIT)
        # Letters belong to an order number; 5G and V6 are names.
        whole = len(found.group()) if digits >= LEAST_AFTER_CUE else digits
        yield _Run(found.start(), found.end(), whole)


def _goes_on(gap: str, before: _Run, after: _Run, public: bool) -> bool:
    """Whether two runs of one utterance are of one number; ``public`` says that one of them is a hot line's."""
    if _STOP in gap:
        return False
    said = gap.replace(_MARK, "")
    if public and len(said) > 1:
        return False
    if not said or said == _TIMES:
        return True
    if len(said) > GAP_CHARACTERS:
        return False
    if set(said) <= {_LIKE, _UNIT}:
        return True
    return min(before.digits, after.digits) >= 2


def _pieces(number: int, text: str, kinds: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    for run in _runs(kinds):
        if pieces:
            last = pieces[-1].runs[-1]
            gap = kinds[last.last : run.first]
            public = any(_PUBLIC.fullmatch(_as_digits(text[one.first : one.last])) for one in (last, run))
            if _goes_on(gap, last, run, public):
                likes = pieces[-1].likes + gap.count(_LIKE) + gap.count(_UNIT)
                pieces[-1] = _Piece(number, (*pieces[-1].runs, run), likes)
                continue
        pieces.append(_Piece(number, (run,), 0))
    return pieces


def _chains(
    numbers: Sequence[int], texts: Sequence[str], kinds: Sequence[str], utterances: Sequence[Utterance]
) -> Iterator[list[_Piece]]:
    """The pieces of each number that one party says, over as many turns as it takes."""
    chain: list[_Piece] = []
    for number in numbers:
        pieces = _pieces(number, texts[number], kinds[number])
        for piece in pieces:
            if chain and not (piece is pieces[0] and _next_turn(chain, piece, kinds, utterances)):
                yield chain
                chain = []
            chain.append(piece)
    if chain:
        yield chain


def _next_turn(chain: Sequence[_Piece], piece: _Piece, kinds: Sequence[str], utterances: Sequence[Utterance]) -> bool:
    last = chain[-1]
    if min(last.digits, piece.digits) >= CERTAIN_DIGITS:
        return False
    if utterances[piece.utterance].start_s - utterances[last.utterance].end_s > GAP_S:
        return False
    between = kinds[last.utterance][last.runs[-1].last :], kinds[piece.utterance][: piece.runs[0].first]
    return all(len(part.replace(_MARK, "")) <= EDGE_CHARACTERS and _STOP not in part for part in between)


def _personal(
    chain: Sequence[_Piece], texts: Sequence[str], kinds: Sequence[str], utterances: Sequence[Utterance]
) -> bool:
    digits = sum(piece.digits for piece in chain)
    if _PUBLIC.fullmatch(_written(chain, texts)):
        return False
    if digits >= CERTAIN_DIGITS:
        return True
    if digits >= LEAST_AFTER_CUE and _cued(chain, texts, utterances):
        return True
    longest = max((run for piece in chain for run in piece.runs), key=lambda run: run.digits)
    if longest.digits < LEAST_RUN:
        return False
    piece = next(piece for piece in chain if longest in piece.runs)
    return kinds[piece.utterance][longest.last : longest.last + 1] not in (_STOP, _UNIT)


def _cued(chain: Sequence[_Piece], texts: Sequence[str], utterances: Sequence[Utterance]) -> bool:
    """Whether a word before the number, of the same turn or the last one of the other, says what it is."""
    first = chain[0]
    text = texts[first.utterance]
    if CUES.search(text[max(0, first.runs[0].first - CUE_REACH) : first.runs[0].first]):
        return True
    if CUES.search(text[first.runs[-1].last : first.runs[-1].last + CUE_REACH // 2]):
        return True
    if len(re.sub(r"\W", "", text[: first.runs[0].first])) > CUE_REACH:
        return False
    own = utterances[first.utterance]
    asked = [one for one in utterances[: first.utterance] if own.start_s - one.end_s <= GAP_S]
    # The question may have been followed by an 嗯 of either.
    return any(CUES.search(one.text) for one in asked[-3:])


def _written(chain: Sequence[_Piece], texts: Sequence[str]) -> str:
    runs = (texts[piece.utterance][run.first : run.last] for piece in chain for run in piece.runs)
    return _as_digits("".join(runs))


def _as_digits(text: str) -> str:
    return "".join(one if one.isascii() else digits_of(one) for one in text)


def _kind(chain: Sequence[_Piece], texts: Sequence[str]) -> str:
    written = _written(chain, texts)
    if _MOBILE.fullmatch(written):
        return "phone"
    if _IDENTITY.fullmatch(written):
        return "identity_card"
    return "bank_card" if written.isdigit() and 16 <= len(written) <= 19 else "number"


def _widened(piece: _Piece, kinds: Sequence[str]) -> tuple[int, int]:
    """The place of a piece with what sounds like a digit on either side: it may be one that was misheard."""
    text = kinds[piece.utterance]
    first, last = piece.runs[0].first, piece.runs[-1].last
    near = _LIKE + _UNIT + _LETTER
    for _ in range(GAP_CHARACTERS):
        if first and text[first - 1] in near:
            first -= 1
        if last < len(text) and text[last] in near:
            last += 1
    return first, last

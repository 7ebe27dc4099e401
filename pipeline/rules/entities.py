"""Things that are named in words: telephone and identity numbers, amounts of money, dates, digits read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.rules.spoken_numbers import NUMBER, READ_ALOUD, digits_of, value_of

LEAST_DIGITS = 4
"""Fewer digits in a row are a quantity or an ordinary word."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something found in a plain text; ``text`` is what it says in digits, ``value`` what it is worth, if anything."""

    start: int
    end: int
    text: str
    value: float | None


_RUN = re.compile(rf"[{READ_ALOUD}]{{{LEAST_DIGITS},}}x?")
_MOBILE = re.compile(r"(?:0?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"0\d{2,3}\d{7,8}")
_IDENTITY = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx]")
_AMOUNT = re.compile(
    rf"(?P<yuan>{NUMBER})(?:块钱|元钱|块|元)(?:(?P<tail>[{READ_ALOUD}])(?P<unit>[毛角])?(?![{READ_ALOUD}十百千万亿个月天号]))?"
    rf"|(?P<jiao>{NUMBER})[毛角]钱?|(?P<fen>{NUMBER})分钱"
)
_DATE = re.compile(
    rf"(?:(?P<year>[{READ_ALOUD}]{{2,4}}|今|明|去)年)?(?P<month>{NUMBER})月(?:份)?(?P<day>{NUMBER})[日号]"
    r"|(?P<word>大前天|前天|昨天|今天|明天|大后天|后天)"
)
_DAYS = {"大前天": -3, "前天": -2, "昨天": -1, "今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_YEARS = {"去": -1, "今": 0, "明": 1}


def digits(text: str, called_on: date | None) -> Iterator[Entity]:
    """Runs of digits, written or read aloud; the value is their number."""
    for match in _RUN.finditer(text):
        written = _written(match.group())
        yield Entity(match.start(), match.end(), written, float(len(written)))


def phones(text: str, called_on: date | None) -> Iterator[Entity]:
    """Mobile and landline numbers."""
    for run in digits(text, called_on):
        found = _MOBILE.fullmatch(run.text) or _LANDLINE.fullmatch(run.text)
        if found is not None:
            number = found.group(1) if found.re is _MOBILE else found.group()
            yield Entity(run.start, run.end, number, None)


def identities(text: str, called_on: date | None) -> Iterator[Entity]:
    """Identity card numbers of eighteen places with a possible date of birth."""
    for run in digits(text, called_on):
        if _IDENTITY.fullmatch(run.text) is not None:
            yield Entity(run.start, run.end, run.text, None)


def amounts(text: str, called_on: date | None) -> Iterator[Entity]:
    """Amounts of money; the value is in yuan."""
    for match in _AMOUNT.finditer(text):
        if match["yuan"] is not None:
            value = value_of(match["yuan"])
            end = match.end()
            if value is not None and match["tail"] is not None:
                value += int(digits_of(match["tail"])) / 10
        elif match["jiao"] is not None:
            value, end = value_of(match["jiao"]), match.end()
            value = None if value is None else value / 10
        else:
            value, end = value_of(match["fen"]), match.end()
            value = None if value is None else value / 100
        if value is not None:
            yield Entity(match.start(), end, f"{value:g}", value)


def dates(text: str, called_on: date | None) -> Iterator[Entity]:
    """Days of the year, and 昨天, 今天, 明天; the value is days after the day of the call, where that is known."""
    for match in _DATE.finditer(text):
        if match["word"] is not None:
            days = _DAYS[match["word"]]
            day = None if called_on is None else called_on + timedelta(days=days)
            yield Entity(match.start(), match.end(), match["word"] if day is None else day.isoformat(), float(days))
            continue
        month, number = value_of(match["month"]), value_of(match["day"])
        if month is None or number is None or not (1 <= month <= 12 and 1 <= number <= 31):
            continue
        named = date_of(match["year"], int(month), int(number), called_on)
        if isinstance(named, str):
            yield Entity(match.start(), match.end(), named, None)
        elif named is not None and called_on is not None:
            yield Entity(match.start(), match.end(), named.isoformat(), float((named - called_on).days))


def date_of(year: str | None, month: int, day: int, called_on: date | None) -> date | str | None:
    """The day that is meant, ``MM-DD`` where nobody knows the year, None for a day that no year has."""
    if called_on is None:
        return f"{month:02d}-{day:02d}"
    whole = called_on.year
    if year in _YEARS:
        whole += _YEARS[year]
    elif year is not None:
        spoken = int(digits_of(year))
        whole = spoken if spoken >= 1000 else 2000 + spoken % 100
    try:
        return date(whole, month, day)
    except ValueError:
        return None


def _written(text: str) -> str:
    return digits_of(text.removesuffix("x")) + ("x" if text.endswith("x") else "")


FINDERS: dict[str, Callable[[str, date | None], Iterator[Entity]]] = {
    "phone": phones,
    "id_card": identities,
    "amount": amounts,
    "date": dates,
    "digits": digits,
}

"""The sentence that a finding shows: a template filled with its evidence."""

from __future__ import annotations

from string import Formatter

from pipeline.rules.outcome import Match
from pipeline.rules.schema import ConditionParameters
from pipeline.types import MatchKind

WORDS_FIELDS = frozenset({"title", "start", "end", "quote"})
VALUE_FIELDS = frozenset({"measured", "threshold"})


def clock(seconds: float) -> str:
    """A place in a call as people read it: ``1:05``."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def fields_of(condition: ConditionParameters, *, found: bool = True) -> frozenset[str]:
    """Which fields a condition's evidence always fills: that it holds, or (not ``found``) that it does not."""
    if condition.negated is not None:
        return fields_of(condition.negated, found=not found)
    parts = [fields_of(part, found=found) for part in condition.parts()]
    if parts:
        # Every part gives its values when all must hold; when one is enough, only what each of them has is sure.
        together = (condition.all is not None) == found
        return frozenset().union(*parts) if together else frozenset.intersection(*parts)
    operator = condition.operator
    values = operator is not None and (operator.VALUES_WHEN_FOUND if found else operator.VALUES_WHEN_MISSING)
    return WORDS_FIELDS | VALUE_FIELDS if values else WORDS_FIELDS


def template_mistake(template: str, condition: ConditionParameters) -> str | None:
    """What is wrong with a message, None when it can be filled from the condition's evidence."""
    try:
        parsed = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template)]
    except ValueError as error:
        return f"{error}; expected every brace to belong to a field such as {{start}}; double a brace to show it"
    given = fields_of(condition)
    for name, spec, conversion in parsed:
        if name is None:
            continue
        if name not in WORDS_FIELDS | VALUE_FIELDS or spec or conversion:
            shown = "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            expected = ", ".join("{" + field + "}" for field in sorted(WORDS_FIELDS | VALUE_FIELDS))
            return f"got {shown}; expected one of {expected}; correct the spelling or remove it"
        if name not in given:
            return (
                f"got {{{name}}}, which the condition does not always have; expected "
                + ", ".join("{" + field + "}" for field in sorted(given))
                + "; use one of these"
            )
    return None


def fill(template: str, title: str, match: Match) -> str:
    """The sentence for one finding; of words known by their sound alone, it says what was heard."""
    sentence = template.format(
        title=title,
        start=clock(match.start_s),
        end=clock(match.end_s),
        quote=match.quote,
        measured=match.measured or "",
        threshold=match.threshold or "",
    )
    if match.kind is MatchKind.HOMOPHONE:
        return f"{sentence}（{match.measured}，{match.threshold}，只是读音相近，请听录音核对。）"
    return sentence

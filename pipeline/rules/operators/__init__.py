"""The operators of the rule language, one module each; ``OPERATORS`` is the whole list."""

from __future__ import annotations

from pipeline.rules.operators.backchannel import Backchannel
from pipeline.rules.operators.base import Operator
from pipeline.rules.operators.duration import Duration
from pipeline.rules.operators.entity import EntityNamed
from pipeline.rules.operators.hang_up import HangUp
from pipeline.rules.operators.hold import Hold
from pipeline.rules.operators.interruption import Interruption
from pipeline.rules.operators.level import Level
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.metadata import MetadataIs
from pipeline.rules.operators.other_rule import OtherRule
from pipeline.rules.operators.question import Question
from pipeline.rules.operators.rate import Rate
from pipeline.rules.operators.regular_expression import RegularExpression
from pipeline.rules.operators.repetition import Repeat
from pipeline.rules.operators.response import Response
from pipeline.rules.operators.say import Say
from pipeline.rules.operators.silence import Silence
from pipeline.rules.operators.similar import Similar
from pipeline.rules.operators.turn_count import TurnCount

OPERATORS: dict[str, type[Operator]] = {
    "say": Say,
    "regex": RegularExpression,
    "similar": Similar,
    "repeat": Repeat,
    "question": Question,
    "entity": EntityNamed,
    "silence": Silence,
    "response": Response,
    "rate": Rate,
    "interruption": Interruption,
    "backchannel": Backchannel,
    "hold": Hold,
    "level": Level,
    "duration": Duration,
    "turn_count": TurnCount,
    "hang_up": HangUp,
    "measure": MeasureIs,
    "metadata": MetadataIs,
    "rule": OtherRule,
}
"""Key in a rulebook to parameters; ``schema.ConditionParameters`` has one field for each, which a test checks."""

"""The operators of the rule language, one module each; ``OPERATORS`` is the whole list."""

from __future__ import annotations

from pipeline.rules.operators.base import Operator
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.metadata import MetadataIs
from pipeline.rules.operators.other_rule import OtherRule
from pipeline.rules.operators.say import Say

OPERATORS: dict[str, type[Operator]] = {"say": Say, "measure": MeasureIs, "metadata": MetadataIs, "rule": OtherRule}
"""Key in a rulebook to parameters; ``schema.ConditionParameters`` has one field for each, which a test checks."""

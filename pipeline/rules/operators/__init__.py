"""The operators of the rule language, one module each; ``OPERATORS`` is the whole list."""

from __future__ import annotations

from pipeline.rules.operators.base import Parameters
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.metadata import MetadataIs
from pipeline.rules.operators.say import Say

OPERATORS: dict[str, type[Parameters]] = {"say": Say, "measure": MeasureIs, "metadata": MetadataIs}
"""Key in a rulebook to parameters; ``schema.ConditionParameters`` has one field for each, which a test checks."""

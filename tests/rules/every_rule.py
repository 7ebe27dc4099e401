"""A rulebook that looks at every rule, whatever words a call holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.rules import Rulebook
from pipeline.rules.rulebook import Rule
from pipeline.rules.triggers import Triggers
from pipeline.rules.view import CallView


class EveryRule(Triggers):
    """Leaves no rule out."""

    def rules_for(self, view: CallView) -> Sequence[Rule]:
        return self._rules


def looked_at_whole(rulebook: Rulebook) -> Rulebook:
    """The same rulebook without its shortcut."""
    whole = replace(rulebook)
    object.__setattr__(whole, "triggers", EveryRule(whole.ordered))
    return whole

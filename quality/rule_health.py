"""How far a rule can be believed: of its hits, how many are right; of the true violations, how many it finds.

Reviews of flagged calls alone can never tell what a rule misses: they give a recall near 1 whatever the truth. The
random lane does, with the correction for verification bias of Begg and Greenes (Biometrics 39, 1983) and an interval
that draws both shares from their Jeffreys posteriors; Wald's and the logit's intervals fail where no miss is seen.
Recall is only ever shown with its interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.errors import StatisticsError
from quality.draw import Floats
from quality.intervals import Counts, effective_counts, jeffreys_draws, wilson

DRAWS = 20_000

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval and the effective number of reviews behind it.

    ``value`` is None, with the ``reason``, where nothing can be said.
    """

    value: float | None
    low: float | None
    high: float | None
    n: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """One rule over a period.

    ``flagged`` of ``calls`` calls have a hit. ``reviewed_flagged`` and ``reviewed_clear`` are the reviews that judged
    the rule's item on calls with and without a hit; ``missed`` how many of the latter found a violation.
    """

    rule: str
    calls: int
    flagged: int
    reviewed_flagged: int
    reviewed_clear: int
    missed: int
    precision: Share
    recall: Share


def rule_health(
    rule: str,
    calls: int,
    flagged_calls: int,
    flagged: Flags,
    violated: Flags,
    weights: Floats,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> RuleHealth:
    """Precision and recall of a rule, call by call.

    Args:
        rule: the rule.
        calls: all calls of the period.
        flagged_calls: those on which the rule has a hit.
        flagged: for each reviewed call that stood in the queue by a known probability, whether the rule has a hit.
        violated: whether the person found the violation.
        weights: 1 / inclusion probability.
        draws: draws of the Monte Carlo interval.
        seed: of these draws, so that a report can be repeated.

    Raises:
        StatisticsError: counts contradict each other, or a weight is not more than 0.
    """
    if not 0 <= flagged_calls <= calls or calls < len(flagged):
        raise StatisticsError(
            f"rule {rule}: {flagged_calls} of {calls} calls are flagged and {len(flagged)} reviewed; "
            f"expected no more than there are."
        )
    hits = effective_counts(violated[flagged], weights[flagged])
    misses = effective_counts(violated[~flagged], weights[~flagged])
    return RuleHealth(
        rule=rule,
        calls=calls,
        flagged=flagged_calls,
        reviewed_flagged=int(flagged.sum()),
        reviewed_clear=int((~flagged).sum()),
        missed=int((violated & ~flagged).sum()),
        precision=_precision(hits, flagged_calls),
        recall=_recall(hits, misses, calls, flagged_calls, draws, seed),
    )


def _precision(hits: Counts, flagged_calls: int) -> Share:
    if not flagged_calls:
        return Share(None, None, None, 0.0, "the rule has no hit")
    if hits.n <= 0:
        return Share(None, None, None, 0.0, "no call with a hit was reviewed")
    low, high = wilson(hits)
    return Share(hits.share, low, high, hits.n)


def _recall(hits: Counts, misses: Counts, calls: int, flagged_calls: int, draws: int, seed: int) -> Share:
    if flagged_calls < calls and misses.n <= 0:
        return Share(None, None, None, 0.0, "no random call without a hit was reviewed, so misses cannot be seen")
    if flagged_calls and hits.n <= 0:
        return Share(None, None, None, misses.n, "no call with a hit was reviewed")
    random = np.random.default_rng(seed)
    found = flagged_calls * jeffreys_draws(hits, draws, random) if flagged_calls else np.zeros(draws)
    missed = (calls - flagged_calls) * jeffreys_draws(misses, draws, random) if misses.n > 0 else np.zeros(draws)
    low, high = (float(end) for end in np.quantile(found / (found + missed), (0.025, 0.975)))
    right = flagged_calls * (hits.share or 0.0)
    wrong = (calls - flagged_calls) * (misses.share or 0.0)
    if right + wrong == 0:
        return Share(None, None, None, misses.n, "no violation was found, neither on calls with a hit nor on others")
    # With no miss seen the estimate is 1, beyond what the interval can reach.
    return Share(right / (right + wrong), low, max(high, right / (right + wrong)), misses.n)

"""One agent's month: the machine's score of every call, and what people said of the calls that were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from quality.words import Quantity as Quantity

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scale:
    """The form: its highest score, and the score from which a call passes (a fatal call never does)."""

    maximum: float = 100.0
    pass_line: float = 80.0

    def of(self, quantity: Quantity) -> float:
        """The largest value that the quantity can take."""
        return self.maximum if quantity is Quantity.SCORE else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Reviews:
    """Calls that a person has scored, one element a call; all arrays of the same length.

    ``machine`` is the machine's score (NaN: the machine could not score the call), ``human`` the person's, ``fatal``
    the person's verdict, ``probability`` that with which the call had been drawn: 1 in the lanes *must* and *risk*.
    """

    machine: Floats
    human: Floats
    probability: Floats
    fatal: Bools

    @property
    def size(self) -> int:
        """Number of reviews."""
        return int(self.human.size)

    def take(self, which: Bools) -> Reviews:
        """Those where ``which`` holds."""
        return Reviews(self.machine[which], self.human[which], self.probability[which], self.fatal[which])

    def values(self, quantity: Quantity, scale: Scale) -> Floats:
        """The quantity of each call as the person judged it."""
        if quantity is Quantity.SCORE:
            return self.human
        if quantity is Quantity.FATAL_RATE:
            return self.fatal.astype(np.float64)
        return ((self.human >= scale.pass_line) & ~self.fatal).astype(np.float64)


def no_reviews() -> Reviews:
    """No review at all."""
    nothing = np.zeros(0)
    return Reviews(nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class AgentMonth:
    """All calls of an agent in a month, with the reviews of those that were drawn.

    ``machine`` and ``probability`` hold one element for each call, or one for ``count`` calls that share both (a month
    read from a database comes in groups). ``machine`` is NaN where the machine could not score. ``picked`` is the
    number of calls drawn in the probability lane, reviewed or not; None when every pick has been reviewed.
    """

    agent: str
    month: str
    machine: Floats
    probability: Floats
    reviews: Reviews = field(default_factory=no_reviews)
    team: str = ""
    count: Ints | None = None
    picked: int | None = None

    @property
    def calls(self) -> int:
        """Number of calls."""
        return int(self.machine.size if self.count is None else self.count.sum())


def pooled(name: str, months: Sequence[AgentMonth]) -> AgentMonth:
    """The calls and reviews of several agents as one, such as of a team.

    That each agent's sample was drawn on its own makes the estimate of the whole surer than it is taken to be.
    """
    counts = [np.ones(one.machine.size, dtype=np.int64) if one.count is None else one.count for one in months]
    picked = [one.picked for one in months if one.picked is not None]
    return AgentMonth(
        agent=name,
        month=months[0].month,
        machine=np.concatenate([one.machine for one in months]),
        probability=np.concatenate([one.probability for one in months]),
        reviews=Reviews(
            np.concatenate([one.reviews.machine for one in months]),
            np.concatenate([one.reviews.human for one in months]),
            np.concatenate([one.reviews.probability for one in months]),
            np.concatenate([one.reviews.fatal for one in months]),
        ),
        team=name,
        count=np.concatenate(counts),
        picked=sum(picked) if len(picked) == len(months) else None,
    )


def reviews_from(
    machine: npt.ArrayLike, human: npt.ArrayLike, probability: npt.ArrayLike, fatal: npt.ArrayLike | None = None
) -> Reviews:
    """Reviews from anything that numpy takes for an array; without ``fatal`` no call was fatal."""
    scores = np.asarray(human, dtype=np.float64)
    verdicts = np.zeros(scores.shape, dtype=np.bool_) if fatal is None else np.asarray(fatal, dtype=np.bool_)
    return Reviews(np.asarray(machine, dtype=np.float64), scores, np.asarray(probability, dtype=np.float64), verdicts)


def problem_of(month: AgentMonth, scale: Scale) -> str | None:
    """Why nothing can be estimated from this month, in one sentence, or None when all is well."""
    arrays = [month.machine, month.probability, *([] if month.count is None else [month.count])]
    if len({array.shape for array in arrays}) != 1 or month.machine.ndim != 1:
        return "数据不完整：机器评分与抽取概率的个数不一致"
    if month.calls == 0:
        return "本月没有通话"
    return _frame_problem(month, scale) or _review_problem(month, scale)


def _frame_problem(month: AgentMonth, scale: Scale) -> str | None:
    if np.isnan(month.probability).any():
        return f"{int(np.isnan(month.probability).sum())} 通通话缺少抽取概率"
    never = month.probability <= 0
    if never.any():
        left_out = int(never.sum() if month.count is None else month.count[never].sum())
        return f"{left_out} 通通话的抽取概率为 0：被排除在抽样之外的通话，任何估计都不能代表"
    if (month.probability > 1).any():
        return "抽取概率大于 1"
    if month.count is not None and (month.count < 0).any():
        return "通话个数为负"
    if _outside(month.machine, scale):
        return f"机器评分超出 0 至 {scale.maximum:g} 分"
    return None


def _review_problem(month: AgentMonth, scale: Scale) -> str | None:
    reviews = month.reviews
    shapes = {reviews.machine.shape, reviews.human.shape, reviews.probability.shape, reviews.fatal.shape}
    if len(shapes) != 1:
        return "数据不完整：人工评分、机器评分与抽取概率的个数不一致"
    missing = int(np.isnan(reviews.human).sum())
    if missing:
        return f"{missing} 条人工评分没有分数"
    if _outside(reviews.human, scale) or _outside(reviews.machine, scale):
        return f"评分超出 0 至 {scale.maximum:g} 分"
    if not ((reviews.probability > 0) & (reviews.probability <= 1)).all():
        return "复核的通话缺少大于 0、不大于 1 的抽取概率"
    if reviews.size > month.calls:
        return "复核数多于通话数：同一通话可能计了两次"
    drawn = int((reviews.probability < 1).sum())
    if month.picked is not None and drawn > month.picked:
        return "概率抽样的复核数多于抽取数：同一通话可能计了两次"
    return None


def _outside(scores: Floats, scale: Scale) -> bool:
    # NaN compares as False, infinity as True.
    return bool(((scores < 0) | (scores > scale.maximum)).any())

"""Every agent's month as one number with an interval, and what that number may be used for.

The table of contents: check the month, take the earlier months' probability reviews, learn the score model from them
(or say why not), estimate, and judge what the result can carry. One agent's broken data never lose the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from quality.agent_month import AgentMonth, Floats, Quantity, Scale, problem_of
from quality.basis import MIN_POOL, Basis, learn_basis
from quality.correlation import Correlation, Saving, correlation_within, no_saving, saving
from quality.greg import PRIOR_DF, CertainPart, Interval, Part, certain_part, combined, interval, probability_part
from quality.rolling import MONTHS, Drift, learn_drift, narrower, roll

ROLLING_CORRELATION = 0.7
"""Correlation of machine and human score from which rolling intervals hold what they promise (docs/statistics.md)."""

MIN_RESPONSE = 0.9
"""Share of the drawn calls that must have been reviewed before an estimate may count for pay."""


class Method(StrEnum):
    """How an estimate came about."""

    GREG = "greg"
    ROLLING = "greg_rolling"
    SIMPLE = "simple"
    CENSUS = "census"


class Use(StrEnum):
    """What an estimate may be used for."""

    PAY = "pay"
    RANKING = "ranking"
    COACHING = "coaching"


@dataclass(frozen=True, slots=True)
class EstimateOptions:
    """What the centre decides.

    ``pay_half_width`` is a share of the scale: .03 is 3 points of 100. ``rolling_from`` is the correlation of machine
    and human score from which three months are averaged.
    """

    scale: Scale = field(default_factory=Scale)
    confidence: float = 0.95
    rolling: bool = False
    pay_half_width: float = 0.03
    rolling_from: float = ROLLING_CORRELATION


@dataclass(frozen=True, slots=True)
class Estimate:
    """One agent's month. ``interval`` is None where nothing can be said; ``reason`` then says why.

    ``calls`` are all, ``reviews`` those of the probability lane that the number rests on (of three months in
    rolling mode), ``certain`` the reviewed ones of the lanes must and risk. ``reason`` also says why a simpler method
    was taken; ``remarks`` what to know about the data; ``guess`` is the machine's word on the agent before people's
    correction, None where it is not used.
    """

    agent: str
    team: str
    month: str
    quantity: Quantity
    method: Method | None
    interval: Interval | None
    calls: int
    reviews: int
    certain: int
    uses: tuple[Use, ...]
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    guess: float | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """What the score model rests on: pooled probability reviews of the ``months`` months before."""

    reviews: int
    months: int
    wanted: int
    ready: bool
    correlation: Correlation | None
    saving: Saving
    drift: Drift | None


@dataclass(frozen=True, slots=True)
class AgentReport:
    """All agents of a month with one quantity."""

    month: str
    quantity: Quantity
    confidence: float
    estimates: tuple[Estimate, ...]
    pool: Pool


def estimate_agents(
    current: Sequence[AgentMonth],
    earlier: Sequence[Sequence[AgentMonth]],
    quantity: Quantity,
    options: EstimateOptions,
) -> AgentReport:
    """Estimate one quantity of every agent's month.

    Args:
        current: the month, one value for each agent.
        earlier: the months before, oldest first. Only their reviews are used, except in rolling mode, which needs all
            calls of the last two.
        quantity: what to estimate.
        options: scale, confidence and mode.
    """
    scale = options.scale
    sound = [month for month in current if problem_of(month, scale) is None]
    basis = learn_basis(sound, earlier, quantity, scale)
    parts = {month.agent: probability_part(month, basis.model, quantity, scale) for month in sound}
    correlation = correlation_within(basis.training, confidence=options.confidence)
    not_rolled = _not_rolled(correlation, options.rolling_from) if options.rolling else None
    histories = _histories(parts, earlier, basis, quantity, scale) if options.rolling and not not_rolled else {}
    drift = learn_drift(list(histories.values())) if histories else None
    if drift is not None and not narrower(list(histories.values()), drift):
        not_rolled = "这三个月里人工与机器的差距变动太大，三个月平均并不比本月更准：只用本月"
        drift = None
    estimates = tuple(
        _estimate(
            month, parts.get(month.agent), histories.get(month.agent), drift, basis, quantity, options, not_rolled
        )
        for month in current
    )
    return AgentReport(
        month=current[0].month if current else "",
        quantity=quantity,
        confidence=options.confidence,
        estimates=estimates,
        pool=_pool(sound, basis, drift, correlation, quantity, options),
    )


def _not_rolled(correlation: Correlation | None, least: float) -> str | None:
    """Why three months may not be averaged in this centre, or None where they may."""
    if correlation is not None and correlation.value >= least:
        return None
    measured = "无法计算" if correlation is None else f"为 {correlation.value:.2f}"
    return f"机器与人工评分的相关{measured}，达到 {least:.1f} 才能用三个月滚动：只用本月"


def _histories(
    parts: dict[str, Part | None],
    earlier: Sequence[Sequence[AgentMonth]],
    basis: Basis,
    quantity: Quantity,
    scale: Scale,
) -> dict[str, list[Part]]:
    """For each agent with three usable months their parts, oldest first; empty under the flat model."""
    if basis.simple_because is not None or len(earlier) < MONTHS - 1:
        return {}
    found: dict[str, list[Part]] = {}
    for months in earlier[-(MONTHS - 1) :]:
        for month in months:
            if parts.get(month.agent) is None or problem_of(month, scale) is not None:
                continue
            part = probability_part(month, basis.model, quantity, scale)
            if part is not None:
                found.setdefault(month.agent, []).append(part)
    histories: dict[str, list[Part]] = {}
    for agent, history in found.items():
        latest = parts[agent]
        if len(history) == MONTHS - 1 and latest is not None:
            histories[agent] = [*history, latest]
    return histories


def _estimate(
    month: AgentMonth,
    part: Part | None,
    history: list[Part] | None,
    drift: Drift | None,
    basis: Basis,
    quantity: Quantity,
    options: EstimateOptions,
    not_rolled: str | None,
) -> Estimate:
    problem = problem_of(month, options.scale)
    if problem is not None:
        return _nothing(month, quantity, problem)
    largest = options.scale.of(quantity)
    certain = certain_part(month, basis.model, quantity, options.scale)
    certain_calls = _certain_calls(month)
    if certain_calls and certain is None:
        return _nothing(month, quantity, f"{certain_calls} 通必听或风险通话都还没有复核")
    if part is None:
        if month.calls > certain_calls or certain is None:
            return _nothing(month, quantity, "概率抽样中没有已复核的通话")
        df = float(PRIOR_DF - 1 + certain.reviews)
        known = interval(certain.value, certain.variance, df, largest=largest, confidence=options.confidence)
        because = "全部通话都已由人工复核" if certain.variance == 0 else None
        return _done(month, quantity, Method.CENSUS, known, 0, certain, because, options)
    value, variance, df, reviews = part.value, part.variance, part.df, part.reviews
    method, because = Method.GREG, basis.simple_because
    if because is not None:
        method = Method.SIMPLE
    elif options.rolling:
        because = not_rolled or "没有连续三个月的复核，或坐席太少：只用本月"
        if history is not None and drift is not None:
            rolled = roll(history, drift)
            because = "与前两个月相比变化明显：只用本月"
            if not rolled.jumped:
                method, because = Method.ROLLING, None
                value, variance, df, reviews = rolled.value, rolled.variance, rolled.df, rolled.reviews
    known = combined(value, variance, df, part.calls, certain, largest=largest, confidence=options.confidence)
    guess = None if method is Method.SIMPLE else _overall_guess(part, certain)
    return _done(month, quantity, method, known, reviews, certain, because, options, guess)


def _overall_guess(part: Part, certain: CertainPart | None) -> float:
    """The mean over all calls of what is known before people's corrections: guesses, and the certain calls' scores."""
    if certain is None:
        return part.guess
    return (part.calls * part.guess + certain.calls * certain.value) / (part.calls + certain.calls)


def _done(
    month: AgentMonth,
    quantity: Quantity,
    method: Method,
    known: Interval,
    reviews: int,
    certain: CertainPart | None,
    because: str | None,
    options: EstimateOptions,
    guess: float | None = None,
) -> Estimate:
    remarks: list[str] = []
    drawn = int((month.reviews.probability < 1).sum())
    response = 1.0
    if month.picked is not None and drawn < month.picked:
        response = drawn / month.picked
        remarks.append(f"概率抽样的 {month.picked} 通中有 {month.picked - drawn} 通尚未复核")
    if certain is not None and certain.reviews < certain.calls:
        response = min(response, certain.reviews / certain.calls)
        remarks.append(f"必听或风险的 {certain.calls} 通中有 {certain.calls - certain.reviews} 通尚未复核")
    unscored = np.isnan(month.machine)
    if unscored.any():
        count = int(unscored.sum() if month.count is None else month.count[unscored].sum())
        remarks.append(f"{count} 通通话没有机器评分")
    width = known.half_width / options.scale.of(quantity)
    return Estimate(
        agent=month.agent,
        team=month.team,
        month=month.month,
        quantity=quantity,
        method=method,
        interval=known,
        calls=month.calls,
        reviews=reviews,
        certain=0 if certain is None else certain.reviews,
        uses=allowed_uses(width, method, response, _pay_width(quantity, options)),
        reason=because,
        remarks=tuple(remarks),
        guess=guess,
    )


def _pay_width(quantity: Quantity, options: EstimateOptions) -> float:
    """Fatal calls are a few in a hundred: within three in a hundred says nothing, so a third of that is asked for."""
    return options.pay_half_width / 3 if quantity is Quantity.FATAL_RATE else options.pay_half_width


def allowed_uses(half_width_share: float, method: Method, response: float, pay_half_width: float) -> tuple[Use, ...]:
    """What an estimate may carry.

    Coaching: always, as a reason to listen. Ranking: not while the machine is not used and the interval is wider than a
    tenth of the scale to either side, for then the order is chance. Pay: only when the interval is no wider than the
    centre allows and nearly all drawn calls have been reviewed; never by three months, which are slow to see an agent
    who has changed all at once.
    """
    uses = [Use.COACHING]
    if method is not Method.SIMPLE or half_width_share <= 0.1:
        uses.insert(0, Use.RANKING)
    if method is not Method.ROLLING and half_width_share <= pay_half_width and response >= MIN_RESPONSE:
        uses.insert(0, Use.PAY)
    return tuple(uses)


def _nothing(month: AgentMonth, quantity: Quantity, why: str) -> Estimate:
    reviewed = month.reviews.probability
    return Estimate(
        agent=month.agent,
        team=month.team,
        month=month.month,
        quantity=quantity,
        method=None,
        interval=None,
        calls=month.calls,
        reviews=int((reviewed < 1).sum()),
        certain=int((reviewed >= 1).sum()),
        uses=(),
        reason=why,
    )


def _certain_calls(month: AgentMonth) -> int:
    certain = month.probability >= 1
    return int(certain.sum() if month.count is None else month.count[certain].sum())


def _pool(
    current: Sequence[AgentMonth],
    basis: Basis,
    drift: Drift | None,
    correlation: Correlation | None,
    quantity: Quantity,
    options: EstimateOptions,
) -> Pool:
    scale = options.scale
    width = 0.03 * scale.of(quantity)
    if basis.simple_because is not None or not current:
        helped = no_saving(width, basis.simple_because or "本月没有通话")
    else:
        helped = saving(
            basis.training,
            basis.model,
            correlation,
            _typical_scores(current),
            calls=int(np.median([month.calls for month in current])),
            half_width=width,
            confidence=options.confidence,
        )
    return Pool(
        reviews=basis.training.size,
        months=basis.months,
        wanted=MIN_POOL,
        ready=basis.simple_because is None,
        correlation=correlation,
        saving=helped,
        drift=drift,
    )


def _typical_scores(current: Sequence[AgentMonth]) -> Floats:
    """Quantiles of every agent's machine scores, weighted alike: enough to predict an interval's width."""
    scores = []
    for month in current:
        machine = month.machine if month.count is None else np.repeat(month.machine, month.count)
        ordered = np.sort(machine)
        places = np.linspace(0, ordered.size - 1, min(200, ordered.size)).round().astype(np.int64)
        scores.append(ordered[places])
    return np.concatenate(scores)

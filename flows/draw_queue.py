"""The queue draw in batch: undrawn calls from the store, through the sampler, back into the log."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from flows import draw_seed
from flows.fitted_sizes import size_model
from flows.risk_ranking import frozen_ranking, ranking_before, ranking_said, risk_of
from models.risk import RiskModel
from pipeline.errors import StatisticsError, UsageError
from quality.allocation import Budget, allocate, budget, steadied_sds
from quality.draw import LANES, MUST, PROBABILITY, RISK, Frame, Samplers, Seed, draw_batch, rate_e9
from quality.sizes import SizeModel
from quality.words import Allocation
from store import draws, plans
from store.months import midnight, zone
from store.values import AgentHistory, AgentSampler, LoggedCall, MonthOfDraws, UndrawnCall

PER_AGENT = 10.0
"""Calls of each agent in a month where neither plans nor an option say otherwise."""

STEADYING_DAYS = 2
"""Days' worth of the centre's average that steady the forecast for an agent."""


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """What a supervisor chooses for a month; frozen when its first draw runs.

    Attributes:
        per_agent: calls of each agent in a month; None takes what the reviewers' plans leave, or 10 without plans.
        allocation: how the reviews are divided among agents.
        risk_per_day: calls of the risk lane on each day, the centre over.
        risk_by: ``points`` ranks calls for that lane by the points that rules took; ``reviews`` by what people found
            in the months before (``models.risk``), frozen with the month.
        must: ``routed`` puts every call into the must lane that the rulebook sends to a person; ``fatal`` only those
            with a fatal finding.
    """

    per_agent: float | None = None
    allocation: Allocation = Allocation.EQUAL
    risk_per_day: int = 0
    risk_by: str = "points"
    must: str = "routed"


@dataclass(frozen=True, slots=True)
class Pick:
    """One call that a person is to hear. The machine's score is left out: it must not be seen before the review."""

    call_id: str
    recording_id: str
    agent_id: str
    lane: str
    probability: float
    started_at: datetime
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class MonthDrawn:
    """What one draw did in one month."""

    month: str
    stratum: int
    seed_id: str
    model_version: str
    batch: str | None
    calls: int
    lanes: dict[str, int]
    picked: tuple[Pick, ...]
    targets: dict[str, float]
    expected: dict[str, float]
    budget: Budget | None
    left_out: dict[str, int]
    options: dict[str, Any]
    ranking: str = ""


def draw_months(months: Sequence[str], wanted: DrawOptions, given: frozenset[str], seed_file: Path) -> list[MonthDrawn]:
    """Draw from every undrawn call of some months; each month is one transaction.

    Args:
        months: months ``YYYY-MM``.
        wanted: the options, which count where a month begins.
        given: names of the options that were said outright; for a month that has begun they must agree with it.
        seed_file: where the seeds are.

    Raises:
        UsageError: an option differs from what is frozen, or cannot be met.
    """
    return [_draw_month(month, wanted, given, seed_file) for month in months]


def _draw_month(month: str, wanted: DrawOptions, given: frozenset[str], seed_file: Path) -> MonthDrawn:
    with draws.month_in_hand(month) as begun:
        calls = draws.undrawn_calls(month)
        options = wanted
        if begun is not None:
            options = _frozen(begun, wanted, given)
        elif not calls:
            return _nothing(month, draws.left_out(month))
        if begun is None:
            seed = draw_seed.newest_seed(seed_file)
            model = size_model(month)
            frozen = asdict(model)
            if options.risk_per_day and options.risk_by == "reviews":
                frozen["risk"] = ranking_before(month).document()
            begun = draws.begin_month(month, seed.id, model.version, frozen, _document(options))
        elif begun.seed_id:
            seed, model = draw_seed.seed_of_id(seed_file, begun.seed_id), model_from(begun.size_model)
        else:
            # The month was closed: what comes now is a stratum with a seed of its own.
            seed, model = draw_seed.newest_seed(seed_file), model_from(begun.size_model)
            draws.set_seed(month, seed.id)
            begun = replace(begun, seed_id=seed.id)
        known = draws.samplers(month, begun.stratum)
        if not calls:
            return replace(_nothing(month, draws.left_out(month)), targets={a: s.target for a, s in known.items()})
        ranking = frozen_ranking(begun.size_model)
        frame = _frame(calls, model, options, month, seed, ranking)
        lines, spent = _samplers(frame, calls, known, begun, options)
        starts = [seed.start_e9(agent, month, begun.stratum) for agent in frame.agent_ids]
        drawn = draw_batch(
            frame,
            Samplers(
                rates_e9=np.array([line.rate_e9 for line in lines], dtype=np.int64),
                starts_e9=np.array(starts, dtype=np.int64),
                cumulated_e9=np.array([line.cumulated_e9 for line in lines], dtype=np.int64),
            ),
            seed,
        )
        moved = [replace(line, cumulated_e9=int(total)) for line, total in zip(lines, drawn.cumulated_e9, strict=True)]
        log = [
            LoggedCall(
                recording_id=calls[row].recording_id,
                agent_id=calls[row].agent_id,
                lane=LANES[frame.lanes[row]].value,
                probability_e9=int(drawn.probabilities_e9[row]),
                size_e6=int(frame.sizes_e6[row]),
                position=position,
                picked=bool(drawn.picked[row]),
                machine_score=calls[row].machine_score,
                machine_fatal=calls[row].machine_fatal,
                stage_version=calls[row].stage_version,
            )
            for position, row in enumerate(drawn.order.tolist())
        ]
        lanes = Counter(line.lane for line in log if line.picked)
        summary = {"calls": len(log), "picked": dict(lanes), "risk": ranking.version if ranking else "points"}
        batch = draws.save_draw(begun, moved, log, _document(options), summary)
    by_id = {call.recording_id: call for call in calls}
    everyone = known | {line.agent_id: line for line in moved}
    return MonthDrawn(
        month=month,
        stratum=begun.stratum,
        seed_id=seed.id,
        model_version=model.version,
        batch=batch,
        calls=len(calls),
        lanes={lane.value: lanes[lane.value] for lane in LANES},
        picked=tuple(_pick(line, by_id[line.recording_id]) for line in log if line.picked),
        targets={agent: line.target for agent, line in sorted(everyone.items())},
        expected={agent: line.cumulated_e9 / 1e9 for agent, line in sorted(everyone.items())},
        budget=spent,
        left_out=draws.left_out(month),
        options=_document(options),
        ranking=ranking_said(begun.size_model),
    )


def model_from(document: Any) -> SizeModel:
    """The size model that a month keeps."""
    return SizeModel(
        version=document["version"],
        edges=tuple(document["edges"]),
        sizes_e6=tuple(document["sizes_e6"]),
        unknown_e6=document["unknown_e6"],
        uplift_e3=document["uplift_e3"],
    )


def _document(options: DrawOptions) -> dict[str, Any]:
    return {**asdict(options), "allocation": options.allocation.value}


def _frozen(begun: MonthOfDraws, wanted: DrawOptions, given: frozenset[str]) -> DrawOptions:
    frozen = DrawOptions(**{**begun.options, "allocation": Allocation(begun.options["allocation"])})
    for name in sorted(given):
        if getattr(wanted, name) != getattr(frozen, name):
            before = getattr(frozen, name)
            raise UsageError(
                f"--{name.replace('_', '-')} is {getattr(wanted, name)}, but the draws of {begun.month} were begun "
                f"with {'the default' if before is None else before}; rates are frozen for a month, since changing "
                f"them after results are known would bias it. Leave the option out; it can change with the next month."
            )
    return frozen


def _nothing(month: str, left_out: dict[str, int]) -> MonthDrawn:
    return MonthDrawn(month, 0, "", "", None, 0, {lane.value: 0 for lane in LANES}, (), {}, {}, None, left_out, {})


def _pick(line: LoggedCall, call: UndrawnCall) -> Pick:
    return Pick(
        call_id=call.call_id,
        recording_id=call.recording_id,
        agent_id=call.agent_id,
        lane=line.lane,
        probability=line.probability_e9 / 1e9,
        started_at=call.started_at,
        duration_s=call.duration_s,
    )


def _frame(
    calls: Sequence[UndrawnCall],
    model: SizeModel,
    options: DrawOptions,
    month: str,
    seed: Seed,
    ranking: RiskModel | None,
) -> Frame:
    agent_ids = tuple(sorted({call.agent_id for call in calls}))
    agent_code = {agent: code for code, agent in enumerate(agent_ids)}
    kinds = {kind: code for code, kind in enumerate(sorted({call.business_type for call in calls}))}
    local = [call.started_at.astimezone(zone()) for call in calls]
    scores = np.array([np.nan if call.machine_score is None else call.machine_score for call in calls])
    suspicious = np.array([call.suspicious for call in calls], dtype=np.bool_)
    must = np.array([call.machine_fatal or (options.must == "routed" and call.must_review) for call in calls])
    days = np.array([moment.toordinal() for moment in local], dtype=np.int64)
    ids = np.array([call.recording_id.encode() for call in calls])
    lanes = np.where(must, MUST, PROBABILITY).astype(np.int64)
    if options.risk_per_day:
        risk = risk_of(calls, ranking) if ranking else _risk_by_points(scores, suspicious)
        lanes[_riskiest(days, risk, lanes, ids, options.risk_per_day, month, seed)] = RISK
    return Frame(
        ids=ids,
        agents=np.array([agent_code[call.agent_id] for call in calls], dtype=np.int64),
        agent_ids=agent_ids,
        applications=np.array([kinds[call.business_type] for call in calls], dtype=np.int64),
        days=days,
        hours=np.array([moment.hour for moment in local], dtype=np.int64),
        durations_s=np.array([np.nan if call.duration_s is None else call.duration_s for call in calls]),
        sizes_e6=model.sizes(scores, suspicious),
        lanes=lanes,
    )


def _risk_by_points(scores: np.ndarray, suspicious: np.ndarray) -> np.ndarray:
    """Points that the rules took, twenty more for a suspicious call; none for a call that could not be scored."""
    return np.where(np.isnan(scores), -np.inf, 100.0 - scores) + np.where(suspicious, 20.0, 0.0)


def _riskiest(
    days: np.ndarray,
    risk: np.ndarray,
    lanes: np.ndarray,
    ids: np.ndarray,
    per_day: int,
    month: str,
    seed: Seed,
) -> np.ndarray:
    """The riskiest calls of each day that are not in the must lane, as many as the day has left."""
    free = (lanes == PROBABILITY) & (risk > 0)
    chosen: list[int] = []
    for day in np.unique(days[free]):
        begin = midnight(date.fromordinal(int(day)))
        (taken,) = draws.risk_taken(month, [(begin, begin + timedelta(days=1))])
        rows = np.flatnonzero(free & (days == day))
        ties = seed.order(ids[rows].tolist())
        chosen.extend(rows[np.lexsort((ties, -risk[rows]))][: max(per_day - taken, 0)].tolist())
    return np.array(chosen, dtype=np.int64)


def _samplers(
    frame: Frame,
    calls: Sequence[UndrawnCall],
    known: dict[str, AgentSampler],
    begun: MonthOfDraws,
    options: DrawOptions,
) -> tuple[list[AgentSampler], Budget | None]:
    """The sampler of each of the frame's agents; those seen for the first time get a rate, which then stays."""
    new = [agent for agent in frame.agent_ids if agent not in known]
    spent: Budget | None = None
    if new:
        main = draws.samplers(begun.month, 0) if begun.stratum else {}
        earlier = {} if begun.stratum else draws.histories(_month_before(begun.month))
        forecasts, counts = _forecasts(frame, begun, earlier)
        targets, spent = _targets(frame, calls, new, known, forecasts, counts, earlier, begun, options)
        for agent in new:
            code = frame.agent_ids.index(agent)
            forecast = max(int(forecasts[code]), 1)
            # Calls that come after a month was closed keep the probability that they would have had.
            rate = main[agent].rate_e9 if agent in main else rate_e9(targets[agent], forecast)
            known[agent] = AgentSampler(agent, targets[agent], forecast, rate, 0)
    return [known[agent] for agent in frame.agent_ids], spent


def _forecasts(frame: Frame, begun: MonthOfDraws, earlier: dict[str, AgentHistory]) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and numbers of calls that each agent will have in the month's probability lane.

    What has come already is known. For the days that are left: last month's log where it is there, else what has come
    a day, drawn towards the centre's average by two days' worth, since one day says little of an agent.
    """
    chance = frame.lanes == PROBABILITY
    count = len(frame.agent_ids)
    sizes = np.bincount(frame.agents[chance], frame.sizes_e6[chance], minlength=count)
    calls = np.bincount(frame.agents[chance], minlength=count).astype(np.float64)
    usual_size, usual_calls = float(sizes.mean()), float(calls.mean())
    year, number = int(begun.month[:4]), int(begun.month[5:])
    length = calendar.monthrange(year, number)[1]
    last = date(year, number, length).toordinal()
    last_seen = min(int(frame.days.max()), last)
    seen = last_seen - int(frame.days.min()) + 1
    left = 0 if begun.stratum else last - last_seen
    ahead = left / (seen + STEADYING_DAYS)
    sizes_ahead = sizes + ahead * (sizes + STEADYING_DAYS * usual_size / seen)
    calls_ahead = calls + ahead * (calls + STEADYING_DAYS * usual_calls / seen)
    for code, agent in enumerate(frame.agent_ids):
        before = earlier.get(agent)
        if left and before and before.calls:
            sizes_ahead[code] = sizes[code] + before.sizes_e6 * left / length
            calls_ahead[code] = calls[code] + before.calls * left / length
        if not calls_ahead[code]:
            # Only certain calls have come, of nobody else any: others may come late, as many again at most.
            mine = frame.agents == code
            sizes_ahead[code], calls_ahead[code] = float(frame.sizes_e6[mine].sum()), float(mine.sum())
        elif not calls[code]:
            sizes_ahead[code] = max(sizes_ahead[code], usual_size)
            calls_ahead[code] = max(calls_ahead[code], usual_calls)
    return sizes_ahead, calls_ahead


def _targets(
    frame: Frame,
    calls: Sequence[UndrawnCall],
    new: list[str],
    known: dict[str, AgentSampler],
    forecasts: np.ndarray,
    counts: np.ndarray,
    earlier: dict[str, AgentHistory],
    begun: MonthOfDraws,
    options: DrawOptions,
) -> tuple[dict[str, float], Budget | None]:
    if known:
        # The month is under way: a newcomer is drawn like the others on average.
        usual = sum(line.target for line in known.values()) / len(known)
        return dict.fromkeys(new, usual), None
    agents = len(frame.agent_ids)
    capacity = plans.capacity_of_month(begun.month)
    spent: Budget | None = None
    if options.per_agent is not None:
        total = options.per_agent * agents
    elif capacity and not begun.stratum:
        chance = frame.lanes == PROBABILITY
        growth = float(counts.sum()) / max(int(chance.sum()), 1)
        days = calendar.monthrange(int(begun.month[:4]), int(begun.month[5:]))[1]
        must = float((frame.lanes == MUST).sum()) * growth
        spent = budget(capacity, must, float(options.risk_per_day * days), agents)
        total = spent.probability
    else:
        total = PER_AGENT * agents
    sds = np.ones(agents) if options.allocation is Allocation.EQUAL else _spreads(frame, calls, earlier)
    total = min(total, float(counts.sum()))
    shares = allocate(options.allocation, total, counts, sds, least=min(2.0, total / agents))
    return {agent: float(shares[code]) for code, agent in enumerate(frame.agent_ids)}, spent


def _spreads(frame: Frame, calls: Sequence[UndrawnCall], earlier: dict[str, AgentHistory]) -> np.ndarray:
    """Spread of each agent's machine scores, last month's included, steadied by the pooled one."""
    scores = np.array([np.nan if call.machine_score is None else call.machine_score for call in calls])
    sds, counts = np.zeros(len(frame.agent_ids)), np.zeros(len(frame.agent_ids))
    for code, agent in enumerate(frame.agent_ids):
        mine = scores[(frame.agents == code) & ~np.isnan(scores)]
        number, total, squares = mine.size, float(mine.sum()), float((mine**2).sum())
        before = earlier.get(agent)
        if before:
            number, total, squares = (
                number + before.scored,
                total + before.score_sum,
                squares + before.score_squares,
            )
        counts[code] = number
        if number > 1:
            sds[code] = np.sqrt(max(squares - total**2 / number, 0.0) / (number - 1))
    try:
        return steadied_sds(sds, counts)
    except StatisticsError:
        return np.ones_like(sds)


def _month_before(month: str) -> str:
    return (date(int(month[:4]), int(month[5:]), 1) - timedelta(days=1)).strftime("%Y-%m")

"""What a report of a month or a week says, as plain values: computed once, kept, then shown by any renderer.

Nothing here is a mean of flagged calls: scores of agents and teams are estimates with their intervals and the method
behind them. A part of which nothing can be said is empty, and ``PeriodReport.reasons`` says why under the part's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How long a time the report is of."""

    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Value:
    """A number with its 95 % interval; ``value`` None, with the ``reason``, where nothing can be said."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Calls of one day, hour, type, direction or team: number, number in the period before, lengths in seconds."""

    name: str
    calls: int
    before: int | None
    mean_s: float | None
    median_s: float | None
    p90_s: float | None


@dataclass(frozen=True, slots=True)
class Service:
    """What the manifest knows of the calls, test calls left out.

    Attributes:
        total: all calls of the period.
        by_day, by_hour, by_type, by_direction, by_team: the same in groups.
        lengths: calls by length; names such as ``1-3`` are minutes.
        answer_s: seconds until the call was answered: median and 90th percentile as ``value`` and ``high``; None where
            the manifest does not say.
        hung_up_by_agent: share of the calls, of which the manifest says who hung up, that the agent ended.
        hours_recorded: sum of the lengths in hours.
        set_aside: recordings that could not be assessed.
    """

    total: CallGroup
    by_day: tuple[CallGroup, ...]
    by_hour: tuple[CallGroup, ...]
    by_type: tuple[CallGroup, ...]
    by_direction: tuple[CallGroup, ...]
    by_team: tuple[CallGroup, ...]
    lengths: tuple[tuple[str, int], ...]
    answer_s: Value
    hung_up_by_agent: Value
    hours_recorded: float
    set_aside: int


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """One agent's, team's or the centre's month as people would have scored it.

    ``score`` is in points, the rates are shares. ``method``, ``uses`` and ``reason`` are those of the score, as
    ``quality.estimates.Estimate`` has them; ``before`` is last month's score where it was estimated.
    """

    name: str
    label: str
    team: str
    calls: int
    reviews: int
    certain: int
    method: str
    uses: tuple[str, ...]
    score: Value
    pass_rate: Value
    fatal_rate: Value
    before: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the estimates rest on: reviews of the months before, correlation of machine and people, the saving."""

    reviews: int
    months: int
    ready: bool
    correlation: Value
    multiplier: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """How often the machine found one rule broken.

    ``share`` is of all assessed calls; ``change`` is the share minus that of the period before, with an interval that
    says how far chance alone would go; None where the period before has no calls. ``of_points`` is the rule's part of
    all points taken, fatal ones left out.
    """

    rule: str
    title: str
    severity: str
    calls: int
    share: float
    calls_before: int | None
    change: Value
    points: float
    of_points: float | None
    cumulative: float | None


@dataclass(frozen=True, slots=True)
class Fatal:
    """Calls that lose everything: the machine's word on all calls, and people's as an estimate for the centre."""

    machine_calls: int
    machine_share: float | None
    before_share: float | None
    estimated: Value


@dataclass(frozen=True, slots=True)
class HealthLine:
    """One rule: precision and recall with their intervals, and the reviews behind them."""

    rule: str
    title: str
    flagged: int
    reviewed_flagged: int
    reviewed_clear: int
    missed: int
    precision: Value
    recall: Value


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the score sheet over the reviewed calls, as ``quality.item_health.ItemHealth`` has it."""

    item: str
    title: str
    reviews: int
    fails: int
    rate: float | None
    rate_high: float
    of_count: float | None
    of_points: float | None
    of_variance: float | None
    fatal: bool
    compliance: bool
    proposal: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """Whose error a rule or a cluster is; ``enough`` False means that single agents are easily missed."""

    name: str
    title: str
    scope: str
    rate: float
    remaining_rate: float | None
    agents: tuple[str, ...]
    groups: tuple[str, ...]
    enough: bool


@dataclass(frozen=True, slots=True)
class ClusterLine:
    """A common error of the month; ``quote`` has personal numbers taken out."""

    number: int
    name: str
    quote: str
    rules: tuple[str, ...]
    calls: int
    share: float
    calls_before: int | None
    new: bool
    scope: ScopeLine


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """One reviewer.

    Attributes:
        planned: calls of the plan up to today or the period's end; None where there is no plan.
        reviews: calls reviewed in the period.
        median_listened: median share of a call's length that was played; None where it was not recorded.
        severity: points taken beyond the others on like calls (below 0 lenient); ``stands_out`` from the median.
        drift: ``stricter`` or ``milder`` when the period's reviews drift, else empty.
        icc: agreement with others on double-scored calls.
        deducts_nothing: suspiciously many clean calls this month, and the month before (None: not known).
        group_level: mean machine score of all calls of the teams that the reviewer heard, by how many of each.
        groups: those teams, the most heard first.
        appealed, upheld: decided appeals against what the reviewer let stand.
    """

    reviewer: str
    planned: int | None
    reviews: int
    median_listened: float | None
    severity: Value
    stands_out: bool
    drift: str
    icc: Value
    double_scored: int
    deducts_nothing: bool | None
    deducted_nothing_before: bool | None
    group_level: float | None
    groups: tuple[str, ...]
    appealed: int
    upheld: int


@dataclass(frozen=True, slots=True)
class Reviewing:
    """All reviewers, their agreement, and the days: planned and done."""

    lines: tuple[ReviewerLine, ...]
    agreement: Value
    by_day: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class AppealLine:
    """Appeals of one rule that were filed in the period, and what became of them."""

    rule: str
    title: str
    filed: int
    open: int
    upheld: int
    dismissed: int


@dataclass(frozen=True, slots=True)
class Appeals:
    """Appeals that were filed in the period; ``days_median`` from filing to decision."""

    filed: int
    before: int
    open: int
    upheld: int
    dismissed: int
    upheld_share: Value
    days_median: float | None
    by_rule: tuple[AppealLine, ...]


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """An agent whose sample is unlike the agent's own calls in ``dimensions``, further than chance would go."""

    agent: str
    calls: int
    sample: int
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarginLine:
    """One class: its share of all calls and of all samples together (weighted)."""

    dimension: str
    level: str
    of_calls: float
    of_sample: float
    smd: float | None


@dataclass(frozen=True, slots=True)
class BalanceOfSamples:
    """Whether samples are like the calls they stand for: agents checked, those that stand out, the pool."""

    checked: int
    unchecked: int
    sample: int
    unusual: tuple[BalanceLine, ...]
    margins: tuple[MarginLine, ...]


@dataclass(frozen=True, slots=True)
class MeasurePoint:
    """One measure of a team's calls (``team`` empty: of all) in one week or month: median and quartiles."""

    measure: str
    period: str
    team: str
    calls: int
    median: float
    p25: float
    p75: float


@dataclass(frozen=True, slots=True)
class AnnouncedCall:
    """One announced test call; ``answers`` say by question whether the standard answer was given."""

    call_id: str
    day: str
    agent: str
    label: str
    team: str
    score: float | None
    answers: Mapping[str, bool]
    deductions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnnouncedAgent:
    """One agent's test calls: all of them count, so that the plain mean is the result."""

    agent: str
    label: str
    team: str
    calls: int
    mean: float | None
    lowest: float | None


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """One standard question: in how many test calls it was answered as the standard says."""

    rule: str
    title: str
    calls: int
    right: int
    share: Value


@dataclass(frozen=True, slots=True)
class AnnouncedCalls:
    """Announced test calls of the period: never a part of an agent's estimate."""

    rulebook: str
    questions: tuple[QuestionLine, ...]
    agents: tuple[AnnouncedAgent, ...]
    calls: tuple[AnnouncedCall, ...]


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The report of a month (``2026-03``) or a week (``2026-W10``).

    ``version`` and ``closed`` are those of the month's draws. ``rulebooks`` are the versions that judged the calls;
    where they differ from ``rulebooks_before``, a change in how often a rule hits may be the rule's own.
    """

    kind: Kind
    name: str
    before: str
    computed_at: str
    version: int
    closed: bool
    rulebooks: tuple[str, ...]
    rulebooks_before: tuple[str, ...]
    assessed: int
    service: Service
    centre: EstimateLine | None = None
    teams: tuple[EstimateLine, ...] = ()
    agents: tuple[EstimateLine, ...] = ()
    learned: Learned | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[RuleLine, ...] = ()
    fatal: Fatal | None = None
    health: tuple[HealthLine, ...] = ()
    items: tuple[ItemLine, ...] = ()
    scopes: tuple[ScopeLine, ...] = ()
    clusters: tuple[ClusterLine, ...] = ()
    reviewing: Reviewing | None = None
    appeals: Appeals | None = None
    balance: BalanceOfSamples | None = None
    weeks: tuple[MeasurePoint, ...] = ()
    months: tuple[MeasurePoint, ...] = ()
    test_calls: AnnouncedCalls | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

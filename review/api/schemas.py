"""What the API takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema


class Problem(Schema):
    """What is wrong with a request: ``code`` for programmes, ``message`` for people."""

    code: str
    message: str
    fields: list[dict[str, str]] = Field(default_factory=list)


class ProblemAnswer(Schema):
    """The body of every answer that is no success."""

    error: Problem


class Paging(Schema):
    """Which part of a list."""

    after: str = Field("", description="Cursor: ``next`` of the page before.")
    limit: int = Field(100, ge=1, le=500, description="Most rows in an answer.")


class CallQuery(Paging):
    """Which calls."""

    since: datetime | None = Field(None, description="Calls that began then or later.")
    until: datetime | None = Field(None, description="Calls that began before.")
    agent_id: str = ""
    team: str = ""
    call_id: str = Field("", description="The platform's id of a call.")
    must_review: bool | None = Field(None, description="Whether rules send it to a person.")


class FindingQuery(Paging):
    """Which findings."""

    rule: str = ""
    agent_id: str = ""
    severity: Literal["", "fatal", "deduct", "add", "warn"] = ""


class ReviewQuery(Paging):
    """Which reviews."""

    agent_id: str = ""
    rater: str = ""


class EstimateQuery(Paging):
    """Which estimates."""

    month: str = Field("", description="``YYYY-MM``; every month by default.")
    agent_id: str = ""
    team: str = ""
    quantity: Literal["", "score", "pass_rate", "fatal_rate"] = ""


class QueueQuery(Paging):
    """Which items of the queue."""

    lane: Literal["", "must", "risk", "probability", "hand"] = ""
    team: str = ""
    state: Literal["open", "done", "all"] = "open"


class VerdictQuery(Paging):
    """Which verdicts."""

    rule: str = ""
    reviewer: str = ""


class Page(Schema):
    """Some rows; ``next`` is the cursor of those after them, empty at the end."""

    next: str = ""


class Who(Schema):
    """The token that asks."""

    name: str
    role: str
    permissions: list[str]
    expires_at: datetime | None


class CallSummary(Schema):
    """One call with its machine result; ``withheld`` while people are to hear it without that result."""

    recording_id: str
    call_id: str
    agent_id: str
    agent_name: str
    team: str
    business_type: str
    direction: str
    started_at: datetime | None
    duration_s: float | None
    assessed_at: datetime
    withheld: bool
    score: float | None = Field(None, description="The machine's total; null where it gives none, or withheld.")
    fatal: bool | None = None
    must_review: bool | None = None
    findings: int | None = Field(None, description="How many findings there are.")
    rulebook: str
    rulebook_version: str


class CallPage(Page):
    """Calls."""

    items: list[CallSummary]


class FindingRow(Schema):
    """One violation or warning of the machine."""

    finding_id: int
    recording_id: str
    call_id: str
    agent_id: str
    rule: str
    category: str
    severity: str
    points: float
    role: str
    start_s: float
    end_s: float
    quote: str
    match: str
    confidence: float | None
    message: str


class FindingPage(Page):
    """Findings."""

    items: list[FindingRow]


class ReviewRow(Schema):
    """What one person said of a call; of several of a call the last counts for its agent."""

    review_id: int
    recording_id: str
    call_id: str
    agent_id: str
    rater: str
    score: float | None
    fatal: bool
    deductions: dict[str, float]
    blind: bool
    source: str
    submitted_at: datetime


class ReviewPage(Page):
    """Reviews."""

    items: list[ReviewRow]


class CallDetail(CallSummary):
    """One call with everything the machine says of it."""

    categories: dict[str, Any] | None = None
    measures: dict[str, Any] | None = None
    finding_rows: list[FindingRow] | None = None
    not_assessable: list[dict[str, Any]] | None = None
    reviews: list[ReviewRow]
    transcript: list[dict[str, Any]] | None = Field(None, description="With ``transcript=true`` alone.")


class QueueRow(Schema):
    """One call that a person is to hear, or has heard."""

    item_id: int
    recording_id: str
    call_id: str
    lane: str
    reason: str
    agent_id: str
    team: str
    business_type: str
    duration_s: float | None
    queued_at: datetime
    in_hand_of: str
    done_by: str
    done_at: datetime | None


class QueuePage(Page):
    """Items of the queue."""

    items: list[QueueRow]


class QueueRequest(Schema):
    """A call to be put into the queue: by recording, or by the platform's call id."""

    recording_id: str = ""
    call_id: str = ""
    reason: str = Field(..., min_length=1, max_length=500)


class VerdictRow(Schema):
    """What one person said of one finding; of several of the same person the last counts."""

    verdict_id: int
    finding_id: int
    recording_id: str
    call_id: str
    rule: str
    start_s: float
    end_s: float
    verdict: str
    reviewer: str
    comment: str
    source: str
    given_at: datetime


class VerdictPage(Page):
    """Verdicts."""

    items: list[VerdictRow]


class VerdictRequest(Schema):
    """A verdict that was given elsewhere."""

    finding_id: int
    verdict: Literal["confirm", "reject", "unsure"]
    reviewer: str = Field(..., min_length=1, max_length=150, description="The person who says it.")
    comment: str = Field("", max_length=2000)
    given_at: datetime | None = Field(
        None, description="When it was given; now by default. Sent again, nothing is added."
    )


class EstimateRow(Schema):
    """One agent's month as people would have scored it, with its interval."""

    month: str
    agent_id: str
    agent_name: str
    team: str
    quantity: str
    method: str
    value: float | None
    low: float | None
    high: float | None
    calls: int
    reviews: int
    certain: int
    uses: list[str]
    reason: str
    computed_at: datetime


class EstimatePage(Page):
    """Estimates."""

    items: list[EstimateRow]

"""The tables that can be exported and every column of them; importable without a database.

``python -m store.export_columns`` writes them into docs/exports.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    YES = "yes or no"
    MOMENT = "time"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``words`` marks what people said in a call, which is exported only when asked for."""

    name: str
    kind: Kind
    meaning: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One table; ``view`` is the SQL view that has the same columns, None where there is none.

    ``only_words``: the whole table is what people said.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    view: str | None = None
    only_words: bool = False


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines ``name | kind | meaning``; a ``*`` before the name marks words."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        name, kind, meaning = (part.strip() for part in line.split("|"))
        found.append(Column(name.lstrip("*"), Kind(kind), meaning, name.startswith("*")))
    return tuple(found)


_CALL = """
recording_id | text | the recording's id, the key of every table
call_id | text | the platform's id of the call
agent_id | text | who served
team | text | the agent's team at the time
started_at | time | when the call began; where the platform does not say, when the recording was found
month | text | month of that, in the centre's calendar
"""

TABLES: tuple[ExportTable, ...] = (
    ExportTable(
        "calls",
        "One row a recording, with what the newest assessment says of it.",
        _columns(
            _CALL
            + """
agent_name | text | the agent's name
business_type | text | the platform's word
direction | text | inbound or outbound
call_type | text | customer, or test for an announced test call
duration_s | number | length in seconds
assessment_id | whole number | the newest assessment; empty while there is none
rulebook | text | rulebook that judged the call
rulebook_version | text | its version
machine_score | number | the pre-score, 0 to 100; empty where nothing could be assessed
machine_fatal | yes or no | whether the machine found a fatal violation
must_review | yes or no | whether the rulebook sends the call to a person
lane | text | lane of the draw: must, risk or probability; empty where no draw has passed the call
picked | yes or no | whether the draw picked it
probability | number | inclusion probability of the draw, 0 to 1
speaking_rate_cpm | number | the agent's speech rate, characters a minute
greeting_latency_s | number | seconds from the answer to the agent's first word
silence_ratio | number | share of the call that is silence
interruptions | number | times that the agent interrupted
"""
        ),
        view="tingjian_calls",
    ),
    ExportTable(
        "findings",
        "One row a finding of the newest assessments.",
        _columns(
            "finding_id | whole number | the finding\n"
            + _CALL
            + """
assessment_id | whole number | the assessment
rule | text | id of the rule
category | text | its category
severity | text | fatal, deduct, add or warn
points | number | points taken, or given where severity is add
role | text | whose words: agent, customer or unknown
start_s | number | where it begins, seconds
end_s | number | where it ends, seconds
match_kind | text | exact, variant, homophone or measure
confidence | number | 0 to 1, empty where there is none
*quote | text | the words
*message | text | the finding in a sentence
"""
        ),
        view="tingjian_findings",
    ),
    ExportTable(
        "verdicts",
        "One row for each word of a person on a finding; later words stand beside earlier ones.",
        _columns(
            "verdict_id | whole number | the verdict\nfinding_id | whole number | the finding\n"
            + _CALL
            + """
rule | text | id of the rule
start_s | number | where the finding begins, seconds
end_s | number | where it ends, seconds
verdict | text | confirm, reject or unsure
reviewer | text | who says it
given_at | time | when
source | text | by what way it came in
*comment | text | why, in the reviewer's words
"""
        ),
        view="tingjian_verdicts",
    ),
    ExportTable(
        "estimates",
        "One row for each agent, month and quantity, as last estimated; never a mean of flagged calls.",
        _columns(
            """
month | text | the month
agent_id | text | the agent
agent_name | text | the agent's name
team | text | the agent's team
quantity | text | score (0 to 100), pass_rate or fatal_rate (0 to 1)
method | text | greg, greg_rolling, simple or census; empty where nothing can be said
value | number | the estimate
low | number | lower end of the 95 % interval
high | number | upper end
calls | whole number | all calls of the month
reviews | whole number | random reviews that it rests on
certain | whole number | reviews of calls taken for certain
uses | text | what it may be used for: a JSON list of pay, ranking, coaching
reason | text | why there is no number, or a simpler method
computed_at | time | when it was estimated
"""
        ),
        view="tingjian_estimates",
    ),
    ExportTable(
        "measures",
        "One row for each measure of each call's newest assessment.",
        _columns(
            _CALL
            + """
measure | text | name of the measure (`tingjian measures list`)
value | number | its value where it is a number
value_text | text | its value where it is a word or yes or no
unit | text | unit
outcome | text | measured or not_assessable
reason | text | why it could not be measured
"""
        ),
    ),
    ExportTable(
        "reviews",
        "One row for each review as it was handed in; a correction is a further row.",
        _columns(
            _CALL
            + """
rater | text | who heard the call
purpose | text | review, double, calibration or standard
session | text | the calibration session
score | number | 0 to 100; empty where the call could not be scored
fatal | yes or no | whether a fatal violation was found
deductions | text | points taken by item, a JSON object
blind | yes or no | whether the machine's result was hidden until then
listened_s | number | seconds played
submitted_at | time | when it was handed in
"""
        ),
    ),
    ExportTable(
        "draws",
        "The log of the draws: every call passed, picked or not, with its probability.",
        _columns(
            _CALL
            + """
drawn_at | time | when its batch was drawn
stratum | whole number | 0 for the month, 1 and up for its supplements
lane | text | must, risk or probability
probability | number | inclusion probability, 0 to 1
picked | yes or no | whether it was picked
machine_score | number | the pre-score at the draw
machine_fatal | yes or no | the machine's word at the draw
"""
        ),
    ),
    ExportTable(
        "clusters",
        "One row for each common error of a month.",
        _columns(
            """
month | text | the month
number | whole number | its number, the same from month to month
name | text | its most telling words
rules | text | rules that flagged it, separated by spaces
calls | whole number | calls with it
share | number | of all calls of the month
calls_before | whole number | calls with it in the last month that was looked at
scope | text | none, individual, group or universal
enough | yes or no | whether there was enough data for the scope
agents | text | agents who stand out, a JSON list
groups | text | teams that stand out, a JSON list
*quote | text | the most typical stretch
"""
        ),
    ),
    ExportTable(
        "cluster_findings",
        "Which findings each common error consists of.",
        _columns(
            """
month | text | the month
number | whole number | the common error
finding_id | whole number | the finding
"""
        ),
    ),
    ExportTable(
        "appeals",
        "One row for each appeal.",
        _columns(
            _CALL
            + """
appeal_id | whole number | the appeal
finding_id | whole number | the finding appealed against; empty where it is another thing
rule | text | id of the rule
filed_by | text | who appealed
filed_at | time | when
outcome | text | upheld or dismissed; empty while it is open
decided_by | text | who decided
decided_at | time | when
*reason | text | the appeal in words
*decision_reason | text | the decision in words
"""
        ),
    ),
    ExportTable(
        "plans",
        "How many calls each reviewer was to hear on each day.",
        _columns("reviewer | text | the reviewer\nday | day | the day\ncalls | whole number | calls planned"),
    ),
    ExportTable(
        "not_assessable",
        "One row for each rule that could not be judged on a call.",
        _columns(_CALL + "rule | text | id of the rule\nreason | text | why"),
    ),
    ExportTable(
        "utterances",
        "One row for each thing said, of the newest transcripts; only with words.",
        _columns(
            _CALL
            + """
role | text | agent, customer or unknown
start_s | number | where it begins, seconds
end_s | number | where it ends, seconds
confidence | number | 0 to 1, empty where the engine gives none
*text | text | the words
"""
        ),
        only_words=True,
    ),
)


def table_named(name: str) -> ExportTable:
    """One table."""
    return next(table for table in TABLES if table.name == name)


PAGE = Path(__file__).resolve().parent.parent / "docs" / "exports.md"
_GENERATED = re.compile(r"(<!-- tables -->\n).*(\n<!-- /tables -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with its tables as they are now."""
    return _GENERATED.sub(lambda found: found[1] + "\n".join(_lines()) + found[2], page)


def _lines() -> Iterable[str]:
    for table in TABLES:
        view = f" SQL view `{table.view}`." if table.view else ""
        yield f"\n### {table.name}\n\n{table.meaning}{view}\n\n| column | kind | meaning |\n|---|---|---|"
        for column in table.columns:
            mark = " (only `--with-words`; not in the view)" if column.words else ""
            yield f"| `{column.name}` | {column.kind.value} | {column.meaning}{mark} |"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""SQL views for the centre's own reports: one for each fact, without words, the same in SQLite and PostgreSQL.

They are dropped before migrations and made again after them: a database refuses to change a table under a view.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_BEGAN = "COALESCE(r.started_at, r.enrolled_at)"

_NEWEST = "(SELECT MAX(b.id) FROM store_assessment b WHERE b.recording_id = r.id)"

_MONTH = {
    # The centre's time zone, Asia/Shanghai, is eight hours ahead all year.
    "sqlite": f"strftime('%Y-%m', {_BEGAN}, '+8 hours')",
    "postgresql": f"to_char({_BEGAN} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')",
}

_CALL = f"""r.id AS recording_id, r.call_id AS call_id, r.agent_id AS agent_id, r.team AS team,
{_BEGAN} AS started_at, {{month}} AS month"""

VIEWS: dict[str, str] = {
    "tingjian_calls": f"""
SELECT {_CALL}, r.agent_name AS agent_name, r.business_type AS business_type, r.direction AS direction,
CASE WHEN r.call_type = '' THEN 'customer' ELSE r.call_type END AS call_type, r.duration_s AS duration_s,
a.id AS assessment_id, a.rulebook AS rulebook, a.rulebook_version AS rulebook_version, a.score AS machine_score,
a.fatal AS machine_fatal, a.must_review AS must_review, d.lane AS lane, d.picked AS picked,
d.probability_e9 / 1000000000.0 AS probability, m.speaking_rate AS speaking_rate_cpm,
m.greeting AS greeting_latency_s, m.silence AS silence_ratio, m.interruptions AS interruptions
FROM store_recording r
LEFT JOIN store_assessment a ON a.id = {_NEWEST}
LEFT JOIN store_drawncall d ON d.recording_id = r.id
LEFT JOIN store_callmeasures m ON m.assessment_id = a.id""",
    "tingjian_findings": f"""
SELECT f.id AS finding_id, {_CALL}, f.assessment_id AS assessment_id, f.rule AS rule, f.category AS category,
f.severity AS severity, f.points AS points, f.role AS role, f.start_s AS start_s, f.end_s AS end_s,
f."match" AS match_kind, f.confidence AS confidence
FROM store_finding f
JOIN store_assessment a ON a.id = f.assessment_id
JOIN store_recording r ON r.id = a.recording_id
WHERE a.id = {_NEWEST}""",
    "tingjian_verdicts": f"""
SELECT v.id AS verdict_id, v.finding_id AS finding_id, {_CALL}, v.rule AS rule, v.start_s AS start_s,
v.end_s AS end_s, v.verdict AS verdict, v.reviewer AS reviewer, v.given_at AS given_at, v.source AS source
FROM store_findingverdict v
JOIN store_recording r ON r.id = v.recording_id""",
    "tingjian_estimates": """
SELECT e.month AS month, e.agent_id AS agent_id, e.agent_name AS agent_name, e.team AS team,
e.quantity AS quantity, e.method AS method, e.value AS value, e.low AS low, e.high AS high, e.calls AS calls,
e.reviews AS reviews, e.certain AS certain, CAST(e.uses AS text) AS uses, e.reason AS reason,
e.computed_at AS computed_at
FROM store_agentestimate e""",
}


def create_views(connection: BaseDatabaseWrapper) -> None:
    """Make the views as the code has them; a database of another kind than the two has none."""
    month = _MONTH.get(connection.vendor)
    if month is None:
        return
    drop_views(connection)
    with connection.cursor() as cursor:
        for name, select in VIEWS.items():
            cursor.execute(f"CREATE VIEW {name} AS {select.format(month=month)}".replace("%", "%%"), [])


def drop_views(connection: BaseDatabaseWrapper) -> None:
    """Remove the views."""
    with connection.cursor() as cursor:
        for name in VIEWS:
            cursor.execute(f"DROP VIEW IF EXISTS {name}")


def before_migrations(using: str, plan: Any = None, **_: Any) -> None:
    """Out of the way of migrations, where there are any."""
    if plan:
        drop_views(connections[using])


def after_migrations(using: str, plan: Any = None, **_: Any) -> None:
    """Back again, once all of their tables are there."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    if plan and {"store_callmeasures", "store_agentestimate", "store_findingverdict", "store_drawncall"} <= tables:
        create_views(connection)

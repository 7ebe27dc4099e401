"""A big centre, made up inside the database: one stored example call copied as often as is wanted, in plain SQL.

Every copy is a whole row of its own (recording, ledger entry, assessment with its document, findings, queue item), so
that the pages have as much to read as they would in a centre of that size; it is only not written by Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AGENTS = 2000
TEAMS = 40
KINDS = 12
QUEUED = 10_000
MONTH_BEGAN_UTC = "2026-02-28 16:00:00"
MONTH_S = 30 * 86_400
AT_ONCE = 50_000


class Dialect:
    """The few words in which the two databases differ; ``n`` is the number of the copy."""

    def __init__(self, vendor: str, calls: int) -> None:
        """Take the vendor and how many copies there will be."""
        step = MONTH_S / calls
        if vendor == "postgresql":
            self.id = "lpad(to_hex(n), 20, '0')"
            self.agent = f"'A' || lpad((n % {AGENTS})::text, 4, '0')"
            self.began = f"timestamptz '{MONTH_BEGAN_UTC}+00' + n * interval '{step} seconds'"
            self.numbers = "(SELECT generate_series({first}, {last}) AS n) AS numbers"
            self.text = "({0})::text"
        else:
            self.id = "printf('%020x', n)"
            self.agent = f"printf('A%04d', n % {AGENTS})"
            self.began = f"datetime('{MONTH_BEGAN_UTC}', '+' || CAST(n * {step} AS INTEGER) || ' seconds')"
            self.numbers = (
                "(WITH RECURSIVE some(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM some WHERE n < {last}) "
                "SELECT n FROM some) AS numbers"
            )
            self.text = "CAST({0} AS TEXT)"
        self.number = self.text.format("n")
        self.team = f"'组' || {self.text.format(f'n % {TEAMS}')}"
        self.kind = f"'业务' || {self.text.format(f'n % {KINDS}')}"


def fill(calls: int, example: Any) -> None:
    """Copy one call.

    Args:
        calls: how many calls there are in the end.
        example: its assessment, with recording, ledger entry, findings and queue item in the store; removed afterwards.
    """
    from django.db import connection

    from store import models

    dialect = Dialect(connection.vendor, calls)
    recording = example.recording
    who = {"agent_id": dialect.agent, "team": dialect.team, "business_type": dialect.kind}
    findings = list(models.Finding.objects.filter(assessment=example).values_list("pk", flat=True))
    for first in range(0, calls, AT_ONCE):
        numbers = dialect.numbers.format(first=first, last=min(calls, first + AT_ONCE) - 1)
        call = {"call_id": f"'c' || {dialect.number}"}
        named = {**call, **who, "agent_name": f"'坐席' || {dialect.agent}", "started_at": dialect.began}
        path = {"path": f"'/r/' || {dialect.number}"}
        _copy(models.Recording, recording.pk, numbers, {"id": dialect.id, **named, **path})
        entry = models.LedgerEntry.objects.get(recording=recording)
        _copy(models.LedgerEntry, entry.pk, numbers, {"recording_id": dialect.id})
        _copy(models.Assessment, example.pk, numbers, {"id": "n + 1000", "recording_id": dialect.id})
        for finding in findings:
            _copy(models.Finding, finding, numbers, {"assessment_id": "n + 1000", "agent_id": dialect.agent})
    item = models.QueueItem.objects.get(recording=recording)
    numbers = dialect.numbers.format(first=0, last=min(calls, QUEUED) - 1)
    _copy(models.QueueItem, item.pk, numbers, {"recording_id": dialect.id, **call, **who})
    models.QueueItem.objects.filter(pk=item.pk).delete()
    models.Finding.objects.filter(pk__in=findings).delete()
    models.Assessment.objects.filter(pk=example.pk).delete()
    models.LedgerEntry.objects.filter(pk=entry.pk).delete()
    models.Recording.objects.filter(pk=recording.pk).delete()
    with connection.cursor() as cursor:
        # What a server's own housekeeping does after a night.
        cursor.execute("ANALYZE")


def _copy(model: Any, example: Any, numbers: str, changed: Mapping[str, str]) -> None:
    """Rows like the example, with some columns from the number of the copy."""
    from django.db import connection

    key = model._meta.pk.column
    columns = [field.column for field in model._meta.concrete_fields if field.column != key or key in changed]
    values = [changed.get(column, f'example."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    # A sign of percent in the SQL is no placeholder: there are no parameters.
    sql = f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM {numbers}, "{table}" AS example '
    literal = f"'{example}'" if isinstance(example, str) else str(example)
    with connection.cursor() as cursor:
        cursor.execute(f'{sql} WHERE example."{key}" = {literal}', None)

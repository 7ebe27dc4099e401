"""Many rows read and written as plain values: queries put together for every part cost more than judging its calls.

The statements are those that SQLite and PostgreSQL both take.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Model


def select(statement: str, *many: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement with ``IN (%s)`` for each of ``many``; values as the database has them.

    Args:
        statement: with one ``%s`` for each sequence of values, in their order.
        many: values; together at most ``ROWS_AT_ONCE`` and a few.
    """
    if not all(many):
        return []
    places = tuple([", ".join(["%s"] * len(some)) for some in many])
    with connection.cursor() as cursor:
        cursor.execute(statement % places, list(chain(*many)))
        return list(cursor.fetchall())


def document_column(name: str) -> str:
    """A column with a document, for ``quick_json.loads``: without a detour where the driver would make text of it."""
    return f"CAST({name} AS BLOB)" if connection.vendor == "sqlite" else name


def insert(
    model: type[Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]], *, ignore_conflicts: bool = False
) -> None:
    """Many rows at once, of values as the database has them: objects for each would cost more than the judging.

    Args:
        model: whose table.
        fields: by name.
        rows: values in the order of the fields.
        ignore_conflicts: whether a row that is there already stays as it is, instead of an ``IntegrityError``.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(quote(model._meta.get_field(name).column) for name in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"
            f"{' ON CONFLICT DO NOTHING' if ignore_conflicts else ''}",
            rows,
        )

"""Many rows read and written as plain values: queries put together for every part cost more than judging its calls.

The statements are those that SQLite and PostgreSQL both take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    return list(each(statement, *many))


def each(statement: str, *many: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """As ``select``, row by row: memory for one large row after the other is found sooner than for all of them."""
    if not all(many):
        return
    places = tuple([", ".join(["%s"] * len(some)) for some in many])
    with connection.cursor() as cursor:
        cursor.execute(statement % places, list(chain(*many)))
        yield from cursor


def document_column(name: str) -> str:
    """A column with a document, for ``quick_json.loads``: without a detour where the driver would make text of it."""
    return f"CAST({name} AS BLOB)" if connection.vendor == "sqlite" else name


def insert(model: type[Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Many rows at once, of values as the database has them: objects for each would cost more than the judging."""
    if not rows:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(quote(model._meta.get_field(name).column) for name in fields)
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})", rows)

"""Lists in parts: by the id of the last row seen, so that rows which come meanwhile neither shift nor repeat any."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from ninja.errors import HttpError

Row = TypeVar("Row", bound=Model)


def page_of(rows: QuerySet[Row], after: str, limit: int) -> tuple[list[Row], str]:
    """Rows with a greater id than the cursor's, and the cursor that follows them; empty where none are left now."""
    if after and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise HttpError(422, "after is no cursor; expected `next` of an earlier answer")
    found = list(rows.filter(pk__gt=int(after or 0)).order_by("pk")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else ""


def chosen(rows: QuerySet[Row], **wanted: Any) -> QuerySet[Row]:
    """Rows whose columns have the values that were asked for; what was not asked for chooses nothing."""
    return rows.filter(**{name: value for name, value in wanted.items() if value not in (None, "")})

"""Documents in the database, read and written by a quick parser: rescoring is mostly that."""

from __future__ import annotations

import json
from typing import Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


def dumps(value: Any) -> str:
    """A document as text; what the quick writer does not take (a lone surrogate, a key that is no text) json does."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def loads(text: Any) -> Any:
    """A document from its text, or as the database's driver has read it already."""
    if not isinstance(text, str | bytes):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


class DocumentField(models.JSONField):
    """A ``JSONField`` in every respect but speed; the column is the same, so that no migration tells them apart."""

    def deconstruct(self) -> Any:
        """As the field that it stands for."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """A whole document; a part of one that a query asks for is read as ever."""
        if isinstance(value, str) and isinstance(expression, models.expressions.Col):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                # NaN or a lone surrogate, which json takes; or no document at all, which stays the text that it is.
                pass
        return super().from_db_value(value, expression, connection)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """As text for SQLite; other databases have a type for it."""
        if connection.vendor != "sqlite" or isinstance(value, models.expressions.BaseExpression):
            return super().get_db_prep_value(value, connection, prepared)
        return dumps(value)

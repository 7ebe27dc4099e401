from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from store.models import Transcript
from store.quick_json import DocumentField, dumps


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"text": "您好", "s": 1.5, "none": None, "yes": True}, id="document"),
        pytest.param({"text": "half \ud83d"}, id="lone_surrogate"),
        pytest.param({"big": 2**80}, id="big_number"),
        pytest.param([], id="empty"),
    ],
)
def test_document_comes_back_as_it_was(value: object) -> None:
    field = DocumentField()
    column = Transcript._meta.get_field("call").get_col("t")
    assert field.from_db_value(dumps(value), column, connection) == value
    assert json.loads(dumps(value)) == value


def test_what_json_wrote_before_is_read() -> None:
    column = Transcript._meta.get_field("call").get_col("t")
    assert DocumentField().from_db_value('{"text": "\\u60a8"}', column, connection) == {"text": "您"}


@pytest.mark.django_db
def test_no_migration_tells_the_field_from_an_ordinary_one() -> None:
    loader = MigrationLoader(None)
    changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(graph=loader.graph)
    assert "store" not in changes

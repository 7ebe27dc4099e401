from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import OperationalError

from store import models, tokens
from tingjian.cli import run
from tingjian.commands import background
from tingjian.commands.background import Background


@pytest.mark.django_db
def test_token_is_made_listed_and_revoked(capsys: Any) -> None:
    assert run(["token", "create", "crm", "--role", "trainer", "--expires", "2099-12-31", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert tokens.token_of(made["token"]) is not None
    assert made["expires_at"].startswith("2100-01-01T00:00:00")
    assert run(["token", "list", "--format", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["tokens"]
    assert (listed["name"], listed["role"]) == ("crm", "trainer")
    assert made["token"] not in json.dumps(listed)
    assert run(["token", "revoke", "crm"]) == 0
    assert tokens.token_of(made["token"]) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "crm", "--role", "agent"], "cannot use the API"),
        (["create", " ", "--role", "trainer"], "needs the name"),
        (["create", "crm", "--role", "trainer", "--expires", "2020-01-01"], "not over"),
        (["revoke", "nobody"], "token list"),
    ],
)
def test_wrong_use_of_tokens_is_said(arguments: list[str], said: str, capsys: Any) -> None:
    assert run(["token", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not models.ApiToken.objects.exists()


@pytest.mark.django_db
def test_messages_that_wait_are_listed_and_delivered(capsys: Any) -> None:
    hook = models.Webhook.objects.create(name="crm", url="http://127.0.0.1:9/")
    from store import webhooks

    webhooks.announce(webhooks.NIGHT_FINISHED, {"batch_id": "x"})
    assert run(["webhook", "deliver", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"delivered": 0, "not_delivered": 1}
    assert run(["webhook", "list", "--format", "json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["webhooks"]
    assert (listed["name"], listed["waiting"], listed["given_up"]) == (hook.name, 1, 0)
    assert "refused" in listed["last_error"]


def test_background_work_goes_on_after_a_piece_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AFTER_TROUBLE_S", 0.01)
    # The thread has no tables to leave alone here.
    monkeypatch.setattr(background.connections, "close_all", lambda: None)
    done = threading.Event()
    errors = [OperationalError("database is locked"), RuntimeError("a defect")]
    rounds: list[int] = []

    def fails() -> None:
        if errors:
            raise errors.pop()

    def counts() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            done.set()

    beside = Background([fails, counts], pause_s=0.01)
    beside.start()
    assert done.wait(20)
    beside.stop()
    assert errors == []

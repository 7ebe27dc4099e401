from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from config.settings import load_settings
from store import models
from tests.review.people import rulebook
from tests.stored_calls import store_call
from tingjian.commands.demo_pages import prepare_pages

FATAL = ("agent: 您好。", "customer: 查话费。", "agent: 神经病。", "agent: 再见。")


@pytest.mark.django_db(transaction=True)
def test_demo_leaves_a_queue_and_an_account_that_can_log_in(tmp_path: Path, client: Client) -> None:
    for number in range(4):
        store_call(rulebook(), f"c{number}", *FATAL)
    settings = load_settings(var_dir=tmp_path)
    first = prepare_pages(settings)
    assert first.queued == models.QueueItem.objects.count() > 0
    assert first.address == "http://127.0.0.1:8321"
    assert client.login(username=first.account, password=first.password)
    again = prepare_pages(settings)
    assert again.queued == first.queued
    assert client.login(username=again.account, password=again.password)
    assert not client.login(username=first.account, password=first.password)

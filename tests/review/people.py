"""Accounts of every role, and calls in the queue as a night and a draw leave them."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from pipeline.rules import Rulebook, load_rulebook
from store.models import Account, Draw, DrawMonth, DrawnCall, QueueItem
from store.queue import fill_queue
from tests.stored_calls import store_call

RUDE = (
    "agent: 您好，请问有什么可以帮您？",
    "customer: 我的手机上不了网。",
    "agent: 你有完没完，用不起就别用。",
    "customer: 你怎么这样说话。",
    "agent: 再见。",
)
POLITE = ("agent: 您好，请问有什么可以帮您？", "customer: 查话费。", "agent: 好的，谢谢您的来电，再见。")


@cache
def rulebook() -> Rulebook:
    return load_rulebook("mobile_service")


def person(username: str, *roles: str, agent_id: str = "") -> Any:
    user = get_user_model().objects.create(
        username=username, password="!", first_name=username, is_staff="administrator" in roles
    )
    user.groups.set(Group.objects.filter(name__in=roles))
    Account.objects.create(user=user, agent_id=agent_id)
    return user


def queued(call_id: str, *lines: str, lane: str = "must", **metadata: str) -> str:
    """A stored call in a lane of the queue; returns the recording's id."""
    store_call(rulebook(), call_id, *(lines or RUDE), **metadata)
    recording_id = f"id-{call_id}"
    put_into_queue(recording_id, lane, metadata.get("agent_id", "A1"))
    return recording_id


def put_into_queue(recording_id: str, lane: str, agent_id: str = "A1") -> None:
    """Have a stored call drawn into a lane."""
    month, _ = DrawMonth.objects.get_or_create(
        month="2026-03", defaults={"seed_id": "s", "model_version": "1", "size_model": {}, "opened_at": timezone.now()}
    )
    draw = Draw.objects.create(id=uuid.uuid4(), month=month, stratum=0, drawn_at=timezone.now())
    DrawnCall.objects.create(
        draw=draw,
        recording_id=recording_id,
        agent_id=agent_id,
        lane=lane,
        probability_e9=1_000_000_000,
        size_e6=1_000_000,
        position=0,
        picked=True,
        machine_fatal=False,
        model_version="1",
        seed_id="s",
    )
    fill_queue()


def item_of(recording_id: str) -> QueueItem:
    return QueueItem.objects.get(recording=recording_id)

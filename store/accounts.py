"""Accounts: people, the roles that they have, and what each role may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from pipeline.errors import UsageError
from store.models import Account

REVIEWER, SUPERVISOR, TRAINER, AGENT, ADMINISTRATOR = "reviewer", "supervisor", "trainer", "agent", "administrator"

ROLES: dict[str, tuple[str, ...]] = {
    REVIEWER: ("judge_calls", "see_rules", "rate_calibration", "use_api"),
    SUPERVISOR: (
        "judge_calls",
        "see_calls",
        "reveal_blind",
        "manage_queue",
        "see_agents",
        "decide_appeals",
        "see_rules",
        "publish_rules",
        "see_nights",
        "retry_nights",
        "run_calibration",
        "rate_calibration",
        "use_api",
        "see_training",
        "name_agents",
        "coach_agents",
    ),
    TRAINER: ("see_calls", "see_agents", "see_rules", "use_api", "see_training", "name_agents", "coach_agents"),
    AGENT: ("see_own_results", "see_rules"),
    ADMINISTRATOR: ("manage_queue", "see_rules", "see_nights", "retry_nights", "use_api"),
}
"""Permissions of the app ``store`` by role; a person may have several roles."""

ADMINISTERED = (
    ("auth", "user"),
    ("store", "account"),
    ("store", "reviewerplan"),
    ("store", "apitoken"),
    ("store", "webhook"),
    ("store", "webhookmessage"),
    ("store", "agent"),
    ("store", "team"),
    ("store", "recordingsource"),
    ("store", "retentionrun"),
)
"""Tables that an administrator may change in the administration pages."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account as a list shows it."""

    username: str
    name: str
    roles: tuple[str, ...]
    agent_id: str
    active: bool


def ensure_roles(**_: Any) -> None:
    """Bring the groups of the roles to what ``ROLES`` says; called after every migration."""
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.filter(content_type__app_label__in=("store", "auth")).select_related(
            "content_type"
        )
    }
    if ("store", "judge_calls") not in known:
        # The tables of the pages come with a later migration than the one that was just applied.
        return
    for role, codenames in ROLES.items():
        group, _created = Group.objects.get_or_create(name=role)
        wanted = {known["store", codename] for codename in codenames}
        if role == ADMINISTRATOR:
            verbs = ("add", "change", "view", "delete")
            wanted |= {known[app, f"{verb}_{model}"] for app, model in ADMINISTERED for verb in verbs}
            wanted.add(known["auth", "view_group"])
        if set(group.permissions.all()) != wanted:
            group.permissions.set(wanted)


def create_account(
    username: str, password: str, roles: Sequence[str], *, name: str = "", agent_id: str = "", team: str = ""
) -> AbstractUser:
    """Make an account with its roles.

    Raises:
        UsageError: the name is taken, a role is unknown, the password is weak, or an agent has no agent id.
    """
    users = get_user_model()
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        what = f"role {unknown[0]!r} is not known" if unknown else "no role is given"
        raise UsageError(f"account {username}: {what}; expected one or more of {', '.join(ROLES)}.")
    if AGENT in roles and not agent_id:
        raise UsageError(f"account {username}: the role agent needs an agent id, so that it sees its own calls only.")
    if users.objects.filter(username=username).exists():
        raise UsageError(f"account {username} exists already; expected a new name, or `tingjian user list`.")
    user = users(username=username, first_name=name, is_staff=ADMINISTRATOR in roles)
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise UsageError(f"account {username}: {' '.join(error.messages)}") from error
    user.set_password(password)
    with transaction.atomic():
        user.save()
        user.groups.set(Group.objects.filter(name__in=roles))
        Account.objects.create(user=user, agent_id=agent_id, team=team)
    return user


def set_password(username: str, password: str) -> bool:
    """Give an account another password; False when there is no such account."""
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        return False
    user.set_password(password)
    user.save(update_fields=["password"])
    return True


def people() -> list[Person]:
    """All accounts by name."""
    users = get_user_model().objects.order_by("username").prefetch_related("groups").select_related("account")
    return [
        Person(
            user.username,
            user.first_name,
            tuple(sorted(group.name for group in user.groups.all())),
            user.account.agent_id if hasattr(user, "account") else "",
            user.is_active,
        )
        for user in users
    ]


def account_of(user: Any) -> Account:
    """The account beside a person's login, made where an administrator has added the login alone."""
    account, _ = Account.objects.get_or_create(user=user)
    return account

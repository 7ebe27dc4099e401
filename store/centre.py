"""Agents, teams and sources of recordings, as an administrator keeps them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from pipeline.errors import UsageError
from store.accounts import ADMINISTRATOR, AGENT, ROLES
from store.models import Account, Agent, RecordingSource, RetentionRun, Team

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent as a list brings it; ``team`` is made where there is none of that name."""

    agent_id: str
    name: str = ""
    team: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One account as a list brings it."""

    username: str
    name: str
    roles: tuple[str, ...]
    team: str = ""
    agent_id: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of recordings with its manifest; that is empty where it lies in the folder."""

    name: str
    folder: str
    manifest: str


def set_teams(names: Collection[tuple[str, str]]) -> int:
    """Enter teams with their notes; known ones get the new note. Returns how many were given."""
    rows = [Team(name=name, note=note) for name, note in dict(names).items()]
    Team.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["note"])
    return len(rows)


def set_agents(agents: Sequence[AgentRow]) -> int:
    """Enter agents; known ones get the new name, team and state. Returns how many were given."""
    last = {one.agent_id: one for one in agents}
    with transaction.atomic():
        wanted = sorted({one.team for one in last.values() if one.team})
        Team.objects.bulk_create([Team(name=name) for name in wanted], ignore_conflicts=True)
        teams = {team.name: team for team in Team.objects.all()}
        rows = [
            Agent(agent_id=one.agent_id, name=one.name, team=teams.get(one.team), active=one.active)
            for one in last.values()
        ]
        Agent.objects.bulk_create(
            rows,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["agent_id"],
            update_fields=["name", "team", "active"],
        )
    return len(rows)


def set_people(people: Sequence[PersonRow]) -> tuple[int, int]:
    """Enter accounts with their roles; known ones get the new name, roles, team and agent id.

    New ones cannot log in by password until one is set, or by single sign-on.

    Returns:
        How many are new, and how many were known.

    Raises:
        UsageError: a role is unknown or missing, or an agent has no agent id; nothing is entered then.
    """
    users = get_user_model()
    created = changed = 0
    with transaction.atomic():
        groups = {group.name: group for group in Group.objects.filter(name__in=ROLES)}
        for one in people:
            unknown = [role for role in one.roles if role not in ROLES]
            if unknown or not one.roles:
                what = f"role {unknown[0]!r} is not known" if unknown else "no role is given"
                raise UsageError(f"account {one.username}: {what}; expected one or more of {', '.join(ROLES)}.")
            if AGENT in one.roles and not one.agent_id:
                raise UsageError(f"account {one.username}: the role agent needs an agent id.")
            user = users.objects.filter(username=one.username).first()
            if user is None:
                user = users(username=one.username)
                user.set_unusable_password()
                created += 1
            else:
                changed += 1
            user.first_name, user.is_staff = one.name[:150], ADMINISTRATOR in one.roles
            user.save()
            user.groups.set(groups[role] for role in one.roles)
            Account.objects.update_or_create(user=user, defaults={"agent_id": one.agent_id, "team": one.team})
    return created, changed


def agents_known(agent_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Name and team of agents by id, of those that an administrator has entered."""
    found: dict[str, tuple[str, str]] = {}
    ids = sorted({one for one in agent_ids if one})
    for start in range(0, len(ids), ROWS_AT_ONCE):
        rows = Agent.objects.filter(agent_id__in=ids[start : start + ROWS_AT_ONCE])
        for agent_id, name, team in rows.values_list("agent_id", "name", "team__name"):
            found[agent_id] = (name, team or "")
    return found


def active_sources() -> list[Source]:
    """The folders that a night hears when none is named to it, by name."""
    rows = RecordingSource.objects.filter(active=True).order_by("name")
    return [Source(*row) for row in rows.values_list("name", "folder", "manifest")]


def note_retention(**counts: Any) -> None:
    """Keep what a removal came to."""
    RetentionRun.objects.create(at=timezone.now(), **counts)

"""Who may see what: every address against every role, with a centre in which there is something at each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from config.settings import load_settings
from flows.period_report import monthly_report
from store import calibration, coaching, models, month_reports, proposals, queue
from store.reports import save_report
from tests.review.people import item_of, person, queued
from tests.review.test_appeals import ADDED
from tests.review.test_calls import scoring_flags, send, submit, take
from tests.review.test_queue_pages import LEASE
from tests.training.classroom import MONTH, shirking, store_classroom

pytestmark = pytest.mark.django_db

ROLES = ("reviewer", "supervisor", "trainer", "agent", "administrator")
EVERYBODY = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()
JUDGES = frozenset({"reviewer", "supervisor"})
QUEUE = JUDGES | {"administrator"}
CALLS = JUDGES | {"trainer"}
RESULTS = frozenset({"supervisor", "trainer"})
BOSS, AGENT = frozenset({"supervisor"}), frozenset({"agent"})
NIGHTS = frozenset({"supervisor", "administrator"})

# address: (method, who may). The call c1 is in the reviewer's hands, c2 in nobody's; c3 is reviewed, and its agent has
# appealed. What another agent may not see is in the tests of the appeals.
TABLE: dict[str, tuple[str, frozenset[str]]] = {
    "home": ("get", EVERYBODY),
    "profile": ("get", EVERYBODY),
    "queue": ("get", QUEUE),
    "queue-next": ("post", JUDGES),
    "queue-take": ("post", JUDGES),
    "queue-release": ("post", QUEUE),
    "queue-hand-over": ("post", QUEUE),
    "call": ("get", CALLS),
    "call-events": ("post", JUDGES),
    "call-submit": ("post", JUDGES),
    "call-renew": ("post", JUDGES),
    "call-take": ("post", JUDGES),
    "call-reveal": ("post", BOSS),
    "call-audio": ("get", CALLS),
    "call-peaks": ("get", CALLS),
    "my": ("get", AGENT),
    "my-call": ("get", AGENT),
    "my-appeal": ("post", AGENT),
    "appeals": ("get", BOSS),
    "appeal-decide": ("post", BOSS),
    "agents": ("get", RESULTS),
    "agent": ("get", RESULTS),
    "agents-teams": ("get", RESULTS),
    "agents-team": ("get", RESULTS),
    "reports": ("get", RESULTS),
    "report": ("get", RESULTS),
    "report-sheet": ("get", RESULTS),
    "report-file": ("get", RESULTS),
    "coaching": ("get", RESULTS | AGENT),
    "coaching-new": ("get", RESULTS),
    "coaching-one": ("get", RESULTS | AGENT),
    "coaching-close": ("post", RESULTS),
    "training": ("get", RESULTS),
    "training-error": ("get", RESULTS),
    "training-pack": ("post", RESULTS),
    "training-rule": ("get", RESULTS),
    "nights": ("get", NIGHTS),
    "night": ("get", NIGHTS),
    "night-retry": ("post", NIGHTS),
    "rules": ("get", EVERYBODY),
    "rule": ("get", EVERYBODY),
    "rules-proposals": ("get", BOSS),
    "rules-propose": ("post", BOSS),
    "rules-proposal": ("get", BOSS),
    "rules-backtest": ("post", BOSS),
    "rules-publish": ("post", BOSS),
    "rules-withdraw": ("post", BOSS),
    "calibration": ("get", JUDGES),
    "calibration-create": ("post", BOSS),
    "calibration-session": ("get", JUDGES),
    "calibration-close": ("post", BOSS),
    "calibration-note": ("post", BOSS),
    "calibration-standard": ("post", BOSS),
}
PUBLIC = {"login", "logout", "language"}


def names(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found.append(prefix + (pattern.name or ""))
        elif pattern.namespace not in ("admin", "api"):  # below, and in test_api
            found += names(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""))
    return found


def test_table_has_every_address() -> None:
    assert set(names(get_resolver())) - PUBLIC == set(TABLE)


@dataclass(frozen=True)
class Centre:
    """People of every role, and what is to be seen."""

    users: dict[str, Any]
    arguments: dict[str, dict[str, Any]]

    def address(self, name: str) -> str:
        found = self.arguments.get(name) or self.arguments.get(name.split("-")[0], {})
        wanted = reverse_arguments(name)
        return reverse(name, kwargs={key: value for key, value in found.items() if key in wanted})


def reverse_arguments(name: str) -> set[str]:
    (_, wanted), *_more = get_resolver().reverse_dict.getlist(name)[0][0]
    return set(wanted)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    users = {role: person(role, role, agent_id="A1" if role == "agent" else "") for role in ROLES}
    for call_id in ("c1", "c2", "c3"):
        queued(call_id, team="T1")
    queue.claim(item_of("id-c1").id, users["reviewer"], LEASE)
    client = Client()
    client.force_login(users["supervisor"])
    take(client, "id-c3")
    version = 0
    for flag in scoring_flags("id-c3"):
        version = send(client, "id-c3", version, "verdict", finding=flag.id, verdict="confirm").json()["version"]
    version = send(client, "id-c3", version, "add", **ADDED).json()["version"]
    assert submit(client, "id-c3", version).status_code == 200
    client.force_login(users["agent"])
    assert client.post("/my/id-c3/appeal", {"target": "", "reason": "太重"}).status_code == 302

    save_report(monthly_report(MONTH, load_settings()))
    month_reports.save(MONTH, month_reports.TEAM, {"T1": {}})
    session = calibration.create("march", "supervisor", ["id-c2"], [users["supervisor"], users["reviewer"]], 5.0)
    finding = scoring_flags("id-c3")[0].id
    later = timezone.localdate() + timedelta(days=9)
    agreed = coaching.agree("A1", "trainer", "先致歉", [finding], later)
    proposal = proposals.propose("mobile_service", "9.1", "digest", "", "", "supervisor")
    store_classroom(tmp_path)
    batch = models.LedgerEntry.objects.filter(recording="id-c1").values_list("batch", flat=True)[0]
    free = {"item_id": item_of("id-c2").id}
    arguments: dict[str, dict[str, Any]] = {
        "queue": free,
        "call": {"recording_id": "id-c1"},
        "my": {"recording_id": "id-c3"},
        "appeal": {"appeal_id": models.Appeal.objects.get().pk},
        "agent": {"agent_id": "A1"},
        "agents": {"team": "T1"},
        "report": {"name": MONTH},
        "coaching": {"coaching_id": agreed.pk},
        "training": {"number": shirking().number, "rule_id": "LANG.03"},
        "night": {"batch_id": batch},
        "rule": {"rule_id": "LANG.03"},
        "rules": {"proposal_id": proposal.pk},
        "calibration": {"session_id": session.pk, "call_id": session.calls.get().pk},
    }
    return Centre(users, arguments)


QUERY = {"training-error": f"?month={MONTH}", "training-rule": f"?month={MONTH}", "coaching-new": "?agent=A1"}
FORM = {"training-pack": {"month": MONTH}}


def test_every_address_answers_those_who_may_and_nobody_else(centre: Centre) -> None:
    wrong = []
    for name, (method, allowed) in TABLE.items():
        for role in ROLES:
            client = Client()
            client.force_login(centre.users[role])
            # Each finds the centre as it was.
            with transaction.atomic():
                address = centre.address(name) + QUERY.get(name, "")
                response = getattr(client, method)(address, FORM.get(name))
                if response.streaming:
                    assert b"".join(response.streaming_content)
                transaction.set_rollback(True)
            refused = response.status_code in (403, 404)
            # A recording whose file is gone answers 404 with a reason to those who may hear it.
            if name in ("call-audio", "call-peaks") and response.headers["Content-Type"] == "application/json":
                refused = False
            if refused is (role in allowed) or response.status_code >= 500:
                wrong.append(f"{role} {name}: {response.status_code}")
    assert wrong == []


def test_administration_is_for_administrators(centre: Centre) -> None:
    pages = ["admin:index", "admin:store_agent_import", "admin:auth_user_import"]
    pages += [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]
    assert len(pages) > 10
    for name in pages:
        for role in ROLES:
            client = Client()
            client.force_login(centre.users[role])
            status = client.get(reverse(name)).status_code
            assert status == (200 if role == "administrator" else 302), f"{role} {name}"


def test_nobody_sees_anything_before_logging_in(centre: Centre) -> None:
    for name, (method, _allowed) in TABLE.items():
        response = getattr(Client(), method)(centre.address(name))
        assert response.status_code == 302, name
        assert "/login" in response.url, name


def test_form_without_its_token_is_refused(centre: Centre) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(centre.users["reviewer"])
    for name, (method, _allowed) in TABLE.items():
        if method == "post":
            assert client.post(centre.address(name)).status_code == 403, name

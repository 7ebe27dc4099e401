"""Who may see what: every address against every role."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from store import queue
from tests.review.people import item_of, person, queued
from tests.review.test_queue_pages import LEASE

pytestmark = pytest.mark.django_db

ROLES = ("reviewer", "supervisor", "trainer", "agent", "administrator")
EVERYBODY = frozenset(ROLES)
JUDGES = frozenset({"reviewer", "supervisor"})
NO_NIGHT = "00000000-0000-0000-0000-000000000000"
CALL = {"recording_id": "id-c1"}

# address: (method, its arguments, who may). The call c1 is in the reviewer's hands.
TABLE: dict[str, tuple[str, dict[str, Any], frozenset[str]]] = {
    "home": ("get", {}, EVERYBODY),
    "profile": ("get", {}, EVERYBODY),
    "queue": ("get", {}, frozenset({"reviewer", "supervisor", "administrator"})),
    "queue-next": ("post", {}, JUDGES),
    "queue-take": ("post", {"item_id": 0}, JUDGES),
    "queue-release": ("post", {"item_id": 0}, frozenset({"reviewer", "supervisor", "administrator"})),
    "queue-hand-over": ("post", {"item_id": 0}, frozenset({"reviewer", "supervisor", "administrator"})),
    "call": ("get", CALL, frozenset({"reviewer", "supervisor", "trainer"})),
    "call-events": ("post", CALL, JUDGES),
    "call-submit": ("post", CALL, JUDGES),
    "call-renew": ("post", CALL, JUDGES),
    "call-take": ("post", CALL, JUDGES),
    "call-reveal": ("post", CALL, frozenset({"supervisor"})),
    "call-audio": ("get", CALL, frozenset({"reviewer", "supervisor", "trainer"})),
    "call-peaks": ("get", CALL, frozenset({"reviewer", "supervisor", "trainer"})),
    "my": ("get", {}, frozenset({"agent"})),
    "my-call": ("get", CALL, frozenset()),
    "my-appeal": ("post", CALL, frozenset()),
    "appeals": ("get", {}, frozenset({"supervisor"})),
    "appeal-decide": ("post", {"appeal_id": 1}, frozenset()),
    "agents": ("get", {}, frozenset({"supervisor", "trainer"})),
    "agent": ("get", {"agent_id": "A1"}, frozenset({"supervisor", "trainer"})),
    "reports": ("get", {}, frozenset({"supervisor", "trainer"})),
    "report": ("get", {"name": "2026-03"}, frozenset()),
    "report-sheet": ("get", {"name": "2026-03"}, frozenset()),
    "report-file": ("get", {"name": "2026-03"}, frozenset()),
    "agents-teams": ("get", {}, frozenset({"supervisor", "trainer"})),
    "agents-team": ("get", {"team": "nobody"}, frozenset()),
    "coaching": ("get", {}, frozenset({"supervisor", "trainer", "agent"})),
    "coaching-new": ("get", {}, frozenset({"supervisor", "trainer"})),
    "coaching-one": ("get", {"coaching_id": 1}, frozenset()),
    "coaching-close": ("post", {"coaching_id": 1}, frozenset()),
    "training": ("get", {}, frozenset({"supervisor", "trainer"})),
    "training-error": ("get", {"number": 1}, frozenset()),
    "training-pack": ("post", {"number": 1}, frozenset()),
    "training-rule": ("get", {"rule_id": "LANG.03"}, frozenset()),
    "nights": ("get", {}, frozenset({"supervisor", "administrator"})),
    "night": ("get", {"batch_id": NO_NIGHT}, frozenset()),
    "night-retry": ("post", {"batch_id": NO_NIGHT}, frozenset()),
    "rules": ("get", {}, EVERYBODY),
    "rule": ("get", {"rule_id": "LANG.03"}, EVERYBODY),
    "rules-proposals": ("get", {}, frozenset({"supervisor"})),
    "rules-propose": ("post", {}, frozenset({"supervisor"})),
    "rules-proposal": ("get", {"proposal_id": 1}, frozenset()),
    "rules-backtest": ("post", {"proposal_id": 1}, frozenset()),
    "rules-publish": ("post", {"proposal_id": 1}, frozenset()),
    "rules-withdraw": ("post", {"proposal_id": 1}, frozenset()),
    "calibration": ("get", {}, JUDGES),
    "calibration-create": ("post", {}, frozenset({"supervisor"})),
    "calibration-session": ("get", {"session_id": 1}, frozenset()),
    "calibration-close": ("post", {"session_id": 1}, frozenset({"supervisor"})),
    "calibration-note": ("post", {"session_id": 1}, frozenset()),
    "calibration-standard": ("post", {"session_id": 1, "call_id": 1}, frozenset()),
    "admin:index": ("get", {}, frozenset({"administrator"})),
    "admin:auth_user_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_apitoken_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_agent_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_agent_import": ("get", {}, frozenset({"administrator"})),
    "admin:auth_user_import": ("get", {}, frozenset({"administrator"})),
    "admin:store_recordingsource_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_retentionrun_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_webhook_changelist": ("get", {}, frozenset({"administrator"})),
    "admin:store_webhookmessage_changelist": ("get", {}, frozenset({"administrator"})),
}
PUBLIC = {"login", "logout", "language"}


def names(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found.append(prefix + (pattern.name or ""))
        elif pattern.namespace not in ("admin", "api"):  # of the API there is a table in test_api
            found += names(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""))
    return found


def test_table_has_every_address() -> None:
    assert set(names(get_resolver())) - PUBLIC == {name for name in TABLE if not name.startswith("admin:")}


@pytest.fixture
def everybody() -> dict[str, Any]:
    users = {role: person(role, role, agent_id="A1" if role == "agent" else "") for role in ROLES}
    queued("c1")
    queued("c2")
    queue.claim(item_of("id-c1").id, users["reviewer"], LEASE)
    return users


def address(name: str, arguments: dict[str, Any]) -> str:
    if "item_id" in arguments:
        arguments = {"item_id": item_of("id-c2").id}
    return reverse(name, kwargs=arguments)


def test_every_address_answers_those_who_may_and_nobody_else(everybody: dict[str, Any]) -> None:
    wrong = []
    for name, (method, arguments, allowed) in TABLE.items():
        for role in ROLES:
            client = Client()
            client.force_login(everybody[role])
            response = getattr(client, method)(address(name, arguments))
            refused = response.status_code in (403, 404)
            if name.startswith("admin:"):
                refused = response.status_code == 302
            # A recording whose file is gone answers 404 with a reason to those who may hear it.
            if name in ("call-audio", "call-peaks") and response.headers["Content-Type"] == "application/json":
                refused = False
            if refused is (role in allowed):
                wrong.append(f"{role} {name}: {response.status_code}")
    assert wrong == []


def test_nobody_sees_anything_before_logging_in(everybody: dict[str, Any]) -> None:
    for name, (method, arguments, _allowed) in TABLE.items():
        response = getattr(Client(), method)(address(name, arguments))
        assert response.status_code == 302, name
        assert "/login" in response.url, name


def test_form_without_its_token_is_refused(everybody: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(everybody["reviewer"])
    for name, (method, arguments, _allowed) in TABLE.items():
        if method == "post":
            assert client.post(address(name, arguments)).status_code == 403, name

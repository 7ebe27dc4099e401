from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from config.settings import load_settings
from pipeline.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
REFUSED = {"/queue": 403, "/my": 403, "/rules": 403}
OUTSIDE = {"/queue": 302, "/my": 302, "/rules": 302}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of visits in a process that is configured for single sign-on."""
    folder = tmp_path_factory.mktemp("sso")
    command = [sys.executable, "-m", "tests.review.sign_on_run", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_new_person_has_the_roles_of_their_groups_and_no_others(told: dict[str, Any]) -> None:
    assert told["button"]
    zhou, wang, guest = told["zhou"], told["wang"], told["guest"]
    assert (zhou["status"], zhou["way"], zhou["standing"]) == (302, "/rules", [["reviewer"], ""])
    assert zhou["pages"] == {"/queue": 200, "/my": 403, "/rules": 200}
    assert wang["standing"] == [["agent"], "A7"]
    assert wang["pages"] == {"/queue": 403, "/my": 200, "/rules": 200}
    assert (guest["standing"], guest["pages"]) == ([[], ""], REFUSED)


def test_person_on_the_list_comes_into_the_account_that_was_entered(told: dict[str, Any]) -> None:
    assert told["listed"]["standing"] == [["supervisor"], ""]
    assert told["accounts"] == 6


def test_name_of_an_account_with_a_password_is_no_way_into_it(told: dict[str, Any]) -> None:
    assert (told["root"]["status"], told["root"]["pages"]) == (403, OUTSIDE)
    assert told["root"]["standing"] == [["administrator"], ""]
    assert told["password"] == 302


def test_account_that_was_switched_off_stays_outside(told: dict[str, Any]) -> None:
    assert told["gone"]["pages"] == OUTSIDE


def test_roles_that_the_directory_takes_away_are_gone_at_the_next_sign_on(told: dict[str, Any]) -> None:
    assert told["later"] == {"standing": [[], ""], "queue": 403}


def test_answer_that_was_not_asked_for_or_is_for_another_opens_nothing(told: dict[str, Any]) -> None:
    assert told["foreign state"] == [403, 302]
    assert told["foreign audience"] == [403, 302]


@pytest.mark.django_db
def test_without_the_setting_there_is_no_single_sign_on(client: Client) -> None:
    assert "/sso/" not in client.get("/login").content.decode()
    assert client.get("/sso/oidc/centre/login/").status_code == 404


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sso_server_url": "http://login.example.com", "sso_client_id": "x"}, "https://"),
        ({"sso_server_url": "https://login.example.com"}, "sso_client_id"),
        ({"sso_roles": {"staff": "boss"}}, "'boss' is none"),
    ],
)
def test_half_a_configuration_is_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        load_settings(**given)

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from config.settings import load_settings
from config.web_secret import make_web_secret, web_secret
from pipeline.errors import ConfigurationError, UsageError
from store.accounts import ROLES, create_account, people
from tests.review.people import person
from tingjian.cli import run


@pytest.mark.django_db
def test_every_role_is_a_group_with_its_permissions() -> None:
    for role, wanted in ROLES.items():
        held = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
        assert set(wanted) <= held
    assert "judge_calls" not in Group.objects.get(name="agent").permissions.values_list("codename", flat=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a", "long-enough-1", ["boss"]), "boss"),
        (("a", "long-enough-1", []), "no role"),
        (("a", "short", ["reviewer"]), "10"),
        (("a", "long-enough-1", ["agent"]), "agent id"),
        (("a b", "long-enough-1", ["reviewer"]), "a b"),
        (("taken", "long-enough-1", ["reviewer"]), "exists already"),
    ],
    ids=["unknown role", "no role", "weak password", "agent without id", "bad name", "taken"],
)
def test_account_that_makes_no_sense_is_refused(arguments: tuple[str, str, list[str]], words: str) -> None:
    person("taken", "reviewer")
    with pytest.raises(UsageError, match=words):
        create_account(*arguments)
    assert [one.username for one in people()] == ["taken"]


@pytest.mark.django_db
def test_command_makes_an_account_that_can_log_in(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("correct-horse-7\n"))
    assert run(["user", "create", "li", "--role", "agent", "--agent-id", "A7", "--name", "李工"]) == 0
    assert run(["user", "list"]) == 0
    assert "A7" in capsys.readouterr().out
    assert client.login(username="li", password="correct-horse-7")
    assert run(["user", "create", "wu", "--role", "reviewer", "--generate-password", "--format", "json"]) == 0
    assert '"password"' in capsys.readouterr().out


@pytest.mark.django_db
def test_login_page_lets_in_and_says_when_not(client: Client) -> None:
    create_account("li", "correct-horse-7", ["reviewer"])
    refused = client.post("/login", {"username": "li", "password": "wrong"})
    assert "登录名或密码不对" in refused.content.decode()
    assert client.post("/login", {"username": "li", "password": "correct-horse-7"}).status_code == 302
    assert client.get("/").url == "/queue"
    assert client.post("/logout").status_code == 302
    assert client.get("/queue").url == "/login?next=/queue"


@pytest.mark.django_db
def test_every_answer_has_a_policy_without_anything_inline(client: Client) -> None:
    first, second = client.get("/login"), client.get("/login")
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy != second.headers["Content-Security-Policy"]
    assert "style=" not in first.content.decode()
    assert first.headers["X-Frame-Options"] == "DENY"
    assert "no-store" in first.headers["Cache-Control"]


@pytest.mark.django_db
def test_language_is_chinese_until_it_is_switched(client: Client) -> None:
    page = client.get("/login", headers={"Accept-Language": "en"})
    assert "登录名" in page.content.decode()
    assert client.post("/language", {"language": "en", "next": "https://evil.example/"}).url == "/"
    assert client.get("/login").headers["Content-Language"] == "en"


def test_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "web_secret"
    assert web_secret(file) != web_secret(file)
    make_web_secret(file)
    secret = web_secret(file)
    make_web_secret(file)
    assert web_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        make_web_secret(file)


def test_settings_of_the_pages_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="public_url"):
        load_settings(public_url="qc.example.com")
    assert load_settings(public_url="https://qc.example.com/").public_url == "https://qc.example.com"
    assert load_settings().serve_host == "127.0.0.1"


def test_serve_says_when_its_port_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import socket
    import subprocess
    import sys

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "TINGJIAN_VAR_DIR": str(tmp_path), "TINGJIAN_DATABASE_URL": ""}
        command = [sys.executable, "-m", "tingjian", "serve", "--port", port]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr

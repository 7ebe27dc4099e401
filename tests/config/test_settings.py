from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.django_settings import _database
from config.settings import DEMO_MODEL, Settings, load_settings
from pipeline.errors import ConfigurationError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "TINGJIAN_CONFIG", *(f"TINGJIAN_{field.upper()}" for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_load_when_nothing_is_set_then_defaults(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.var_dir == tmp_path / "var"
    assert settings.database == f"sqlite:///{tmp_path}/var/tingjian.sqlite3"
    assert settings.uses_demo_model()
    assert settings.model_for_engine() == str(DEMO_MODEL)
    assert settings.workers_or_default() >= 1


def test_load_when_set_in_many_places_then_the_nearest_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tingjian.toml").write_text('rulebook = "file"\nengine = "file"\nvad = "file"\n')
    monkeypatch.setenv("TINGJIAN_ENGINE", "environment")
    monkeypatch.setenv("TINGJIAN_VAD", "environment")
    settings = load_settings(vad="command", rulebook=None)
    assert (settings.rulebook, settings.engine, settings.vad) == ("file", "environment", "command")


def test_load_when_config_variable_then_that_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("workers = 3\n")
    monkeypatch.setenv("TINGJIAN_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().workers == 3
    monkeypatch.setenv("TINGJIAN_CONFIG", "none.toml")
    with pytest.raises(ConfigurationError, match=r"none\.toml.*not a file"):
        load_settings()


def test_load_when_database_url_then_used_unless_our_own_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/common")
    assert load_settings().database.endswith("/common")
    monkeypatch.setenv("TINGJIAN_DATABASE_URL", "postgresql://u:p@h/own")
    assert load_settings().database.endswith("/own")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"workers": "x"}, "--workers: workers is 'x'; expected a valid integer", id="no number"),
        pytest.param({"default_agent_channel": 4}, "is 4; expected less than or equal to 1", id="out of range"),
        pytest.param({"wrkers": 1}, "no setting wrkers. Did you mean workers", id="misspelt"),
        pytest.param({"zzz": 1}, "Known settings: var_dir", id="unknown"),
    ],
)
def test_load_when_wrong_then_told_where_what_and_expected(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_settings(**given)


def test_load_when_environment_or_file_is_wrong_then_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGJIAN_CHUNK_SIZE", "0")
    with pytest.raises(ConfigurationError, match="environment variable TINGJIAN_CHUNK_SIZE: chunk_size is '0'"):
        load_settings()
    monkeypatch.delenv("TINGJIAN_CHUNK_SIZE")
    Path("tingjian.toml").write_text("chunk_siz = 3\n")
    with pytest.raises(
        ConfigurationError, match=r"tingjian\.toml: there is no setting chunk_siz\. Did you mean chunk_"
    ):
        load_settings()
    Path("tingjian.toml").write_text("chunk_size = \n")
    with pytest.raises(ConfigurationError, match=r"tingjian\.toml is not valid TOML"):
        load_settings()


def test_settings_when_listed_then_each_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_model_when_engine_has_none_then_none() -> None:
    settings = load_settings(engine="sidecar")
    assert settings.model_for_engine() is None
    assert not settings.uses_demo_model()


def test_database_when_postgresql_then_no_sqlite_options() -> None:
    database = _database("postgresql://user:word@host:5433/calls")
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("host", 5433, "calls")
    assert "init_command" not in database.get("OPTIONS", {})


def test_database_when_url_is_nonsense_then_told_without_password() -> None:
    with pytest.raises(ConfigurationError, match="database_url is not understood") as caught:
        _database("oraclexx://user:password@host/x")
    assert "password@" not in str(caught.value).replace("user:password@host/name", "")


def test_database_when_folder_cannot_be_made_then_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        _database(f"sqlite:///{tmp_path}/file/sub/t.sqlite3")

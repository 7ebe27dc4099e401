"""Every setting of Tingjian: defaults here, then ``tingjian.toml``, then the environment, then the command line."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import ConfigurationError

ENVIRONMENT_PREFIX = "TINGJIAN_"
CONFIG_VARIABLE = "TINGJIAN_CONFIG"
DEFAULT_CONFIG_FILE = "tingjian.toml"
# The rooms are installed side by side, so the demo model is found without importing its package.
DEMO_MODEL = Path(__file__).resolve().parent.parent / "models" / "demo_speech" / "demo_speech.pt"


class Settings(BaseSettings):
    """What an installation may choose; every field may be set as ``TINGJIAN_<NAME>`` or in ``tingjian.toml``."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, extra="forbid", frozen=True, validate_default=True)
    config_file: ClassVar[Path | None] = None

    var_dir: Path = Field(
        Path("var"), description="Folder for everything that runs write: database, logs, scheduler history."
    )
    database_url: str = Field(
        "", description="Database as a URL; empty means SQLite in var_dir. DATABASE_URL is read too."
    )
    engine: str = Field(
        "faster-whisper",
        min_length=1,
        description="Speech engine: faster-whisper, whisper, sherpa-onnx (an extra) or sidecar.",
    )
    model: str = Field(
        str(DEMO_MODEL),
        description="Speech model by name or path; the default is the demo model, for the bundled samples only.",
    )
    model_cache: str = Field(
        "", description="Folder for models that were converted for faster-whisper; empty means models in var_dir."
    )
    device: str = Field("cpu", min_length=1, description="Where the engine computes: cpu, cuda or auto.")
    precision: str = Field(
        "auto",
        min_length=1,
        description="Precision of the engine: auto (int8 on a processor, float16 on a graphics card), int8, "
        "int8_float16, float16 or float32.",
    )
    windows_at_once: int = Field(
        8, ge=1, le=256, description="Windows of speech that are decoded together; more need more memory."
    )
    rulebook: str = Field(
        "mobile_service",
        min_length=1,
        description="Name of a bundled rulebook, path of a YAML file, or of a folder of versions: each call is judged "
        "by the one in force when it began.",
    )
    test_call_rulebook: str = Field(
        "announced_test_call",
        min_length=1,
        description="Rulebook of announced test calls: those whose manifest says test in its column call_type.",
    )
    hot_words: str = Field(
        "", description="File with words that callers say, one a line, for engines that take hot words."
    )
    hot_words_from_rulebook: bool = Field(
        False, description="Whether the rulebook's phrases are hot words too; a change of them then hears calls again."
    )
    vad: str = Field("silero", min_length=1, description="Speech detector: silero or webrtcvad.")
    voices_model: str = Field(
        "",
        description="Folder with segmentation.onnx and embedding.onnx, with which sherpa-onnx (an extra) tells the two "
        "voices of a mono recording apart; empty leaves nobody's role known there.",
    )
    default_agent_channel: int = Field(
        0, ge=0, le=1, description="The agent's channel where the manifest does not say: 0 or 1."
    )
    workers: int = Field(
        0, ge=0, le=512, description="Worker processes; 0 means one for every threads_per_worker processors."
    )
    threads_per_worker: int = Field(1, ge=1, le=256, description="Processor threads of one worker.")
    chunk_size: int = Field(64, ge=1, le=4096, description="Most recordings in one task of the nightly flow.")
    recording_timeout_s: float = Field(
        600.0, gt=0, le=86_400, description="Seconds that any recording may take before its worker is stopped."
    )
    timeout_per_audio_s: float = Field(
        3.0, ge=0, le=100, description="Seconds allowed for each second of a recording longer than that."
    )
    worker_start_timeout_s: float = Field(
        300.0, gt=0, le=3600, description="Seconds that a worker may take to load its model."
    )
    worker_recycle_after: int = Field(
        1000, ge=1, description="Recordings after which a worker is replaced, in case a library leaks memory."
    )
    max_attempts: int = Field(
        2, ge=1, le=10, description="Times that a recording may crash or hang its worker before it is set aside."
    )
    max_interruptions: int = Field(
        25,
        ge=1,
        le=1000,
        description="Times that a whole run may end while it works on one recording before that is set aside.",
    )
    failure_threshold: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of recordings failing by crash, timeout or internal error at which a night is stopped.",
    )
    failure_threshold_minimum: int = Field(10, ge=1, description="Recordings tried before failure_threshold counts.")
    draw_seed_file: str = Field(
        "",
        description="File with the secret seeds of the queue draw, readable by nobody else; empty means in var_dir.",
    )

    embedding_model: str = Field(
        "",
        description="Folder of a sentence-transformer (an extra: tingjian[embeddings]) that tells common errors apart; "
        "empty means by words and sounds.",
    )
    cluster_join_distance: float = Field(
        0.78,
        gt=0,
        lt=1,
        description="Mean cosine distance up to which flagged stretches are one common error; an embedding model may "
        "need another.",
    )
    training_wording: str = Field(
        "",
        description="YAML file with the sentences that training packs recommend, by rule; empty means those of the "
        "bundled norms.",
    )
    pdf_font: str = Field(
        "",
        description="Font file with Chinese characters for PDF files; empty means the first known one of this machine.",
    )

    serve_host: str = Field(
        "127.0.0.1", min_length=1, description="Address on which the review pages answer; the default is this machine."
    )
    serve_port: int = Field(8321, ge=1, le=65535, description="Port of the review pages.")
    serve_threads: int = Field(8, ge=2, le=256, description="Requests that the review pages answer at the same time.")
    public_url: str = Field(
        "",
        description="Address under which people reach the review pages, such as https://qc.example.com, where a proxy "
        "stands before them; with https, cookies travel by https alone.",
    )
    web_secret_file: str = Field(
        "", description="File with the secret that signs sessions of the review pages; empty means in var_dir."
    )
    sso_server_url: str = Field(
        "",
        description="Issuer of the centre's OpenID Connect directory, such as https://login.example.com/realms/qc; "
        "with it people log in by single sign-on, without it by password alone.",
    )
    sso_client_id: str = Field("", description="Client id under which the directory knows the review pages.")
    sso_client_secret_file: str = Field("", description="File with the client's secret, readable by nobody else.")
    sso_name: str = Field("单点登录", min_length=1, description="What the button of the single sign-on says.")
    sso_groups_claim: str = Field("groups", min_length=1, description="Claim with a person's groups.")
    sso_roles: dict[str, str] = Field(
        default_factory=dict,
        description='Role for each group of the directory, such as {qc-staff = "reviewer"}; empty leaves roles to '
        "the administration pages.",
    )
    sso_agent_claim: str = Field("", description="Claim with an agent's id; empty leaves it to the administration.")
    accel_redirect: str = Field(
        "",
        description="Internal place under which the proxy sends recordings itself (X-Accel-Redirect), such as "
        "/recordings/; empty means that the pages send them.",
    )
    lease_minutes: int = Field(
        20, ge=2, le=480, description="Minutes that a claimed call stays with its reviewer without a sign of life."
    )
    retention_days: int = Field(
        0,
        ge=0,
        le=3650,
        description="Days that copies of recordings for the browser are kept, from the call on; 0 keeps them. "
        "`tingjian retention apply` removes them.",
    )
    rulebook_notice_days: int = Field(
        1,
        ge=1,
        le=90,
        description="Days from the publication of a rulebook in the pages to the first on which it may count.",
    )
    appeal_days: int = Field(7, ge=1, le=90, description="Days in which an agent may appeal, from the review on.")

    @field_validator("public_url", mode="after")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("an address that begins with https:// or http://, or nothing")
        return value.rstrip("/")

    @field_validator("sso_server_url", mode="after")
    @classmethod
    def _a_safe_address(cls, value: str) -> str:
        # What comes from there is believed because the connection is safe; on this machine it is.
        here = ("http://127.0.0.1", "http://localhost", "http://[::1]")
        if value and not value.startswith(("https://", *here)):
            raise ValueError("an address that begins with https://, or nothing")
        return value.rstrip("/")

    @field_validator("sso_roles", mode="after")
    @classmethod
    def _known_roles(cls, value: dict[str, str]) -> dict[str, str]:
        known = ("reviewer", "supervisor", "trainer", "agent", "administrator")
        wrong = sorted(set(value.values()) - set(known))
        if wrong:
            raise ValueError(f"roles among {', '.join(known)}; {wrong[0]!r} is none")
        return value

    @model_validator(mode="after")
    def _whole_sign_on(self) -> Settings:
        if self.sso_server_url and not self.sso_client_id:
            raise ValueError("sso_client_id beside sso_server_url")
        return self

    @field_validator("var_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # Worker processes and a changed working folder must still mean the same place.
        return value.expanduser().absolute()

    @model_validator(mode="before")
    @classmethod
    def _common_database_variable(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("database_url") and os.environ.get("DATABASE_URL"):
            return {**values, "database_url": os.environ["DATABASE_URL"]}
        return values

    def workers_or_default(self) -> int:
        """Worker processes to run: the setting, or as many as there are processors to feed."""
        return self.workers or max(1, _processors() // self.threads_per_worker)

    def threads_for_one_call(self) -> int:
        """Processor threads for a single recording, when there are no other workers to leave room for."""
        return max(self.threads_per_worker, _processors())

    def model_for_engine(self) -> str | None:
        """The speech model, or None for an engine that has none."""
        return None if self.engine == "sidecar" else self.model

    def uses_demo_model(self) -> bool:
        """Whether calls are heard with the model that knows the bundled samples only."""
        return self.model_for_engine() is not None and Path(self.model).expanduser().absolute() == DEMO_MODEL

    def engine_settings(self) -> dict[str, str | int]:
        """Where and how the engine computes, as plain values: the fields of ``pipeline.asr.engine.EngineSettings``."""
        return {
            "device": self.device,
            "precision": self.precision,
            "windows_at_once": self.windows_at_once,
            "model_cache": str(self.model_cache_dir),
        }

    @property
    def model_cache_dir(self) -> Path:
        """The folder for converted models, the default filled in."""
        return Path(self.model_cache).expanduser().absolute() if self.model_cache else self.var_dir / "models"

    @property
    def database(self) -> str:
        """The database's URL, the default filled in."""
        return self.database_url or f"sqlite:///{self.var_dir / 'tingjian.sqlite3'}"

    @property
    def published_rulebooks(self) -> Path:
        """The folder of the versions that the pages publish: the setting's own, or of a name one in var_dir."""
        return Path(self.rulebook) if Path(self.rulebook).is_dir() else self.var_dir / "rulebooks" / self.rulebook

    @property
    def rulebook_place(self) -> str:
        """The rulebook with what was published of it: of a name the folder of its versions, where there is one."""
        named = Path(self.rulebook).name == self.rulebook and not Path(self.rulebook).exists()
        return str(self.published_rulebooks) if named and self.published_rulebooks.is_dir() else self.rulebook

    @property
    def seed_file(self) -> Path:
        """Where the seeds of the draw are, the default filled in."""
        if self.draw_seed_file:
            return Path(self.draw_seed_file).expanduser().absolute()
        return self.var_dir / "secrets" / "draw_seeds"

    @property
    def web_secret(self) -> Path:
        """Where the secret of the sessions is, the default filled in."""
        if self.web_secret_file:
            return Path(self.web_secret_file).expanduser().absolute()
        return self.var_dir / "secrets" / "web_secret"

    @property
    def listening_dir(self) -> Path:
        """Where the pictures of the sound lie that the pages show, and copies of recordings for the browser."""
        return self.var_dir / "listening"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before file before defaults."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file()))


def _processors() -> int:
    # In a container or under taskset fewer are ours than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def config_file() -> Path | None:
    """The configuration file in force, or None.

    Raises:
        ConfigurationError: ``TINGJIAN_CONFIG`` names a file that does not exist.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigurationError(
                f"{CONFIG_VARIABLE} is {named!r}, which is not a file; "
                f"expected the path of a TOML file. Correct it or unset it."
            )
        return path
    path = Path(DEFAULT_CONFIG_FILE)
    return path if path.is_file() else None


def load_settings(**command_line: Any) -> Settings:
    """Read all settings; arguments that are None count as not given.

    Raises:
        ConfigurationError: naming the setting, where it was set, what it is and what was expected.
    """
    given = {name: value for name, value in command_line.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [_explain(detail, given) for detail in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(lines)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{config_file()} is not valid TOML: {error}. Correct the file.") from error


def _explain(detail: ErrorDetails, given: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in detail["loc"]) or "settings"
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known settings: {', '.join(Settings.model_fields)}."
        return f"{_place(name, given)}: there is no setting {name}. {hint}"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    field = Settings.model_fields.get(name)
    meaning = f" ({field.description})" if field else ""
    return f"{_place(name, given)}: {name} is {detail['input']!r}; expected {expected}.{meaning}"


def _place(name: str, given: Mapping[str, Any]) -> str:
    variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
    if name in given:
        return f"command line --{name.replace('_', '-')}"
    if variable in os.environ:
        return f"environment variable {variable}"
    return str(config_file() or "settings")

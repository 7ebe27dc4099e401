"""Django's settings, built from the typed ones; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from config.django import settings_in_force
from config.web_secret import web_secret
from pipeline.errors import ConfigurationError

_settings = settings_in_force()


def _make_folder(folder: Path) -> None:
    """SQLite makes its file, not the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the database's folder {folder} cannot be made ({error.strerror}); expected a place that can be "
            f"written. Set TINGJIAN_VAR_DIR or TINGJIAN_DATABASE_URL."
        ) from error


def _database(url: str) -> dict[str, Any]:
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            "database_url is not understood; expected sqlite:///path or postgresql://user:password@host/name. "
            "Correct DATABASE_URL or TINGJIAN_DATABASE_URL."
        ) from error
    if database["ENGINE"] == "django.db.backends.sqlite3":
        _make_folder(Path(database["NAME"]).parent)
        # Writers queue for the lock at BEGIN instead of failing half-way, and readers never wait for them.
        database["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    return database


_ROOM = Path(__file__).resolve().parent.parent / "review"
_public = urlsplit(_settings.public_url)
_https = _public.scheme == "https"

DATABASES = {"default": _database(_settings.database)}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "review.admin_config.TingjianAdminConfig",
    "store",
    "review",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# The pages. Nothing below matters to a command that serves none.
SECRET_KEY = web_secret(_settings.web_secret)
ROOT_URLCONF = "review.urls"
WSGI_APPLICATION = "review.wsgi.application"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
for _host in (_settings.serve_host, _public.hostname or ""):
    if _host and _host not in ALLOWED_HOSTS:
        # An address that stands for all of the machine's lets every name in; a proxy or public_url narrows it.
        ALLOWED_HOSTS.append("*" if _host in ("0.0.0.0", "::") and not _public.hostname else _host)
CSRF_TRUSTED_ORIGINS = [_settings.public_url] if _public.hostname else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "tingjian_session"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "review.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "review.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "review.middleware.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_ROOM / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "review.context.frame",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "review.templatetags.shown"],
        },
    }
]
SINGLE_SIGN_ON = _settings.sso_name if _settings.sso_server_url else ""
if SINGLE_SIGN_ON:
    from config import single_sign_on

    INSTALLED_APPS += single_sign_on.APPS
    MIDDLEWARE += single_sign_on.MIDDLEWARE
    globals().update(single_sign_on.sign_on_settings(_settings))
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "tingjian_language"
LOCALE_PATHS = [_ROOM / "locale"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Requests carry the words of calls; neither they nor what broke on them are logged in full.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}

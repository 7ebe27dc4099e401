"""Django's settings for single sign-on by OpenID Connect; none of them where it is not configured."""

from __future__ import annotations

from typing import Any

from config.settings import Settings
from pipeline.errors import ConfigurationError

PROVIDER = "centre"

APPS = ["allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
BACKENDS = ["django.contrib.auth.backends.ModelBackend", "allauth.account.auth_backends.AuthenticationBackend"]


def sign_on_settings(settings: Settings) -> dict[str, Any]:
    """What django-allauth reads.

    Raises:
        ConfigurationError: the client's secret cannot be read.
    """
    app = {
        "provider_id": PROVIDER,
        "name": settings.sso_name,
        "client_id": settings.sso_client_id,
        "secret": _secret(settings),
        "settings": {"server_url": settings.sso_server_url, "oauth_pkce_enabled": True},
    }
    return {
        "AUTHENTICATION_BACKENDS": BACKENDS,
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}},
        "SOCIALACCOUNT_ADAPTER": "review.sso.SignOn",
        # A form would be sent on to another host, which the pages' policy refuses; the state in the session
        # protects the way back.
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_AUTO_SIGNUP": True,
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_EMAIL_VERIFICATION": "none",
        "SOCIALACCOUNT_EMAIL_REQUIRED": False,
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_SIGNUP_FIELDS": ["username*"],
        "ACCOUNT_UNIQUE_EMAIL": False,
        "ACCOUNT_LOGIN_METHODS": {"username"},
    }


def _secret(settings: Settings) -> str:
    if not settings.sso_client_secret_file:
        return ""
    try:
        with open(settings.sso_client_secret_file, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"sso_client_secret_file {settings.sso_client_secret_file}: it cannot be read "
            f"({getattr(error, 'strerror', None) or 'no text'}); expected a file with the client's secret alone."
        ) from error

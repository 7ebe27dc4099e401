"""Tokens of the centre's own systems: made, looked up, revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from pipeline.errors import UsageError
from store.accounts import ROLES
from store.api_tables import ApiToken

PREFIX = "tj_"
MARKED_AGAIN_AFTER = timedelta(minutes=1)
"""A token's last use is written no more often than that: reading must not cost a write each time."""
TOKEN_ROLES = tuple(role for role, permissions in ROLES.items() if "use_api" in permissions)


def create_token(
    name: str, role: str, created_by: str = "", expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for a named system; returns the row and the token, which is nowhere kept.

    Raises:
        UsageError: the name is empty or taken, or the role may not use the API.
    """
    name = name.strip()
    if not name:
        raise UsageError("a token needs the name of the system that uses it.")
    if role not in TOKEN_ROLES:
        raise UsageError(f"token {name}: role {role!r} cannot use the API; expected one of {', '.join(TOKEN_ROLES)}.")
    if ApiToken.objects.filter(name=name).exists():
        raise UsageError(f"token {name} exists already, or did; expected a new name. See `tingjian token list`.")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(name=name, role=role, created_by=created_by, created_at=timezone.now(), expires_at=expires_at)
    row.digest, row.hint = _digest(token), token[: len(PREFIX) + 4]
    row.save()
    return row, token


def token_of(text: str) -> ApiToken | None:
    """The valid token that this text is, or None; its use is noted."""
    if not text.startswith(PREFIX):
        return None
    now = timezone.now()
    valid = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    row = ApiToken.objects.filter(valid, digest=_digest(text), revoked_at__isnull=True).first()
    if row is not None and (row.last_used_at is None or now - row.last_used_at > MARKED_AGAIN_AFTER):
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def revoke_token(name: str) -> bool:
    """End a token at once; False when there is no such token that still worked."""
    return ApiToken.objects.filter(name=name, revoked_at__isnull=True).update(revoked_at=timezone.now()) == 1


def tokens() -> list[ApiToken]:
    """All tokens by name, the revoked ones among them."""
    return list(ApiToken.objects.order_by("name"))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Who may ask: a token, and what its role allows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from django.contrib.auth.models import Permission
from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer

from store.accounts import ROLES
from store.api_tables import ApiToken
from store.tokens import token_of

Operation = Callable[..., Any]


class Token(HttpBearer):
    """``Authorization: Bearer tj_…``."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token, or None, which is answered by 401."""
        return token_of(token)


def granted(token: ApiToken) -> set[str]:
    """What the group of the token's role may do now; and nothing that the code denies it."""
    rows = Permission.objects.filter(group__name=token.role, content_type__app_label="store")
    return set(rows.values_list("codename", flat=True)) & {*ROLES.get(token.role, ())}


def needs(*permissions: str) -> Callable[[Operation], Operation]:
    """Let an operation answer tokens that have any of these permissions, and the use of the API."""

    def wrap(operation: Operation) -> Operation:
        @wraps(operation)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            token: ApiToken = request.auth  # type: ignore[attr-defined]  # put there by the authentication
            mine = granted(token)
            if "use_api" not in mine or not any(one in mine for one in permissions):
                raise AuthorizationError(403, f"the role {token.role} may not do this")
            return operation(request, *args, **kwargs)

        # What the operation takes is read from its signature, whose names mean something in its own module alone.
        guarded.__signature__ = signature(operation, eval_str=True)  # type: ignore[attr-defined]  # functions may have one
        return guarded

    return wrap


def system_name(request: HttpRequest) -> str:
    """How what a token did is signed."""
    return f"api:{request.auth.name}"  # type: ignore[attr-defined]  # put there by the authentication

"""The API as a whole: addresses, who may ask, errors as JSON, its description."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from pipeline.errors import UsageError
from pipeline.version import CODE_VERSION
from review.api import results, schemas, work
from review.api.access import Token, granted

ADDRESS = "api/v1/"

api = NinjaAPI(
    title="Tingjian",
    version=CODE_VERSION,
    urls_namespace="api",
    description="Results, queue and verdicts for the centre's own systems. Tokens: `tingjian token create`.",
    auth=Token(),
    # The description is asked for with a token like everything else; a page of it would load scripts from elsewhere.
    openapi_url=None,
    docs_url=None,
)
api.add_router("", results.router)
api.add_router("queue", work.queue_router)
api.add_router("verdicts", work.verdict_router)


@api.get("/me", response=schemas.Who, tags=["token"], summary="The token that asks, and what it may do")
def me(request: HttpRequest) -> dict[str, Any]:
    """Any valid token may ask this."""
    token = request.auth  # type: ignore[attr-defined]  # put there by the authentication
    return {
        "name": token.name,
        "role": token.role,
        "permissions": sorted(granted(token)),
        "expires_at": token.expires_at,
    }


@api.get("/openapi.json", include_in_schema=False)
def openapi(request: HttpRequest) -> Any:
    """The description of the API, for programmes that generate clients."""
    return api.get_openapi_schema()


def _answer(request: HttpRequest, status: int, code: str, message: str, fields: Any = ()) -> HttpResponse:
    body = {"error": {"code": code, "message": message, "fields": list(fields)}}
    response = api.create_response(request, body, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Tingjian"'
    return response


CODES = {401: "unauthenticated", 403: "not_allowed", 404: "not_found", 409: "conflict", 422: "invalid", 429: "too_many"}


@api.exception_handler(AuthenticationError)
def _no_token(request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(request, 401, CODES[401], "expected a valid token: Authorization: Bearer tj_…")


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(request, error.status_code, CODES.get(error.status_code, "error"), error.message)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, _error: Exception) -> HttpResponse:
    return _answer(request, 404, CODES[404], "there is no such thing under this address")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was sent is not repeated: it may be somebody's words.
    fields = [{"field": ".".join(str(part) for part in one["loc"]), "message": str(one["msg"])} for one in error.errors]
    return _answer(request, 422, CODES[422], "the request is not as expected; see fields", fields)


@api.exception_handler(UsageError)
def _wrong_use(request: HttpRequest, error: UsageError) -> HttpResponse:
    return _answer(request, 422, CODES[422], str(error))

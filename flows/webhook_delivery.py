"""Messages to the centre's systems on their way: signed, sent, tried again later."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from pipeline.version import CODE_VERSION
from store import webhooks
from store.webhooks import Due

TIMEOUT_S = 10.0
SIGNATURE_HEADER = "X-Tingjian-Signature"

Send = Callable[[Due], str]
"""Sends one message; the answer is empty when it arrived, else says in a few words why not."""


def deliver(send: Send | None = None, limit: int = 20) -> tuple[int, int]:
    """Deliver what is due; returns how many messages arrived and how many did not."""
    arrived = failed = 0
    for message in webhooks.take_due(limit):
        error = (send or post)(message)
        if error:
            webhooks.not_delivered(message.id, message.attempts, error)
            failed += 1
        else:
            webhooks.delivered(message.id)
            arrived += 1
    return arrived, failed


def post(message: Due) -> str:
    """Send one message by HTTP; any answer of 2xx means that it has arrived."""
    body = json.dumps(
        {"id": message.id, "event": message.event, "created_at": message.created_at, "data": message.payload},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Tingjian/{CODE_VERSION}",
        "X-Tingjian-Event": message.event,
        "X-Tingjian-Delivery": message.id,
    }
    if message.secret:
        headers[SIGNATURE_HEADER] = signature(message.secret, body, int(time.time()))
    request = urllib.request.Request(message.url, data=body, headers=headers, method="POST")
    # Straight to the address: neither a proxy of the environment nor a redirect leads a message elsewhere.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(request, timeout=TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"answered {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"{type(reason).__name__}: {reason}"[:200] if isinstance(reason, Exception) else str(reason)[:200]


def signature(secret: str, body: bytes, at: int) -> str:
    """``t=SECONDS,v1=HEX``: HMAC-SHA256 of the secret over the time, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_more: object) -> None:
        return None

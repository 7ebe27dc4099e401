"""``token`` and ``webhook``: the centre's own systems and what they are told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import load_settings
from pipeline.errors import UsageError
from tingjian import render

AT_ONCE = 100


def run_token_create(name: str, role: str, *, expires: date | None, as_json: bool) -> int:
    """Make a token and show it, this once."""
    _ready()
    from store.months import zone
    from store.tokens import create_token

    until = None
    if expires is not None:
        until = datetime.combine(expires + timedelta(days=1), time(), zone())
        if until <= datetime.now(zone()):
            raise UsageError(f"--expires is {expires}; expected a day that is not over.")
    row, token = create_token(name, role, "command line", until)
    if as_json:
        render.print_json({"name": row.name, "role": row.role, "token": token, "expires_at": _iso(row.expires_at)})
        return 0
    console = render.stdout_console()
    console.print(f"Token for {row.name} ({row.role}), shown this once:", markup=False)
    console.print(token, markup=False, soft_wrap=True)
    return 0


def run_token_list(*, as_json: bool) -> int:
    """All tokens, the revoked ones among them."""
    _ready()
    from store.tokens import tokens

    found = tokens()
    if as_json:
        render.print_json(
            {
                "tokens": [
                    {
                        "name": one.name,
                        "role": one.role,
                        "begins": one.hint,
                        "created_at": _iso(one.created_at),
                        "last_used_at": _iso(one.last_used_at),
                        "expires_at": _iso(one.expires_at),
                        "revoked_at": _iso(one.revoked_at),
                    }
                    for one in found
                ]
            }
        )
        return 0
    console = render.stdout_console()
    if not found:
        console.print("No tokens. Make one: tingjian token create NAME --role trainer", markup=False)
        return 0
    table = Table(header_style="bold")
    for heading in ("system", "role", "begins", "made", "last used", "ends"):
        table.add_column(heading)
    for one in found:
        ends = f"revoked {_day(one.revoked_at)}" if one.revoked_at else _day(one.expires_at)
        table.add_row(Text(one.name), one.role, one.hint, _day(one.created_at), _day(one.last_used_at), ends)
    console.print(table)
    return 0


def run_token_revoke(name: str) -> int:
    """End a token."""
    _ready()
    from store.tokens import revoke_token

    if not revoke_token(name):
        raise UsageError(f"no token {name} works; expected the name of one that does. See `tingjian token list`.")
    render.stdout_console().print(f"The token of {name} is revoked.", markup=False)
    return 0


def run_webhook_deliver(*, as_json: bool) -> int:
    """Deliver what is due, once; exit code 1 when something did not arrive."""
    _ready()
    from flows.webhook_delivery import deliver

    arrived = failed = 0
    while True:
        some = deliver(limit=AT_ONCE)
        arrived, failed = arrived + some[0], failed + some[1]
        if sum(some) < AT_ONCE:
            break
    if as_json:
        render.print_json({"delivered": arrived, "not_delivered": failed})
    else:
        again = "; they are tried again later" if failed else ""
        render.stdout_console().print(f"{arrived} messages delivered, {failed} not{again}.", markup=False)
    return 1 if failed else 0


def run_webhook_list(*, as_json: bool) -> int:
    """The addresses that are told, with what waits for each."""
    _ready()
    from store.webhooks import addresses

    found = addresses()
    if as_json:
        render.print_json({"webhooks": [one.to_document() for one in found]})
        return 0
    console = render.stdout_console()
    if not found:
        console.print("Nobody is told of anything. Addresses are entered in the administration pages.", markup=False)
        return 0
    table = Table(header_style="bold")
    for heading in ("name", "address", "told of", "delivered", "waiting", "given up", "last trouble"):
        table.add_column(heading, overflow="fold")
    for one in found:
        events = ", ".join(one.events) if one.active else "nothing (switched off)"
        counts = (str(one.delivered), str(one.waiting), str(one.given_up))
        table.add_row(Text(one.name), Text(one.url), events, *counts, Text(one.last_error))
    console.print(table)
    return 0


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _day(moment: datetime | None) -> str:
    from store.months import zone

    return "–" if moment is None else moment.astimezone(zone()).strftime("%Y-%m-%d %H:%M")


def _ready() -> None:
    setup_django(load_settings())
    from store.database import migrate

    migrate()

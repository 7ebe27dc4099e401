"""``serve`` and ``user``: the review pages, and who may log in."""

from __future__ import annotations

import getpass
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from config.django import setup_django
from config.settings import Settings, load_settings
from config.web_secret import make_web_secret
from pipeline.errors import ConfigurationError, UsageError
from tingjian import render

VENDOR = Path(__file__).resolve().parents[2] / "review" / "static" / "vendor" / "wavesurfer.js"
CHANNEL_TIMEOUT_S = 120


def prepare(settings: Settings) -> None:
    """Secret, database and queue, ready for the pages."""
    make_web_secret(settings.web_secret)
    setup_django(settings)
    from store.database import migrate
    from store.queue import fill_queue

    migrate()
    fill_queue()


def run_serve(*, demo: bool, overrides: dict[str, Any]) -> int:
    """Serve the pages until they are stopped."""
    if demo:
        var_dir = load_settings().var_dir / "demo"
        overrides = {**overrides, "var_dir": var_dir, "database_url": f"sqlite:///{var_dir / 'tingjian.sqlite3'}"}
    settings = load_settings(**overrides)
    if not VENDOR.is_file():
        raise ConfigurationError(
            f"the scripts of the review pages are not installed (no {VENDOR}); expected them after `make setup`. "
            f"Run: bash scripts/frontend.sh"
        )
    prepare(settings)
    from waitress.server import create_server

    from review.wsgi import application
    from store.accounts import people

    try:
        server = create_server(
            application,
            host=settings.serve_host,
            port=settings.serve_port,
            threads=settings.serve_threads,
            channel_timeout=CHANNEL_TIMEOUT_S,
            ident=None,
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        raise ConfigurationError(
            f"the address {settings.serve_host}:{settings.serve_port} cannot be used ({error.strerror}); expected a "
            f"free port of this machine. Choose another by --port or TINGJIAN_SERVE_PORT."
        ) from error
    console = render.stderr_console()
    console.print(f"Review pages at [bold]{address(settings)}[/bold]   (Ctrl-C stops them)")
    if not any(person.active for person in people()):
        console.print(
            "There is no account yet: tingjian user create NAME --role supervisor", style="yellow", markup=False
        )
    from flows.webhook_delivery import deliver
    from tingjian.commands.background import Background
    from tingjian.commands.wanted_backtests import run_wanted_backtest

    beside = Background([deliver, run_wanted_backtest])
    beside.start()
    try:
        server.run()
    except KeyboardInterrupt:
        console.print("stopped")
    finally:
        server.close()
        beside.stop()
    return 0


def address(settings: Settings) -> str:
    """Where a browser finds the pages."""
    if settings.public_url:
        return settings.public_url
    host = socket.gethostname() if settings.serve_host in ("0.0.0.0", "::") else settings.serve_host
    return f"http://{host}:{settings.serve_port}"


def run_user_create(
    username: str, roles: Sequence[str], *, name: str, agent_id: str, team: str, generate: bool, as_json: bool
) -> int:
    """Make an account; the password is asked for, read from standard input, or made up and shown once."""
    _ready()
    from store.accounts import create_account

    password = secrets.token_urlsafe(12) if generate else _ask_password(username)
    create_account(username, password, roles, name=name, agent_id=agent_id, team=team)
    if as_json:
        shown = {"password": password} if generate else {}
        render.print_json({"username": username, "roles": list(roles), "agent_id": agent_id, **shown})
        return 0
    console = render.stdout_console()
    console.print(f"Account {username} ({', '.join(roles)}) is made.", markup=False)
    if generate:
        console.print(f"Its password, shown this once: {password}", markup=False)
    return 0


def run_user_list(*, as_json: bool) -> int:
    """All accounts."""
    _ready()
    from store.accounts import people

    found = people()
    if as_json:
        render.print_json(
            {
                "users": [
                    {
                        "username": one.username,
                        "name": one.name,
                        "roles": list(one.roles),
                        "agent_id": one.agent_id,
                        "active": one.active,
                    }
                    for one in found
                ]
            }
        )
        return 0
    console = render.stdout_console()
    if not found:
        console.print("No accounts. Make one: tingjian user create NAME --role supervisor", markup=False)
        return 0
    table = Table(header_style="bold")
    for heading in ("account", "name", "roles", "agent", "active"):
        table.add_column(heading)
    for one in found:
        active = "yes" if one.active else "no"
        table.add_row(Text(one.username), Text(one.name), ", ".join(one.roles), Text(one.agent_id), active)
    console.print(table)
    return 0


def _ask_password(username: str) -> str:
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            raise UsageError("no password on standard input; expected one line, or --generate-password.")
        return password
    first = getpass.getpass(f"Password for {username}: ")
    if first != getpass.getpass("Again: "):
        raise UsageError("the two passwords differ; nothing was made.")
    return first


def _ready() -> None:
    setup_django(load_settings())
    from store.database import migrate

    migrate()

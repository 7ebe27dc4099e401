"""``tingjian token`` and ``tingjian webhook``: what each sub-command takes."""

from __future__ import annotations

from typing import Annotated

import typer

from tingjian.cli_options import Format, FormatOption, day_of

token_app = typer.Typer(help="Tokens by which the centre's own systems use the API.", no_args_is_help=True)


webhook_app = typer.Typer(
    help="Messages to the centre's own systems: night finished, verdict final.", no_args_is_help=True
)


retention_app = typer.Typer(help="Copies of recordings are removed after their time.", no_args_is_help=True)


@retention_app.command("apply")
def retention_apply(
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=3650, help="Keep the copies of the last so many days; default the setting."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    format: FormatOption = Format.TEXT,
) -> int:
    """Remove the copies for the browser of calls that are older; the recordings themselves stay."""
    from tingjian.commands.retention import run_retention

    return run_retention(days, dry_run=dry_run, as_json=format is Format.JSON)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The system that uses it, such as crm.")],
    role: Annotated[
        str,
        typer.Option(
            "--role", help="What it may do: as a reviewer, supervisor, trainer or administrator in the pages."
        ),
    ],
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="YYYY-MM-DD", help="Last day on which it works; default never.")
    ] = None,
    format: FormatOption = Format.TEXT,
) -> int:
    """Make a token and show it once; only its digest is kept."""
    from tingjian.commands.tokens import run_token_create

    return run_token_create(name, role, expires=day_of(expires, "--expires"), as_json=format is Format.JSON)


@token_app.command("list")
def token_list(format: FormatOption = Format.TEXT) -> int:
    """List the tokens: whose, what they may do, when they were used."""
    from tingjian.commands.tokens import run_token_list

    return run_token_list(as_json=format is Format.JSON)


@token_app.command("revoke")
def token_revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="The system whose token ends.")]) -> int:
    """End a token at once."""
    from tingjian.commands.tokens import run_token_revoke

    return run_token_revoke(name)


@webhook_app.command("list")
def webhook_list(format: FormatOption = Format.TEXT) -> int:
    """List the addresses that are told, and what waits for them."""
    from tingjian.commands.tokens import run_webhook_list

    return run_webhook_list(as_json=format is Format.JSON)


@webhook_app.command("deliver")
def webhook_deliver(format: FormatOption = Format.TEXT) -> int:
    """Deliver the messages that are due; `tingjian serve` does so all the time."""
    from tingjian.commands.tokens import run_webhook_deliver

    return run_webhook_deliver(as_json=format is Format.JSON)

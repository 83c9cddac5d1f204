"""``haechi token``: who may ask a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from features.console import JsonFlag, emit
from features.settings import load

tokens = typer.Typer(no_args_is_help=True, help="Who may ask `haechi serve`: make tokens.")


@tokens.callback()
def _tokens() -> None:
    """Who may ask `haechi serve`: make tokens."""


@tokens.command("new")
def _new(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the caller, for logs, limits and the audit.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", metavar="SCOPE", help="read, infer, operate or admin; infer:MODEL. Repeatable."),
    ],
    zone: Annotated[str, typer.Option(help="The part of the city that the caller asks for.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="How long it is worth something. Default: for good.")] = None,
    rate_per_s: Annotated[float | None, typer.Option(min=0.01, help="Calls a second that the caller may make.")] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: HAECHI_TOKENS, else HAECHI_HOME/tokens.toml.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a token, print it this once, and append its hash to the file of who may ask, which servers follow.

    Example: haechi token new --name room --scope infer:traffic --scope read
    """
    from serving.tokens import new_token

    settings = load()
    path = file or settings.tokens or settings.home / "tokens.toml"
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    token = new_token(path, name, scope, zone=zone, expires=expires, rate_per_s=rate_per_s)
    document = {
        "name": name,
        "token": token,
        "scopes": scope,
        "expires": expires.isoformat(timespec="seconds") if expires else None,
        "file": str(path),
    }

    def render(console: Console) -> None:
        console.print(token, markup=False, soft_wrap=True)
        until = f" until {expires:%Y-%m-%d}" if expires else ""
        console.print(
            f"This is the token of {name}{until}; it is shown only now. Its caller sets HAECHI_TOKEN to it. "
            f"{path} knows its hash: serve with --tokens {path} (HAECHI_TOKENS).",
            markup=False,
            soft_wrap=True,
        )

    emit(document, as_json=as_json, render=render)

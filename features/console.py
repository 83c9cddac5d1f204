"""How every command speaks: answers on stdout (a table or one JSON document), everything else on stderr."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from features.errors import HaechiError

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; logs stay on stderr.")]

# Without emoji: an entity named "A:100:in" is printed as it is.
_stderr = Console(stderr=True, highlight=False, emoji=False)


def emit(document: Mapping[str, Any], *, as_json: bool, render: Callable[[Console], None]) -> None:
    """Print a command's answer on stdout: ``document`` as JSON, or whatever ``render`` draws."""
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str, allow_nan=False))
    else:
        render(Console(highlight=False, emoji=False))


def note(message: str) -> None:
    """One line on stderr: what is happening, never part of the answer."""
    _stderr.print(message, style="dim", markup=False, soft_wrap=True)


def warn(message: str) -> None:
    """One line on stderr that the user should not miss."""
    _stderr.print(message, style="yellow", markup=False, soft_wrap=True)


def fail(error: HaechiError) -> None:
    """Say on stderr what is wrong and what to do about it."""
    _stderr.print(f"error: {error.cause}", style="red", markup=False, soft_wrap=True)
    _stderr.print(f"  fix: {error.mend}", markup=False, soft_wrap=True)


def progress() -> Progress:
    """A progress bar on stderr with steps done and time left; silent where stderr is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_stderr,
        disable=not _stderr.is_terminal,
        transient=True,
    )

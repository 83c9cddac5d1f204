"""How every command speaks: answers on stdout (a table or one JSON document), everything else on stderr."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import Segment

from features.errors import HaechiError

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; logs stay on stderr.")]

_PIPE_WIDTH = 200
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _PlainConsole(Console):
    """Draws no control character that came with a text: an entity's name cannot steer the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(_CONTROLS.sub("", segment.text), segment.style)


# Without emoji: an entity named "A:100:in" is printed as it is.
_stderr = _PlainConsole(stderr=True, highlight=False, emoji=False)


def emit(document: Mapping[str, Any], *, as_json: bool, render: Callable[[Console], None]) -> None:
    """Print a command's answer on stdout: ``document`` as JSON, or whatever ``render`` draws."""
    if as_json:
        typer.echo(_json(document))
    else:
        console = _PlainConsole(highlight=False, emoji=False)
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = _PIPE_WIDTH
        render(console)


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


def _json(document: Mapping[str, Any]) -> str:
    # Where stdout cannot write every character, \u escapes lose none.
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(document, ensure_ascii=ascii_only, indent=2, default=str, allow_nan=False)
    # json leaves DEL, C1 controls and lone surrogates (of file names that are no UTF-8) as they are.
    return re.sub(r"[\x7f-\x9f\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)

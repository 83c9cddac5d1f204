"""``haechi models mirror``: MLflow's aliases, followed into a folder that any number of servers read."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any, Never

import typer
from rich.console import Console

from features.console import JsonFlag, emit, note
from features.errors import BadInput
from features.followed import read_followed
from features.settings import load


def mirror(
    models: Annotated[list[str], typer.Argument(metavar="models:/NAME@ALIAS", help="What is followed.")],
    *,
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder that it is kept in, as DIR/NAME/VERSION.")],
    every_s: Annotated[float, typer.Option("--every-s", min=0.1, help="Seconds between two looks.")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Look once; exits 1 or 2 where it could not follow.")] = False,
    as_child: Annotated[bool, typer.Option("--as-child", hidden=True)] = False,
    as_json: JsonFlag = False,
) -> None:
    """Follow aliases in MLflow (MLFLOW_TRACKING_URI, else the home's own) into a folder that `haechi serve` follows.

    A version comes in once it is whole, checked and signed as HAECHI_TRUSTED_KEY asks; what the alias points at is
    `champion` there, the one before `previous`. Older versions stay: delete their folders when you like. While MLflow
    is away, what is there stays as it is.

    Example: haechi models mirror models:/traffic@champion models:/traffic-fast@champion --into mirror
    """
    followed, settings = read_followed(models), load()
    if as_json and not once:
        raise BadInput(cause="--json is given without --once", mend="Add --once: following has no end and no answer")
    if into.resolve() == (settings.home / "artifacts").resolve():
        raise BadInput(
            cause=f"{into} is the registry that this home trains into", mend="Mirror into a folder of its own"
        )
    from training.mirror import Mirror, only_mirror

    at_work = Mirror(followed, into, settings.home, settings.trusted_key)
    try:
        if not once:
            _end_when_told(as_child=as_child)
        with only_mirror(into, followed):
            steps = at_work.look()
            ready_said = False
            while not once:
                at_work.say(steps)
                if as_child and not ready_said:
                    # After what went wrong was told: the server waits for this line.
                    typer.echo("ready")
                    ready_said = True
                time.sleep(every_s)
                steps = at_work.look()
    except _Told:
        note("The mirror ends; what is there stays")
        return
    rows = [
        {
            "model": step.followed.name,
            "alias": step.followed.alias,
            "version": step.version,
            "changed": step.changed,
            "error": None if step.error is None else step.error.cause,
        }
        for step in steps
    ]
    emit({"into": str(into), "models": rows}, as_json=as_json, render=lambda console: _render(console, rows))
    errors = [step.error for step in steps if step.error is not None]
    if errors:
        raise errors[0]


class _Told(BaseException):
    """SIGTERM or Ctrl-C: what is under way is dropped, as a kill may at any moment."""


def _end_when_told(*, as_child: bool) -> None:
    def told(*_: object) -> Never:
        # Once: whoever asks twice does not hinder the clearing away.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise _Told

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    if as_child:
        threading.Thread(target=_leave_with_the_parent, daemon=True).start()


def _leave_with_the_parent() -> None:
    """The server that started this holds the other end of stdin; when it is gone, killed even, the pipe ends."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _render(console: Console, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        place = "none" if row["version"] is None else f"{row['model']}/{row['version']}"
        ending = "new" if row["changed"] else "NOT FOLLOWED" if row["error"] else "unchanged"
        console.print(f"models:/{row['model']}@{row['alias']}: {place} ({ending})", markup=False, soft_wrap=True)

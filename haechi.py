"""The front door: one command, ``haechi``, put together from the rooms that are installed."""

import errno
import io
import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

# Both libraries report home when they are imported; a city's safety room calls nobody unasked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import typer

from features import console
from features.errors import HaechiError, StorageFailure

ROOMS = ("features", "training", "serving")
_STORAGE_CAUSES = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "Your share of the disk is full",
    errno.EROFS: "The disk is read-only",
    errno.EACCES: "Permission denied",
}

app = typer.Typer(
    name="haechi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"haechi {version('haechi')}")
        raise typer.Exit


@app.callback()
def _haechi(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Forecasts of traffic and hazards for a city's safety room: train, judge, serve, ask, and keep its alerts."""


for room in ROOMS:
    import_module(f"{room}.cli").add_commands(app)


_INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


def main() -> None:
    """Run one command; a user's mistake exits 2 with cause and mend, anything else that goes wrong exits 1."""
    _write_what_can_be_written()
    try:
        app()
    except SystemExit as left:
        # What typer makes of Ctrl-C, without a word.
        if left.code == _INTERRUPTED:
            sys.stderr.write("Interrupted: what was not finished is not kept\n")
        raise
    except HaechiError as error:
        console.fail(error)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        console.fail(_missing_extra(error))
        sys.exit(1)
    except OSError as error:
        # Without a file it is no storage that failed, but a mistake of ours, whose traceback is wanted.
        if error.errno not in _STORAGE_CAUSES and error.filename is None:
            raise
        cause = _STORAGE_CAUSES.get(error.errno or 0, error.strerror or "It cannot be read or written")
        console.fail(
            StorageFailure(
                cause=cause + (f": {error.filename}" if error.filename else ""),
                mend="Make room or give yourself the right, or point HAECHI_HOME or --out elsewhere, and run it again",
            )
        )
        sys.exit(1)


def _write_what_can_be_written() -> None:
    """A console that lacks a character shows '?' for it; that is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


_EXTRAS = {
    "training": {"torch", "mlflow", "onnx", "optuna", "pyarrow", "matplotlib"},
    "serving": {"grpc", "grpc_health", "grpc_reflection", "grpc_status", "google", "onnxruntime", "cryptography"}
    | {"joserfc", "prometheus_client", "uvicorn", "sqlalchemy", "pg8000", "lxml", "cv2"},
    "tracing": {"opentelemetry"},
}


def _missing_extra(error: ModuleNotFoundError) -> HaechiError:
    name = (error.name or "a module").split(".")[0]
    extra = next((extra for extra, names in _EXTRAS.items() if name in names), None)
    return HaechiError(
        cause=f"This command needs {name}, which is not installed",
        mend=f"Run: pip install 'haechi[{extra}]' (or `make install` in a checkout)"
        if extra
        else f"Install it beside Haechi, e.g. pip install {name}; what you asked for (a setting, a database) needs it",
    )


if __name__ == "__main__":
    main()

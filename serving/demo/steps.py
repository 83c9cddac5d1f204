"""Commands of ``haechi`` as a demo runs them: each said before it runs, none left running."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features import registry
from features.console import note
from features.errors import HaechiError
from features.settings import load

SEED = "7"
_STOP_S = 15.0


def step(*words: str, silent: bool = False) -> None:
    """Run a command to its end.

    Args:
        *words: of the command.
        silent: do not show what it answers.

    Raises:
        HaechiError: it failed; its own words stand above.
    """
    _say(words, after=" > /dev/null" if silent else "")
    with _started(words, stdout=subprocess.DEVNULL if silent else None) as process:
        if process.wait():
            raise HaechiError(
                cause=f"`haechi {words[0]}` failed (above), so the demo stops here",
                mend="Mend what it says and run the demo again",
            )


def promote_newest(name: str) -> None:
    """An earlier demo's model, still the champion, knows nothing of what this one has made."""
    root = load().home / "artifacts"
    newest = registry.versions(root, name)[-1]
    if registry.aliases(root, name)[registry.CHAMPION] != newest:
        step("models", "promote", f"{name}/{newest}", "--force", "--reason", "The demo shows what it made last")


@contextmanager
def server(store: Path) -> Iterator[str]:
    """The address of a server of the newest models on a free port, stopped when the block ends, however it ends.

    Args:
        store: where its alerts live.
    """
    words, setting = ("serve", "--port", "0", "--json"), {"HAECHI_STORE": str(store)}
    _say(words, before="".join(f"{name}={shlex.quote(value)} " for name, value in setting.items()), after=" &")
    with _started(words, stdout=subprocess.PIPE, environment=os.environ | setting) as process:
        yield _address(process)


def _say(words: tuple[str, ...], *, before: str = "", after: str = "") -> None:
    note(f"$ {before}haechi {shlex.join(words)}{after}")


@contextmanager
def _started(
    words: tuple[str, ...], *, stdout: int | None, environment: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs until the block ends."""
    # -P: a folder `features` where the user stands is not ours.
    command = [sys.executable, "-P", "-m", "haechi", *words]
    with subprocess.Popen(command, stdout=stdout, env=environment, text=True) as process:  # noqa: S603 - our own
        try:
            yield process
        except KeyboardInterrupt:
            # Ctrl-C reached it too, and it is putting away what it had begun.
            _has_ended(process)
            raise
        finally:
            process.terminate()
            if not _has_ended(process):
                process.kill()


def _has_ended(process: "subprocess.Popen[str]") -> bool:
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _address(process: "subprocess.Popen[str]") -> str:
    """The address in the document that the server prints when it is ready."""
    text = ""
    for line in process.stdout or ():
        text += line
        if line.startswith("}"):
            return str(json.loads(text)["address"])
    raise HaechiError(cause="The server stopped before it was ready (above)", mend="Mend what it says, run it again")

"""Models in MLflow, served from a folder that a small process beside the server keeps in step with their aliases.

The server itself never loads MLflow: the process is ``haechi models mirror``, started again when it dies, ended with
the server, and gone by itself where the server was killed.
"""

import hashlib
import logging
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from features import registry
from features.errors import HaechiError, ModelNotLoaded
from features.followed import SCHEME, Followed, read_followed

# Loading MLflow takes seconds, and a whole model comes over the network.
_READY_S = 180.0
# What an earlier run left can be served meanwhile.
_READY_WITH_SOME_S = 20.0
_ENDS_S = 10.0
# Who dies sooner than that after its start will die again: it is started again more and more rarely.
_SOON_S, _LONGEST_PAUSE_S = 5.0, 30.0
_WATCH_S = 0.5
_LOG = logging.getLogger("haechi.serving")


def is_mirrored(models: Path | None) -> bool:
    """Whether ``models`` names models in MLflow, in place of a folder."""
    return models is not None and str(models).startswith(SCHEME)


@contextmanager
def mirrored(models: Path, home: Path) -> Iterator[Path]:
    """The folder in which ``models`` are kept in step for as long as the context lasts.

    Args:
        models: ``models:/traffic@champion``, or several with ``,`` between them.
        home: the folder lies in ``HOME/mirror``.

    Raises:
        BadInput: ``models`` has another shape.
        HaechiError: MLflow is not installed.
        ModelNotLoaded: nothing came at first, and nothing was there before; says why.
    """
    followed = read_followed(part.strip() for part in str(models).split(","))
    if find_spec("mlflow") is None:
        raise HaechiError(
            cause=f"{models} is read with MLflow, which is not installed here",
            mend="Run: pip install 'haechi[training]'; or run `haechi models mirror` where it is, and serve its folder",
        )
    # A folder for each choice: nothing is served that an earlier one left behind.
    key = "+".join(f"{one.name}@{one.alias}" for one in followed)
    into = home / "mirror" / (key if len(key) <= 200 else hashlib.sha256(key.encode()).hexdigest())
    child = _Child(followed, into)
    try:
        child.start()
        _wait(child, followed, into)
        with _watched(child):
            yield into
    finally:
        child.end()


def _wait(child: "_Child", followed: tuple[Followed, ...], into: Path) -> None:
    there = any(registry.versions(into, one.name) for one in followed)
    longest_s = _READY_WITH_SOME_S if there else _READY_S
    until_s = time.monotonic() + longest_s
    while not child.ready.wait(_WATCH_S):
        if not child.lives or time.monotonic() > until_s:
            break
    child.heard_out()
    if not any(registry.versions(into, one.name) for one in followed):
        said = " ".join(child.said) or f"nothing within {longest_s:.0f} s"
        raise ModelNotLoaded(
            cause=f"No model came from MLflow. The mirror said: {said}",
            mend="See that MLFLOW_TRACKING_URI leads to your MLflow and the alias is set there",
        )


@contextmanager
def _watched(child: "_Child") -> Iterator[None]:
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(_WATCH_S):
            child.start_again_if_dead()

    watching = threading.Thread(target=watch, name="haechi-mirror", daemon=True)
    watching.start()
    try:
        yield
    finally:
        stop.set()
        watching.join()


class _Child:
    """The process that mirrors; what it says is logged."""

    def __init__(self, followed: tuple[Followed, ...], into: Path) -> None:
        # -P: a module of the folder that the server is started in is not taken for ours.
        words = [sys.executable, "-P", "-m", "haechi", "models", "mirror", *map(str, followed)]
        self._words = [*words, "--into", str(into), "--as-child"]
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._started_s = self._pause_s = 0.0
        self._again_s: float | None = None
        self.ready = threading.Event()
        self.said: deque[str] = deque(maxlen=4)

    @property
    def lives(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; it ends once the pipe to it is closed, by a kill too."""
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C is the server's to hear.
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        self._started_s, self._again_s = time.monotonic(), None

    def heard_out(self) -> None:
        """Have heard the last that a dead process said."""
        if self._listener is not None and not self.lives:
            self._listener.join(_ENDS_S)

    def start_again_if_dead(self) -> None:
        """Start it again: at once where it had lived for a while, later and later where it had not."""
        if self._process is None or self.lives:
            return
        now_s = time.monotonic()
        if self._again_s is None:
            died_soon = now_s - self._started_s < _SOON_S
            self._pause_s = min(max(1.0, 2 * self._pause_s), _LONGEST_PAUSE_S) if died_soon else 0.0
            self._again_s = now_s + self._pause_s
            _LOG.error(
                "the mirror died (exit code %s); it is started again in %.0f s", self._process.returncode, self._pause_s
            )
        if now_s >= self._again_s:
            self._close()
            self.start()

    def end(self) -> None:
        """Tell it to end, and see to it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            # Killed at any moment it leaves whole versions only.
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._listener is not None:
            self._listener.join(_ENDS_S)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  # for mypy: it is a pipe
        with process.stdout as lines:
            for line in lines:
                if line == "ready\n":
                    self.ready.set()
                else:
                    self.said.append(line.strip())
                    _LOG.info("mirror: %s", line.strip())

"""``haechi demo``: the whole path, each step the command that a user would type, said before it runs."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from features import registry
from features.console import note
from features.errors import BadInput, HaechiError
from features.settings import load

_OUT = Path("demo-out")
_SEED = 7
_SPAN = timedelta(weeks=26)
_STOP_S = 15.0


def run(data: Path | None) -> None:
    """Simulate (or take real volumes), train, serve on a free port, ask over gRPC, draw; nothing is left running.

    Args:
        data: a folder with ``seoul_volume_2022.parquet`` and ``seoul_sites.csv``; None simulates a city.

    Raises:
        BadInput: ``data`` holds no such file, or a file lies where the demo writes.
        HaechiError: a step failed; its own words stand above.
    """
    # Else a demo that is told to end would leave its server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = perf_counter()
    measured = None if data is None else _real(data)
    if _OUT.exists() and not _OUT.is_dir():
        raise BadInput(cause=f"{_OUT} is a file, and the demo needs a folder of that name", mend="Move it away")
    _OUT.mkdir(exist_ok=True)
    # Names of their own: a demo never takes the place of a model that somebody relies on.
    name, entity = ("demo-simulated", "Jongno-1/in") if measured is None else ("demo-seoul", "A-01/in")
    # The linear model alone: the blend takes minutes, and a first look should not.
    _haechi("train", "traffic", *(measured or _simulated()), "--name", name, "--set", 'members=["linear"]')
    _promote_newest(load().home / "artifacts", name)
    picture = _OUT / "forecast.png"
    with _server() as address:
        asked = ("--entity", entity, "--model", name, "--server", address)
        _haechi("forecast", "traffic", *asked, "--png", str(picture))
    note(f"Done in {perf_counter() - started:.0f} s: {picture} is the picture, `haechi serve` serves the model again")


def _promote_newest(root: Path, name: str) -> None:
    """An earlier demo's model, still the champion, knows nothing of the hours since."""
    newest = registry.versions(root, name)[-1]
    if registry.aliases(root, name)[registry.CHAMPION] != newest:
        _haechi("models", "promote", f"{name}/{newest}", "--force", "--reason", "The demo shows what it made last")


def _simulated() -> list[str]:
    note("SIMULATED Seoul: no figure below is of a real city")
    # Up to this hour, so that the forecast is about the hours to come.
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    city, span = _OUT / "city", ("--from", (now - _SPAN).isoformat(), "--to", now.isoformat())
    _haechi("simulate", "--seed", str(_SEED), *span, "--out", str(city))
    return ["--data", str(city / "traffic.parquet"), "--entities", str(city / "links.csv")]


def _real(data: Path) -> list[str]:
    volumes, sites = data / "seoul_volume_2022.parquet", data / "seoul_sites.csv"
    for path in (volumes, sites):
        if not path.is_file():
            raise BadInput(
                cause=f"{path} is not there",
                mend="Name the folder of Seoul's 2022 volumes; for other data: haechi train traffic --data FILE",
            )
    columns = ["--entity-col", "site_id,direction", "--value-col", "volume_veh_h"]
    return ["--data", str(volumes), *columns, "--entities", str(sites)]


def _haechi(*words: str) -> None:
    with _started(*words) as process:
        if process.wait():
            raise HaechiError(
                cause=f"`haechi {words[0]}` failed (above), so the demo stops here",
                mend="Mend what it says and run the demo again",
            )


@contextmanager
def _server() -> Iterator[str]:
    """A server of the newest models on a free port, stopped when the block ends, however it ends."""
    with _started("serve", "--port", "0", "--json", stdout=subprocess.PIPE) as process:
        yield _address(process)


@contextmanager
def _started(*words: str, stdout: int | None = None) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs until the block ends."""
    note(f"$ haechi {shlex.join(words)}{' &' if stdout else ''}")
    # -P: a folder `features` where the user stands is not ours.
    command = [sys.executable, "-P", "-m", "haechi", *words]
    with subprocess.Popen(command, stdout=stdout, text=True) as process:  # noqa: S603 - our own command
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

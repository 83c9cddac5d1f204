"""``haechi demo``: the whole path, each step the command that a user would type, said before it runs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from features.console import note
from features.errors import BadInput, HaechiError

_OUT = Path("demo-out")
_SEED = 7
_SPAN = timedelta(weeks=26)
_STOP_S = 15.0


def run(data: Path | None) -> None:
    """Simulate (or take real volumes), train, serve on a free port, ask over gRPC, draw; nothing is left running.

    Args:
        data: a folder with ``seoul_volume_2022.parquet`` and ``seoul_sites.csv``; None simulates a city.

    Raises:
        BadInput: ``data`` holds no such file.
        HaechiError: a step failed; its own words stand above.
    """
    started = perf_counter()
    _OUT.mkdir(exist_ok=True)
    if data is None:
        note("SIMULATED Seoul: no figure below is of a real city")
        # Up to this hour, so that the forecast is about the hours to come.
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        span = ("--from", (now - _SPAN).isoformat(), "--to", now.isoformat())
        _haechi("simulate", "--seed", str(_SEED), *span, "--out", str(_OUT / "city"))
        measured = ["--data", str(_OUT / "city" / "traffic.parquet"), "--entities", str(_OUT / "city" / "links.csv")]
        entity = "Jongno-1/in"
    else:
        measured, entity = _real(data), "A-01/in"
    _haechi("train", "traffic", *measured)
    with _server() as address:
        picture = _OUT / "forecast.png"
        _haechi("forecast", "traffic", "--entity", entity, "--server", address, "--png", str(picture))
    note(f"Done in {perf_counter() - started:.0f} s: {picture} is the picture, `haechi serve` serves the model again")


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
    note(f"$ haechi {' '.join(words)}")
    done = subprocess.run(_command(*words), check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise HaechiError(
            cause=f"`haechi {words[0]}` failed (above), so the demo stops here",
            mend="Mend what it says and run the demo again",
        )


@contextmanager
def _server() -> Iterator[str]:
    """A server of the newest model on a free port, stopped when the block ends, however it ends."""
    words = ("serve", "--port", "0", "--json")
    note(f"$ haechi {' '.join(words)} &")
    with subprocess.Popen(_command(*words), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield _address(process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]") -> str:
    """The address in the document that the server prints when it is ready."""
    text = ""
    for line in process.stdout or ():
        text += line
        if line.startswith("}"):
            return str(json.loads(text)["address"])
    raise HaechiError(cause="The server stopped before it was ready (above)", mend="Mend what it says, run it again")


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "haechi", *words]

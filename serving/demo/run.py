"""The demo from its first step to its last: measurements, models, one server, questions, pictures."""

import signal
import sys
from pathlib import Path
from time import perf_counter

from features.console import note
from features.errors import BadInput
from serving.demo import hazards, parking, traffic
from serving.demo.steps import server

_OUT = Path("demo-out")


def run(data: Path | None) -> None:
    """Simulate (or take real volumes), train, serve on a free port, ask over gRPC, draw; nothing is left running.

    Args:
        data: a folder with ``seoul_volume_2022.parquet`` and ``seoul_sites.csv``, shown without parking and hazards;
            None simulates a city.

    Raises:
        BadInput: ``data`` holds no such file, or a file lies where the demo writes.
        HaechiError: a step failed; its own words stand above.
    """
    # Else a demo that is told to end would leave its server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = perf_counter()
    measured = None if data is None else traffic.real(data)
    if _OUT.exists() and not _OUT.is_dir():
        raise BadInput(cause=f"{_OUT} is a file, and the demo needs a folder of that name", mend="Move it away")
    _OUT.mkdir(exist_ok=True)
    # Its own: an exercise does not belong in a queue that somebody watches.
    store = _OUT / "alerts.sqlite"
    road = measured or traffic.simulated(_OUT)
    traffic.train(road)
    if data is None:
        parking.train(_OUT / "city")
        hazards.train(_OUT, store)
    with server(store) as address:
        traffic.ask(road, address, _OUT)
        if data is None:
            parking.ask(address, _OUT)
            hazards.ask(address, _OUT)
    pictures = ", ".join(str(path) for path in sorted(_OUT.glob("*.png")))
    note(f"Done in {perf_counter() - started:.0f} s; pictures: {pictures}. `haechi serve` serves the models again")

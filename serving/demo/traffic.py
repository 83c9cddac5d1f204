"""What the demo shows of traffic: on a city that is simulated up to this hour, or on real volumes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from features.console import note
from features.errors import BadInput
from serving.demo.steps import SEED, promote_newest, step

_SPAN = timedelta(weeks=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What to train on, and what to ask.

    Attributes:
        data: flags of ``haechi train`` that name the measurements.
        model: a name of its own: a demo never takes the place of a model that somebody relies on.
        entity: the road that is shown.
    """

    data: tuple[str, ...]
    model: str
    entity: str


def simulated(out: Path) -> Road:
    """Simulate a city into ``out``, up to this hour, so that the forecast is about the hours to come."""
    note("SIMULATED Seoul: no figure below is of a real city")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    city, span = out / "city", ("--from", (now - _SPAN).isoformat(), "--to", now.isoformat())
    step("simulate", "--seed", SEED, *span, "--out", str(city))
    data = ("--data", str(city / "traffic.parquet"), "--entities", str(city / "links.csv"))
    return Road(data=data, model="demo-simulated", entity="Jongno-1/in")


def real(data: Path) -> Road:
    """The volumes in a folder.

    Raises:
        BadInput: they are not there.
    """
    volumes, sites = data / "seoul_volume_2022.parquet", data / "seoul_sites.csv"
    for path in (volumes, sites):
        if not path.is_file():
            raise BadInput(
                cause=f"{path} is not there",
                mend="Name the folder of Seoul's 2022 volumes; for other data: haechi train traffic --data FILE",
            )
    columns = ("--entity-col", "site_id,direction", "--value-col", "volume_veh_h")
    flags = ("--data", str(volumes), *columns, "--entities", str(sites))
    return Road(data=flags, model="demo-seoul", entity="A-01/in")


def train(road: Road) -> None:
    """Train and promote its model."""
    # The linear model alone: the blend takes minutes, and a first look should not.
    step("train", "traffic", *road.data, "--name", road.model, "--set", 'members=["linear"]')
    promote_newest(road.model)


def ask(road: Road, address: str, out: Path) -> None:
    """Ask the server at ``address`` for the road's forecast, and draw it into ``out``."""
    asked = ("--entity", road.entity, "--model", road.model, "--server", address)
    step("forecast", "traffic", *asked, "--png", str(out / "forecast.png"))

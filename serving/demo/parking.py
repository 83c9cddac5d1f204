"""What the demo shows of parking: a lot's free spaces, where to park for an evening, and bays to be lent meanwhile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from features.console import note
from serving.demo.steps import promote_newest, step

_MODEL = "demo-parking"
_LOT, _RESIDENTS = "Myeong-dong-garage", "Sindang-dong-resident"
_PLACE = "37.5636,126.9850"
"""Myeong-dong's pedestrian street."""


def train(city: Path) -> None:
    """Train on the lots of the simulated city, which its roads' traffic fills."""
    note("SIMULATED parking: garages, street bays and residents' bays of the same city")
    data = ("--data", str(city / "parking.parquet"), "--entities", str(city / "parking_lots.csv"))
    step("train", "parking", *data, "--measure", "free", "--name", _MODEL, "--quick")
    promote_newest(_MODEL)


def ask(address: str, out: Path) -> None:
    """Ask the server at ``address`` what will be free, where to park, what can be lent; draws into ``out``."""
    asked = ("--model", _MODEL, "--server", address)
    step("parking", "lots", "--entity", _LOT, *asked, "--png", str(out / "parking.png"))
    arrive = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) + timedelta(hours=2)
    step("parking", "recommend", "--at", _PLACE, "--arrive", arrive.isoformat(), "--walk-m", "1500", *asked)
    step("parking", "share", "--entity", _RESIDENTS, "--bays", "5", *asked)

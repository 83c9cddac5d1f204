"""What the demo shows of hazards: a flood and a haze of the simulated city, each asked about before it comes."""

from dataclasses import dataclass
from pathlib import Path

from features.console import note
from serving.demo.steps import SEED, promote_newest, step

# Two floods of the bridge and two winters to learn from, and no more: a first look should not take minutes.
_FROM = "2022-07-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """When a hazard is asked about.

    Attributes:
        hazard: of the hazard table.
        table: of ``haechi simulate``, which measures it.
        place: that is shown.
        until: where the measurements end: a city is the same for a seed, whatever span is asked for.
        words: what is known of that moment in hindsight.
    """

    hazard: str
    table: str
    place: str
    until: str
    words: str

    @property
    def model(self) -> str:
        return f"demo-{self.hazard.replace('_', '-')}"


_MOMENTS = (
    _Moment(
        hazard="river_jamsu",
        table="river.parquet",
        place="1018680",
        until="2024-06-30T08:00+09:00",
        words="30 June 2024, 07:50: Jamsu bridge will be closed to people at 14:20, under water at 17:40",
    ),
    _Moment(
        hazard="pm25",
        table="air.parquet",
        place="101",
        until="2024-02-26T11:00+09:00",
        words="26 February 2024, 10:00: fine dust will meet its advisory at noon, its warning the next morning",
    ),
)


def train(out: Path, store: Path) -> None:
    """Train a model of each hazard up to its moment, and raise the alerts that it would have raised until then.

    Args:
        out: gets a city and a file of predictions for each.
        store: of alerts.
    """
    for moment in _MOMENTS:
        note(f"SIMULATED Seoul, {moment.words}. The model knows what was measured before")
        city, predictions = out / moment.hazard, out / f"{moment.hazard}.parquet"
        step("simulate", "--seed", SEED, "--from", _FROM, "--to", moment.until, "--out", str(city))
        data = ("--data", str(city / moment.table))
        step("train", "disaster", "--hazard", moment.hazard, *data, "--name", moment.model, "--quick")
        promote_newest(moment.model)
        # Silent: its scores are those that the training has just shown.
        step("evaluate", "disaster", "--model", moment.model, *data, "--out", str(predictions), silent=True)
        step("alerts", "replay", "--domain", "disaster", "--events", str(predictions), "--store", str(store))


def ask(address: str, out: Path) -> None:
    """Ask the server at ``address`` for each risk, why, and the alerts; draws the risks into ``out``."""
    note("Those days are long over: answers about them say that they are stale, and their alerts have expired")
    step("hazards", *(moment.hazard for moment in _MOMENTS))
    for moment in _MOMENTS:
        asked = ("--model", moment.model, "--place", moment.place, "--why", "--server", address)
        step("risk", *asked, "--png", str(out / f"risk_{moment.hazard}.png"))
    step("alerts", "list", "--server", address)

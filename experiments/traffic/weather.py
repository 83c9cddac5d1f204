"""Does the weather help to forecast Seoul's traffic? The winter of 2022, for which weather was measured.

Run from the repository's root: ``python -m experiments.traffic.weather [--data DIR]``; DIR holds
``traffic/seoul_volume_2022.parquet`` and ``hazard/asos108_hourly_2021_2022q1.parquet``. Trains the linear model and the
network three times: without weather, with what the station had observed when a forecast was issued, and with a perfect
forecast of the targets, which nobody has: what the best weather service could bring at most. Prints a Markdown table;
some ten minutes on two cores. Everything is chosen on validation, nothing on test.
"""

import argparse
import sys
import tempfile
from datetime import datetime, timedelta
from math import nan
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from features.console import progress
from features.series import Panel, unit_of
from features.tables import ReadOptions, read_panel
from features.tables.columns import Columns
from training.compare import compare
from training.covariates import joined
from training.export import Graph
from training.ledger import Ledger
from training.scores import Scoreboard
from training.split import Split
from training.traffic.commands import same_bits
from training.traffic.compose import export_blend
from training.traffic.fitting import fitting_config, measured_entities
from training.traffic.judge import judge
from training.traffic.recipe import Recipe
from training.traffic.select import GAINS, RIDGES
from training.traffic.train import Candidates, train

SEED = 7
ZONE = ZoneInfo("Asia/Seoul")
BEGIN, END = datetime(2022, 1, 1, tzinfo=ZONE), datetime(2022, 4, 1, tzinfo=ZONE)
VALIDATION, TEST = datetime(2022, 2, 19, tzinfo=ZONE), datetime(2022, 3, 11, tzinfo=ZONE)
NAMES = {"ta": "temperature_c", "rn": "rain_mm", "dsnw": "snow_depth_cm", "hm": "humidity_percent"}
RECIPE = Recipe(members=("linear", "network"))
ROWS = {"without weather": None, "observed only": False, "perfect forecast (an upper bound)": True}


def main() -> None:
    """Train once a row and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    folder = parser.parse_args().data
    panel = winter(folder / "traffic" / "seoul_volume_2022.parquet")
    write = sys.stdout.write
    write("| weather | made of | validation MAE | test MAE | less than without, 95 % interval | coverage |\n")
    write("| --- | --- | --- | --- | --- | --- |\n")
    without: Ledger | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for name, ahead in ROWS.items():
            seen = panel
            if ahead is not None:
                table = weather(folder / "hazard" / "asos108_hourly_2021_2022q1.parquet", ahead=ahead)
                table.write_parquet(Path(scratch) / "weather.parquet")
                seen = joined(panel, Path(scratch) / "weather.parquet", ZONE.key)
            cells, ledger = row(seen, Path(scratch) / "model.onnx", without)
            without = without or ledger
            write(f"| {name} | {' | '.join(cells)} |\n")
            sys.stdout.flush()


def winter(path: Path) -> Panel:
    """The counts of January to March, by Seoul's clock."""
    columns = Columns(entity=("site_id", "direction"), value="volume_veh_h")
    panel, _, _ = read_panel([path], "long", ReadOptions(columns=columns))
    return panel.window(panel.index(BEGIN), panel.index(END))


def weather(path: Path, *, ahead: bool) -> pl.DataFrame:
    """The station's hours under names that end in a unit; no entry of rain or snow means none fell or lies.

    Args:
        path: the station's file, on Seoul's clock without saying so.
        ahead: each row also a day earlier, as if somebody had known.
    """
    table = pl.read_parquet(path).select("time", *(pl.col(name).alias(NAMES[name]) for name in NAMES))
    table = table.with_columns(pl.col("rain_mm", "snow_depth_cm").fill_null(0))
    return table.with_columns((pl.col("time") - timedelta(days=1)).alias("available_at")) if ahead else table


def row(panel: Panel, graph: Path, without: Ledger | None) -> tuple[list[str], Ledger]:
    """Train, replay the test interval with the exported graph, and hold it against the training without weather."""
    split = Split.at(panel, VALIDATION, TEST)
    panel, _ = measured_entities(panel, split)
    chosen = {} if panel.covariates is None else {"covariates": list(panel.covariates.names)}
    config, unit = fitting_config(panel, split, chosen), unit_of(panel.quantity)
    same_bits(SEED)
    with progress() as bar:
        [found] = train(panel, split, config, RECIPE, SEED, bar, Candidates(gains=GAINS, ridges=RIDGES))
        export_blend(found.blend, found.config, unit, graph)
        scores = Scoreboard(model=found.name, quantiles=config.quantiles, unit=unit)
        rows = range(split.test, split.end)
        judged = judge(Graph(graph), found.state, panel, rows, found.config, scores, bar)
    made = ", ".join(f"{member} {share:.0%}" for member, share in found.shares.items())
    validation = next(one.validation_mae for one in found.choices if one.what == found.name)
    cells = [made, f"{validation:.2f} {unit}", f"{scores.mae(found.name):.2f} {unit}"]
    return [*cells, _difference(without, judged.ledger), f"{scores.coverage():.1%}"], judged.ledger


def _difference(without: Ledger | None, ledger: Ledger) -> str:
    if without is None:
        return "-"
    found = compare(without, ledger, seed=SEED).overall
    return f"{found.difference:.2f} ({found.low or nan:.2f} to {found.high or nan:.2f})"


if __name__ == "__main__":
    main()

"""How soon a sensor that comes to another level is forecast as well as before, on half of Seoul's series made to shift.

Run from the repository's root: ``python -m experiments.traffic.level_shifts --data DIR``; about a minute on two cores.
Half of the series are multiplied by a factor of 0.3 to 0.6 or 1.4 to 2.5 from a random hour of train or validation on,
a quarter of those after a silence of ten to 28 days. Nothing at or after the test interval is read. Errors are those
of the profile, one hour ahead. The oracle knows each shift: its error is that of the series as it was, times the
factor. ``as before`` learns shifts as it learns everything else, without looking for them.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from features.clock import step_number
from features.series import FloatArray, Panel
from features.tables import Columns, ReadOptions, read_panel
from features.tables.columns import instant
from features.traffic import shift
from features.traffic.advance import Raw, Walk
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh

VALIDATION, TEST, DAY = 5256, 7008, 24
SEEDS = (1, 2, 3)
DAYS = ((0, 1), (1, 3), (3, 5), (5, 7), (7, 14), (14, 28))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shifted:
    """A panel half of whose series shift.

    Attributes:
        panel: with the shifts.
        first: (entity,), the row of each shift; -1 where there is none.
        factor: (entity,), 1 where there is none.
    """

    panel: Panel
    first: npt.NDArray[np.int64]
    factor: FloatArray


def main() -> None:
    """Print what learning by shifts costs where there are none, and what it is worth where there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/traffic"))
    folder = parser.parse_args().data
    write = sys.stdout.write
    write("| as measured | profile MAE as before | shifts followed |\n| --- | --- | --- |\n")
    seoul = volumes(folder)
    for name, panel, config, first in (
        ("Seoul, validation", seoul, TrafficConfig(), VALIDATION),
        ("sz_taxi, after a week, before its last fifth", *taxi(folder), 7 * 96),
    ):
        was, now = (np.nanmean(np.abs(learn(panel, config)[first:])) for learn in (errors_as_before, errors))
        write(f"| {name} | {was:.3f} | {now:.3f} |\n")
    spans = " | ".join(f"days {first}-{last}" for first, last in DAYS)
    write(f"\n| half of Seoul shifts | validation MAE | oracle's | error beside the oracle's, {spans} |\n")
    write("| --- " * (3 + len(DAYS)) + "|\n")
    usual = np.abs(errors_as_before(seoul, TrafficConfig()))
    for seed in SEEDS:
        made = half_shifted(seoul, seed)
        for name, learn in (("as before", errors_as_before), ("shifts followed", errors)):
            write(f"| seed {seed}, {name} | {' | '.join(row(made, usual, learn))} |\n")
            sys.stdout.flush()


def volumes(folder: Path) -> Panel:
    """Seoul's counts before the test interval."""
    columns = Columns(entity=("site_id", "direction"), value="volume_veh_h")
    panel, _, _ = read_panel([folder / "seoul_volume_2022.parquet"], "long", ReadOptions(columns=columns))
    return panel.window(0, TEST)


def taxi(folder: Path) -> tuple[Panel, TrafficConfig]:
    """Speeds of Shenzhen's taxis, a quarter of an hour apart, without the last fifth."""
    options = ReadOptions(columns=Columns(missing=0), start=instant("2015-01-01T00:00+08:00", None), step_min=15)
    panel, _, _ = read_panel([folder / "sz_taxi_speed_kmh.parquet"], "wide", options)
    config = TrafficConfig(step_min=15, horizon_steps=12, history_steps=12, country="CN", timezone="Asia/Shanghai")
    return panel.window(0, len(panel) * 4 // 5), config


def half_shifted(panel: Panel, seed: int) -> Shifted:
    """``panel`` with half of its series at another level from a random hour on, and some silent before."""
    chance = np.random.default_rng(seed)
    entities = len(panel.entities)
    values, first = panel.values.copy(), np.full(entities, -1)
    factor = np.ones(entities, dtype=np.float32)
    for number, column in enumerate(chance.permutation(entities)[: entities // 2]):
        low, high = (0.3, 0.6) if chance.random() < 0.5 else (1.4, 2.5)
        factor[column] = chance.uniform(low, high)
        first[column] = begin = int(chance.integers(28 * DAY, TEST - 14 * DAY))
        values[begin:, column] *= factor[column]
        if number % 4 == 0:
            silent_days = int(chance.integers(10, 28))
            values[max(0, begin - silent_days * DAY) : begin, column] = np.nan
    return Shifted(panel=replace(panel, values=values), first=first, factor=factor)


def row(made: Shifted, usual: FloatArray, learn: Callable[[Panel, TrafficConfig], FloatArray]) -> list[str]:
    """MAE on validation, the oracle's, and how many times the oracle's error is made so many days after a shift."""
    error, oracle = np.abs(learn(made.panel, TrafficConfig())), usual.copy()
    for column, first in enumerate(made.first):
        oracle[max(first, 0) :, column] *= made.factor[column]
    oracle[np.isnan(error)] = np.nan
    error[np.isnan(oracle)] = np.nan
    age = np.arange(TEST)[:, None] - made.first
    cells = [f"{np.nanmean(error[VALIDATION:]):.2f}", f"{np.nanmean(oracle[VALIDATION:]):.2f}"]
    for begin, end in DAYS:
        then = (made.first >= 0) & (age >= begin * DAY) & (age < end * DAY)
        cells.append(f"{np.nansum(error[then]) / np.nansum(oracle[then]):.2f}")
    return cells


def errors(panel: Panel, config: TrafficConfig) -> FloatArray:
    """(time, entity): measured minus the profile as it was known one step ahead."""
    walk = Walk(fresh(panel.entities, panel.start, config), Raw(measured=panel), config, panel.end)
    found = np.empty_like(panel.values)
    for at, measured in enumerate(panel.values):
        walk.to(panel.time(at))
        slot, kind = walk.day(step_number(panel.time(at), config.step_min))
        found[at] = measured - walk.state.level[slot, kind]
    return found


def errors_as_before(panel: Panel, config: TrafficConfig) -> FloatArray:
    """The same where nothing looks for shifts."""
    with patch.object(shift, "follow"):
        return errors(panel, config)


if __name__ == "__main__":
    main()
